//! What one installation is known by, made once and kept: its id, and the key of its fingerprints.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::record::encode_s3;
use super::{keys, unavailable};
use crate::model::Error;
use crate::model::datastore::S3Config;
use crate::model::role::Role;
use crate::store::{self, Guard, Store, Txn};

/// The stored form.
#[derive(Serialize, Deserialize)]
pub(super) struct Installation {
    pub(super) id: Uuid,
    fingerprint_key: Zeroizing<Vec<u8>>,
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
    pub(super) async fn of(store: &impl Store) -> Result<Self, Error> {
        loop {
            let entry = store.get(keys::INSTALLATION).await.map_err(unavailable)?;
            if let Some(entry) = entry {
                return serde_json::from_slice(&entry.value)
                    .map_err(|e| Error::Internal(Box::new(e)));
            }
            let made = serde_json::to_vec(&Self::made()).map_err(|e| Error::Internal(Box::new(e)));
            let txn = Txn::new()
                .guard(Guard::Absent(keys::INSTALLATION.to_vec()))
                .put(keys::INSTALLATION, made?);
            match store.commit(txn).await {
                Ok(_) | Err(store::Error::Conflict { .. }) => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
    }

    fn made() -> Self {
        // Each has 122 bits of the system's random numbers; three are more than the 256 bits that the key needs.
        let random = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()];
        let key = random.iter().flat_map(|uuid| *uuid.as_bytes()).collect();
        Self {
            id: Uuid::new_v4(),
            fingerprint_key: Zeroizing::new(key),
        }
    }

    /// The fingerprint (HMAC-SHA-256) of what a test is about. Keyed, since a digest of a short secret could be guessed.
    pub(super) fn fingerprint(&self, s3: &S3Config, role: Role) -> Result<Fingerprint, Error> {
        let internal = |e: &dyn std::fmt::Display| Error::Internal(e.to_string().into());
        let tested = serde_json::to_vec(&(role.as_str(), encode_s3(s3)));
        let tested = Zeroizing::new(tested.map_err(|e| internal(&e))?);
        let mac = Hmac::<Sha256>::new_from_slice(&self.fingerprint_key);
        let mac = mac.map_err(|e| internal(&e))?.chain_update(&*tested);
        Ok(mac.finalize().into_bytes().into())
    }
}
