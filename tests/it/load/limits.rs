//! Calls past a limit, of the whole server or of one caller, are refused at once, and others are served.

use datastored::pb::{self, ErrorReason, Role};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tonic::{Response, Status};

use super::{Raw, assert_healthy, elsewhere, list, past_limit};
use crate::api::{Client, all, raw, refused};
use crate::auth::{call, is_let_in, is_refused, new_token};
use crate::lab::{self, eventually};
use crate::server::{Datastored, datastore, s3_config};

#[tokio::test]
async fn a_call_too_many_is_refused_before_its_message_is_read_and_health_is_answered() {
    let server = Datastored::start(&["--max-calls", "2"]);
    let mut client = server.client().await;
    let peer = Raw::connect(&server).await;
    let held = peer.fill(2, &[]).await;
    let refusal = past_limit(list(&mut client).await, "max-calls", "2");
    assert_eq!(refusal.metadata.get("caller"), None);
    let channel = server.channel().await;
    // Otherwise it would be refused for its bytes.
    let status = raw::call(&channel, &raw::path("GetDatastore"), raw::frame(b"\xff")).await;
    past_limit::<()>(Err(status), "max-calls", "2");
    assert_healthy(channel.clone()).await;
    // Streams are counted apart.
    let nothing = raw::frame(b"");
    let status = raw::call(&channel, &raw::path("TestConnection"), nothing).await;
    refused::<()>(Err(status), ErrorReason::InvalidFields);
    drop((held, peer));
    eventually("there is room again", || async {
        list(&mut client.clone()).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn a_stream_too_many_is_refused_and_welcome_when_another_has_ended() {
    let server = Datastored::start(&["--max-streams", "1"]);
    let mut client = server.client().await;
    let channel = server.channel().await;
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel.clone());
    let request = tonic_health::pb::HealthCheckRequest::default();
    let watched = health.watch(request).await.unwrap();
    let asked = pb::TestConnectionRequest::default();
    let answer = client.test_connection(asked.clone()).await;
    past_limit(answer.map(|_| ()), "max-streams", "1");
    list(&mut client).await.unwrap();
    assert_healthy(channel).await;
    drop((watched, health));
    eventually("there is room again", || async {
        let answer = client.clone().test_connection(asked.clone()).await;
        answer.is_err_and(|status| status.code() == tonic::Code::InvalidArgument)
    })
    .await;
}

#[tokio::test]
async fn a_caller_with_as_much_in_flight_as_may_be_is_refused_and_another_is_served() {
    let folder = TempDir::new().unwrap();
    let [busy, other] = ["busy", "other"].map(|name| new_token(folder.path(), name, "editor"));
    let options = ["--require-authentication", "--caller-calls", "2"];
    let server = Datastored::start_in(folder.path(), &options);
    let peer = Raw::connect(&server).await;
    let authorization = format!("Bearer {busy}");
    let held = peer.fill(2, &[("authorization", &authorization)]).await;
    let path = raw::path("ListDatastores");
    let status = call(&server, &path, Some(&authorization)).await;
    let refusal = past_limit::<()>(Err(status), "caller-calls", "2");
    assert_eq!(refusal.metadata["caller"], "token:busy");
    assert!(is_let_in(&server, &other).await);
    is_refused(
        call(&server, &path, None).await,
        ErrorReason::CredentialMissing,
    );
    assert_healthy(server.channel().await).await;
    drop((held, peer));
    eventually("there is room again", || async {
        is_let_in(&server, &busy).await
    })
    .await;
}

#[tokio::test]
async fn a_caller_who_calls_too_often_is_told_when_to_go_on_and_another_is_served() {
    let server = Datastored::start(&["--caller-rate", "1", "--caller-burst", "3"]);
    let mut client = server.client().await;
    let mut answered = 0;
    let refusal = loop {
        match list(&mut client).await {
            Ok(_) => answered += 1,
            refused => break past_limit(refused, "caller-rate", "1"),
        }
        assert!(answered < 100, "nothing is refused");
    };
    assert!(answered >= 3, "{answered}");
    assert_eq!(refusal.metadata["caller"], "address:127.0.0.1");
    let retry = refusal.details.retry_info().and_then(|r| r.retry_delay);
    assert!(retry.is_some_and(|delay| delay.as_secs_f64() <= 1.0));
    assert_healthy(server.channel().await).await;
    list(&mut elsewhere(&server).await).await.unwrap();
    eventually("it may call again", || async {
        list(&mut client.clone()).await.is_ok()
    })
    .await;
}

/// Creates many datastores at once, and how each was answered.
async fn create_many(client: &Client) -> Vec<Result<pb::Datastore, Status>> {
    let mut creates = JoinSet::new();
    for _ in 0..100 {
        creates.spawn(create_one(client.clone()));
    }
    creates.join_all().await
}

async fn create_one(mut client: Client) -> Result<pb::Datastore, Status> {
    let s3 = s3_config("s3://logs", "", "AKIAIOSFODNN7EXAMPLE", "secret");
    let request = pb::CreateDatastoreRequest {
        datastore: Some(datastore(&lab::new_name(), Role::Source, s3)),
        skip_connection_test: true,
        ..pb::CreateDatastoreRequest::default()
    };
    client
        .create_datastore(request)
        .await
        .map(Response::into_inner)
}

#[tokio::test]
async fn a_write_is_refused_while_too_many_wait_for_the_disk_and_a_read_is_not() {
    let options = ["--max-waiting-writes", "1", "--caller-rate", "100000"];
    let server = Datastored::start(&options);
    let (client, mut reader) = (server.client().await, server.client().await);
    eventually("one is refused", || async {
        let reader = async || list(&mut reader.clone()).await;
        let (answers, read) = tokio::join!(create_many(&client), reader());
        read.unwrap();
        let refused: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
        let any = !refused.is_empty();
        for status in refused {
            past_limit::<()>(Err(status), "max-waiting-writes", "1");
        }
        any
    })
    .await;
    assert!(!all(&mut reader).await.is_empty(), "not all of them are");
    // One at a time never waits.
    for _ in 0..10 {
        create_one(client.clone()).await.unwrap();
    }
}
