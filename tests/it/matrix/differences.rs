//! In what the servers differ from Amazon S3, as data: each difference with its reason.

use std::collections::BTreeSet;

use datastored::pb::Role;

use super::cells::{ABORT, Action, GET, LIST, LIST_PARTS, LIST_UPLOADS, PUT, Policy, State};
use super::rule::Facts;
use crate::lab::Kind;

/// A server that decides otherwise than IAM.
pub struct Difference {
    pub server: Kind,
    pub reason: &'static str,
    applies: fn(Role, Policy, State) -> bool,
    allows: &'static [Action],
    refuses: &'static [Action],
}

const MULTIPART: [Action; 3] = [LIST_UPLOADS, ABORT, LIST_PARTS];

pub const DIFFERENCES: [Difference; 4] = [
    Difference {
        server: Kind::SeaweedFs,
        reason: "an Allow of s3:PutObject brings the three multipart rights with it",
        applies: |role, policy, _| {
            matches!(policy, Policy::Without(missing) if MULTIPART.contains(&missing))
                && policy.grants(role, PUT)
        },
        allows: &MULTIPART,
        refuses: &[],
    },
    Difference {
        server: Kind::SeaweedFs,
        reason: "a Deny of s3:PutObject denies the three multipart rights too",
        applies: |_, policy, _| policy == Policy::Denying(PUT),
        allows: &[],
        refuses: &MULTIPART,
    },
    Difference {
        server: Kind::Moto,
        reason: "conditions on s3:prefix are ignored, so that a scoped policy lets its user list everywhere",
        applies: |_, policy, _| policy == Policy::ScopedElsewhere,
        allows: &[LIST],
        refuses: &[],
    },
    Difference {
        server: Kind::Moto,
        reason: "a bucket policy is asked by HTTP method, so that its Deny of s3:GetObject denies ListParts too",
        applies: |_, _, state| state == State::UnreadableFolder,
        allows: &[],
        refuses: &[LIST_PARTS],
    },
];

/// Whether the server's refusal says which action is missing, as Amazon's long message does.
const fn refusal_names_action(kind: Kind) -> bool {
    matches!(kind, Kind::S3s)
}

/// What is true in a cell.
pub fn facts(kind: Kind, role: Role, policy: Policy, state: State, path: &str) -> Facts {
    let known = crate::lab::policies::PROVEN.into_iter();
    let mut may: BTreeSet<Action> = known.filter(|a| policy.grants(role, a)).collect();
    for difference in DIFFERENCES.iter().filter(|d| d.server == kind) {
        if (difference.applies)(role, policy, state) {
            may.extend(difference.allows);
            may.retain(|a| !difference.refuses.contains(a));
        }
    }
    if state == State::UnreadableFolder {
        may.remove(GET);
    }
    let has_object = !matches!(state, State::Empty | State::Outside);
    Facts {
        role,
        may,
        object: has_object.then_some(state != State::UnreadableObject),
        whole_bucket: path.is_empty(),
        refusal_names_action: refusal_names_action(kind),
    }
}
