//! The HTTP client of a datastore: its certificates, the endpoint guard, and answers of a bounded length. It follows no redirect.

use std::net::IpAddr;

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::dns::SharedDnsResolver;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http::Uri;

use super::body::Bounded;
use super::failure::find;
use super::guard::{Forbidden, Guard};
use super::resolver::{Guarded, System};
use crate::model::certificates::Certificates;

/// A pool of connections that no other client shares, behind the guard, trusting these certificates, or the usual ones.
pub(super) fn client(guard: Guard, trusted: Option<&Certificates>) -> SharedHttpClient {
    guarded(guard, SharedDnsResolver::new(System), trusted)
}

/// For the server's own credentials alone: no datastore says where they come from, and an instance role's come from a metadata address.
pub(super) fn client_for_own_credentials() -> SharedHttpClient {
    let provider = tls::Provider::Rustls(CryptoMode::AwsLc);
    Builder::new().tls_provider(provider).build_https()
}

fn guarded(
    guard: Guard,
    names: SharedDnsResolver,
    trusted: Option<&Certificates>,
) -> SharedHttpClient {
    let client = trusting(trusted, Guarded { guard, names });
    http_client_fn(move |settings, components| {
        behind(guard, client.http_connector(settings, components))
    })
}

/// The same connector behind the guard, with answers of a bounded length. Its resolver has to be behind the guard, too.
pub(super) fn behind(guard: Guard, connector: SharedHttpConnector) -> SharedHttpConnector {
    SharedHttpConnector::new(Connector { guard, connector })
}

fn trusting(trusted: Option<&Certificates>, resolver: Guarded) -> SharedHttpClient {
    let builder = Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc));
    let Some(trusted) = trusted else {
        return builder.build_with_resolver(resolver);
    };
    let store = TrustStore::empty().with_pem_certificate(trusted.as_pem().as_bytes());
    match TlsContext::builder().with_trust_store(store).build() {
        Ok(context) => builder.tls_context(context).build_with_resolver(resolver),
        Err(error) => {
            tracing::error!(%error, "the trusted certificates of a datastore cannot be used");
            builder.build_with_resolver(resolver)
        }
    }
}

/// Sends a request and bounds its answer. A host that is an address is checked here, since no resolver is asked for it.
#[derive(Debug)]
struct Connector {
    guard: Guard,
    connector: SharedHttpConnector,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let checked = address(request.uri()).map_or(Ok(()), |a| self.guard.check(a));
        if let Err(forbidden) = checked {
            return HttpConnectorFuture::ready(Err(ConnectorError::user(forbidden.into())));
        }
        let answer = self.connector.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map_err(once_only)?;
            Ok(answer.map(|body| SdkBody::from_body_1_x(Bounded::new(body))))
        })
    }
}

/// The address that a URI has for a host. Read as the HTTP client reads it: what is not an address here is asked of the resolver there.
fn address(uri: &str) -> Option<IpAddr> {
    let uri: Uri = uri.parse().ok()?;
    let host = uri.host()?;
    host.trim_matches(['[', ']']).parse().ok()
}

/// What the guard does not let through is not tried again, as other failures of a look-up are.
fn once_only(error: ConnectorError) -> ConnectorError {
    match find::<Forbidden>(&error) {
        Some(forbidden) => ConnectorError::user((*forbidden).into()),
        None => error,
    }
}

#[cfg(test)]
mod tests;
