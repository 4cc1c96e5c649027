//! What a few datastores are, and what each call must answer when it is the only one: sources that are linked to enrichment datastores.

use std::sync::Arc;

/// How many sources there are; the datastores after them are enrichment datastores.
pub const SOURCES: usize = 3;
/// How many datastores.
pub const ALL: usize = 5;

/// What a datastore shows of itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shown {
    /// The value of a label that every write gives anew.
    pub version: Arc<str>,
    pub etag: Arc<str>,
    /// The number of the enrichment datastore.
    pub link: Option<usize>,
}

/// All datastores, by number.
pub type State = [Option<Shown>; ALL];

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    NotFound,
    Taken,
    Stale,
    InUse,
    NotLinked,
}

/// A call and its answer: what the datastore then was.
#[derive(Clone, Debug)]
pub enum Operation {
    Create(usize, String, Result<Shown, Refusal>),
    Get(usize, Result<Shown, Refusal>),
    /// With the etag that was sent.
    Update(usize, String, String, Result<Shown, Refusal>),
    Delete(usize, Result<(), Refusal>),
    Link(usize, usize, Result<Shown, Refusal>),
    Unlink(usize, Result<Shown, Refusal>),
}

/// What can happen.
pub const KINDS: [&str; 14] = [
    "create",
    "create Taken",
    "get",
    "get NotFound",
    "update",
    "update NotFound",
    "update Stale",
    "delete",
    "delete NotFound",
    "delete InUse",
    "link",
    "link NotFound",
    "unlink",
    "unlink NotLinked",
];

impl Operation {
    /// Its kind.
    pub fn what(&self) -> String {
        let (call, refusal) = match self {
            Self::Create(_, _, answer) => ("create", answer.as_ref().err()),
            Self::Get(_, answer) => ("get", answer.as_ref().err()),
            Self::Update(_, _, _, answer) => ("update", answer.as_ref().err()),
            Self::Delete(_, answer) => ("delete", answer.as_ref().err()),
            Self::Link(_, _, answer) => ("link", answer.as_ref().err()),
            Self::Unlink(_, answer) => ("unlink", answer.as_ref().err()),
        };
        refusal.map_or_else(|| call.to_owned(), |refusal| format!("{call} {refusal:?}"))
    }

    /// The state after it, `None` when its answer is wrong in this state.
    pub fn apply(&self, state: &State) -> Option<State> {
        match self {
            Self::Create(at, version, answer) => match &state[*at] {
                Some(_) => refused(state, answer, Refusal::Taken),
                None => put(state, *at, answer, |new| {
                    *new.version == **version && new.link.is_none()
                }),
            },
            Self::Get(at, answer) => {
                let expected = state[*at].clone().ok_or(Refusal::NotFound);
                (expected == *answer).then(|| state.clone())
            }
            Self::Update(at, version, etag, answer) => match &state[*at] {
                None => refused(state, answer, Refusal::NotFound),
                Some(old) if !etag.is_empty() && **etag != *old.etag => {
                    refused(state, answer, Refusal::Stale)
                }
                Some(old) => put(state, *at, answer, |new| {
                    *new.version == **version && new.link == old.link && new.etag != old.etag
                }),
            },
            Self::Delete(at, answer) => {
                let is_used = state.iter().flatten().any(|d| d.link == Some(*at));
                match &state[*at] {
                    None => refused(state, answer, Refusal::NotFound),
                    Some(_) if is_used => refused(state, answer, Refusal::InUse),
                    Some(_) => {
                        let mut next = state.clone();
                        next[*at] = None;
                        answer.is_ok().then_some(next)
                    }
                }
            }
            Self::Link(from, to, answer) => match (&state[*from], &state[*to]) {
                (Some(old), Some(_)) => put(state, *from, answer, |new| {
                    new.version == old.version && new.link == Some(*to)
                }),
                _ => refused(state, answer, Refusal::NotFound),
            },
            Self::Unlink(at, answer) => match &state[*at] {
                None => refused(state, answer, Refusal::NotFound),
                Some(old) if old.link.is_none() => refused(state, answer, Refusal::NotLinked),
                Some(old) => put(state, *at, answer, |new| {
                    new.version == old.version && new.link.is_none() && new.etag != old.etag
                }),
            },
        }
    }
}

/// The state with what a write has answered, if that is as it should be.
fn put(
    state: &State,
    at: usize,
    answer: &Result<Shown, Refusal>,
    is_right: impl Fn(&Shown) -> bool,
) -> Option<State> {
    let new = answer.as_ref().ok().filter(|new| is_right(new))?;
    let mut next = state.clone();
    next[at] = Some(new.clone());
    Some(next)
}

/// The same state, if that is what was refused.
fn refused<T>(state: &State, answer: &Result<T, Refusal>, why: Refusal) -> Option<State> {
    (answer.as_ref().err() == Some(&why)).then(|| state.clone())
}
