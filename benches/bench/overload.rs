//! What becomes of calls when four times as many come as the server can answer: how many it answers all the same, how soon, and what refusing the rest costs.
//!
//! Server and generator have a processor each. The rate that the server sustains is measured in a closed loop; then the calls come in an open one, which waits
//! for no answer, and the time of a call counts from when it was due: so a queue shows, wherever it is.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use datastored::pb;

use super::figures::Figures;
use super::generator::{Calls, Job, Outcome, Pace};
use super::process::{TICK_US, busy_ticks, resident_mib};
use super::server::{self, Datastored};
use super::{Error, UNLIMITED, example};

/// The processor that the server runs on.
const PROCESSOR: &str = "0";

/// How many times the sustainable rate is offered.
const TIMES: f64 = 4.0;

/// The part of the sustainable rate at which the server is as good as unloaded.
const UNLOADED: f64 = 0.25;

/// How many gets are in flight while their sustainable rate is measured.
const GETS: usize = 128;

/// How many creates: as many as may wait for the disk.
const CREATES: usize = 32;
const WAITING: [&str; 2] = ["--max-waiting-writes", "32"];

/// How many connections the calls come on.
const CONNECTIONS: u8 = 16;

/// How often each of the three loads is run, by turns.
const ROUNDS: usize = 5;

/// How long each takes.
const LENGTH: Duration = Duration::from_secs(2);

/// How many datastores there are to get.
const STORED: usize = 1_000;

/// What each round says, and its unit. An offer of less than four times is all that the generator can make.
const FIGURES: [(&str, &str); 11] = [
    ("sustained_rps", "requests/s"),
    ("offered", "ratio"),
    ("sent_late_p99_ms", "ms"),
    ("goodput", "ratio"),
    ("unloaded_p99_ms", "ms"),
    ("p50_ms", "ms"),
    ("p99_ms", "ms"),
    ("p99_ratio", "ratio"),
    ("refused_p50_ms", "ms"),
    ("refused_p99_ms", "ms"),
    ("refused_cpu_us", "us"),
];

/// A server that is loaded by turns.
struct Subject {
    server: Datastored,
    /// How many jobs were done on it.
    jobs: usize,
}

/// One job, and the processor time that it took of the server.
struct Run {
    outcome: Outcome,
    cpu_us: f64,
}

/// One round.
struct Round {
    sustained: Run,
    unloaded: Run,
    overloaded: Run,
}

/// Gets, then creates. Memory grows by the datastores that are created, too, until sled's cache is full.
pub async fn measure(folder: &Path, figures: &mut Figures) -> Result<(), Error> {
    let mut subject = Subject {
        server: Datastored::start_command(pinned(folder), folder),
        jobs: 0,
    };
    let names = subject.create_some().await?;
    let get = |_| Calls::Get(names.clone());
    subject.rounds("get", GETS, get, figures).await?;
    let create = |job| Calls::Create(format!("job {job}"));
    subject.rounds("create", CREATES, create, figures).await
}

/// The command of a server that has a processor to itself.
fn pinned(folder: &Path) -> Command {
    let serving = server::command(folder, &[&UNLIMITED[..], &WAITING].concat());
    let mut command = Command::new("taskset");
    command
        .args(["--cpu-list", PROCESSOR])
        .arg(serving.get_program())
        .args(serving.get_args())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null());
    for (name, value) in serving.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

impl Subject {
    /// Datastores to get.
    async fn create_some(&self) -> Result<Vec<String>, Error> {
        let mut client = self.server.client().await;
        let mut names = Vec::new();
        for number in 0..STORED {
            let request = pb::CreateDatastoreRequest {
                datastore: Some(example(&format!("To get {number}"))),
                skip_connection_test: true,
                ..pb::CreateDatastoreRequest::default()
            };
            names.push(client.create_datastore(request).await?.into_inner().name);
        }
        Ok(names)
    }

    async fn run(&mut self, calls: impl Fn(usize) -> Calls, pace: Pace) -> Result<Run, Error> {
        self.jobs += 1;
        let job = Job {
            address: self.server.address().parse()?,
            calls: calls(self.jobs),
            connections: CONNECTIONS,
            pace,
            warm_up: Duration::ZERO,
            length: LENGTH,
        };
        let busy = busy_ticks(self.server.pid())?;
        let outcome = job.run().await?;
        let busy = busy_ticks(self.server.pid())? - busy;
        Ok(Run {
            outcome,
            cpu_us: f64::from(busy) * TICK_US,
        })
    }

    /// Runs the three loads by turns.
    async fn rounds(
        &mut self,
        name: &str,
        in_flight: usize,
        calls: impl Fn(usize) -> Calls,
        figures: &mut Figures,
    ) -> Result<(), Error> {
        let mut values = FIGURES.map(|_| Vec::new());
        let before = resident_mib(self.server.pid())?;
        for _ in 0..ROUNDS {
            let sustained = self.run(&calls, Pace::Closed(in_flight)).await?;
            let rate = sustained.outcome.accepted.rate;
            let round = Round {
                sustained,
                unloaded: self.run(&calls, Pace::Open(rate * UNLOADED)).await?,
                overloaded: self.run(&calls, Pace::Open(rate * TIMES)).await?,
            };
            for (values, value) in values.iter_mut().zip(round.figures()) {
                values.push(value);
            }
        }
        for ((figure, unit), values) in FIGURES.into_iter().zip(values) {
            figures.add(&format!("overload_{name}_{figure}"), unit, values);
        }
        let grown = resident_mib(self.server.pid())? - before;
        figures.add(
            &format!("overload_{name}_rss_growth_mib"),
            "MiB",
            vec![grown],
        );
        Ok(())
    }
}

impl Round {
    /// In the order of [`FIGURES`].
    fn figures(&self) -> [f64; 11] {
        let rate = self.sustained.outcome.accepted.rate;
        let unloaded = self.unloaded.outcome.accepted.p99_ms;
        let Outcome {
            offered,
            late_p99_ms,
            accepted,
            refused,
        } = &self.overloaded.outcome;
        [
            rate,
            offered / rate,
            *late_p99_ms,
            accepted.rate / rate,
            unloaded,
            accepted.p50_ms,
            accepted.p99_ms,
            accepted.p99_ms / unloaded,
            refused.p50_ms,
            refused.p99_ms,
            self.cpu_of_a_refusal(),
        ]
    }

    /// What is left of the processor time when each accepted call has taken as much as without overload; 0 where nothing was refused.
    fn cpu_of_a_refusal(&self) -> f64 {
        let each = self.sustained.cpu_us / f64::from(self.sustained.outcome.accepted.count);
        let Outcome {
            accepted, refused, ..
        } = &self.overloaded.outcome;
        if refused.count == 0 {
            return 0.0;
        }
        let left = self.overloaded.cpu_us - each * f64::from(accepted.count);
        left / f64::from(refused.count)
    }
}
