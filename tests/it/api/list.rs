//! List: pages, orders and filters (AIP-132, 158, 160).

use datastored::pb;
use datastored::pb::ListDatastoresRequest as Request;

use super::{Client, all, create, creation, labels, refused_fields, removal, sent, source, start};

/// Display name, id, role, labels.
type Row = (
    &'static str,
    &'static str,
    pb::Role,
    &'static [(&'static str, &'static str)],
);

const ROWS: [Row; 7] = [
    ("Zoo", "alpha", pb::Role::Source, &[("env", "prod")]),
    (
        "apple",
        "beta",
        pb::Role::Enrichment,
        &[("env", "prod"), ("team", "x")],
    ),
    ("Orders", "delta", pb::Role::Source, &[("env", "test")]),
    ("Orders (old)", "delta2", pb::Role::Source, &[]),
    (
        "orders AND sales",
        "gamma",
        pb::Role::Enrichment,
        &[("env", "test")],
    ),
    ("é", "omega", pb::Role::Source, &[("team", "y")]),
    ("Order", "a", pb::Role::Source, &[("env", "")]),
];

async fn fill(client: &mut Client) {
    for (display_name, id, role, pairs) in ROWS {
        let mut datastore = source(display_name);
        datastore.role = role.into();
        datastore.labels = labels(pairs);
        let mut request = creation(datastore);
        id.clone_into(&mut request.datastore_id);
        sent(client.create_datastore(request).await);
    }
}

async fn page(client: &mut Client, request: Request) -> (Vec<String>, String) {
    let page = sent(client.list_datastores(request).await);
    let names = page.datastores.into_iter().map(|d| d.display_name);
    (names.collect(), page.next_page_token)
}

/// All pages of a list, one after the other; each but the last has a token, and none more than was asked for.
async fn pages(client: &mut Client, mut request: Request) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        let (found, next) = page(client, request.clone()).await;
        let size = usize::try_from(request.page_size).expect("the size is positive");
        assert!(found.len() <= size, "{found:?}");
        names.extend(found);
        if next.is_empty() {
            return names;
        }
        request.page_token = next;
    }
}

fn ordered(order_by: &str) -> Request {
    Request {
        order_by: order_by.to_owned(),
        ..Request::default()
    }
}

fn filtered(filter: &str) -> Request {
    Request {
        filter: filter.to_owned(),
        page_size: 100,
        ..Request::default()
    }
}

#[tokio::test]
async fn pages_of_every_size_hold_everything_once_in_every_order() {
    let (_server, mut client) = start().await;
    fill(&mut client).await;
    let by = |key: fn(&Row) -> &'static str| {
        let mut rows = ROWS;
        rows.sort_by_key(key);
        rows.map(|row| row.0)
    };
    let (by_name, by_display_name) = (by(|row| row.1), by(|row| row.0));
    let by_time = ROWS.map(|row| row.0);
    for (order_by, mut expected, reverse) in [
        ("", by_name, false),
        ("name", by_name, false),
        ("name asc", by_name, false),
        (" name   desc ", by_name, true),
        ("display_name", by_display_name, false),
        ("display_name desc", by_display_name, true),
        ("create_time", by_time, false),
        ("create_time desc", by_time, true),
    ] {
        if reverse {
            expected.reverse();
        }
        for page_size in [1, 2, 3, 6, 7, 8, 1000] {
            let request = Request {
                page_size,
                ..ordered(order_by)
            };
            let found = pages(&mut client, request).await;
            assert_eq!(found, expected, "{order_by:?}, {page_size} at once");
        }
    }
}

#[tokio::test]
async fn the_last_page_has_no_token_even_when_it_is_full() {
    let (_server, mut client) = start().await;
    assert_eq!(
        page(&mut client, Request::default()).await,
        (vec![], String::new())
    );
    fill(&mut client).await;
    let request = Request {
        page_size: 7,
        ..Request::default()
    };
    let (found, next) = page(&mut client, request).await;
    assert_eq!((found.len(), next.as_str()), (7, ""));
}

/// A filter, and the ids of the rows that it finds.
const FILTERS: [(&str, &[&str]); 20] = [
    (
        "",
        &["a", "alpha", "beta", "delta", "delta2", "gamma", "omega"],
    ),
    ("role = SOURCE", &["a", "alpha", "delta", "delta2", "omega"]),
    ("role = \"ENRICHMENT\"", &["beta", "gamma"]),
    ("role != SOURCE", &["beta", "gamma"]),
    ("NOT role = SOURCE", &["beta", "gamma"]),
    ("-role = SOURCE", &["beta", "gamma"]),
    ("display_name = Orders", &["delta"]),
    ("display_name = \"orders AND sales\"", &["gamma"]),
    ("display_name = Order*", &["a", "delta", "delta2"]),
    ("display_name:rder", &["a", "delta", "delta2", "gamma"]),
    ("display_name = é", &["omega"]),
    ("labels.env = prod", &["alpha", "beta"]),
    ("labels.env = \"\"", &["a"]),
    ("labels:team", &["beta", "omega"]),
    (
        "labels.env != prod",
        &["a", "delta", "delta2", "gamma", "omega"],
    ),
    ("role = SOURCE AND labels.env = prod", &["alpha"]),
    ("role = SOURCE labels.env = prod", &["alpha"]),
    (
        "role = ENRICHMENT AND labels.env = prod OR labels.env = test",
        &["beta", "gamma"],
    ),
    (
        "(role = ENRICHMENT AND labels.env = prod) OR labels.team = y",
        &["beta", "omega"],
    ),
    ("labels.no-such = x", &[]),
];

#[tokio::test]
async fn a_filter_finds_what_matches_and_nothing_else_on_every_size_of_page() {
    let (_server, mut client) = start().await;
    fill(&mut client).await;
    for (filter, ids) in FILTERS {
        for page_size in [1, 2, 100] {
            let request = Request {
                page_size,
                ..filtered(filter)
            };
            let found = pages(&mut client, request).await;
            let row = |id: &&str| ROWS.iter().find(|row| row.1 == *id).map(|row| row.0);
            let expected: Vec<_> = ids.iter().filter_map(row).collect();
            assert_eq!(found, expected, "{filter}, {page_size} at once");
        }
    }
}

#[tokio::test]
async fn a_filter_and_an_order_that_cannot_be_read_are_refused_both_at_once() {
    let (_server, mut client) = start().await;
    for filter in [
        "nonsense",
        "role = ADMIN",
        "role = source",
        "role == SOURCE",
        "role > SOURCE",
        "role = SOURCE and labels.env = prod",
        "uri = x",
        "secret_access_key:a",
        "s3.access_key.secret_access_key = a*",
        "display_name = \"open",
        "(role = SOURCE",
        "role = SOURCE)",
        "AND",
        "NOT",
        "labels.ENV = x",
        "\u{0}",
    ] {
        let answer = client.list_datastores(filtered(filter)).await;
        refused_fields(answer, &["filter"]);
        let mut request = filtered(filter);
        "uid".clone_into(&mut request.order_by);
        request.page_size = -1;
        let answer = client.list_datastores(request).await;
        refused_fields(answer, &["filter", "order_by", "page_size"]);
    }
    for order in ["uid", "name,display_name", "name up", "-name", "desc"] {
        let answer = client.list_datastores(ordered(order)).await;
        refused_fields(answer, &["order_by"]);
    }
}

#[tokio::test]
async fn a_filter_that_is_too_long_or_too_deep_is_refused_and_harms_nobody() {
    let (_server, mut client) = start().await;
    for filter in [
        format!("display_name = {}", "a".repeat(3_000)),
        "(".repeat(2_000),
        format!("{}role = SOURCE{}", "(".repeat(100), ")".repeat(100)),
        "role=SOURCE ".repeat(100),
    ] {
        let answer = client.list_datastores(filtered(&filter)).await;
        refused_fields(answer, &["filter"]);
    }
    assert_eq!(all(&mut client).await, []);
}

#[tokio::test]
async fn a_page_size_of_zero_is_the_default_and_a_negative_one_is_refused() {
    let (_server, mut client) = start().await;
    for number in 0..51 {
        create(&mut client, source(&format!("Datastore {number}"))).await;
    }
    let (found, next) = page(&mut client, Request::default()).await;
    assert_eq!(found.len(), 50);
    assert_ne!(next, "");
    for page_size in [-1, i32::MIN] {
        let request = Request {
            page_size,
            ..Request::default()
        };
        let answer = client.list_datastores(request).await;
        refused_fields(answer, &["page_size"]);
    }
    let request = Request {
        page_size: i32::MAX,
        ..Request::default()
    };
    let (found, next) = page(&mut client, request).await;
    assert_eq!((found.len(), next.as_str()), (51, ""));
}

#[tokio::test]
async fn a_page_token_serves_its_own_query_only_but_any_page_size() {
    let (_server, mut client) = start().await;
    fill(&mut client).await;
    let query = Request {
        page_size: 1,
        ..filtered("role = SOURCE")
    };
    let (_, token) = page(&mut client, query.clone()).await;
    let with_token = |request: Request| Request {
        page_token: token.clone(),
        ..request
    };
    let other_order = Request {
        order_by: "display_name".to_owned(),
        ..query.clone()
    };
    for other in [
        Request::default(),
        filtered("role = ENRICHMENT"),
        other_order,
    ] {
        let answer = client.list_datastores(with_token(other)).await;
        refused_fields(answer, &["page_token"]);
    }
    let larger = Request {
        page_size: 100,
        ..query
    };
    let (found, _) = page(&mut client, with_token(larger)).await;
    assert_eq!(found, ["Zoo", "Orders", "Orders (old)", "é"]);
}

#[tokio::test]
async fn a_page_token_that_is_none_of_ours_is_refused() {
    let (_server, mut client) = start().await;
    fill(&mut client).await;
    let query = Request {
        page_size: 1,
        ..Request::default()
    };
    let (_, token) = page(&mut client, query.clone()).await;
    let cut = token[..8].to_owned();
    let other_end = token.replacen(
        &token[..1],
        if token.starts_with('A') { "B" } else { "A" },
        1,
    );
    for page_token in [
        "nonsense".to_owned(),
        "1".to_owned(),
        "=".to_owned(),
        "é".to_owned(),
        "A".repeat(10_000),
        cut,
        other_end,
    ] {
        let request = Request {
            page_token,
            ..query.clone()
        };
        let answer = client.list_datastores(request).await;
        refused_fields(answer, &["page_token"]);
    }
}

#[tokio::test]
async fn what_is_created_or_deleted_between_pages_neither_hides_nor_doubles_the_rest() {
    let (_server, mut client) = start().await;
    for order_by in ["name", "display_name", "create_time", "name desc"] {
        fill(&mut client).await;
        let mut request = Request {
            page_size: 3,
            ..ordered(order_by)
        };
        let (mut found, next) = page(&mut client, request.clone()).await;
        // The token points at the last datastore of the page: it goes, and others go and come on both sides of it.
        let stored = all(&mut client).await;
        let last = stored
            .iter()
            .find(|d| Some(&d.display_name) == found.last());
        let last = last.expect("it is stored").name.clone();
        let gone = stored.iter().find(|d| !found.contains(&d.display_name));
        let gone = gone.expect("more are stored").clone();
        for name in [&last, &gone.name] {
            sent(client.delete_datastore(removal(name)).await);
        }
        for (display_name, id) in [("AAA", "aaa"), ("zzz", "zzz")] {
            let mut request = creation(source(display_name));
            id.clone_into(&mut request.datastore_id);
            sent(client.create_datastore(request).await);
        }
        request.page_token = next;
        found.extend(pages(&mut client, request).await);
        for (display_name, ..) in ROWS {
            let count = found.iter().filter(|name| *name == display_name).count();
            let expected = usize::from(display_name != gone.display_name);
            assert_eq!(count, expected, "{display_name} by {order_by}: {found:?}");
        }
        for datastore in all(&mut client).await {
            sent(client.delete_datastore(removal(&datastore.name)).await);
        }
    }
}
