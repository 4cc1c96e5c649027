//! Listing datastores: a page at a time, filtered and ordered, with bounded work for each call.

use super::{Registry, Stored, keys, unavailable};
use crate::model::Error;
use crate::model::certificates::Certificates;
use crate::model::datastore::Datastore;
use crate::model::endpoint::Endpoint;
use crate::model::filter::{Filter, Subject};
use crate::model::name::Labels;
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
    /// Only those that have all of these labels. The rest is hidden: then [`Page::next`] is sealed, since it may hold the name of one.
    pub seen_by: Labels,
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
    /// [`Error::StoreUnavailable`], and [`Error::InvalidFields`] for an end of a page that was not sealed by this registry.
    pub async fn list(&self, mut query: Query) -> Result<Page, Error> {
        if query.seen_by.is_empty() {
            return self.page(query).await;
        }
        let sealer = self.sealing.now();
        if let Some(sealed) = query.after {
            query.after = Some(sealer.open_end(&sealed)?);
        }
        let page = self.page(query).await?;
        let next = page.next.map(|end| sealer.seal_end(&end)).transpose()?;
        Ok(Page { next, ..page })
    }

    async fn page(&self, query: Query) -> Result<Page, Error> {
        let index = Index::of(&query);
        let prefix = &index.prefix[..];
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
                looked_at += 1;
                let key = entry.key.clone();
                if let Some(found) = self.resolve(&index, entry).await?
                    && found.datastore.labels.contain(&query.seen_by)
                    && matches(&query.filter, &found)
                {
                    // There is a next page if there is something on it: what a caller may not see gives no sign of itself.
                    if items.len() == query.page_size || bytes >= PAGE_BYTES {
                        return Ok(page(items, prefix, after));
                    }
                    bytes += weight(&found.datastore);
                    items.push(found);
                }
                after = Some(key);
            }
            if at_the_end {
                return Ok(page(items, prefix, None));
            }
        }
        Ok(page(items, prefix, after))
    }

    /// The datastore of a scanned entry; none if it went between the scan and now.
    async fn resolve(&self, index: &Index, entry: Entry) -> Result<Option<Stored>, Error> {
        if index.is_of_records() {
            return self.stored(&entry).await.map(Some);
        }
        match self.get(&keys::id_in(&entry.value)?).await {
            Ok(found) => Ok(Some(found)),
            Err(Error::DatastoreNotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The entries that a query walks through.
struct Index {
    prefix: Vec<u8>,
}

impl Index {
    /// The sources of the one enrichment datastore that all results must be linked to, if there is one; otherwise all datastores.
    fn of(query: &Query) -> Self {
        let linked_to = query.filter.linked_to();
        let prefix = match (query.order.field, linked_to) {
            (OrderField::Name, Some(enrichment)) => keys::sources(enrichment),
            (OrderField::Name, None) => keys::DATASTORES.to_vec(),
            (OrderField::DisplayName, _) => keys::BY_DISPLAY_NAME.to_vec(),
            (OrderField::CreateTime, _) => keys::BY_CREATE_TIME.to_vec(),
        };
        Self { prefix }
    }

    /// Whether its entries are the datastores' own records; those of the others hold their ids.
    fn is_of_records(&self) -> bool {
        self.prefix == keys::DATASTORES
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
        enrichment: found.datastore.enrichment.as_ref(),
    })
}

/// About how many bytes a datastore takes in an answer.
fn weight(datastore: &Datastore) -> usize {
    let pairs = datastore.labels.iter();
    let labels: usize = pairs.map(|(k, v)| k.len() + v.len() + 8).sum();
    let endpoint = datastore.s3.endpoint.as_ref();
    let pem = datastore.s3.ca_certificates.as_ref();
    let texts = [
        datastore.display_name.as_str(),
        pem.map_or("", Certificates::as_pem),
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
