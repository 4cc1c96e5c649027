//! Connections are bounded in number, greeting, silence and age.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Raw, connect_elsewhere, endpoint_elsewhere, list};
use crate::lab::eventually;
use crate::metrics::{SHOWN, shows};
use crate::server::Datastored;

/// Longer than the server may take to close a connection, and time for a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until the server has closed it.
async fn closed(mut stream: TcpStream) {
    let mut read = Vec::new();
    let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut read)).await;
    // A reset is an end, too.
    let _ = end.expect("the server closes it");
}

#[tokio::test]
async fn a_connection_too_many_is_closed_at_once_and_those_before_it_are_served() {
    let options = [
        "--max-connections",
        "3",
        "--max-connections-per-address",
        "4",
    ];
    let server = Datastored::start(&options);
    let mut client = server.client().await;
    list(&mut client).await.unwrap();
    let idle = [Raw::connect(&server).await, Raw::connect(&server).await];
    for _ in 0..5 {
        closed(TcpStream::connect(server.address()).await.unwrap()).await;
        list(&mut client).await.unwrap();
    }
    let log = server.log();
    assert_eq!(log.matches("--max-connections").count(), 1, "{log}");
    for idle in idle {
        idle.connection.abort();
    }
    eventually("there is room again", || async {
        let endpoint = format!("http://{}", server.address());
        let endpoint = tonic::transport::Endpoint::from_shared(endpoint).unwrap();
        let mut new = crate::api::Client::new(endpoint.connect_lazy());
        list(&mut new).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn one_address_has_a_quarter_of_the_connections_and_others_are_served() {
    let options = [&SHOWN[..], &["--max-connections", "8"]].concat();
    let server = Datastored::start(&options);
    let held = [
        Raw::not_reading(&server).await,
        Raw::not_reading(&server).await,
    ];
    for _ in 0..20 {
        closed(connect_elsewhere(&server).await).await;
    }
    list(&mut server.client().await).await.unwrap();
    for peer in &held {
        assert!(!peer.connection.is_finished(), "those before it stay");
    }
    let labels = ["limit=\"max-connections-per-address\""];
    shows(&server, "datastored_limits_hit_total", &labels, 20.0).await;
    let log = server.log();
    assert_eq!(
        log.matches("--max-connections-per-address").count(),
        1,
        "{log}"
    );
    for peer in held {
        peer.connection.abort();
    }
    eventually("there is room again", || async {
        let mut new = crate::api::Client::new(endpoint_elsewhere(&server).connect_lazy());
        list(&mut new).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_does_not_greet_is_closed() {
    let server = Datastored::start(&[]);
    let silent = TcpStream::connect(server.address()).await.unwrap();
    let mut half = TcpStream::connect(server.address()).await.unwrap();
    half.write_all(b"PRI * HTTP").await.unwrap();
    let kept = Raw::connect(&server).await;
    closed(silent).await;
    closed(half).await;
    assert!(!kept.connection.is_finished(), "one that has greeted stays");
}

#[tokio::test]
async fn a_peer_that_is_gone_without_a_word_is_noticed() {
    let options = ["--keepalive-interval", "1s", "--keepalive-timeout", "1s"];
    let server = Datastored::start(&options);
    let mut dead = TcpStream::connect(server.address()).await.unwrap();
    let greeting = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(),
        &[0, 0, 0, 4, 0, 0, 0, 0, 0],
    ];
    dead.write_all(&greeting.concat()).await.unwrap();
    let kept = Raw::connect(&server).await;
    closed(dead).await;
    assert!(!kept.connection.is_finished(), "one that answers stays");
}

/// Whether the system asks the client with this port whether it is still there: the timer of `/proc/net/tcp` that runs for the server's end is 2.
fn is_asked_after(server: &Datastored, client: u16) -> bool {
    let sockets = std::fs::read_to_string("/proc/net/tcp").expect("the system tells");
    let (_, port) = server.address().rsplit_once(':').expect("a port");
    let port: u16 = port.parse().expect("a number");
    let ends = [format!(":{port:04X}"), format!(":{client:04X}")];
    sockets.lines().any(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        fields[1].ends_with(&ends[0])
            && fields[2].ends_with(&ends[1])
            && fields[5].starts_with("02:")
    })
}

#[tokio::test]
async fn a_peer_that_does_not_speak_http2_is_asked_too_whether_it_is_there() {
    let server = Datastored::start(&[]);
    let mut page = TcpStream::connect(server.address()).await.unwrap();
    // A stream that says nothing until health changes.
    let head = b"POST /grpc.health.v1.Health/Watch HTTP/1.1\r\nhost: datastored\r\ncontent-type: application/grpc-web\r\ncontent-length: 5\r\n\r\n";
    page.write_all(&[&head[..], &[0; 5]].concat())
        .await
        .unwrap();
    assert_ne!(page.read(&mut [0; 4_096]).await.unwrap(), 0);
    let port = page.local_addr().unwrap().port();
    eventually("it is asked", || async { is_asked_after(&server, port) }).await;
}

#[tokio::test]
async fn an_old_connection_is_closed_when_no_call_is_open_on_it() {
    let server = Datastored::start(&["--max-connection-age", "1s"]);
    let idle = Raw::connect(&server).await;
    let busy = Raw::connect(&server).await;
    let held = busy.half_calls(1, &[]).await;
    let end = tokio::time::timeout(PATIENCE, idle.connection).await;
    end.expect("it is closed").unwrap().unwrap();
    assert!(!busy.connection.is_finished(), "its call goes on");
    drop(held);
    let end = tokio::time::timeout(PATIENCE, busy.connection).await;
    end.expect("it is closed").unwrap().unwrap();
}
