//! Error details travel in HTTP trailers: however much is wrong, the answer is one that every client takes.

use datastored::pb::{self, ErrorReason};
use tonic::Status;

use super::{bad_input, change, creation, labels, refused, refused_fields, source, start};

/// What gRPC clients take of trailers without being told otherwise: 8 KiB, in C-core's soft limit.
const LIMIT: usize = 8 * 1024;

/// About how many bytes a status has on the wire: details in base64, the message percent-encoded.
fn wire_size(status: &Status) -> usize {
    let encoded =
        percent_encoding::utf8_percent_encode(status.message(), percent_encoding::NON_ALPHANUMERIC);
    status.details().len().div_ceil(3) * 4 + encoded.to_string().len()
}

#[track_caller]
pub(super) fn small<T: std::fmt::Debug>(answer: Result<T, Status>) -> Result<T, Status> {
    if let Err(status) = &answer {
        let size = wire_size(status);
        assert!(size < LIMIT, "{size} bytes: {status:?}");
    }
    answer
}

#[tokio::test]
async fn a_hundred_bad_labels_are_refused_in_an_answer_that_arrives() {
    let (_server, mut client) = start().await;
    for (key, value) in [("K", "v"), ("k", "é"), ("É", "\u{1}"), ("\u{1}", "\n")] {
        let mut datastore = source("Orders");
        let long = key.repeat(200);
        datastore.labels = (0..100)
            .map(|n| (format!("{long}{n}"), value.repeat(200)))
            .collect();
        let answer = client.create_datastore(creation(datastore)).await;
        let refusal = refused_fields(small(answer), &["datastore.labels"]);
        let more = refusal.violations.last().map(|(_, d)| d.contains("more"));
        assert_eq!(more, Some(true), "it says that there are more");
    }
}

#[tokio::test]
async fn a_thousand_bad_paths_in_a_mask_are_refused_in_an_answer_that_arrives() {
    let (_server, mut client) = start().await;
    let mut datastore = source("Orders");
    "datastores/orders".clone_into(&mut datastore.name);
    let paths = vec!["nonsense"; 1_000];
    let answer = client.update_datastore(change(datastore, &paths)).await;
    let refusal = refused(small(answer), ErrorReason::InvalidFields);
    assert!(refusal.fields().contains(&"update_mask.paths[0]"));
    assert!(refusal.fields().contains(&"update_mask"), "{refusal:?}");
}

#[tokio::test]
async fn a_request_in_which_everything_is_wrong_is_refused_in_an_answer_that_arrives() {
    let (_server, mut client) = start().await;
    let mut request = bad_input::everything_wrong();
    let datastore = request.datastore.as_mut().expect("it has one");
    datastore.labels = (0..100)
        .map(|n| (format!("{}{n}", "É".repeat(200)), "\u{1}".repeat(200)))
        .collect();
    let mut wanted = datastore.clone();
    let answer = small(client.create_datastore(request).await);
    let refusal = refused(answer, ErrorReason::InvalidFields);
    assert_eq!(refusal.fields().len(), 13);
    "nonsense".clone_into(&mut wanted.name);
    let paths = [&["*"][..], &["nonsense"; 100]].concat();
    let answer = small(client.update_datastore(change(wanted, &paths)).await);
    refused(answer, ErrorReason::InvalidFields);
}

#[tokio::test]
async fn long_values_in_a_request_do_not_make_the_refusal_long() {
    let (_server, mut client) = start().await;
    let long = "é".repeat(40_000);
    let mut datastore = source(&long);
    long.clone_into(&mut datastore.name);
    datastore.labels = labels(&[(&long, &long)]);
    let mut request = pb::CreateDatastoreRequest {
        datastore_id: long.clone(),
        request_id: long.clone(),
        ..creation(datastore)
    };
    let s3 = super::s3_mut(request.datastore.as_mut().expect("it has one"));
    s3.uri = format!("s3://{long}");
    s3.endpoint.clone_from(&long);
    refused(
        small(client.create_datastore(request).await),
        ErrorReason::InvalidFields,
    );
    refused(
        small(super::get(&mut client, &long).await),
        ErrorReason::InvalidFields,
    );
    for filter in [
        format!("{} = x", "é".repeat(1_000)),
        format!("labels.{} = x", "é".repeat(1_000)),
        format!("role = {}", "é".repeat(1_000)),
    ] {
        let list = pb::ListDatastoresRequest {
            filter,
            order_by: long.clone(),
            page_token: long.clone(),
            page_size: -1,
        };
        let answer = small(client.list_datastores(list).await);
        refused_fields(answer, &["filter", "order_by", "page_size", "page_token"]);
    }
}

#[tokio::test]
async fn the_longest_taken_display_name_is_refused_in_an_answer_that_arrives() {
    let (_server, mut client) = start().await;
    let longest = "\u{1F4A1}".repeat(128);
    super::create(&mut client, source(&longest)).await;
    let answer = client.create_datastore(creation(source(&longest))).await;
    refused(small(answer), ErrorReason::DisplayNameTaken);
}
