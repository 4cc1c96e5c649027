//! The axes of the matrix: policies and bucket states, and the policy documents.

use std::fmt;

use datastored::pb::Role;
use serde_json::{Value, json};

use crate::lab::{Kind, policies};

/// An IAM action, such as `s3:PutObject`.
pub type Action = &'static str;

pub const LIST: Action = "s3:ListBucket";
pub const LIST_UPLOADS: Action = "s3:ListBucketMultipartUploads";
pub const GET: Action = "s3:GetObject";
pub const PUT: Action = "s3:PutObject";
pub const DELETE: Action = "s3:DeleteObject";
pub const ABORT: Action = "s3:AbortMultipartUpload";
pub const LIST_PARTS: Action = "s3:ListMultipartUploadParts";

/// The folder that most tests look at, and that the scoped policy is for.
pub const FOLDER: &str = "data";

pub const ROLES: [Role; 2] = [Role::Source, Role::Enrichment];

/// What the user of a cell may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The guide's policy for the role.
    Full,
    /// The guide's policy, from which an action is removed.
    Without(Action),
    /// The guide's policy, and an explicit Deny of an action.
    Denying(Action),
    /// The guide's policy for the tested folder alone.
    Scoped,
    /// The guide's policy for a folder that is not tested.
    ScopedElsewhere,
    /// The guide's policy of a source, for an enrichment test.
    ReadOnly,
    /// No right to anything.
    Nothing,
}

/// What is in the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Empty,
    One,
    Many,
    Outside,
    ZeroByte,
    Versioned,
    /// A bucket policy denies reading the one object.
    UnreadableObject,
    /// A bucket policy denies reading anything.
    UnreadableFolder,
}

pub const STATES: [State; 8] = [
    State::Empty,
    State::One,
    State::Many,
    State::Outside,
    State::ZeroByte,
    State::Versioned,
    State::UnreadableObject,
    State::UnreadableFolder,
];

/// The actions that a role needs, in the order of its checks.
pub fn actions_of(role: Role) -> &'static [Action] {
    let number = if role == Role::Source { 3 } else { 7 };
    &policies::PROVEN[..number]
}

impl Policy {
    /// The policies that a role is tested with. A read-only user is what the guide's policy makes of a source.
    pub fn all(role: Role) -> Vec<Self> {
        let actions = actions_of(role).iter();
        let mut all = vec![Self::Full];
        all.extend(actions.clone().map(|action| Self::Without(action)));
        all.extend(actions.map(|action| Self::Denying(action)));
        all.extend([Self::Scoped, Self::ScopedElsewhere, Self::Nothing]);
        if role == Role::Enrichment {
            all.push(Self::ReadOnly);
        }
        all
    }

    /// Whether IAM lets the user do this to what is tested.
    pub fn grants(self, role: Role, action: Action) -> bool {
        let is_of_role = actions_of(role).contains(&action);
        match self {
            Self::Full | Self::Scoped => is_of_role,
            Self::Without(other) | Self::Denying(other) => is_of_role && action != other,
            Self::ReadOnly => actions_of(Role::Source).contains(&action),
            // No condition confines the listing of uploads to a folder.
            Self::ScopedElsewhere => action == LIST_UPLOADS,
            Self::Nothing => false,
        }
    }

    /// The document, for these buckets.
    pub fn document(self, role: Role, buckets: &[String]) -> String {
        let actions = actions_of(role);
        let statements = match self {
            Self::Full => vec![allow(actions, buckets)],
            Self::Without(missing) => {
                let kept = actions.iter().copied().filter(|a| *a != missing);
                vec![allow(&kept.collect::<Vec<_>>(), buckets)]
            }
            Self::Denying(denied) => vec![
                allow(actions, buckets),
                json!({"Effect": "Deny", "Action": [denied], "Resource": both(buckets)}),
            ],
            Self::Scoped => scoped(actions, buckets, FOLDER),
            Self::ScopedElsewhere => scoped(actions, buckets, "elsewhere"),
            Self::ReadOnly => vec![allow(actions_of(Role::Source), buckets)],
            Self::Nothing => return policies::nothing(),
        };
        json!({"Version": "2012-10-17", "Statement": statements}).to_string()
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Full => "full".to_owned(),
            Self::Without(action) => format!("without {action}"),
            Self::Denying(action) => format!("Deny {action}"),
            Self::Scoped => "for the tested prefix alone".to_owned(),
            Self::ScopedElsewhere => "for another prefix alone".to_owned(),
            Self::ReadOnly => "read-only user".to_owned(),
            Self::Nothing => "no rights".to_owned(),
        };
        f.pad(&text)
    }
}

/// An Allow as the guide writes it, with every action that reads objects in the place of one.
fn allow(actions: &[Action], buckets: &[String]) -> Value {
    let actions = actions
        .iter()
        .map(|a| if *a == GET { "s3:Get*" } else { a });
    let actions: Vec<&str> = actions.collect();
    json!({"Effect": "Allow", "Action": actions, "Resource": both(buckets)})
}

/// Listing objects is confined by a condition; listing uploads cannot be: `s3:prefix` is no key of its action.
fn scoped(actions: &[Action], buckets: &[String], folder: &str) -> Vec<Value> {
    let on_objects = actions.iter().filter(|a| ![LIST, LIST_UPLOADS].contains(a));
    let on_objects: Vec<&Action> = on_objects.collect();
    let names = buckets.iter().map(|b| format!("arn:aws:s3:::{b}"));
    let names: Vec<String> = names.collect();
    let objects = names.iter().map(|name| format!("{name}/{folder}/*"));
    let objects: Vec<String> = objects.collect();
    let under = format!("{folder}/*");
    vec![
        json!({
            "Effect": "Allow",
            "Action": [LIST],
            "Resource": names,
            "Condition": {"StringLike": {"s3:prefix": [under]}},
        }),
        json!({"Effect": "Allow", "Action": [LIST_UPLOADS], "Resource": names}),
        json!({"Effect": "Allow", "Action": on_objects, "Resource": objects}),
    ]
}

/// Each bucket and its objects.
fn both(buckets: &[String]) -> Vec<String> {
    let arns = |bucket| {
        [
            format!("arn:aws:s3:::{bucket}"),
            format!("arn:aws:s3:::{bucket}/*"),
        ]
    };
    buckets.iter().flat_map(arns).collect()
}

impl State {
    /// The last part of the bucket's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::One => "one",
            Self::Many => "many",
            Self::Outside => "outside",
            Self::ZeroByte => "zero-byte",
            Self::Versioned => "versioned",
            Self::UnreadableObject => "unreadable-object",
            Self::UnreadableFolder => "unreadable-folder",
        }
    }

    /// Why a server cannot be brought into this state, if it cannot.
    pub fn impossible_on(self, kind: Kind) -> Option<&'static str> {
        match (kind, self) {
            (Kind::S3s, Self::Versioned) => Some("s3s answers PutBucketVersioning with 501"),
            (Kind::S3s, Self::UnreadableObject | Self::UnreadableFolder) => {
                Some("s3s has no bucket policies")
            }
            _ => None,
        }
    }

    /// The keys in the bucket; those under the folder sort before what other tests write there at the same time.
    pub fn keys(self) -> Vec<String> {
        let under = |name: &str| format!("{FOLDER}/{name}");
        match self {
            Self::Empty => Vec::new(),
            Self::Many => (0..1_500).map(|n| under(&format!("-{n:04}"))).collect(),
            Self::Outside => vec![
                under("kept"),
                format!("{FOLDER}base/kept"),
                "kept".to_owned(),
            ],
            _ => vec![under("-kept.json")],
        }
    }

    /// What is in each object.
    pub fn body(self) -> &'static [u8] {
        if self == Self::ZeroByte { b"" } else { b"{}" }
    }

    /// What the bucket policy denies reading.
    pub fn unreadable(self) -> Option<String> {
        match self {
            Self::UnreadableObject => Some(format!("{FOLDER}/-kept.json")),
            Self::UnreadableFolder => Some(format!("{FOLDER}/*")),
            _ => None,
        }
    }
}
