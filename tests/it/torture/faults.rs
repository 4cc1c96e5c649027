//! A disk that is full, read-only or broken under a running server: callers are told what to do, reads go on, and a restart brings the writes back.

use datastored::pb::ErrorReason;
use rustix::io::Errno;
use rustix::process::Signal;
use tempfile::TempDir;

use super::disk::Disk;
use super::fsck;
use crate::api::{create, creation, get, links::at, refused, sent};
use crate::server::{Datastored, command};
use datastored::pb::Role;

/// The server after a write has failed for this reason: what it says, and that all it has acknowledged is there after a restart.
async fn fails(what: char, errno: Errno) {
    let (disk, folder) = (
        Disk::new(),
        TempDir::new().expect("a temporary folder can be made"),
    );
    let server = Datastored::start_command(disk.command(folder.path()), folder.path());
    let mut client = server.client().await;
    let first = create(&mut client, at("s3://data/first", Role::Source)).await;
    disk.fail(what, errno);
    let second = creation(at("s3://data/second", Role::Source));
    for _ in 0..3 {
        let refusal = refused(
            client.create_datastore(second.clone()).await,
            ErrorReason::StoreUnavailable,
        );
        assert!(refusal.message.contains("read it again"), "{refusal:?}");
        assert_eq!(
            get(&mut client, &first.name).await.expect("it can be read"),
            first,
            "reads go on"
        );
    }
    let log = server.log();
    assert!(
        log.contains("the store refuses commits from now on"),
        "{log}"
    );
    assert!(
        log.contains("free space on its disk or mend it, then restart the server"),
        "{log}"
    );
    // The writer goes on to refuse: what a sync has lost cannot be known.
    disk.mend();
    refused(
        client.create_datastore(second.clone()).await,
        ErrorReason::StoreUnavailable,
    );
    server.signal(Signal::TERM);
    let status = server.ended().await;
    assert!(
        !status.success(),
        "{status}: the last commits were not acknowledged"
    );
    assert_eq!(fsck(folder.path()).0, Some(0));
    let server = Datastored::start_command(disk.command(folder.path()), folder.path());
    let mut client = server.client().await;
    assert_eq!(
        get(&mut client, &first.name).await.expect("it can be read"),
        first
    );
    sent(
        client
            .create_datastore(creation(at("s3://data/third", Role::Source)))
            .await,
    );
}

#[tokio::test]
async fn a_full_disk_stops_the_writes_alone_and_a_restart_brings_them_back() {
    fails('w', Errno::NOSPC).await;
}

#[tokio::test]
async fn a_disk_that_cannot_sync_stops_the_writes_alone_and_a_restart_brings_them_back() {
    fails('s', Errno::IO).await;
}

#[tokio::test]
async fn a_disk_that_becomes_read_only_stops_the_writes_alone_and_a_restart_brings_them_back() {
    fails('b', Errno::ROFS).await;
}

#[tokio::test]
async fn a_server_does_not_start_on_a_disk_that_it_cannot_write_and_says_so() {
    let (disk, folder) = (Disk::new(), TempDir::new().unwrap());
    let server = Datastored::start_command(disk.command(folder.path()), folder.path());
    create(
        &mut server.client().await,
        at("s3://data/first", Role::Source),
    )
    .await;
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());
    for errno in [Errno::ROFS, Errno::NOSPC] {
        disk.fail('b', errno);
        let output = disk.command(folder.path()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{said}");
        assert!(
            said.contains("writable local disk with free space"),
            "{said}"
        );
        disk.mend();
    }
    let server = Datastored::start_command(command(folder.path(), &[]), folder.path());
    let found = get(&mut server.client().await, "datastores/none").await;
    refused(found, ErrorReason::DatastoreNotFound);
}
