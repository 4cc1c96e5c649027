//! What a test must say, from what S3 documents and from what the user may do; it knows nothing of how the product finds out.
//!
//! The rule is that of a store that is not Amazon's, where a 404 proves nothing.

use std::collections::BTreeSet;

use datastored::pb::{Check, Outcome, Role};

use super::cells::{ABORT, Action, DELETE, GET, LIST, LIST_PARTS, LIST_UPLOADS, PUT, actions_of};

/// What is true of the user and the bucket.
#[derive(Debug)]
pub struct Facts {
    pub role: Role,
    /// What the server lets the user do to what is tested.
    pub may: BTreeSet<Action>,
    /// Whether the first object under the prefix may be read by those who may read; none if there is no object.
    pub object: Option<bool>,
    /// The URI names no prefix.
    pub whole_bucket: bool,
    /// The server's refusal names the action that is missing.
    pub refusal_names_action: bool,
}

/// What a report must say.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub lines: Vec<String>,
    pub outcome: Outcome,
    pub missing_actions: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    SkippedBy(Action),
    NothingToRead,
}

impl Facts {
    /// The whole report.
    pub fn expected(&self) -> Said {
        let actions = actions_of(self.role);
        let verdicts = actions.iter().map(|a| (*a, self.verdict(a)));
        let verdicts: Vec<(Action, Verdict)> = verdicts.collect();
        let failed = verdicts.iter().filter(|(_, v)| *v == Verdict::Failed);
        let missing_actions: Vec<String> = failed.map(|(a, _)| (*a).to_owned()).collect();
        let outcome = if !missing_actions.is_empty() {
            Outcome::Failed
        } else if verdicts.iter().all(|(_, v)| *v == Verdict::Passed) {
            Outcome::Passed
        } else {
            Outcome::Inconclusive
        };
        Said {
            lines: verdicts.iter().map(|(a, v)| line(a, *v)).collect(),
            outcome,
            missing_actions,
        }
    }

    /// What is said of the right to an action.
    fn verdict(&self, action: Action) -> Verdict {
        let may = |action| self.may.contains(action);
        // Something is written only by who may remove it again, as an object or as an upload.
        let may_remove = may(DELETE) || may(ABORT);
        match action {
            GET => self.reading(),
            PUT if !may_remove => Verdict::SkippedBy(DELETE),
            // What could not be written cannot be removed; that one may not is known without.
            DELETE | ABORT if may(action) && !may(PUT) => Verdict::SkippedBy(PUT),
            // It takes an upload, which is begun only by who may abort it.
            LIST_PARTS if !may(ABORT) => Verdict::SkippedBy(ABORT),
            LIST_PARTS if !may(PUT) => Verdict::SkippedBy(PUT),
            _ => by(may(action)),
        }
    }

    /// Reading is proven on an object that is known to exist: one's own, or a listed one.
    fn reading(&self) -> Verdict {
        let may = |action| self.may.contains(action);
        let is_enrichment = self.role == Role::Enrichment;
        if is_enrichment && may(PUT) && may(DELETE) {
            return by(may(GET));
        }
        match self.object {
            Some(is_readable) if may(LIST) => return by(may(GET) && is_readable),
            // A 403 for a key that does not exist means that reading is denied, to those who may list all keys, or if S3 says so.
            None if may(LIST) && !may(GET) && (self.whole_bucket || self.refusal_names_action) => {
                return Verdict::Failed;
            }
            _ => {}
        }
        // Nothing to read; the report blames what would have given something.
        if is_enrichment {
            return Verdict::SkippedBy(if may(DELETE) { PUT } else { DELETE });
        }
        if may(LIST) {
            Verdict::NothingToRead
        } else {
            Verdict::SkippedBy(LIST)
        }
    }
}

fn by(is_allowed: bool) -> Verdict {
    if is_allowed {
        Verdict::Passed
    } else {
        Verdict::Failed
    }
}

/// As [`verdicts`](crate::connection::watch::verdicts) writes it.
fn line(action: Action, verdict: Verdict) -> String {
    let name = name_of_check(action);
    match verdict {
        Verdict::Passed => format!("{name} PASSED"),
        Verdict::Failed => format!("{name} FAILED ACCESS_DENIED"),
        Verdict::SkippedBy(cause) => format!("{name} SKIPPED by {}", name_of_check(cause)),
        Verdict::NothingToRead => format!("{name} INCONCLUSIVE NO_OBJECT_TO_READ"),
    }
}

fn name_of_check(action: Action) -> &'static str {
    let check = match action {
        LIST => Check::ListObjects,
        LIST_UPLOADS => Check::ListMultipartUploads,
        GET => Check::GetObject,
        PUT => Check::PutObject,
        DELETE => Check::DeleteObject,
        ABORT => Check::AbortMultipartUpload,
        LIST_PARTS => Check::ListParts,
        other => panic!("{other} has no check"),
    };
    check.as_str_name().trim_start_matches("CHECK_")
}
