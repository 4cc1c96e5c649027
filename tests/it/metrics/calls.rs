//! RPCs are counted by method and code, whoever calls and whatever is called.

use std::fmt::Write as _;

use datastored::pb;
use tonic::Code;

use super::{Page, shows, start};
use crate::api::{create, get, raw};
use crate::connection::{behind_a_proxy, watch};
use crate::lab;
use crate::server::{datastore, s3_config};

const GET: &str = "method=\"datastore.v1.DatastoreService/GetDatastore\"";
const TEST: &str = "method=\"datastore.v1.DatastoreService/TestConnection\"";

/// A source on Amazon S3, which is not asked.
fn source() -> pb::Datastore {
    let s3 = s3_config(
        "s3://hidden-bucket/hidden/",
        "",
        "AKIAHIDDEN",
        "hidden-secret",
    );
    datastore("Hidden name", pb::Role::Source, s3)
}

#[tokio::test]
async fn a_call_is_counted_with_its_method_and_how_it_ended() {
    let server = start(&[]);
    let mut client = server.client().await;
    let made = create(&mut client, source()).await;
    for _ in 0..3 {
        get(&mut client, &made.name).await.expect("it is there");
    }
    let missing = get(&mut client, "datastores/hidden-id").await;
    assert_eq!(missing.unwrap_err().code(), Code::NotFound);
    let ended = "datastored_rpcs_total";
    shows(&server, ended, &[GET, "code=\"OK\""], 3.0).await;
    shows(&server, ended, &[GET, "code=\"NOT_FOUND\""], 1.0).await;
    shows(&server, ended, &[], 5.0).await;
    shows(
        &server,
        "datastored_rpc_duration_seconds_count",
        &[GET],
        4.0,
    )
    .await;
    shows(&server, "datastored_rpcs_in_flight", &[], 0.0).await;
    let page = Page::of(&server).await;
    assert!(page.value("datastored_rpc_duration_seconds_sum", &[GET]) > 0.0);
}

#[tokio::test]
async fn a_refusal_of_a_layer_and_a_message_that_is_none_are_counted() {
    let server = start(&["--require-authentication"]);
    let refused = get(&mut server.client().await, "datastores/a").await;
    assert_eq!(refused.unwrap_err().code(), Code::Unauthenticated);
    let labels = [GET, "code=\"UNAUTHENTICATED\""];
    shows(&server, "datastored_rpcs_total", &labels, 1.0).await;

    let server = start(&[]);
    let channel = server.channel().await;
    let status = raw::call(&channel, &raw::path("GetDatastore"), raw::frame(b"\xff")).await;
    assert_eq!(status.code(), Code::InvalidArgument);
    let labels = [GET, "code=\"INVALID_ARGUMENT\""];
    shows(&server, "datastored_rpcs_total", &labels, 1.0).await;
}

#[tokio::test]
async fn a_stream_is_in_flight_until_it_ends_and_cancelled_when_its_reader_goes() {
    let (s3, server) = (lab::s3s().await, start(&[]));
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    let held = proxy.hold("ListObjectsV2");
    let left = watch::watch(&server, config.clone(), pb::Role::Source).await;
    held.one_waits().await;
    shows(&server, "datastored_rpcs_in_flight", &[], 1.0).await;
    drop(left);
    let ended = "datastored_rpcs_total";
    shows(&server, ended, &[TEST, "code=\"CANCELLED\""], 1.0).await;
    shows(&server, "datastored_rpcs_in_flight", &[], 0.0).await;
    held.release();
    proxy.mend();
    let read = watch::watch(&server, config, pb::Role::Source).await;
    read.ended().await;
    shows(&server, ended, &[TEST, "code=\"OK\""], 1.0).await;
    shows(&server, "datastored_rpcs_in_flight", &[], 0.0).await;
}

#[tokio::test]
async fn what_is_no_method_of_ours_is_one_series_however_it_is_called() {
    let server = start(&[]);
    let channel = server.channel().await;
    let path = |number: u32| match number % 3 {
        0 => raw::path(&format!("Odd{number}")),
        1 => format!("/odd{number}.v1.Service/GetDatastore"),
        _ => format!("/odd{number}"),
    };
    raw::call(&channel, &path(0), raw::frame(b"")).await;
    let labels = ["method=\"other\"", "code=\"UNIMPLEMENTED\""];
    shows(&server, "datastored_rpcs_total", &labels, 1.0).await;
    let before = Page::of(&server).await.lines().count();
    for number in 1..200 {
        raw::call(&channel, &path(number), raw::frame(b"")).await;
    }
    shows(&server, "datastored_rpcs_total", &labels, 200.0).await;
    let page = Page::of(&server).await;
    assert_eq!(page.lines().count(), before);
    assert!(!page.0.contains("dd1"), "{}", page.0);
}

#[tokio::test]
async fn nothing_that_a_caller_has_sent_is_on_the_page() {
    let server = start(&[]);
    let mut client = server.client().await;
    let made = create(&mut client, source()).await;
    let mut request = tonic::Request::new(pb::GetDatastoreRequest {
        name: made.name.clone(),
    });
    let sent = "hidden-request".parse().expect("metadata");
    request.metadata_mut().insert("x-request-id", sent);
    client.get_datastore(request).await.expect("it is there");
    let refused = get(&mut client, "datastores/hidden-id").await;
    assert!(refused.is_err());
    shows(&server, "datastored_rpcs_total", &[], 3.0).await;
    let mut page = Page::of(&server).await.0;
    // Where the server itself is does not matter, but who calls does.
    write!(page, "{}", super::get(&super::address(&server), "").await).unwrap();
    for hidden in [
        "idden",
        "HIDDEN",
        &made.uid,
        &made.name,
        "127.0.0.1",
        "anonymous",
    ] {
        assert!(!page.contains(hidden), "{hidden} is in {page}");
    }
}

#[tokio::test]
async fn a_call_past_a_limit_is_counted_by_the_option_that_sets_it() {
    let server = start(&["--caller-rate", "1", "--caller-burst", "1"]);
    let mut client = server.client().await;
    let mut refused = 0.0;
    while refused < 3.0 {
        if let Err(status) = get(&mut client, "datastores/a").await
            && status.code() == Code::ResourceExhausted
        {
            refused += 1.0;
        }
    }
    let hit = "datastored_limits_hit_total";
    shows(&server, hit, &["limit=\"caller-rate\""], refused).await;
    for limit in ["max-calls", "max-streams", "caller-calls"] {
        shows(&server, hit, &[&format!("limit=\"{limit}\"")], 0.0).await;
    }
}
