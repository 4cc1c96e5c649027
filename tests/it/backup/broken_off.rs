//! A backup that does not come to its end leaves nothing that looks whole.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use datastored::pb::Role;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use super::{Shelf, backup, no_backup, not_restored, restore};
use crate::api::create;
use crate::api::links::at;
use crate::connection::logged;
use crate::lab::eventually;
use crate::server::{Datastored, program};

/// A server that sends so much of a backup and then hangs, or goes.
async fn half(listener: &UnixListener, bytes: &[u8]) -> UnixStream {
    let (mut stream, _) = listener.accept().await.expect("somebody asks");
    let mut request = [0; 7];
    stream
        .read_exact(&mut request)
        .await
        .expect("it says what it wants");
    assert_eq!(&request, b"backup\n");
    stream.write_all(b"ok\n").await.expect("it reads");
    stream.write_all(bytes).await.expect("it reads");
    stream
}

/// A whole backup, and a folder where we answer in the place of a server.
async fn stage(shelf: &Shelf) -> (Vec<u8>, PathBuf, UnixListener) {
    let server = Datastored::start(&[]);
    create(
        &mut server.client().await,
        at("s3://data/orders", Role::Source),
    )
    .await;
    backup(&server, &shelf.at("whole")).await;
    let folder = shelf.at("data");
    fs::create_dir(&folder).expect("our folder can be used");
    let listener =
        UnixListener::bind(folder.join("datastored.sock")).expect("our folder can be used");
    (
        fs::read(shelf.at("whole")).expect("our folder can be used"),
        folder,
        listener,
    )
}

fn names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).expect("our folder can be used");
    let mut names: Vec<_> = files
        .map(|f| {
            f.expect("the folder can be read")
                .file_name()
                .into_string()
                .expect("a name is text")
        })
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_in_the_middle_leaves_no_file() {
    let shelf = Shelf::new();
    let (whole, folder, listener) = stage(&shelf).await;
    let mut damaged = whole.clone();
    damaged[whole.len() - 40] ^= 1;
    for (bytes, words) in [
        (&whole[..whole.len() / 2], "cut off"),
        (&whole[..whole.len() - 1], "cut off"),
        (&damaged, "damaged"),
    ] {
        let file = shelf.at("one");
        let (said, ()) = tokio::join!(no_backup(&folder, &file), async {
            drop(half(&listener, bytes).await);
        });
        assert!(
            said.contains("the server broke off") && said.contains(words),
            "{said}"
        );
        assert_eq!(names(shelf.0.path()), ["data", "whole"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_is_killed_in_the_middle_leaves_nothing_that_looks_whole() {
    let shelf = Shelf::new();
    let (whole, folder, listener) = stage(&shelf).await;
    let mut command = Command::new(program());
    command
        .arg("backup")
        .arg(shelf.at("one"))
        .arg("--data-dir")
        .arg(&folder);
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let stream = half(&listener, &whole[..whole.len() - 1]).await;
    eventually("it has written what there is", || async {
        fs::metadata(shelf.at("one.partial")).is_ok_and(|m| m.len() == whole.len() as u64 - 1)
    })
    .await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(names(shelf.0.path()), ["data", "one.partial", "whole"]);
    let said = not_restored(&shelf.at("one.partial"), &shelf.at("new")).await;
    assert!(
        said.contains("cut off") && !shelf.at("new").exists(),
        "{said}"
    );

    drop((stream, listener));
    fs::remove_file(folder.join("datastored.sock")).unwrap();
    let server = Datastored::start_in(&folder, &[]);
    backup(&server, &shelf.at("one")).await;
    assert_eq!(names(shelf.0.path()), ["data", "one", "whole"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_restore_has_left_is_not_a_store_and_the_next_one_removes_it() {
    let shelf = Shelf::new();
    stage(&shelf).await;
    fs::create_dir_all(shelf.at("new/datastored.restoring/store")).unwrap();
    fs::write(shelf.at("new/datastored.restoring/store/db"), "half").unwrap();
    restore(&shelf.at("whole"), &shelf.at("new")).await;
    assert_eq!(names(&shelf.at("new")), ["datastored.created", "store"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_something_else_or_goes_harms_nobody() {
    let shelf = Shelf::new();
    let server = Datastored::start(&[]);
    let socket = server.folder().join("datastored.sock");
    let mut stream = UnixStream::connect(&socket).await.unwrap();
    stream.write_all(b"delete\n").await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    assert!(said.contains("answers `datastored backup` alone"), "{said}");
    let mut stream = UnixStream::connect(&socket).await.unwrap();
    stream.write_all(b"backup\n").await.unwrap();
    drop(stream);
    backup(&server, &shelf.at("one")).await;
    logged(&server, "a backup was read").await;
    // Somebody who says nothing does not keep it from stopping.
    let _silent = UnixStream::connect(&socket).await.unwrap();
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());
}
