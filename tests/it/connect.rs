//! The Connect protocol on the port of gRPC: JSON and protobuf in plain HTTP, over HTTP/1.1 and HTTP/2, and which errors it has.

use datastored::pb;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use prost::Message;
use prost::bytes::Bytes;
use serde_json::{Value, json};
use tonic::body::Body;
use tower::Service;

use crate::api::raw;
use crate::connection::behind_a_proxy;
use crate::lab;
use crate::server::{Datastored, datastore};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const JSON: [(&str, &str); 1] = [("content-type", "application/json")];
const JSON_STREAM: (&str, &str) = ("content-type", "application/connect+json");

/// A request to a method of ours, over HTTP/1.1.
async fn post(
    server: &Datastored,
    method: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Response<hyper::body::Incoming> {
    let url = format!("http://{}{}", server.address(), raw::path(method));
    let mut request = Request::post(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into()));
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request.expect("the request is well formed"));
    answer.await.expect("it is answered")
}

/// The status of an answer, and its JSON.
async fn json_of<B>(answer: Response<B>) -> (StatusCode, Value)
where
    B: hyper::body::Body<Error: std::fmt::Debug>,
{
    let status = answer.status();
    let content_type = answer.headers()["content-type"].clone();
    let body = answer.into_body().collect().await.expect("it ends well");
    let body = body.to_bytes();
    assert_eq!(content_type, "application/json", "{status}: {body:?}");
    (status, serde_json::from_slice(&body).expect("it is JSON"))
}

/// The reason that an error's details have.
fn reason(error: &Value) -> &str {
    let reason = &error["details"][0]["debug"]["reason"];
    reason.as_str().unwrap_or_default()
}

/// An envelope that is not compressed.
fn envelope(request: &Value) -> Vec<u8> {
    raw::frame(request.to_string().as_bytes())
}

/// The flags and the JSON of each envelope.
fn opened(mut bytes: &[u8]) -> Vec<(u8, Value)> {
    let mut envelopes = Vec::new();
    while let Some(([flags, length @ ..], rest)) = bytes.split_first_chunk::<5>() {
        let (message, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        envelopes.push((*flags, serde_json::from_slice(message).expect("it is JSON")));
        bytes = rest;
    }
    assert!(bytes.is_empty(), "{bytes:?}");
    envelopes
}

fn source() -> Value {
    json!({
        "datastoreId": "orders",
        "skipConnectionTest": true,
        "datastore": {
            "displayName": "Orders",
            "role": "ROLE_SOURCE",
            "s3": { "uri": "s3://orders/2026/", "accessKey": { "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": SECRET } },
        },
    })
}

#[tokio::test]
async fn a_call_in_json_is_answered_in_json() {
    let server = Datastored::start(&[]);
    let created = post(&server, "CreateDatastore", &JSON, source().to_string()).await;
    assert!(created.headers().contains_key("x-request-id"));
    assert!(!created.headers().contains_key("grpc-status"));
    let (status, created) = json_of(created).await;
    assert_eq!(status, StatusCode::OK, "{created}");
    assert_eq!(created["name"], "datastores/orders");
    assert_eq!(created["role"], "ROLE_SOURCE");
    assert!(!created.to_string().contains(SECRET));
    let charset = [("content-type", "application/json; charset=utf-8")];
    let (status, listed) = json_of(post(&server, "ListDatastores", &charset, "{}").await).await;
    assert_eq!(status, StatusCode::OK, "{listed}");
    assert_eq!(listed["datastores"], json!([created]));
}

#[tokio::test]
async fn a_call_in_protobuf_is_answered_in_protobuf_over_both_versions_of_http() {
    let server = Datastored::start(&[]);
    post(&server, "CreateDatastore", &JSON, source().to_string()).await;
    let name = "datastores/orders".to_owned();
    let message = pb::GetDatastoreRequest { name }.encode_to_vec();
    let proto = [
        ("content-type", "application/proto"),
        ("connect-protocol-version", "1"),
    ];
    let answer = post(&server, "GetDatastore", &proto, message.clone()).await;
    assert_eq!(answer.headers()["content-type"], "application/proto");
    let body = answer.into_body().collect().await.expect("it ends well");
    let found = pb::Datastore::decode(body.to_bytes()).expect("it is a datastore");
    assert_eq!(found.display_name, "Orders");

    let mut channel = server.channel().await;
    raw::ready(&mut channel).await;
    let request =
        Request::post(raw::path("GetDatastore")).header("content-type", "application/proto");
    let request = request.body(Body::new(Full::new(Bytes::from(message))));
    let answer = channel.call(request.expect("the request is well formed"));
    let answer = answer.await.expect("it is answered");
    let body = answer.into_body().collect().await.expect("it ends well");
    assert_eq!(pb::Datastore::decode(body.to_bytes()), Ok(found));
}

#[tokio::test]
async fn an_error_has_its_http_status_its_code_and_its_details() {
    let server = Datastored::start(&[]);
    let missing = json!({ "name": "datastores/none" }).to_string();
    let (status, error) = json_of(post(&server, "GetDatastore", &JSON, missing).await).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(error["code"], "not_found");
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|text| text.contains("datastores/none"))
    );
    let info = &error["details"][0];
    assert_eq!(info["type"], "google.rpc.ErrorInfo");
    assert_eq!(reason(&error), "DATASTORE_NOT_FOUND");
    let value = info["value"].as_str().expect("a text");
    assert!(!value.is_empty() && !value.contains('='), "{value}");

    let (status, error) = json_of(post(&server, "ExplodeDatastore", &JSON, "{}").await).await;
    assert_eq!(
        (status, &error["code"]),
        (StatusCode::NOT_IMPLEMENTED, &json!("unimplemented"))
    );
}

#[tokio::test]
async fn a_connection_test_comes_in_envelopes_while_it_goes_on() {
    let s3 = lab::s3s().await;
    let server = Datastored::start(&[]);
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    let listing = proxy.hold("ListObjectsV2");
    let target = datastore("", pb::Role::Source, config);
    let target = Some(pb::test_connection_request::Target::Datastore(target));
    let request = pb::TestConnectionRequest {
        target,
        ..pb::TestConnectionRequest::default()
    };
    let message = raw::frame(&request.encode_to_vec());
    let proto = [("content-type", "application/connect+proto")];
    let answer = post(&server, "TestConnection", &proto, message).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let mut body = answer.into_body();
    // The first event is there while S3 has not answered yet.
    let first = body
        .frame()
        .await
        .expect("a frame")
        .expect("it comes whole");
    let first = first.into_data().expect("an envelope");
    let started = pb::TestConnectionResponse::decode(&first[5..]).expect("an event");
    assert!(matches!(
        started.event,
        Some(pb::test_connection_response::Event::Started(_))
    ));
    listing.one_waits().await;
    listing.release();
    let rest = body.collect().await.expect("it ends well").to_bytes();
    assert!(rest.ends_with(b"\x02\x00\x00\x00\x02{}"), "{rest:?}");
}

#[tokio::test]
async fn a_stream_in_json_ends_with_its_error() {
    let server = Datastored::start(&[]);
    let missing = envelope(&json!({ "name": "datastores/none" }));
    let answer = post(&server, "TestConnection", &[JSON_STREAM], missing).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/connect+json");
    let body = answer.into_body().collect().await.expect("it ends well");
    let envelopes = opened(&body.to_bytes());
    let [(2, end)] = &envelopes[..] else {
        panic!("{envelopes:?}")
    };
    assert_eq!(end["error"]["code"], "not_found");
    assert_eq!(reason(&end["error"]), "DATASTORE_NOT_FOUND");
}

#[tokio::test]
async fn a_stream_ends_at_the_deadline_of_its_caller() {
    let s3 = lab::s3s().await;
    let server = Datastored::start(&[]);
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let _listing = proxy.hold("ListObjectsV2");
    let Some(pb::s3_config::Credentials::AccessKey(key)) = &config.credentials else {
        panic!("{bucket} has keys")
    };
    let request = json!({ "datastore": { "role": "ROLE_SOURCE", "s3": {
        "uri": config.uri,
        "endpoint": config.endpoint,
        "accessKey": { "accessKeyId": key.access_key_id, "secretAccessKey": key.secret_access_key },
    } } });
    let headers = [JSON_STREAM, ("connect-timeout-ms", "1000")];
    let answer = post(&server, "TestConnection", &headers, envelope(&request)).await;
    let body = answer.into_body().collect().await.expect("it ends well");
    let envelopes = opened(&body.to_bytes());
    assert!(envelopes[0].1["started"].is_object(), "{envelopes:?}");
    let (flags, end) = envelopes.last().expect("one at least");
    assert_eq!(
        (*flags, &end["error"]["code"]),
        (2, &json!("deadline_exceeded"))
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_not_repeated() {
    let server = Datastored::start(&[]);
    let unknown = source().to_string().replace("secretAccessKey", SECRET);
    let not_ended = source().to_string().replace("}}", "");
    let wrong_type = format!(r#"{{"validateOnly": "{SECRET}"}}"#);
    let twice = format!("{{}}{{}}{SECRET}");
    for body in [unknown, not_ended, wrong_type, twice, String::new()] {
        let (status, error) = json_of(post(&server, "CreateDatastore", &JSON, body).await).await;
        assert_eq!(
            (status, reason(&error)),
            (StatusCode::BAD_REQUEST, "MALFORMED_MESSAGE"),
            "{error}"
        );
        assert!(!error.to_string().contains(SECRET), "{error}");
    }
    assert!(!server.log().contains(SECRET));
    let large = json!({ "filter": "x".repeat(2 << 20) }).to_string();
    let (status, error) = json_of(post(&server, "ListDatastores", &JSON, large).await).await;
    assert_eq!(
        (status, reason(&error)),
        (StatusCode::BAD_REQUEST, "MESSAGE_TOO_LARGE"),
        "{error}"
    );
}

#[tokio::test]
async fn what_the_protocol_has_and_this_server_has_not_is_refused() {
    let server = Datastored::start(&[]);
    for (name, value, code) in [
        ("content-encoding", "gzip", "unimplemented"),
        ("connect-protocol-version", "2", "invalid_argument"),
        ("connect-timeout-ms", "soon", "invalid_argument"),
    ] {
        let headers = [JSON[0], (name, value)];
        let (_, error) = json_of(post(&server, "ListDatastores", &headers, "{}").await).await;
        assert_eq!(error["code"], code, "{name}: {error}");
    }
    let mut compressed = envelope(&json!({ "name": "datastores/none" }));
    compressed[0] = 1;
    let two = [envelope(&json!({})), envelope(&json!({}))].concat();
    for body in [compressed, two, b"\0\0".to_vec()] {
        let answer = post(&server, "TestConnection", &[JSON_STREAM], body).await;
        let body = answer.into_body().collect().await.expect("it ends well");
        let error = &opened(&body.to_bytes())[0].1["error"];
        assert_eq!(reason(error), "MALFORMED_MESSAGE", "{error}");
    }
    let unary = post(&server, "TestConnection", &JSON, "{}").await;
    assert_eq!(unary.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let streamed = post(
        &server,
        "ListDatastores",
        &[JSON_STREAM],
        envelope(&json!({})),
    )
    .await;
    assert_eq!(streamed.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn who_calls_is_looked_at_before_the_message_is() {
    let closed = Datastored::start(&["--require-authentication"]);
    let (status, error) = json_of(post(&closed, "ListDatastores", &JSON, "no JSON").await).await;
    assert_eq!(
        (status, reason(&error)),
        (StatusCode::UNAUTHORIZED, "CREDENTIAL_MISSING")
    );

    let open = Datastored::start(&[]);
    let of_a_page = [JSON[0], ("origin", "https://evil.example")];
    let (status, error) = json_of(post(&open, "ListDatastores", &of_a_page, "{}").await).await;
    assert_eq!(
        (status, reason(&error)),
        (StatusCode::FORBIDDEN, "ORIGIN_NOT_ALLOWED")
    );
    // These a browser sends without asking.
    for plain in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "text/plain;application/json",
    ] {
        let answer = post(&open, "ListDatastores", &[("content-type", plain)], "{}").await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{plain}");
    }
}
