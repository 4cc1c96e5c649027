//! What earlier tests have left at the same place: the next test there tries to remove it, with its own rights, and lists what stays.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::Duration;
use tracing::warn;
use uuid::Uuid;

use super::ledger::Ledger;
use super::residue::{clean_up, residue, still_there};
use super::traces::Traces;
use crate::model::datastore::S3Config;
use crate::model::residue::Leftover;
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
    let mut open = ledger.open().await.unwrap_or_else(|error| {
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
    ledger: &Arc<dyn Ledger>,
    mut left: Vec<Leftover>,
    deadline: Duration,
) -> Vec<Leftover> {
    let mut tries = JoinSet::new();
    for leftover in left.drain(..left.len().min(TRIED)) {
        let traces = Traces::of(Arc::clone(ledger), leftover);
        let client = client.clone();
        tries.spawn(async move {
            traces.count_sweep().await;
            let left = clean_up(&client, &traces, deadline).await;
            let left = still_there(&client, left, deadline).await;
            traces
                .settle(left.into_iter().map(|(t, _)| t).collect())
                .await
        });
    }
    left.extend(tries.join_all().await);
    left
}

/// As a report shows it.
pub(super) fn shown(left: &[Leftover]) -> Earlier {
    let of_one = |leftover: &Leftover| {
        let cause = format!("test {} could not remove it", leftover.test_id);
        let one = |trace| residue(&leftover.s3, trace, &cause);
        leftover.traces.iter().map(one).collect::<Vec<_>>()
    };
    let mut residue: Vec<Residue> = left.iter().flat_map(of_one).collect();
    let unlisted = residue.len().saturating_sub(LISTED);
    residue.truncate(LISTED);
    Earlier { residue, unlisted }
}
