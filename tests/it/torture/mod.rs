//! Servers that are killed at any moment, lose power, or whose disk fails, under clients that write: nothing that was acknowledged is lost, and nothing
//! else is there in part.
//!
//! A few dozen ends by default; `TORTURE_SECONDS` says for how long instead, `TORTURE_SEED` what chance is to do. The seed decides the writes, where the
//! end comes in them and what a power cut leaves, not how the threads of the server take turns.

mod disk;
mod faults;
mod request;
mod writer;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tonic_types::StatusExt;

use crate::server::{Datastored, command, program};
use disk::{Disk, Unsynced, entries};
use writer::{Writer, lists_agree};

const WRITERS: usize = 8;
/// How many writes are acknowledged at the most before the end comes.
const MOST_WRITES: usize = 120;
/// How long a start takes at the most before it is killed.
const MOST_OF_A_START: Duration = Duration::from_millis(400);

/// Clients, and the data folder of the server that they write to.
struct Torture {
    rng: fastrand::Rng,
    writers: Vec<Writer>,
    folders: TempDir,
    data: PathBuf,
    disk: Option<Disk>,
    ends: usize,
}

impl Torture {
    fn new(disk: Option<Disk>) -> Self {
        let seed = std::env::var("TORTURE_SEED").ok();
        let seed = seed.map_or_else(
            || fastrand::u64(..),
            |seed| seed.parse().expect("TORTURE_SEED is a number"),
        );
        println!("TORTURE_SEED={seed}");
        let mut rng = fastrand::Rng::with_seed(seed);
        let folders = TempDir::new().expect("a temporary folder can be made");
        let data = folders.path().join("data-0");
        fs::create_dir(&data).expect("a folder can be made");
        let torture = Self {
            writers: (0..WRITERS)
                .map(|number| Writer::new(number, rng.u64(..)))
                .collect(),
            rng,
            folders,
            data,
            disk,
            ends: 0,
        };
        if let Some(disk) = &torture.disk {
            disk.holds(&torture.data);
        }
        torture
    }

    fn command(&self) -> Command {
        match &self.disk {
            Some(disk) => disk.command(&self.data),
            None => command(&self.data, &[]),
        }
    }

    fn start(&self) -> Datastored {
        Datastored::start_command(self.command(), &self.data)
    }

    /// One end after another, as many as by default or for as long as was asked for.
    async fn ends(&mut self, by_default: usize) {
        let seconds = std::env::var("TORTURE_SECONDS").ok();
        let seconds = seconds.map(|text| text.parse().expect("TORTURE_SECONDS is a number"));
        let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        while until.map_or(self.ends < by_default, |until| Instant::now() < until) {
            if self.rng.u8(..4) == 0 {
                self.kill_at_start();
            } else {
                self.kill_at_work().await;
            }
            self.ends += 1;
            if self.disk.is_some() {
                self.cut_power();
            }
            self.is_sound();
        }
        let server = self.start();
        self.settle(&server).await;
        server.signal(Signal::TERM);
        assert!(server.ended().await.success());
        assert_eq!(fsck(&self.data).0, Some(0));
        println!(
            "{} ends, {} datastores",
            self.ends,
            self.writers.iter().flat_map(Writer::names).count()
        );
    }

    /// The moment of the end is what chance is for: no condition is waited for here.
    fn kill_at_start(&mut self) {
        let mut command = self.command();
        command.stderr(std::process::Stdio::null());
        let mut child = command.spawn().expect("the server can be started");
        std::thread::sleep(MOST_OF_A_START.mul_f32(self.rng.f32()));
        child.kill().expect("a child can be killed");
        child.wait().expect("a child can be waited for");
    }

    async fn kill_at_work(&mut self) {
        let server = self.start();
        self.settle(&server).await;
        let count = self.rng.usize(1..=MOST_WRITES);
        let (acks, mut acknowledged) = mpsc::channel(WRITERS);
        let mut working = JoinSet::new();
        for writer in self.writers.drain(..) {
            working.spawn(writer.work(server.client().await, acks.clone()));
        }
        drop(acks);
        for _ in 0..count {
            acknowledged.recv().await.expect("the writers go on");
        }
        // Right after an answer a group commit has just ended: that the next one is under way needs a moment.
        tokio::time::sleep(Duration::from_micros(self.rng.u64(..4_000))).await;
        server.signal(Signal::KILL);
        let ended = tokio::spawn(server.ended());
        while acknowledged.recv().await.is_some() {}
        for (writer, status) in working.join_all().await {
            let refusal = status.get_error_details();
            assert!(refusal.error_info().is_none(), "{writer:#?}: {status:?}");
            self.writers.push(writer);
        }
        ended.await.expect("waiting does not panic");
    }

    async fn settle(&mut self, server: &Datastored) {
        let mut client = server.client().await;
        for writer in &mut self.writers {
            Box::pin(writer.settle(&mut client)).await;
        }
        lists_agree(&mut client, &self.writers).await;
    }

    /// The disk forgets what was not synced, or keeps any part of it.
    fn cut_power(&mut self) {
        let Some(disk) = &self.disk else { return };
        let mut unsynced = if self.rng.bool() {
            Unsynced::Lost
        } else {
            Unsynced::Torn(self.rng.fork())
        };
        let data = self.folders.path().join(format!("data-{}", self.ends));
        disk.after_power_cut(&self.data, &data, &mut unsynced);
        disk.holds(&data);
        let before = std::mem::replace(&mut self.data, data);
        fs::remove_dir_all(before).expect("a temporary folder can be removed");
    }

    /// A copy has no violation, and the server is the first that opens the store itself.
    fn is_sound(&self) {
        let copy = TempDir::new().expect("a temporary folder can be made");
        copy_folder(&self.data, copy.path());
        let (code, said) = fsck(copy.path());
        let is_made = self.data.join("datastored.created").exists();
        let expected = if is_made { Some(0) } else { Some(4) };
        assert_eq!(code, expected, "after {} ends: {said}", self.ends);
    }
}

/// The exit status of `datastored fsck`, and what it printed.
pub fn fsck(folder: &Path) -> (Option<i32>, String) {
    let mut command = Command::new(program());
    command.arg("fsck").env("DATASTORED_DATA_DIR", folder);
    let output = command.output().expect("the program can be run");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).expect("it writes text");
    (output.status.code(), text)
}

fn copy_folder(from: &Path, into: &Path) {
    fs::create_dir_all(into).expect("a folder can be made");
    for (name, path) in entries(from) {
        let copy = into.join(name);
        if path.is_dir() {
            copy_folder(&path, &copy);
        } else {
            fs::copy(&path, copy).expect("a file can be copied");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_at_any_moment_keeps_all_that_it_acknowledged_and_nothing_in_part()
{
    Torture::new(None).ends(20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_loses_power_at_any_moment_keeps_all_that_it_acknowledged_and_nothing_in_part()
 {
    Torture::new(Some(Disk::new())).ends(12).await;
}

#[tokio::test]
async fn fsck_says_in_its_exit_status_whether_it_could_look_and_whether_all_is_well() {
    let folder = TempDir::new().unwrap();
    let (code, said) = fsck(folder.path());
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("there is no store in"), "{said}");
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing is made"
    );
    let server = Datastored::start_in(folder.path(), &[]);
    let (code, said) = fsck(folder.path());
    assert_eq!(code, Some(3), "{said}");
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());
    let (code, said) = fsck(folder.path());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("the store is sound: "), "{said}");
    plant_a_violation(folder.path()).await;
    let (code, said) = fsck(folder.path());
    assert_eq!(code, Some(1), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(
        lines[0].starts_with("by_display_name/none: points to datastores/none"),
        "{said}"
    );
    assert!(lines[0].contains("restore a backup"), "{said}");
    assert!(lines[1].starts_with("1 violation: "), "{said}");
}

async fn plant_a_violation(folder: &Path) {
    use datastored::store::{Sled, Store, Txn};
    let store = Sled::open(folder).expect("the server has stopped");
    let txn = Txn::new().put("by_display_name/none", "none");
    store.commit(txn).await.expect("the disk is well");
    store.close().await.expect("the disk is well");
}
