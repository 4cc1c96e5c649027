//! Handshakes that come to nothing are counted.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{Authority, Files, call, channel};
use crate::metrics::{SHOWN, shows};

#[tokio::test]
async fn a_handshake_that_fails_is_counted_and_one_that_works_is_not() {
    let authority = Authority::new();
    let server = Files::of(&authority.issue()).serve(&SHOWN);
    let answered = call(channel(server.address(), authority.client())).await;
    answered.expect("TLS is spoken");
    let mut plain = TcpStream::connect(server.address()).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let refused = ["reason=\"refused\""];
    let failed = "datastored_tls_handshakes_failed_total";
    shows(&server, failed, &refused, 1.0).await;
    shows(&server, failed, &[], 1.0).await;
}
