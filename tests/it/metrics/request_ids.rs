//! The id of a call: in its answer, in the log, and in the audit.

use datastored::pb::{self, Role};
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Status};
use uuid::Uuid;

use crate::api::{Client, creation, raw, sent, start};
use crate::lab::eventually;
use crate::server::{Datastored, datastore, s3_config};

pub fn id_in(metadata: &MetadataMap) -> String {
    let ids: Vec<_> = metadata.get_all("x-request-id").iter().collect();
    assert_eq!(ids.len(), 1, "{metadata:?}");
    ids[0].to_str().expect("an id is text").to_owned()
}

fn is_new(id: &str) -> bool {
    Uuid::try_parse(id).is_ok_and(|id| id.get_version_num() == 4)
}

/// A message with an id of the caller's.
pub fn with_id<M>(message: M, id: &str) -> Request<M> {
    let mut request = Request::new(message);
    let id = id.parse().expect("metadata");
    request.metadata_mut().append("x-request-id", id);
    request
}

fn source() -> pb::Datastore {
    let s3 = s3_config("s3://logs/tests/", "", "AKIAIOSFODNN7EXAMPLE", "secret");
    datastore("Orders", Role::Source, s3)
}

fn of_nobody() -> pb::GetDatastoreRequest {
    pb::GetDatastoreRequest {
        name: "datastores/nobody".to_owned(),
    }
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own_also_a_refusal_and_one_of_the_layers() {
    let (server, mut client) = start().await;
    let listed = client.list_datastores(pb::ListDatastoresRequest::default());
    let listed = id_in(listed.await.expect("it is answered").metadata());
    let missing = client.get_datastore(of_nobody()).await.unwrap_err();
    let odd = raw::call(&server.channel().await, "/odd", raw::frame(b"")).await;
    let broken = raw::path("GetDatastore");
    let broken = raw::call(&server.channel().await, &broken, raw::frame(b"\xff")).await;
    let closed = Datastored::start(&["--require-authentication"]);
    let unknown = closed.client().await.get_datastore(of_nobody()).await;
    let unknown = unknown.unwrap_err();
    assert_eq!(unknown.code(), Code::Unauthenticated);
    let refusals: [Status; 4] = [missing, odd, broken, unknown];
    let mut ids: Vec<String> = refusals.iter().map(|s| id_in(s.metadata())).collect();
    ids.push(listed);
    assert!(ids.iter().all(|id| is_new(id)), "{ids:?}");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[tokio::test]
async fn the_id_of_a_caller_is_kept_unless_it_is_none() {
    let (_server, mut client) = start().await;
    let longest = "a".repeat(64);
    for good in ["a", "Trace-1.2_3", &longest] {
        let answer = client.get_datastore(with_id(of_nobody(), good)).await;
        assert_eq!(id_in(answer.unwrap_err().metadata()), good);
    }
    let too_long = "a".repeat(65);
    for bad in ["", "two words", "id=1", "{id}", &too_long] {
        let answer = client.get_datastore(with_id(of_nobody(), bad)).await;
        assert!(is_new(&id_in(answer.unwrap_err().metadata())), "{bad:?}");
    }
    let mut twice = with_id(of_nobody(), "one");
    let other = "other".parse().expect("metadata");
    twice.metadata_mut().append("x-request-id", other);
    let answer = client.get_datastore(twice).await;
    assert!(is_new(&id_in(answer.unwrap_err().metadata())));
}

async fn event(client: &mut Client) -> pb::AuditEvent {
    let request = pb::ListAuditEventsRequest::default();
    sent(client.list_audit_events(request).await)
        .audit_events
        .remove(0)
}

#[tokio::test]
async fn the_audit_and_the_log_have_the_id_that_the_answer_has() {
    let (server, mut client) = start().await;
    let made = with_id(creation(source()), "deploy-4711");
    let made = client.create_datastore(made).await.expect("it is made");
    assert_eq!(id_in(made.metadata()), "deploy-4711");
    assert_eq!(event(&mut client).await.call_id, "deploy-4711");
    let again = client.create_datastore(creation(source())).await;
    let refused = id_in(again.unwrap_err().metadata());
    assert_eq!(event(&mut client).await.call_id, refused);
    for id in ["deploy-4711", &refused] {
        let span = format!("\"spans\":[{{\"id\":\"{id}\",\"name\":\"call\"}}]");
        eventually("a line has the id", || async {
            server.log().contains(&span)
        })
        .await;
    }
}
