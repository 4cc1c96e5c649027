//! Peers that take without end: others are served meanwhile, and memory stays.

use datastored::pb::test_connection_request::Target;
use datastored::pb::{self, ErrorReason, Role};
use prost::Message;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::connections::PATIENCE;
use super::{Raw, assert_healthy, elsewhere, list, past_limit, resident_mib, status};
use crate::api::{create, get, raw, refused, removal, sent};
use crate::lab::eventually;
use crate::server::{Datastored, datastore, s3_config};

/// A client at another address can do everything.
async fn others_are_served(server: &Datastored) {
    let mut client = elsewhere(server).await;
    let s3 = s3_config("s3://logs/tests/", "", "AKIAIOSFODNN7EXAMPLE", "secret");
    let created = create(&mut client, datastore("Served", Role::Source, s3)).await;
    let read = get(&mut client, &created.name).await;
    assert_eq!(read.expect("it is stored"), created);
    sent(client.delete_datastore(removal(&created.name)).await);
    assert_healthy(server.channel().await).await;
}

/// Asserts that memory has grown by at most so many MiB.
#[track_caller]
fn assert_grown_at_most(mib: f64, before: f64, server: &Datastored) {
    let now = resident_mib(server);
    println!("{before:.1} MiB before, {now:.1} MiB now");
    assert!(now - before < mib, "{before:.1} MiB, then {now:.1} MiB");
}

/// An HTTP/2 frame, RFC 9113, section 4.1.
fn h2_frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .expect("it is short")
        .to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header that is indexed in no table, RFC 7541, section 6.2.2; its name stands in the static one.
fn literal(index: &[u8], value: &str) -> Vec<u8> {
    [
        index,
        &[u8::try_from(value.len()).expect("it is short")],
        value.as_bytes(),
    ]
    .concat()
}

/// Streams that are opened and cancelled in one breath, so that the server finds them cancelled (CVE-2023-44487).
fn rapid_resets(number: u32) -> Vec<u8> {
    let post_http = vec![0x83, 0x86];
    let path = literal(&[0x04], &raw::path("CreateDatastore"));
    let authority = literal(&[0x01], "localhost");
    let content = literal(&[0x0f, 0x10], "application/grpc");
    let headers = [post_http, path, authority, content].concat();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(h2_frame(4, 0, 0, &[]));
    for stream in (1..).step_by(2).take(number as usize) {
        bytes.extend(h2_frame(1, 4, stream, &headers));
        bytes.extend(h2_frame(3, 0, stream, &8_u32.to_be_bytes()));
    }
    bytes
}

#[tokio::test]
async fn rapid_resets_end_the_connection_and_cost_nobody_else() {
    let server = Datastored::start(&[]);
    let bytes = rapid_resets(2_000);
    let attack = async || {
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        // The server may hang up before it has read all.
        let _ = socket.write_all(&bytes).await;
        let mut read = Vec::new();
        let end = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut read)).await;
        // A reset is as good as an end.
        let _ = end.expect("the server hangs up");
        read
    };
    let read = attack().await;
    // GOAWAY with ENHANCE_YOUR_CALM, if the reset of the connection has not overtaken it.
    let calm = [0, 0, 0, 0x0b];
    assert!(
        read.is_empty() || read.windows(4).any(|w| w == calm),
        "{read:?}"
    );
    others_are_served(&server).await;
    let before = resident_mib(&server);
    for _ in 0..50 {
        attack().await;
    }
    others_are_served(&server).await;
    assert_grown_at_most(20.0, before, &server);
}

#[tokio::test]
async fn calls_that_are_cancelled_while_they_are_carried_out_leave_nothing() {
    let server = Datastored::start(&["--caller-rate", "1000000", "--caller-burst", "1000000"]);
    let peer = Raw::connect(&server).await;
    let mut before = 0.0;
    for round in 0..150 {
        if round == 20 {
            before = resident_mib(&server);
        }
        let begun = peer.half_calls(50, &[]).await;
        // What comes after them is answered, so they have come.
        let last = peer.begin(&raw::path("ListDatastores"), &[]).await;
        assert_eq!(status(last.send(b"").await).await.code(), tonic::Code::Ok);
        drop(begun);
    }
    others_are_served(&server).await;
    assert_grown_at_most(20.0, before, &server);
}

#[tokio::test]
async fn a_thousand_idle_connections_keep_nobody_out() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, most).unwrap();
    let server = Datastored::start(&["--max-connections-per-address", "1024"]);
    others_are_served(&server).await;
    let before = resident_mib(&server);
    let mut idle = Vec::new();
    for _ in 0..1_000 {
        idle.push(Raw::connect(&server).await);
    }
    others_are_served(&server).await;
    assert_grown_at_most(100.0, before, &server);
    drop(idle);
    others_are_served(&server).await;
}

/// A test that ends at once: nobody listens there.
fn short_test() -> Vec<u8> {
    let s3 = s3_config(
        "s3://logs",
        "http://127.0.0.1:1",
        "AKIAIOSFODNN7EXAMPLE",
        "secret",
    );
    pb::TestConnectionRequest {
        target: Some(Target::Datastore(datastore("", Role::Source, s3))),
        ..pb::TestConnectionRequest::default()
    }
    .encode_to_vec()
}

#[tokio::test]
async fn streams_that_nobody_reads_hold_no_test_and_no_memory_and_are_counted() {
    let options = [
        "--caller-calls",
        "100",
        "--max-concurrent-tests",
        "40",
        "--caller-rate",
        "100000",
    ];
    let server = Datastored::start(&options);
    let peer = Raw::not_reading(&server).await;
    let path = raw::path("TestConnection");
    let test = short_test();
    let mut unread = Vec::new();
    let mut before = 0.0;
    while unread.len() < 100 {
        let answer = peer.begin(&path, &[]).await.send(&test).await;
        match tonic::Status::from_header_map(answer.headers()) {
            None => unread.push(answer),
            // Those before it are still running: none waits for its reader.
            Some(busy) => drop(refused::<()>(Err(busy), ErrorReason::TooManyTests)),
        }
        if unread.len() == 10 {
            before = resident_mib(&server);
        }
    }
    let answer = peer.begin(&path, &[]).await.send(&test).await;
    past_limit::<()>(Err(status(answer).await), "caller-calls", "100");
    assert_grown_at_most(30.0, before, &server);
    list(&mut server.client().await).await.unwrap();
    drop(unread);
    eventually("they are over", || async {
        let answer = peer.begin(&path, &[]).await.send(&test).await;
        let status = tonic::Status::from_header_map(answer.headers());
        status.is_none_or(|status| !status.message().contains("in flight"))
    })
    .await;
}

#[tokio::test]
async fn halves_of_messages_are_counted_and_end_in_time() {
    let options = ["--call-timeout", "3s", "--max-connection-streams", "200"];
    let server = Datastored::start(&[&options[..], &["--max-waiting-writes", "200"]].concat());
    let mut client = server.client().await;
    let peer = Raw::connect(&server).await;
    let before = resident_mib(&server);
    let begun = peer.fill(128, &[]).await;
    past_limit(list(&mut client).await, "caller-calls", "128");
    others_are_served(&server).await;
    assert_grown_at_most(40.0, before, &server);
    for call in begun {
        let answer = call.answer.await.expect("it is answered");
        refused::<()>(Err(status(answer).await), ErrorReason::DeadlinePassed);
    }
    list(&mut client).await.unwrap();
}

#[tokio::test]
async fn a_question_that_no_limit_of_calls_counts_is_short_or_refused_before_it_has_come() {
    let options = ["--call-timeout", "5s", "--max-calls", "1"];
    let server = Datastored::start(&options);
    let peer = Raw::connect(&server).await;
    let mut half = vec![0];
    half.extend(1_000_000_u32.to_be_bytes());
    for path in [
        "/grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Watch",
    ] {
        let mut call = peer.begin(path, &[]).await;
        let sent = call.body.send_data(half.clone().into(), false);
        sent.expect("it is sent");
        let status = status(call.answer.await.expect("it is answered")).await;
        let refusal = refused::<()>(Err(status), ErrorReason::MessageTooLarge);
        assert_eq!(refusal.metadata["max_bytes"], "4096", "{path}");
        assert!(refusal.message.contains("4096"), "{}", refusal.message);
    }
    for version in ["v1", "v1alpha"] {
        let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
        let mut call = peer.begin(&path, &[]).await;
        let sent = call.body.send_data(half.clone().into(), false);
        sent.expect("it is sent");
        let end = status(call.answer.await.expect("it is answered"));
        let end = tokio::time::timeout(PATIENCE, end).await;
        end.expect("its stream ends");
    }
    assert_healthy(server.channel().await).await;
}
