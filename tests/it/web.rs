//! Browsers: gRPC-Web on the port of gRPC, over HTTP/1.1 as a browser without TLS speaks it, and which pages may call.

use datastored::pb::{self, ErrorReason};
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Status;

use crate::api::{raw, refused};
use crate::connection::behind_a_proxy;
use crate::lab;
use crate::server::{Datastored, datastore};

const PAGE: &str = "https://console.example.com";

/// The beginning of the frame that has the trailers, in place of a message (PROTOCOL-WEB.md).
const TRAILERS: u8 = 0x80;

/// An answer, as much of it as has come.
struct Answer {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Answer {
    /// That to a request with this head and this body.
    async fn to(server: &Datastored, head: &str, body: &[u8]) -> Self {
        let mut stream = TcpStream::connect(server.address())
            .await
            .expect("it listens");
        let head = format!(
            "{head}host: datastored\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let request = [head.as_bytes(), body].concat();
        stream.write_all(&request).await.expect("it is read");
        Self {
            stream,
            bytes: Vec::new(),
        }
    }

    /// That to a call with gRPC-Web.
    async fn to_call(server: &Datastored, method: &str, headers: &str, message: &[u8]) -> Self {
        let head = format!(
            "POST {} HTTP/1.1\r\ncontent-type: application/grpc-web+proto\r\nx-grpc-web: 1\r\n{headers}",
            raw::path(method)
        );
        Self::to(server, &head, &raw::frame(message)).await
    }

    /// Reads on until these bytes have come.
    async fn until(&mut self, part: &[u8]) {
        while !self.bytes.windows(part.len()).any(|bytes| bytes == part) {
            let read = self.stream.read_buf(&mut self.bytes).await;
            let text = String::from_utf8_lossy(&self.bytes);
            assert_ne!(
                read.expect("it is sent"),
                0,
                "it ends without {part:?}: {text}"
            );
        }
    }

    /// The head, in lower case.
    async fn head(&mut self) -> String {
        self.until(b"\r\n\r\n").await;
        let text = String::from_utf8_lossy(&self.bytes);
        text.split("\r\n\r\n")
            .next()
            .unwrap_or_default()
            .to_lowercase()
    }

    /// The head, in which an answer without a message has its status.
    async fn status(&mut self) -> Status {
        let head = self.head().await;
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        let lines = text.lines().take(head.lines().count()).skip(1);
        let headers = lines.filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.parse().ok()?, value.parse().ok()?))
        });
        let headers: http::HeaderMap = headers.collect();
        Status::from_header_map(&headers).expect("a status")
    }
}

/// The message of a call that there is nothing to.
fn get_nothing() -> Vec<u8> {
    let name = "datastores/none".to_owned();
    pb::GetDatastoreRequest { name }.encode_to_vec()
}

#[tokio::test]
async fn a_call_with_grpc_web_is_answered_on_the_port_of_grpc() {
    let server = Datastored::start(&[]);
    let mut answer = Answer::to_call(&server, "ListDatastores", "", b"").await;
    let head = answer.head().await;
    assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
    assert!(
        head.contains("content-type: application/grpc-web"),
        "{head}"
    );
    assert!(head.contains("x-request-id: "), "{head}");
    assert!(!head.contains("access-control"), "{head}");
    answer.until(b"grpc-status:0\r\n").await;
    let mut missing = Answer::to_call(&server, "GetDatastore", "", &get_nothing()).await;
    refused::<()>(Err(missing.status().await), ErrorReason::DatastoreNotFound);
}

#[tokio::test]
async fn a_connection_test_streams_to_a_page() {
    let s3 = lab::s3s().await;
    let server = Datastored::start(&["--cors-origin", PAGE]);
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    let listing = proxy.hold("ListObjectsV2");
    let target = datastore("", pb::Role::Source, config);
    let request = pb::TestConnectionRequest {
        target: Some(pb::test_connection_request::Target::Datastore(target)),
        ..pb::TestConnectionRequest::default()
    };
    let headers = format!("origin: {PAGE}\r\n");
    let message = request.encode_to_vec();
    let mut answer = Answer::to_call(&server, "TestConnection", &headers, &message).await;
    let head = answer.head().await;
    assert!(
        head.contains(&format!("access-control-allow-origin: {PAGE}\r\n")),
        "{head}"
    );
    assert!(head.contains("grpc-status-details-bin"), "{head}");
    // The first event is there while S3 has not answered yet.
    answer.until(b"\r\n\x00").await;
    listing.one_waits().await;
    listing.release();
    answer.until(&[TRAILERS]).await;
    answer.until(b"grpc-status:0\r\n").await;
}

#[tokio::test]
async fn a_page_may_call_when_its_origin_is_named_and_no_other() {
    let open = Datastored::start(&["--cors-origin", PAGE]);
    let closed = Datastored::start(&[]);
    let preflight = |origin: &str| {
        format!(
            "OPTIONS {} HTTP/1.1\r\norigin: {origin}\r\naccess-control-request-method: POST\r\n\
             access-control-request-headers: authorization,content-type,grpc-timeout,traceparent,x-grpc-web,x-user-agent\r\n",
            raw::path("ListDatastores")
        )
    };
    let allowed = "access-control-allow-origin";
    for (server, origin, is_allowed) in [
        (&open, PAGE, true),
        (&open, "https://evil.example", false),
        (&open, "null", false),
        (&closed, PAGE, false),
    ] {
        let head = Answer::to(server, &preflight(origin), b"")
            .await
            .head()
            .await;
        assert_eq!(head.contains(allowed), is_allowed, "{origin}: {head}");
        for name in ["authorization", "grpc-timeout", "traceparent", "x-grpc-web"] {
            assert!(!is_allowed || head.contains(name), "{origin}: {head}");
        }
        // A page whose name is led to this server is of the same origin: the browser asks nothing, and its call is refused.
        let headers = format!("origin: {origin}\r\n");
        let mut answer = Answer::to_call(server, "GetDatastore", &headers, &get_nothing()).await;
        let status = answer.status().await;
        if is_allowed {
            refused::<()>(Err(status), ErrorReason::DatastoreNotFound);
        } else {
            let refusal = refused::<()>(Err(status), ErrorReason::OriginNotAllowed);
            assert_eq!(refusal.metadata["origin"], origin);
        }
    }
}

#[tokio::test]
async fn a_page_shows_a_token_like_any_other_caller() {
    let server = Datastored::start(&["--require-authentication", "--cors-origin", PAGE]);
    let headers = format!("origin: {PAGE}\r\n");
    let mut answer = Answer::to_call(&server, "ListDatastores", &headers, b"").await;
    refused::<()>(Err(answer.status().await), ErrorReason::CredentialMissing);
}

#[tokio::test]
async fn what_is_no_call_is_refused_in_plain_http() {
    let server = Datastored::start(&[]);
    for (head, status) in [
        ("GET / HTTP/1.1\r\n", "http/1.1 400 "),
        (
            "POST /x HTTP/1.1\r\ncontent-type: application/grpc\r\n",
            "http/1.1 400 ",
        ),
        (
            "GET /x HTTP/1.1\r\ncontent-type: application/grpc-web\r\n",
            "http/1.1 405 ",
        ),
    ] {
        let mut answer = Answer::to(&server, head, b"").await;
        let answered = answer.head().await;
        assert!(answered.starts_with(status), "{head}: {answered}");
        if status.contains("400") {
            answer.until(b"with content-type: application/json").await;
        }
    }
}

#[tokio::test]
async fn headers_are_as_large_as_over_http2_and_no_larger() {
    let server = Datastored::start(&[]);
    for (length, is_read) in [(15_000, true), (17_000, false), (300_000, false)] {
        let headers = format!("x-long: {}\r\n", "x".repeat(length));
        let mut answer = Answer::to_call(&server, "GetDatastore", &headers, &get_nothing()).await;
        let status = answer.status().await;
        if is_read {
            refused::<()>(Err(status), ErrorReason::DatastoreNotFound);
        } else {
            let refusal = refused::<()>(Err(status), ErrorReason::MessageTooLarge);
            assert_eq!(refusal.metadata["max_bytes"], "16384");
        }
    }
}
