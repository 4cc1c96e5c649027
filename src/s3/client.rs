//! An SDK client for one datastore: its region, endpoint, addressing style, credentials and trusted certificates.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_s3::Client as Sdk;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    AppName, BehaviorVersion, Builder, IdentityCache, Region as SdkRegion,
    RequestChecksumCalculation, ResponseChecksumValidation, SharedHttpClient,
};
use tokio::sync::OnceCell;

use super::guard::Guard;
use super::http;
use super::signer::Signer;
use crate::metrics::S3Calls;
use crate::model::call_id::CallId;
use crate::model::datastore::S3Config;
use crate::model::location::Bucket;
use crate::model::region::Region;

/// How long to wait for a connection before trying again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How often a call is sent at the most, the first time included.
const MAX_ATTEMPTS: u32 = 3;

/// How long the name of an app in the user agent should be at the most, as the SDK says.
const MAX_APP_NAME: usize = 50;

/// Calls S3 as one datastore does. Clones share their connections; two clients share neither connections nor identities.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) bucket: Bucket,
    configured: Route,
    /// Whether there are two addressing styles to try: Amazon S3 understands both.
    pub(super) may_change_style: bool,
    current: Arc<Mutex<(Route, Sdk)>>,
    /// The route with the other addressing style, if that was tried and works.
    pub(super) other_style: Arc<OnceCell<Option<Route>>>,
    signer: Signer,
    pub(super) calls: S3Calls,
}

/// The way of a request to the bucket: the region it is signed for, and where it puts the bucket's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The region.
    pub region: Region,
    /// Whether the bucket's name is in the path.
    pub path_style: bool,
}

impl Client {
    /// A client with connections of its own, behind the guard. Nothing is sent yet; what will be is counted in `calls`.
    pub async fn new(config: &S3Config, guard: Guard, calls: S3Calls) -> Self {
        let configured = Route {
            region: config.region.clone(),
            path_style: config.uses_path_style(),
        };
        let http = http::client(guard, config.ca_certificates.as_ref());
        let signer = Signer::of(config, &http, &calls).await;
        let sdk = sdk(config, &configured, &signer, http);
        Self {
            bucket: config.bucket.clone(),
            may_change_style: config.endpoint.is_some(),
            current: Arc::new(Mutex::new((configured.clone(), sdk))),
            configured,
            other_style: Arc::new(OnceCell::new()),
            signer,
            calls,
        }
    }

    /// The same, whose requests to S3 have the id of the call, if there is one, in their user agent, as the name of an app: the first 50 characters, more are discouraged.
    #[must_use]
    pub fn on_behalf_of(self, call: Option<&CallId>) -> Self {
        let cut = |id: &str| id[..id.len().min(MAX_APP_NAME)].to_owned();
        let name = call.and_then(|call| AppName::new(cut(call.as_str())).ok());
        if let Some(name) = name {
            let (route, sdk) = self.current();
            let builder = sdk.config().to_builder().app_name(name);
            self.take(route, Sdk::from_conf(builder.build()));
        }
        self
    }

    /// Whether S3 has not been sent anything so far because a role is to be assumed first.
    #[must_use]
    pub fn awaits_role(&self) -> bool {
        self.signer.awaits_role()
    }

    /// The way that was found to work, if it is not the configured one.
    #[must_use]
    pub fn detour(&self) -> Option<Route> {
        let (route, _) = self.current();
        (route != self.configured).then_some(route)
    }

    /// The configured way.
    #[must_use]
    pub fn configured(&self) -> &Route {
        &self.configured
    }

    /// The way that requests go now, and the SDK's client that sends them so.
    pub(super) fn current(&self) -> (Route, Sdk) {
        self.lock().clone()
    }

    /// An SDK client for another way, on the same connections.
    pub(super) fn on(&self, route: &Route) -> Sdk {
        let (_, sdk) = self.current();
        let builder = sdk.config().to_builder();
        Sdk::from_conf(route.apply(builder).build())
    }

    /// Sends requests this way from now on.
    pub(super) fn take(&self, route: Route, sdk: Sdk) {
        *self.lock() = (route, sdk);
    }

    fn lock(&self) -> MutexGuard<'_, (Route, Sdk)> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Route {
    fn apply(&self, builder: Builder) -> Builder {
        builder
            .region(SdkRegion::new(self.region.as_str().to_owned()))
            .force_path_style(self.path_style)
    }
}

/// How often a call is sent.
pub(super) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS)
}

/// How long it may take to connect.
pub(super) fn timeouts() -> TimeoutConfig {
    let builder = TimeoutConfig::builder();
    builder.connect_timeout(CONNECT_TIMEOUT).build()
}

fn sdk(config: &S3Config, route: &Route, signer: &Signer, http: SharedHttpClient) -> Sdk {
    let mut builder = route
        .apply(Builder::new())
        .behavior_version(BehaviorVersion::v2026_01_12())
        .retry_config(retries())
        .timeout_config(timeouts())
        // Keys that never change need no cache, a role keeps its own, and a cache would outlive the test (smithy-rs 4340).
        .identity_cache(IdentityCache::no_cache())
        .http_client(http);
    if let Some(endpoint) = &config.endpoint {
        // Checksum trailers, the SDK's default, are refused by some compatible stores.
        builder = builder
            .endpoint_url(endpoint.as_str())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    }
    Sdk::from_conf(signer.apply(builder).build())
}
