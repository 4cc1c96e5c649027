//! Who is at the other end of a connection is known to every layer and handler of a request.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use datastored::metrics::Metrics;
use datastored::peer::Peer;
use datastored::transport::{ClientAuthority, Files as Paths, Incoming, Keepalive, Most, Tls};
use rustls_pki_types::CertificateDer;
use tokio::net::TcpListener;
use tonic::transport::{Channel, Server};
use tower::util::MapRequestLayer;

use super::{Authority, Files, call, channel};

/// The peer of each request, as a layer sees it.
type Seen = Arc<Mutex<Vec<Peer>>>;

/// A server that notes who calls; where it listens, and its notes. It ends with the test.
async fn start(tls: Option<Tls>) -> (SocketAddr, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("there is a free port");
    let address = listener.local_addr().expect("it has an address");
    let seen = Seen::default();
    let notes = Arc::clone(&seen);
    let note = move |request: http::Request<tonic::body::Body>| {
        let peer = request.extensions().get::<Peer>().cloned();
        notes.lock().expect("nobody panics").extend(peer);
        request
    };
    let (_, health) = tonic_health::server::health_reporter();
    let router = Server::builder()
        .layer(MapRequestLayer::new(note))
        .add_service(health);
    tokio::spawn(router.serve_with_incoming(Incoming::new(
        listener,
        tls.map(Arc::new),
        Most {
            connections: 100,
            of_one: 100,
        },
        Keepalive {
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(20),
        },
        &Metrics::default(),
    )));
    (address, seen)
}

#[track_caller]
fn one(seen: &Seen) -> Peer {
    let mut seen = seen.lock().expect("nobody panics");
    assert_eq!(seen.len(), 1, "one request was sent, and it has a peer");
    let peer = seen.remove(0);
    assert!(peer.address.ip().is_loopback() && peer.address.port() != 0);
    peer
}

#[tokio::test]
async fn a_request_in_plaintext_comes_from_an_address() {
    let (address, seen) = start(None).await;
    let channel = Channel::from_shared(format!("http://{address}")).unwrap();
    call(channel.connect_lazy()).await.unwrap();
    assert_eq!(one(&seen).certificates, []);
}

#[tokio::test]
async fn a_request_under_mutual_tls_comes_with_the_certificate_of_its_caller() {
    let (servers, callers) = (Authority::new(), Authority::new());
    let files = Files::of(&servers.issue());
    files.write("ca.pem", &callers.pem());
    let tls = Tls::load(Paths {
        certificate: files.path("cert.pem"),
        key: files.path("key.pem"),
        client_authority: Some(ClientAuthority {
            file: files.path("ca.pem"),
            required: false,
        }),
    });
    let (address, seen) = start(Some(tls.unwrap())).await;
    let caller = callers.issue();
    let no_certificate: [CertificateDer<'_>; 0] = [];
    for (client, shown) in [
        (
            servers.client_as(&caller),
            std::slice::from_ref(&caller.certificate),
        ),
        (servers.client(), &no_certificate),
    ] {
        call(channel(&address.to_string(), client)).await.unwrap();
        assert_eq!(one(&seen).certificates, shown);
    }
}
