//! What one installation is known by, made once and kept: its id, and the key of its fingerprints.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::places::as_read;
use super::record::encode_s3;
use super::sealing::Sealer;
use super::{keys, unavailable};
use crate::model::Error;
use crate::model::datastore::S3Config;
use crate::model::role::Role;
use crate::model::secret::Secret;
use crate::store::{self, Entry, Store, Txn};

/// What is kept.
pub(super) struct Installation {
    pub(super) id: Uuid,
    fingerprint_key: Zeroizing<Vec<u8>>,
}

/// The stored form; the fingerprint key has a sealed entry of its own.
#[derive(Serialize, Deserialize)]
struct Record {
    id: Uuid,
    /// Only in what versions have written that did not seal.
    #[serde(default, skip_serializing)]
    fingerprint_key: Option<Zeroizing<Vec<u8>>>,
}

/// Tells whether two tests were of the same configuration, credentials and role, without holding any of them.
pub(super) type Fingerprint = [u8; 32];

impl std::fmt::Debug for Installation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Installation")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Installation {
    /// The one that the store holds; made if there is none.
    pub(super) async fn of(store: &impl Store, sealer: &Sealer) -> Result<Self, Error> {
        loop {
            let entry = store.get(keys::INSTALLATION).await.map_err(unavailable)?;
            let secret = store.get(keys::FINGERPRINT_KEY).await;
            let secret = secret.map_err(unavailable)?;
            let record = entry.as_ref().map(record).transpose()?;
            let open = |entry: &Entry| sealer.open(keys::FINGERPRINT_KEY, &entry.value).ok();
            if let (Some(record), Some(key)) = (&record, secret.as_ref().and_then(open)) {
                return Ok(Self {
                    id: record.id,
                    fingerprint_key: key,
                });
            }
            if secret.is_some() {
                tracing::warn!(
                    "the key of fingerprints cannot be opened: connection tests that are kept prove nothing any more, and request ids are refused that were used before"
                );
            }
            let (id, unsealed) = match record {
                Some(record) => (record.id, record.fingerprint_key),
                None => (Uuid::new_v4(), None),
            };
            let record = Record {
                id,
                fingerprint_key: None,
            };
            let txn = sealer
                .guarded(Txn::new())
                .guard(as_read(keys::INSTALLATION.to_vec(), entry.as_ref()))
                .guard(as_read(keys::FINGERPRINT_KEY.to_vec(), secret.as_ref()))
                .put(
                    keys::INSTALLATION,
                    serde_json::to_vec(&record).map_err(internal)?,
                );
            let key = unsealed.unwrap_or_else(new_key);
            let txn = sealer.put(txn, keys::FINGERPRINT_KEY.to_vec(), &key)?;
            match store.commit(txn).await {
                Ok(_) | Err(store::Error::Conflict { .. }) => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
    }

    /// The fingerprint (HMAC-SHA-256) of what a test is about. Keyed, since a digest of a short secret could be guessed.
    pub(super) fn fingerprint(&self, s3: &S3Config, role: Role) -> Result<Fingerprint, Error> {
        let secrets = s3.credentials.access_key().map(|key| {
            let token = key.session_token.as_ref().map(Secret::expose);
            (key.secret_access_key.expose(), token)
        });
        let tested = serde_json::to_vec(&(role.as_str(), encode_s3(s3), secrets));
        self.keyed(&Zeroizing::new(tested.map_err(internal)?))
    }

    /// A digest that only this installation can make.
    pub(super) fn keyed(&self, text: &[u8]) -> Result<[u8; 32], Error> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.fingerprint_key);
        let mac = mac.map_err(|e| Error::Internal(e.to_string().into()))?;
        Ok(mac.chain_update(text).finalize().into_bytes().into())
    }
}

fn new_key() -> Zeroizing<Vec<u8>> {
    // Each has 122 bits of the system's random numbers; three are more than the 256 bits that the key needs.
    let random = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()];
    let key = random.iter().flat_map(|uuid| *uuid.as_bytes()).collect();
    Zeroizing::new(key)
}

/// Whether the key of the fingerprints has a sealed entry of its own.
pub(super) fn is_sealed(entry: &Entry) -> Result<bool, Error> {
    Ok(record(entry)?.fingerprint_key.is_none())
}

fn record(entry: &Entry) -> Result<Record, Error> {
    serde_json::from_slice(&entry.value).map_err(internal)
}

fn internal(error: serde_json::Error) -> Error {
    Error::Internal(Box::new(error))
}
