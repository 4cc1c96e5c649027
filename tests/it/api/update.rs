//! Update: which fields a mask names, and what an update leaves as it is (AIP-134).

use datastored::pb::{self, AddressingStyle, CredentialsKind};

use super::{
    access_key, change, create, get, labels, refused_fields, s3, s3_mut, sent, source, start,
};

/// A datastore in which every field that an update can change differs from `source`'s.
fn other(name: &str) -> pb::Datastore {
    let mut datastore = source("Other");
    name.clone_into(&mut datastore.name);
    datastore.labels = labels(&[("env", "test")]);
    let s3 = s3_mut(&mut datastore);
    "s3://other/place".clone_into(&mut s3.uri);
    "eu-west-1".clone_into(&mut s3.region);
    "http://minio:9000".clone_into(&mut s3.endpoint);
    s3.addressing_style = AddressingStyle::Path.into();
    s3.credentials = Some(access_key("AKIAOTHER", "other", "token"));
    datastore
}

/// Puts one field of `other` into what is expected of an update.
type Effect = fn(&mut pb::Datastore);

const SET_ACCESS_KEY: Effect = |d| {
    "AKIAOTHER".clone_into(&mut s3_mut(d).access_key_id);
    s3_mut(d).credentials_kind = CredentialsKind::Temporary.into();
};

/// Each path of a mask, with what it changes.
const EFFECTS: [(&[&str], &[Effect]); 11] = [
    (
        &["display_name"],
        &[|d| "Other".clone_into(&mut d.display_name)],
    ),
    (&["labels"], &[|d| d.labels = labels(&[("env", "test")])]),
    (
        &["s3.region"],
        &[|d| "eu-west-1".clone_into(&mut s3_mut(d).region)],
    ),
    (
        &["s3.addressing_style"],
        &[|d| s3_mut(d).addressing_style = AddressingStyle::Path.into()],
    ),
    (&["s3.access_key"], &[SET_ACCESS_KEY]),
    (
        &["s3.uri", "s3.access_key"],
        &[SET_ACCESS_KEY, |d| {
            "s3://other/place/".clone_into(&mut s3_mut(d).uri);
        }],
    ),
    (
        &["s3.endpoint", "s3.access_key"],
        &[SET_ACCESS_KEY, |d| {
            "http://minio:9000".clone_into(&mut s3_mut(d).endpoint);
        }],
    ),
    (&["s3"], &[SET_S3]),
    (&["*"], &[SET_S3, SET_REST]),
    (&[], &[SET_S3, SET_REST]),
    (
        &["role", "role", "labels", "labels"],
        &[|d| {
            d.labels = labels(&[("env", "test")]);
        }],
    ),
];

const SET_S3: Effect = |d| {
    SET_ACCESS_KEY(d);
    let s3 = s3_mut(d);
    "s3://other/place/".clone_into(&mut s3.uri);
    "eu-west-1".clone_into(&mut s3.region);
    "http://minio:9000".clone_into(&mut s3.endpoint);
    s3.addressing_style = AddressingStyle::Path.into();
};

const SET_REST: Effect = |d| {
    "Other".clone_into(&mut d.display_name);
    d.labels = labels(&[("env", "test")]);
};

#[tokio::test]
async fn a_mask_changes_the_fields_that_it_names_and_no_others() {
    for (paths, effects) in EFFECTS {
        let (_server, mut client) = start().await;
        let mut start = source("Orders");
        start.labels = labels(&[("env", "prod"), ("team", "data")]);
        let created = create(&mut client, start).await;
        let answer = client
            .update_datastore(change(other(&created.name), paths))
            .await;
        let updated = sent(answer);
        let mut expected = created.clone();
        for effect in effects {
            effect(&mut expected);
        }
        expected.etag.clone_from(&updated.etag);
        expected.update_time = updated.update_time;
        assert_eq!(updated, expected, "{paths:?}");
        assert_eq!(get(&mut client, &created.name).await.unwrap(), updated);
    }
}

#[tokio::test]
async fn without_a_mask_the_fields_without_a_value_stay_and_with_a_star_they_are_cleared() {
    let (_server, mut client) = start().await;
    let mut full = source("Orders");
    full.labels = labels(&[("env", "prod")]);
    s3_mut(&mut full).region = "eu-west-1".to_owned();
    s3_mut(&mut full).addressing_style = AddressingStyle::Path.into();
    let created = create(&mut client, full).await;
    let mut sparse = source("Orders");
    sparse.name.clone_from(&created.name);
    let kept = sent(client.update_datastore(change(sparse.clone(), &[])).await);
    assert_eq!(kept.labels, created.labels);
    assert_eq!(s3(&kept), s3(&created));
    let cleared = sent(client.update_datastore(change(sparse, &["*"])).await);
    assert_eq!(cleared.labels, labels(&[]));
    assert_eq!(s3(&cleared).region, "us-east-1");
    assert_eq!(
        s3(&cleared).addressing_style(),
        AddressingStyle::Unspecified
    );
}

#[tokio::test]
async fn what_get_returned_can_be_sent_back_with_any_mask() {
    let (_server, mut client) = start().await;
    let mut read = create(&mut client, source("Orders")).await;
    for (number, paths) in [&[][..], &["*"], &["s3", "labels"]].into_iter().enumerate() {
        let number = number.to_string();
        read.labels.insert("count".to_owned(), number.clone());
        let updated = sent(client.update_datastore(change(read.clone(), paths)).await);
        assert_eq!(updated.labels["count"], number, "{paths:?}");
        assert_eq!(s3(&updated), s3(&read));
        read = updated;
    }
}

#[tokio::test]
async fn a_role_never_changes_whatever_names_it() {
    let (_server, mut client) = start().await;
    let created = create(&mut client, source("Orders")).await;
    let mut wanted = created.clone();
    wanted.role = pb::Role::Enrichment.into();
    for paths in [&[][..], &["*"], &["role"], &["role", "labels"]] {
        let answer = client.update_datastore(change(wanted.clone(), paths)).await;
        refused_fields(answer, &["datastore.role"]);
    }
    wanted.role = 0;
    let answer = client
        .update_datastore(change(wanted.clone(), &["role"]))
        .await;
    refused_fields(answer, &["datastore.role"]);
    assert_eq!(get(&mut client, &created.name).await.unwrap(), created);
}

#[tokio::test]
async fn a_mask_that_names_what_cannot_be_set_is_refused_path_by_path() {
    let (_server, mut client) = start().await;
    let created = create(&mut client, source("Orders")).await;
    let mut wanted = source("Sales");
    wanted.name.clone_from(&created.name);
    for path in [
        "nonsense",
        "",
        "displayName",
        "display_name ",
        "S3",
        "s3.",
        "s3.*",
        "s3.bucket",
        "s3.credentials",
        "s3.access_key.secret_access_key",
        "datastore.display_name",
        "labels.env",
        "name",
        "uid",
        "create_time",
        "update_time",
        "etag",
        "s3.credentials_kind",
        "s3.access_key_id",
        "s3.anonymous",
        "s3.ambient",
    ] {
        let mask = change(wanted.clone(), &["display_name", path]);
        let answer = client.update_datastore(mask).await;
        refused_fields(answer, &["update_mask.paths[1]"]);
    }
    assert_eq!(get(&mut client, &created.name).await.unwrap(), created);
}

#[tokio::test]
async fn a_named_field_without_a_value_is_refused_when_it_is_required() {
    let (_server, mut client) = start().await;
    let created = create(&mut client, source("Orders")).await;
    let empty = pb::Datastore {
        name: created.name.clone(),
        ..pb::Datastore::default()
    };
    for (path, fields) in [
        ("display_name", &["datastore.display_name"][..]),
        ("s3", &["datastore.s3.uri"]),
        ("s3.uri", &["datastore.s3.uri"]),
        ("*", &["datastore.display_name", "datastore.s3.uri"]),
        ("s3.access_key", &["update_mask.paths[0]"]),
    ] {
        let answer = client
            .update_datastore(change(empty.clone(), &[path]))
            .await;
        refused_fields(answer, fields);
    }
    assert_eq!(get(&mut client, &created.name).await.unwrap(), created);
}

#[tokio::test]
async fn concurrent_updates_of_different_fields_all_land() {
    let (server, mut client) = start().await;
    let created = create(&mut client, source("Orders")).await;
    let mut wanted = other(&created.name);
    for round in 0..8 {
        wanted.display_name = format!("Name {round}");
        wanted.labels = labels(&[("round", &round.to_string())]);
        s3_mut(&mut wanted).region = format!("eu-west-{round}");
        let mut updates = tokio::task::JoinSet::new();
        for path in ["display_name", "labels", "s3.region"] {
            let (mut client, request) = (server.client().await, change(wanted.clone(), &[path]));
            updates.spawn(async move { sent(client.update_datastore(request).await) });
        }
        updates.join_all().await;
        let stored = get(&mut client, &created.name).await.unwrap();
        assert_eq!(stored.display_name, wanted.display_name);
        assert_eq!(stored.labels, wanted.labels);
        assert_eq!(s3(&stored).region, s3(&wanted).region);
    }
}

#[tokio::test]
async fn of_concurrent_updates_with_one_etag_exactly_one_lands() {
    let (server, mut client) = start().await;
    let created = create(&mut client, source("Orders")).await;
    let mut updates = tokio::task::JoinSet::new();
    for number in 0..8 {
        let mut wanted = created.clone();
        wanted.labels = labels(&[("number", &number.to_string())]);
        let (mut client, request) = (server.client().await, change(wanted, &["labels"]));
        updates.spawn(async move { client.update_datastore(request).await });
    }
    let answers = updates.join_all().await;
    let won = answers.iter().flatten().count();
    assert_eq!(won, 1, "{answers:?}");
    for answer in answers.into_iter().filter(Result::is_err) {
        super::refused(answer, pb::ErrorReason::EtagMismatch);
    }
}
