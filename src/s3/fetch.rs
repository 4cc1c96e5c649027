//! Fetches a document that the operator has named by its URL, through the endpoint guard like all else.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::dns::SharedDnsResolver;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::byte_stream::ByteStream;
use tokio::time::timeout;
use url::Url;

use super::failure::find;
use super::guard::{Forbidden, Guard};
use super::http;
use super::resolver::{Guarded, System};

/// Why a document could not be fetched. The messages have nothing of the answer in them.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The guard does not connect to the address.
    #[error("{0}")]
    Forbidden(String),
    /// No connection, or no answer.
    #[error("it cannot be reached")]
    Unreachable,
    /// It took too long.
    #[error("no whole answer within {0:?}")]
    TooSlow(Duration),
    /// The answer is no success. A redirect is none.
    #[error("the answer has the status {0}")]
    Status(u16),
    /// The answer broke off, or has more than 1 MiB.
    #[error("the answer broke off, or has more than 1 MiB")]
    Body,
}

/// Gets a document of at most 1 MiB. No redirect is followed, and no address is connected to that the guard does not let through.
///
/// # Errors
/// When there is no whole answer within `patience`, or it is not 200.
pub async fn fetch(url: &Url, guard: Guard, patience: Duration) -> Result<Vec<u8>, FetchError> {
    let fetched = timeout(patience, get(url, guard)).await;
    fetched.map_err(|_| FetchError::TooSlow(patience))?
}

async fn get(url: &Url, guard: Guard) -> Result<Vec<u8>, FetchError> {
    let names = SharedDnsResolver::new(System);
    let connector = Connector::builder()
        .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
        .build_with_resolver(Guarded { guard, names });
    let connector = http::behind(guard, SharedHttpConnector::new(connector));
    let mut request = HttpRequest::get(url.as_str()).map_err(|_| FetchError::Unreachable)?;
    request.headers_mut().insert("accept", "application/json");
    let answer = connector.call(request).await;
    let answer = answer.map_err(|error| match find::<Forbidden>(&error) {
        Some(forbidden) => FetchError::Forbidden(forbidden.to_string()),
        None => FetchError::Unreachable,
    })?;
    match answer.status().as_u16() {
        200 => {
            let body = answer.into_body();
            let body = ByteStream::new(body).collect().await;
            Ok(body.map_err(|_| FetchError::Body)?.to_vec())
        }
        status => Err(FetchError::Status(status)),
    }
}
