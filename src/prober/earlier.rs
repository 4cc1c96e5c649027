//! What earlier tests have left at the same place: the next test there tries to remove it, with its own rights, and lists what stays.

use tokio::task::JoinSet;
use tracing::{Instrument, warn};
use uuid::Uuid;

use super::attempt::{Attempt, Attempts, By};
use super::ledger::Ledger;
use super::remedy::residue;
use super::spans;
use crate::model::datastore::S3Config;
use crate::model::residue::{Leftover, Trace};
use crate::report::Residue;
use crate::s3::Client;

/// How many earlier tests one test tries to clean up after.
const TRIED: usize = 8;
/// How many things of earlier tests a report lists.
const LISTED: usize = 100;

/// What earlier tests have left.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    /// So much of it as a report can hold.
    pub(super) residue: Vec<Residue>,
    /// How much more there is.
    pub(super) unlisted: usize,
}

/// What ended tests of the same place have left and no sweep has removed, those first that were tried least.
pub(super) async fn left_at(ledger: &dyn Ledger, place: &S3Config, but: Uuid) -> Vec<Leftover> {
    let here = |s3: &S3Config| (s3.endpoint.clone(), s3.bucket.clone(), s3.prefix.clone());
    let mut open = ledger.at(place).await.unwrap_or_else(|error| {
        warn!(%error, "the residue of earlier tests could not be read");
        Vec::new()
    });
    open.retain(|l| l.ended && l.test_id != but && here(&l.s3) == here(place));
    open.sort_by_key(|leftover| leftover.sweeps);
    open
}

/// Tries to remove some of it, so that a right that was granted since, or a person who has removed it, ends the matter.
pub(super) async fn try_again(
    client: &Client,
    attempts: &Attempts,
    mut left: Vec<Leftover>,
) -> Vec<Leftover> {
    let mut tries = JoinSet::new();
    for leftover in left.drain(..left.len().min(TRIED)) {
        let (attempts, client) = (attempts.clone(), client.clone());
        let id = leftover.test_id;
        let attempt = async move {
            match attempts.once(&leftover.s3, id, By::Another(&client)).await {
                Ok(Attempt::Tried(_, open)) => Some(*open),
                Ok(Attempt::Over) => None,
                Ok(Attempt::Busy) => Some(leftover),
                Err(error) => {
                    warn!(test = %id, %error, "the residue of an earlier test could not be read");
                    Some(leftover)
                }
            }
        };
        tries.spawn(attempt.instrument(spans::sweep(id)));
    }
    left.extend(tries.join_all().await.into_iter().flatten());
    left
}

/// As a report shows it.
pub(super) fn shown(left: &[Leftover]) -> Earlier {
    let of_one = |leftover: &Leftover| {
        let one = |trace| residue(&leftover.s3, trace, &cause(leftover, trace));
        leftover.traces.iter().map(one).collect::<Vec<_>>()
    };
    let mut residue: Vec<Residue> = left.iter().flat_map(of_one).collect();
    let unlisted = residue.len().saturating_sub(LISTED);
    residue.truncate(LISTED);
    Earlier { residue, unlisted }
}

fn cause(leftover: &Leftover, trace: &Trace) -> String {
    let test = leftover.test_id;
    if leftover.landing.iter().any(|l| l.trace == *trace) {
        return format!("a request of test {test} was never answered and may still make it");
    }
    if let Trace::Versions { .. } = trace {
        return format!("an answer to test {test} was lost, and with it the ids of versions");
    }
    format!("test {test} could not remove it")
}
