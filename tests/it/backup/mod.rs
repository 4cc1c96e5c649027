//! Backups of a server that runs, and new servers made of them; here is what these tests share.

mod answers;
mod broken_off;
mod files;
mod restored;
mod writes;

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::server::{Datastored, program};

pub use answers::Answers;

/// Runs a command of the program, and returns whether it succeeded and what it wrote.
async fn run(arguments: &[&str], file: &Path, data_dir: &Path) -> (bool, String) {
    let mut command = Command::new(program());
    command
        .args(arguments)
        .arg(file)
        .arg("--data-dir")
        .arg(data_dir);
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.expect("waiting does not panic");
    let output = output.expect("the program can be run");
    let text = String::from_utf8([output.stdout, output.stderr].concat());
    (output.status.success(), text.expect("it writes text"))
}

async fn backup(server: &Datastored, file: &Path) -> String {
    let (succeeded, text) = run(&["backup"], file, server.folder()).await;
    assert!(succeeded, "{text}");
    text
}

async fn restore(file: &Path, data_dir: &Path) -> String {
    let (succeeded, text) = run(&["restore"], file, data_dir).await;
    assert!(succeeded, "{text}");
    text
}

/// What the command says when there is no backup to be had.
async fn no_backup(data_dir: &Path, file: &Path) -> String {
    let (succeeded, text) = run(&["backup"], file, data_dir).await;
    assert!(!succeeded, "{text}");
    text
}

/// What the command says when nothing can be restored.
async fn not_restored(file: &Path, data_dir: &Path) -> String {
    let (succeeded, text) = run(&["restore"], file, data_dir).await;
    assert!(!succeeded, "{text}");
    text
}

/// A folder for backups and what is made of them.
struct Shelf(TempDir);

impl Shelf {
    fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder can be made"))
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A server on what is in the backup, with the key file of another one.
    async fn restored(&self, file: &Path, from: &Datastored) -> Datastored {
        let folder = self.at("restored");
        restore(file, &folder).await;
        let key = "datastored.key";
        let copied = std::fs::copy(from.folder().join(key), folder.join(key));
        copied.expect("the key file can be copied");
        Datastored::start_in(&folder, &[])
    }
}

async fn stop(server: Datastored) {
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());
}
