//! Roles that are assumed, as the API takes, keeps and shows them.

use datastored::pb::s3_config::Credentials;
use datastored::pb::{self, CredentialsKind, ErrorReason};

use super::{
    access_key, all, change, create, creation, get, refused, refused_fields, s3, s3_mut, source,
    start,
};
use crate::server::Datastored;

const ARN: &str = "arn:aws:iam::123456789012:role/data/reader";
const STS: &str = "https://sts.example.com";

fn at(field: &str) -> String {
    format!("datastore.s3.assume_role.{field}")
}

fn key(id: &str, secret: &str) -> pb::assume_role::Base {
    match access_key(id, secret, "") {
        Credentials::AccessKey(key) => pb::assume_role::Base::AccessKey(key),
        other => panic!("no access key: {other:?}"),
    }
}

fn lasting(role: &mut pb::AssumeRole, seconds: i64, nanos: i32) {
    role.duration = Some(prost_types::Duration { seconds, nanos });
}

/// A role that can be assumed at AWS.
fn role() -> pb::AssumeRole {
    pb::AssumeRole {
        role_arn: ARN.to_owned(),
        base: Some(key("AKIABASE", "base-secret")),
        ..pb::AssumeRole::default()
    }
}

fn with(role: pb::AssumeRole) -> pb::Datastore {
    let mut datastore = source("Orders");
    s3_mut(&mut datastore).credentials = Some(Credentials::AssumeRole(role));
    datastore
}

#[tokio::test]
async fn a_role_is_told_without_the_credentials_that_assume_it() {
    let (_server, mut client) = start().await;
    let mut wanted = role();
    "partner-42".clone_into(&mut wanted.external_id);
    let created = create(&mut client, with(wanted.clone())).await;
    let read = get(&mut client, &created.name).await.unwrap();
    assert_eq!(read, created);
    let s3 = s3(&read);
    assert_eq!(s3.credentials_kind(), CredentialsKind::AssumedRole);
    assert_eq!(s3.credentials, None);
    assert_eq!(s3.role_arn, ARN);
    assert_eq!(s3.external_id, "partner-42");
    assert_eq!(s3.access_key_id, "AKIABASE");
    assert!(!format!("{read:?} {wanted:?}").contains("base-secret"));
}

/// Makes one mistake in a role.
type Mistake = fn(&mut pb::AssumeRole);

/// Mistakes, each with the fields that are bad then.
const MISTAKES: [(&[&str], &[Mistake]); 8] = [
    (
        &["role_arn"],
        &[
            |r| r.role_arn.clear(),
            |r| "reader".clone_into(&mut r.role_arn),
            |r| "arn:aws:iam::123456789012:user/me".clone_into(&mut r.role_arn),
            |r| "arn:aws:sts::123456789012:assumed-role/a/b".clone_into(&mut r.role_arn),
            |r| "arn:aws:iam::123456789012:role/".clone_into(&mut r.role_arn),
            |r| "arn:aws:iam::123456789012:role/a b".clone_into(&mut r.role_arn),
            // Not one of AWS.
            |r| "arn:aws:iam::12345:role/a".clone_into(&mut r.role_arn),
            |r| "arn:aws:iam:::role/a".clone_into(&mut r.role_arn),
        ],
    ),
    (
        &["external_id"],
        &[
            |r| "x".clone_into(&mut r.external_id),
            |r| "a b".clone_into(&mut r.external_id),
            |r| "é1".clone_into(&mut r.external_id),
            |r| r.external_id = "x".repeat(1_225),
        ],
    ),
    (
        &["session_name"],
        &[
            |r| "x".clone_into(&mut r.session_name),
            |r| "a/b".clone_into(&mut r.session_name),
            |r| r.session_name = "x".repeat(65),
        ],
    ),
    (
        &["duration"],
        &[
            |r| lasting(r, 0, 0),
            |r| lasting(r, -900, 0),
            |r| lasting(r, 899, 0),
            |r| lasting(r, 43_201, 0),
            |r| lasting(r, i64::MAX, 0),
            |r| lasting(r, 900, 1),
        ],
    ),
    (
        &["sts_endpoint"],
        &[
            |r| "sts.amazonaws.com".clone_into(&mut r.sts_endpoint),
            |r| "https://sts.example.com/path".clone_into(&mut r.sts_endpoint),
            |r| "https://user:pass@sts.example.com".clone_into(&mut r.sts_endpoint),
        ],
    ),
    (&["base"], &[|r| r.base = None]),
    (
        &["access_key.access_key_id", "access_key.secret_access_key"],
        &[|r| r.base = Some(key("", ""))],
    ),
    (
        &["access_key.secret_access_key"],
        &[|r| r.base = Some(key("AKIA", "se cret"))],
    ),
];

#[tokio::test]
async fn each_mistake_in_a_role_is_refused_under_the_name_of_its_field() {
    let (_server, mut client) = start().await;
    let stored = create(&mut client, source("Stored")).await;
    for (fields, mistakes) in MISTAKES {
        let fields: Vec<String> = fields.iter().map(|field| at(field)).collect();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        for (index, mistake) in mistakes.iter().enumerate() {
            println!("{fields:?} {index}");
            let mut role = role();
            mistake(&mut role);
            let mut datastore = with(role);
            let answer = client.create_datastore(creation(datastore.clone())).await;
            refused_fields(answer, &fields);
            datastore.name.clone_from(&stored.name);
            let update = change(datastore, &["s3.assume_role"]);
            refused_fields(client.update_datastore(update).await, &fields);
        }
    }
    assert_eq!(all(&mut client).await, [stored]);
}

#[tokio::test]
async fn every_bad_field_of_a_role_is_listed_at_once_in_an_answer_that_arrives() {
    let (_server, mut client) = start().await;
    let mut request = super::bad_input::everything_wrong();
    let datastore = request.datastore.as_mut().expect("it has one");
    let mut wrong = pb::AssumeRole {
        role_arn: "nonsense".repeat(500),
        external_id: "x".to_owned(),
        session_name: "x".to_owned(),
        sts_endpoint: "nonsense".to_owned(),
        base: Some(key("", "")),
        ..role()
    };
    lasting(&mut wrong, 1, 0);
    s3_mut(datastore).credentials = Some(Credentials::AssumeRole(wrong));
    let answer = super::error_size::small(client.create_datastore(request).await);
    let refusal = refused(answer, ErrorReason::InvalidFields);
    let of_role = refusal.fields().into_iter();
    let of_role: Vec<&str> = of_role.filter(|f| f.contains("assume_role")).collect();
    let expected = [
        "access_key.access_key_id",
        "access_key.secret_access_key",
        "duration",
        "external_id",
        "role_arn",
        "session_name",
        "sts_endpoint",
    ];
    assert_eq!(of_role, expected.map(at));
    assert_eq!(refusal.fields().len(), 17);
}

#[tokio::test]
async fn a_store_with_an_endpoint_needs_an_sts_endpoint_for_its_roles() {
    let (_server, mut client) = start().await;
    let missing = at("sts_endpoint");
    let mut datastore = with(role());
    "https://minio.example.com".clone_into(&mut s3_mut(&mut datastore).endpoint);
    let answer = client.create_datastore(creation(datastore.clone())).await;
    refused_fields(answer, &[&missing]);

    // An update may bring the role to an endpoint that is stored, or an endpoint along with the role.
    let mut stored = source("Stored");
    "https://minio.example.com".clone_into(&mut s3_mut(&mut stored).endpoint);
    let stored = create(&mut client, stored).await;
    for paths in [&["s3.assume_role"][..], &["s3"], &["*"], &[]] {
        let mut wanted = datastore.clone();
        wanted.name.clone_from(&stored.name);
        let answer = client.update_datastore(change(wanted, paths)).await;
        refused_fields(answer, &[&missing]);
    }
    assert_eq!(get(&mut client, &stored.name).await.unwrap(), stored);
}

#[tokio::test]
async fn a_role_of_another_store_has_an_account_of_that_store() {
    let (_server, mut client) = start().await;
    for arn in [
        "arn:aws:iam:::role/reader",
        "arn:minio:iam::tenant-1:role/reader",
    ] {
        let mut datastore = with(pb::AssumeRole {
            role_arn: arn.to_owned(),
            sts_endpoint: STS.to_owned(),
            ..role()
        });
        arn.clone_into(&mut datastore.display_name);
        "https://minio.example.com".clone_into(&mut s3_mut(&mut datastore).endpoint);
        let created = create(&mut client, datastore).await;
        assert_eq!(s3(&created).role_arn, arn);
    }
}

#[tokio::test]
async fn an_update_replaces_a_role_only_as_a_whole() {
    let (_server, mut client) = start().await;
    let created = create(&mut client, with(role())).await;
    let mut wanted = with(pb::AssumeRole {
        role_arn: "arn:aws:iam::123456789012:role/other".to_owned(),
        base: Some(key("AKIAOTHER", "secret")),
        ..role()
    });
    wanted.name.clone_from(&created.name);
    let update = change(wanted.clone(), &["s3.assume_role"]);
    let updated = client.update_datastore(update).await.expect("it is valid");
    let updated = s3(updated.get_ref()).clone();
    assert!(updated.role_arn.ends_with("other"), "{updated:?}");
    assert_eq!(updated.access_key_id, "AKIAOTHER");

    for path in [
        "s3.role_arn",
        "s3.external_id",
        "s3.assume_role.sts_endpoint",
    ] {
        let answer = client.update_datastore(change(wanted.clone(), &[path]));
        refused_fields(answer.await, &["update_mask.paths[0]"]);
    }
    let mut without = source("Orders");
    without.name.clone_from(&created.name);
    let answer = client.update_datastore(change(without, &["s3.assume_role"]));
    refused_fields(answer.await, &["update_mask.paths[0]"]);
}

#[tokio::test]
async fn an_endpoint_is_not_given_to_a_role_without_its_credentials() {
    let (_server, mut client) = start().await;
    let created = create(&mut client, with(role())).await;
    let mut wanted = created.clone();
    "https://minio.example.com".clone_into(&mut s3_mut(&mut wanted).endpoint);
    let answer = client.update_datastore(change(wanted, &["s3.endpoint"]));
    refused(answer.await, ErrorReason::CredentialsRequired);
}

#[tokio::test]
async fn the_servers_own_credentials_assume_a_role_only_when_the_operator_says_so() {
    let ambient = pb::AssumeRole {
        base: Some(pb::assume_role::Base::Ambient(pb::Ambient {})),
        ..role()
    };
    let (_server, mut client) = start().await;
    let answer = client.create_datastore(creation(with(ambient.clone())));
    refused(answer.await, ErrorReason::AmbientCredentialsNotAllowed);
    let created = create(&mut client, source("Orders")).await;
    let mut wanted = with(ambient.clone());
    wanted.name.clone_from(&created.name);
    let answer = client.update_datastore(change(wanted, &["s3.assume_role"]));
    refused(answer.await, ErrorReason::AmbientCredentialsNotAllowed);
    let target = pb::test_connection_request::Target::Datastore(with(ambient.clone()));
    let request = pb::TestConnectionRequest {
        target: Some(target),
        ..pb::TestConnectionRequest::default()
    };
    let answer = client.test_connection(request).await;
    refused(
        answer.map(|_| ()),
        ErrorReason::AmbientCredentialsNotAllowed,
    );

    let server = Datastored::start(&["--allow-ambient-credentials"]);
    let mut client = server.client().await;
    let created = create(&mut client, with(ambient)).await;
    assert_eq!(
        s3(&created).credentials_kind(),
        CredentialsKind::AssumedRole
    );
    assert_eq!(s3(&created).access_key_id, "");
}
