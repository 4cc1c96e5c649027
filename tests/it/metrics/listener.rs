//! The port of the metrics: what it answers, what it does not, and when it is there.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Page, address, exchange, get, shows, start};
use crate::api::all;
use crate::connection::{behind_a_proxy, report, watch};
use crate::lab;
use crate::server::{Datastored, command, s3_config};

#[tokio::test]
async fn the_page_has_the_form_that_is_asked_for() {
    let server = start(&[]);
    all(&mut server.client().await).await;
    let plain = get(&address(&server), "accept: text/plain\r\n").await;
    let open = "accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n";
    let open = get(&address(&server), open).await;
    for (answer, parts) in [
        (
            &plain,
            [
                "\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n",
                "\n# TYPE datastored_rpcs_total counter\n",
            ],
        ),
        (
            &open,
            [
                "\r\ncontent-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n",
                "\n# TYPE datastored_rpcs counter\n",
            ],
        ),
    ] {
        for part in parts {
            assert!(answer.contains(part), "{part:?} is not in {answer}");
        }
        assert!(
            answer.contains("\ndatastored_rpcs_total{method="),
            "{answer}"
        );
    }
    assert!(open.ends_with("\n# EOF\n") && !plain.contains("# EOF"));
}

/// Every metric, in the order of the page. Dashboards and alerts name them: one that is renamed breaks those.
pub const ALL: [&str; 20] = [
    "datastored_rpcs_total",
    "datastored_rpc_duration_seconds",
    "datastored_rpcs_in_flight",
    "datastored_connection_tests_total",
    "datastored_connection_test_findings_total",
    "datastored_check_duration_seconds",
    "datastored_s3_calls_total",
    "datastored_s3_call_duration_seconds",
    "datastored_store_commit_duration_seconds",
    "datastored_store_batch_commits",
    "datastored_residue_open",
    "datastored_audit_events_total",
    "datastored_reloads_total",
    "datastored_tls_handshakes_failed_total",
    "datastored_limits_hit_total",
    "datastored_build_info",
    "datastored_process_start_time_seconds",
    "datastored_process_resident_memory_bytes",
    "datastored_process_open_fds",
    "datastored_process_max_fds",
];

#[tokio::test]
async fn each_metric_is_there_once_it_has_something_to_say_and_says_what_it_is() {
    let server = start(&[]);
    let nobody = s3_config("s3://logs", "http://127.0.0.1:1", "AKIA", "secret");
    report(&server, nobody, datastored::pb::Role::Source).await;
    server.signal(Signal::HUP);
    shows(&server, "datastored_reloads_total", &[], 1.0).await;
    shows(&server, "datastored_audit_events_total", &[], 1.0).await;
    shows(&server, "datastored_rpcs_in_flight", &[], 0.0).await;
    let page = Page::of(&server).await;
    let (mut helped, mut typed) = (Vec::new(), Vec::new());
    for line in page.0.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "HELP", name, text] => {
                assert!(text.len() > 10, "{line}");
                helped.push(name);
            }
            ["#", "TYPE", name, _] => typed.push(name),
            _ => {}
        }
    }
    assert_eq!(helped, typed);
    assert_eq!(helped, ALL);
}

#[tokio::test]
async fn what_should_never_happen_is_zero_from_the_start() {
    let page = Page::of(&start(&[])).await;
    for (name, label) in [
        (
            "datastored_limits_hit_total",
            "limit=\"max-concurrent-tests\"",
        ),
        (
            "datastored_tls_handshakes_failed_total",
            "reason=\"timeout\"",
        ),
        ("datastored_connection_tests_total", "outcome=\"FAILED\""),
        ("datastored_reloads_total", "outcome=\"error\""),
        ("datastored_residue_open", ""),
    ] {
        let mut lines = page.lines();
        let is_zero = |(series, value): (&str, f64)| {
            series.starts_with(name) && series.contains(label) && value == 0.0
        };
        assert!(lines.any(is_zero), "{name} {label}: {}", page.0);
    }
}

#[tokio::test]
async fn everything_else_is_not_found_or_no_request() {
    let server = start(&[]);
    for line in [
        "GET /",
        "GET /metrics/x",
        "POST /metrics",
        "GET /../metrics",
        "OPTIONS *",
    ] {
        let request = format!("{line} HTTP/1.1\r\nhost: metrics\r\n\r\n");
        let answer = exchange(&address(&server), request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{line}: {answer}");
    }
    let endless = "x".repeat(1 << 20);
    let long = format!("GET /metrics HTTP/1.1\r\nhost: {endless}\r\n\r\n");
    for no_request in ["no words of HTTP\r\n\r\n", &long] {
        let answer = exchange(&address(&server), no_request.as_bytes()).await;
        assert!(!answer.contains("datastored_"), "{answer}");
    }
    Page::of(&server).await;
}

#[tokio::test]
async fn readers_that_say_nothing_hold_up_neither_calls_nor_the_end() {
    let server = start(&[]);
    let mut silent = Vec::new();
    for _ in 0..32 {
        let mut stream = TcpStream::connect(address(&server)).await.unwrap();
        stream.write_all(b"GET /met").await.unwrap();
        silent.push(stream);
    }
    assert_eq!(all(&mut server.client().await).await, []);
    // In their place comes who waits, once their time is up.
    let waits = timeout(Duration::from_mins(1), Page::of(&server));
    waits.await.expect("its turn comes");
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());
}

#[tokio::test]
async fn the_page_is_there_while_the_server_drains_and_its_port_is_closed_after_it() {
    let (s3, server) = (lab::s3s().await, start(&[]));
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    let held = proxy.hold("ListObjectsV2");
    let running = watch::watch(&server, config, datastored::pb::Role::Source).await;
    held.one_waits().await;
    let metrics = address(&server);
    server.signal(Signal::TERM);
    crate::connection::logged(&server, "\"stopping\"").await;
    Page::of(&server).await;
    held.release();
    running.ended().await;
    assert!(server.ended().await.success());
    let refused = TcpStream::connect(&metrics).await.map_err(|e| e.kind());
    assert_eq!(refused.err(), Some(std::io::ErrorKind::ConnectionRefused));
}

#[tokio::test]
async fn without_the_option_there_is_no_page() {
    let server = Datastored::start(&[]);
    assert!(!server.log().contains("metrics"), "{}", server.log());
}

/// Runs a server that must not start; returns its exit status and what it wrote.
fn fails(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().expect("the program can be run");
    let text = String::from_utf8(output.stderr).expect("it writes text");
    (output.status.code(), text)
}

#[test]
fn an_address_that_others_can_reach_or_that_is_none_exits_with_2() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    for bad in [
        "0.0.0.0:9464",
        "[::]:9464",
        "192.0.2.1:9464",
        "9464",
        "localhost:9464",
    ] {
        let (code, text) = fails(command(&data, &["--metrics-listen", bad]));
        assert_eq!(code, Some(2), "{bad}: {text}");
        assert!(
            text.contains("--metrics-listen") && text.contains("127.0.0.1:"),
            "{text}"
        );
    }
    assert!(
        !data.exists(),
        "nothing is made before the options are read"
    );
}

#[tokio::test]
async fn a_port_in_use_exits_with_1_and_names_the_option() {
    let server = start(&[]);
    let folder = TempDir::new().unwrap();
    let options = ["--metrics-listen", &address(&server)];
    let (code, text) = fails(command(folder.path(), &options));
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("in use") && text.contains("--metrics-listen"),
        "{text}"
    );
}
