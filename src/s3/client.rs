//! An SDK client for one datastore: its region, endpoint, addressing style and credentials.

use std::time::Duration;

use aws_credential_types::Credentials as SdkCredentials;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, IdentityCache, Region, RequestChecksumCalculation,
    ResponseChecksumValidation, SharedHttpClient,
};
use aws_smithy_http_client::tls;

use crate::model::credentials::Credentials;
use crate::model::datastore::S3Config;
use crate::model::location::Bucket;

/// How long to wait for a connection before trying again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How often a call is sent at the most, the first time included.
const MAX_ATTEMPTS: u32 = 3;

/// Calls S3 as one datastore does. Clones share their connections; two clients share neither connections nor identities.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) sdk: aws_sdk_s3::Client,
    pub(super) bucket: Bucket,
}

impl Client {
    /// A client with connections of its own. Nothing is sent yet.
    pub async fn new(config: &S3Config) -> Self {
        let http = http_client();
        let mut builder = Builder::new()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(config.region.as_str().to_owned()))
            .force_path_style(config.uses_path_style())
            .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT_TIMEOUT)
                    .build(),
            )
            // Keys that never change need no cache, and a cache would outlive the test (smithy-rs 4340).
            .identity_cache(IdentityCache::no_cache())
            .http_client(http.clone());
        if let Some(endpoint) = &config.endpoint {
            // Checksum trailers, the SDK's default, are refused by some compatible stores.
            builder = builder
                .endpoint_url(endpoint.as_str())
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
                .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        }
        builder = match &config.credentials {
            Credentials::AccessKey(key) => builder.credentials_provider(SdkCredentials::new(
                &key.access_key_id,
                key.secret_access_key.expose(),
                key.session_token.as_ref().map(|t| t.expose().to_owned()),
                None,
                "datastore",
            )),
            Credentials::Anonymous => builder.allow_no_auth(),
            Credentials::Ambient => {
                let shared = aws_config::defaults(BehaviorVersion::v2026_01_12())
                    .region(Region::new(config.region.as_str().to_owned()))
                    .http_client(http)
                    .load()
                    .await;
                builder.set_credentials_provider(shared.credentials_provider());
                builder
            }
        };
        Self {
            sdk: aws_sdk_s3::Client::from_conf(builder.build()),
            bucket: config.bucket.clone(),
        }
    }
}

/// A pool of connections that no other client shares.
fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::AwsLc,
        ))
        .build_https()
}
