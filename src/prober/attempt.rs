//! One attempt to remove what an ended test has left: one at a time for each test, on what the ledger knows by then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;
use tokio::time::{Duration, timeout};
use uuid::Uuid;

use super::ledger::Ledger;
use super::residue::{Left, clean_up, still_there};
use super::traces::Traces;
use crate::metrics::S3Calls;
use crate::model::Error;
use crate::model::datastore::S3Config;
use crate::model::residue::Leftover;
use crate::s3::{Client, Guard};

/// After how long a request that was never answered has been carried out, if it ever is.
pub(super) const LANDED: Duration = Duration::from_secs(5);

/// What an attempt came to.
pub(super) enum Attempt {
    /// Another one is under way and does not end.
    Busy,
    /// The ledger knows of nothing any more, or no credentials are left to try with.
    Over,
    /// It was tried: what is left and why, and what the ledger holds now.
    Tried(Vec<Left>, Box<Leftover>),
}

/// Attempts, for sweeps and tests alike. Clones share who is at it.
#[derive(Clone)]
pub(super) struct Attempts {
    ledger: Arc<dyn Ledger>,
    guard: Guard,
    calls: S3Calls,
    deadline: Duration,
    owners: Arc<Mutex<HashMap<Uuid, Arc<tokio::sync::Mutex<()>>>>>,
}

impl Attempts {
    /// Those that connect to what `guard` lets through, and take at most `deadline` each.
    pub(super) fn new(
        ledger: Arc<dyn Ledger>,
        guard: Guard,
        calls: S3Calls,
        deadline: Duration,
    ) -> Self {
        Self {
            ledger,
            guard,
            calls,
            deadline,
            owners: Arc::default(),
        }
    }

    /// Tries once, with this client, or with the credentials that the ledger holds.
    pub(super) async fn once(
        &self,
        at: &S3Config,
        test_id: Uuid,
        client: Option<&Client>,
    ) -> Result<Attempt, Error> {
        let Ok(_owner) = timeout(self.deadline, self.own(test_id)).await else {
            return Ok(Attempt::Busy);
        };
        let Some(leftover) = self.ledger.get(at, test_id).await? else {
            return Ok(Attempt::Over);
        };
        let by_others = client.is_some();
        let client = match client {
            Some(client) => client.clone(),
            None if leftover.keyless => return Ok(Attempt::Over),
            None => Client::new(&leftover.s3, self.guard, self.calls.clone()).await,
        };
        let traces = Traces::of(Arc::clone(&self.ledger), leftover);
        traces.count_sweep().await;
        let left = clean_up(&client, &traces, self.deadline).await;
        let left = still_there(&client, left, self.deadline).await;
        let open = traces.settle(&left, Vec::new(), by_others).await;
        Ok(Attempt::Tried(left, Box::new(open)))
    }

    /// Waits until nobody else is at what a test has left.
    async fn own(&self, test_id: Uuid) -> OwnedMutexGuard<()> {
        let owner = {
            let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
            owners.retain(|_, owner| Arc::strong_count(owner) > 1);
            Arc::clone(owners.entry(test_id).or_default())
        };
        owner.lock_owned().await
    }
}
