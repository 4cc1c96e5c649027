//! Reading the events that are kept.

use uuid::Uuid;

use super::decoded;
use crate::model::Error;
use crate::model::audit::Event;
use crate::model::filter::EventFilter;
use crate::registry::{Registry, keys, unavailable};
use crate::store::{Direction, Scan, Store};

/// How many events one call with a filter looks at, at the most. A page that it leaves short is returned as it is (AIP-158).
const LOOKED_AT: usize = 1_000;
/// About how many bytes the events of a page take, at the most: clients commonly refuse answers of more than 4 MiB.
const PAGE_BYTES: usize = 3 << 20;

/// Which events to read.
#[derive(Clone, Debug)]
pub struct EventQuery {
    /// Which.
    pub filter: EventFilter,
    /// How many at the most; at least 1.
    pub page_size: usize,
    /// Where the page before ended: its [`EventPage::next`].
    pub after: Option<Uuid>,
}

/// A page of events, the newest first.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// The events.
    pub items: Vec<Event>,
    /// Where this page ended, when there may be more.
    pub next: Option<Uuid>,
}

impl<S: Store> Registry<S> {
    /// One page of the audit, the newest event first.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`].
    pub async fn events(&self, query: EventQuery) -> Result<EventPage, Error> {
        let is_filtered = query.filter != EventFilter::default();
        let limit = if is_filtered {
            LOOKED_AT
        } else {
            query.page_size + 1
        };
        let scan = Scan {
            prefix: keys::AUDIT_EVENTS.to_vec(),
            after: query.after.map(keys::audit_event),
            limit,
            direction: Direction::Descending,
        };
        let entries = self.store.scan(scan).await.map_err(unavailable)?;
        let mut is_short = entries.len() < limit;
        let (mut items, mut bytes, mut last) = (Vec::new(), 0, query.after);
        for entry in entries {
            if items.len() == query.page_size || bytes >= PAGE_BYTES {
                is_short = false;
                break;
            }
            let event = decoded(&entry)?;
            last = Some(event.id);
            if query.filter.matches(&event) {
                bytes += entry.value.len();
                items.push(event);
            }
        }
        let next = last.filter(|_| !is_short);
        Ok(EventPage { items, next })
    }
}
