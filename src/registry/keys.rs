//! The keys under which the registry stores things. Every family ends in `/`, so that no prefix finds another's neighbours.

use std::time::SystemTime;

use uuid::Uuid;

use crate::model::Error;
use crate::model::datastore::S3Config;
use crate::model::name::{DatastoreId, DisplayName};
use crate::model::place::Place;

pub(super) const DATASTORES: &[u8] = b"datastore/";
pub(super) const BY_DISPLAY_NAME: &[u8] = b"by_display_name/";
pub(super) const BY_CREATE_TIME: &[u8] = b"by_create_time/";
pub(super) const LEFTOVERS: &[u8] = b"leftover/";
/// The events of the audit. Their ids begin with the time, so that they sort by it.
pub(super) const AUDIT_EVENTS: &[u8] = b"audit/";
pub(super) const REQUESTS_BY_EXPIRY: &[u8] = b"request_by_expiry/";

/// What is sealed, each entry under the id of its owner. The key is part of what it is sealed to.
pub(super) const SECRETS: &[u8] = b"secret/";
/// Which keys it is sealed with.
pub(super) const NEEDED_KEYS: &[u8] = b"needed_keys";
/// The key of the installation's fingerprints.
pub(super) const FINGERPRINT_KEY: &[u8] = b"secret/fingerprint_key";

/// What the registry is made with once, and keeps.
pub(super) const INSTALLATION: &[u8] = b"installation";
/// The connection tests that are kept, under the uids of their datastores.
pub(super) const TESTS: &[u8] = b"test/";
pub(super) const TESTS_CHANGED: &[u8] = b"tests_changed/";
/// The tests of datastores that are not saved.
pub(super) const UNSAVED_TESTS: &[u8] = b"test/unsaved/";

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

/// The secrets of a datastore, by its uid, or of a test that may have left something, by its id.
pub(super) fn secrets(owner: Uuid) -> Vec<u8> {
    [SECRETS, owner.simple().to_string().as_bytes()].concat()
}

/// What is known of a datastore's connection.
pub(super) fn connection(id: &DatastoreId) -> Vec<u8> {
    [b"connection/", id.as_str().as_bytes()].concat()
}

/// The tests of a datastore. Their ids begin with the time, so that they sort by it.
pub(super) fn tests(uid: Uuid) -> Vec<u8> {
    format!("test/{}/", uid.simple()).into_bytes()
}

/// Put whenever a test of a datastore is kept: a guard on it sees all of them.
pub(super) fn tests_changed(uid: Uuid) -> Vec<u8> {
    [TESTS_CHANGED, uid.simple().to_string().as_bytes()].concat()
}

/// One test among those of a family.
pub(super) fn test(family: &[u8], id: Uuid) -> Vec<u8> {
    [family, id.simple().to_string().as_bytes()].concat()
}

/// The sources of an enrichment datastore, by id.
pub(super) fn sources(enrichment: &DatastoreId) -> Vec<u8> {
    format!("linked/{enrichment}/").into_bytes()
}

/// The entry of a source among those of its enrichment datastore; its value is the source's id.
pub(super) fn source(enrichment: &DatastoreId, source: &DatastoreId) -> Vec<u8> {
    [&sources(enrichment), source.as_str().as_bytes()].concat()
}

/// The sources of an enrichment datastore whose places are, or lie in, this one.
pub(super) fn sources_in(enrichment: &DatastoreId, place: &Place) -> Vec<u8> {
    format!("linked_place/{enrichment}/{}", place.key()).into_bytes()
}

/// The sources of an enrichment datastore whose places are this one.
pub(super) fn sources_at(enrichment: &DatastoreId, place: &Place) -> Vec<u8> {
    [&sources_in(enrichment, place)[..], &[0]].concat()
}

/// The entry of a source in the order of places; its value is the source's id.
pub(super) fn source_at(enrichment: &DatastoreId, place: &Place, id: &DatastoreId) -> Vec<u8> {
    [&sources_at(enrichment, place), id.as_str().as_bytes()].concat()
}

/// Put whenever a source of the enrichment datastore comes, goes or moves: a guard on it sees all of them.
pub(super) fn sources_changed(enrichment: &DatastoreId) -> Vec<u8> {
    [b"sources_changed/", enrichment.as_str().as_bytes()].concat()
}

/// The enrichment datastores whose places are, or lie in, this one.
pub(super) fn enrichments_in(place: &Place) -> Vec<u8> {
    format!("enrichment_place/{}", place.key()).into_bytes()
}

/// The enrichment datastores whose places are this one.
pub(super) fn enrichments_at(place: &Place) -> Vec<u8> {
    [&enrichments_in(place)[..], &[0]].concat()
}

/// The entry of an enrichment datastore in the order of places; its value is the id.
pub(super) fn enrichment_at(place: &Place, id: &DatastoreId) -> Vec<u8> {
    [&enrichments_at(place), id.as_str().as_bytes()].concat()
}

/// Put whenever an enrichment datastore comes, goes or moves in a bucket: a guard on it sees all of them.
pub(super) fn enrichments_changed(bucket: &Place) -> Vec<u8> {
    [b"enrichments_changed/", bucket.key().as_bytes()].concat()
}

/// What connection tests at one place may have left.
pub(super) fn leftovers_at(s3: &S3Config) -> Vec<u8> {
    let place = format!("{}\0", Place::of(s3).key());
    [LEFTOVERS, place.as_bytes()].concat()
}

/// What one connection test at a place may have left.
pub(super) fn leftover(s3: &S3Config, test_id: Uuid) -> Vec<u8> {
    let id = test_id.simple().to_string();
    [&leftovers_at(s3), id.as_bytes()].concat()
}

/// One event of the audit.
pub(super) fn audit_event(id: Uuid) -> Vec<u8> {
    [AUDIT_EVENTS, id.simple().to_string().as_bytes()].concat()
}

/// The id of the event in a key.
pub(super) fn audit_event_in(key: &[u8]) -> Result<Uuid, Error> {
    let id = key.strip_prefix(AUDIT_EVENTS).unwrap_or_default();
    Uuid::try_parse_ascii(id).map_err(|e| Error::Internal(Box::new(e)))
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
