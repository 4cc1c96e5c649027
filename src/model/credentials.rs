//! Who signs the requests to a datastore's bucket.

mod assumed_role;
mod role_arn;

pub use assumed_role::{
    AssumedRole, Base, ExternalId, ExternalIdError, SessionDuration, SessionDurationError,
    SessionName, SessionNameError,
};
pub use role_arn::{RoleArn, RoleArnError};

use super::error::Error;
use super::secret::Secret;

/// The longest access key ID that is taken, in bytes: IAM's own limit for `AccessKeyId`.
pub const MAX_ACCESS_KEY_ID: usize = 128;
/// The longest secret access key that is taken, in bytes. AWS's have 40; compatible stores allow more.
pub const MAX_SECRET_ACCESS_KEY: usize = 1_024;
/// The longest session token that is taken, in bytes. STS promises no limit; tokens seen are under 4 KiB.
pub const MAX_SESSION_TOKEN: usize = 8_192;

/// The credentials of a datastore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// An access key, long-term or temporary.
    AccessKey(AccessKey),
    /// Requests are not signed.
    Anonymous,
    /// The credentials that this server runs with.
    Ambient,
    /// A role, which is assumed anew for each client of S3.
    AssumedRole(Box<AssumedRole>),
    /// Credentials whose secrets are sealed in the store, as they may be shown: with blank secrets. Nothing is signed with them.
    Sealed(Box<Credentials>),
}

/// An access key; temporary when it has a session token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// Names the key. Not a secret.
    pub access_key_id: String,
    /// Signs requests.
    pub secret_access_key: Secret,
    /// Goes along with temporary keys.
    pub session_token: Option<Secret>,
}

impl Credentials {
    /// The access key that they have, be it only to ask for a role. Not that of sealed ones.
    #[must_use]
    pub fn access_key(&self) -> Option<&AccessKey> {
        match self {
            Self::AccessKey(key) => Some(key),
            Self::AssumedRole(role) => match &role.base {
                Base::AccessKey(key) => Some(key),
                Base::Ambient => None,
            },
            Self::Anonymous | Self::Ambient | Self::Sealed(_) => None,
        }
    }

    /// What may be shown of them. The secrets of those that are sealed are blank.
    #[must_use]
    pub fn shown(&self) -> &Self {
        match self {
            Self::Sealed(shown) => shown,
            open => open,
        }
    }

    /// Whether the server's own credentials sign, be it only the request for a role.
    #[must_use]
    pub fn are_the_servers(&self) -> bool {
        match self.shown() {
            Self::Ambient => true,
            Self::AssumedRole(role) => role.base == Base::Ambient,
            Self::AccessKey(_) | Self::Anonymous | Self::Sealed(_) => false,
        }
    }

    /// The role, if one is assumed.
    #[must_use]
    pub fn role(&self) -> Option<&AssumedRole> {
        match self.shown() {
            Self::AssumedRole(role) => Some(role),
            Self::AccessKey(_) | Self::Anonymous | Self::Ambient | Self::Sealed(_) => None,
        }
    }
}

impl AccessKey {
    /// A key as it may be shown: with blank secrets.
    #[must_use]
    pub fn blank(access_key_id: String, is_temporary: bool) -> Self {
        let blank = || Secret::new(String::new());
        Self {
            access_key_id,
            secret_access_key: blank(),
            session_token: is_temporary.then(blank),
        }
    }
}

/// Which credentials the operator lets datastores sign with.
#[derive(Clone, Copy, Debug)]
pub struct CredentialsPolicy {
    /// Whether those that this server runs with are among them.
    pub allow_ambient: bool,
}

impl CredentialsPolicy {
    /// Refuses the server's own credentials, unless they are allowed: also those of a datastore that was saved when they were.
    ///
    /// # Errors
    /// [`Error::AmbientCredentialsNotAllowed`].
    pub fn check(self, credentials: &Credentials) -> Result<(), Error> {
        if credentials.are_the_servers() && !self.allow_ambient {
            return Err(Error::AmbientCredentialsNotAllowed);
        }
        Ok(())
    }
}
