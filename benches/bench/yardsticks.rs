//! How fast gets, creates and pages of lists are, beside a bare tonic echo and beside etcd, in the same run.
//!
//! All are loaded by the same process from outside, 8 connections with 16 calls in flight on each, by turns: other work on the machine moves all of them, and
//! the median of the rounds' ratios moves little.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use datastored::pb;

use super::echo::Echo;
use super::etcd::Etcd;
use super::figures::Figures;
use super::generator::{Calls, Job, Outcome, Pace};
use super::process::{TICK_US, busy_ticks};
use super::server::Datastored;
use super::{Error, example};

/// Connections, and calls in flight on all of them.
const CONNECTIONS: u8 = 8;
const IN_FLIGHT: usize = 128;

/// How many datastores, and keys of etcd, there are to get.
const STORED: usize = 4_000;

/// How many datastores a page of a list has.
const PAGE: i32 = 100;

const ROUNDS: usize = 5;
const WARM_UP: Duration = Duration::from_millis(500);
const LENGTH: Duration = Duration::from_secs(2);

/// What is loaded, and the name of its figures.
struct Subject {
    name: &'static str,
    address: SocketAddr,
    pid: u32,
}

/// How one round went.
struct Round {
    rate: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_us: f64,
}

/// Measures a server that has nothing stored.
pub async fn measure(
    server: &Datastored,
    folder: &Path,
    figures: &mut Figures,
) -> Result<(), Error> {
    let names = create_some(server).await?;
    let shown = get(server, &names[0]).await?;
    let echo = Echo::start(&shown)?;
    let etcd = Etcd::start(folder).await?;
    let ours = Subject {
        name: "",
        address: server.address().parse()?,
        pid: server.pid(),
    };
    let echo_subject = Subject {
        name: "echo_",
        address: echo.address().parse()?,
        pid: echo.pid(),
    };
    let etcd_subject = etcd.as_ref().map(|etcd| Subject {
        name: "etcd_",
        address: etcd.address,
        pid: etcd.pid(),
    });
    if let Some(etcd) = &etcd_subject {
        fill(etcd).await?;
    }
    let gets = |subject: &Subject, _| match subject.name {
        "etcd_" => Calls::EtcdRange(keys().collect()),
        _ => Calls::Get(names.clone()),
    };
    let creates = |subject: &Subject, round: usize| match subject.name {
        "etcd_" => Calls::EtcdPut(format!("round {round}")),
        _ => Calls::Create(format!("round {round}")),
    };
    let subjects: Vec<&Subject> = [Some(&ours), Some(&echo_subject), etcd_subject.as_ref()]
        .into_iter()
        .flatten()
        .collect();
    compare("get", &subjects, gets, figures).await?;
    compare("create", &subjects, creates, figures).await?;
    let lists = |_: &Subject, _| Calls::List {
        page_size: PAGE,
        page_token: String::new(),
        filter: String::new(),
    };
    let listed = rounds(&[&ours], lists).await?.remove(0);
    let rates = listed.into_iter().map(|round| round.rate).collect();
    figures.add("list100_per_second", "requests/s", rates);
    Ok(())
}

/// Loads all by turns, and adds the figures of each and their ratios.
async fn compare(
    what: &str,
    subjects: &[&Subject],
    calls: impl Fn(&Subject, usize) -> Calls,
    figures: &mut Figures,
) -> Result<(), Error> {
    let measured = rounds(subjects, calls).await?;
    let (ours, others) = measured.split_at(1);
    for (subject, rounds) in subjects[1..].iter().zip(others) {
        let pairs = || ours[0].iter().zip(rounds);
        let name = format!("{what}_vs_{}", subject.name.trim_end_matches('_'));
        let rates = pairs().map(|(ours, other)| ours.rate / other.rate);
        figures.add(&name, "ratio", rates.collect());
        let name = format!("{what}_p99_vs_{}", subject.name.trim_end_matches('_'));
        let times = pairs().map(|(ours, other)| ours.p99_ms / other.p99_ms);
        figures.add(&name, "ratio", times.collect());
    }
    for (subject, rounds) in subjects.iter().zip(&measured) {
        let whose = format!("{}{what}", subject.name);
        let each = |part: fn(&Round) -> f64| rounds.iter().map(part).collect();
        figures.add(&format!("{whose}_rps"), "requests/s", each(|r| r.rate));
        figures.add(&format!("{whose}_p50_ms"), "ms", each(|r| r.p50_ms));
        figures.add(&format!("{whose}_p99_ms"), "ms", each(|r| r.p99_ms));
        figures.add(&format!("{whose}_cpu_us"), "us", each(|r| r.cpu_us));
    }
    Ok(())
}

/// The rounds of each.
async fn rounds(
    subjects: &[&Subject],
    calls: impl Fn(&Subject, usize) -> Calls,
) -> Result<Vec<Vec<Round>>, Error> {
    let mut all: Vec<Vec<Round>> = subjects.iter().map(|_| Vec::new()).collect();
    for round in 0..ROUNDS {
        // By turns the first, so that none always follows the mess of the same.
        for turn in 0..subjects.len() {
            let at = (turn + round) % subjects.len();
            let subject = subjects[at];
            all[at].push(subject.load(calls(subject, round), LENGTH).await?);
        }
    }
    Ok(all)
}

impl Subject {
    async fn load(&self, calls: Calls, length: Duration) -> Result<Round, Error> {
        let job = Job {
            address: self.address,
            connections: CONNECTIONS,
            calls,
            pace: Pace::Closed(IN_FLIGHT),
            warm_up: WARM_UP,
            length,
        };
        let busy = busy_ticks(self.pid)?;
        let Outcome {
            accepted, refused, ..
        } = job.run().await?;
        let busy = busy_ticks(self.pid)? - busy;
        if refused.count > 0 {
            return Err(format!("{} calls were refused", refused.count).into());
        }
        // The calls of the warm-up are not counted; they take as much of the processor as the others.
        let part = length.as_secs_f64() / (WARM_UP + length).as_secs_f64();
        Ok(Round {
            rate: accepted.rate,
            p50_ms: accepted.p50_ms,
            p99_ms: accepted.p99_ms,
            cpu_us: f64::from(busy) * TICK_US * part / f64::from(accepted.count),
        })
    }
}

/// The keys that etcd is asked for.
fn keys() -> impl Iterator<Item = String> {
    (0..STORED).map(|number| format!("datastore/to get/{number:07}"))
}

/// Puts the keys that etcd is asked for, and more.
async fn fill(etcd: &Subject) -> Result<(), Error> {
    etcd.load(Calls::EtcdPut("to get".to_owned()), LENGTH)
        .await?;
    Ok(())
}

async fn create_some(server: &Datastored) -> Result<Vec<String>, Error> {
    let client = server.client().await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..STORED {
        let mut client = client.clone();
        tasks.spawn(async move {
            let request = pb::CreateDatastoreRequest {
                datastore: Some(example(&format!("To get {number}"))),
                skip_connection_test: true,
                ..pb::CreateDatastoreRequest::default()
            };
            client.create_datastore(request).await
        });
    }
    let mut names = Vec::new();
    while let Some(made) = tasks.join_next().await {
        names.push(made??.into_inner().name);
    }
    Ok(names)
}

async fn get(server: &Datastored, name: &str) -> Result<pb::Datastore, Error> {
    let request = pb::GetDatastoreRequest {
        name: name.to_owned(),
    };
    let answer = server.client().await.get_datastore(request).await?;
    Ok(answer.into_inner())
}
