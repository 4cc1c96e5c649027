//! The endpoint guard: where the server does not connect to, and answers that have no end.

mod addresses;
mod endless;
mod redirects;

use datastored::pb;

use crate::connection::through;
use crate::lab::Keys;

const ROLES: [pb::Role; 2] = [pb::Role::Source, pb::Role::Enrichment];

/// The configuration of a bucket at an endpoint, with the keys of nobody.
fn at(endpoint: &str) -> pb::S3Config {
    let keys = Keys {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
    };
    through(endpoint, "s3://bucket/x", &keys)
}
