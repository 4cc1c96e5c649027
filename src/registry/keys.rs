//! The keys under which the registry stores things. Every family ends in `/`, so that no prefix finds another's neighbours.

use std::time::SystemTime;

use uuid::Uuid;

use crate::model::Error;
use crate::model::datastore::S3Config;
use crate::model::endpoint::Endpoint;
use crate::model::name::{DatastoreId, DisplayName};

pub(super) const DATASTORES: &[u8] = b"datastore/";
pub(super) const BY_DISPLAY_NAME: &[u8] = b"by_display_name/";
pub(super) const BY_CREATE_TIME: &[u8] = b"by_create_time/";
pub(super) const LEFTOVERS: &[u8] = b"leftover/";
pub(super) const REQUESTS_BY_EXPIRY: &[u8] = b"request_by_expiry/";

/// The record of a datastore.
pub(super) fn datastore(id: &DatastoreId) -> Vec<u8> {
    [DATASTORES, id.as_str().as_bytes()].concat()
}

/// The entry that keeps a display name unique, and orders by it; its value is the id.
pub(super) fn by_display_name(name: &DisplayName) -> Vec<u8> {
    [BY_DISPLAY_NAME, name.as_str().as_bytes()].concat()
}

/// The entry that orders by creation; its value is the id.
pub(super) fn by_create_time(time: SystemTime, id: &DatastoreId) -> Vec<u8> {
    let tail = format!("{}/{}", ordered(time), id.as_str());
    [BY_CREATE_TIME, tail.as_bytes()].concat()
}

/// What connection tests at one place may have left. The place is spelt out; zero bytes part its pieces.
pub(super) fn leftovers_at(s3: &S3Config) -> Vec<u8> {
    let endpoint = s3.endpoint.as_ref().map_or("", Endpoint::as_str);
    let (bucket, prefix) = (s3.bucket.as_str(), s3.prefix.as_str());
    let place = format!("{endpoint}\0{bucket}\0{prefix}\0");
    [LEFTOVERS, place.as_bytes()].concat()
}

/// What one connection test at a place may have left.
pub(super) fn leftover(s3: &S3Config, test_id: Uuid) -> Vec<u8> {
    let id = test_id.simple().to_string();
    [&leftovers_at(s3), id.as_bytes()].concat()
}

/// What a request id has brought about.
pub(super) fn request(id: Uuid) -> Vec<u8> {
    [b"request/", id.simple().to_string().as_bytes()].concat()
}

/// The entry that orders request ids by the time they may be forgotten; its value is the id.
pub(super) fn request_by_expiry(expiry: SystemTime, id: Uuid) -> Vec<u8> {
    let tail = format!("{}/{}", ordered(expiry), id.simple());
    [REQUESTS_BY_EXPIRY, tail.as_bytes()].concat()
}

/// Nanoseconds since 1970 as 20 digits: text that sorts as the times do.
pub(super) fn ordered(time: SystemTime) -> String {
    format!("{:020}", super::record::nanos(time))
}

/// The id that an index entry points to.
pub(super) fn id_in(value: &[u8]) -> Result<DatastoreId, Error> {
    let text = String::from_utf8_lossy(value);
    DatastoreId::parse(&text).map_err(|e| Error::Internal(Box::new(e)))
}
