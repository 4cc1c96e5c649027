//! gRPC calls as bytes, for requests that no client library would send.

use http_body_util::{BodyExt, Full};
use prost::bytes::Bytes;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::Channel;
use tower::Service;

/// The path of an RPC of ours.
pub fn path(method: &str) -> String {
    format!("/datastore.v1.DatastoreService/{method}")
}

/// A message in the frame that gRPC puts around it: not compressed, with its length.
pub fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a message is under 4 GiB");
    [&[0][..], &length.to_be_bytes(), message].concat()
}

/// Sends a body and returns the status that the answer ends with.
pub async fn call(channel: &Channel, path: &str, body: impl Into<Bytes>) -> Status {
    let request = request(path)
        .body(Body::new(Full::new(body.into())))
        .expect("the request is well formed");
    answer(channel, request).await
}

/// The beginnings of a gRPC request.
pub fn request(path: &str) -> http::request::Builder {
    http::Request::post(path)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
}

/// Waits until a call may be made, as `call` requires.
pub async fn ready(channel: &mut Channel) {
    let ready = std::future::poll_fn(|cx| channel.poll_ready(cx)).await;
    ready.expect("the connection is up");
}

/// Sends a request and returns the status that the answer ends with.
pub async fn answer(channel: &Channel, request: http::Request<Body>) -> Status {
    let mut channel = channel.clone();
    ready(&mut channel).await;
    let response = channel.call(request).await.expect("it is answered");
    if let Some(status) = Status::from_header_map(response.headers()) {
        return status;
    }
    let body = response.into_body().collect().await.expect("it ends well");
    let status = body.trailers().and_then(Status::from_header_map);
    status.expect("an answer ends with a status")
}
