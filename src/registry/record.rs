//! The stored form of a datastore, without its secrets: one byte of format version, then JSON. Reading checks everything again.

mod assumed_role;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::model::certificates::Certificates;
use crate::model::claim::Claim;
use crate::model::credentials::{AccessKey, Credentials};
use crate::model::datastore::{AddressingStyle, Datastore, S3Config};
use crate::model::endpoint::Endpoint;
use crate::model::error::BoxError;
use crate::model::location::Location;
use crate::model::name::{DatastoreId, DisplayName, Labels};
use crate::model::region::Region;
use crate::model::role::Role;
use crate::model::secret::Secret;
use crate::store::Entry;
use assumed_role::AssumedRoleRecord;

/// The version that is written. A reader knows its own version and those before it.
const FORMAT: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    uid: Uuid,
    #[serde(borrow)]
    display_name: Cow<'a, str>,
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow)]
    s3: S3Record<'a>,
    labels: BTreeMap<String, String>,
    create_time: u64,
    update_time: u64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    enrichment: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claim: Option<ClaimRecord>,
}

#[derive(Serialize, Deserialize)]
struct ClaimRecord {
    time: u64,
    enforced: bool,
    confirmed: bool,
}

/// The stored form of an S3 configuration.
#[derive(Serialize, Deserialize)]
pub(super) struct S3Record<'a> {
    #[serde(borrow)]
    uri: Cow<'a, str>,
    #[serde(borrow)]
    region: Cow<'a, str>,
    endpoint: Option<Cow<'a, str>>,
    path_style: Option<bool>,
    ca_certificate_pem: Option<Cow<'a, str>>,
    credentials: CredentialsRecord,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CredentialsRecord {
    AccessKey(AccessKeyRecord),
    Anonymous,
    Ambient,
    AssumedRole(AssumedRoleRecord),
}

#[derive(Serialize, Deserialize)]
struct AccessKeyRecord {
    access_key_id: String,
    #[serde(default)]
    is_temporary: bool,
    /// Only in what versions have written that did not seal; as the next one.
    #[serde(default, skip_serializing)]
    secret_access_key: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing)]
    session_token: Option<Zeroizing<String>>,
}

/// The bytes of a datastore.
pub(super) fn encode(datastore: &Datastore) -> Result<Vec<u8>, BoxError> {
    let record = Record {
        id: datastore.id.as_str().into(),
        uid: datastore.uid,
        display_name: datastore.display_name.as_str().into(),
        role: datastore.role.as_str().into(),
        s3: encode_s3(&datastore.s3),
        labels: datastore
            .labels
            .iter()
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect(),
        create_time: nanos(datastore.create_time),
        update_time: nanos(datastore.update_time),
        enrichment: datastore.enrichment.as_ref().map(|id| id.as_str().into()),
        claim: datastore.claim.as_ref().map(|claim| ClaimRecord {
            time: nanos(claim.time),
            enforced: claim.enforced,
            confirmed: claim.confirmed,
        }),
    };
    let mut bytes = vec![FORMAT];
    serde_json::to_writer(&mut bytes, &record)?;
    Ok(bytes)
}

/// The datastore of the bytes, its credentials sealed. Secrets that stand in them as they are, are not taken: nobody has sealed them to anything.
pub(super) fn decode(bytes: &[u8]) -> Result<Datastore, BoxError> {
    let datastore = decode_unsealed(bytes)?;
    if datastore.s3.credentials.access_key().is_some() {
        return Err("a datastore's record has secrets in it that are not sealed".into());
    }
    Ok(datastore)
}

/// The datastore of bytes that an earlier version may have written.
pub(super) fn decode_unsealed(bytes: &[u8]) -> Result<Datastore, BoxError> {
    let Some((&FORMAT, json)) = bytes.split_first() else {
        return Err("a datastore's record is of a format that this version does not know".into());
    };
    // One look at all of it, in place of one at each string.
    let record: Record = serde_json::from_str(std::str::from_utf8(json)?)?;
    let enrichment = record.enrichment.as_deref().map(DatastoreId::parse);
    Ok(Datastore {
        id: DatastoreId::parse(&record.id)?,
        uid: record.uid,
        display_name: DisplayName::parse(&record.display_name)?,
        role: Role::parse(&record.role)?,
        s3: decode_s3(record.s3)?,
        labels: Labels::try_from(record.labels)?,
        create_time: time(record.create_time),
        update_time: time(record.update_time),
        enrichment: enrichment.transpose()?,
        claim: record.claim.map(|claim| Claim {
            time: time(claim.time),
            enforced: claim.enforced,
            confirmed: claim.confirmed,
        }),
    })
}

/// The stored form of an S3 configuration: without secrets, and always the same for the same configuration, since secrets are sealed to it.
pub(super) fn encode_s3(s3: &S3Config) -> S3Record<'_> {
    let pem = s3.ca_certificates.as_ref();
    S3Record {
        uri: s3.uri().into(),
        region: s3.region.as_str().into(),
        endpoint: s3.endpoint.as_ref().map(|e| e.as_str().into()),
        path_style: s3.addressing_style.map(|s| s == AddressingStyle::Path),
        ca_certificate_pem: pem.map(|c| c.as_pem().into()),
        credentials: encode_credentials(&s3.credentials),
    }
}

/// The S3 configuration of a stored form.
pub(super) fn decode_s3(record: S3Record<'_>) -> Result<S3Config, BoxError> {
    let (bucket, prefix, _) = Location::parse(&record.uri)?.into_parts();
    let endpoint = record.endpoint.as_deref().map(Endpoint::parse);
    let pem = record.ca_certificate_pem.as_deref();
    let style = |is_path: bool| {
        if is_path {
            AddressingStyle::Path
        } else {
            AddressingStyle::VirtualHosted
        }
    };
    Ok(S3Config {
        bucket,
        prefix,
        region: Region::parse(&record.region)?,
        endpoint: endpoint.transpose()?,
        addressing_style: record.path_style.map(style),
        ca_certificates: pem.map(Certificates::parse).transpose()?,
        credentials: decode_credentials(record.credentials)?,
    })
}

fn encode_credentials(credentials: &Credentials) -> CredentialsRecord {
    match credentials {
        Credentials::AccessKey(key) => CredentialsRecord::AccessKey(encode_key(key)),
        Credentials::Anonymous => CredentialsRecord::Anonymous,
        Credentials::Ambient => CredentialsRecord::Ambient,
        Credentials::AssumedRole(role) => {
            CredentialsRecord::AssumedRole(assumed_role::encode(role))
        }
        Credentials::Sealed(shown) => encode_credentials(shown),
    }
}

fn decode_credentials(record: CredentialsRecord) -> Result<Credentials, BoxError> {
    let (credentials, is_sealed) = match record {
        CredentialsRecord::AccessKey(key) => {
            let is_sealed = key.is_sealed();
            (Credentials::AccessKey(decode_key(key)), is_sealed)
        }
        CredentialsRecord::Anonymous => (Credentials::Anonymous, false),
        CredentialsRecord::Ambient => (Credentials::Ambient, false),
        CredentialsRecord::AssumedRole(role) => {
            let is_sealed = role.is_sealed();
            let role = assumed_role::decode(role)?;
            (Credentials::AssumedRole(Box::new(role)), is_sealed)
        }
    };
    Ok(if is_sealed {
        Credentials::Sealed(Box::new(credentials))
    } else {
        credentials
    })
}

impl AccessKeyRecord {
    fn is_sealed(&self) -> bool {
        self.secret_access_key.is_none()
    }
}

fn encode_key(key: &AccessKey) -> AccessKeyRecord {
    AccessKeyRecord {
        access_key_id: key.access_key_id.clone(),
        is_temporary: key.session_token.is_some(),
        secret_access_key: None,
        session_token: None,
    }
}

fn decode_key(record: AccessKeyRecord) -> AccessKey {
    let secret = |text: Zeroizing<String>| Secret::new(text.as_str().to_owned());
    match record.secret_access_key {
        None => AccessKey::blank(record.access_key_id, record.is_temporary),
        Some(unsealed) => AccessKey {
            access_key_id: record.access_key_id,
            secret_access_key: secret(unsealed),
            session_token: record.session_token.map(secret),
        },
    }
}

/// A record without secrets in the place of one that has them, which an earlier version wrote, and what it had.
pub(super) fn without_secrets(entry: &Entry) -> Result<Option<Unsealed>, BoxError> {
    let datastore = decode_unsealed(&entry.value)?;
    let has_secrets = datastore.s3.credentials.access_key().is_some();
    let unsealed = |datastore: Datastore| {
        Ok(Unsealed {
            owner: datastore.uid,
            name: Some(datastore.id.clone()),
            record: encode(&datastore)?,
            s3: datastore.s3,
        })
    };
    has_secrets.then(|| unsealed(datastore)).transpose()
}

/// What was stored with its secrets in it.
pub(super) struct Unsealed {
    /// Whose secrets they are.
    pub(super) owner: Uuid,
    /// The name of a datastore whose they are.
    pub(super) name: Option<DatastoreId>,
    /// The configuration that has them.
    pub(super) s3: S3Config,
    /// The record without them.
    pub(super) record: Vec<u8>,
}

/// Nanoseconds since 1970; 0 for an earlier time. They fit until the year 2554.
pub(super) fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

pub(super) fn time(nanos: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanos)
}
