//! All that a server answers about what it holds.

use datastored::pb;

use crate::api::links::resolved;
use crate::api::{Client, get, sent};
use crate::audit::events;

/// What a server knows, as clients see it.
#[derive(Debug, PartialEq)]
pub struct Answers {
    pub datastores: Vec<pb::Datastore>,
    pub by_display_name: Vec<String>,
    pub by_create_time: Vec<String>,
    pub tests: Vec<pb::ConnectionTest>,
    pub enrichments: Vec<pb::ResolveEnrichmentResponse>,
    pub events: Vec<pb::AuditEvent>,
}

impl Answers {
    /// Asks for all of it.
    pub async fn of(client: &mut Client) -> Self {
        let datastores = listed(client, "name").await;
        let (mut tests, mut enrichments) = (Vec::new(), Vec::new());
        for datastore in &datastores {
            let got = get(client, &datastore.name).await;
            assert_eq!(got.expect("what is listed is there"), *datastore);
            tests.extend(tests_of(client, &datastore.name).await);
            if !datastore.enrichment_datastore.is_empty() {
                let enrichment = resolved(client, &datastore.name).await;
                enrichments.push(enrichment.expect("a linked source has one"));
            }
        }
        Self {
            by_display_name: names(listed(client, "display_name").await),
            by_create_time: names(listed(client, "create_time").await),
            datastores,
            tests,
            enrichments,
            events: events(client).await,
        }
    }
}

async fn listed(client: &mut Client, order_by: &str) -> Vec<pb::Datastore> {
    let request = pb::ListDatastoresRequest {
        page_size: 1000,
        order_by: order_by.to_owned(),
        ..pb::ListDatastoresRequest::default()
    };
    sent(client.list_datastores(request).await).datastores
}

async fn tests_of(client: &mut Client, parent: &str) -> Vec<pb::ConnectionTest> {
    let request = pb::ListConnectionTestsRequest {
        parent: parent.to_owned(),
        page_size: 100,
        ..pb::ListConnectionTestsRequest::default()
    };
    let listed = sent(client.list_connection_tests(request).await);
    let mut tests = Vec::new();
    for test in listed.connection_tests {
        let request = pb::GetConnectionTestRequest { name: test.name };
        tests.push(sent(client.get_connection_test(request).await));
    }
    tests
}

fn names(datastores: Vec<pb::Datastore>) -> Vec<String> {
    datastores.into_iter().map(|d| d.name).collect()
}
