//! The load: connections with many requests in flight on each, for as long as a round takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use datastored::pb;
use datastored::pb::datastore_service_client::DatastoreServiceClient;
use tokio::task::JoinSet;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use super::{Error, example};

/// Connections, and requests in flight on each: 128 together.
const CONNECTIONS: usize = 8;
const IN_FLIGHT_EACH: usize = 16;

type Client = DatastoreServiceClient<Channel>;

/// What `/proc` counts in: Linux has 100 of them a second, whatever its own clock does.
pub const TICK_US: f64 = 10_000.0;

/// A server under load.
pub struct Target {
    channels: Vec<Channel>,
    pid: u32,
}

/// What is sent.
#[derive(Clone)]
pub enum Load {
    /// `GetDatastore` of any of these names.
    Get(Arc<[String]>),
    /// `CreateDatastore` with a display name that was never used before.
    Create(Arc<AtomicUsize>),
}

/// How one round went.
pub struct Round {
    /// Answers per second.
    pub rate: f64,
    /// The time that half of the requests stayed below.
    pub p50_ms: f64,
    /// The time that 99 of 100 requests stayed below.
    pub p99_ms: f64,
    /// The processor time of the server, for each request: other work on the machine changes it little.
    pub cpu_us: f64,
}

impl Load {
    /// Gets of these names.
    pub fn get(names: Vec<String>) -> Self {
        Self::Get(names.into())
    }

    /// Creates.
    pub fn create() -> Self {
        Self::Create(Arc::default())
    }

    async fn send(&self, client: &mut Client, random: &mut u64) -> Result<pb::Datastore, Status> {
        let answer = match self {
            Self::Get(names) => {
                // Marsaglia's xorshift64.
                *random ^= *random << 13;
                *random ^= *random >> 7;
                *random ^= *random << 17;
                let at = usize::try_from(*random >> 32).unwrap_or_default() % names.len();
                let name = names[at].clone();
                client.get_datastore(pb::GetDatastoreRequest { name }).await
            }
            Self::Create(number) => {
                let number = number.fetch_add(1, Ordering::Relaxed);
                let datastore = example(&format!("Sales events, curated, shard {number:07}"));
                client
                    .create_datastore(pb::CreateDatastoreRequest {
                        datastore: Some(datastore),
                        skip_connection_test: true,
                        ..pb::CreateDatastoreRequest::default()
                    })
                    .await
            }
        };
        answer.map(tonic::Response::into_inner)
    }
}

impl Target {
    /// Connects to a server, which this process id has.
    pub async fn connect(address: &str, pid: u32) -> Result<Self, Error> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
        let mut channels = Vec::new();
        for _ in 0..CONNECTIONS {
            channels.push(endpoint.connect().await?);
        }
        Ok(Self { channels, pid })
    }

    /// A client for each request that is to be in flight.
    fn clients(&self) -> impl Iterator<Item = Client> {
        let channels = self.channels.iter().cycle();
        let channels = channels.take(CONNECTIONS * IN_FLIGHT_EACH);
        channels.map(|channel| Client::new(channel.clone()))
    }

    /// Creates at least `count` datastores, and returns their names.
    pub async fn create_some(&self, create: &Load, count: usize) -> Result<Vec<String>, Error> {
        let each = count.div_ceil(CONNECTIONS * IN_FLIGHT_EACH);
        let mut tasks = JoinSet::new();
        for mut client in self.clients() {
            let create = create.clone();
            tasks.spawn(async move {
                let mut names = Vec::new();
                for _ in 0..each {
                    names.push(create.send(&mut client, &mut 0).await?.name);
                }
                Ok::<_, Status>(names)
            });
        }
        let mut names = Vec::new();
        while let Some(created) = tasks.join_next().await {
            names.extend(created??);
        }
        Ok(names)
    }

    /// One datastore.
    pub async fn get(&self, name: &str) -> Result<pb::Datastore, Status> {
        let mut client = Client::new(self.channels[0].clone());
        let load = Load::get(vec![name.to_owned()]);
        load.send(&mut client, &mut 0).await
    }

    /// Loads the server for `length`. The first request that fails ends it.
    pub async fn run(&self, load: &Load, length: Duration) -> Result<Round, Error> {
        let mut tasks = JoinSet::new();
        let busy = busy_ticks(self.pid)?;
        let begun = Instant::now();
        for (mut client, number) in self.clients().zip(1_u64..) {
            let load = load.clone();
            let mut random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            tasks.spawn(async move {
                let mut times = Vec::new();
                let mut sent = Instant::now();
                while sent < begun + length {
                    load.send(&mut client, &mut random).await?;
                    let answered = Instant::now();
                    times.push(answered - sent);
                    sent = answered;
                }
                Ok::<_, Status>(times)
            });
        }
        let mut times = Vec::new();
        while let Some(done) = tasks.join_next().await {
            times.extend(done??);
        }
        let took = begun.elapsed();
        let busy = busy_ticks(self.pid)? - busy;
        times.sort_unstable();
        let count = f64::from(u32::try_from(times.len())?);
        let below = |percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1e3;
        Ok(Round {
            rate: count / took.as_secs_f64(),
            p50_ms: below(50),
            p99_ms: below(99),
            cpu_us: f64::from(busy) * TICK_US / count,
        })
    }
}

/// How long the threads of a process have been on a processor, in ticks.
pub fn busy_ticks(pid: u32) -> Result<u32, Error> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field, the program in parentheses, may have spaces in it. The 14th and 15th are user and system time.
    let (_, fields) = stat.rsplit_once(')').ok_or("/proc tells no times")?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.map(|t| t.parse::<u32>().map_err(Error::from)).sum()
}
