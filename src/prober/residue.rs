//! Getting rid of what a test has written, and why what is left is left.

use tokio::time::{Duration, Instant, timeout, timeout_at};

use super::removal::{is_gone, remove};
use super::traces::Traces;
use crate::model::residue::Trace;
use crate::s3::{Client, Failure};

/// A trace that is still there, and why.
pub(super) type Left = (Trace, Why);

/// Why a trace could not be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The credentials may not.
    Denied,
    /// The store answered so, or something on the way to it.
    Answered(u16),
    /// The store confirmed its removal and still lists it.
    StillListed,
    /// The store confirmed its removal; whether it is gone could not be looked up.
    NotSeen,
    /// There may be versions that no answer has named, and the credentials may not list them.
    Unnamed,
    /// No answer, or not in time.
    NoAnswer,
    /// It is not there, but the request that makes it was never answered, and may still be carried out.
    MayStillLand,
}

impl Why {
    /// Why a call that was to remove something did not.
    pub(super) fn of(failure: &Failure) -> Self {
        match failure.status {
            _ if failure.is_denied() => Self::Denied,
            Some(status) => Self::Answered(status),
            None => Self::NoAnswer,
        }
    }

    /// Whether the same credentials would come to the same another time.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Denied | Self::Unnamed => true,
            Self::Answered(_)
            | Self::StillListed
            | Self::NotSeen
            | Self::NoAnswer
            | Self::MayStillLand => false,
        }
    }
}

/// Removes all that is left of a test, for at most `deadline`, and returns what is still there. The ledger forgets nothing of that meanwhile.
pub(super) async fn clean_up(client: &Client, traces: &Traces, deadline: Duration) -> Vec<Left> {
    let mut left: Vec<Left> = Vec::new();
    let in_time = timeout(deadline, async {
        // Newest first: deleting an object in a versioned bucket adds a marker, which then has to go too.
        while let Some(trace) = last_untried(traces, &left).await {
            match remove(client, traces, &trace).await {
                Ok(()) => traces.strike(&trace).await,
                Err(why) => left.push((trace, why)),
            }
        }
    })
    .await;
    if in_time.is_err() {
        while let Some(late) = last_untried(traces, &left).await {
            left.push((late, Why::NoAnswer));
        }
    }
    left
}

async fn last_untried(traces: &Traces, tried: &[Left]) -> Option<Trace> {
    let mut open = traces.all().await;
    open.retain(|trace| tried.iter().all(|(known, _)| known != trace));
    open.pop()
}

/// What is there, as far as can be seen within the deadline, of that which could not be removed: who may not remove a thing may still see that somebody else has.
pub(super) async fn still_there(client: &Client, left: Vec<Left>, deadline: Duration) -> Vec<Left> {
    let mut there = Vec::new();
    let end = Instant::now() + deadline;
    for (trace, why) in left {
        let is_seen_gone = match why {
            Why::Denied => timeout_at(end, is_gone(client, &trace)).await,
            Why::Answered(_)
            | Why::StillListed
            | Why::NotSeen
            | Why::Unnamed
            | Why::NoAnswer
            | Why::MayStillLand => Ok(false),
        };
        if !is_seen_gone.unwrap_or(false) {
            there.push((trace, why));
        }
    }
    there
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Denied => f.write_str("the credentials do not allow its removal"),
            Self::Answered(status) => write!(f, "its removal was answered with HTTP {status}"),
            Self::StillListed => f.write_str("the store confirmed its removal and still lists it"),
            Self::NotSeen => f.write_str(
                "the store confirmed its removal, and whether it is gone could not be looked up",
            ),
            Self::Unnamed => f.write_str(
                "an answer was lost, and with it the ids of versions that there may be; the credentials do not allow listing them",
            ),
            Self::MayStillLand => f.write_str(
                "the request that makes it was never answered and may still be carried out; this server looks again",
            ),
            Self::NoAnswer => f.write_str("its removal was not answered"),
        }
    }
}
