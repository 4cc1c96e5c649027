//! What the unit tests of this room share.

use crate::model::credentials::Credentials;
use crate::model::datastore::S3Config;
use crate::model::location::Location;
use crate::model::region::Region;

/// An anonymous configuration of Amazon S3 for a URI.
pub(super) fn config(uri: &str) -> S3Config {
    let location = Location::parse(uri).unwrap();
    S3Config {
        bucket: location.bucket().clone(),
        prefix: location.prefix().clone(),
        region: Region::parse("us-east-1").unwrap(),
        endpoint: None,
        addressing_style: None,
        ca_certificates: None,
        credentials: Credentials::Anonymous,
    }
}
