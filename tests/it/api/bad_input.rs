//! Bad input to every call: the reason, every bad field at once, and nothing stored.

use datastored::pb::{self, CreateDatastoreRequest as Create};

use super::{
    access_key, all, change, create, creation, labels, refused, refused_fields, removal, s3_mut,
    sent, source, start,
};

/// Makes one mistake in a valid create.
type Mistake = fn(&mut Create);

fn of(request: &mut Create) -> &mut pb::Datastore {
    request
        .datastore
        .as_mut()
        .expect("a create has a datastore")
}

fn uri(request: &mut Create, uri: &str) {
    uri.clone_into(&mut s3_mut(of(request)).uri);
}

fn endpoint(request: &mut Create, endpoint: &str) {
    endpoint.clone_into(&mut s3_mut(of(request)).endpoint);
}

fn keys(request: &mut Create, id: &str, secret: &str, token: &str) {
    s3_mut(of(request)).credentials = Some(access_key(id, secret, token));
}

fn name(request: &mut Create, name: &str) {
    name.clone_into(&mut of(request).display_name);
}

const ID: &str = "datastore.s3.access_key.access_key_id";
const SECRET: &str = "datastore.s3.access_key.secret_access_key";
const TOKEN: &str = "datastore.s3.access_key.session_token";

/// Mistakes, each with the fields that are bad then.
const MISTAKES: [(&[&str], &[Mistake]); 14] = [
    (&["datastore"], &[|r| r.datastore = None]),
    (
        &["datastore.s3.uri"],
        &[
            |r| uri(r, ""),
            |r| uri(r, " "),
            |r| uri(r, "logs"),
            |r| uri(r, "s3://"),
            |r| uri(r, "s3:///tests"),
            |r| uri(r, "gs://logs"),
            |r| uri(r, "arn:aws:s3:::logs"),
            |r| uri(r, "https://example.com/logs"),
            |r| uri(r, "s3://lo"),
            |r| uri(r, "s3://Logs"),
            |r| uri(r, "s3://my_bucket"),
            |r| uri(r, "s3://192.168.0.1"),
            |r| uri(r, "s3://-logs"),
            |r| uri(r, "s3://lo..gs"),
            |r| uri(r, "s3://xn--logs"),
            |r| uri(r, "s3://logs/../other"),
            |r| uri(r, "s3://logs/a\u{0}b"),
            |r| uri(r, &format!("s3://{}", "a".repeat(64))),
            |r| uri(r, &format!("s3://logs/{}", "a".repeat(2_000))),
        ],
    ),
    (
        &["datastore.s3.endpoint"],
        &[
            |r| endpoint(r, "minio"),
            |r| endpoint(r, "minio:9000"),
            |r| endpoint(r, "ftp://minio"),
            |r| endpoint(r, "http://"),
            |r| endpoint(r, "http://minio:99999"),
            |r| endpoint(r, "http://minio/bucket"),
            |r| endpoint(r, "http://minio?x=1"),
            |r| endpoint(r, "http://mi nio"),
            |r| endpoint(r, " "),
        ],
    ),
    (
        &["datastore.s3.region"],
        &[
            |r| "US East".clone_into(&mut s3_mut(of(r)).region),
            |r| "EU-WEST-1".clone_into(&mut s3_mut(of(r)).region),
            |r| {
                uri(r, "https://logs.s3.eu-west-1.amazonaws.com/");
                "us-east-1".clone_into(&mut s3_mut(of(r)).region);
            },
        ],
    ),
    (
        &["datastore.s3.addressing_style"],
        &[
            |r| s3_mut(of(r)).addressing_style = 99,
            |r| s3_mut(of(r)).addressing_style = -1,
        ],
    ),
    (
        &["datastore.s3.credentials"],
        &[|r| s3_mut(of(r)).credentials = None],
    ),
    (
        &[ID, SECRET],
        &[|r| keys(r, "", "", ""), |r| keys(r, "", "", "token")],
    ),
    (
        &[ID],
        &[
            |r| keys(r, "", "secret", ""),
            |r| keys(r, " AKIA", "secret", ""),
            |r| keys(r, &"A".repeat(129), "secret", ""),
        ],
    ),
    (
        &[SECRET],
        &[
            |r| keys(r, "AKIA", "", ""),
            |r| keys(r, "AKIA", "secret\n", ""),
            |r| keys(r, "AKIA", "se cret", ""),
            |r| keys(r, "AKIA", "sécret", ""),
            |r| keys(r, "AKIA", &"s".repeat(1_025), ""),
        ],
    ),
    (
        &[TOKEN],
        &[
            |r| keys(r, "AKIA", "secret", "to ken"),
            |r| keys(r, "AKIA", "secret", &"t".repeat(8_193)),
        ],
    ),
    (
        &["datastore.role"],
        &[|r| of(r).role = 0, |r| of(r).role = 99, |r| of(r).role = -1],
    ),
    (
        &["datastore.display_name"],
        &[
            |r| name(r, ""),
            |r| name(r, "  "),
            |r| name(r, " Orders"),
            |r| name(r, "Orders\n"),
            |r| name(r, "Or\u{7}ders"),
            |r| name(r, "Or\u{0}ders"),
            |r| name(r, "Or\u{85}ders"),
            |r| name(r, &"é".repeat(129)),
        ],
    ),
    (
        &["datastore.labels"],
        &[
            |r| of(r).labels = labels(&[("", "x")]),
            |r| of(r).labels = labels(&[("Env", "x")]),
            |r| of(r).labels = labels(&[("1st", "x")]),
            |r| of(r).labels = labels(&[("env", "a b")]),
            |r| of(r).labels = labels(&[("env", "\u{1b}[31m")]),
            |r| of(r).labels = (0..65).map(|n| (format!("k{n}"), String::new())).collect(),
        ],
    ),
    (
        &["datastore.name"],
        &[|r| "datastores/mine".clone_into(&mut of(r).name)],
    ),
];

#[tokio::test]
async fn each_mistake_in_a_create_is_refused_under_the_name_of_its_field() {
    let (_server, mut client) = start().await;
    for (fields, mistakes) in MISTAKES {
        for (index, mistake) in mistakes.iter().enumerate() {
            let mut request = creation(source("Orders"));
            mistake(&mut request);
            println!("{fields:?} {index}");
            let real = client.create_datastore(request.clone()).await;
            let refusal = refused_fields(real, fields);
            request.validate_only = true;
            let validated = client.create_datastore(request).await;
            assert_eq!(
                refused_fields(validated, fields).violations,
                refusal.violations
            );
        }
    }
    assert_eq!(all(&mut client).await, []);
}

#[tokio::test]
async fn a_datastore_id_or_request_id_that_is_none_is_refused() {
    let (_server, mut client) = start().await;
    for id in [
        "Orders",
        "1orders",
        "-",
        "orders-",
        "or/ders",
        "or ders",
        "é",
        &"a".repeat(64),
    ] {
        let mut request = creation(source("Orders"));
        id.clone_into(&mut request.datastore_id);
        let answer = client.create_datastore(request).await;
        refused_fields(answer, &["datastore_id"]);
    }
    for id in [
        "1",
        "not-a-uuid",
        "7d9f0f7e-3f3c-4a5b-9a52-0d4d2f6f2a1",
        "é",
    ] {
        let mut request = creation(source("Orders"));
        id.clone_into(&mut request.request_id);
        let answer = client.create_datastore(request).await;
        refused_fields(answer, &["request_id"]);
        let mut wanted = source("Orders");
        "datastores/orders".clone_into(&mut wanted.name);
        let mut request = change(wanted, &["labels"]);
        id.clone_into(&mut request.request_id);
        let answer = client.update_datastore(request).await;
        refused_fields(answer, &["request_id"]);
        let mut request = removal("datastores/orders");
        id.clone_into(&mut request.request_id);
        let answer = client.delete_datastore(request).await;
        refused_fields(answer, &["request_id"]);
    }
    assert_eq!(all(&mut client).await, []);
}

#[tokio::test]
async fn a_malformed_name_is_refused_by_every_call_that_takes_one() {
    let (_server, mut client) = start().await;
    for name in [
        "",
        "orders",
        "datastores/",
        "datastores",
        "Datastores/orders",
        "datastores/Orders",
        "datastores/orders/",
        "datastores/a/b",
        "/datastores/orders",
        "datastores/é",
        "datastores/or\u{0}ders",
        "datastores/-",
    ] {
        let get = super::get(&mut client, name).await;
        refused_fields(get, &["name"]);
        let delete = client.delete_datastore(removal(name)).await;
        refused_fields(delete, &["name"]);
        let mut wanted = source("Orders");
        name.clone_into(&mut wanted.name);
        let update = client.update_datastore(change(wanted, &["labels"])).await;
        refused_fields(update, &["datastore.name"]);
        let target = pb::test_connection_request::Target::Name(name.to_owned());
        let test = pb::TestConnectionRequest {
            target: Some(target),
            role: 0,
            ..pb::TestConnectionRequest::default()
        };
        refused_fields(client.test_connection(test).await, &["name"]);
        let target = pb::generate_iam_policy_request::Target::Name(name.to_owned());
        let policy = pb::GenerateIamPolicyRequest {
            target: Some(target),
            ..pb::GenerateIamPolicyRequest::default()
        };
        refused_fields(client.generate_iam_policy(policy).await, &["name"]);
    }
    let update = pb::UpdateDatastoreRequest::default();
    refused_fields(client.update_datastore(update).await, &["datastore"]);
    let test = pb::TestConnectionRequest::default();
    refused_fields(client.test_connection(test).await, &["target"]);
}

#[tokio::test]
async fn every_bad_field_of_a_request_is_listed_at_once() {
    let (_server, mut client) = start().await;
    let request = everything_wrong();
    let refusal = refused_fields(
        client.create_datastore(request.clone()).await,
        &[
            "request_id",
            "datastore_id",
            "datastore.name",
            "datastore.display_name",
            "datastore.role",
            "datastore.labels",
            "datastore.s3.uri",
            "datastore.s3.region",
            "datastore.s3.endpoint",
            "datastore.s3.addressing_style",
            ID,
            SECRET,
            TOKEN,
        ],
    );
    assert!(refusal.message.contains("more"), "{}", refusal.message);

    let mut wanted = request.datastore.expect("it has one");
    "nonsense".clone_into(&mut wanted.name);
    let mut update = change(wanted, &["*", "nonsense"]);
    "nonsense".clone_into(&mut update.request_id);
    refused_fields(
        client.update_datastore(update).await,
        &[
            "request_id",
            "datastore.name",
            "datastore.display_name",
            "datastore.role",
            "datastore.labels",
            "datastore.s3.uri",
            "datastore.s3.region",
            "datastore.s3.endpoint",
            "datastore.s3.addressing_style",
            ID,
            SECRET,
            TOKEN,
            "update_mask.paths[1]",
        ],
    );
    let delete = pb::DeleteDatastoreRequest {
        request_id: "nonsense".to_owned(),
        ..removal("nonsense")
    };
    refused_fields(
        client.delete_datastore(delete).await,
        &["name", "request_id"],
    );
    assert_eq!(all(&mut client).await, []);
}

/// A create in which every field is bad.
pub(super) fn everything_wrong() -> Create {
    let mut request = creation(source("\u{1}"));
    "nonsense".clone_into(&mut request.request_id);
    "No Id".clone_into(&mut request.datastore_id);
    keys(&mut request, "", "", " ");
    let datastore = of(&mut request);
    "datastores/mine".clone_into(&mut datastore.name);
    datastore.role = 99;
    datastore.labels = labels(&[("Env", "x"), ("ok", "not ok")]);
    let s3 = s3_mut(datastore);
    "nonsense".clone_into(&mut s3.uri);
    "NONSENSE".clone_into(&mut s3.region);
    "nonsense".clone_into(&mut s3.endpoint);
    s3.addressing_style = 99;
    request
}

#[tokio::test]
async fn what_looks_like_a_password_in_a_uri_or_endpoint_is_never_echoed() {
    let (server, mut client) = start().await;
    let stored = create(&mut client, source("Stored")).await;
    for mistake in [
        (|r| uri(r, "s3://AKIA:hunter2@logs/a")) as Mistake,
        |r| uri(r, "s3a://AKIA:hun/hunter2@logs/a"),
        |r| uri(r, "https://AKIA:hunter2@logs.s3.amazonaws.com/a"),
        |r| uri(r, "https://logs.s3.amazonaws.com/a?X-Amz-Signature=hunter2"),
        |r| endpoint(r, "https://AKIA:hunter2@minio:9000"),
        |r| endpoint(r, "https://minio?password=hunter2"),
        |r| endpoint(r, "hunter2"),
        |r| keys(r, "AKIA", "hunter2 ", " hunter2"),
        |r| keys(r, "hunter2 ", "s", ""),
    ] {
        let mut request = creation(source("Orders"));
        mistake(&mut request);
        let mut wanted = request.datastore.clone().expect("it has one");
        wanted.name.clone_from(&stored.name);
        let create = client.create_datastore(request).await;
        let update = client.update_datastore(change(wanted, &["s3"])).await;
        for status in [create, update].map(|a| a.expect_err("it is refused")) {
            let text = format!("{status:?} {}", String::from_utf8_lossy(status.details()));
            assert!(!text.contains("hunter2"), "{text}");
            refused::<()>(Err(status), pb::ErrorReason::InvalidFields);
        }
    }
    assert!(!server.log().contains("hunter2"));
}

#[tokio::test]
async fn the_largest_values_that_are_allowed_are_taken() {
    let (_server, mut client) = start().await;
    let mut request = creation(source(&"é".repeat(128)));
    request.datastore_id = "a".repeat(63);
    keys(
        &mut request,
        &"A".repeat(128),
        &"s".repeat(1_024),
        &"t".repeat(8_192),
    );
    uri(
        &mut request,
        &format!("s3://{}/{}", "a".repeat(63), "b".repeat(899)),
    );
    of(&mut request).labels = (0..64)
        .map(|n| (format!("k{n:062}"), "v".repeat(63)))
        .collect();
    let created = sent(client.create_datastore(request).await);
    assert_eq!(
        super::get(&mut client, &created.name).await.unwrap(),
        created
    );
}
