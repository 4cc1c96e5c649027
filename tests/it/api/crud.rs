//! Create, Get, Update and Delete of one datastore, as AIP-131 and 133 to 135 say.

use datastored::pb::s3_config::Credentials;
use datastored::pb::{self, CredentialsKind, ErrorReason};
use prost_types::Timestamp;

use super::{
    access_key, all, change, create, creation, get, labels, refused, removal, s3, s3_mut, sent,
    source, start,
};
use crate::server::Datastored;

#[tokio::test]
async fn a_created_datastore_comes_back_whole_from_get_and_list_but_without_credentials() {
    let (_server, mut client) = start().await;
    let mut wanted = source("Orders");
    wanted.labels = labels(&[("env", "prod"), ("team", "")]);
    s3_mut(&mut wanted).region = "eu-central-1".to_owned();
    s3_mut(&mut wanted).endpoint = "HTTPS://Minio.Example.com:443/".to_owned();
    s3_mut(&mut wanted).addressing_style = pb::AddressingStyle::VirtualHosted.into();

    let created = create(&mut client, wanted.clone()).await;
    assert_eq!(created.display_name, "Orders");
    assert_eq!(created.role(), pb::Role::Source);
    assert_eq!(created.labels, wanted.labels);
    let stored = pb::S3Config {
        uri: "s3://logs/tests/".to_owned(),
        region: "eu-central-1".to_owned(),
        endpoint: "https://minio.example.com".to_owned(),
        addressing_style: pb::AddressingStyle::VirtualHosted.into(),
        credentials_kind: CredentialsKind::AccessKey.into(),
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        ..pb::S3Config::default()
    };
    assert_eq!(s3(&created), &stored);
    assert_eq!(get(&mut client, &created.name).await.unwrap(), created);
    assert_eq!(all(&mut client).await, [created]);
}

#[tokio::test]
async fn the_server_gives_name_uid_times_and_etag_whatever_the_request_says_of_them() {
    let (_server, mut client) = start().await;
    let mut wanted = source("Orders");
    let long_ago = Some(Timestamp {
        seconds: 1,
        nanos: 0,
    });
    "not a uuid".clone_into(&mut wanted.uid);
    "forged".clone_into(&mut wanted.etag);
    wanted.create_time = long_ago;
    wanted.update_time = long_ago;
    s3_mut(&mut wanted).credentials_kind = CredentialsKind::Ambient.into();
    "FORGED".clone_into(&mut s3_mut(&mut wanted).access_key_id);

    let created = create(&mut client, wanted).await;
    let uid = uuid::Uuid::parse_str(&created.uid).expect("uid is a UUID");
    assert_eq!(uid.get_version_num(), 4);
    let id = created.name.strip_prefix("datastores/").expect("a name");
    assert!(id.starts_with(|c: char| c.is_ascii_lowercase()), "{id}");
    assert_ne!(created.create_time, long_ago);
    assert!(created.create_time.is_some());
    assert_eq!(created.update_time, created.create_time);
    assert!(!created.etag.is_empty() && created.etag != "forged");
    assert_eq!(s3(&created).credentials_kind(), CredentialsKind::AccessKey);
    assert_eq!(s3(&created).access_key_id, "AKIAIOSFODNN7EXAMPLE");
}

#[tokio::test]
async fn an_update_keeps_uid_and_create_time_and_moves_update_time_and_etag() {
    let (_server, mut client) = start().await;
    let created = create(&mut client, source("Orders")).await;
    let mut wanted = created.clone();
    "Orders, renamed".clone_into(&mut wanted.display_name);
    let long_ago = Some(Timestamp::default());
    "forged".clone_into(&mut wanted.uid);
    wanted.create_time = long_ago;
    wanted.update_time = long_ago;
    let updated = sent(client.update_datastore(change(wanted, &[])).await);
    assert_eq!(updated.display_name, "Orders, renamed");
    assert_eq!(updated.uid, created.uid);
    assert_eq!(updated.create_time, created.create_time);
    let nanos = |t: Option<Timestamp>| t.map(|t| (t.seconds, t.nanos));
    assert!(nanos(updated.update_time) > nanos(created.update_time));
    assert_ne!(updated.etag, created.etag);
    assert_eq!(get(&mut client, &created.name).await.unwrap(), updated);
}

/// A URI, the `region` beside it, and what is stored of both.
const SPELLINGS: [(&str, &str, &str, &str); 12] = [
    ("s3://logs", "", "s3://logs", "us-east-1"),
    ("s3://logs/", "", "s3://logs", "us-east-1"),
    ("S3://logs/a", "eu-west-1", "s3://logs/a/", "eu-west-1"),
    ("s3a://logs/a/b", "", "s3://logs/a/b/", "us-east-1"),
    ("s3n://logs/a/b/", "", "s3://logs/a/b/", "us-east-1"),
    (" s3://logs/a\n", "", "s3://logs/a/", "us-east-1"),
    (
        "https://logs.s3.eu-west-1.amazonaws.com/a%20b",
        "",
        "s3://logs/a b/",
        "eu-west-1",
    ),
    (
        "https://logs.s3.eu-west-1.amazonaws.com/a",
        "eu-west-1",
        "s3://logs/a/",
        "eu-west-1",
    ),
    (
        "https://s3.ap-south-1.amazonaws.com/logs/a",
        "",
        "s3://logs/a/",
        "ap-south-1",
    ),
    (
        "https://logs.s3.amazonaws.com/a",
        "ca-central-1",
        "s3://logs/a/",
        "ca-central-1",
    ),
    (
        "https://logs.s3.dualstack.eu-west-1.amazonaws.com/",
        "",
        "s3://logs",
        "eu-west-1",
    ),
    (
        "https://s3.amazonaws.com/logs/a/",
        "",
        "s3://logs/a/",
        "us-east-1",
    ),
];

#[tokio::test]
async fn every_spelling_of_a_uri_is_stored_in_one_form_with_its_region() {
    let (_server, mut client) = start().await;
    for (index, (uri, region, stored, stored_region)) in SPELLINGS.into_iter().enumerate() {
        let mut wanted = source(&format!("Datastore {index}"));
        uri.clone_into(&mut s3_mut(&mut wanted).uri);
        region.clone_into(&mut s3_mut(&mut wanted).region);
        let created = create(&mut client, wanted).await;
        let read = get(&mut client, &created.name).await.unwrap();
        let found = (s3(&read).uri.as_str(), s3(&read).region.as_str());
        assert_eq!(found, (stored, stored_region), "{uri} {region}");
    }
}

#[tokio::test]
async fn each_kind_of_credentials_is_told_without_being_shown() {
    let server = Datastored::start(&["--allow-ambient-credentials"]);
    let mut client = server.client().await;
    let kinds = [
        (access_key("AKIA1", "s", ""), CredentialsKind::AccessKey),
        (access_key("ASIA1", "s", "t"), CredentialsKind::Temporary),
        (
            Credentials::Anonymous(pb::Anonymous {}),
            CredentialsKind::Anonymous,
        ),
        (
            Credentials::Ambient(pb::Ambient {}),
            CredentialsKind::Ambient,
        ),
    ];
    for (credentials, kind) in kinds {
        let mut wanted = source(kind.as_str_name());
        s3_mut(&mut wanted).credentials = Some(credentials);
        let created = create(&mut client, wanted).await;
        let read = get(&mut client, &created.name).await.unwrap();
        assert_eq!(s3(&read).credentials_kind(), kind);
        assert_eq!(s3(&read).credentials, None);
    }
}

#[tokio::test]
async fn the_servers_own_credentials_are_lent_only_when_the_operator_says_so() {
    let (_server, mut client) = start().await;
    let mut wanted = source("Orders");
    s3_mut(&mut wanted).credentials = Some(Credentials::Ambient(pb::Ambient {}));
    let answer = client.create_datastore(creation(wanted.clone())).await;
    let refusal = refused(answer, ErrorReason::AmbientCredentialsNotAllowed);
    assert_eq!(refusal.metadata["flag"], "--allow-ambient-credentials");
    let created = create(&mut client, source("Orders")).await;
    wanted.name.clone_from(&created.name);
    let answer = client
        .update_datastore(change(wanted, &["s3.ambient"]))
        .await;
    refused(answer, ErrorReason::AmbientCredentialsNotAllowed);
    assert_eq!(all(&mut client).await, [created]);
}

#[tokio::test]
async fn validate_only_answers_what_would_be_stored_and_stores_nothing() {
    let (_server, mut client) = start().await;
    let mut request = creation(source("Orders"));
    "orders".clone_into(&mut request.datastore_id);
    request.validate_only = true;
    let checked = sent(client.create_datastore(request.clone()).await);
    assert_eq!(checked.name, "datastores/orders");
    assert_eq!(
        checked.etag, "",
        "nothing is stored that an etag could be of"
    );
    assert_eq!(all(&mut client).await, []);

    request.validate_only = false;
    let created = sent(client.create_datastore(request).await);
    let mut renamed = created.clone();
    "Sales".clone_into(&mut renamed.display_name);
    let mut request = change(renamed, &["display_name"]);
    request.validate_only = true;
    let checked = sent(client.update_datastore(request).await);
    assert_eq!(checked.display_name, "Sales");
    let mut request = removal(&created.name);
    request.validate_only = true;
    sent(client.delete_datastore(request).await);
    assert_eq!(all(&mut client).await, [created]);
}

#[tokio::test]
async fn validate_only_is_refused_for_the_same_reasons_as_the_real_call() {
    let (_server, mut client) = start().await;
    create(&mut client, source("Taken")).await;
    let other = create(&mut client, source("Other")).await;
    let mut stale = other.clone();
    "0".clone_into(&mut stale.etag);
    let mut renamed = other.clone();
    "Taken".clone_into(&mut renamed.display_name);
    let mut moved = other.clone();
    "s3://elsewhere".clone_into(&mut s3_mut(&mut moved).uri);
    for validate_only in [false, true] {
        let mut request = creation(source("Taken"));
        request.validate_only = validate_only;
        let answer = client.create_datastore(request).await;
        refused(answer, ErrorReason::DisplayNameTaken);
        for (datastore, reason) in [
            (&stale, ErrorReason::EtagMismatch),
            (&renamed, ErrorReason::DisplayNameTaken),
            (&moved, ErrorReason::CredentialsRequired),
        ] {
            let mut request = change(datastore.clone(), &["display_name", "s3"]);
            request.validate_only = validate_only;
            refused(client.update_datastore(request).await, reason);
        }
        let mut request = removal(&other.name);
        request.validate_only = validate_only;
        "0".clone_into(&mut request.etag);
        let answer = client.delete_datastore(request).await;
        refused(answer, ErrorReason::EtagMismatch);
    }
}

#[tokio::test]
async fn a_write_with_a_stale_etag_is_refused_and_with_the_current_one_it_works() {
    let (_server, mut client) = start().await;
    let first = create(&mut client, source("Orders")).await;
    let second = sent(
        client
            .update_datastore(change(first.clone(), &["labels"]))
            .await,
    );
    for stale in [
        first.etag.as_str(),
        "0",
        "+1",
        "ffffffffffffffffff",
        "é",
        "W/\"1\"",
    ] {
        let mut wanted = second.clone();
        stale.clone_into(&mut wanted.etag);
        let answer = client.update_datastore(change(wanted, &["labels"])).await;
        let refusal = refused(answer, ErrorReason::EtagMismatch);
        assert_eq!(refusal.metadata["name"], first.name);
        let mut request = removal(&first.name);
        stale.clone_into(&mut request.etag);
        let answer = client.delete_datastore(request).await;
        refused(answer, ErrorReason::EtagMismatch);
    }
    let third = sent(client.update_datastore(change(second, &["labels"])).await);
    let mut request = removal(&first.name);
    request.etag = third.etag;
    sent(client.delete_datastore(request).await);
    assert_eq!(all(&mut client).await, []);
}

#[tokio::test]
async fn what_does_not_exist_is_not_found_by_any_call_whatever_its_etag() {
    let (_server, mut client) = start().await;
    let created = create(&mut client, source("Orders")).await;
    sent(client.delete_datastore(removal(&created.name)).await);
    for name in [created.name.as_str(), "datastores/never-there"] {
        let refusal = refused(get(&mut client, name).await, ErrorReason::DatastoreNotFound);
        assert_eq!(refusal.metadata["name"], name);
        let resource = refusal.details.resource_info().expect("ResourceInfo");
        assert_eq!(resource.resource_type, "datastored.dev/Datastore");
        assert_eq!(resource.resource_name, name);
        for etag in ["", "1", "not one of ours"] {
            let mut wanted = source("Orders");
            name.clone_into(&mut wanted.name);
            etag.clone_into(&mut wanted.etag);
            let answer = client.update_datastore(change(wanted, &["labels"])).await;
            refused(answer, ErrorReason::DatastoreNotFound);
            let mut request = removal(name);
            etag.clone_into(&mut request.etag);
            let answer = client.delete_datastore(request).await;
            refused(answer, ErrorReason::DatastoreNotFound);
        }
    }
}

#[tokio::test]
async fn a_datastore_that_takes_a_deleted_ones_name_has_another_uid_and_etag() {
    let (_server, mut client) = start().await;
    let mut request = creation(source("Orders"));
    "orders".clone_into(&mut request.datastore_id);
    let first = sent(client.create_datastore(request.clone()).await);
    sent(client.delete_datastore(removal(&first.name)).await);
    let second = sent(client.create_datastore(request).await);
    assert_eq!(second.name, first.name);
    assert_ne!(second.uid, first.uid);
    assert_ne!(second.etag, first.etag);
}
