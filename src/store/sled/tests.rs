//! What sled does beyond the conformance suite: one owner, shared syncs, failed syncs, abrupt stops.

mod suite;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;

use tempfile::TempDir;
use tokio::task::JoinSet;

use super::layout;
use super::{Sled, open};
use crate::metrics::Commits;
use crate::store::{Direction, Entry, Error, Guard, Revision, Scan, Store, Txn};

/// A sync of the disk that waits to be told how to end, beforehand or while it waits. Once the verdicts end, it fails.
struct Gate {
    begun: mpsc::Receiver<()>,
    verdicts: mpsc::Sender<io::Result<()>>,
}

/// A store whose every sync announces itself and ends as the gate says.
fn gated(dir: &Path) -> (Arc<Sled>, Gate) {
    let (announce, begun) = mpsc::channel();
    let (verdicts, next) = mpsc::channel::<io::Result<()>>();
    let store = Sled::open_with(dir, Commits::default(), |_| {
        Box::new(move || {
            announce.send(()).map_err(io::Error::other)?;
            next.recv().map_err(io::Error::other)?
        })
    });
    (Arc::new(store.unwrap()), Gate { begun, verdicts })
}

fn put(key: &str, value: &str) -> Txn {
    Txn::new().put(key, value)
}

async fn value(store: &Sled, key: &str) -> Option<Vec<u8>> {
    store
        .get(key.as_bytes())
        .await
        .unwrap()
        .map(|entry| entry.value)
}

fn everything(limit: usize) -> Scan {
    Scan {
        prefix: Vec::new(),
        after: None,
        limit,
        direction: Direction::Ascending,
    }
}

#[tokio::test]
async fn a_second_open_is_refused_until_the_first_is_closed() {
    let dir = TempDir::new().unwrap();
    let store = Sled::open(dir.path()).unwrap();
    match Sled::open(dir.path()) {
        Err(Error::AlreadyOpen { path, pid }) => {
            assert_eq!(
                (path.as_path(), pid),
                (dir.path(), Some(std::process::id()))
            );
        }
        other => panic!("expected AlreadyOpen, got {other:?}"),
    }
    store.commit(put("a", "1")).await.unwrap();
    store.close().await.unwrap();
    let next = Sled::open(dir.path()).unwrap();
    assert_eq!(value(&next, "a").await.unwrap(), b"1");
}

#[tokio::test]
async fn a_closed_store_refuses_everything_and_closes_again() {
    let dir = TempDir::new().unwrap();
    let store = Sled::open(dir.path()).unwrap();
    assert!(store.is_writable());
    store.close().await.unwrap();
    store.close().await.unwrap();
    assert!(!store.is_writable());
    assert!(matches!(
        store.commit(put("a", "1")).await,
        Err(Error::Unavailable(_))
    ));
    assert!(matches!(store.get(b"a").await, Err(Error::Unavailable(_))));
    assert!(matches!(
        store.scan(everything(1000)).await,
        Err(Error::Unavailable(_))
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_finishes_what_is_queued() {
    let dir = TempDir::new().unwrap();
    let (store, gate) = gated(dir.path());
    let mut commits = JoinSet::new();
    spawn_commit(&mut commits, &store, "first");
    let gate = wait_for_sync(gate).await;
    for number in 0..20 {
        spawn_commit(&mut commits, &store, &number.to_string());
    }
    until_queued(&store, 20).await;
    let closing = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.close().await }
    });
    until_queued(&store, 21).await;
    gate.verdicts.send(Ok(())).unwrap();
    gate.verdicts.send(Ok(())).unwrap();
    drop(gate.verdicts);
    closing.await.unwrap().unwrap();
    assert!(commits.join_all().await.iter().all(Result::is_ok));
    drop(store);
    let store = Sled::open(dir.path()).unwrap();
    assert_eq!(store.scan(everything(100)).await.unwrap().len(), 21);
}

fn spawn_commit(commits: &mut JoinSet<Result<Revision, Error>>, store: &Arc<Sled>, key: &str) {
    let (store, txn) = (Arc::clone(store), put(key, "x"));
    commits.spawn(async move { store.commit(txn).await });
}

/// Waits, without blocking the runtime, until a sync has begun.
async fn wait_for_sync(gate: Gate) -> Gate {
    tokio::task::spawn_blocking(move || {
        gate.begun.recv().unwrap();
        gate
    })
    .await
    .unwrap()
}

/// Waits until `count` messages wait for the writer.
async fn until_queued(store: &Sled, count: usize) {
    while store.backlog().commits() < count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_wait_together_share_one_sync() {
    let dir = TempDir::new().unwrap();
    let (store, gate) = gated(dir.path());
    let mut commits = JoinSet::new();
    spawn_commit(&mut commits, &store, "first");
    let gate = wait_for_sync(gate).await;
    for number in 0..100 {
        spawn_commit(&mut commits, &store, &number.to_string());
    }
    until_queued(&store, 100).await;
    gate.verdicts.send(Ok(())).unwrap();
    gate.verdicts.send(Ok(())).unwrap();
    drop(gate.verdicts);
    let mut revisions: Vec<_> = commits
        .join_all()
        .await
        .into_iter()
        .map(|commit| commit.unwrap().get())
        .collect();
    revisions.sort_unstable();
    assert_eq!(revisions, (1..=101).collect::<Vec<_>>());
    assert_eq!(
        gate.begun.try_iter().count(),
        1,
        "a sync for the hundred that waited"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_backlog_is_what_waits_behind_the_batch_that_is_written() {
    let dir = TempDir::new().unwrap();
    let (store, gate) = gated(dir.path());
    let backlog = store.backlog();
    let mut commits = JoinSet::new();
    spawn_commit(&mut commits, &store, "first");
    let gate = wait_for_sync(gate).await;
    assert_eq!(backlog.commits(), 0, "it does not wait, it is written");
    for number in 0..3 {
        spawn_commit(&mut commits, &store, &number.to_string());
    }
    until_queued(&store, 3).await;
    assert_eq!(backlog.commits(), 3);
    gate.verdicts.send(Ok(())).unwrap();
    gate.verdicts.send(Ok(())).unwrap();
    commits.join_all().await;
    assert_eq!(backlog.commits(), 0);
    // It does not keep the writer waiting for more.
    drop(store);
    assert_eq!(backlog.commits(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guards_hold_between_commits_of_one_batch() {
    let dir = TempDir::new().unwrap();
    let (store, gate) = gated(dir.path());
    let mut commits = JoinSet::new();
    spawn_commit(&mut commits, &store, "first");
    let gate = wait_for_sync(gate).await;
    for creator in 0..10 {
        let (store, txn) = (
            Arc::clone(&store),
            put("name", &creator.to_string()).guard(Guard::Absent("name".into())),
        );
        commits.spawn(async move { store.commit(txn).await });
    }
    until_queued(&store, 10).await;
    gate.verdicts.send(Ok(())).unwrap();
    gate.verdicts.send(Ok(())).unwrap();
    drop(gate.verdicts);
    assert_eq!(
        commits
            .join_all()
            .await
            .iter()
            .filter(|commit| commit.is_ok())
            .count(),
        2
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_do_not_see_what_is_not_on_the_disk_yet() {
    let dir = TempDir::new().unwrap();
    let (store, gate) = gated(dir.path());
    gate.verdicts.send(Ok(())).unwrap();
    store
        .commit(put("b", "old").put("d", "old").put("z", "old"))
        .await
        .unwrap();
    gate.begun.recv().unwrap();
    let before = store.scan(everything(10)).await.unwrap();

    let txn = put("a", "new")
        .put("b", "new")
        .put("c", "new")
        .delete("d")
        .put("e", "new")
        .delete("z");
    let commit = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.commit(txn).await }
    });
    let gate = wait_for_sync(gate).await;
    assert_eq!(store.scan(everything(10)).await.unwrap(), before);
    assert_eq!(store.scan(everything(1)).await.unwrap(), before[..1]);
    let last = Scan {
        direction: Direction::Descending,
        ..everything(1)
    };
    assert_eq!(store.scan(last).await.unwrap(), before[2..]);
    assert_eq!(value(&store, "a").await, None);
    assert_eq!(value(&store, "d").await.unwrap(), b"old");

    gate.verdicts.send(Ok(())).unwrap();
    commit.await.unwrap().unwrap();
    let keys: Vec<_> = store
        .scan(everything(10))
        .await
        .unwrap()
        .into_iter()
        .map(|entry| entry.key)
        .collect();
    assert_eq!(keys, [b"a", b"b", b"c", b"e"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_sync_refuses_all_later_commits_while_reads_go_on() {
    let dir = TempDir::new().unwrap();
    let (store, gate) = gated(dir.path());
    gate.verdicts.send(Ok(())).unwrap();
    store.commit(put("a", "kept")).await.unwrap();
    gate.verdicts
        .send(Err(io::Error::other("the disk is gone")))
        .unwrap();
    let failed = store.commit(put("a", "lost?")).await;
    assert!(
        matches!(&failed, Err(Error::Unavailable(why)) if why.contains("the disk is gone")),
        "{failed:?}"
    );
    gate.verdicts.send(Ok(())).unwrap();
    let later = store.commit(put("b", "1")).await;
    assert!(
        matches!(&later, Err(Error::Unavailable(why)) if why.contains("the disk is gone")),
        "{later:?}"
    );
    assert_eq!(
        gate.begun.try_iter().count(),
        2,
        "nothing was written after the failure"
    );
    assert!(!store.is_writable());
    assert_eq!(value(&store, "a").await.unwrap(), b"kept");
    assert_eq!(store.scan(everything(10)).await.unwrap().len(), 1);
    assert!(
        store.close().await.is_err(),
        "whoever closes it learns of the failure"
    );
}

#[tokio::test]
async fn a_store_that_cannot_write_still_reads_and_closes() {
    let dir = TempDir::new().unwrap();
    let store = Sled::open(dir.path()).unwrap();
    store.commit(put("a", "kept")).await.unwrap();
    fs::remove_dir(dir.path().join("store/blobs")).unwrap();
    let big = Txn::new().put("a", "lost").put("big", vec![0; 1024 * 1024]);
    assert!(matches!(
        store.commit(big).await,
        Err(Error::Unavailable(_))
    ));
    assert_eq!(value(&store, "a").await.unwrap(), b"kept");
    assert!(matches!(store.close().await, Err(Error::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_stops_waiting_harms_neither_the_commit_nor_the_writer() {
    let dir = TempDir::new().unwrap();
    let (store, gate) = gated(dir.path());
    let impatient = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.commit(put("a", "1")).await }
    });
    let gate = wait_for_sync(gate).await;
    impatient.abort();
    assert!(impatient.await.unwrap_err().is_cancelled());
    gate.verdicts.send(Ok(())).unwrap();
    gate.verdicts.send(Ok(())).unwrap();
    assert_eq!(
        store.commit(put("b", "1")).await.unwrap(),
        Revision::from(2)
    );
    assert_eq!(value(&store, "a").await.unwrap(), b"1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_makes_commits_wait_and_loses_none() {
    let dir = TempDir::new().unwrap();
    let (store, gate) = gated(dir.path());
    let mut commits = JoinSet::new();
    for number in 0..3000 {
        spawn_commit(&mut commits, &store, &number.to_string());
    }
    let gate = wait_for_sync(gate).await;
    until_queued(&store, super::QUEUE).await;
    for _ in 0..3000 {
        gate.verdicts.send(Ok(())).unwrap();
    }
    assert!(commits.join_all().await.iter().all(Result::is_ok));
    assert_eq!(store.scan(everything(4000)).await.unwrap().len(), 3000);
}

#[tokio::test]
async fn dropping_without_closing_keeps_acknowledged_commits() {
    let dir = TempDir::new().unwrap();
    for number in 0..20 {
        let store = Sled::open(dir.path()).unwrap();
        store
            .commit(put(&format!("{number:02}"), "x"))
            .await
            .unwrap();
        drop(store);
    }
    let store = Sled::open(dir.path()).unwrap();
    let entries = store.scan(everything(100)).await.unwrap();
    let revisions: Vec<_> = entries.iter().map(|entry| entry.revision.get()).collect();
    assert_eq!(revisions, (1..=20).collect::<Vec<_>>());
}

/// A store of `commits` commits that overwrite each other, so that sled has reused segments, opened twice, so that it
/// has a snapshot; and what it holds.
async fn written_over(dir: &Path, commits: u32) -> Vec<crate::store::Entry> {
    for half in 0..2 {
        let store = Sled::open(dir).unwrap();
        for number in 0..commits {
            let txn = put(
                &format!("{:03}", (number * 7 + half) % 200),
                &"x".repeat(3000),
            );
            store.commit(txn).await.unwrap();
        }
        store.close().await.unwrap();
    }
    let store = Sled::open(dir).unwrap();
    let entries = store.scan(everything(1000)).await.unwrap();
    store.close().await.unwrap();
    entries
}

fn snapshots(dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(dir.join("store"))
        .unwrap()
        .map(|file| file.unwrap().path());
    files
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("snap.")
        })
        .collect()
}

fn set_aside(dir: &Path) -> usize {
    let files = fs::read_dir(dir.join("store"))
        .unwrap()
        .map(|file| file.unwrap().file_name());
    files
        .filter(|name| name.to_str().unwrap().starts_with("damaged-"))
        .count()
}

#[tokio::test]
async fn a_damaged_snapshot_is_set_aside_and_nothing_is_lost() {
    let dir = TempDir::new().unwrap();
    let held = written_over(dir.path(), 500).await;
    let [snapshot] = snapshots(dir.path()).try_into().unwrap();
    let mut bytes = fs::read(&snapshot).unwrap();
    bytes[7] ^= 1;
    fs::write(&snapshot, bytes).unwrap();
    for _ in 0..2 {
        let store = Sled::open(dir.path()).unwrap();
        assert_eq!(store.scan(everything(1000)).await.unwrap(), held);
        store.close().await.unwrap();
    }
    assert_eq!(set_aside(dir.path()), 1);
}

#[tokio::test]
async fn half_a_snapshot_from_an_abrupt_stop_is_set_aside_and_nothing_is_lost() {
    let dir = TempDir::new().unwrap();
    let held = written_over(dir.path(), 100).await;
    fs::write(
        dir.path().join("store/snap.00000000FFFFFFFF.generating"),
        b"half",
    )
    .unwrap();
    let store = Sled::open(dir.path()).unwrap();
    assert_eq!(store.scan(everything(1000)).await.unwrap(), held);
    assert_eq!((set_aside(dir.path()), snapshots(dir.path()).len()), (1, 1));
}

#[tokio::test]
async fn damage_beyond_the_snapshots_is_reported_and_the_folder_left_alone() {
    let dir = TempDir::new().unwrap();
    written_over(dir.path(), 10).await;
    fs::write(
        dir.path().join("store/conf"),
        b"segment_size: many\nand more nonsense",
    )
    .unwrap();
    let before = snapshots(dir.path());
    let error = Sled::open(dir.path()).unwrap_err();
    assert!(matches!(error, Error::Corrupt(_)), "{error:?}");
    assert!(error.to_string().contains("restore a backup"));
    assert_eq!(snapshots(dir.path()), before);
    assert_eq!(set_aside(dir.path()), 0);
}

#[tokio::test]
async fn a_log_that_is_gone_is_reported_and_not_made_anew() {
    for snapshot in ["whole", "damaged", "gone"] {
        let dir = TempDir::new().unwrap();
        written_over(dir.path(), 10).await;
        let [path] = snapshots(dir.path()).try_into().unwrap();
        match snapshot {
            "whole" => {}
            "damaged" => fs::write(&path, "not a snapshot").unwrap(),
            _ => fs::remove_file(&path).unwrap(),
        }
        fs::remove_file(dir.path().join("store/db")).unwrap();
        for _ in 0..2 {
            let refused = Sled::open(dir.path());
            assert!(
                matches!(refused, Err(Error::Corrupt(_))),
                "snapshot {snapshot}: {refused:?}"
            );
        }
        assert_eq!(path.exists(), snapshot != "gone");
    }
}

#[tokio::test]
async fn a_log_cut_short_is_reported() {
    let dir = TempDir::new().unwrap();
    written_over(dir.path(), 500).await;
    let log = fs::OpenOptions::new()
        .write(true)
        .open(dir.path().join("store/db"))
        .unwrap();
    log.set_len(512 * 1024).unwrap();
    let refused = Sled::open(dir.path());
    assert!(matches!(refused, Err(Error::Corrupt(_))), "{refused:?}");
}

#[tokio::test]
async fn a_store_of_another_format_is_refused() {
    let dir = TempDir::new().unwrap();
    Sled::open(dir.path()).unwrap().close().await.unwrap();
    let db = open::start(&dir.path().join("store")).unwrap();
    db.insert(layout::FORMAT_KEY, &[0, 0, 0, 9]).unwrap();
    drop(db);
    let refused = Sled::open(dir.path());
    assert!(
        matches!(
            refused,
            Err(Error::UnknownFormat {
                found: 9,
                supported: 1
            })
        ),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_folder_of_something_else_is_refused() {
    let dir = TempDir::new().unwrap();
    let db = ::sled::open(dir.path().join("store")).unwrap();
    db.insert("someone", "else's").unwrap();
    drop(db);
    assert!(matches!(Sled::open(dir.path()), Err(Error::Corrupt(_))));
}

#[tokio::test]
async fn the_folder_is_made_for_its_owner_only() {
    let above = TempDir::new().unwrap();
    let dir = above.path().join("var/datastored");
    let store = Sled::open(&dir).unwrap();
    for path in [dir.clone(), dir.join("store"), above.path().join("var")] {
        assert_eq!(
            fs::metadata(path).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }
    drop(store);
}

#[test]
fn a_folder_that_cannot_be_made_is_reported_with_its_path() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Sled::open(&file).unwrap_err();
    assert!(
        matches!(&error, Error::Folder { path, .. } if *path == file),
        "{error:?}"
    );
}

/// All entries of a picture.
fn shown(picture: &mut super::Picture) -> Vec<Entry> {
    let mut entries = Vec::new();
    loop {
        let page = picture.next_page().unwrap();
        if page.is_empty() {
            return entries;
        }
        entries.extend(page);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_shows_what_was_acknowledged_when_it_was_begun_whatever_is_written_then() {
    let dir = TempDir::new().unwrap();
    let (store, gate) = gated(dir.path());
    gate.verdicts.send(Ok(())).unwrap();
    let many = (0..1000).fold(Txn::new(), |txn, n| txn.put(format!("k{n:04}"), "old"));
    store.commit(many).await.unwrap();
    let before = store.scan(everything(2000)).await.unwrap();
    gate.begun.recv().unwrap();

    // A batch is under way: in the tree, but not on the disk.
    let commit = tokio::spawn({
        let (store, txn) = (Arc::clone(&store), put("k0999", "new").delete("k0998"));
        async move { store.commit(txn).await }
    });
    let gate = wait_for_sync(gate).await;
    let mut picture = store.picture().unwrap();
    assert!(store.picture().is_none(), "one at a time");
    assert_eq!(picture.revision(), Revision::from(1));
    gate.verdicts.send(Ok(())).unwrap();
    commit.await.unwrap().unwrap();
    let first = picture.next_page().unwrap();
    for _ in 0..2 {
        gate.verdicts.send(Ok(())).unwrap();
        // Behind what has been read, and before; new, changed and gone; the second time again.
        let txn = (0..1000).step_by(3).fold(Txn::new(), |txn, n| {
            let key = format!("k{n:04}");
            let txn = txn.put(key.clone() + "/new", "new");
            if n % 2 == 0 {
                txn.delete(key)
            } else {
                txn.put(key, "new")
            }
        });
        store.commit(txn).await.unwrap();
    }
    let mut seen = first;
    seen.extend(shown(&mut picture));
    assert_eq!(seen, before);
    drop(picture);
    let now = store.scan(everything(5000)).await.unwrap();
    assert_eq!(shown(&mut store.picture().unwrap()), now);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_picture_taken_while_many_write_has_each_commit_whole_and_all_before_the_last() {
    let dir = TempDir::new().unwrap();
    let store = Arc::new(Sled::open(dir.path()).unwrap());
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            for step in 0..300 {
                let number = format!("{step:04}");
                let txn = put(&format!("a/{writer}"), &number)
                    .put(format!("z/{writer}"), number.clone())
                    .put(format!("log/{writer}/{number}"), "");
                store.commit(txn).await.unwrap();
            }
        });
    }
    let mut pictures = 0;
    while !writers.is_empty() {
        let mut picture = store.picture().unwrap();
        let seen = tokio::task::spawn_blocking(move || (picture.revision(), shown(&mut picture)));
        let (revision, entries) = seen.await.unwrap();
        let mut commits = 0;
        for writer in 0..4 {
            let of = |key: String| entries.iter().find(|entry| entry.key == key.as_bytes());
            let value = |entry: Option<&Entry>| entry.map(|entry| entry.value.clone());
            let last = value(of(format!("a/{writer}")));
            assert_eq!(last, value(of(format!("z/{writer}"))));
            let prefix = format!("log/{writer}/");
            let log = entries
                .iter()
                .filter(|e| e.key.starts_with(prefix.as_bytes()));
            let log: Vec<_> = log.map(|e| e.key[prefix.len()..].to_vec()).collect();
            let expected: Vec<_> = (0..log.len())
                .map(|n| format!("{n:04}").into_bytes())
                .collect();
            assert_eq!(log, expected);
            assert_eq!(log.last(), last.as_ref());
            commits += log.len() as u64;
        }
        assert_eq!(
            Revision::from(commits),
            revision,
            "every commit up to that one, and no other"
        );
        pictures += 1;
        while writers.try_join_next().is_some() {}
    }
    assert!(pictures > 1);
}

#[tokio::test]
async fn what_is_loaded_keeps_its_revisions_and_goes_on_after_the_last() {
    let dir = TempDir::new().unwrap();
    let (from, to) = (dir.path().join("from"), dir.path().join("to"));
    let store = Sled::open(&from).unwrap();
    for number in 0..50 {
        let txn = put(&format!("{number:02}"), &"x".repeat(20_000)).delete("00");
        store.commit(txn).await.unwrap();
    }
    let held = store.scan(everything(100)).await.unwrap();
    let mut loader = super::Loader::begin(&to).unwrap();
    let second = super::Loader::begin(&to);
    assert!(
        matches!(second, Err(Error::AlreadyOpen { .. })),
        "{second:?}"
    );
    for entry in &held {
        loader.put(entry).unwrap();
    }
    loader.finish(Revision::from(60)).unwrap();
    let store = Sled::open(&to).unwrap();
    assert_eq!(store.scan(everything(100)).await.unwrap(), held);
    assert_eq!(
        store.commit(put("a", "1")).await.unwrap(),
        Revision::from(61)
    );
    let mut names: Vec<_> = fs::read_dir(&to)
        .unwrap()
        .map(|f| f.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["datastored.created", "datastored.lock", "store"]);
}

#[tokio::test]
async fn a_loader_that_does_not_come_to_its_end_leaves_the_folder_as_it_was() {
    let dir = TempDir::new().unwrap();
    let to = dir.path().join("to");
    drop(super::Loader::begin(&to).unwrap());
    assert!(!to.exists());
    fs::create_dir(&to).unwrap();
    drop(super::Loader::begin(&to).unwrap());
    assert_eq!(fs::read_dir(&to).unwrap().count(), 0);
    // One that was killed.
    std::mem::forget(super::Loader::begin(&to).unwrap());
    let server_would_see = to.join("store");
    assert!(!server_would_see.exists());
    fs::write(to.join("other"), "").unwrap();
    let refused = super::Loader::begin(&to).unwrap_err();
    assert!(refused.to_string().contains("not empty"), "{refused}");
    assert!(to.join("other").exists());
}
