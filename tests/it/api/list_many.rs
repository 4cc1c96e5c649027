//! Lists of thousands of datastores: bounded pages that a client with default limits can take.

use std::collections::BTreeSet;

use datastored::pb::ListDatastoresRequest as Request;
use tokio::task::JoinSet;

use super::{Client, creation, sent, source, start};

/// More than one call looks at (2,000), so that a filter leaves a page empty.
const MANY: usize = 2_100;
/// As many with the largest labels take more than the 4 MiB that clients take by default.
const LARGE: usize = 600;
const AT_ONCE: usize = 32;

async fn fill(client: &Client) {
    let mut creates = JoinSet::new();
    for worker in 0..AT_ONCE {
        let mut client = client.clone();
        creates.spawn(async move {
            for number in (worker..MANY).step_by(AT_ONCE) {
                let mut datastore = source(&format!("Datastore {number}"));
                if number < LARGE {
                    datastore.labels = (0..64)
                        .map(|key| (format!("k{key:062}"), "v".repeat(63)))
                        .collect();
                }
                let mut request = creation(datastore);
                request.datastore_id = format!("n{number:05}");
                sent(client.create_datastore(request).await);
            }
        });
    }
    creates.join_all().await;
}

/// The display names of all pages, and how many pages there were.
async fn walk(client: &mut Client, mut request: Request) -> (Vec<String>, usize) {
    let (mut names, mut count) = (Vec::new(), 0);
    loop {
        let page = sent(client.list_datastores(request.clone()).await);
        assert!(page.datastores.len() <= 1000);
        names.extend(page.datastores.into_iter().map(|d| d.display_name));
        count += 1;
        if page.next_page_token.is_empty() {
            return (names, count);
        }
        request.page_token = page.next_page_token;
    }
}

#[tokio::test]
async fn thousands_are_listed_once_each_in_pages_that_a_client_with_default_limits_takes() {
    let (_server, mut client) = start().await;
    fill(&client).await;
    for order_by in ["", "display_name", "create_time desc"] {
        let (found, _) = walk(
            &mut client,
            Request {
                page_size: i32::MAX,
                order_by: order_by.to_owned(),
                ..Request::default()
            },
        )
        .await;
        let different: BTreeSet<&String> = found.iter().collect();
        assert_eq!((found.len(), different.len()), (MANY, MANY), "{order_by}");
    }
    let none = Request {
        filter: "role = ENRICHMENT".to_owned(),
        ..Request::default()
    };
    let (found, pages) = walk(&mut client, none).await;
    assert_eq!(found, Vec::<String>::new());
    assert!(pages > 1, "one call looks at a bounded number");
    let last = Request {
        filter: format!("display_name = \"Datastore {}\"", MANY - 1),
        ..Request::default()
    };
    let (found, _) = walk(&mut client, last).await;
    assert_eq!(found, [format!("Datastore {}", MANY - 1)]);
}
