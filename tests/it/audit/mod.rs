//! The audit: an event for each call that changes something, is refused to, or tests a connection; here is what these tests share.

mod actions;
mod bounds;
mod durable;
mod leaving;
mod pages;
mod refusals;

use datastored::pb;
use serde_json::Value;

use crate::api::{Client, creation, sent};
use crate::lab::eventually;
use crate::server::{Datastored, datastore, s3_config};

/// A source on Amazon S3, which is not asked.
fn source(display_name: &str) -> pb::Datastore {
    let s3 = s3_config("s3://logs/tests/", "", "AKIAIOSFODNN7EXAMPLE", "secret");
    datastore(display_name, pb::Role::Source, s3)
}

/// A create without a test, under this id.
fn creation_of(id: &str, datastore: pb::Datastore) -> pb::CreateDatastoreRequest {
    pb::CreateDatastoreRequest {
        datastore_id: id.to_owned(),
        ..creation(datastore)
    }
}

/// The events that fit on one page, the newest first.
pub async fn events(client: &mut Client) -> Vec<pb::AuditEvent> {
    let request = pb::ListAuditEventsRequest {
        page_size: 1000,
        ..pb::ListAuditEventsRequest::default()
    };
    let page = sent(client.list_audit_events(request).await);
    assert_eq!(page.next_page_token, "", "the events fit on one page");
    page.audit_events
}

/// What a test looks at of each event, the oldest first.
async fn told(client: &mut Client) -> Vec<(String, String, String)> {
    let mut events = events(client).await;
    events.reverse();
    let seen = |event: pb::AuditEvent| (event.action, event.resource, event.outcome);
    events.into_iter().map(seen).collect()
}

fn line(action: &str, resource: &str, outcome: &str) -> (String, String, String) {
    (action.to_owned(), resource.to_owned(), outcome.to_owned())
}

/// The lines of the log that tell of this event.
fn lines_of(log: &str, event: &pb::AuditEvent) -> Vec<Value> {
    let lines = log.lines().filter_map(|l| serde_json::from_str(l).ok());
    let is_of_it = |line: &Value| {
        let told = line["event_id"]
            .as_str()
            .map(|id| format!("auditEvents/{id}"));
        line["target"] == "datastored::audit" && told.as_ref() == Some(&event.name)
    };
    lines.filter(is_of_it).collect()
}

/// Asserts that the log has one line of the event, in the span of its call, with what the event has.
async fn assert_logged(server: &Datastored, event: &pb::AuditEvent) {
    eventually("the event is logged", || async {
        !lines_of(&server.log(), event).is_empty()
    })
    .await;
    let lines = lines_of(&server.log(), event);
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["spans"][0]["id"], event.call_id.as_str(), "{line}");
    for (field, text) in [
        ("call_id", &event.call_id),
        ("caller", &event.caller),
        ("address", &event.address),
        ("action", &event.action),
        ("resource", &event.resource),
        ("enrichment", &event.enrichment_datastore),
        ("changed_fields", &event.changed_fields.join(",")),
        ("request_id", &event.request_id),
        ("outcome", &event.outcome),
        ("connection_tests", &event.connection_tests.join(",")),
    ] {
        let logged = line[field].as_str().unwrap_or_default();
        assert_eq!(logged, text, "{field} of {line}");
    }
}
