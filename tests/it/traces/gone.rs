//! A collector that is not there, does not answer, or takes nothing in: callers do not see it, and the log says so once.

use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::collector::Collector;
use super::{SOON, a_get, start};
use crate::api::all;
use crate::connection::logged;
use crate::lab::eventually;
use crate::server::{Datastored, command};

const TROUBLE: &str = "the collector does not take traces";

#[tokio::test]
async fn a_collector_that_is_not_there_changes_nothing_for_callers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it listens");
    drop(listener);
    let sending = ["--otlp-endpoint", &format!("http://{address}")];
    let server = Datastored::start_with(&sending, &[SOON]);
    assert_eq!(all(&mut server.client().await).await, []);
    logged(&server, TROUBLE).await;
    assert_eq!(all(&mut server.client().await).await, []);
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());
}

#[tokio::test]
async fn batch_after_batch_that_is_not_taken_in_is_one_line_of_the_log() {
    let collector = Collector::that_refuses().await;
    let server = start(&collector, &[]);
    let mut client = server.client().await;
    for refused in 1..=4 {
        assert!(client.get_datastore(a_get("datastores/a")).await.is_err());
        eventually("it is refused", || async { collector.refused() >= refused }).await;
    }
    server.signal(Signal::TERM);
    let (status, log) = server.ended_with_log().await;
    assert!(status.success());
    assert_eq!(log.matches(TROUBLE).count(), 1, "{log}");
    assert!(
        log.contains("InvalidArgument") && !log.contains("none of these"),
        "{log}"
    );
}

#[tokio::test]
async fn more_spans_than_the_queue_holds_are_lost_and_a_collector_that_does_not_answer_holds_nothing_up()
 {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = silent.local_addr().expect("it listens");
    let sending = ["--otlp-endpoint", &format!("http://{address}")];
    let bounded = [
        SOON,
        ("OTEL_BSP_MAX_QUEUE_SIZE", "10"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "5"),
    ];
    let server = Datastored::start_with(&sending, &bounded);
    let mut client = server.client().await;
    for _ in 0..200 {
        assert_eq!(all(&mut client).await, []);
    }
    let _open = silent.accept().await.expect("it is connected to");
    server.signal(Signal::TERM);
    let ended = timeout(Duration::from_secs(20), server.ended_with_log()).await;
    let (status, log) = ended.expect("it is not waited for");
    assert!(status.success());
    assert!(log.contains("the last traces may be lost"), "{log}");
}

/// Whether the server has the thread that sends traces.
fn has_the_thread(server: &Datastored) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{}/task", server.pid()));
    let mut names = threads.expect("it runs").map(|thread| {
        let name = thread.expect("an entry").path().join("comm");
        // One that has ended has no name any more.
        std::fs::read_to_string(name).unwrap_or_default()
    });
    names.any(|name| name.starts_with("OpenTelemetry"))
}

#[tokio::test]
async fn without_a_collector_there_is_nothing_that_sends() {
    let collector = Collector::start().await;
    assert!(has_the_thread(&start(&collector, &[])));
    let server = Datastored::start(&[]);
    assert_eq!(all(&mut server.client().await).await, []);
    assert!(!has_the_thread(&server));
}

#[test]
fn a_collector_that_is_none_exits_with_2() {
    let folder = TempDir::new().unwrap();
    for bad in [
        "collector:4317",
        "grpc://collector",
        "http://user:hidden@collector",
    ] {
        let output = command(folder.path(), &["--otlp-endpoint", bad]).output();
        let output = output.expect("the program can be run");
        let text = String::from_utf8(output.stderr).expect("it writes text");
        assert_eq!(output.status.code(), Some(2), "{bad}: {text}");
        assert!(text.contains("--otlp-endpoint"), "{text}");
    }
    let mut unknown = command(folder.path(), &["--otlp-endpoint", "https://collector"]);
    unknown.envs(["SSL_CERT_FILE", "SSL_CERT_DIR"].map(|name| (name, folder.path().join("none"))));
    let output = unknown.output().expect("the program can be run");
    let text = String::from_utf8(output.stderr).expect("it writes text");
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("SSL_CERT_FILE"), "{text}");
}
