//! The keys that seal stored credentials: made, rotated while the server works and is killed, lost, and put back.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use datastored::pb::test_connection_request::Target;
use datastored::pb::{self, ErrorReason, Role};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::api::{Client, create, creation, refused};
use crate::connection::watch::start;
use crate::lab::eventually;
use crate::server::{Datastored, command, datastore, program, s3_config};

/// More than one commit seals anew.
const MANY: usize = 150;

/// Runs `datastored keys`, and returns whether it succeeded and what it wrote.
fn keys(folder: &Path, what: &str) -> (bool, String) {
    let mut command = Command::new(program());
    command
        .args(["keys", what])
        .env("DATASTORED_DATA_DIR", folder);
    let output = command.output().expect("the program can be run");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).expect("it writes text");
    (output.status.success(), text)
}

#[track_caller]
fn done(folder: &Path, what: &str) -> String {
    let (succeeded, text) = keys(folder, what);
    assert!(succeeded, "{text}");
    text
}

/// A server that must not start.
fn fails(folder: &Path) -> String {
    let output = command(folder, &[])
        .output()
        .expect("the program can be run");
    assert_eq!(output.status.code(), Some(4));
    String::from_utf8(output.stderr).expect("it writes text")
}

/// A datastore at a place where nobody answers.
fn nowhere(display_name: &str) -> pb::Datastore {
    let s3 = s3_config("s3://logs", "http://127.0.0.1:1", "AKIA1", "a-secret");
    datastore(display_name, Role::Source, s3)
}

async fn create_many(client: &Client) -> Vec<String> {
    let mut creating = JoinSet::new();
    for number in 0..MANY {
        let mut client = client.clone();
        creating.spawn(async move {
            let made = create(&mut client, nowhere(&format!("d{number}"))).await;
            made.name
        });
    }
    creating.join_all().await
}

/// Each can be tested, so that its credentials have been opened.
async fn all_can_be_opened(server: &Datastored, names: &[String]) {
    for name in names {
        let target = Target::Name(name.clone());
        let started = start(server, target, Role::Unspecified).await;
        started.expect("its credentials can be opened");
    }
}

async fn opens(server: &Datastored, name: &str) -> Result<(), tonic::Status> {
    let target = Target::Name(name.to_owned());
    start(server, target, Role::Unspecified).await.map(drop)
}

async fn stop(server: Datastored) {
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());
}

/// Waits until the server says that one key alone is needed.
async fn everything_is_sealed_anew(folder: &Path) {
    eventually("everything is sealed with one key", || async {
        let status = done(folder, "status");
        !status.contains("needed: not") && !status.contains("until the server")
    })
    .await;
}

#[tokio::test]
async fn keys_rotate_while_the_server_works_and_is_killed_and_everything_can_be_opened() {
    let folder = TempDir::new().unwrap();
    let server = Datastored::start_in(
        folder.path(),
        &[
            "--max-concurrent-tests",
            "1000",
            "--max-waiting-writes",
            "1000",
        ],
    );
    let mut names = create_many(&server.client().await).await;
    let mut server = Some(server);
    for round in 0..4 {
        done(folder.path(), "rotate");
        let running = server.take().expect("there is one");
        let client = running.client().await;
        let mut writing = JoinSet::new();
        for number in 0..20 {
            let mut client = client.clone();
            let wanted = nowhere(&format!("round {round}, {number}"));
            writing.spawn(async move { client.create_datastore(creation(wanted)).await });
        }
        if round % 2 == 0 {
            eventually("the server takes the key", || async {
                running.log().contains("reloaded")
            })
            .await;
        }
        running.signal(Signal::KILL);
        running.ended().await;
        let made = writing.join_all().await.into_iter().flatten();
        names.extend(made.map(|created| created.into_inner().name));
        let options = [
            "--max-concurrent-tests",
            "1000",
            "--max-waiting-writes",
            "1000",
        ];
        server = Some(Datastored::start_in(folder.path(), &options));
    }
    let server = server.expect("there is one");
    all_can_be_opened(&server, &names).await;
    everything_is_sealed_anew(folder.path()).await;
    let pruned = done(folder.path(), "prune");
    assert!(pruned.starts_with("Taken out: "), "{pruned}");
    stop(server).await;
    let server = Datastored::start_in(
        folder.path(),
        &[
            "--max-concurrent-tests",
            "1000",
            "--max-waiting-writes",
            "1000",
        ],
    );
    all_can_be_opened(&server, &names).await;
    let status = done(folder.path(), "status");
    assert_eq!(status.matches("seals").count(), 1, "{status}");
    assert_eq!(status.lines().count(), 3, "{status}");
}

#[tokio::test]
async fn a_key_that_a_running_server_takes_changes_no_etag() {
    let folder = TempDir::new().unwrap();
    let server = Datastored::start_in(folder.path(), &[]);
    let mut client = server.client().await;
    let made = create(&mut client, nowhere("Orders")).await;
    done(folder.path(), "rotate");
    eventually("everything is sealed anew", || async {
        server.log().contains("sealed anew")
    })
    .await;
    let now = crate::api::get(&mut client, &made.name).await.unwrap();
    assert_eq!(now, made);
    everything_is_sealed_anew(folder.path()).await;
}

#[tokio::test]
async fn without_its_keys_a_server_does_not_start_and_with_them_nothing_is_lost() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("datastored.key");
    let server = Datastored::start_in(folder.path(), &[]);
    let name = create(&mut server.client().await, nowhere("Orders"))
        .await
        .name;
    stop(server).await;

    let copy = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let lost = fails(folder.path());
    assert!(lost.contains("there is no key file"), "{lost}");
    assert!(lost.contains(file.to_str().unwrap()), "{lost}");
    assert!(!file.exists(), "no other key is made");

    let elsewhere = TempDir::new().unwrap();
    done(elsewhere.path(), "generate");
    std::fs::copy(elsewhere.path().join("datastored.key"), &file).unwrap();
    let wrong = fails(folder.path());
    assert!(
        wrong.contains("which the key file does not hold"),
        "{wrong}"
    );
    assert!(wrong.contains("--key-file"), "{wrong}");

    std::fs::write(&file, "# nothing\n").unwrap();
    let empty = fails(folder.path());
    assert!(empty.contains("holds no key"), "{empty}");

    std::fs::write(&file, &copy).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let open = fails(folder.path());
    assert!(open.contains("chmod 600"), "{open}");

    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let server = Datastored::start_in(folder.path(), &[]);
    opens(&server, &name).await.expect("nothing was lost");
}

#[tokio::test]
async fn no_key_is_taken_out_that_may_be_needed() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("datastored.key");
    let server = Datastored::start_in(folder.path(), &[]);
    let name = create(&mut server.client().await, nowhere("Orders"))
        .await
        .name;
    stop(server).await;

    // No server has taken the new key.
    done(folder.path(), "rotate");
    let (succeeded, text) = keys(folder.path(), "prune");
    assert!(
        !succeeded && text.contains("no server has sealed everything"),
        "{text}"
    );

    // The keys are lost, given up, and found again.
    let copy = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let (succeeded, text) = keys(folder.path(), "generate");
    assert!(!succeeded && text.contains("--accept-lost-keys"), "{text}");
    stop(Datastored::start_in(folder.path(), &["--accept-lost-keys"])).await;
    let mut both = std::fs::read_to_string(&file).unwrap();
    both.push_str(&copy);
    std::fs::write(&file, both).unwrap();
    keys(folder.path(), "prune");
    let server = Datastored::start_in(folder.path(), &[]);
    opens(&server, &name).await.expect("the key is back");
    everything_is_sealed_anew(folder.path()).await;
    done(folder.path(), "prune");
    stop(server).await;
    let server = Datastored::start_in(folder.path(), &[]);
    opens(&server, &name).await.expect("it was sealed anew");
}

#[tokio::test]
async fn a_file_that_the_server_does_not_use_is_not_rotated() {
    let folder = TempDir::new().unwrap();
    let other = folder.path().join("other.key");
    let other = other.to_str().expect("a path is text");
    stop(Datastored::start_in(folder.path(), &["--key-file", other])).await;
    std::fs::copy(other, folder.path().join("datastored.key")).unwrap();
    let mut server_rotates = Command::new(program());
    server_rotates
        .args(["keys", "generate", "--data-dir"])
        .arg(folder.path());
    server_rotates.args(["--key-file", &format!("{other}.2")]);
    let refused = server_rotates.output().expect("the program can be run");
    assert!(!refused.status.success(), "the store needs its own");
    std::fs::write(
        folder.path().join("datastored.key"),
        "2026-01-01T00:00:00Z AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    )
    .unwrap();
    let (succeeded, text) = keys(folder.path(), "rotate");
    assert!(
        !succeeded && text.contains("name the file that it uses"),
        "{text}"
    );
}

#[tokio::test]
async fn who_accepts_that_keys_are_lost_sends_the_credentials_again() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("datastored.key");
    let server = Datastored::start_in(folder.path(), &[]);
    let made = create(&mut server.client().await, nowhere("Orders")).await;
    stop(server).await;
    std::fs::remove_file(&file).unwrap();

    let server = Datastored::start_in(folder.path(), &["--accept-lost-keys"]);
    let refusal = refused(
        opens(&server, &made.name).await,
        ErrorReason::CredentialsUnreadable,
    );
    assert_eq!(refusal.metadata["name"], made.name);
    let mut client = server.client().await;
    let shown = crate::api::get(&mut client, &made.name).await.unwrap();
    assert_eq!(shown, made, "what may be shown is there");
    let mut again = nowhere("Orders");
    again.name.clone_from(&made.name);
    let update = crate::api::change(again, &["s3.access_key"]);
    client.update_datastore(update).await.unwrap();
    opens(&server, &made.name)
        .await
        .expect("they can be opened");
    stop(server).await;

    let server = Datastored::start_in(folder.path(), &[]);
    opens(&server, &made.name)
        .await
        .expect("it is not asked again");
}

#[tokio::test]
async fn a_key_file_that_is_damaged_while_the_server_works_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("datastored.key");
    let server = Datastored::start_in(folder.path(), &[]);
    let name = create(&mut server.client().await, nowhere("Orders"))
        .await
        .name;
    let copy = std::fs::read(&file).unwrap();
    for bad in ["", "2026-01-01T00:00:00Z c2hvcnQ=\n"] {
        std::fs::write(&file, bad).unwrap();
        server.signal(Signal::HUP);
    }
    eventually("the server says so", || async {
        server.log().contains("not reloaded")
    })
    .await;
    opens(&server, &name).await.expect("the keys stay in use");
    create(&mut server.client().await, nowhere("Customers")).await;
    std::fs::write(&file, copy).unwrap();
    stop(server).await;
    let server = Datastored::start_in(folder.path(), &[]);
    opens(&server, &name).await.expect("the keys are there");
}

#[test]
fn the_commands_say_what_is_missing_and_overwrite_nothing() {
    let folder = TempDir::new().unwrap();
    for what in ["rotate", "status"] {
        let (succeeded, text) = keys(folder.path(), what);
        assert!(!succeeded && text.contains("keys generate"), "{text}");
    }
    let made = done(folder.path(), "generate");
    assert!(made.contains("keep a copy"), "{made}");
    let (succeeded, text) = keys(folder.path(), "generate");
    assert!(!succeeded && text.contains("exists already"), "{text}");
    let (succeeded, text) = keys(folder.path(), "prune");
    assert!(!succeeded && text.contains("start one first"), "{text}");
    let status = done(folder.path(), "status");
    assert!(status.contains("as soon as a server takes it"), "{status}");
    let id = status.lines().nth(1).unwrap().split(' ').next().unwrap();
    assert!(made.contains(id), "{made}");
}

#[tokio::test]
async fn a_server_leaves_no_core_dump() {
    let server = Datastored::start(&[]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.pid()));
    let limits = limits.expect("our own process can be looked at");
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<&str> = core
        .expect("there is such a limit")
        .split_whitespace()
        .collect();
    assert_eq!(core[4..6], ["0", "0"]);
}
