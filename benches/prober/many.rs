//! Many tests against one server: all at once, and one after another for its memory.
//!
//! The S3 server is s3s, in this process: it answers many times as fast as moto, whose one Python interpreter would be what is measured.

use std::time::{Duration, Instant};

use datastored::pb;
use tokio::task::JoinSet;

use crate::Error;
use crate::figures::Figures;
use crate::front::Front;
use crate::lab::{self, policies};
use crate::server::Datastored;
use crate::subject::{Subject, forget_peak, memory_kib};

/// How many tests run at once.
const AT_ONCE: u32 = 200;
/// Tests on one HTTP/2 connection.
const ON_A_CONNECTION: usize = 50;
/// How many run at a time while memory is watched.
const AT_A_TIME: usize = 32;
/// The number of tests after which memory is read for the first time.
const FIRST: u32 = 500;
/// The number of tests after which it is read again, unless the command line says otherwise.
const LAST: u32 = 10_000;
/// No test is started after this, however many there were to be.
const AT_MOST: Duration = Duration::from_mins(10);

/// Both, on one server with a datastore and a user for each test.
pub async fn measure(figures: &mut Figures) -> Result<(), Error> {
    let s3 = lab::s3s().await;
    let front = Front::start(s3.endpoint()).await?;
    let server = Datastored::start(&[
        "--max-concurrent-tests",
        &AT_ONCE.to_string(),
        "--caller-tests",
        &AT_ONCE.to_string(),
        "--caller-calls",
        &AT_ONCE.to_string(),
        // The history is full, and so grows no more, before memory is read for the first time.
        "--test-history",
        "2",
    ]);
    let mut subjects = Vec::new();
    let mut subject = Subject(server.client().await);
    for number in 0..AT_ONCE {
        if subjects.len() % ON_A_CONNECTION == 0 {
            subject = Subject(server.client().await);
        }
        // s3s keeps an empty folder for each key that was ever in a bucket, and walks all of them to list.
        let bucket = s3.bucket().await;
        let keys = s3.user(&policies::enrichment(&bucket)).await;
        let uri = format!("s3://{bucket}/{number}/");
        let name = subject.register(pb::Role::Enrichment, &uri, front.endpoint(), &keys);
        let name = name.await?;
        subjects.push((subject.clone(), name));
    }
    println!("{AT_ONCE} enrichment tests at once; S3 is s3s, in the process of the benchmark");
    all_at_once(server.pid(), &subjects, &front, figures).await?;
    over_many(server.pid(), &subjects, figures).await
}

/// Starts a test of every datastore at once.
async fn all_at_once(
    pid: u32,
    subjects: &[(Subject, String)],
    front: &Front,
    figures: &mut Figures,
) -> Result<(), Error> {
    let (mut first, name) = subjects[0].clone();
    first.test(&name).await?;
    forget_peak(pid)?;
    let idle = memory_kib(pid, "VmRSS")?;
    let before = front.requests();
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for (mut subject, name) in subjects.iter().cloned() {
        running.spawn(async move { subject.test(&name).await });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    let took = begun.elapsed().as_secs_f64();
    let tests = f64::from(AT_ONCE);
    let calls = f64::from(u32::try_from(front.requests() - before)?);
    let peak = memory_kib(pid, "VmHWM")?;
    println!(
        "all {AT_ONCE} passed in {took:.2} s; idle {:.1} MiB, peak {:.1} MiB",
        idle / 1024.0,
        peak / 1024.0
    );
    figures.add("tests_per_second", "tests/s", vec![tests / took]);
    let each = (peak - idle) / tests;
    figures.add("kib_per_running_test", "KiB", vec![each]);
    figures.add("s3_calls_per_test", "requests", vec![calls / tests]);
    Ok(())
}

/// The server's memory after some tests, and after many more.
async fn over_many(
    pid: u32,
    subjects: &[(Subject, String)],
    figures: &mut Figures,
) -> Result<(), Error> {
    // Cargo adds an argument of its own.
    let asked = std::env::args().find_map(|argument| argument.parse().ok());
    let wanted = asked.unwrap_or(LAST);
    let begun = Instant::now();
    let mut running = JoinSet::new();
    let (mut started, mut ended) = (0, 0_u32);
    let mut turns = subjects.iter().cloned().cycle();
    loop {
        while running.len() < AT_A_TIME && started < wanted && begun.elapsed() < AT_MOST {
            let (mut subject, name) = turns.next().ok_or("there is no datastore")?;
            running.spawn(async move { subject.test(&name).await });
            started += 1;
        }
        let Some(done) = running.join_next().await else {
            break;
        };
        done??;
        ended += 1;
        if ended == FIRST {
            let rss = memory_kib(pid, "VmRSS")? / 1024.0;
            figures.add("rss_after_500_mib", "MiB", vec![rss]);
        }
    }
    let rss = memory_kib(pid, "VmRSS")? / 1024.0;
    println!(
        "{ended} tests, {AT_A_TIME} at a time, in {:.1?}",
        begun.elapsed()
    );
    figures.add("rss_after_all_mib", "MiB", vec![rss]);
    figures.add("rss_tests", "tests", vec![f64::from(ended)]);
    Ok(())
}
