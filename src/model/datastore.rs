//! A datastore: an S3 location, how to reach it, and what it is for.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::certificates::Certificates;
use super::claim::Claim;
use super::credentials::Credentials;
use super::endpoint::Endpoint;
use super::location::{Bucket, Location, Prefix};
use super::name::{DatastoreId, DisplayName, Labels};
use super::region::{Partition, Region};
use super::role::Role;

/// A registered datastore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datastore {
    /// The last part of its name; never changes.
    pub id: DatastoreId,
    /// Told apart from an earlier datastore of the same name; never changes.
    pub uid: Uuid,
    /// The name people see; unique.
    pub display_name: DisplayName,
    /// What it is for; never changes.
    pub role: Role,
    /// Where the data is.
    pub s3: S3Config,
    /// To filter by.
    pub labels: Labels,
    /// Of a source: the enrichment datastore that it is linked to.
    pub enrichment: Option<DatastoreId>,
    /// Of an enrichment datastore: that its prefix is claimed.
    pub claim: Option<Claim>,
    /// When it was created.
    pub create_time: SystemTime,
    /// When it was last changed.
    pub update_time: SystemTime,
}

/// An S3 location and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Config {
    /// The bucket.
    pub bucket: Bucket,
    /// The folder in the bucket; empty for all of it.
    pub prefix: Prefix,
    /// The region that requests are signed for.
    pub region: Region,
    /// An S3-compatible store's address; `None` for Amazon S3.
    pub endpoint: Option<Endpoint>,
    /// Where the bucket's name goes; `None` for the default, which depends on `endpoint`.
    pub addressing_style: Option<AddressingStyle>,
    /// What an `https` endpoint is trusted by, in place of the usual authorities.
    pub ca_certificates: Option<Certificates>,
    /// Who signs.
    pub credentials: Credentials,
}

impl S3Config {
    /// The location in normal form: `s3://bucket` or `s3://bucket/prefix/`.
    #[must_use]
    pub fn uri(&self) -> String {
        Location::uri(&self.bucket, &self.prefix)
    }

    /// The partition of the bucket's ARN. Compatible stores know only `aws`, whatever they call their region.
    #[must_use]
    pub fn partition(&self) -> Partition {
        match self.endpoint {
            Some(_) => Partition::Aws,
            None => self.region.partition(),
        }
    }

    /// Whether a role is to be assumed at a place that nobody has named: with an `endpoint`, AWS's own STS is the wrong one, and the base
    /// credentials are sent nowhere that their owner did not name.
    #[must_use]
    pub fn lacks_sts_endpoint(&self) -> bool {
        let role = self.credentials.role();
        self.endpoint.is_some() && role.is_some_and(|role| role.sts_endpoint.is_none())
    }

    /// Whether requests put the bucket's name into the path: what was asked for, otherwise yes for an endpoint and no for Amazon S3.
    #[must_use]
    pub fn uses_path_style(&self) -> bool {
        match self.addressing_style {
            Some(style) => style == AddressingStyle::Path,
            None => self.endpoint.is_some(),
        }
    }
}

/// Where S3 requests put the bucket's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AddressingStyle {
    /// `https://endpoint/bucket/key`
    Path,
    /// `https://bucket.endpoint/key`
    VirtualHosted,
}
