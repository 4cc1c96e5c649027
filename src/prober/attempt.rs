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
use crate::model::call_id::CallId;
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

/// Who tries.
#[derive(Clone, Copy)]
pub(super) enum By<'a> {
    /// A later test at the same place.
    Another(&'a Client),
    /// The server, with the credentials that the ledger holds, and for the call that the test was within, if that is known.
    Its(Option<&'a CallId>),
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

    /// Tries once.
    pub(super) async fn once(
        &self,
        at: &S3Config,
        test_id: Uuid,
        by: By<'_>,
    ) -> Result<Attempt, Error> {
        let Ok(_owner) = timeout(self.deadline, self.own(test_id)).await else {
            return Ok(Attempt::Busy);
        };
        let Some(leftover) = self.ledger.get(at, test_id).await? else {
            return Ok(Attempt::Over);
        };
        let (client, by_others) = match by {
            By::Another(client) => (client.clone(), true),
            By::Its(_) if leftover.keyless => return Ok(Attempt::Over),
            By::Its(call) => {
                let client = Client::new(&leftover.s3, self.guard, self.calls.clone()).await;
                (client.on_behalf_of(call), false)
            }
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
