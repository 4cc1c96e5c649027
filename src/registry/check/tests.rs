//! A store that a registry has written is sound; each kind of violation that is planted in one is named, and nothing else.

use std::sync::Arc;
use std::time::SystemTime;

use uuid::Uuid;

use super::{Remedy, Violation, check, shown};
use crate::metrics::AuditEvents;
use crate::model::audit::{Action, Actor, Attempt, Deed};
use crate::model::call_id::CallId;
use crate::model::credentials::{AccessKey, Credentials};
use crate::model::datastore::{Datastore, S3Config};
use crate::model::location::Location;
use crate::model::name::{DatastoreId, DisplayName, Labels};
use crate::model::place::Place;
use crate::model::region::Region;
use crate::model::residue::{Leftover, Trace};
use crate::model::role::Role;
use crate::model::secret::Secret;
use crate::registry::testing::keys_in;
use crate::registry::{Create, Delete, Enrichment, New, Registry, Request, keys, ledger};
use crate::report::{Report, Subject, Tested};
use crate::store::{Direction, Scan, Sled, Store, Txn};

struct Lab {
    store: Arc<Sled>,
    registry: Registry<Sled>,
    source: Datastore,
    enrichment: Datastore,
    leftover: Leftover,
    request: Uuid,
    _folder: tempfile::TempDir,
}

fn id(text: &str) -> DatastoreId {
    DatastoreId::parse(text).unwrap()
}

fn config(uri: &str) -> S3Config {
    let location = Location::parse(uri).unwrap();
    S3Config {
        bucket: location.bucket().clone(),
        prefix: location.prefix().clone(),
        region: Region::default(),
        endpoint: None,
        addressing_style: None,
        ca_certificates: None,
        credentials: Credentials::AccessKey(AccessKey {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: Secret::new("a-secret".to_owned()),
            session_token: None,
        }),
    }
}

fn new(name: &str, role: Role, uri: &str) -> New {
    New {
        id: Some(id(name)),
        display_name: DisplayName::parse(name).unwrap(),
        role,
        s3: config(uri),
        labels: Labels::default(),
        tested: None,
    }
}

fn attempt() -> Arc<Attempt> {
    let actor = Actor {
        caller: "ci".to_owned(),
        address: None,
        call_id: CallId::random(),
    };
    let deed = Deed {
        action: Action::CreateDatastore,
        resource: "s3://data/orders/".to_owned(),
        enrichment: None,
        changed_fields: Vec::new(),
        request_id: None,
    };
    Arc::new(Attempt::new(actor, deed))
}

impl Lab {
    /// A source that is linked, its enrichment datastore, a test, something left, a request id, and an event.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Sled::open(folder.path()).unwrap());
        let keys = keys_in(folder.path());
        let registry = Registry::open(Arc::clone(&store), keys, SystemTime::now, 50).await;
        let registry = registry.unwrap().auditing(10, AuditEvents::default()).await;
        let registry = registry.unwrap();
        let request = Uuid::new_v4();
        let enrichment = new("anomalies", Role::Enrichment, "s3://quality/a");
        let create = Create {
            new: new("orders", Role::Source, "s3://data/orders"),
            enrichment: Enrichment::New(Box::new(enrichment)),
            share_prefix: false,
            request: Some(Request {
                id: request,
                digest: [1; 32],
            }),
            validate_only: false,
            audit: Some(attempt()),
        };
        registry.create(create).await.unwrap();
        let source = registry.with_credentials(&id("orders")).await.unwrap();
        let enrichment = registry.get(&id("anomalies")).await.unwrap().datastore;
        let source = source.datastore;
        let saved = Subject::Saved {
            id: source.id.clone(),
            uid: source.uid,
        };
        for subject in [saved, Subject::Unsaved] {
            let tested = Tested {
                subject,
                s3: source.s3.clone(),
                role: Role::Source,
            };
            let mut report = Report::passed();
            registry
                .record_test(&tested, &mut report, None)
                .await
                .unwrap();
        }
        let leftover = Leftover {
            test_id: Uuid::now_v7(),
            s3: config("s3://quality/a"),
            traces: vec![Trace::Object {
                key: "canary".to_owned(),
            }],
            sweeps: 0,
            ended: true,
            keyless: false,
            landing: Vec::new(),
        };
        registry.put_leftover(&leftover).await.unwrap();
        Self {
            store,
            registry,
            source,
            enrichment,
            leftover,
            request,
            _folder: folder,
        }
    }

    async fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let checked = check(&*self.store, &mut |violation| found.push(violation.clone())).await;
        assert_eq!(checked.unwrap().violations, found.len() as u64);
        found
    }

    async fn value(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.store.get(key).await.unwrap().map(|entry| entry.value)
    }

    async fn put(&self, key: &[u8], value: Option<Vec<u8>>) {
        let txn = match value {
            Some(value) => Txn::new().put(key, value),
            None => Txn::new().delete(key),
        };
        self.store.commit(txn).await.unwrap();
    }

    /// Asserts that with this in the place of an entry just these violations are found, each by its entry and by what it says, and puts the entry back.
    async fn names(
        &self,
        key: &[u8],
        planted: Option<Vec<u8>>,
        expected: &[(&[u8], &str, Remedy)],
    ) {
        let before = self.value(key).await;
        assert_ne!(before, planted, "{}", shown(key));
        self.put(key, planted).await;
        let found = self.violations().await;
        let is_as_expected = found.len() == expected.len()
            && found
                .iter()
                .zip(expected)
                .all(|(found, (entry, says, remedy))| {
                    found.entry == shown(entry)
                        && found.says.contains(says)
                        && found.remedy == *remedy
                });
        assert!(is_as_expected, "{}: {found:#?}", shown(key));
        self.put(key, before).await;
        assert_eq!(self.violations().await, [], "{}", shown(key));
    }

    /// The one key of a family.
    async fn only(&self, family: &[u8]) -> Vec<u8> {
        let scan = Scan {
            prefix: family.to_vec(),
            after: None,
            limit: 2,
            direction: Direction::Ascending,
        };
        let mut entries = self.store.scan(scan).await.unwrap();
        assert_eq!(entries.len(), 1);
        entries.remove(0).key
    }
}

#[tokio::test]
async fn what_a_registry_has_written_is_sound_and_so_it_is_when_all_of_it_was_deleted() {
    let lab = Lab::new().await;
    assert_eq!(lab.violations().await, []);
    lab.registry
        .strike_leftover(&lab.leftover.s3, lab.leftover.test_id)
        .await
        .unwrap();
    for name in ["anomalies", "orders"] {
        let delete = Delete {
            id: id(name),
            revision: None,
            request: None,
            validate_only: false,
            force: true,
            seen_by: Labels::default(),
            audit: None,
        };
        lab.registry.delete(delete).await.unwrap();
        assert_eq!(lab.violations().await, []);
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_read_or_stands_elsewhere_is_named_once() {
    let lab = Lab::new().await;
    let key = keys::datastore(&lab.source.id);
    let expect = |says| [(&key[..], says, Remedy::Restore)];
    let json = lab.value(&key).await.unwrap();
    let text = String::from_utf8(json).unwrap();
    let damaged = |from: &str, to: &str| Some(text.replace(from, to).into_bytes());
    lab.names(&key, Some(b"x".to_vec()), &expect("of a format that"))
        .await;
    lab.names(
        &key,
        damaged("{", "("),
        &expect("its JSON is not as it should be"),
    )
    .await;
    lab.names(
        &key,
        damaged("\"SOURCE\"", "\"nothing\""),
        &expect("cannot be read"),
    )
    .await;
    lab.names(
        &key,
        damaged("\"id\":\"orders\"", "\"id\":\"others\""),
        &expect("under another one's name"),
    )
    .await;
    let unsealed = damaged(
        "\"is_temporary\"",
        "\"secret_access_key\":\"a-secret\",\"is_temporary\"",
    );
    lab.names(&key, unsealed, &expect("secrets in it that are not sealed"))
        .await;
    for (key, says) in [
        (lab.only(keys::AUDIT_EVENTS).await, "of a format that"),
        (lab.only(keys::UNSAVED_TESTS).await, "of a format that"),
        (lab.only(keys::LEFTOVERS).await, "its JSON is not"),
        (keys::connection(&lab.source.id), "its JSON is not"),
        (keys::request(lab.request), "its JSON is not"),
        (keys::NEEDED_KEYS.to_vec(), "its JSON is not"),
        (keys::INSTALLATION.to_vec(), "its JSON is not"),
        (b"elsewhere/1".to_vec(), "of a kind that this version"),
    ] {
        lab.names(&key, Some(b"x".to_vec()), &[(&key, says, Remedy::Restore)])
            .await;
    }
}

#[tokio::test]
async fn an_index_entry_that_is_missing_or_is_another_ones_is_named() {
    let lab = Lab::new().await;
    let (source, target) = (&lab.source, &lab.enrichment);
    let (record, place) = (keys::datastore(&source.id), Place::of(&source.s3));
    let held = keys::enrichment_at(&Place::of(&target.s3), &target.id);
    for (key, remedy) in [
        (keys::by_display_name(&source.display_name), Remedy::Rename),
        (
            keys::by_create_time(source.create_time, &source.id),
            Remedy::Restore,
        ),
        (keys::source(&target.id, &source.id), Remedy::Link),
        (
            keys::source_at(&target.id, &place, &source.id),
            Remedy::Link,
        ),
        (keys::sources_changed(&target.id), Remedy::Link),
        (held, Remedy::Link),
        (keys::secrets(source.uid), Remedy::SendCredentials),
    ] {
        let says = if remedy == Remedy::SendCredentials {
            "its credentials are missing".to_owned()
        } else {
            format!("has no entry {}", shown(&key))
        };
        lab.names(&key, None, &[(&record, &says, remedy)]).await;
    }
    let by_name = keys::by_display_name(&source.display_name);
    let points = (
        &by_name[..],
        "points to datastores/anomalies, whose record says",
        Remedy::Restore,
    );
    let lacks = (&record[..], "is another one's", Remedy::Rename);
    lab.names(&by_name, Some(b"anomalies".to_vec()), &[points, lacks])
        .await;
}

#[tokio::test]
async fn an_entry_that_points_to_nothing_or_belongs_to_nothing_is_named() {
    let lab = Lab::new().await;
    let (none, now) = (id("none"), SystemTime::now());
    let place = Place::of(&lab.source.s3);
    let points = "points to datastores/none, which does not exist";
    for key in [
        keys::by_display_name(&DisplayName::parse("none").unwrap()),
        keys::by_create_time(now, &none),
        keys::source(&lab.enrichment.id, &none),
        keys::source_at(&lab.enrichment.id, &place, &none),
        keys::enrichment_at(&place, &none),
    ] {
        lab.names(
            &key,
            Some(b"none".to_vec()),
            &[(&key, points, Remedy::Restore)],
        )
        .await;
    }
    let mark = keys::sources_changed(&none);
    lab.names(&mark, Some(Vec::new()), &[(&mark, points, Remedy::Restore)])
        .await;
    let connection = lab.value(&keys::connection(&lab.source.id)).await;
    let key = keys::connection(&none);
    lab.names(&key, connection, &[(&key, points, Remedy::Restore)])
        .await;

    let stranger = Uuid::new_v4();
    let secret = lab.value(&keys::secrets(lab.source.uid)).await;
    let kept = lab.value(&lab.only(keys::UNSAVED_TESTS).await).await;
    let test = lab.only(keys::UNSAVED_TESTS).await;
    let test = Uuid::try_parse_ascii(&test[keys::UNSAVED_TESTS.len()..]).unwrap();
    for (key, value) in [
        (keys::secrets(stranger), secret),
        (keys::test(&keys::tests(stranger), test), kept.clone()),
        (keys::test(&keys::tests(lab.leftover.test_id), test), kept),
        (keys::tests_changed(stranger), Some(Vec::new())),
    ] {
        let expected = (&key[..], "belongs to nothing that is stored", Remedy::None);
        lab.names(&key, value, &[expected]).await;
    }
}

#[tokio::test]
async fn a_link_to_nothing_and_one_between_the_wrong_roles_are_named() {
    let lab = Lab::new().await;
    let record = keys::datastore(&lab.enrichment.id);
    let json = String::from_utf8(lab.value(&record).await.unwrap()).unwrap();
    let source = keys::datastore(&lab.source.id);
    let held = keys::enrichment_at(&Place::of(&lab.enrichment.s3), &lab.enrichment.id);
    let mark = keys::sources_changed(&lab.enrichment.id);
    let other_role = json.replace("\"ENRICHMENT\"", "\"SOURCE\"").into_bytes();
    let expected = [
        (
            &source[..],
            "is linked to datastores/anomalies: ",
            Remedy::Restore,
        ),
        (&held[..], "whose record says otherwise", Remedy::Restore),
        (&mark[..], "whose record says otherwise", Remedy::Restore),
    ];
    lab.names(&record, Some(other_role), &expected).await;
    let found = {
        let before = lab.value(&record).await;
        lab.put(&record, None).await;
        let found = lab.violations().await;
        lab.put(&record, before).await;
        found
    };
    let to_nothing = "is linked to datastores/anomalies, which does not exist";
    assert!(
        found
            .iter()
            .any(|v| v.entry == shown(&source) && v.says == to_nothing && v.remedy == Remedy::Link),
        "{found:#?}"
    );
}

#[tokio::test]
async fn what_is_sealed_with_a_key_that_the_store_does_not_name_is_named() {
    let lab = Lab::new().await;
    let key = keys::secrets(lab.source.uid);
    let mut other = lab.value(&key).await.unwrap();
    other[1] ^= 1;
    let expected = (
        &key[..],
        "which the store does not know of",
        Remedy::RestoreKey,
    );
    lab.names(&key, Some(other), &[expected]).await;
    let expected = (
        &key[..],
        "not in the form of what is sealed",
        Remedy::SendCredentials,
    );
    lab.names(&key, Some(Vec::new()), &[expected]).await;
    let says = "the key of its fingerprints is missing";
    let expected = (keys::INSTALLATION, says, Remedy::Restore);
    lab.names(keys::FINGERPRINT_KEY, None, &[expected]).await;
}

#[tokio::test]
async fn a_request_id_and_its_expiry_that_do_not_agree_are_named() {
    let lab = Lab::new().await;
    let request = keys::request(lab.request);
    let entry = lab.store.get(&request).await.unwrap().unwrap();
    let expiry = ledger::expiry_of_whole(&entry).unwrap();
    let index = keys::request_by_expiry(expiry, lab.request);
    let lacks = (
        &request[..],
        "has no entry request_by_expiry/",
        Remedy::Restore,
    );
    lab.names(&index, None, &[lacks]).await;
    let dangles = (
        &index[..],
        "points to a request id that is not remembered",
        Remedy::None,
    );
    lab.names(&request, None, &[dangles]).await;
    let early = keys::request_by_expiry(SystemTime::UNIX_EPOCH, lab.request);
    let says = "points to a request id that is forgotten at another time";
    let value = lab.value(&index).await;
    lab.names(&early, value, &[(&early, says, Remedy::Restore)])
        .await;
}

#[tokio::test]
async fn an_event_and_a_test_under_an_id_that_is_not_their_own_are_named() {
    let lab = Lab::new().await;
    let event = lab.value(&lab.only(keys::AUDIT_EVENTS).await).await;
    let test = lab.value(&lab.only(keys::UNSAVED_TESTS).await).await;
    let left = lab.value(&lab.only(keys::LEFTOVERS).await).await;
    let key = keys::audit_event(Uuid::now_v7());
    let says = "stands under an id that is not its own";
    lab.names(&key, event, &[(&key, says, Remedy::None)]).await;
    let key = keys::test(keys::UNSAVED_TESTS, Uuid::now_v7());
    let says = "stands under another test's id";
    lab.names(&key, test, &[(&key, says, Remedy::Restore)])
        .await;
    let key = keys::leftover(&config("s3://other"), lab.leftover.test_id);
    let says = "stands under a place or a test that is not its own";
    lab.names(&key, left, &[(&key, says, Remedy::Restore)])
        .await;
}
