//! `GenerateIamPolicy`: what is in the documents, and what is refused. That they are enough and not too much, `connection` proves on real servers.

use datastored::pb::generate_iam_policy_request::Target;
use datastored::pb::{
    self, ErrorReason, GenerateIamPolicyRequest as Generate, PolicyCompatibility, Role,
};
use serde_json::{Value, json};

use super::{Client, create, refused, refused_fields, s3_mut, sent, source, start};

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const KEY_IN_CHINA: &str =
    "arn:aws-cn:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const WHO: &str = "arn:aws:iam::111122223333:role/datastored";
const WHO_IN_CHINA: &str = "arn:aws-cn:iam::111122223333:root";

/// The two sections of the guide that have the policies, as they are.
const GUIDE: &str = include_str!("amazon-s3.md");

/// A request for a location and a role, complete and valid.
fn for_uri(uri: &str, role: Role) -> Generate {
    Generate {
        target: Some(Target::Uri(uri.to_owned())),
        role: role.into(),
        ..Generate::default()
    }
}

fn for_name(name: &str) -> Generate {
    Generate {
        target: Some(Target::Name(name.to_owned())),
        ..Generate::default()
    }
}

fn trust(request: &mut Generate, principal: &str, external_id: &str) {
    request.trust_policy = Some(pb::TrustPolicy {
        principal: principal.to_owned(),
        external_id: external_id.to_owned(),
    });
}

async fn generated(client: &mut Client, request: Generate) -> pb::GenerateIamPolicyResponse {
    sent(client.generate_iam_policy(request).await)
}

/// The policy that a request gives, read.
async fn policy(client: &mut Client, request: Generate) -> Value {
    let answer = generated(client, request).await;
    serde_json::from_str(&answer.policy).expect("a policy is JSON")
}

/// The resource of each statement.
fn resources(policy: &Value) -> Vec<&str> {
    let statements = policy["Statement"].as_array().expect("statements");
    let resources = statements.iter().map(|s| s["Resource"].as_str());
    resources.map(|r| r.expect("one resource")).collect()
}

#[tokio::test]
async fn a_uri_and_a_role_give_a_policy_for_just_that_pretty_printed() {
    let (_server, mut client) = start().await;
    let uri = "https://logs.s3.cn-north-1.amazonaws.com.cn/a%2Ab";
    let answer = generated(&mut client, for_uri(uri, Role::Source)).await;
    let expected = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "s3:ListBucket"
      ],
      "Resource": "arn:aws-cn:s3:::logs",
      "Condition": {
        "StringLike": {
          "s3:prefix": "a${*}b/*"
        }
      }
    },
    {
      "Effect": "Allow",
      "Action": [
        "s3:ListBucketMultipartUploads"
      ],
      "Resource": "arn:aws-cn:s3:::logs"
    },
    {
      "Effect": "Allow",
      "Action": [
        "s3:GetObject"
      ],
      "Resource": "arn:aws-cn:s3:::logs/a${*}b/*"
    }
  ]
}"#;
    assert_eq!(answer.policy, expected);
    assert_eq!(answer.trust_policy, "");
}

#[tokio::test]
async fn the_region_decides_the_partition() {
    let (_server, mut client) = start().await;
    for (region, partition) in [
        ("", "aws"),
        ("eu-west-1", "aws"),
        ("us-gov-west-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
        ("eusc-de-east-1", "aws-eusc"),
    ] {
        let mut request = for_uri("s3://logs", Role::Enrichment);
        region.clone_into(&mut request.region);
        let policy = policy(&mut client, request).await;
        let arn = format!("arn:{partition}:s3:::logs");
        assert_eq!(resources(&policy), [arn.clone(), arn + "/*"], "{region}");
    }
}

#[tokio::test]
async fn a_saved_datastore_has_a_location_a_partition_and_a_role_of_its_own() {
    let (_server, mut client) = start().await;
    let mut wanted = source("Orders");
    s3_mut(&mut wanted).region = "us-gov-east-1".to_owned();
    let saved = create(&mut client, wanted).await;

    let own = policy(&mut client, for_name(&saved.name)).await;
    let arns = [
        "arn:aws-us-gov:s3:::logs",
        "arn:aws-us-gov:s3:::logs",
        "arn:aws-us-gov:s3:::logs/tests/*",
    ];
    assert_eq!(resources(&own), arns);
    assert_eq!(own["Statement"][2]["Action"], json!(["s3:GetObject"]));
    let mut as_enrichment = for_name(&saved.name);
    as_enrichment.role = Role::Enrichment.into();
    let other = policy(&mut client, as_enrichment).await;
    assert_eq!(resources(&other), arns);
    let actions = other["Statement"][2]["Action"].as_array();
    assert_eq!(actions.map(Vec::len), Some(5), "{other}");
}

#[tokio::test]
async fn a_compatible_store_knows_only_the_partition_aws() {
    let (_server, mut client) = start().await;
    let mut wanted = source("Orders");
    s3_mut(&mut wanted).region = "cn-north-1".to_owned();
    s3_mut(&mut wanted).endpoint = "https://minio.example.com".to_owned();
    let saved = create(&mut client, wanted).await;
    let policy = policy(&mut client, for_name(&saved.name)).await;
    assert_eq!(resources(&policy)[0], "arn:aws:s3:::logs");
}

#[tokio::test]
async fn a_key_adds_a_statement_and_trust_adds_a_document() {
    let (_server, mut client) = start().await;
    let mut request = for_uri("s3://logs", Role::Enrichment);
    KEY.clone_into(&mut request.kms_key_arn);
    trust(&mut request, WHO, "team-7");
    let answer = generated(&mut client, request.clone()).await;
    let policy: Value = serde_json::from_str(&answer.policy).expect("JSON");
    let statement = json!({
        "Effect": "Allow",
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
        "Resource": KEY,
    });
    assert_eq!(policy["Statement"][2], statement);
    let expected = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::111122223333:role/datastored"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "StringEquals": {
          "sts:ExternalId": "team-7"
        }
      }
    }
  ]
}"#;
    assert_eq!(answer.trust_policy, expected);

    request.role = Role::Source.into();
    trust(&mut request, WHO, "");
    let answer = generated(&mut client, request).await;
    let policy: Value = serde_json::from_str(&answer.policy).expect("JSON");
    assert_eq!(policy["Statement"][2]["Action"], json!(["kms:Decrypt"]));
    assert!(!answer.trust_policy.contains("Condition"));
}

/// The JSON that comes after a heading of the guide.
fn in_the_guide(heading: &str) -> &'static str {
    let (_, section) = GUIDE.split_once(heading).expect("the guide has it");
    let (_, json) = section.split_once("```json\n").expect("a block of JSON");
    json.split_once("\n```").expect("the block has an end").0
}

#[tokio::test]
async fn the_guides_policy_is_that_of_the_guide_word_for_word_with_the_bucket_filled_in() {
    let (_server, mut client) = start().await;
    let saved = create(&mut client, source("Orders")).await;
    for (role, heading) in [
        (Role::Source, "`Datastore` S3 permissions"),
        (Role::Enrichment, "`Enrich Datastore` S3 permissions"),
    ] {
        let expected = in_the_guide(heading).replace("<bucket>", "logs");
        let mut of_name = for_name(&saved.name);
        of_name.role = role.into();
        for mut request in [
            for_uri("s3://logs", role),
            for_uri("s3://logs/a*b", role),
            of_name,
        ] {
            request.compatibility = PolicyCompatibility::Guide.into();
            trust(&mut request, WHO, "");
            let answer = generated(&mut client, request).await;
            assert_eq!(answer.policy, expected);
            assert!(answer.trust_policy.contains(WHO));
        }
    }
}

#[tokio::test]
async fn exact_is_what_is_written_when_nothing_is_said() {
    let (_server, mut client) = start().await;
    let mut request = for_uri("s3://logs/a", Role::Enrichment);
    let unsaid = generated(&mut client, request.clone()).await;
    request.compatibility = PolicyCompatibility::Exact.into();
    assert_eq!(generated(&mut client, request).await, unsaid);
}

/// Makes one mistake in a valid request.
type Mistake = fn(&mut Generate);

fn uri(request: &mut Generate, uri: &str) {
    request.target = Some(Target::Uri(uri.to_owned()));
}

fn region(request: &mut Generate, region: &str) {
    region.clone_into(&mut request.region);
}

fn key(request: &mut Generate, arn: &str) {
    arn.clone_into(&mut request.kms_key_arn);
}

fn guide(request: &mut Generate) {
    request.compatibility = PolicyCompatibility::Guide.into();
}

/// Mistakes, each with the fields that are bad then.
const MISTAKES: [(&[&str], &[Mistake]); 8] = [
    (&["target"], &[|r| r.target = None]),
    (
        &["uri"],
        &[
            |r| uri(r, ""),
            |r| uri(r, "gs://logs"),
            |r| uri(r, "s3://logs/../other"),
            |r| uri(r, "s3://Logs"),
        ],
    ),
    (&["role"], &[|r| r.role = 0, |r| r.role = 99]),
    (
        &["region"],
        &[
            |r| region(r, "US East"),
            |r| {
                uri(r, "https://logs.s3.eu-west-1.amazonaws.com/");
                region(r, "us-east-1");
            },
        ],
    ),
    (
        &["kms_key_arn"],
        &[
            |r| key(r, "1234abcd-12ab-34cd-56ef-1234567890ab"),
            |r| key(r, "arn:aws:kms:eu-west-1:111122223333:alias/logs"),
            |r| key(r, "arn:aws:kms:eu-west-1:111122223333:key/*"),
            |r| key(r, KEY_IN_CHINA),
            |r| {
                region(r, "cn-north-1");
                key(r, KEY);
            },
            |r| {
                guide(r);
                key(r, KEY);
            },
        ],
    ),
    (
        &["compatibility"],
        &[
            |r| r.compatibility = 99,
            |r| {
                guide(r);
                region(r, "us-gov-west-1");
            },
            |r| {
                guide(r);
                uri(r, "https://logs.s3.cn-north-1.amazonaws.com.cn/");
            },
        ],
    ),
    (
        &["trust_policy.principal"],
        &[
            |r| trust(r, "", ""),
            |r| trust(r, "*", "team-7"),
            |r| trust(r, "111122223333", ""),
            |r| trust(r, WHO_IN_CHINA, ""),
            |r| trust(r, "arn:aws:sts::111122223333:assumed-role/a/b", ""),
        ],
    ),
    (
        &["trust_policy.external_id"],
        &[
            |r| trust(r, WHO, "x"),
            |r| trust(r, WHO, "team 7"),
            |r| trust(r, WHO, &"x".repeat(1_225)),
        ],
    ),
];

#[tokio::test]
async fn each_mistake_is_refused_under_the_name_of_its_field() {
    let (_server, mut client) = start().await;
    for (fields, mistakes) in MISTAKES {
        for (index, mistake) in mistakes.iter().enumerate() {
            let mut request = for_uri("s3://logs/tests", Role::Source);
            mistake(&mut request);
            println!("{fields:?} {index}");
            refused_fields(client.generate_iam_policy(request).await, fields);
        }
    }
}

#[tokio::test]
async fn every_bad_field_is_listed_at_once_also_what_does_not_fit_the_location() {
    let (_server, mut client) = start().await;
    let mut request = for_uri("nonsense", Role::Unspecified);
    region(&mut request, "cn-north-1");
    key(&mut request, KEY);
    guide(&mut request);
    trust(&mut request, WHO, "?");
    let all = [
        "uri",
        "role",
        "kms_key_arn",
        "compatibility",
        "trust_policy.principal",
        "trust_policy.external_id",
    ];
    refused_fields(client.generate_iam_policy(request.clone()).await, &all);

    request.target = None;
    request.role = 99;
    request.compatibility = 99;
    region(&mut request, "NONSENSE");
    key(&mut request, "nonsense");
    trust(&mut request, "nonsense", "?");
    let all = [
        "target",
        "role",
        "region",
        "kms_key_arn",
        "compatibility",
        "trust_policy.principal",
        "trust_policy.external_id",
    ];
    refused_fields(client.generate_iam_policy(request).await, &all);
}

#[tokio::test]
async fn an_alias_is_refused_with_the_reason() {
    let (_server, mut client) = start().await;
    let mut request = for_uri("s3://logs", Role::Source);
    key(
        &mut request,
        "arn:aws:kms:eu-west-1:111122223333:alias/logs",
    );
    let answer = client.generate_iam_policy(request).await;
    let refusal = refused_fields(answer, &["kms_key_arn"]);
    assert!(refusal.message.contains("alias"), "{}", refusal.message);
}

#[tokio::test]
async fn with_a_name_the_region_is_the_datastores_and_all_has_to_fit_it() {
    let (_server, mut client) = start().await;
    let mut wanted = source("Orders");
    s3_mut(&mut wanted).region = "cn-north-1".to_owned();
    let saved = create(&mut client, wanted).await;

    let mut request = for_name(&saved.name);
    region(&mut request, "cn-north-1");
    request.role = 99;
    let answer = client.generate_iam_policy(request).await;
    refused_fields(answer, &["region", "role"]);

    let mut request = for_name(&saved.name);
    key(&mut request, KEY);
    trust(&mut request, WHO, "");
    let answer = client.generate_iam_policy(request.clone()).await;
    refused_fields(answer, &["kms_key_arn", "trust_policy.principal"]);
    guide(&mut request);
    key(&mut request, "");
    let answer = client.generate_iam_policy(request.clone()).await;
    refused_fields(answer, &["compatibility", "trust_policy.principal"]);
    request.compatibility = PolicyCompatibility::Exact.into();
    key(&mut request, KEY_IN_CHINA);
    trust(&mut request, WHO_IN_CHINA, "");
    generated(&mut client, request).await;
}

#[tokio::test]
async fn a_datastore_that_does_not_exist_is_not_found() {
    let (_server, mut client) = start().await;
    let answer = client
        .generate_iam_policy(for_name("datastores/gone"))
        .await;
    let refusal = refused(answer, ErrorReason::DatastoreNotFound);
    assert_eq!(refusal.metadata["name"], "datastores/gone");
}
