//! How many connection tests of one caller may run at once, however they are asked for.

use datastored::pb::test_connection_request::Target;
use datastored::pb::{self, ErrorReason, Role};
use tonic::{Response, Status};

use super::elsewhere;
use crate::api::{Client, refused};
use crate::connection::{behind_a_proxy, watch};
use crate::lab;
use crate::metrics::{SHOWN, shows};
use crate::server::{Datastored, datastore};

async fn test(client: &mut Client, s3: pb::S3Config) -> Result<Option<pb::Outcome>, Status> {
    let request = pb::TestConnectionRequest {
        target: Some(Target::Datastore(datastore("", Role::Enrichment, s3))),
        ..pb::TestConnectionRequest::default()
    };
    let mut events = client.test_connection(request).await?.into_inner();
    let mut outcome = None;
    while let Some(event) = events.message().await? {
        if let Some(pb::test_connection_response::Event::Completed(done)) = event.event {
            outcome = Some(done.outcome());
        }
    }
    Ok(outcome)
}

fn creation(s3: pb::S3Config) -> pb::CreateDatastoreRequest {
    pb::CreateDatastoreRequest {
        datastore: Some(datastore("Anomalies", Role::Enrichment, s3)),
        ..pb::CreateDatastoreRequest::default()
    }
}

#[tokio::test]
async fn a_caller_does_not_take_the_tests_of_others() {
    let options = [&SHOWN[..], &["--caller-tests", "1"]].concat();
    let (s3, server) = (lab::s3s().await, Datastored::start(&options));
    let (proxy, _, held_config) = behind_a_proxy(&s3).await;
    let (_proxy, _, config) = behind_a_proxy(&s3).await;
    let held = proxy.hold("ListObjectsV2");
    let first = watch::watch(&server, held_config, Role::Enrichment).await;
    held.one_waits().await;

    let mut client = server.client().await;
    let create = client.create_datastore(creation(config.clone())).await;
    let create = create.map(Response::into_inner).map(|_| None);
    for answer in [test(&mut client, config.clone()).await, create] {
        let refusal = refused(answer, ErrorReason::TooManyTests);
        assert_eq!(refusal.metadata["max_concurrent_tests_of_caller"], "1");
        assert_eq!(refusal.metadata["caller"], "address:127.0.0.1");
        assert!(refusal.details.retry_info().is_some());
    }
    for (limit, times) in [("caller-tests", 2.0), ("max-concurrent-tests", 0.0)] {
        let label = format!("limit=\"{limit}\"");
        shows(&server, "datastored_limits_hit_total", &[&label], times).await;
    }
    let mut other = elsewhere(&server).await;
    let tested = test(&mut other, config.clone()).await.unwrap();
    assert_eq!(tested, Some(pb::Outcome::Passed));

    held.release();
    assert_eq!(first.ended().await.outcome(), pb::Outcome::Passed);
    client.create_datastore(creation(config)).await.unwrap();
}
