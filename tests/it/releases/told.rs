//! What a server tells of a store, as JSON: what a later release must tell as well. Words that it may choose anew are left out.

use datastored::pb;
use serde_json::{Value, json};

use crate::backup::Answers;

/// All of it.
pub fn told(answers: &Answers) -> Value {
    json!({
        "datastores": answers.datastores.iter().map(datastore).collect::<Vec<_>>(),
        "by_display_name": answers.by_display_name,
        "by_create_time": answers.by_create_time,
        "tests": answers.tests.iter().map(test).collect::<Vec<_>>(),
        "enrichments": answers.enrichments.iter().map(enrichment).collect::<Vec<_>>(),
        "events": answers.events.iter().map(event).collect::<Vec<_>>(),
    })
}

fn time(time: Option<&prost_types::Timestamp>) -> Option<String> {
    time.map(ToString::to_string)
}

fn datastore(datastore: &pb::Datastore) -> Value {
    let Some(pb::datastore::Config::S3(s3)) = &datastore.config else {
        panic!("{} has no s3", datastore.name);
    };
    let connection = datastore.connection.as_ref();
    json!({
        "name": datastore.name,
        "uid": datastore.uid,
        "etag": datastore.etag,
        "display_name": datastore.display_name,
        "role": datastore.role().as_str_name(),
        "labels": datastore.labels,
        "uri": s3.uri,
        "region": s3.region,
        "endpoint": s3.endpoint,
        "credentials_kind": s3.credentials_kind().as_str_name(),
        "access_key_id": s3.access_key_id,
        "enrichment_datastore": datastore.enrichment_datastore,
        "create_time": time(datastore.create_time.as_ref()),
        "update_time": time(datastore.update_time.as_ref()),
        "connection": connection.map(|c| json!({
            "state": c.state().as_str_name(),
            "since": time(c.since.as_ref()),
            "last_test": c.last_test,
            "missing_actions": c.missing_actions,
        })),
    })
}

fn test(test: &pb::ConnectionTest) -> Value {
    let report = test.report.as_ref().expect("a kept test has a report");
    let checks = report.checks.iter();
    json!({
        "name": test.name,
        "start_time": time(report.start_time.as_ref()),
        "uri": test.uri,
        "role": test.role().as_str_name(),
        "outcome": report.outcome().as_str_name(),
        "checks": checks.map(|c| (c.action.clone(), c.verdict().as_str_name())).collect::<Vec<_>>(),
    })
}

fn enrichment(resolved: &pb::ResolveEnrichmentResponse) -> Value {
    json!({ "enrichment_datastore": resolved.enrichment_datastore, "uri": resolved.uri })
}

fn event(event: &pb::AuditEvent) -> Value {
    json!({
        "name": event.name,
        "event_time": time(event.event_time.as_ref()),
        "action": event.action,
        "resource": event.resource,
        "outcome": event.outcome,
        "changed_fields": event.changed_fields,
        "connection_tests": event.connection_tests,
    })
}
