//! One of the clients that write at the same time, and what it knows: all that was acknowledged to it, and the one write that was not.
//!
//! Each has datastores of its own, so that it knows what is to be there; what they share is the server.

use std::collections::BTreeMap;

use datastored::pb::{self, ErrorReason, Role};
use tokio::sync::mpsc;
use tonic::Status;

use super::request::Request;
use crate::api::links::{linking, sources_of, unlinking};
use crate::api::{Client, change, creation, get, labels, new_request_id, refused, removal, sent};
use crate::server::{datastore, s3_config};

const SOURCES: usize = 3;
const ENRICHMENTS: usize = 2;

/// What a datastore is, as far as its writer decides.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape {
    display_name: String,
    version: String,
    enrichment: String,
}

/// Datastores by name; `None` for one that is not there.
type Shapes = BTreeMap<String, Option<Shape>>;

/// A write and what it leads to.
#[derive(Clone, Debug)]
struct Write {
    request: Request,
    /// What changes.
    after: Shapes,
}

/// A client.
#[derive(Debug)]
pub struct Writer {
    number: usize,
    rng: fastrand::Rng,
    step: usize,
    known: Shapes,
    /// Datastores to the last detail, where that is known.
    exact: BTreeMap<String, pb::Datastore>,
    acknowledged: Option<(Request, Option<pb::Datastore>)>,
    open: Option<Write>,
}

fn shape(datastore: &pb::Datastore) -> Shape {
    Shape {
        display_name: datastore.display_name.clone(),
        version: datastore.labels["version"].clone(),
        enrichment: datastore.enrichment_datastore.clone(),
    }
}

fn is_source(name: &str) -> bool {
    name.contains("-s")
}

fn id(name: &str) -> String {
    name.trim_start_matches("datastores/").to_owned()
}

/// The datastore of a shape, with a secret of its own for each version.
fn described(name: &str, shape: &Shape) -> pb::Datastore {
    let (role, bucket) = if is_source(name) {
        (Role::Source, "data")
    } else {
        (Role::Enrichment, "quality")
    };
    let uri = format!("s3://{bucket}/{}/", id(name));
    let secret = format!("secret-{}", shape.version);
    let s3 = s3_config(&uri, "", "AKIAIOSFODNN7EXAMPLE", &secret);
    pb::Datastore {
        labels: labels(&[("version", &shape.version)]),
        ..datastore(&shape.display_name, role, s3)
    }
}

impl Writer {
    pub fn new(number: usize, seed: u64) -> Self {
        let name = |kind, index| format!("datastores/w{number}-{kind}{index}");
        let sources = (0..SOURCES).map(|index| name('s', index));
        let enrichments = (0..ENRICHMENTS).map(|index| name('e', index));
        Self {
            number,
            rng: fastrand::Rng::with_seed(seed),
            step: 0,
            known: sources
                .chain(enrichments)
                .map(|name| (name, None))
                .collect(),
            exact: BTreeMap::new(),
            acknowledged: None,
            open: None,
        }
    }

    /// Writes until a write is not acknowledged, and says why it was not.
    pub async fn work(mut self, mut client: Client, acks: mpsc::Sender<()>) -> (Self, Status) {
        loop {
            let write = self.next();
            match write.request.clone().send(&mut client).await {
                Ok(answer) => {
                    self.happened(&write, answer);
                    // Nobody counts any more when enough has happened.
                    let _ = acks.send(()).await;
                }
                Err(status) => {
                    self.open = Some(write);
                    return (self, status);
                }
            }
        }
    }

    /// Compares what is stored with what is known, and sends the open write again.
    pub async fn settle(&mut self, client: &mut Client) {
        if let Some((request, answer)) = self.acknowledged.clone() {
            let again = request.clone().send(client).await;
            assert_eq!(again.expect("it was acknowledged"), answer, "{request:?}");
        }
        let stored = self.stored(client).await;
        let found: Shapes = stored
            .iter()
            .map(|(n, d)| (n.clone(), d.as_ref().map(shape)))
            .collect();
        let open = self.open.take();
        let mut after = self.known.clone();
        after.extend(open.iter().flat_map(|write| write.after.clone()));
        let was_done = open.is_some() && found == after;
        assert!(
            was_done || found == self.known,
            "writer {}: {found:#?}\nis neither {:#?}\nnor that after {open:#?}",
            self.number,
            self.known
        );
        for (name, datastore) in stored.iter().filter(|_| !was_done) {
            let exact = self.exact.get(name);
            assert!(
                exact.is_none() || exact == datastore.as_ref(),
                "{exact:?} is {datastore:?}"
            );
        }
        if let Some(write) = open {
            let again = write.request.clone().send(client).await;
            let answer = again.unwrap_or_else(|status| panic!("{status:?} for {write:?}"));
            if let (true, Some(answer)) = (was_done, &answer) {
                assert_eq!(
                    Some(answer),
                    stored[&answer.name].as_ref(),
                    "it is done once"
                );
            }
            self.happened(&write, answer);
        }
        let stored = self.stored(client).await;
        self.exact = stored
            .into_iter()
            .filter_map(|(n, d)| Some((n, d?)))
            .collect();
        self.links_agree(client).await;
    }

    /// The names of all that is there.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        let there = self.known.iter().filter(|(_, shape)| shape.is_some());
        there.map(|(name, _)| name)
    }

    async fn stored(&self, client: &mut Client) -> BTreeMap<String, Option<pb::Datastore>> {
        let mut stored = BTreeMap::new();
        for name in self.known.keys() {
            let found = match get(client, name).await {
                Ok(found) => Some(found),
                error => {
                    refused(error, ErrorReason::DatastoreNotFound);
                    None
                }
            };
            stored.insert(name.clone(), found);
        }
        stored
    }

    async fn links_agree(&self, client: &mut Client) {
        for (enrichment, _) in self
            .known
            .iter()
            .filter(|(n, s)| !is_source(n) && s.is_some())
        {
            assert_eq!(
                sources_of(client, enrichment).await,
                self.sources(enrichment)
            );
        }
    }

    fn sources(&self, enrichment: &str) -> Vec<String> {
        let linked =
            |shape: &Option<Shape>| shape.as_ref().is_some_and(|s| s.enrichment == enrichment);
        let sources = self.known.iter().filter(|(_, shape)| linked(shape));
        sources.map(|(name, _)| name.clone()).collect()
    }

    fn happened(&mut self, write: &Write, answer: Option<pb::Datastore>) {
        for (name, shape) in &write.after {
            self.exact.remove(name);
            self.known.insert(name.clone(), shape.clone());
        }
        self.exact.extend(
            answer
                .clone()
                .map(|datastore| (datastore.name.clone(), datastore)),
        );
        self.acknowledged = Some((write.request.clone(), answer));
    }

    fn next(&mut self) -> Write {
        self.step += 1;
        let names: Vec<String> = self.known.keys().cloned().collect();
        let name = self.rng.choice(names).expect("there are names");
        match self.known[&name].clone() {
            None => self.creation(&name),
            Some(shape) => match self.rng.u8(..6) {
                0 => self.removal(&name),
                1 | 2 if is_source(&name) => self.link(&name, shape),
                _ => self.update(&name, shape),
            },
        }
    }

    fn fresh(&self, name: &str) -> Shape {
        Shape {
            display_name: format!("{} {}", id(name), self.step),
            version: format!("v{}", self.step),
            enrichment: String::new(),
        }
    }

    fn etag(&self, name: &str) -> String {
        self.exact
            .get(name)
            .map_or_else(String::new, |d| d.etag.clone())
    }

    /// The name of one of the enrichment datastores that are there, or are not.
    fn enrichment(&mut self, is_there: bool) -> Option<String> {
        let fitting = self
            .known
            .iter()
            .filter(|(n, s)| !is_source(n) && s.is_some() == is_there);
        let names: Vec<String> = fitting.map(|(name, _)| name.clone()).collect();
        self.rng.choice(names)
    }

    /// A create: of a datastore alone, of one linked to another, or of two.
    fn creation(&mut self, name: &str) -> Write {
        let mut shape = self.fresh(name);
        let mut request = pb::CreateDatastoreRequest {
            datastore_id: id(name),
            request_id: new_request_id(),
            ..creation(described(name, &shape))
        };
        let mut after = Shapes::new();
        let is_new = self.rng.bool();
        if is_source(name)
            && self.rng.u8(..3) > 0
            && let Some(enrichment) = self.enrichment(!is_new)
        {
            shape.enrichment.clone_from(&enrichment);
            request.enrichment = Some(if is_new {
                let shape = self.fresh(&enrichment);
                let new = pb::NewEnrichment {
                    datastore: Some(described(&enrichment, &shape)),
                    datastore_id: id(&enrichment),
                    ..pb::NewEnrichment::default()
                };
                after.insert(enrichment, Some(shape));
                pb::create_datastore_request::Enrichment::NewEnrichment(new)
            } else {
                pb::create_datastore_request::Enrichment::EnrichmentDatastore(enrichment)
            });
        }
        after.insert(name.to_owned(), Some(shape));
        Write {
            request: Request::Create(Box::new(request)),
            after,
        }
    }

    /// A new name, new labels, or new credentials too.
    fn update(&mut self, name: &str, mut shape: Shape) -> Write {
        let fresh = self.fresh(name);
        shape.version = fresh.version;
        let mut paths = vec!["labels"];
        if self.rng.bool() {
            shape.display_name = fresh.display_name;
            paths.push("display_name");
        }
        if self.rng.bool() {
            paths.push("s3.access_key");
        }
        let wanted = pb::Datastore {
            name: name.to_owned(),
            etag: self.etag(name),
            ..described(name, &shape)
        };
        let request = pb::UpdateDatastoreRequest {
            request_id: new_request_id(),
            ..change(wanted, &paths)
        };
        Write {
            request: Request::Update(Box::new(request)),
            after: Shapes::from([(name.to_owned(), Some(shape))]),
        }
    }

    /// A link to one of the enrichment datastores, or an unlink.
    fn link(&mut self, name: &str, mut shape: Shape) -> Write {
        let (etag, request_id) = (self.etag(name), new_request_id());
        let target = self.enrichment(true);
        let request = match target {
            _ if !shape.enrichment.is_empty() && self.rng.bool() => {
                shape.enrichment.clear();
                Request::Unlink(pb::UnlinkEnrichmentRequest {
                    etag,
                    request_id,
                    ..unlinking(name)
                })
            }
            // A link that is there already would not show whether it was made again.
            Some(target) if target != shape.enrichment => {
                shape.enrichment.clone_from(&target);
                Request::Link(pb::LinkEnrichmentRequest {
                    etag,
                    request_id,
                    ..linking(name, &target)
                })
            }
            _ => return self.update(name, shape),
        };
        Write {
            request,
            after: Shapes::from([(name.to_owned(), Some(shape))]),
        }
    }

    /// A delete, which unlinks the sources of an enrichment datastore.
    fn removal(&mut self, name: &str) -> Write {
        let mut after = Shapes::from([(name.to_owned(), None)]);
        for source in self.sources(name) {
            let shape = self.known[&source].clone().map(|shape| Shape {
                enrichment: String::new(),
                ..shape
            });
            after.insert(source, shape);
        }
        let request = pb::DeleteDatastoreRequest {
            etag: self.etag(name),
            request_id: new_request_id(),
            force: true,
            ..removal(name)
        };
        Write {
            request: Request::Delete(request),
            after,
        }
    }
}

/// Every list has just what the writers know of.
pub async fn lists_agree(client: &mut Client, writers: &[Writer]) {
    let mut known: Vec<&String> = writers.iter().flat_map(Writer::names).collect();
    known.sort();
    for order_by in ["name", "display_name", "create_time"] {
        let request = pb::ListDatastoresRequest {
            page_size: 1000,
            order_by: order_by.to_owned(),
            ..pb::ListDatastoresRequest::default()
        };
        let mut listed = sent(client.list_datastores(request).await).datastores;
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        let listed: Vec<&String> = listed.iter().map(|d| &d.name).collect();
        assert_eq!(listed, known, "by {order_by}");
    }
}
