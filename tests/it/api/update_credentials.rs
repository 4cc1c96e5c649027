//! Stored credentials stay with the place that their owner named: an update that moves a datastore brings its own.

use datastored::pb::{self, CredentialsKind, ErrorReason};

use super::{Client, access_key, change, create, get, refused, s3, s3_mut, sent, source, start};

/// Sends a datastore whose credentials are only what `move_it` puts in.
async fn update(
    client: &mut Client,
    stored: &pb::Datastore,
    paths: &[&str],
    move_it: impl Fn(&mut pb::S3Config),
) -> Result<pb::Datastore, tonic::Status> {
    let mut wanted = stored.clone();
    move_it(s3_mut(&mut wanted));
    let answer = client.update_datastore(change(wanted, paths)).await;
    answer.map(tonic::Response::into_inner)
}

/// What is changed, and the fields that the refusal names.
type Move = (fn(&mut pb::S3Config), &'static str);

const MOVES: [Move; 8] = [
    (
        |s3| "s3://elsewhere/tests/".clone_into(&mut s3.uri),
        "s3.uri",
    ),
    (|s3| "s3://logs/".clone_into(&mut s3.uri), "s3.uri"),
    (
        |s3| "s3://logs/tests/deeper".clone_into(&mut s3.uri),
        "s3.uri",
    ),
    (
        |s3| "https://logs.s3.amazonaws.com/other".clone_into(&mut s3.uri),
        "s3.uri",
    ),
    (
        |s3| "https://evil.example.com".clone_into(&mut s3.endpoint),
        "s3.endpoint",
    ),
    (
        |s3| "http://minio.example.com".clone_into(&mut s3.endpoint),
        "s3.endpoint",
    ),
    (
        |s3| "https://minio.example.com:9000".clone_into(&mut s3.endpoint),
        "s3.endpoint",
    ),
    (
        |s3| {
            "s3://elsewhere".clone_into(&mut s3.uri);
            "https://evil.example.com".clone_into(&mut s3.endpoint);
        },
        "s3.uri,s3.endpoint",
    ),
];

const MASKS: [&[&str]; 5] = [
    &["s3.uri", "s3.endpoint"],
    &["s3"],
    &["*"],
    &[],
    &["s3", "display_name"],
];

async fn stored(client: &mut Client) -> pb::Datastore {
    let mut datastore = source("Orders");
    "https://minio.example.com".clone_into(&mut s3_mut(&mut datastore).endpoint);
    create(client, datastore).await
}

#[tokio::test]
async fn a_move_without_credentials_is_refused_through_every_mask() {
    let (_server, mut client) = start().await;
    let stored = stored(&mut client).await;
    for (move_it, changed) in MOVES {
        for paths in MASKS {
            let answer = update(&mut client, &stored, paths, move_it).await;
            let refusal = refused(answer, ErrorReason::CredentialsRequired);
            assert_eq!(refusal.metadata["name"], stored.name);
            assert_eq!(refusal.metadata["changed"], changed, "{paths:?}");
            let failure = refusal.details.precondition_failure();
            let violations = &failure.expect("PreconditionFailure").violations;
            assert_eq!(violations[0].r#type, "CREDENTIALS");
            assert_eq!(violations[0].subject, stored.name);
        }
    }
    assert_eq!(get(&mut client, &stored.name).await.unwrap(), stored);
}

#[tokio::test]
async fn taking_the_endpoint_away_is_a_move_too() {
    let (_server, mut client) = start().await;
    let stored = stored(&mut client).await;
    for paths in [&["s3.endpoint"][..], &["s3"], &["*"]] {
        let answer = update(&mut client, &stored, paths, |s3| s3.endpoint.clear()).await;
        refused(answer, ErrorReason::CredentialsRequired);
    }
}

#[tokio::test]
async fn credentials_that_the_mask_leaves_out_do_not_come_along() {
    let (_server, mut client) = start().await;
    let stored = stored(&mut client).await;
    let answer = update(&mut client, &stored, &["s3.uri"], |s3| {
        "s3://elsewhere".clone_into(&mut s3.uri);
        s3.credentials = Some(access_key("AKIANEW", "new", ""));
    });
    refused(answer.await, ErrorReason::CredentialsRequired);
}

#[tokio::test]
async fn a_move_that_brings_credentials_is_accepted_through_every_mask() {
    for paths in [
        &["s3.uri", "s3.endpoint", "s3.access_key"][..],
        &["s3"],
        &["*"],
        &[],
    ] {
        for (move_it, _) in MOVES {
            let (_server, mut client) = start().await;
            let stored = stored(&mut client).await;
            let updated = update(&mut client, &stored, paths, |s3| {
                move_it(s3);
                s3.credentials = Some(access_key("AKIANEW", "new", "token"));
            });
            let updated = updated.await.expect("credentials came along");
            assert_eq!(s3(&updated).access_key_id, "AKIANEW");
            assert_eq!(s3(&updated).credentials_kind(), CredentialsKind::Temporary);
            assert_eq!(get(&mut client, &stored.name).await.unwrap(), updated);
        }
    }
}

/// Other words for the place that is stored.
const SAME_PLACE: [fn(&mut pb::S3Config); 5] = [
    |_| {},
    |s3| "S3A://logs/tests".clone_into(&mut s3.uri),
    |s3| "https://s3.amazonaws.com/logs/tests/".clone_into(&mut s3.uri),
    |s3| "HTTPS://MINIO.example.com:443/".clone_into(&mut s3.endpoint),
    |s3| s3.addressing_style = pb::AddressingStyle::VirtualHosted.into(),
];

#[tokio::test]
async fn stored_credentials_stay_when_the_place_stays_however_it_is_spelled() {
    let (_server, mut client) = start().await;
    let mut stored = stored(&mut client).await;
    for same in SAME_PLACE {
        for paths in MASKS {
            stored.etag.clear();
            let updated = update(&mut client, &stored, paths, same).await;
            let updated = updated.expect("nothing moves");
            assert_eq!(s3(&updated).uri, s3(&stored).uri);
            assert_eq!(s3(&updated).endpoint, s3(&stored).endpoint);
            assert_eq!(s3(&updated).access_key_id, "AKIAIOSFODNN7EXAMPLE");
            assert_eq!(s3(&updated).credentials_kind(), CredentialsKind::AccessKey);
        }
    }
}

#[tokio::test]
async fn half_credentials_do_not_replace_whole_ones() {
    let (_server, mut client) = start().await;
    let stored = stored(&mut client).await;
    for (id, secret, field) in [
        ("", "new", "datastore.s3.access_key.access_key_id"),
        ("AKIANEW", "", "datastore.s3.access_key.secret_access_key"),
    ] {
        for paths in [&["s3.access_key"][..], &["s3"], &["*"], &[]] {
            let answer = update(&mut client, &stored, paths, |s3| {
                s3.credentials = Some(access_key(id, secret, ""));
            });
            super::refused_fields(answer.await, &[field]);
        }
    }
    assert_eq!(get(&mut client, &stored.name).await.unwrap(), stored);
}

#[tokio::test]
async fn a_session_token_goes_when_a_long_term_key_replaces_it() {
    let (_server, mut client) = start().await;
    let mut temporary = source("Orders");
    s3_mut(&mut temporary).credentials = Some(access_key("ASIA1", "secret", "token"));
    let stored = create(&mut client, temporary).await;
    let updated = update(&mut client, &stored, &["s3.access_key"], |s3| {
        s3.credentials = Some(access_key("AKIA1", "secret", ""));
    });
    let updated = updated.await.expect("a key may be replaced");
    assert_eq!(s3(&updated).credentials_kind(), CredentialsKind::AccessKey);
    let read = sent(
        client
            .get_datastore(pb::GetDatastoreRequest { name: stored.name })
            .await,
    );
    assert_eq!(read, updated);
}
