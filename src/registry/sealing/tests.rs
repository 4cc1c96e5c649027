//! Tests of what is sealed, on a real store: what is in it, what is refused, and what rotating does.

use std::sync::Arc;
use std::time::SystemTime;

use uuid::Uuid;

use super::{LostKeys, NeededKeys, OpenError, Owner};
use crate::model::Error;
use crate::model::credentials::{AccessKey, Credentials};
use crate::model::datastore::S3Config;
use crate::model::endpoint::Endpoint;
use crate::model::location::Location;
use crate::model::name::{DatastoreId, DisplayName, Labels};
use crate::model::region::Region;
use crate::model::residue::{Leftover, Trace};
use crate::model::role::Role;
use crate::model::secret::Secret;
use crate::registry::testing::keys_in;
use crate::registry::{
    Change, Create, Delete, Enrichment, New, Proven, Registry, Request, S3Change, Update, keys,
};
use crate::store::{self, Direction, Entry, Scan, Sled, Store, Txn};
use crate::vault::{KeyFile, Keys, key_of};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "AQoDYXdzEJr1K-a-session-token";

struct Lab {
    folder: tempfile::TempDir,
    store: Arc<Sled>,
    registry: Registry<Sled>,
}

impl Lab {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Sled::open(folder.path()).unwrap());
        let registry = opened(&store, keys_in(folder.path())).await.unwrap();
        Self {
            folder,
            store,
            registry,
        }
    }

    async fn with_two() -> Self {
        let lab = Self::new().await;
        for name in ["orders", "customers"] {
            lab.registry.create(creation(name)).await.unwrap();
        }
        lab
    }

    fn key_file(&self) -> KeyFile {
        KeyFile::new(self.folder.path().join("datastored.key"))
    }

    async fn credentials(&self, name: &str) -> Result<Credentials, Error> {
        let stored = self.registry.with_credentials(&id(name)).await?;
        Ok(stored.datastore.s3.credentials)
    }

    async fn uid(&self, name: &str) -> Uuid {
        self.registry.get(&id(name)).await.unwrap().datastore.uid
    }

    async fn put(&self, key: Vec<u8>, value: Vec<u8>) {
        self.store.commit(Txn::new().put(key, value)).await.unwrap();
    }

    async fn secret_of(&self, owner: Uuid) -> Vec<u8> {
        let entry = self.store.get(&keys::secrets(owner)).await.unwrap();
        entry.unwrap().value
    }
}

async fn opened(store: &Arc<Sled>, keys: (Keys, LostKeys)) -> Result<Registry<Sled>, OpenError> {
    Registry::open(Arc::clone(store), keys, SystemTime::now, 50).await
}

async fn everything(store: &Sled) -> Vec<Entry> {
    let scan = Scan {
        prefix: Vec::new(),
        after: None,
        limit: 1_000,
        direction: Direction::Ascending,
    };
    store.scan(scan).await.unwrap()
}

fn holds(entries: &[Entry], text: &str) -> bool {
    let text = text.as_bytes();
    let holds = |value: &[u8]| value.windows(text.len()).any(|part| part == text);
    entries
        .iter()
        .any(|entry| holds(&entry.value) || holds(&entry.key))
}

fn id(name: &str) -> DatastoreId {
    DatastoreId::parse(name).unwrap()
}

fn access_key() -> Credentials {
    Credentials::AccessKey(AccessKey {
        access_key_id: "ASIAIOSFODNN7EXAMPLE".to_owned(),
        secret_access_key: Secret::new(SECRET.to_owned()),
        session_token: Some(Secret::new(TOKEN.to_owned())),
    })
}

fn config() -> S3Config {
    let location = Location::parse("s3://data/orders").unwrap();
    S3Config {
        bucket: location.bucket().clone(),
        prefix: location.prefix().clone(),
        region: Region::default(),
        endpoint: Some(Endpoint::parse("https://s3.example.com").unwrap()),
        addressing_style: None,
        ca_certificates: None,
        credentials: access_key(),
    }
}

fn creation(name: &str) -> Create {
    Create {
        new: New {
            id: Some(id(name)),
            display_name: DisplayName::parse(name).unwrap(),
            role: Role::Source,
            s3: config(),
            labels: Labels::default(),
            tested: None,
        },
        enrichment: Enrichment::None,
        share_prefix: false,
        request: None,
        validate_only: false,
        audit: None,
    }
}

fn update(name: &str, s3: S3Change) -> Update {
    Update {
        uid: None,
        seen_by: Labels::default(),
        id: id(name),
        revision: None,
        change: Change {
            s3,
            ..Change::default()
        },
        request: None,
        validate_only: false,
        audit: None,
        share_prefix: false,
        proven: Proven::Waived,
    }
}

fn leftover() -> Leftover {
    Leftover {
        test_id: Uuid::new_v4(),
        s3: config(),
        traces: vec![Trace::Object {
            key: "canary".to_owned(),
        }],
        landing: Vec::new(),
        keyless: false,
        sweeps: 0,
        ended: true,
    }
}

#[tokio::test]
async fn the_store_holds_no_secret_and_gives_each_back_whole() {
    let lab = Lab::with_two().await;
    let left = leftover();
    lab.registry.put_leftover(&left).await.unwrap();
    let entries = everything(&lab.store).await;
    assert!(!holds(&entries, SECRET) && !holds(&entries, TOKEN));
    assert!(holds(&entries, "ASIAIOSFODNN7EXAMPLE"), "what may be shown");
    assert_eq!(lab.credentials("orders").await.unwrap(), access_key());
    let known = lab.registry.leftover(&left.s3, left.test_id).await.unwrap();
    assert_eq!(known, Some(left.clone()));

    let shown = lab.registry.get(&id("orders")).await.unwrap().datastore;
    let Credentials::Sealed(shown) = shown.s3.credentials else {
        panic!("what is read to be shown stays sealed");
    };
    let Credentials::AccessKey(key) = *shown else {
        panic!("its kind is shown");
    };
    assert_eq!(
        key,
        AccessKey::blank("ASIAIOSFODNN7EXAMPLE".to_owned(), true)
    );

    let owner = lab.uid("orders").await;
    let delete = Delete {
        id: id("orders"),
        revision: None,
        force: false,
        request: None,
        validate_only: false,
        seen_by: Labels::default(),
        audit: None,
    };
    lab.registry.delete(delete).await.unwrap();
    lab.registry
        .strike_leftover(&left.s3, left.test_id)
        .await
        .unwrap();
    for owner in [owner, left.test_id] {
        let secret = lab.store.get(&keys::secrets(owner)).await.unwrap();
        assert_eq!(secret, None, "secrets go with their owner");
    }
}

#[tokio::test]
async fn a_secret_that_was_moved_or_altered_is_refused_until_it_is_sent_again() {
    let lab = Lab::with_two().await;
    let moved = lab.secret_of(lab.uid("customers").await).await;
    let place = keys::secrets(lab.uid("orders").await);
    let mut altered = lab.secret_of(lab.uid("orders").await).await;
    *altered.last_mut().unwrap() ^= 1;
    for bad in [moved, altered, b"{}".to_vec(), Vec::new()] {
        lab.put(place.clone(), bad).await;
        let refused = lab.credentials("orders").await;
        assert!(matches!(refused, Err(Error::CredentialsUnreadable(_))));
        // It can be seen, and changed where no secret matters.
        lab.registry.get(&id("orders")).await.unwrap();
        let elsewhere = S3Change {
            region: Some(Some(Region::parse("eu-west-1").unwrap())),
            ..S3Change::default()
        };
        let refused = lab.registry.update(update("orders", elsewhere)).await;
        assert!(matches!(refused, Err(Error::CredentialsUnreadable(_))));
    }
    let again = S3Change {
        credentials: Some(access_key()),
        ..S3Change::default()
    };
    lab.registry.update(update("orders", again)).await.unwrap();
    assert_eq!(lab.credentials("orders").await.unwrap(), access_key());
    assert_eq!(lab.credentials("customers").await.unwrap(), access_key());
}

#[tokio::test]
async fn a_record_that_was_led_to_another_endpoint_gets_no_secret() {
    let lab = Lab::with_two().await;
    let entry = lab
        .store
        .get(&keys::datastore(&id("orders")))
        .await
        .unwrap();
    let record = String::from_utf8(entry.unwrap().value).unwrap();
    assert!(record.contains("s3.example.com"));
    let led = record.replace("s3.example.com", "s3.evil.example");
    lab.put(keys::datastore(&id("orders")), led.into_bytes())
        .await;
    let refused = lab.credentials("orders").await;
    assert!(matches!(refused, Err(Error::CredentialsUnreadable(_))));
}

#[tokio::test]
async fn a_change_of_the_region_alone_keeps_the_secret() {
    let lab = Lab::with_two().await;
    let elsewhere = S3Change {
        region: Some(Some(Region::parse("eu-west-1").unwrap())),
        ..S3Change::default()
    };
    lab.registry
        .update(update("orders", elsewhere))
        .await
        .unwrap();
    assert_eq!(lab.credentials("orders").await.unwrap(), access_key());
    let none = S3Change {
        credentials: Some(Credentials::Anonymous),
        ..S3Change::default()
    };
    lab.registry.update(update("orders", none)).await.unwrap();
    let secret = keys::secrets(lab.uid("orders").await);
    assert_eq!(lab.store.get(&secret).await.unwrap(), None);
}

#[tokio::test]
async fn rotating_seals_everything_anew_and_changes_no_datastore() {
    let lab = Lab::with_two().await;
    for number in 0..2 * super::rotation::PAGE {
        lab.registry
            .create(creation(&format!("d{number}")))
            .await
            .unwrap();
    }
    lab.registry.put_leftover(&leftover()).await.unwrap();
    let before = lab.registry.get(&id("orders")).await.unwrap();
    let old = lab.key_file().read().unwrap().current();
    let new = lab.key_file().rotate().unwrap().current();
    lab.registry
        .take_keys(lab.key_file().read().unwrap())
        .await
        .unwrap();
    assert_eq!(lab.registry.needed_keys().older, [old]);
    // Two datastores, those of the loop, a leftover, and the key of the fingerprints.
    let entries = 2 * super::rotation::PAGE + 4;
    assert_eq!(lab.registry.seal_anew().await.unwrap(), entries);
    let needed = NeededKeys::of(&*lab.store).await.unwrap().unwrap();
    assert_eq!((needed.current, needed.older), (new, Vec::new()));
    for entry in everything(&lab.store).await {
        if entry.key.starts_with(keys::SECRETS) {
            assert_eq!(key_of(&entry.value), Some(new));
        }
    }
    assert_eq!(lab.registry.get(&id("orders")).await.unwrap(), before);
    assert_eq!(lab.key_file().prune(new, &[]).unwrap(), [old]);
    let alone = opened(&lab.store, keys_in(lab.folder.path()))
        .await
        .unwrap();
    let stored = alone.with_credentials(&id("orders")).await.unwrap();
    assert_eq!(stored.datastore.s3.credentials, access_key());
}

#[tokio::test]
async fn what_was_sealed_with_a_key_that_is_no_longer_the_current_one_does_not_come_in() {
    let lab = Lab::with_two().await;
    let sealer = lab.registry.sealing.now();
    lab.key_file().rotate().unwrap();
    let keys = lab.key_file().read().unwrap();
    lab.registry.take_keys(keys).await.unwrap();
    let late = sealer
        .keep(Txn::new(), Owner::test(Uuid::new_v4()), &config())
        .unwrap();
    let refused = lab.store.commit(late).await;
    assert!(matches!(refused, Err(store::Error::Conflict { .. })));
    lab.registry.create(creation("later")).await.unwrap();
    assert_eq!(lab.credentials("later").await.unwrap(), access_key());
}

#[tokio::test]
async fn a_store_is_not_opened_without_its_keys_and_nothing_is_lost_when_they_come_back() {
    let lab = Lab::with_two().await;
    let before = everything(&lab.store).await;
    let own = lab.key_file().read().unwrap().current();
    let others = || Keys::generate().unwrap();
    match opened(&lab.store, (others(), LostKeys::Refuse)).await {
        Err(OpenError::KeysMissing(ids)) => assert_eq!(ids, [own]),
        other => panic!("{other:?}"),
    }
    let taken = lab.registry.take_keys(others()).await;
    assert!(matches!(taken, Err(OpenError::KeysMissing(_))));
    assert_eq!(everything(&lab.store).await, before);

    let without = opened(&lab.store, (others(), LostKeys::Accept))
        .await
        .unwrap();
    assert_eq!(without.seal_anew().await.unwrap(), 0);
    let refused = without.with_credentials(&id("orders")).await;
    assert!(matches!(refused, Err(Error::CredentialsUnreadable(_))));
    without.create(creation("new")).await.unwrap();

    // The key that was in use meanwhile is needed as well from then on.
    let refused = opened(&lab.store, keys_in(lab.folder.path())).await;
    assert!(matches!(refused, Err(OpenError::KeysMissing(_))));
    let lost = (lab.key_file().read().unwrap(), LostKeys::Accept);
    let back = opened(&lab.store, lost).await.unwrap();
    let stored = back.with_credentials(&id("orders")).await.unwrap();
    assert_eq!(stored.datastore.s3.credentials, access_key());
}

#[tokio::test]
async fn what_an_earlier_version_has_stored_unsealed_is_sealed_when_the_store_is_opened() {
    let lab = Lab::with_two().await;
    let left = leftover();
    lab.registry.put_leftover(&left).await.unwrap();
    let unsealed = format!(
        "\"access_key_id\":\"ASIAIOSFODNN7EXAMPLE\",\"secret_access_key\":\"{SECRET}\",\"session_token\":\"{TOKEN}\""
    );
    let sealed = "\"access_key_id\":\"ASIAIOSFODNN7EXAMPLE\",\"is_temporary\":true";
    for key in [
        keys::datastore(&id("orders")),
        keys::datastore(&id("customers")),
        keys::leftover(&left.s3, left.test_id),
    ] {
        let entry = lab.store.get(&key).await.unwrap().unwrap();
        let record = String::from_utf8(entry.value).unwrap();
        assert!(record.contains(sealed), "{record}");
        lab.put(key, record.replace(sealed, &unsealed).into_bytes())
            .await;
    }
    for entry in everything(&lab.store).await {
        if entry.key.starts_with(keys::SECRETS) || entry.key == keys::NEEDED_KEYS {
            lab.store
                .commit(Txn::new().delete(entry.key))
                .await
                .unwrap();
        }
    }
    assert!(holds(&everything(&lab.store).await, SECRET));

    let registry = opened(&lab.store, keys_in(lab.folder.path()))
        .await
        .unwrap();
    let entries = everything(&lab.store).await;
    assert!(!holds(&entries, SECRET) && !holds(&entries, TOKEN));
    let stored = registry.with_credentials(&id("orders")).await.unwrap();
    assert_eq!(stored.datastore.s3.credentials, access_key());
    let known = registry.leftover(&left.s3, left.test_id).await.unwrap();
    assert_eq!(known, Some(left));
}

#[tokio::test]
async fn a_lost_key_that_comes_back_opens_what_it_had_sealed_and_that_is_sealed_anew() {
    let lab = Lab::with_two().await;
    let own = lab.key_file().read().unwrap().current();
    let others = KeyFile::new(lab.folder.path().join("others.key"));
    let lost = (others.generate().unwrap(), LostKeys::Accept);
    opened(&lab.store, lost).await.unwrap();

    let mut both = std::fs::read_to_string(others.path()).unwrap();
    both.push_str(&std::fs::read_to_string(lab.key_file().path()).unwrap());
    std::fs::write(others.path(), both).unwrap();
    let back = (others.read().unwrap(), LostKeys::Refuse);
    let registry = opened(&lab.store, back).await.unwrap();
    assert_eq!(registry.needed_keys().older, [own]);
    assert_eq!(registry.seal_anew().await.unwrap(), 2);
    let first = others.read().unwrap().current();
    others.prune(first, &[]).unwrap();
    let alone = (others.read().unwrap(), LostKeys::Refuse);
    let registry = opened(&lab.store, alone).await.unwrap();
    let stored = registry.with_credentials(&id("orders")).await.unwrap();
    assert_eq!(stored.datastore.s3.credentials, access_key());
}

#[tokio::test]
async fn what_is_kept_of_requests_and_tests_is_digested_with_a_key_of_the_installation() {
    let mut fingerprints = Vec::new();
    for _ in 0..2 {
        let lab = Lab::new().await;
        let request = Request {
            id: Uuid::from_u128(1),
            digest: [7; 32],
        };
        let create = Create {
            request: Some(request),
            ..creation("orders")
        };
        lab.registry.create(create).await.unwrap();
        assert!(!holds(&everything(&lab.store).await, "7,7,7,7"));
        let fingerprint = lab
            .registry
            .installation
            .fingerprint(&config(), Role::Source);
        fingerprints.push(fingerprint.unwrap());
    }
    assert_ne!(fingerprints[0], fingerprints[1]);
}
