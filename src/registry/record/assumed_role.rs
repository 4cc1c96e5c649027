//! The stored form of a role that is assumed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{AccessKeyRecord, decode_key, encode_key};
use crate::model::credentials::{
    AssumedRole, Base, ExternalId, RoleArn, SessionDuration, SessionName,
};
use crate::model::endpoint::Endpoint;
use crate::model::error::BoxError;

#[derive(Serialize, Deserialize)]
pub(super) struct AssumedRoleRecord {
    role_arn: String,
    external_id: Option<String>,
    session_name: String,
    duration_seconds: u32,
    sts_endpoint: Option<String>,
    base: BaseRecord,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BaseRecord {
    AccessKey(AccessKeyRecord),
    Ambient,
}

impl AssumedRoleRecord {
    pub(super) fn is_sealed(&self) -> bool {
        match &self.base {
            BaseRecord::AccessKey(key) => key.is_sealed(),
            BaseRecord::Ambient => false,
        }
    }
}

pub(super) fn encode(role: &AssumedRole) -> AssumedRoleRecord {
    AssumedRoleRecord {
        role_arn: role.role_arn.as_str().to_owned(),
        external_id: role.external_id.as_ref().map(|id| id.as_str().to_owned()),
        session_name: role.session_name.as_str().to_owned(),
        duration_seconds: role.duration.as_secs(),
        sts_endpoint: role.sts_endpoint.as_ref().map(|e| e.as_str().to_owned()),
        base: match &role.base {
            Base::AccessKey(key) => BaseRecord::AccessKey(encode_key(key)),
            Base::Ambient => BaseRecord::Ambient,
        },
    }
}

pub(super) fn decode(record: AssumedRoleRecord) -> Result<AssumedRole, BoxError> {
    let external_id = record.external_id.as_deref().map(ExternalId::parse);
    let duration = Duration::from_secs(record.duration_seconds.into());
    let sts_endpoint = record.sts_endpoint.as_deref().map(Endpoint::parse);
    Ok(AssumedRole {
        role_arn: RoleArn::parse(&record.role_arn)?,
        external_id: external_id.transpose()?,
        session_name: SessionName::parse(&record.session_name)?,
        duration: SessionDuration::new(duration)?,
        sts_endpoint: sts_endpoint.transpose()?,
        base: match record.base {
            BaseRecord::AccessKey(key) => Base::AccessKey(decode_key(key)),
            BaseRecord::Ambient => Base::Ambient,
        },
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{CredentialsRecord, decode_credentials, encode_credentials};
    use crate::model::credentials::{
        AccessKey, AssumedRole, Base, Credentials, ExternalId, RoleArn, SessionDuration,
        SessionName,
    };
    use crate::model::endpoint::Endpoint;
    use crate::model::secret::Secret;

    fn read(json: &str) -> Result<Credentials, String> {
        let record: CredentialsRecord = serde_json::from_str(json).map_err(|e| e.to_string())?;
        decode_credentials(record).map_err(|e| e.to_string())
    }

    fn key() -> AccessKey {
        AccessKey {
            access_key_id: "AKIA1".to_owned(),
            secret_access_key: Secret::new("a-secret".to_owned()),
            session_token: Some(Secret::new("a-token".to_owned())),
        }
    }

    fn roles() -> [AssumedRole; 2] {
        let whole = AssumedRole {
            role_arn: RoleArn::parse("arn:aws:iam::123456789012:role/data/reader").unwrap(),
            external_id: Some(ExternalId::parse("partner/42").unwrap()),
            session_name: SessionName::parse("team-1").unwrap(),
            duration: SessionDuration::new(Duration::from_secs(901)).unwrap(),
            sts_endpoint: Some(Endpoint::parse("https://sts.example.com").unwrap()),
            base: Base::AccessKey(key()),
        };
        let least = AssumedRole {
            external_id: None,
            sts_endpoint: None,
            base: Base::Ambient,
            ..whole.clone()
        };
        [whole, least]
    }

    #[test]
    fn a_role_is_read_as_it_was_stored_without_its_secrets() {
        let [whole, least] = roles();
        let shown = AssumedRole {
            base: Base::AccessKey(AccessKey::blank("AKIA1".to_owned(), true)),
            ..whole.clone()
        };
        let sealed = Credentials::Sealed(Box::new(Credentials::AssumedRole(Box::new(shown))));
        let whole = Credentials::AssumedRole(Box::new(whole));
        let json = serde_json::to_string(&encode_credentials(&whole)).unwrap();
        assert!(!json.contains("a-secret") && !json.contains("a-token"));
        assert_eq!(
            json,
            serde_json::to_string(&encode_credentials(&sealed)).unwrap()
        );
        assert_eq!(read(&json), Ok(sealed));
        let least = Credentials::AssumedRole(Box::new(least));
        let json = serde_json::to_string(&encode_credentials(&least)).unwrap();
        assert_eq!(read(&json), Ok(least));
    }

    #[test]
    fn what_was_stored_before_there_were_roles_is_still_read() {
        let json = r#"{"access_key":{"access_key_id":"AKIA1","secret_access_key":"a-secret","session_token":"a-token"}}"#;
        assert_eq!(read(json), Ok(Credentials::AccessKey(key())));
        assert_eq!(read("\"anonymous\""), Ok(Credentials::Anonymous));
        assert_eq!(read("\"ambient\""), Ok(Credentials::Ambient));
    }

    #[test]
    fn a_damaged_role_is_an_error() {
        let role = Credentials::AssumedRole(Box::new(roles()[0].clone()));
        let json = serde_json::to_string(&encode_credentials(&role)).unwrap();
        for (whole, damaged) in [
            ("role/data/reader", "user/data/reader"),
            ("partner/42", "x"),
            ("team-1", "x"),
            ("901", "1"),
            ("https://sts", "ftp://sts"),
        ] {
            assert!(read(&json.replace(whole, damaged)).is_err(), "{damaged}");
        }
    }
}
