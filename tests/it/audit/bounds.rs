//! No more events are kept than the server was told to keep, whoever writes at once and whatever was kept before.

use datastored::pb::ErrorReason;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::{assert_logged, creation_of, events, source};
use crate::api::{Client, refused, removal, sent};
use crate::server::Datastored;

/// Makes an event of a datastore of this number.
async fn refuse(client: &mut Client, number: usize) {
    let request = removal(&format!("datastores/gone-{number}"));
    let answer = client.delete_datastore(request).await;
    refused(answer, ErrorReason::DatastoreNotFound);
}

/// The numbers of the events that are kept, the newest first.
async fn kept(client: &mut Client) -> Vec<usize> {
    let events = events(client).await;
    let number = |name: &str| name.rsplit('-').next().and_then(|n| n.parse().ok());
    let numbers = events.iter().map(|event| number(&event.resource));
    numbers.map(|n| n.expect("a number")).collect()
}

async fn stop(server: Datastored) {
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());
}

#[tokio::test]
async fn the_newest_events_are_kept_also_after_a_restart_and_with_another_bound() {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let start = |bound: &str| Datastored::start_in(folder.path(), &["--audit-events", bound]);
    let server = start("8");
    let mut client = server.client().await;
    for number in 0..20 {
        refuse(&mut client, number).await;
        assert!(kept(&mut client).await.len() <= 8);
    }
    assert_eq!(kept(&mut client).await, [19, 18, 17, 16, 15, 14, 13, 12]);
    stop(server).await;

    let server = start("8");
    let mut client = server.client().await;
    refuse(&mut client, 20).await;
    assert_eq!(kept(&mut client).await, [20, 19, 18, 17, 16, 15, 14, 13]);
    stop(server).await;

    let server = start("3");
    let mut client = server.client().await;
    refuse(&mut client, 21).await;
    assert_eq!(kept(&mut client).await, [21, 20, 19, 18, 17]);
    refuse(&mut client, 22).await;
    assert_eq!(kept(&mut client).await, [22, 21, 20]);
    stop(server).await;

    let server = start("0");
    let mut client = server.client().await;
    refuse(&mut client, 23).await;
    assert_eq!(kept(&mut client).await, [0; 0]);
    let said = server.log();
    assert!(said.contains("datastores/gone-23"), "it is in the log");
    stop(server).await;

    let server = start("8");
    let mut client = server.client().await;
    refuse(&mut client, 24).await;
    assert_eq!(kept(&mut client).await, [24]);
}

#[tokio::test]
async fn those_who_write_at_once_leave_no_event_too_many_and_none_too_few() {
    let server = Datastored::start(&["--audit-events", "20"]);
    let client = server.client().await;
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let mut client = client.clone();
        writers.spawn(async move {
            for step in 0..25 {
                let id = format!("w{writer}-{step}");
                let created = creation_of(&id, source(&id));
                sent(client.create_datastore(created).await);
                refuse(&mut client, step).await;
            }
        });
    }
    writers.join_all().await;
    let events = events(&mut client.clone()).await;
    assert_eq!(events.len(), 20);
    let names: Vec<&String> = events.iter().map(|event| &event.name).collect();
    assert!(names.is_sorted_by(|a, b| a > b), "{names:?}");
    for event in &events {
        assert_logged(&server, event).await;
    }
    let lines = server.log().matches("audit event").count();
    assert_eq!(lines, 400, "every event is in the log");
}
