//! What the unit tests of this room share.

use uuid::Uuid;

use super::ledger::{Answer, Ledger};
use crate::model::Error;
use crate::model::audit::Attempt;
use crate::model::connection_test::TestName;
use crate::model::credentials::Credentials;
use crate::model::datastore::S3Config;
use crate::model::location::Location;
use crate::model::region::Region;
use crate::model::residue::Leftover;
use crate::report::{Report, Tested};

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

/// A ledger whose store is out of order.
pub(super) struct Broken;

fn broken<T>() -> Result<T, Error> {
    Err(Error::StoreUnavailable("the disk is full".into()))
}

impl Ledger for Broken {
    fn put<'a>(&'a self, _: &'a Leftover) -> Answer<'a, ()> {
        Box::pin(async { broken() })
    }

    fn get<'a>(&'a self, _: &'a S3Config, _: Uuid) -> Answer<'a, Option<Leftover>> {
        Box::pin(async { broken() })
    }

    fn strike<'a>(&'a self, _: &'a S3Config, _: Uuid) -> Answer<'a, ()> {
        Box::pin(async { broken() })
    }

    fn at<'a>(&'a self, _: &'a S3Config) -> Answer<'a, Vec<Leftover>> {
        Box::pin(async { broken() })
    }

    fn record<'a>(
        &'a self,
        _: &'a Tested,
        _: &'a mut Report,
        _: Option<&'a Attempt>,
    ) -> Answer<'a, TestName> {
        Box::pin(async { broken() })
    }

    fn open(&self) -> Answer<'_, Vec<Leftover>> {
        Box::pin(async { broken() })
    }
}
