//! `ListAuditEvents` page by page.

use datastored::pb::{self, ErrorReason};
use tokio::task::JoinSet;

use super::{creation_of, source};
use crate::api::{Client, refused, refused_fields, removal, sent, start};

async fn refuse(client: &mut Client, name: &str) {
    let answer = client.delete_datastore(removal(name)).await;
    refused(answer, ErrorReason::DatastoreNotFound);
}

async fn page(client: &mut Client, filter: &str, token: &str) -> pb::ListAuditEventsResponse {
    let request = pb::ListAuditEventsRequest {
        page_size: 3,
        page_token: token.to_owned(),
        filter: filter.to_owned(),
    };
    sent(client.list_audit_events(request).await)
}

/// The ids of the datastores on each page, the pages separated by commas.
async fn pages(client: &mut Client, filter: &str) -> String {
    let (mut pages, mut token) = (Vec::new(), String::new());
    loop {
        let next = page(client, filter, &token).await;
        let events = next.audit_events.iter();
        let ids = events.map(|event| event.resource.trim_start_matches("datastores/"));
        pages.push(ids.collect::<Vec<_>>().join(" "));
        token = next.next_page_token;
        if token.is_empty() {
            return pages.join(", ");
        }
    }
}

#[tokio::test]
async fn the_newest_come_first_and_a_filter_chooses_among_them() {
    let (_server, mut client) = start().await;
    for id in ["a", "b", "c", "d", "e", "f", "g"] {
        refuse(&mut client, &format!("datastores/{id}")).await;
    }
    let create = creation_of("a", source("A"));
    sent(client.create_datastore(create).await);
    for (filter, expected) in [
        ("", "a g f, e d c, b a"),
        ("resource = datastores/a", "a a"),
        ("resource = 'datastores/a' AND outcome = OK", "a"),
        ("action = CreateDatastore AND caller = anonymous", "a"),
        ("caller = 'token:nobody'", ""),
        ("action = \"DeleteDatastore\"", "g f e, d c b, a"),
    ] {
        assert_eq!(pages(&mut client, filter).await, expected, "{filter}");
    }
}

/// A filter that finds nothing looks at a bounded number of events, and says where to go on.
#[tokio::test]
async fn a_filter_that_finds_little_gives_a_short_page_and_goes_on() {
    let (_server, mut client) = start().await;
    sent(client.create_datastore(creation_of("a", source("A"))).await);
    let mut writers = JoinSet::new();
    for _ in 0..20 {
        let mut client = client.clone();
        writers.spawn(async move {
            for _ in 0..60 {
                refuse(&mut client, "datastores/gone").await;
            }
        });
    }
    writers.join_all().await;
    let found = pages(&mut client, "action = CreateDatastore").await;
    assert_eq!(found, ", a", "nothing on the first page");
}

#[tokio::test]
async fn what_is_not_a_page_of_this_list_is_refused() {
    let (_server, mut client) = start().await;
    for id in ["a", "b", "c", "d"] {
        refuse(&mut client, &format!("datastores/{id}")).await;
    }
    let token = page(&mut client, "", "").await.next_page_token;
    assert!(!token.is_empty());
    let request = |page_size, page_token: &str, filter: &str| pb::ListAuditEventsRequest {
        page_size,
        page_token: page_token.to_owned(),
        filter: filter.to_owned(),
    };
    for (request, field) in [
        (request(-1, "", ""), "page_size"),
        (request(0, "nonsense", ""), "page_token"),
        (request(0, &token, "caller = me"), "page_token"),
        (request(0, "", "caller"), "filter"),
        (request(0, "", "call_id = x"), "filter"),
    ] {
        let answer = client.list_audit_events(request).await;
        refused_fields(answer, &[field]);
    }
}
