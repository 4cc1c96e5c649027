//! The load: tests of connections, writes and reads, each at a steady pace.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use datastored::pb;
use datastored::pb::Role;
use datastored::pb::datastore_service_client::DatastoreServiceClient;
use datastored::pb::test_connection_request::Target;
use datastored::pb::test_connection_response::Event;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::Error;
use crate::lab::{Server, policies};
use crate::server::{Datastored, datastore, s3_config};

type Client = DatastoreServiceClient<Channel>;

/// How many enrichment datastores are tested, and how often one of them is.
const TESTED: usize = 4;
const TEST_EVERY: Duration = Duration::from_millis(250);
/// How often a datastore is created, changed, linked, unlinked and deleted.
const WRITE_EVERY: Duration = Duration::from_millis(100);
/// How often one is read, and all are listed.
const READ_EVERY: Duration = Duration::from_millis(10);

/// How long calls took, by kind, until somebody takes that; and what failed.
#[derive(Default)]
pub struct Latencies {
    taken: Mutex<BTreeMap<&'static str, Vec<Duration>>>,
    failures: Mutex<Vec<String>>,
    calls: AtomicU64,
}

impl Latencies {
    /// What was noted since the last time.
    pub fn take(&self) -> BTreeMap<&'static str, Vec<Duration>> {
        std::mem::take(&mut *self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The messages of calls that failed.
    pub fn failures(&self) -> Vec<String> {
        let failures = self.failures.lock();
        failures.unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn time<T>(
        &self,
        kind: &'static str,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Option<T> {
        let start = Instant::now();
        let done = call.await;
        self.calls.fetch_add(1, Ordering::Relaxed);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.entry(kind).or_default().push(start.elapsed());
        drop(taken);
        done.inspect_err(|error| {
            let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
            failures.push(format!("{kind}: {error}"));
        })
        .ok()
    }
}

/// Callers at work.
pub struct Load {
    callers: JoinSet<()>,
    stop: CancellationToken,
    latencies: Arc<Latencies>,
}

impl Load {
    /// Registers what is tested, and starts the callers.
    pub async fn start(
        server: &Datastored,
        s3: &Server,
        latencies: &Arc<Latencies>,
    ) -> Result<Self, Error> {
        let mut load = Self {
            callers: JoinSet::new(),
            stop: CancellationToken::new(),
            latencies: Arc::clone(latencies),
        };
        let mut client = server.client().await;
        let mut names = Vec::new();
        for number in 0..TESTED {
            let bucket = s3.bucket().await;
            let keys = s3.user(&policies::enrichment(&bucket)).await;
            let (id, secret) = (&keys.access_key_id, &keys.secret_access_key);
            let s3 = s3_config(
                &format!("s3://{bucket}/anomalies"),
                s3.endpoint(),
                id,
                secret,
            );
            let new = datastore(&format!("Quality {number}"), Role::Enrichment, s3);
            names.push(create(&mut client, new).await?);
        }
        let enrichment = names[0].clone();
        let kept = names.clone();
        load.every(
            TEST_EVERY,
            server.client().await,
            move |mut client, latencies, number| {
                let name = names[number % names.len()].clone();
                async move {
                    latencies.time("test", test(&mut client, name)).await;
                }
            },
        );
        load.every(
            WRITE_EVERY,
            server.client().await,
            move |client, latencies, number| write(client, latencies, number, enrichment.clone()),
        );
        load.every(
            READ_EVERY,
            server.client().await,
            move |client, latencies, number| {
                read(client, latencies, kept[number % kept.len()].clone())
            },
        );
        Ok(load)
    }

    fn every<F: Future<Output = ()> + Send>(
        &mut self,
        pace: Duration,
        client: Client,
        call: impl Fn(Client, Arc<Latencies>, usize) -> F + Send + Sync + 'static,
    ) {
        let (stop, latencies) = (self.stop.clone(), Arc::clone(&self.latencies));
        self.callers.spawn(async move {
            let mut ticks = interval(pace);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            for number in 0.. {
                if stop.run_until_cancelled(ticks.tick()).await.is_none() {
                    return;
                }
                call(client.clone(), Arc::clone(&latencies), number).await;
            }
        });
    }

    /// Lets the last calls end, and says how many there were.
    pub async fn stop(self) -> u64 {
        self.stop.cancel();
        self.callers.join_all().await;
        self.latencies.calls.load(Ordering::Relaxed)
    }
}

async fn create(client: &mut Client, datastore: pb::Datastore) -> Result<String, Error> {
    let request = pb::CreateDatastoreRequest {
        datastore: Some(datastore),
        skip_connection_test: true,
        ..pb::CreateDatastoreRequest::default()
    };
    Ok(client.create_datastore(request).await?.into_inner().name)
}

async fn test(client: &mut Client, name: String) -> Result<(), Error> {
    let request = pb::TestConnectionRequest {
        target: Some(Target::Name(name)),
        ..pb::TestConnectionRequest::default()
    };
    let mut events = client.test_connection(request).await?.into_inner();
    while let Some(event) = events.message().await? {
        if let Some(Event::Completed(report)) = event.event
            && report.outcome() != pb::Outcome::Passed
        {
            return Err(format!("a test ended as {}", report.outcome().as_str_name()).into());
        }
    }
    Ok(())
}

/// The life of one datastore.
async fn write(mut client: Client, latencies: Arc<Latencies>, number: usize, enrichment: String) {
    let s3 = s3_config(
        &format!("s3://source-{number}/data"),
        "http://127.0.0.1:1",
        "AKIA1",
        "a-secret",
    );
    let new = datastore(&format!("Source {number}"), Role::Source, s3);
    let created = Box::pin(latencies.time("write", create(&mut client, new)));
    let Some(name) = created.await else { return };
    let link = pb::LinkEnrichmentRequest {
        name: name.clone(),
        enrichment_datastore: enrichment,
        ..pb::LinkEnrichmentRequest::default()
    };
    let unlink = pb::UnlinkEnrichmentRequest {
        name: name.clone(),
        ..pb::UnlinkEnrichmentRequest::default()
    };
    let delete = pb::DeleteDatastoreRequest {
        name,
        ..pb::DeleteDatastoreRequest::default()
    };
    let writes = latencies.time("write", async { Ok(client.link_enrichment(link).await?) });
    writes.await;
    let writes = latencies.time("write", async {
        Ok(client.unlink_enrichment(unlink).await?)
    });
    writes.await;
    let writes = latencies.time("write", async {
        Ok(client.delete_datastore(delete).await?)
    });
    writes.await;
}

async fn read(mut client: Client, latencies: Arc<Latencies>, name: String) {
    let get = pb::GetDatastoreRequest { name };
    let read = latencies.time("read", async { Ok(client.get_datastore(get).await?) });
    read.await;
    let list = pb::ListDatastoresRequest::default();
    let read = latencies.time("read", async { Ok(client.list_datastores(list).await?) });
    read.await;
}
