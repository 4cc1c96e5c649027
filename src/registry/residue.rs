//! The residue ledger: what connection tests may have left in buckets, kept until it is known to be gone.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::record::{S3Record, Unsealed, decode_s3, encode_s3, nanos, time};
use super::sealing::Owner;
use super::{Registry, keys, unavailable};
use crate::model::Error;
use crate::model::credentials::Credentials;
use crate::model::datastore::S3Config;
use crate::model::error::BoxError;
use crate::model::residue::{Landing, Leftover, Trace};
use crate::store::{Direction, Entry, Scan, Store, Txn};

/// How many leftovers are read at once.
const PAGE: usize = 100;

#[derive(Serialize, Deserialize)]
struct LeftoverRecord<'a> {
    test_id: Uuid,
    #[serde(borrow)]
    s3: S3Record<'a>,
    traces: Vec<TraceRecord>,
    sweeps: u32,
    ended: bool,
    keyless: bool,
    landing: Vec<LandingRecord>,
}

#[derive(Serialize, Deserialize)]
struct LandingRecord {
    trace: TraceRecord,
    until: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TraceRecord {
    Object {
        key: String,
    },
    Version {
        key: String,
        version_id: String,
    },
    Versions {
        key: String,
    },
    Upload {
        key: String,
        upload_id: Option<String>,
    },
}

impl<S: Store> Registry<S> {
    /// Puts the traces of a test in the place of those that were known of it.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`].
    pub async fn put_leftover(&self, leftover: &Leftover) -> Result<(), Error> {
        let key = keys::leftover(&leftover.s3, leftover.test_id);
        let value = encode(leftover).map_err(Error::Internal)?;
        loop {
            let sealer = self.sealing.now();
            let txn = sealer.keep(Txn::new(), Owner::test(leftover.test_id), &leftover.s3)?;
            // Only another key for sealing can come in between.
            if self
                .committed(txn.put(&key[..], &value[..]))
                .await?
                .is_some()
            {
                return Ok(());
            }
        }
    }

    /// What a test at a place may have left, with the test's credentials; keyless, if they cannot be opened.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`].
    pub async fn leftover(&self, at: &S3Config, test_id: Uuid) -> Result<Option<Leftover>, Error> {
        let entry = self.store.get(&keys::leftover(at, test_id)).await;
        let Some(entry) = entry.map_err(unavailable)? else {
            return Ok(None);
        };
        let mut leftover = decode(&entry).map_err(Error::Internal)?;
        if let Some(s3) = self.opened_of(Owner::test(test_id), &leftover.s3).await? {
            leftover.s3 = s3;
        } else {
            tracing::error!(test = %test_id, "the credentials of a test that may have left something cannot be opened");
            leftover.keyless = true;
        }
        Ok(Some(leftover))
    }

    /// Forgets the traces of a test at a place.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`].
    pub async fn strike_leftover(&self, at: &S3Config, test_id: Uuid) -> Result<(), Error> {
        let key = keys::leftover(at, test_id);
        // A test that wrote nothing is not in the ledger, and then there is nothing to wait for.
        if self.store.get(&key).await.map_err(unavailable)?.is_some() {
            let txn = Txn::new().delete(key).delete(keys::secrets(test_id));
            self.store.commit(txn).await.map_err(unavailable)?;
        }
        Ok(())
    }

    /// Every test that may have left something; the running ones among them. Their credentials stay sealed.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`].
    pub async fn leftovers(&self) -> Result<Vec<Leftover>, Error> {
        self.leftovers_under(keys::LEFTOVERS).await
    }

    /// What tests at a place may have left, their credentials sealed; those of other places are not looked at.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`].
    pub async fn leftovers_at(&self, place: &S3Config) -> Result<Vec<Leftover>, Error> {
        self.leftovers_under(&keys::leftovers_at(place)).await
    }

    async fn leftovers_under(&self, prefix: &[u8]) -> Result<Vec<Leftover>, Error> {
        let mut leftovers = Vec::new();
        let mut after = None;
        loop {
            let scan = Scan {
                prefix: prefix.to_vec(),
                after,
                limit: PAGE,
                direction: Direction::Ascending,
            };
            let page = self.store.scan(scan).await.map_err(unavailable)?;
            after = page.last().map(|entry| entry.key.clone());
            let is_last = page.len() < PAGE;
            for entry in &page {
                leftovers.push(decode(entry).map_err(Error::Internal)?);
            }
            if is_last {
                return Ok(leftovers);
            }
        }
    }
}

fn encode(leftover: &Leftover) -> Result<Vec<u8>, BoxError> {
    let record = LeftoverRecord {
        test_id: leftover.test_id,
        s3: encode_s3(&leftover.s3),
        traces: leftover.traces.iter().cloned().map(to_record).collect(),
        sweeps: leftover.sweeps,
        ended: leftover.ended,
        // Sealed are those that could not be opened: the key for them may come back.
        keyless: leftover.keyless && !matches!(leftover.s3.credentials, Credentials::Sealed(_)),
        landing: leftover.landing.iter().map(landing_to_record).collect(),
    };
    Ok(serde_json::to_vec(&record)?)
}

/// What a test may have left, its credentials sealed.
pub(super) fn decode(entry: &Entry) -> Result<Leftover, BoxError> {
    let record: LeftoverRecord = serde_json::from_slice(&entry.value)?;
    Ok(Leftover {
        test_id: record.test_id,
        s3: decode_s3(record.s3)?,
        traces: record.traces.into_iter().map(from_record).collect(),
        sweeps: record.sweeps,
        ended: record.ended,
        keyless: record.keyless,
        landing: record.landing.into_iter().map(landing_of).collect(),
    })
}

/// As [`record::without_secrets`](super::record::without_secrets).
pub(super) fn without_secrets(entry: &Entry) -> Result<Option<Unsealed>, BoxError> {
    let leftover = decode(entry)?;
    let has_secrets = leftover.s3.credentials.access_key().is_some();
    let unsealed = |leftover: Leftover| {
        Ok(Unsealed {
            owner: leftover.test_id,
            name: None,
            record: encode(&leftover)?,
            s3: leftover.s3,
        })
    };
    has_secrets.then(|| unsealed(leftover)).transpose()
}

fn landing_to_record(landing: &Landing) -> LandingRecord {
    LandingRecord {
        trace: to_record(landing.trace.clone()),
        until: nanos(landing.until),
    }
}

fn landing_of(record: LandingRecord) -> Landing {
    Landing {
        trace: from_record(record.trace),
        until: time(record.until),
    }
}

fn to_record(trace: Trace) -> TraceRecord {
    match trace {
        Trace::Object { key } => TraceRecord::Object { key },
        Trace::Version { key, version_id } => TraceRecord::Version { key, version_id },
        Trace::Versions { key } => TraceRecord::Versions { key },
        Trace::Upload { key, upload_id } => TraceRecord::Upload { key, upload_id },
    }
}

fn from_record(record: TraceRecord) -> Trace {
    match record {
        TraceRecord::Object { key } => Trace::Object { key },
        TraceRecord::Version { key, version_id } => Trace::Version { key, version_id },
        TraceRecord::Versions { key } => Trace::Versions { key },
        TraceRecord::Upload { key, upload_id } => Trace::Upload { key, upload_id },
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::time::{Duration, SystemTime};

    use uuid::Uuid;

    use super::keys::{FINGERPRINT_KEY, INSTALLATION, NEEDED_KEYS};
    use crate::model::credentials::{
        AccessKey, AssumedRole, Base, Credentials, RoleArn, SessionDuration, SessionName,
    };
    use crate::model::datastore::S3Config;
    use crate::model::location::Location;
    use crate::model::region::Region;
    use crate::model::residue::{Landing, Leftover, Trace};
    use crate::model::secret::Secret;
    use crate::registry::Registry;
    use crate::registry::testing::keys_in;
    use crate::store::{Direction, Scan, Sled, Store, Txn};

    fn leftover() -> Leftover {
        leftover_at("s3://logs/tests")
    }

    fn leftover_at(uri: &str) -> Leftover {
        let location = Location::parse(uri).unwrap();
        let upload = |upload_id| Trace::Upload {
            key: "u".to_owned(),
            upload_id,
        };
        Leftover {
            test_id: Uuid::new_v4(),
            s3: S3Config {
                bucket: location.bucket().clone(),
                prefix: location.prefix().clone(),
                region: Region::parse("eu-west-1").unwrap(),
                endpoint: None,
                addressing_style: None,
                ca_certificates: None,
                credentials: Credentials::AccessKey(AccessKey {
                    access_key_id: "AKIAEXAMPLE".to_owned(),
                    secret_access_key: Secret::new("a-secret".to_owned()),
                    session_token: Some(Secret::new("a-token".to_owned())),
                }),
            },
            traces: vec![
                Trace::Object {
                    key: "k".to_owned(),
                },
                Trace::Version {
                    key: "k".to_owned(),
                    version_id: "v".to_owned(),
                },
                Trace::Versions {
                    key: "k".to_owned(),
                },
                upload(None),
                upload(Some("id".to_owned())),
            ],
            landing: vec![Landing {
                trace: upload(None),
                until: SystemTime::UNIX_EPOCH + Duration::from_nanos(1),
            }],
            keyless: true,
            sweeps: 3,
            ended: true,
        }
    }

    /// A leftover of a test whose credentials came from assuming a role with the key of the other.
    fn leftover_of_a_role() -> Leftover {
        let mut leftover = leftover();
        let Credentials::AccessKey(key) = leftover.s3.credentials else {
            panic!("its credentials are a key");
        };
        leftover.s3.credentials = Credentials::AssumedRole(Box::new(AssumedRole {
            role_arn: RoleArn::parse("arn:aws:iam::123456789012:role/reader").unwrap(),
            external_id: None,
            session_name: SessionName::default(),
            duration: SessionDuration::default(),
            sts_endpoint: None,
            base: Base::AccessKey(key),
        }));
        leftover
    }

    async fn open(folder: &Path) -> (Arc<Sled>, Registry<Sled>) {
        let store = Arc::new(Sled::open(folder).unwrap());
        let keys = keys_in(folder);
        let registry = Registry::open(Arc::clone(&store), keys, SystemTime::now, 50).await;
        (store, registry.unwrap())
    }

    #[tokio::test]
    async fn what_is_put_outlives_the_process_and_what_is_struck_leaves_no_credentials() {
        let folder = tempfile::tempdir().unwrap();
        let (store, registry) = open(folder.path()).await;
        let (first, second) = (leftover(), leftover_of_a_role());
        for put in [&first, &second] {
            registry.put_leftover(put).await.unwrap();
        }
        store.close().await.unwrap();
        drop((store, registry));

        let (store, registry) = open(folder.path()).await;
        assert_eq!(registry.leftovers().await.unwrap().len(), 2);
        for put in [&first, &second] {
            let known = registry.leftover(&put.s3, put.test_id).await.unwrap();
            assert_eq!(known.as_ref(), Some(put));
        }
        for struck in [first.test_id, second.test_id, Uuid::new_v4()] {
            registry.strike_leftover(&first.s3, struck).await.unwrap();
        }
        store.close().await.unwrap();
        drop((store, registry));

        let (store, registry) = open(folder.path()).await;
        assert_eq!(registry.leftovers().await.unwrap(), []);
        let everything = Scan {
            prefix: Vec::new(),
            after: None,
            limit: 10,
            direction: Direction::Ascending,
        };
        let left = store.scan(everything).await.unwrap();
        let keys: Vec<&[u8]> = left.iter().map(|entry| &entry.key[..]).collect();
        assert_eq!(keys, [INSTALLATION, NEEDED_KEYS, FINGERPRINT_KEY]);
    }

    /// Other places may hold so much that a test cannot look at all of it, and their records may be damaged.
    #[tokio::test]
    async fn what_other_places_hold_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let (store, registry) = open(folder.path()).await;
        let here = leftover_at("s3://logs/tests/");
        registry.put_leftover(&here).await.unwrap();
        for uri in ["s3://logs/tests/deep", "s3://logs", "s3://log"] {
            let elsewhere = leftover_at(uri);
            let key = crate::registry::keys::leftover(&elsewhere.s3, elsewhere.test_id);
            let damaged = Txn::new().put(key, b"{".to_vec());
            store.commit(damaged).await.unwrap();
        }
        let found = registry.leftovers_at(&here.s3).await.unwrap();
        let ids: Vec<Uuid> = found.iter().map(|leftover| leftover.test_id).collect();
        assert_eq!(ids, [here.test_id]);
    }

    #[tokio::test]
    async fn more_leftovers_than_a_page_holds_are_all_read() {
        let folder = tempfile::tempdir().unwrap();
        let (_store, registry) = open(folder.path()).await;
        for _ in 0..=super::PAGE {
            registry.put_leftover(&leftover()).await.unwrap();
        }
        assert_eq!(registry.leftovers().await.unwrap().len(), super::PAGE + 1);
    }
}
