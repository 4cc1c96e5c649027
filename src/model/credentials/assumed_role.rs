//! A role that is assumed: with whose credentials, under which name, and for how long.
//!
//! The limits are those of `AssumeRole` in the STS API Reference.

use std::time::Duration;

use super::{AccessKey, RoleArn};
use crate::model::endpoint::Endpoint;

/// A role, and how STS is asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumedRole {
    /// Which role.
    pub role_arn: RoleArn,
    /// What the role's trust policy may ask for. Not a secret.
    pub external_id: Option<ExternalId>,
    /// Names the session in the ARN of who then calls S3.
    pub session_name: SessionName,
    /// For how long.
    pub duration: SessionDuration,
    /// Where STS listens; `None` for AWS's own in the datastore's region.
    pub sts_endpoint: Option<Endpoint>,
    /// Who asks.
    pub base: Base,
}

/// The credentials that a role is assumed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// An access key, long-term or temporary.
    AccessKey(AccessKey),
    /// The credentials that this server runs with.
    Ambient,
}

/// An external id: 2 to 1224 letters, digits and `_+=,.@:/-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalId(String);

/// Why an external id is refused. It is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is no external id: it has 2 to 1224 letters, digits and _+=,.@:/-; copy it again from the role's trust policy, or leave it out"
)]
pub struct ExternalIdError;

/// The name of a session: 2 to 64 letters, digits and `_+=,.@-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionName(String);

/// Why the name of a session is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is no session name: it has 2 to 64 letters, digits and _+=,.@-; choose another, or leave it out for `datastored`"
)]
pub struct SessionNameError;

/// For how long a role is assumed: 15 minutes to 12 hours, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionDuration(u32);

/// Why a duration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be 15 minutes to 12 hours in whole seconds (900s to 43200s); leave it out for one hour"
)]
pub struct SessionDurationError;

impl ExternalId {
    /// Reads an external id.
    ///
    /// # Errors
    /// A text that is too short or too long, or has another character in it.
    pub fn parse(text: &str) -> Result<Self, ExternalIdError> {
        let is_one = (2..=1_224).contains(&text.len()) && is_made_of(text, b"_+=,.@:/-");
        is_one.then(|| Self(text.to_owned())).ok_or(ExternalIdError)
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SessionName {
    /// Reads the name of a session.
    ///
    /// # Errors
    /// A text that is too short or too long, or has another character in it.
    pub fn parse(text: &str) -> Result<Self, SessionNameError> {
        let is_one = (2..=64).contains(&text.len()) && is_made_of(text, b"_+=,.@-");
        let name = is_one.then(|| Self(text.to_owned()));
        name.ok_or(SessionNameError)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `datastored`, by which the logs of a role's account tell who it was.
impl Default for SessionName {
    fn default() -> Self {
        Self("datastored".to_owned())
    }
}

impl SessionDuration {
    /// A duration that STS takes. Whether the role takes it too, only STS knows.
    ///
    /// # Errors
    /// A part of a second, or a duration outside STS's limits.
    pub fn new(duration: Duration) -> Result<Self, SessionDurationError> {
        let seconds = u32::try_from(duration.as_secs());
        let is_whole = duration.subsec_nanos() == 0;
        match seconds {
            Ok(seconds @ 900..=43_200) if is_whole => Ok(Self(seconds)),
            _ => Err(SessionDurationError),
        }
    }

    /// The duration in seconds.
    #[must_use]
    pub fn as_secs(self) -> u32 {
        self.0
    }
}

/// One hour, STS's own default, which every role allows.
impl Default for SessionDuration {
    fn default() -> Self {
        Self(3_600)
    }
}

fn is_made_of(text: &str, others: &[u8]) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || others.contains(&b);
    text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ExternalId, SessionDuration, SessionName};

    #[test]
    fn an_external_id_has_stss_characters_and_length() {
        for text in ["12", "a:b/c", "_+=,.@:/-", &"x".repeat(1_224)] {
            assert_eq!(ExternalId::parse(text).unwrap().as_str(), text);
        }
        for text in ["", "1", "a b", "é1", "a#b", "a\n", &"x".repeat(1_225)] {
            let error = ExternalId::parse(text).unwrap_err().to_string();
            assert!(text.len() < 2 || !error.contains(text), "{error}");
        }
    }

    #[test]
    fn a_session_name_has_stss_characters_and_length() {
        for text in ["ab", "team-1@example.com", &"x".repeat(64)] {
            assert_eq!(SessionName::parse(text).unwrap().as_str(), text);
        }
        for text in ["", "a", "a b", "a/b", "a:b", "éé", &"x".repeat(65)] {
            assert!(SessionName::parse(text).is_err(), "{text:?}");
        }
        let default = SessionName::default();
        assert_eq!(SessionName::parse(default.as_str()), Ok(default));
    }

    #[test]
    fn a_session_lasts_15_minutes_to_12_hours_in_whole_seconds() {
        for seconds in [900, 901, 3_600, 43_200] {
            let duration = SessionDuration::new(Duration::from_secs(seconds));
            assert_eq!(u64::from(duration.unwrap().as_secs()), seconds);
        }
        for millis in [0, 1, 899_999, 900_500, 43_200_001, u64::MAX] {
            let duration = SessionDuration::new(Duration::from_millis(millis));
            assert!(duration.is_err(), "{millis}");
        }
        assert!(SessionDuration::new(Duration::MAX).is_err());
        assert_eq!(SessionDuration::default().as_secs(), 3_600);
    }
}
