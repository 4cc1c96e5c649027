//! Clients that call what comes by chance, and write down what was answered and when.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datastored::pb::{self, ErrorReason, Role};
use tonic::{Response, Status};
use tonic_types::StatusExt;

use super::checker::Call;
use super::model::{ALL, Operation, Refusal, SOURCES, Shown};
use crate::api;
use crate::api::links::{at, linking, unlinking};

/// One client. What it does is given by its number; only the server brings chance in.
pub struct Client {
    rpc: api::Client,
    number: usize,
    clock: Arc<AtomicUsize>,
    /// The last etag that it has seen of each datastore.
    etags: [String; ALL],
}

impl Client {
    pub fn new(rpc: api::Client, number: usize, clock: Arc<AtomicUsize>) -> Self {
        Self {
            rpc,
            number,
            clock,
            etags: Default::default(),
        }
    }

    /// Makes so many calls, one after another.
    pub async fn call(mut self, calls: usize) -> Vec<Call> {
        let mut history = Vec::new();
        for step in 0..calls {
            let version = format!("{}-{step}", self.number);
            let mut chance = chance(self.number, step);
            let mut one_of = |count: usize| {
                let one = chance % count;
                chance /= count;
                one
            };
            let (what, at, to) = (one_of(16), one_of(ALL), SOURCES + one_of(ALL - SOURCES));
            let source = at % SOURCES;
            let began = self.clock.fetch_add(1, Ordering::SeqCst);
            let operation = match what {
                0..6 => self.get(at).await,
                6..8 => self.create(at, version).await,
                8..10 => self.update(at, version, String::new()).await,
                10 => self.update(at, version, self.etags[at].clone()).await,
                11 => self.delete(at).await,
                12..15 => self.link(source, to).await,
                _ => self.unlink(source).await,
            };
            let ended = self.clock.fetch_add(1, Ordering::SeqCst);
            history.push(Call {
                began,
                ended,
                operation,
            });
        }
        history
    }

    async fn get(&mut self, at: usize) -> Operation {
        let got = api::get(&mut self.rpc, &name(at)).await;
        let answer = got
            .map(|datastore| shown(&datastore))
            .map_err(|s| refusal(&s));
        if let Ok(shown) = &answer {
            self.etags[at] = shown.etag.to_string();
        }
        Operation::Get(at, answer)
    }

    async fn create(&mut self, at: usize, version: String) -> Operation {
        let mut request = api::creation(described(at, &version));
        request.datastore_id = format!("d{at}");
        let answer = answered(self.rpc.create_datastore(request).await);
        Operation::Create(at, version, answer)
    }

    async fn update(&mut self, at: usize, version: String, etag: String) -> Operation {
        let mut datastore = described(at, &version);
        datastore.name = name(at);
        datastore.etag.clone_from(&etag);
        let request = api::change(datastore, &["labels"]);
        let answer = answered(self.rpc.update_datastore(request).await);
        Operation::Update(at, version, etag, answer)
    }

    async fn delete(&mut self, at: usize) -> Operation {
        let deleted = self.rpc.delete_datastore(api::removal(&name(at))).await;
        Operation::Delete(at, deleted.map(drop).map_err(|s| refusal(&s)))
    }

    async fn link(&mut self, from: usize, to: usize) -> Operation {
        let request = linking(&name(from), &name(to));
        Operation::Link(from, to, answered(self.rpc.link_enrichment(request).await))
    }

    async fn unlink(&mut self, at: usize) -> Operation {
        let request = unlinking(&name(at));
        Operation::Unlink(at, answered(self.rpc.unlink_enrichment(request).await))
    }
}

fn chance(number: usize, step: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    (number, step).hash(&mut hasher);
    usize::try_from(hasher.finish() >> 1).expect("a usize has 64 bits")
}

fn name(number: usize) -> String {
    format!("datastores/d{number}")
}

/// Each at a place of its own, so that no two overlap.
fn described(number: usize, version: &str) -> pb::Datastore {
    let role = if number < SOURCES {
        Role::Source
    } else {
        Role::Enrichment
    };
    let mut datastore = at(&format!("s3://bucket-{number}/data"), role);
    datastore.labels = [("version".to_owned(), version.to_owned())].into();
    datastore
}

fn answered(answer: Result<Response<pb::Datastore>, Status>) -> Result<Shown, Refusal> {
    match answer {
        Ok(response) => Ok(shown(&response.into_inner())),
        Err(status) => Err(refusal(&status)),
    }
}

fn shown(datastore: &pb::Datastore) -> Shown {
    let link = datastore.enrichment_datastore.strip_prefix("datastores/d");
    Shown {
        version: datastore.labels["version"].as_str().into(),
        etag: datastore.etag.as_str().into(),
        link: link.map(|number| number.parse().expect("it is one of ours")),
    }
}

fn refusal(status: &Status) -> Refusal {
    let details = status.get_error_details();
    let reason = details
        .error_info()
        .map(|info| format!("ERROR_REASON_{}", info.reason));
    let reason = reason.and_then(|reason| ErrorReason::from_str_name(&reason));
    match reason {
        Some(ErrorReason::DatastoreNotFound) => Refusal::NotFound,
        Some(ErrorReason::DatastoreIdTaken | ErrorReason::DisplayNameTaken) => Refusal::Taken,
        Some(ErrorReason::EtagMismatch) => Refusal::Stale,
        Some(ErrorReason::EnrichmentInUse) => Refusal::InUse,
        Some(ErrorReason::EnrichmentNotLinked) => Refusal::NotLinked,
        _ => panic!("{status:?}"),
    }
}
