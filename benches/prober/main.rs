//! Measures connection tests: round trips, beside boto3 and the aws command line, 200 at once, and memory over many: `make bench`.
//!
//! Prints the figures and adds them to `target/bench.json`; asserts no time. `cargo bench --bench prober -- 2000` runs 2,000
//! tests for the memory instead of 10,000.

#![allow(
    unreachable_pub,
    reason = "nothing of a program is reachable from outside"
)]

#[path = "../bench/figures.rs"]
mod figures;
mod front;
#[path = "../../tests/it/lab/mod.rs"]
mod lab;
mod many;
mod others;
#[path = "../../tests/it/server.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod server;
mod subject;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use datastored::pb;
use datastored::shutdown::Signals;

use figures::Figures;
use front::Front;
use lab::policies;
use others::Calls;
use server::Datastored;
use subject::Subject;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// What is added to each request, in milliseconds; round trips are told from the first and the last.
const DELAYS_MS: [u64; 4] = [0, 20, 50, 100];
/// How often a test is run for each delay.
const ROUNDS: usize = 5;
/// The delay at which the others are compared.
const COMPARED_MS: u64 = 50;
/// How often they are compared.
const COMPARISONS: usize = 3;
/// The folder of the enrichment datastore.
const PREFIX: &str = "anomalies/";

#[tokio::main]
async fn main() -> ExitCode {
    // Leaving `measure` drops, and so ends, the processes that it started.
    let mut signals = match Signals::catch() {
        Ok(signals) => signals,
        Err(error) => {
            eprintln!("bench: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = tokio::select! {
        done = measure() => done,
        name = signals.received() => Err(format!("stopped by {name}").into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Everything, in the order in which it is printed.
async fn measure() -> Result<(), Error> {
    let mut figures = Figures::default();
    measure_network(&mut figures).await?;
    let many = many::measure(&mut figures).await;
    // What was measured before a failure counts.
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench.json");
    figures.write(&file)?;
    println!("added to {}", file.display());
    many
}

/// Round trips and the comparison with others, on moto.
async fn measure_network(figures: &mut Figures) -> Result<(), Error> {
    let s3 = lab::moto().await;
    let front = Front::start(s3.endpoint()).await?;
    let server = Datastored::start(&[]);
    let mut subject = Subject(server.client().await);

    let (source, enrichment) = (s3.bucket().await, s3.bucket().await);
    let object = s3.s3().put_object().bucket(&source).key("orders/2026.csv");
    object.body(b"id,total\n".to_vec().into()).send().await?;
    let reader = s3.user(&policies::source(&source)).await;
    let writer = s3.user(&policies::enrichment(&enrichment)).await;
    let orders = format!("s3://{source}/orders/");
    let anomalies = format!("s3://{enrichment}/{PREFIX}");
    let at = front.endpoint();
    let orders = subject.register(pb::Role::Source, &orders, at, &reader);
    let orders = orders.await?;
    let anomalies = subject.register(pb::Role::Enrichment, &anomalies, at, &writer);
    let anomalies = anomalies.await?;

    println!("A delay for each request; the set-up of a connection is not delayed.");
    for (role, name) in [("source", &orders), ("enrichment", &anomalies)] {
        measure_round_trips(role, name, &mut subject, &front, figures).await?;
    }
    let calls = Calls {
        endpoint: at,
        bucket: &enrichment,
        prefix: PREFIX,
        keys: &writer,
    };
    front.delay_ms(COMPARED_MS);
    compare(&anomalies, &mut subject, &calls, figures).await
}

/// The time of a test by the delay, and from it the round trips.
async fn measure_round_trips(
    role: &str,
    name: &str,
    subject: &mut Subject,
    front: &Front,
    figures: &mut Figures,
) -> Result<(), Error> {
    let mut medians = Vec::new();
    let mut requests = Vec::new();
    front.delay_ms(0);
    // The first test of a process loads what the later ones find loaded.
    subject.test(name).await?;
    for delay in DELAYS_MS {
        front.delay_ms(delay);
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let before = front.requests();
            times.push(timed(subject, name).await?.as_secs_f64() * 1e3);
            requests.push(f64::from(u32::try_from(front.requests() - before)?));
        }
        times.sort_by(f64::total_cmp);
        let median = times[ROUNDS / 2];
        let by_delay = match u32::try_from(delay)? {
            0 => String::new(),
            delay => format!(", wall/delay {:.2}", median / f64::from(delay)),
        };
        println!("{role:<10} test at {delay:>3} ms: {median:>7.1} ms{by_delay}");
        medians.push(median);
    }
    let spread = f64::from(u32::try_from(DELAYS_MS[3] - DELAYS_MS[0])?);
    let round_trips = (medians[3] - medians[0]) / spread;
    let round_trips = (round_trips * 100.0).round() / 100.0;
    figures.add(&format!("{role}_round_trips"), "trips", vec![round_trips]);
    figures.add(&format!("{role}_requests"), "requests", requests);
    Ok(())
}

async fn timed(subject: &mut Subject, name: &str) -> Result<Duration, Error> {
    let begun = Instant::now();
    subject.test(name).await?;
    Ok(begun.elapsed())
}

/// The same calls by others, side by side with ours.
async fn compare(
    name: &str,
    subject: &mut Subject,
    calls: &Calls<'_>,
    figures: &mut Figures,
) -> Result<(), Error> {
    let (mut boto3, mut awscli) = (Vec::new(), Vec::new());
    for _ in 0..COMPARISONS {
        let ours = timed(subject, name).await?;
        let by_boto3 = calls.by_boto3().await?;
        let by_awscli = calls.by_awscli().await?;
        println!(
            "at {COMPARED_MS} ms: ours {ours:.1?}, boto3 {by_boto3:.1?} (calls alone), aws {by_awscli:.1?} (a process a call)"
        );
        boto3.push(by_boto3.as_secs_f64() / ours.as_secs_f64());
        awscli.push(by_awscli.as_secs_f64() / ours.as_secs_f64());
    }
    figures.add("vs_boto3", "ratio", boto3);
    figures.add("vs_awscli", "ratio", awscli);
    Ok(())
}
