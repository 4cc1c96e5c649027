//! Clients that speak badly, or not at all: they are refused or left alone, and everybody else is served.

use std::pin::pin;

use datastored::pb::{self, ErrorReason};
use http_body_util::StreamBody;
use hyper::body::Frame;
use prost::Message;
use prost::bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;
use tonic::body::Body;
use tonic::transport::Channel;
use tower::Service;

use super::raw::{self, frame};
use super::{Client, all, create, creation, get, refused, removal, sent, source, start};
use crate::server::Datastored;

/// Another client, on a connection of its own and on an old one, can do everything.
async fn others_are_served(server: &Datastored, old: &mut Client) {
    let mut new = server.client().await;
    let created = create(&mut new, source("Served")).await;
    let read = get(old, &created.name).await;
    assert_eq!(read.expect("it is stored"), created);
    sent(old.delete_datastore(removal(&created.name)).await);
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes that are no gRPC, and whether the server must hang up on them by itself.
fn garbage() -> Vec<(&'static str, Vec<u8>, bool)> {
    let noise: Vec<u8> = (0..100_000_u32)
        .map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3])
        .collect();
    let http1 = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec();
    let post = b"POST /datastore.v1.DatastoreService/GetDatastore HTTP/1.1\r\nHost: l\r\nContent-Length: 5\r\n\r\n";
    let hello = [&[22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[7; 300]].concat();
    vec![
        ("noise", noise.clone(), true),
        ("zeros", vec![0; 1_000], true),
        ("HTTP/1.1 GET", http1, true),
        ("HTTP/1.1 POST", post.to_vec(), true),
        ("a TLS greeting", hello, true),
        ("noise after the preface", [PREFACE, &noise].concat(), true),
        (
            "a frame that is too long",
            [PREFACE, &[0xff, 0xff, 0xff, 4, 0, 0, 0, 0, 0], &[0; 100]].concat(),
            true,
        ),
        (
            "SETTINGS of a wrong size",
            [PREFACE, &[0, 0, 5, 4, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5]].concat(),
            true,
        ),
        ("nothing", Vec::new(), false),
        ("half a preface", PREFACE[..10].to_vec(), false),
        ("a preface alone", PREFACE.to_vec(), false),
        (
            "half of a frame",
            [PREFACE, &[0, 0, 100, 1, 4, 0, 0]].concat(),
            false,
        ),
    ]
}

#[tokio::test]
async fn bytes_that_are_no_grpc_harm_nobody_else() {
    let (server, mut client) = start().await;
    let mut held = Vec::new();
    for (what, bytes, hangs_up) in garbage() {
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        // The server may hang up before it has read all.
        let _ = socket.write_all(&bytes).await;
        others_are_served(&server, &mut client).await;
        if hangs_up {
            println!("waiting for the server to hang up on: {what}");
            // A reset is as good as an end.
            let _ = socket.read_to_end(&mut Vec::new()).await;
        } else {
            held.push(socket);
        }
        let dropped = TcpStream::connect(server.address()).await.unwrap();
        // As above.
        let _ = dropped.try_write(&bytes);
        drop(dropped);
    }
    others_are_served(&server, &mut client).await;
    assert_eq!(held.len(), 4);
}

#[tokio::test]
async fn bodies_that_are_no_message_are_refused_as_malformed() {
    let (server, mut client) = start().await;
    let channel = server.channel().await;
    let whole = creation(source("Orders")).encode_to_vec();
    let half = whole[..whole.len() / 2].to_vec();
    // Field 2 of a create, datastore_id, in bytes that are no UTF-8.
    let not_utf8 = vec![0x12, 2, 0xff, 0xfe];
    let wrong_type = vec![0x10, 7];
    for (what, body) in [
        ("no frame", Vec::new()),
        ("half of a frame's head", vec![0, 0, 0]),
        ("a frame that is cut off", frame(&whole)[..20].to_vec()),
        ("a frame with half of a message", frame(&half)),
        ("noise in a frame", frame(&[0xff; 50])),
        ("no UTF-8", frame(&not_utf8)),
        ("another type", frame(&wrong_type)),
        (
            "a frame marked compressed",
            [&[1], &frame(&whole)[1..]].concat(),
        ),
        (
            "a frame with an unknown mark",
            [&[7], &frame(&whole)[1..]].concat(),
        ),
    ] {
        println!("{what}");
        let status = raw::call(&channel, &raw::path("CreateDatastore"), body).await;
        let refusal = refused::<()>(Err(status), ErrorReason::MalformedMessage);
        assert!(refusal.message.contains(".proto"), "{}", refusal.message);
    }
    assert_eq!(all(&mut client).await, []);
    others_are_served(&server, &mut client).await;
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_with_the_limit_however_large() {
    let (server, mut client) = start().await;
    for megabytes in [1, 4, 30] {
        let mut datastore = source("Orders");
        datastore.etag = "x".repeat((megabytes << 20) + 1);
        let answer = client.create_datastore(creation(datastore)).await;
        let refusal = refused(answer, ErrorReason::MessageTooLarge);
        assert_eq!(refusal.metadata["max_bytes"], "1048576");
        assert!(refusal.message.contains("1048576"));
    }
    let channel = server.channel().await;
    let claim = [0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3].to_vec();
    let status = raw::call(&channel, &raw::path("CreateDatastore"), claim).await;
    refused::<()>(Err(status), ErrorReason::MessageTooLarge);
    others_are_served(&server, &mut client).await;
    assert_eq!(all(&mut client).await, []);
}

#[tokio::test]
async fn what_is_not_served_is_unimplemented() {
    let (server, mut client) = start().await;
    let channel = server.channel().await;
    for path in [
        "/datastore.v1.DatastoreService/DropDatastores",
        "/datastore.v1.DatastoreService/",
        "/datastore.v2.DatastoreService/GetDatastore",
        "/",
        "/nonsense",
    ] {
        let status = raw::call(&channel, path, frame(&[])).await;
        assert_eq!(status.code(), Code::Unimplemented, "{path}: {status:?}");
    }
    let compressed = raw::request(&raw::path("GetDatastore"))
        .header("grpc-encoding", "gzip")
        .body(Body::new(http_body_util::Full::new(Bytes::from(
            frame(&[]),
        ))))
        .unwrap();
    let status = raw::answer(&channel, compressed).await;
    assert_eq!(status.code(), Code::Unimplemented, "{status:?}");
    others_are_served(&server, &mut client).await;
}

/// A call whose body begins and never ends.
async fn unfinished(channel: Channel) {
    let (send, receive) = tokio::sync::mpsc::channel::<Result<Frame<Bytes>, tonic::Status>>(1);
    let part = frame(&creation(source("Orders")).encode_to_vec())[..20].to_vec();
    let result = send.send(Ok(Frame::data(part.into()))).await;
    result.expect("the body is read");
    let body = StreamBody::new(tokio_stream::wrappers::ReceiverStream::new(receive));
    let request = raw::request(&raw::path("CreateDatastore"))
        .body(Body::new(body))
        .expect("the request is well formed");
    let mut channel = channel;
    raw::ready(&mut channel).await;
    let mut call = pin!(channel.call(request));
    // The request goes out, and the answer does not come: then this client is gone.
    tokio::select! {
        biased;
        answer = &mut call => panic!("half a request is not answered: {answer:?}"),
        () = send.closed() => panic!("the server waits for the rest"),
        () = taken(&send) => {}
    }
}

/// Waits until the part that was sent has been taken on its way.
async fn taken(send: &tokio::sync::mpsc::Sender<Result<Frame<Bytes>, tonic::Status>>) {
    while send.capacity() == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn connections_dropped_in_the_middle_of_a_call_harm_nobody_else() {
    let (server, mut client) = start().await;
    for _ in 0..20 {
        unfinished(server.channel().await).await;
        others_are_served(&server, &mut client).await;
    }
    assert_eq!(all(&mut client).await, []);
}

#[tokio::test]
async fn a_write_whose_caller_goes_away_happens_whole_or_not_at_all() {
    let (server, mut client) = start().await;
    for number in 0..30 {
        let mut gone = server.client().await;
        let mut request = creation(source(&format!("Orders {number}")));
        request.datastore_id = format!("orders-{number}");
        let call = tokio::spawn(async move { gone.create_datastore(request).await });
        for _ in 0..number {
            tokio::task::yield_now().await;
        }
        call.abort();
        let _ = call.await;
    }
    others_are_served(&server, &mut client).await;
    let stored = all(&mut client).await;
    for order_by in ["display_name", "create_time"] {
        let request = pb::ListDatastoresRequest {
            order_by: order_by.to_owned(),
            page_size: 100,
            ..pb::ListDatastoresRequest::default()
        };
        let listed = sent(client.list_datastores(request).await).datastores;
        assert_eq!(listed.len(), stored.len(), "by {order_by}");
    }
}

#[tokio::test]
async fn two_hundred_idle_connections_leave_room_for_others() {
    let (server, mut client) = start().await;
    let mut silent = Vec::new();
    let mut idle = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(server.address()).await.unwrap());
        idle.push(server.channel().await);
    }
    others_are_served(&server, &mut client).await;
    server.signal(rustix::process::Signal::TERM);
    drop(silent);
    assert!(server.ended().await.success());
    assert_eq!(idle.len(), 100);
}
