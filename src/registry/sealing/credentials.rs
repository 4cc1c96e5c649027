//! The secrets of a datastore's credentials: sealed to their owner, and to the place that they are for.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::Sealer;
use crate::model::Error;
use crate::model::credentials::{AccessKey, AssumedRole, Base, Credentials};
use crate::model::datastore::S3Config;
use crate::model::name::{DatastoreId, DatastoreName};
use crate::model::secret::Secret;
use crate::registry::record::encode_s3;
use crate::registry::{Registry, Stored, keys, unavailable};
use crate::store::{Store, Txn};

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Secrets {
    /// A digest of the configuration that they belong to: with another endpoint or role they are refused.
    of: [u8; 32],
    secret_access_key: Zeroizing<String>,
    session_token: Option<Zeroizing<String>>,
}

/// Whose secrets they are.
#[derive(Clone, Copy)]
pub(in crate::registry) struct Owner<'a> {
    id: Uuid,
    /// Of a datastore. Under another name its secrets are refused.
    name: Option<&'a DatastoreId>,
}

impl<'a> Owner<'a> {
    /// A datastore.
    pub(in crate::registry) fn datastore(uid: Uuid, name: &'a DatastoreId) -> Self {
        let name = Some(name);
        Self { id: uid, name }
    }

    /// A test that may have left something.
    pub(in crate::registry) fn test(id: Uuid) -> Self {
        Self { id, name: None }
    }
}

impl Sealer {
    /// Adds the secrets of a configuration to a commit, in the place of those that its owner had. Sealed ones stay as they are.
    pub(in crate::registry) fn keep(
        &self,
        txn: Txn,
        owner: Owner<'_>,
        s3: &S3Config,
    ) -> Result<Txn, Error> {
        let entry = keys::secrets(owner.id);
        if let Credentials::Sealed(_) = s3.credentials {
            return Ok(txn);
        }
        let Some(key) = s3.credentials.access_key() else {
            return Ok(txn.delete(entry));
        };
        let copy = |secret: &Secret| Zeroizing::new(secret.expose().to_owned());
        let secrets = Secrets {
            of: digest(owner, s3)?,
            secret_access_key: copy(&key.secret_access_key),
            session_token: key.session_token.as_ref().map(copy),
        };
        // With room for all of it, so that no part of it is left where it grew out of.
        let length =
            secrets.secret_access_key.len() + secrets.session_token.as_ref().map_or(0, |t| t.len());
        let mut text = Zeroizing::new(Vec::with_capacity(512 + 2 * length));
        serde_json::to_writer(&mut *text, &secrets).map_err(internal)?;
        self.put(self.guarded(txn), entry, &text)
    }
}

impl<S: Store> Registry<S> {
    /// The datastore with its credentials.
    ///
    /// # Errors
    /// [`Error::CredentialsUnreadable`], and those of [`Registry::get`].
    pub async fn with_credentials(&self, id: &DatastoreId) -> Result<Stored, Error> {
        let stored = self.opened(id).await?;
        if let Credentials::Sealed(_) = stored.datastore.s3.credentials {
            let name = DatastoreName::new(id.clone());
            tracing::error!(datastore = %name, "stored credentials cannot be opened");
            return Err(Error::CredentialsUnreadable(name));
        }
        Ok(stored)
    }

    /// The datastore with its credentials; they stay sealed if they cannot be opened.
    pub(in crate::registry) async fn opened(&self, id: &DatastoreId) -> Result<Stored, Error> {
        let mut stored = self.get(id).await?;
        loop {
            let Stored { datastore, .. } = &mut stored;
            let opened = self
                .opened_of(Owner::datastore(datastore.uid, id), &datastore.s3)
                .await?;
            if let Some(s3) = opened {
                datastore.s3 = s3;
                return Ok(stored);
            }
            // It may have changed between the two looks.
            let now = self.get(id).await?;
            if now.revision == stored.revision {
                return Ok(stored);
            }
            stored = now;
        }
    }

    /// A configuration with the credentials of its owner; nothing if they cannot be opened.
    pub(in crate::registry) async fn opened_of(
        &self,
        owner: Owner<'_>,
        s3: &S3Config,
    ) -> Result<Option<S3Config>, Error> {
        let Credentials::Sealed(shown) = &s3.credentials else {
            return Ok(Some(s3.clone()));
        };
        let key = keys::secrets(owner.id);
        let entry = self.store.get(&key).await.map_err(unavailable)?;
        let opened = entry.map(|entry| self.sealing.now().open(&key, &entry.value));
        let Some(Ok(text)) = opened else {
            return Ok(None);
        };
        let secrets: Secrets = serde_json::from_slice(&text).map_err(internal)?;
        if secrets.of != digest(owner, s3)? {
            return Ok(None);
        }
        Ok(whole(shown, &secrets).map(|credentials| S3Config {
            credentials,
            ..s3.clone()
        }))
    }
}

/// Credentials, of what may be shown of them and their secrets.
fn whole(shown: &Credentials, secrets: &Secrets) -> Option<Credentials> {
    let key = |shown: &AccessKey| AccessKey {
        access_key_id: shown.access_key_id.clone(),
        secret_access_key: secret(&secrets.secret_access_key),
        session_token: secrets.session_token.as_ref().map(secret),
    };
    match shown {
        Credentials::AccessKey(shown) => Some(Credentials::AccessKey(key(shown))),
        Credentials::AssumedRole(role) => match &role.base {
            Base::AccessKey(shown) => Some(Credentials::AssumedRole(Box::new(AssumedRole {
                base: Base::AccessKey(key(shown)),
                ..role.as_ref().clone()
            }))),
            Base::Ambient => None,
        },
        Credentials::Anonymous | Credentials::Ambient | Credentials::Sealed(_) => None,
    }
}

fn secret(text: &Zeroizing<String>) -> Secret {
    Secret::new(text.as_str().to_owned())
}

/// The digest of all that a configuration says besides its secrets, and of the name of the datastore that has it.
fn digest(owner: Owner<'_>, s3: &S3Config) -> Result<[u8; 32], Error> {
    let name = owner.name.map(DatastoreId::as_str);
    let record = serde_json::to_vec(&(name, encode_s3(s3))).map_err(internal)?;
    Ok(Sha256::digest(record).into())
}

fn internal(error: serde_json::Error) -> Error {
    Error::Internal(Box::new(error))
}
