//! Who signs the requests of a client: nobody, keys that are there, or a role that has to be assumed first.

use aws_credential_types::Credentials as SdkCredentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::{BehaviorVersion, Builder, Region as SdkRegion, SharedHttpClient};

use super::http;
use super::role::Role;
use crate::metrics::S3Calls;
use crate::model::credentials::{AccessKey, Base, Credentials};
use crate::model::datastore::S3Config;
use crate::model::region::Region;

/// What signs.
#[derive(Clone, Debug)]
pub(super) enum Signer {
    /// Requests are not signed.
    Nobody,
    /// Credentials; `None` when the server has none of its own.
    Keys(Option<SharedCredentialsProvider>),
    /// The credentials that assuming a role gives.
    Role(Role),
}

impl Signer {
    /// What signs for a datastore. STS is asked on the connections of `http`, and not before a request is to be signed.
    pub(super) async fn of(config: &S3Config, http: &SharedHttpClient, calls: &S3Calls) -> Self {
        match &config.credentials {
            Credentials::Anonymous => Self::Nobody,
            // Whoever tests opens them first. Requests that are not signed would pass for others' rights.
            Credentials::Sealed(_) => Self::Keys(None),
            Credentials::AccessKey(key) => Self::Keys(Some(given(key))),
            Credentials::Ambient => Self::Keys(ambient(&config.region).await),
            Credentials::AssumedRole(role) => {
                let base = base(&role.base, &config.region).await;
                let (http, calls) = (http.clone(), calls.clone());
                Self::Role(Role::new(role, base, &config.region, http, calls))
            }
        }
    }

    /// Signs the requests of the SDK's client that is built.
    pub(super) fn apply(&self, mut builder: Builder) -> Builder {
        match self {
            Self::Nobody => builder.allow_no_auth(),
            Self::Keys(provider) => {
                builder.set_credentials_provider(provider.clone());
                builder
            }
            Self::Role(role) => builder.credentials_provider(role.clone()),
        }
    }

    /// Whether nothing can be signed yet, because a role is to be assumed first.
    pub(super) fn awaits_role(&self) -> bool {
        match self {
            Self::Role(role) => role.is_awaited(),
            Self::Nobody | Self::Keys(_) => false,
        }
    }
}

/// What asks for a role.
pub(super) async fn base(base: &Base, region: &Region) -> Option<SharedCredentialsProvider> {
    match base {
        Base::AccessKey(key) => Some(given(key)),
        Base::Ambient => ambient(region).await,
    }
}

fn given(key: &AccessKey) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(SdkCredentials::new(
        &key.access_key_id,
        key.secret_access_key.expose(),
        key.session_token.as_ref().map(|t| t.expose().to_owned()),
        None,
        "datastore",
    ))
}

/// The credentials that this server runs with.
async fn ambient(region: &Region) -> Option<SharedCredentialsProvider> {
    let shared = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(SdkRegion::new(region.as_str().to_owned()))
        .http_client(http::client_for_own_credentials())
        .load()
        .await;
    shared.credentials_provider()
}
