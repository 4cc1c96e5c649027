//! What the policy of a role says, and that IAM, by its documented rules, reads no more into it.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::role_policy;
use crate::iam::{Action, KeyArn};
use crate::model::location::{Location, Prefix};
use crate::model::region::Partition;
use crate::model::role::Role;

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn policy(role: Role, partition: Partition, uri: &str, key: Option<&str>) -> Value {
    let location = Location::parse(uri).unwrap();
    let key = key.map(|key| KeyArn::parse(key).unwrap());
    let (bucket, prefix) = (location.bucket(), location.prefix());
    let policy = role_policy(role, partition, bucket, prefix, key.as_ref());
    serde_json::from_str(&policy).unwrap()
}

#[test]
fn for_a_whole_bucket_there_are_two_statements_one_for_the_bucket_and_one_for_its_objects() {
    let source = policy(Role::Source, Partition::Aws, "s3://logs", None);
    let expected = json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:ListBucketMultipartUploads"],
                "Resource": "arn:aws:s3:::logs",
            },
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject"],
                "Resource": "arn:aws:s3:::logs/*",
            },
        ],
    });
    assert_eq!(source, expected);
}

#[test]
fn for_a_prefix_listing_is_confined_and_only_listing_uploads_cannot_be() {
    let enrichment = policy(
        Role::Enrichment,
        Partition::AwsUsGov,
        "s3://logs/a*b/${c}?",
        None,
    );
    let expected = json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": "arn:aws-us-gov:s3:::logs",
                "Condition": {"StringLike": {"s3:prefix": "a${*}b/${$}{c}${?}/*"}},
            },
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucketMultipartUploads"],
                "Resource": "arn:aws-us-gov:s3:::logs",
            },
            {
                "Effect": "Allow",
                "Action": [
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:DeleteObject",
                    "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts",
                ],
                "Resource": "arn:aws-us-gov:s3:::logs/a${*}b/${$}{c}${?}/*",
            },
        ],
    });
    assert_eq!(enrichment, expected);
}

#[test]
fn a_key_has_a_statement_of_its_own_with_what_the_role_does_with_it() {
    for (role, actions) in [
        (Role::Source, &["kms:Decrypt"][..]),
        (Role::Enrichment, &["kms:GenerateDataKey", "kms:Decrypt"]),
    ] {
        let without = policy(role, Partition::Aws, "s3://logs/a", None);
        let with = policy(role, Partition::Aws, "s3://logs/a", Some(KEY));
        let (s3, key) = with["Statement"].as_array().unwrap().split_at(3);
        assert_eq!(json!(s3), without["Statement"]);
        let statement = json!({"Effect": "Allow", "Action": actions, "Resource": KEY});
        assert_eq!(key, [statement]);
    }
}

#[test]
fn every_partition_has_its_own_arns() {
    for (partition, start) in [
        (Partition::Aws, "arn:aws:s3:::logs"),
        (Partition::AwsUsGov, "arn:aws-us-gov:s3:::logs"),
        (Partition::AwsCn, "arn:aws-cn:s3:::logs"),
        (Partition::AwsEusc, "arn:aws-eusc:s3:::logs"),
    ] {
        let policy = policy(Role::Enrichment, partition, "s3://logs/a", None);
        for statement in policy["Statement"].as_array().unwrap() {
            let resource = statement["Resource"].as_str().unwrap();
            assert!(resource.starts_with(start), "{resource}");
        }
    }
}

/// A piece of a pattern, as "IAM policy elements: Variables and tags" and "Condition operators" describe them.
#[derive(Clone, Copy, Debug)]
enum Piece {
    Literal(char),
    One,
    Many,
}

fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        pieces.push(match c {
            '*' => Piece::Many,
            '?' => Piece::One,
            '$' if rest.starts_with('{') => {
                let (name, after) = rest[1..].split_once('}').expect("a variable has an end");
                rest = after;
                match name {
                    "*" | "?" | "$" => Piece::Literal(name.chars().next().unwrap()),
                    _ => panic!("{name} in {pattern} is a variable, whose value is not ours"),
                }
            }
            _ => Piece::Literal(c),
        });
    }
    pieces
}

/// Whether the pattern takes in the text.
fn covers(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // For each beginning of the text, whether the pieces so far take in just that.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for piece in pieces(pattern) {
        let mut next = vec![false; text.len() + 1];
        for (at, _) in reached.iter().enumerate().filter(|(_, reached)| **reached) {
            match piece {
                Piece::Many => next[at..].fill(true),
                Piece::One if at < text.len() => next[at + 1] = true,
                Piece::Literal(c) if text.get(at) == Some(&c) => next[at + 1] = true,
                _ => {}
            }
        }
        reached = next;
    }
    reached[text.len()]
}

/// Whether a policy allows an action on a resource; `s3:prefix` is a key of requests to list objects alone.
fn allows(policy: &Value, action: Action, resource: &str, listed: Option<&str>) -> bool {
    let holds = |condition: &Value| match condition["StringLike"]["s3:prefix"].as_str() {
        Some(pattern) => listed.is_some_and(|listed| covers(pattern, listed)),
        None => condition.is_null(),
    };
    let statements = policy["Statement"].as_array().unwrap();
    statements.iter().any(|statement| {
        let actions = statement["Action"].as_array().unwrap();
        actions.iter().any(|a| a == action.as_str())
            && covers(statement["Resource"].as_str().unwrap(), resource)
            && holds(&statement["Condition"])
    })
}

#[test]
fn the_reading_of_patterns_is_that_of_iam() {
    for (pattern, text, is_covered) in [
        ("a/*", "a/", true),
        ("a/*", "a/b/c", true),
        ("a/*", "a", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("a${*}c", "abc", false),
        ("a${*}c", "a*c", true),
        ("a${?}c", "abc", false),
        ("${$}{a}", "${a}", true),
        ("A", "a", false),
        ("*b*", "abcb", true),
        ("", "", true),
    ] {
        assert_eq!(covers(pattern, text), is_covered, "{pattern} {text}");
    }
}

/// Prefixes full of what means something in a pattern.
fn prefix() -> impl Strategy<Value = Prefix> {
    let text = prop_oneof![
        "[a*?${}/]{0,12}",
        "(\\$\\{(\\*|\\?|\\$|aws:username|a)\\}|[ab/*]){1,4}",
        "\\PC{0,12}"
    ];
    text.prop_filter_map("no prefix", |text| Prefix::parse(&text).ok())
}

/// What a wildcard or a variable in the prefix could be taken for.
fn taken_for(prefix: &str, by: &str) -> [String; 4] {
    [
        prefix.replace('*', by),
        prefix.replace('?', by),
        prefix.replace("${", "").replace('}', ""),
        prefix.replace("${aws:username}", by).replace('$', by),
    ]
}

/// A prefix, and a key that is under it, nearly under it, or anywhere.
fn prefix_and_key() -> impl Strategy<Value = (Prefix, String)> {
    let parts = (prefix(), "[a*?${}/]{0,6}|\\PC{0,6}", 0..8_usize);
    parts.prop_map(|(prefix, other, choice)| {
        let text = prefix.as_str();
        let key = match choice {
            0 => other,
            1 => format!("{text}{other}"),
            2 => format!("{}{other}", text.trim_end_matches('/')),
            3 => format!("{other}{text}"),
            n => format!("{}{other}", taken_for(text, &other)[n - 4]),
        };
        (prefix, key)
    })
}

proptest! {
    #[test]
    fn no_key_makes_the_policy_grant_more_or_less_than_its_prefix((prefix, key) in prefix_and_key()) {
        let location = Location::parse("s3://logs").unwrap();
        let bucket = location.bucket();
        let policy = role_policy(Role::Enrichment, Partition::Aws, bucket, &prefix, None);
        let policy: Value = serde_json::from_str(&policy).unwrap();
        let is_under = key.starts_with(prefix.as_str());
        let object = format!("arn:aws:s3:::logs/{key}");
        let bucket = "arn:aws:s3:::logs";
        for action in Action::needed_by(Role::Enrichment) {
            let on_bucket = allows(&policy, *action, bucket, None);
            let on_object = allows(&policy, *action, &object, None);
            prop_assert_eq!(on_object, !action.is_on_bucket() && is_under, "{:?}", action);
            // Without a prefix, all of the bucket would be listed.
            let is_listing = *action == Action::ListBucket;
            prop_assert_eq!(on_bucket, action.is_on_bucket() && (!is_listing || prefix.is_root()));
        }
        let lists = allows(&policy, Action::ListBucket, bucket, Some(&key));
        prop_assert_eq!(lists, is_under);
        let elsewhere = format!("arn:aws:s3:::logs2/{key}");
        prop_assert!(!allows(&policy, Action::GetObject, &elsewhere, None));
        let elsewhere = "arn:aws:s3:::logs2";
        prop_assert!(!allows(&policy, Action::ListBucket, elsewhere, Some(&key)));
    }
}
