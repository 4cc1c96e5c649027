//! The audit: an event for each call that changes something, is refused to by the service itself, or tests a connection. The last ones are kept.
//!
//! The event of a change is in the commit that makes it; any other is a commit of its own. Each is a line of the log, too, once it is settled.

mod read;
#[cfg(test)]
mod tests;

pub use read::{EventPage, EventQuery};

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::{Instrument, info, warn};
use uuid::Uuid;

use super::{Registry, committed, keys, unavailable};
use crate::metrics::AuditEvents;
use crate::model::Error;
use crate::model::audit::{Attempt, Event, OK};
use crate::model::connection_test::TestName;
use crate::store::{Direction, Entry, Guard, Revision, Scan, Store, Txn};

/// The target of the lines in the log.
pub const TARGET: &str = "datastored::audit";
/// How many of the oldest events one more clears away: more than it adds, so that they cannot pile up.
const CLEARED_AT_ONCE: usize = 4;
/// How many entries are read at once.
const PAGE: usize = 1_000;
/// The version of the stored form.
const FORMAT: u8 = 1;

/// The events that are kept, and how many may be.
#[derive(Debug, Default)]
pub(super) struct Trail {
    written: AuditEvents,
    keep: usize,
    /// Their ids, 16 bytes each, so that no commit has to look for the oldest. One that is not stored does no harm.
    ids: Mutex<BTreeSet<Uuid>>,
}

impl Trail {
    /// That of a store. It reads all that is there, a page at a time.
    async fn of(store: &impl Store, keep: usize, written: AuditEvents) -> Result<Self, Error> {
        let (mut ids, mut after) = (BTreeSet::new(), None);
        loop {
            let scan = Scan {
                prefix: keys::AUDIT_EVENTS.to_vec(),
                after,
                limit: PAGE,
                direction: Direction::Ascending,
            };
            let page = store.scan(scan).await.map_err(unavailable)?;
            for entry in &page {
                ids.insert(keys::audit_event_in(&entry.key)?);
            }
            if page.len() < PAGE {
                let ids = Mutex::new(ids);
                return Ok(Self { written, keep, ids });
            }
            after = page.last().map(|entry| entry.key.clone());
        }
    }

    /// Commits with the event, in the place of the oldest ones, and says so in the log.
    async fn commit(
        &self,
        store: &impl Store,
        mut txn: Txn,
        event: Event,
    ) -> Result<Option<Revision>, Error> {
        if self.keep > 0 {
            txn = txn.put(keys::audit_event(event.id), encoded(&event)?);
        }
        let oldest = self.take_oldest(event.id);
        for id in &oldest {
            txn = txn.delete(keys::audit_event(*id));
        }
        let done = committed(store, txn).await;
        if let Ok(Some(_)) = done {
            self.tell(&event);
        } else {
            self.ids().extend(oldest);
        }
        done
    }

    /// Those that have to go when this one comes.
    fn take_oldest(&self, coming: Uuid) -> Vec<Uuid> {
        let mut ids = self.ids();
        // It is there when its commit is tried again.
        ids.remove(&coming);
        let room = self.keep.saturating_sub(1);
        let too_many = ids.len().saturating_sub(room).min(CLEARED_AT_ONCE);
        // Never the one that comes: a clock that was set back gives it an older id than those that are there.
        let oldest = (0..too_many).filter_map(|_| ids.pop_first()).collect();
        if self.keep > 0 {
            ids.insert(coming);
        }
        oldest
    }

    /// Counts the event and writes its line of the log.
    fn tell(&self, event: &Event) {
        self.written.written(event.action.as_str());
        tell(event);
    }

    fn ids(&self) -> MutexGuard<'_, BTreeSet<Uuid>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Store> Registry<S> {
    /// The same, which keeps the last `events` of the audit. A registry that was not asked to keeps none: its events are in the log alone. They are counted in `written`.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`].
    pub async fn auditing(mut self, events: usize, written: AuditEvents) -> Result<Self, Error> {
        self.trail = Arc::new(Trail::of(&*self.store, events, written).await?);
        Ok(self)
    }

    /// Makes the event of a call that has changed nothing, unless it has one; the line of the log is there also when the store cannot keep it.
    pub async fn note(&self, attempt: &Attempt, outcome: &str, test: Option<&TestName>) {
        let event = Event {
            connection_tests: test.iter().map(ToString::to_string).collect(),
            ..attempt.event((self.now)(), outcome)
        };
        let key = keys::audit_event(event.id);
        let txn = Txn::new().guard(Guard::Absent(key));
        if let Err(error) = self.committed_with(txn, Some(event.clone())).await {
            warn!(%error, "an event of the audit could not be kept");
            self.trail.tell(&event);
        }
    }

    /// The event of a change that is about to be made, if it was asked for.
    pub(super) fn change(&self, attempt: Option<&Arc<Attempt>>) -> Option<Event> {
        attempt.map(|attempt| attempt.event((self.now)(), OK))
    }

    /// As [`Registry::committed`], with the event in the same commit. It goes on to its end when the caller goes, so that the log has what the store has.
    pub(super) async fn committed_with(
        &self,
        txn: Txn,
        event: Option<Event>,
    ) -> Result<Option<Revision>, Error> {
        let Some(event) = event else {
            return self.committed(txn).await;
        };
        let (store, trail) = (Arc::clone(&self.store), Arc::clone(&self.trail));
        let work = async move { trail.commit(&*store, txn, event).await };
        let done = tokio::spawn(work.in_current_span()).await;
        done.unwrap_or_else(|panic| Err(Error::Internal(Box::new(panic))))
    }
}

/// Texts go in as they are: the log quotes them.
fn tell(event: &Event) {
    info!(
        target: TARGET,
        event_id = %event.id,
        call_id = %event.call_id,
        caller = event.caller,
        address = event.address.map(display),
        action = event.action.as_str(),
        resource = event.resource,
        enrichment = event.enrichment,
        changed_fields = event.changed_fields.join(","),
        request_id = event.request_id.map(display),
        outcome = event.outcome,
        connection_tests = event.connection_tests.join(","),
        "audit event"
    );
}

fn encoded(event: &Event) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![FORMAT];
    serde_json::to_writer(&mut bytes, event).map_err(|e| Error::Internal(Box::new(e)))?;
    Ok(bytes)
}

/// The event in an entry.
pub(super) fn decoded(entry: &Entry) -> Result<Event, Error> {
    let Some((&FORMAT, json)) = entry.value.split_first() else {
        let error = "an event of the audit is of a format that this version does not know";
        return Err(Error::Internal(error.into()));
    };
    serde_json::from_slice(json).map_err(|e| Error::Internal(Box::new(e)))
}
