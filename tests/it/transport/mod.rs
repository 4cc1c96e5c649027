//! How calls come in: TLS, mutual TLS, files that change while the server runs, and connections that stall; here is what these tests share.

mod accepting;
mod counted;
mod handshake;
mod mutual;
mod peer;
mod reload;
mod start;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::client::WantsClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::lab;
use crate::server::Datastored;

/// Who vouches for servers or callers.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate of an authority, with its key.
pub struct Issued {
    certificate: CertificateDer<'static>,
    pub pem: String,
    pub key: KeyPair,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = lab::new_name();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key can be made");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority can be made"))
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for `localhost`.
    pub fn issue(&self) -> Issued {
        self.issue_as(|_| {})
    }

    /// The same with changes.
    pub fn issue_as(&self, change: impl FnOnce(&mut CertificateParams)) -> Issued {
        self.issue_for(KeyPair::generate().expect("a key can be made"), change)
    }

    /// The same for this key.
    fn issue_for(&self, key: KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Issued {
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        change(&mut params);
        let certificate = params.signed_by(&key, &self.0);
        let certificate = certificate.expect("a certificate can be signed");
        Issued {
            certificate: certificate.der().clone(),
            pem: certificate.pem(),
            key,
        }
    }

    /// A client's configuration that trusts this authority.
    fn trusted(
        &self,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ConfigBuilder<ClientConfig, WantsClientCert> {
        let mut roots = RootCertStore::empty();
        let own = self.0.der().clone();
        roots.add(own).expect("an authority can be trusted");
        ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(versions)
            .expect("versions of TLS")
            .with_root_certificates(roots)
    }

    /// A client that trusts this authority and has no certificate.
    fn client(&self) -> ClientConfig {
        with_http2(self.trusted(rustls::ALL_VERSIONS).with_no_client_auth())
    }

    /// A client that trusts this authority and has a certificate.
    fn client_as(&self, own: &Issued) -> ClientConfig {
        self.client_of(rustls::ALL_VERSIONS, own)
    }

    /// The same with some versions of TLS.
    fn client_of(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        own: &Issued,
    ) -> ClientConfig {
        let builder = self.trusted(versions);
        let key = PrivateKeyDer::try_from(own.key.serialize_der()).expect("a key in DER");
        let config = builder.with_client_auth_cert(vec![own.certificate.clone()], key);
        with_http2(config.expect("a key and its certificate"))
    }
}

fn with_http2(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

/// The files of a server, in a folder of their own.
pub struct Files(TempDir);

impl Files {
    /// With this certificate and its key.
    pub fn of(issued: &Issued) -> Self {
        let files = Self(TempDir::new().expect("a temporary folder can be made"));
        files.write("cert.pem", &issued.pem);
        files.write("key.pem", &issued.key.serialize_pem());
        files
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn path_text(&self, name: &str) -> String {
        let path = self.path(name);
        path.to_str().expect("a path is text").to_owned()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("a file can be written");
    }

    /// The options that name certificate and key, and more.
    pub fn options(&self, more: &[&str]) -> Vec<String> {
        let mut options = options(&self.path("cert.pem"), &self.path("key.pem"));
        options.extend(more.iter().map(|&option| option.to_owned()));
        options
    }

    /// A server with these files, and more options. Its log has what is for debugging.
    fn serve(&self, more: &[&str]) -> Datastored {
        let options = self.options(more);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        Datastored::start_with(&options, &[("RUST_LOG", "datastored=debug")])
    }
}

/// The options that name certificate and key.
fn options(certificate: &Path, key: &Path) -> Vec<String> {
    let text = |path: &Path| path.to_str().expect("a path is text").to_owned();
    vec![
        "--tls-cert".to_owned(),
        text(certificate),
        "--tls-key".to_owned(),
        text(key),
    ]
}

/// A TLS connection that speaks nothing yet.
async fn connect(address: &str, config: ClientConfig) -> io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
}

/// The certificate that a new connection is shown.
async fn shown(address: &str, config: ClientConfig) -> CertificateDer<'static> {
    let stream = connect(address, config).await.expect("TLS is spoken");
    let chain = stream.get_ref().1.peer_certificates();
    chain.expect("a server has a certificate")[0]
        .clone()
        .into_owned()
}

/// A connection for calls, made with the first of them.
fn channel(address: &str, config: ClientConfig) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("a URI");
    let address = address.to_owned();
    endpoint.connect_with_connector_lazy(tower::service_fn(move |_| {
        let (address, config) = (address.clone(), config.clone());
        async move { connect(&address, config).await.map(TokioIo::new) }
    }))
}

/// Whether the server answers a call.
async fn call(channel: Channel) -> Result<(), Status> {
    let request = HealthCheckRequest::default();
    HealthClient::new(channel).check(request).await.map(|_| ())
}
