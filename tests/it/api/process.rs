//! The process: health, the data folder, options, signals, exit statuses and logs.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use tempfile::TempDir;
use tonic::Code;
use tonic::transport::Channel;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::{all, create, sent, source, start};
use crate::server::{Datastored, command};

const NAMES: [&str; 2] = ["", "datastore.v1.DatastoreService"];

fn health_of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

async fn watch(channel: Channel, service: &str) -> tonic::Streaming<HealthCheckResponse> {
    let mut health = HealthClient::new(channel);
    let mut statuses = sent(health.watch(health_of(service)).await);
    let first = statuses.message().await.expect("a status comes at once");
    let first = first.map(|s| s.status());
    assert_eq!(first, Some(ServingStatus::Serving));
    statuses
}

#[tokio::test]
async fn health_is_serving_under_both_names_and_unknown_under_others() {
    let (server, _client) = start().await;
    let mut health = HealthClient::new(server.channel().await);
    for name in NAMES {
        let answer = sent(health.check(health_of(name)).await);
        assert_eq!(answer.status(), ServingStatus::Serving, "{name:?}");
    }
    let unknown = health.check(health_of("other")).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn who_watches_health_sees_it_end_and_does_not_hold_the_server() {
    let server = Datastored::start(&["--shutdown-grace", "5s"]);
    let channel = server.channel().await;
    let mut watches = Vec::new();
    for name in NAMES {
        watches.push(watch(channel.clone(), name).await);
    }
    server.signal(Signal::TERM);
    for statuses in &mut watches {
        let status = statuses.message().await.unwrap().map(|s| s.status());
        assert_eq!(status, Some(ServingStatus::NotServing));
    }
    let (status, log) = server.ended_with_log().await;
    assert!(status.success());
    has(&log, &["stopped"]);
    assert!(
        !log.contains("still open"),
        "it waited for a watcher: {log}"
    );
}

#[tokio::test]
async fn each_signal_stops_the_server_with_status_zero_and_a_word_in_the_log() {
    for (signal, name) in [(Signal::TERM, "SIGTERM"), (Signal::INT, "SIGINT")] {
        let (server, mut client) = start().await;
        create(&mut client, source("Orders")).await;
        server.signal(signal);
        let (status, log) = server.ended_with_log().await;
        assert_eq!(status.code(), Some(0), "{log}");
        let events: Vec<serde_json::Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).expect("each line is JSON"))
            .collect();
        let said = |message: &str| events.iter().find(|e| e["message"] == message);
        assert_eq!(said("stopping").expect("it says so")["signal"], name);
        assert!(said("stopped").is_some(), "{log}");
    }
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let server = Datastored::start_in(folder.path(), &[]);
    let stored = create(&mut server.client().await, source("Orders")).await;
    server.signal(Signal::INT);
    assert!(server.ended().await.success());
    let server = Datastored::start_in(folder.path(), &[]);
    assert_eq!(all(&mut server.client().await).await, [stored]);
}

/// Runs a server that must not start; returns its exit status and what it wrote.
fn fails(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().expect("the program can be run");
    let text = String::from_utf8(output.stderr).expect("it writes text");
    assert!(!text.contains("panicked"), "{text}");
    (output.status.code(), text)
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[tokio::test]
async fn a_second_server_on_a_folder_exits_with_3_and_says_what_to_do() {
    let (server, mut client) = start().await;
    let link = TempDir::new().unwrap().path().join("link");
    std::fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(server.folder(), &link).unwrap();
    let folder = server.folder().to_str().unwrap().to_owned();
    for path in [server.folder(), &link] {
        let (code, text) = fails(command(path, &[]));
        assert_eq!(code, Some(3), "{text}");
        let pid = server.pid().to_string();
        has(
            &text,
            &[path.to_str().unwrap(), &pid, "choose another data folder"],
        );
    }
    std::fs::remove_dir_all(link.parent().unwrap()).unwrap();
    create(&mut client, source("Orders")).await;
    assert!(Path::new(&folder).exists());
}

#[tokio::test]
async fn a_port_in_use_exits_with_1_and_says_what_to_do() {
    let (server, _client) = start().await;
    let folder = TempDir::new().unwrap();
    let (code, text) = fails(command(folder.path(), &["--listen", server.address()]));
    assert_eq!(code, Some(1), "{text}");
    has(&text, &[server.address(), "in use", "--listen"]);
}

#[test]
fn a_folder_that_is_none_exits_with_4_and_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "text").unwrap();
    for path in [file.clone(), file.join("below")] {
        let (code, text) = fails(command(&path, &[]));
        assert_eq!(code, Some(4), "{text}");
        has(&text, &[path.to_str().unwrap()]);
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"text");
}

/// Options that cannot be used, and what the message must have in it.
const BAD_OPTIONS: [(&[&str], &str); 22] = [
    (&["--listen", "0.0.0.0:50051"], "loopback"),
    (&["--listen", "[::]:50051"], "loopback"),
    (&["--listen", "192.0.2.1:50051"], "loopback"),
    (&["--listen", "localhost:50051"], "127.0.0.1:50051"),
    (&["--listen", "50051"], "127.0.0.1:50051"),
    (&["--listen", "127.0.0.1"], "127.0.0.1:50051"),
    (&["--check-timeout", "0s"], "longer than zero"),
    (&["--test-timeout", "0ms"], "longer than zero"),
    (&["--cleanup-timeout", "0h"], "longer than zero"),
    (&["--shutdown-grace", "0s"], "longer than zero"),
    (&["--check-timeout", "10"], "10s"),
    (&["--check-timeout=-1s"], "10s"),
    (&["--max-concurrent-tests", "0"], "from 1 to 10000"),
    (&["--max-concurrent-tests", "many"], "from 1 to 10000"),
    (&["--audit-events", "1000001"], "from 0 to 1000000"),
    (&["--audit-events=-1"], "from 0 to 1000000"),
    (&["--max-calls", "0"], "from 1 to 1000000"),
    (&["--caller-rate", "1/s"], "from 1 to 1000000"),
    (&["--max-connections", "1000001"], "from 1 to 1000000"),
    (&["--call-timeout", "366days"], "at most 365days"),
    (&["--log-format", "xml"], "json"),
    (&["--no-such-option"], "--help"),
];

#[test]
fn options_that_cannot_be_used_exit_with_2_and_say_what_to_write() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    for (options, part) in BAD_OPTIONS {
        let (code, text) = fails(command(&data, options));
        assert_eq!(code, Some(2), "{options:?}: {text}");
        has(&text, &[options[0].split('=').next().unwrap(), part]);
    }
    let mut from_environment = command(&data, &[]);
    from_environment.env("DATASTORED_CHECK_TIMEOUT", "0s");
    let (code, text) = fails(from_environment);
    assert_eq!(code, Some(2), "{text}");
    assert!(
        !data.exists(),
        "nothing is made before the options are read"
    );
}

/// A command without a data folder of its own.
fn without_folder(home: &Path) -> Command {
    let mut command = command(home, &[]);
    command
        .env_remove("DATASTORED_DATA_DIR")
        .env_remove("XDG_DATA_HOME")
        .env("HOME", home);
    command
}

#[tokio::test]
async fn the_data_folder_is_the_documented_one_and_for_this_user_only() {
    let home = TempDir::new().unwrap();
    let xdg = home.path().join("xdg");
    let named = home.path().join("named");
    let by_default = without_folder(home.path());
    let mut by_xdg = without_folder(home.path());
    by_xdg.env("XDG_DATA_HOME", &xdg);
    let mut by_relative_xdg = without_folder(home.path());
    by_relative_xdg.env("XDG_DATA_HOME", "relative");
    let mut by_variable = without_folder(home.path());
    by_variable
        .env("XDG_DATA_HOME", &xdg)
        .env("DATASTORED_DATA_DIR", &named);
    let default = home.path().join(".local/share/datastored");
    for (command, folder) in [
        (by_default, &default),
        (by_xdg, &xdg.join("datastored")),
        (by_relative_xdg, &default),
        (by_variable, &named),
    ] {
        let server = Datastored::start_command(command, folder);
        create(&mut server.client().await, source("Orders")).await;
        server.signal(Signal::TERM);
        assert!(server.ended().await.success());
        assert!(folder.join("store").is_dir(), "{}", folder.display());
        let mode = std::fs::metadata(folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[tokio::test]
async fn the_log_is_text_for_people_or_json_line_by_line() {
    for (format, is_json) in [("text", false), ("json", true)] {
        let server = Datastored::start(&["--log-format", format]);
        let address = server.address().to_owned();
        server.signal(Signal::TERM);
        let (_, log) = server.ended_with_log().await;
        has(&log, &["serving", &address, "stopped"]);
        assert!(
            !log.contains('\u{1b}'),
            "colours are for terminals: {log:?}"
        );
        for line in log.lines() {
            let event = serde_json::from_str::<serde_json::Value>(line);
            assert_eq!(event.is_ok(), is_json, "{line}");
            for key in ["timestamp", "level", "message", "target"] {
                assert!(event.as_ref().is_ok_and(|e| e[key].is_string()) == is_json);
            }
        }
    }
}
