//! Too much load, too long calls and hostile peers: what is too much is refused at once, others are served, memory stays; here is what these tests share.

mod connections;
mod deadlines;
mod hostile;
mod limits;
mod tests_of_callers;

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::task::Poll;

use datastored::pb::{self, ErrorReason};
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use prost::bytes::Bytes;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::api::{Client, Refusal, refused};
use crate::server::Datastored;

/// Another address of this machine: another caller, where nobody says who they are.
const ELSEWHERE: &str = "127.0.0.2";

/// A client that speaks HTTP/2 and no more of gRPC than a test asks for.
struct Raw {
    send: SendRequest<Bytes>,
    address: String,
    /// Ends with the connection.
    connection: JoinHandle<Result<(), h2::Error>>,
}

/// A call that has begun. Dropping it cancels it.
struct Begun {
    answer: ResponseFuture,
    body: SendStream<Bytes>,
}

impl Raw {
    async fn connect(server: &Datastored) -> Self {
        let stream = TcpStream::connect(server.address()).await;
        let stream = stream.expect("the server takes connections");
        Self::over(stream, server, h2::client::Builder::new()).await
    }

    /// From another address, reading nothing of an answer's body.
    async fn not_reading(server: &Datastored) -> Self {
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(0);
        Self::over(connect_elsewhere(server).await, server, builder).await
    }

    async fn over(stream: TcpStream, server: &Datastored, builder: h2::client::Builder) -> Self {
        let shaken = builder.handshake(stream).await;
        let (send, connection) = shaken.expect("the server speaks HTTP/2");
        Self {
            send,
            address: server.address().to_owned(),
            connection: tokio::spawn(connection),
        }
    }

    /// Begins a call with these headers.
    async fn begin(&self, path: &str, headers: &[(&str, &str)]) -> Begun {
        let mut request = http::Request::post(format!("http://{}{path}", self.address))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("the request is well formed");
        let ready = self.send.clone().ready().await;
        let mut send = ready.expect("the connection is up");
        let (answer, body) = send.send_request(request, false).expect("it is sent");
        Begun { answer, body }
    }

    /// Calls that have sent the first bytes of a message of a megabyte, and never the rest.
    async fn half_calls(&self, number: usize, headers: &[(&str, &str)]) -> Vec<Begun> {
        let mut begun = Vec::new();
        for _ in 0..number {
            let mut call = self
                .begin(&crate::api::raw::path("CreateDatastore"), headers)
                .await;
            let mut part = vec![0, 0, 15, 0, 0];
            part.extend([b'x'; 500]);
            call.body.send_data(part.into(), false).expect("it is sent");
            begun.push(call);
        }
        begun
    }
}

impl Raw {
    /// So many half calls, which are all that may be in flight: one more was refused.
    async fn fill(&self, number: usize, headers: &[(&str, &str)]) -> Vec<Begun> {
        let mut begun = self.half_calls(number + 1, headers).await;
        let one = poll_fn(|cx| {
            let mut calls = begun.iter_mut().enumerate();
            let answered = calls.find_map(|(at, call)| match pin!(&mut call.answer).poll(cx) {
                Poll::Ready(answer) => Some((at, answer)),
                Poll::Pending => None,
            });
            answered.map_or(Poll::Pending, Poll::Ready)
        });
        let one = tokio::time::timeout(connections::PATIENCE, one).await;
        let (at, answer) = one.expect("one of them is refused");
        begun.swap_remove(at);
        let status = status(answer.expect("it is answered")).await;
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
        begun
    }
}

impl Begun {
    /// Sends the whole message; the headers of the answer, and its body.
    async fn send(mut self, message: &[u8]) -> http::Response<RecvStream> {
        let frame = crate::api::raw::frame(message);
        self.body.send_data(frame.into(), true).expect("it is sent");
        self.answer.await.expect("it is answered")
    }
}

/// The status that an answer ends with.
async fn status(answer: http::Response<RecvStream>) -> Status {
    if let Some(status) = Status::from_header_map(answer.headers()) {
        return status;
    }
    let mut body = answer.into_body();
    while let Some(data) = body.data().await {
        let length = data.expect("it ends well").len();
        let released = body.flow_control().release_capacity(length);
        released.expect("it was received");
    }
    let trailers = body.trailers().await.expect("it ends well");
    let status = trailers.as_ref().and_then(Status::from_header_map);
    status.expect("an answer ends with a status")
}

/// A connection from another address.
async fn connect_elsewhere(server: &Datastored) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("there are sockets");
    let from = format!("{ELSEWHERE}:0").parse().expect("an address");
    socket.bind(from).expect("it is an address of this machine");
    let to = server.address().parse().expect("an address");
    let stream = socket.connect(to).await;
    stream.expect("it takes connections")
}

/// What connects from another address.
fn endpoint_elsewhere(server: &Datastored) -> Endpoint {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address()));
    let from: IpAddr = ELSEWHERE.parse().expect("an address");
    endpoint.expect("a URI").local_address(Some(from))
}

/// A client at another address.
async fn elsewhere(server: &Datastored) -> Client {
    let connected = endpoint_elsewhere(server).connect().await;
    Client::new(connected.expect("it takes connections"))
}

async fn list(client: &mut Client) -> Result<pb::ListDatastoresResponse, Status> {
    let request = pb::ListDatastoresRequest::default();
    let answer = client.list_datastores(request).await;
    answer.map(Response::into_inner)
}

/// Asserts that health says that the server serves.
async fn assert_healthy(channel: Channel) {
    let answer = HealthClient::new(channel)
        .check(HealthCheckRequest::default())
        .await;
    let answer = answer.expect("health is answered").into_inner();
    assert_eq!(answer.status(), ServingStatus::Serving);
}

/// Asserts that a call was refused because of this limit, and told when to try again.
#[track_caller]
fn past_limit<T: std::fmt::Debug>(answer: Result<T, Status>, limit: &str, max: &str) -> Refusal {
    let refusal = refused(answer, ErrorReason::TooManyRequests);
    assert_eq!(refusal.metadata["limit"], limit);
    assert_eq!(refusal.metadata["max"], max);
    assert!(refusal.message.contains(max), "{}", refusal.message);
    let retry = refusal.details.retry_info().and_then(|r| r.retry_delay);
    assert!(retry.is_some_and(|delay| !delay.is_zero()));
    refusal
}

/// The resident memory of the server, in MiB.
fn resident_mib(server: &Datastored) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid()));
    let status = status.expect("the server runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: f64 = kib.and_then(|kib| kib.parse().ok()).expect("a number");
    kib / 1024.0
}
