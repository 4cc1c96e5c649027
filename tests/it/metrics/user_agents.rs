//! The id of a call in the user agent of all that is sent to S3 for it: in a test, in the test of a write, in a claim, and in what is removed later.

use datastored::pb::test_connection_request::Target;
use datastored::pb::{self, Role};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::request_ids::{id_in, with_id};
use crate::api::{change, sent, start};
use crate::connection::{behind_a_proxy, logged};
use crate::enrichment::tested;
use crate::lab;
use crate::lab::proxy::{Proxy, release};
use crate::server::{Datastored, datastore, s3_config};

#[tokio::test]
async fn what_a_connection_test_sends_to_s3_has_the_id_in_its_user_agent() {
    let (_server, mut client) = start().await;
    let longest = "a".repeat(64);
    for (id, shown) in [("trace-42", "trace-42"), (&longest, &longest[..50])] {
        let s3 = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", s3.local_addr().unwrap());
        let at = s3_config("s3://logs", &endpoint, "AKIAIOSFODNN7EXAMPLE", "secret");
        let request = pb::TestConnectionRequest {
            target: Some(Target::Datastore(datastore("", Role::Source, at))),
            ..pb::TestConnectionRequest::default()
        };
        let asked = with_id(request, id);
        let events = client.test_connection(asked).await.expect("it begins");
        assert_eq!(id_in(events.metadata()), id);
        let (mut stream, _) = s3.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("a request has a head"));
        }
        let head = String::from_utf8(head).unwrap();
        let agent = head.lines().find(|l| l.starts_with("user-agent: "));
        let agent = agent.expect("the SDK says who it is");
        let named = agent.split(' ').any(|part| part == format!("app/{shown}"));
        assert!(named, "{agent}");
    }
}

/// Asserts that something was sent since this was asked last, and all of it with this id.
fn all_sent_for(proxy: &Proxy, id: &str) {
    let agents = proxy.agents();
    let of_it = |agent: &String| agent.split(' ').any(|part| part == format!("app/{id}"));
    assert!(!agents.is_empty(), "nothing was sent for {id}");
    assert!(agents.iter().all(of_it), "{id}: {agents:?}");
}

#[tokio::test]
async fn what_a_write_and_a_claim_send_to_s3_has_the_id_of_their_call() {
    let (s3, (_server, mut client)) = (lab::s3s().await, start().await);
    let (proxy, _, s3_config) = behind_a_proxy(&s3).await;
    let new = datastore("Anomalies", Role::Enrichment, s3_config.clone());
    let made = client.create_datastore(with_id(tested(new), "create-1"));
    let made = sent(made.await);
    all_sent_for(&proxy, "create-1");
    let moved = pb::S3Config {
        uri: format!("{}/elsewhere", s3_config.uri),
        ..s3_config
    };
    let moved = pb::Datastore {
        name: made.name.clone(),
        ..datastore("Anomalies", Role::Enrichment, moved)
    };
    let moved = pb::UpdateDatastoreRequest {
        skip_connection_test: false,
        ..change(moved, &["s3"])
    };
    sent(client.update_datastore(with_id(moved, "update-1")).await);
    all_sent_for(&proxy, "update-1");
    let name = made.name.clone();
    let claim = pb::ClaimPrefixRequest { name };
    sent(client.claim_prefix(with_id(claim, "claim-1")).await);
    all_sent_for(&proxy, "claim-1");
    let given_up = pb::ReleasePrefixRequest { name: made.name };
    sent(client.release_prefix(with_id(given_up, "release-1")).await);
    all_sent_for(&proxy, "release-1");
}

#[tokio::test]
async fn what_is_removed_after_a_test_is_sent_with_the_id_of_its_call() {
    let s3 = lab::s3s().await;
    let server = Datastored::start(&["--check-timeout", "2s", "--cleanup-timeout", "2s"]);
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    let midway = [proxy.hold("GetObject"), proxy.hold("ListParts")];
    let request = pb::TestConnectionRequest {
        target: Some(Target::Datastore(datastore("", Role::Enrichment, config))),
        ..pb::TestConnectionRequest::default()
    };
    let mut client = server.client().await;
    let events = client.test_connection(with_id(request, "test-1")).await;
    let mut events = sent(events);
    for held in &midway {
        held.one_waits().await;
    }
    let removals = ["DeleteObject", "AbortMultipartUpload"].map(|operation| proxy.hold(operation));
    release(&midway);
    while events.message().await.expect("it goes well").is_some() {}
    all_sent_for(&proxy, "test-1");
    proxy.mend();
    release(&removals);
    logged(&server, "had left is removed").await;
    all_sent_for(&proxy, "test-1");
}
