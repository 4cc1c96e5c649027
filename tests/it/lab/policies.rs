//! The policies that the product's user guide asks for, and variants of them.

use serde_json::{Value, json};

use super::Kind;

/// Every right there is.
pub const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// What a source datastore needs.
const SOURCE: [&str; 3] = ["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:Get*"];

/// What an enrichment datastore needs.
const ENRICHMENT: [&str; 7] = [
    "s3:Get*",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
];

/// The seven actions that an enrichment test proves, each of which can be taken away.
pub const PROVEN: [&str; 7] = [
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
];

/// The guide's policy of a source datastore.
pub fn source(bucket: &str) -> String {
    document(&[allow(&SOURCE, &both(bucket))])
}

/// The guide's policy of an enrichment datastore.
pub fn enrichment(bucket: &str) -> String {
    document(&[allow(&ENRICHMENT, &both(bucket))])
}

/// The enrichment policy without one action.
///
/// On `SeaweedFS` the right to put objects brings the three multipart rights with it, so these are denied
/// as well as removed. The others only have to be removed; a Deny of `s3:PutObject` would take the
/// multipart rights away too.
pub fn enrichment_without(bucket: &str, action: &str, kind: Kind) -> String {
    let kept: Vec<&str> = ENRICHMENT
        .into_iter()
        .filter(|held| !covers(held, action))
        .collect();
    let mut statements = vec![allow(&kept, &both(bucket))];
    if kind == Kind::SeaweedFs && action.contains("Multipart") {
        statements.push(json!({"Effect": "Deny", "Action": [action], "Resource": both(bucket)}));
    }
    document(&statements)
}

/// A policy without one of its actions, which on `SeaweedFS` is denied as well where [`enrichment_without`] does so.
pub fn without(policy: &str, action: &str, kind: Kind) -> String {
    let mut statements = Vec::new();
    for mut statement in statements_of(policy) {
        let actions = statement["Action"].as_array_mut().expect("actions");
        let number = actions.len();
        actions.retain(|held| held != action);
        let (is_taken, is_left) = (actions.len() < number, !actions.is_empty());
        if is_taken && kind == Kind::SeaweedFs && action.contains("Multipart") {
            let resource = &statement["Resource"];
            statements.push(json!({"Effect": "Deny", "Action": [action], "Resource": resource}));
        }
        if is_left {
            statements.push(statement);
        }
    }
    document(&statements)
}

/// Every action that a policy names.
pub fn actions_of(policy: &str) -> Vec<String> {
    let statements = statements_of(policy);
    let actions = statements.iter().filter_map(|s| s["Action"].as_array());
    let names = actions.flatten().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

/// The statements of a policy.
pub fn statements_of(policy: &str) -> Vec<Value> {
    let policy: Value = serde_json::from_str(policy).expect("a policy is JSON");
    let statements = policy["Statement"].as_array();
    statements.expect("a policy has statements").clone()
}

/// A policy that allows these actions on the bucket and its objects.
pub fn allowing(bucket: &str, actions: &[&str]) -> String {
    document(&[allow(actions, &both(bucket))])
}

/// The enrichment policy for what lies under `prefix` alone; moto does not look at its condition.
pub fn prefix_scoped(bucket: &str, prefix: &str) -> String {
    let prefix = prefix.trim_end_matches('/');
    let object_actions = [
        "s3:Get*",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
    ];
    document(&[
        json!({
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": [format!("arn:aws:s3:::{bucket}")],
            "Condition": {"StringLike": {"s3:prefix": [format!("{prefix}/*")]}},
        }),
        allow(
            &["s3:ListBucketMultipartUploads"],
            &[format!("arn:aws:s3:::{bucket}")],
        ),
        allow(
            &object_actions,
            &[format!("arn:aws:s3:::{bucket}/{prefix}/*")],
        ),
    ])
}

/// A policy that allows a role to be assumed, and nothing of S3.
pub fn assuming(role_arn: &str) -> String {
    document(&[allow(&["sts:AssumeRole"], &[role_arn.to_owned()])])
}

/// A role's trust policy: who may assume it, with which external id.
pub fn trusting(principal: &str, external_id: Option<&str>) -> String {
    let mut statement = json!({
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": principal},
    });
    if let Some(id) = external_id {
        statement["Condition"] = json!({"StringEquals": {"sts:ExternalId": id}});
    }
    document(&[statement])
}

/// A policy that gives no right to anything in the lab.
pub fn nothing() -> String {
    document(&[allow(&["s3:ListAllMyBuckets"], &["*".to_owned()])])
}

fn document(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn allow(actions: &[&str], resources: &[String]) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resources})
}

/// The two ARNs of the guide: every object of the bucket, and the bucket.
fn both(bucket: &str) -> [String; 2] {
    [
        format!("arn:aws:s3:::{bucket}/*"),
        format!("arn:aws:s3:::{bucket}"),
    ]
}

/// What a policy says of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// No statement speaks of it.
    NotAllowed,
    /// A statement denies it.
    Denied,
}

/// Decides as IAM does: a Deny that applies wins over any Allow. The only condition known is one on
/// `s3:prefix`, a key that requests have whose action is `s3:ListBucket`: for others it never holds.
pub fn decide(policy: &Value, action: &str, arn: &str, prefix: &str) -> Decision {
    let statements = policy["Statement"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let effects: Vec<&str> = statements
        .iter()
        .filter(|statement| any(&statement["Action"], action) && any(&statement["Resource"], arn))
        .filter(|statement| holds(&statement["Condition"], action, prefix))
        .filter_map(|statement| statement["Effect"].as_str())
        .collect();
    match effects.as_slice() {
        [] => Decision::NotAllowed,
        effects if effects.contains(&"Deny") => Decision::Denied,
        _ => Decision::Allowed,
    }
}

/// Whether a condition on `s3:prefix` holds; no condition always does.
fn holds(condition: &Value, action: &str, prefix: &str) -> bool {
    let operators =
        ["StringLike", "StringEquals"].map(|operator| &condition[operator]["s3:prefix"]);
    operators
        .into_iter()
        .all(|patterns| patterns.is_null() || action == "s3:ListBucket" && any(patterns, prefix))
}

/// Whether one of the patterns, a string or a list of them, takes in the text.
fn any(patterns: &Value, text: &str) -> bool {
    match patterns {
        Value::String(pattern) => covers(pattern, text),
        Value::Array(patterns) => patterns.iter().any(|pattern| any(pattern, text)),
        _ => false,
    }
}

/// Whether a pattern such as `s3:Get*` takes in the text.
fn covers(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(start) else {
        return false;
    };
    (0..=text.len()).any(|skipped| text.is_char_boundary(skipped) && covers(rest, &text[skipped..]))
}
