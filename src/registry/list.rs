//! Listing datastores: a page at a time, filtered and ordered, with bounded work for each call.

use super::get::stored;
use super::{Registry, Stored, keys, unavailable};
use crate::model::Error;
use crate::model::datastore::Datastore;
use crate::model::endpoint::Endpoint;
use crate::model::filter::{Filter, Subject};
use crate::model::order::{OrderBy, OrderField};
use crate::store::{Direction, Entry, Scan, Store};

/// How many datastores one call looks at, at the most. A page that a filter leaves short is returned as it is (AIP-158).
const LOOKED_AT: usize = 2_000;
/// About how many bytes the datastores of a page take, at the most: clients commonly refuse answers of more than 4 MiB.
const PAGE_BYTES: usize = 3 << 20;

/// What to list.
#[derive(Clone, Debug)]
pub struct Query {
    /// Which datastores.
    pub filter: Filter,
    /// In which order.
    pub order: OrderBy,
    /// How many at the most; at least 1.
    pub page_size: usize,
    /// Where the page before ended: its [`Page::next`].
    pub after: Option<Vec<u8>>,
}

/// A page of datastores.
#[derive(Clone, Debug)]
pub struct Page {
    /// The datastores.
    pub items: Vec<Stored>,
    /// Where this page ended, when there may be more.
    pub next: Option<Vec<u8>>,
}

impl<S: Store> Registry<S> {
    /// One page.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`].
    pub async fn list(&self, query: Query) -> Result<Page, Error> {
        let prefix = family(query.order.field);
        let mut items = Vec::new();
        let mut after = query.after.map(|tail| [prefix, &tail].concat());
        let (mut looked_at, mut bytes) = (0, 0);
        while looked_at < LOOKED_AT {
            let missing = query.page_size - items.len();
            // One more than is missing tells whether there is a next page.
            let limit = (missing + 1).max(100).min(LOOKED_AT - looked_at);
            let scan = Scan {
                prefix: prefix.to_vec(),
                after: after.clone(),
                limit,
                direction: direction(query.order),
            };
            let entries = self.store.scan(scan).await.map_err(unavailable)?;
            let at_the_end = entries.len() < limit;
            for entry in entries {
                if items.len() == query.page_size || bytes >= PAGE_BYTES {
                    return Ok(page(items, prefix, after));
                }
                looked_at += 1;
                after = Some(entry.key.clone());
                if let Some(found) = self.resolve(query.order.field, entry).await?
                    && matches(&query.filter, &found)
                {
                    bytes += weight(&found.datastore);
                    items.push(found);
                }
            }
            if at_the_end {
                return Ok(page(items, prefix, None));
            }
        }
        Ok(page(items, prefix, after))
    }

    /// The datastore of a scanned entry; none if it went between the scan and now.
    async fn resolve(&self, field: OrderField, entry: Entry) -> Result<Option<Stored>, Error> {
        if field == OrderField::Name {
            return stored(&entry).map(Some);
        }
        match self.get(&keys::id_in(&entry.value)?).await {
            Ok(found) => Ok(Some(found)),
            Err(Error::DatastoreNotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn family(field: OrderField) -> &'static [u8] {
    match field {
        OrderField::Name => keys::DATASTORES,
        OrderField::DisplayName => keys::BY_DISPLAY_NAME,
        OrderField::CreateTime => keys::BY_CREATE_TIME,
    }
}

fn direction(order: OrderBy) -> Direction {
    if order.descending {
        Direction::Descending
    } else {
        Direction::Ascending
    }
}

fn matches(filter: &Filter, found: &Stored) -> bool {
    filter.matches(&Subject {
        display_name: found.datastore.display_name.as_str(),
        role: found.datastore.role,
        labels: &found.datastore.labels,
    })
}

/// About how many bytes a datastore takes in an answer.
fn weight(datastore: &Datastore) -> usize {
    let pairs = datastore.labels.iter();
    let labels: usize = pairs.map(|(k, v)| k.len() + v.len() + 8).sum();
    let endpoint = datastore.s3.endpoint.as_ref();
    let texts = [
        datastore.display_name.as_str(),
        datastore.s3.prefix.as_str(),
        endpoint.map_or("", Endpoint::as_str),
    ];
    512 + labels + texts.map(str::len).iter().sum::<usize>()
}

fn page(items: Vec<Stored>, prefix: &[u8], after: Option<Vec<u8>>) -> Page {
    Page {
        items,
        next: after.map(|key| key[prefix.len()..].to_vec()),
    }
}
