//! What every engine must do, as functions generic over [`Store`]: each engine's tests call each of them.
//!
//! A function takes a store that holds nothing, and a way to close and open it again where that matters.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::{Direction, Entry, Error, Guard, Revision, Scan, Store, Txn};

fn put(key: &str, value: &str) -> Txn {
    Txn::new().put(key, value)
}

fn create(key: &str, value: &str) -> Txn {
    put(key, value).guard(Guard::Absent(key.into()))
}

fn all(prefix: &[u8], direction: Direction) -> Scan {
    Scan {
        prefix: prefix.to_vec(),
        after: None,
        limit: 1000,
        direction,
    }
}

async fn value(store: &impl Store, key: &str) -> Option<String> {
    let entry = store.get(key.as_bytes()).await.unwrap();
    entry.map(|entry| String::from_utf8(entry.value).unwrap())
}

async fn keys(store: &impl Store, scan: Scan) -> Vec<String> {
    let page = store.scan(scan).await.unwrap();
    page.iter()
        .map(|entry| entry.key.escape_ascii().to_string())
        .collect()
}

fn conflict_on<T: std::fmt::Debug>(result: Result<T, Error>, key: &str) {
    match result {
        Err(Error::Conflict { key: found }) => assert_eq!(found, key.as_bytes()),
        other => panic!("expected a conflict on {key}, got {other:?}"),
    }
}

pub(crate) async fn a_commit_is_read_back_with_its_revision(store: impl Store) {
    assert_eq!(store.get(b"a").await.unwrap(), None);
    let revision = store.commit(put("a", "1")).await.unwrap();
    let entry = Entry {
        key: b"a".to_vec(),
        value: b"1".to_vec(),
        revision,
    };
    assert_eq!(store.get(b"a").await.unwrap(), Some(entry.clone()));
    assert_eq!(
        store.scan(all(b"", Direction::Ascending)).await.unwrap(),
        [entry]
    );
}

pub(crate) async fn an_absent_guard_admits_the_first_writer_only(store: impl Store) {
    store.commit(create("a", "first")).await.unwrap();
    conflict_on(store.commit(create("a", "second")).await, "a");
    assert_eq!(value(&store, "a").await.as_deref(), Some("first"));
    store.commit(Txn::new().delete("a")).await.unwrap();
    store.commit(create("a", "third")).await.unwrap();
    assert_eq!(value(&store, "a").await.as_deref(), Some("third"));
}

pub(crate) async fn a_revision_guard_admits_only_who_read_the_last_write(store: impl Store) {
    let first = store.commit(put("a", "1")).await.unwrap();
    store.commit(put("other", "x")).await.unwrap();
    let second = store
        .commit(put("a", "2").guard(Guard::At("a".into(), first)))
        .await
        .unwrap();
    conflict_on(
        store
            .commit(put("a", "3").guard(Guard::At("a".into(), first)))
            .await,
        "a",
    );
    conflict_on(
        store
            .commit(put("b", "3").guard(Guard::At("b".into(), second)))
            .await,
        "b",
    );
    assert_eq!(value(&store, "a").await.as_deref(), Some("2"));
    store
        .commit(Txn::new().delete("a").guard(Guard::At("a".into(), second)))
        .await
        .unwrap();
    conflict_on(
        store
            .commit(put("a", "4").guard(Guard::At("a".into(), second)))
            .await,
        "a",
    );
}

pub(crate) async fn a_conflict_writes_nothing_and_takes_no_revision(store: impl Store) {
    let before = store.commit(put("held", "1")).await.unwrap();
    let torn = put("a", "1")
        .put("held", "2")
        .delete("held")
        .guard(Guard::Absent("free".into()));
    conflict_on(
        store.commit(torn.guard(Guard::Absent("held".into()))).await,
        "held",
    );
    assert_eq!(value(&store, "a").await, None);
    assert_eq!(value(&store, "held").await.as_deref(), Some("1"));
    assert_eq!(store.commit(put("b", "1")).await.unwrap(), before.next());
}

pub(crate) async fn all_operations_of_a_commit_share_its_revision(store: impl Store) {
    store.commit(put("gone", "1")).await.unwrap();
    let revision = store
        .commit(put("a", "1").put("b", "2").delete("gone"))
        .await
        .unwrap();
    let entries = store.scan(all(b"", Direction::Ascending)).await.unwrap();
    let seen: Vec<_> = entries
        .iter()
        .map(|entry| (entry.key.as_slice(), entry.revision))
        .collect();
    assert_eq!(
        seen,
        [(b"a".as_slice(), revision), (b"b".as_slice(), revision)]
    );
}

pub(crate) async fn the_last_operation_on_a_key_wins(store: impl Store) {
    store
        .commit(put("a", "1").put("a", "2").put("b", "1").delete("b"))
        .await
        .unwrap();
    store
        .commit(
            Txn::new()
                .delete("c")
                .put("c", "3")
                .guard(Guard::Absent("c".into())),
        )
        .await
        .unwrap();
    assert_eq!(value(&store, "a").await.as_deref(), Some("2"));
    assert_eq!(value(&store, "b").await, None);
    assert_eq!(value(&store, "c").await.as_deref(), Some("3"));
}

pub(crate) async fn deleting_what_is_not_there_is_a_commit(store: impl Store) {
    let first = store.commit(put("a", "1")).await.unwrap();
    let second = store.commit(Txn::new().delete("nothing")).await.unwrap();
    assert_eq!(second, first.next());
    assert_eq!(keys(&store, all(b"", Direction::Ascending)).await, ["a"]);
}

pub(crate) async fn a_commit_without_operations_checks_its_guards(store: impl Store) {
    let revision = store.commit(put("a", "1")).await.unwrap();
    let checked = store
        .commit(Txn::new().guard(Guard::At("a".into(), revision)))
        .await
        .unwrap();
    assert_eq!(checked, revision);
    conflict_on(
        store
            .commit(Txn::new().guard(Guard::Absent("a".into())))
            .await,
        "a",
    );
    assert_eq!(store.commit(put("b", "1")).await.unwrap(), revision.next());
}

pub(crate) async fn revisions_and_entries_outlive_a_reopening<S: Store>(
    store: S,
    reopen: impl AsyncFn(S) -> S,
) {
    let mut last = Revision::default();
    let mut store = store;
    for round in 0..5_u64 {
        for _ in 0..10 {
            let next = store.commit(put("a", &round.to_string())).await.unwrap();
            assert_eq!(next, last.next());
            last = next;
        }
        let before = store.get(b"a").await.unwrap();
        store = reopen(store).await;
        assert_eq!(store.get(b"a").await.unwrap(), before);
        conflict_on(store.commit(create("a", "x")).await, "a");
    }
    assert_eq!(last, Revision::from(50));
}

pub(crate) async fn deletes_outlive_a_reopening<S: Store>(store: S, reopen: impl AsyncFn(S) -> S) {
    store.commit(put("a", "1").put("b", "1")).await.unwrap();
    let last = store.commit(Txn::new().delete("b")).await.unwrap();
    let store = reopen(store).await;
    assert_eq!(keys(&store, all(b"", Direction::Ascending)).await, ["a"]);
    assert_eq!(store.commit(create("b", "2")).await.unwrap(), last.next());
}

pub(crate) async fn pages_cover_everything_once_in_both_directions(store: impl Store) {
    let mut names: Vec<_> = (0..97).map(|number| format!("n/{number:03}")).collect();
    let txn = names
        .iter()
        .fold(put("m/x", "").put("o/x", ""), |txn, name| {
            txn.put(name.as_str(), "")
        });
    store.commit(txn).await.unwrap();
    for direction in [Direction::Ascending, Direction::Descending] {
        for limit in [1, 2, 10, 96, 97, 98, 1000] {
            assert_eq!(
                pages(&store, b"n/", limit, direction).await,
                names,
                "{direction:?}, {limit} a page"
            );
        }
        names.reverse();
    }
}

async fn pages(
    store: &impl Store,
    prefix: &[u8],
    limit: usize,
    direction: Direction,
) -> Vec<String> {
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let scan = Scan {
            prefix: prefix.to_vec(),
            after,
            limit,
            direction,
        };
        let page = store.scan(scan).await.unwrap();
        assert!(page.len() <= limit);
        seen.extend(
            page.iter()
                .map(|entry| String::from_utf8(entry.key.clone()).unwrap()),
        );
        assert!(seen.len() <= 1000, "pages repeat entries");
        if page.len() < limit {
            return seen;
        }
        after = page.into_iter().last().map(|entry| entry.key);
    }
}

pub(crate) async fn after_need_not_exist_and_may_lie_outside_the_prefix(store: impl Store) {
    store
        .commit(put("b/1", "").put("b/3", "").put("c/1", ""))
        .await
        .unwrap();
    for (after, upwards, downwards) in [
        ("a", vec!["b/1", "b/3"], vec![]),
        ("b/", vec!["b/1", "b/3"], vec![]),
        ("b/1", vec!["b/3"], vec![]),
        ("b/2", vec!["b/3"], vec!["b/1"]),
        ("b/3", vec![], vec!["b/1"]),
        ("b0", vec![], vec!["b/3", "b/1"]),
        ("z", vec![], vec!["b/3", "b/1"]),
    ] {
        for (direction, expected) in [
            (Direction::Ascending, upwards),
            (Direction::Descending, downwards),
        ] {
            let scan = Scan {
                after: Some(after.into()),
                ..all(b"b/", direction)
            };
            assert_eq!(
                keys(&store, scan).await,
                expected,
                "after {after}, {direction:?}"
            );
        }
    }
}

pub(crate) async fn a_scan_of_nothing_returns_nothing(store: impl Store) {
    for direction in [Direction::Ascending, Direction::Descending] {
        assert_eq!(keys(&store, all(b"", direction)).await, [""; 0]);
    }
    store.commit(put("a", "")).await.unwrap();
    for direction in [Direction::Ascending, Direction::Descending] {
        assert_eq!(keys(&store, all(b"b", direction)).await, [""; 0]);
        assert_eq!(
            keys(
                &store,
                Scan {
                    limit: 0,
                    ..all(b"a", direction)
                }
            )
            .await,
            [""; 0]
        );
    }
}

pub(crate) async fn a_prefix_ends_where_its_bytes_end(store: impl Store) {
    let txn = ["foo", "foo/a", "foo/b", "foobar/a", "fo", "fop", "foo0"]
        .iter()
        .fold(Txn::new(), |t, k| t.put(*k, ""));
    store.commit(txn).await.unwrap();
    let upwards = Direction::Ascending;
    assert_eq!(
        keys(&store, all(b"foo/", upwards)).await,
        ["foo/a", "foo/b"]
    );
    assert_eq!(keys(&store, all(b"foobar/", upwards)).await, ["foobar/a"]);
    assert_eq!(
        keys(&store, all(b"foo", upwards)).await,
        ["foo", "foo/a", "foo/b", "foo0", "foobar/a"]
    );
    assert_eq!(
        keys(&store, all(b"foo/", Direction::Descending)).await,
        ["foo/b", "foo/a"]
    );
}

pub(crate) async fn any_bytes_make_a_key_and_a_value(store: impl Store) {
    let names: [&[u8]; 9] = [
        b"",
        b"\x00",
        b"\x00\x00",
        b"\x00\xff",
        b"a\x00",
        b"a\xff",
        b"b",
        b"\xff",
        b"\xff\xff",
    ];
    for name in names {
        store
            .commit(
                Txn::new()
                    .put(name, name)
                    .guard(Guard::Absent(name.to_vec())),
            )
            .await
            .unwrap();
    }
    for name in names {
        assert_eq!(store.get(name).await.unwrap().unwrap().value, name);
    }
    for (prefix, expected) in [
        (b"".as_slice(), names.as_slice()),
        (b"\x00", &names[1..4]),
        (b"a", &names[4..6]),
        (b"a\xff", &names[5..6]),
        (b"\xff", &names[7..]),
        (b"\xff\xff", &names[8..]),
    ] {
        let mut found = raw_keys(&store, all(prefix, Direction::Descending)).await;
        found.reverse();
        assert_eq!(found, expected);
        assert_eq!(
            raw_keys(&store, all(prefix, Direction::Ascending)).await,
            expected
        );
    }
}

async fn raw_keys(store: &impl Store, scan: Scan) -> Vec<Vec<u8>> {
    store
        .scan(scan)
        .await
        .unwrap()
        .into_iter()
        .map(|entry| entry.key)
        .collect()
}

pub(crate) async fn values_of_a_mebibyte_are_kept_whole<S: Store>(
    store: S,
    reopen: impl AsyncFn(S) -> S,
) {
    let big = |seed: u8| {
        (0..1024 * 1024)
            .map(|at: u32| seed ^ at.to_le_bytes()[1])
            .collect::<Vec<_>>()
    };
    for seed in 0..20 {
        store
            .commit(Txn::new().put([seed % 7], big(seed)).put("small", "x"))
            .await
            .unwrap();
    }
    let store = reopen(store).await;
    for key in 0..7 {
        let last = (0..20).filter(|seed| seed % 7 == key).max().unwrap();
        assert!(
            store.get(&[key]).await.unwrap().unwrap().value == big(last),
            "value of key {key}"
        );
    }
    assert_eq!(
        store
            .scan(all(b"", Direction::Descending))
            .await
            .unwrap()
            .len(),
        8
    );
}

pub(crate) async fn concurrent_increments_are_never_lost(store: impl Store) {
    let store = Arc::new(store);
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for _ in 0..20 {
                increment(&*store).await;
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(value(&*store, "counter").await.as_deref(), Some("320"));
    let entry = store.get(b"counter").await.unwrap().unwrap();
    assert_eq!(
        entry.revision,
        Revision::from(320),
        "conflicts take no revision"
    );
}

async fn increment(store: &impl Store) {
    loop {
        let read = store.get(b"counter").await.unwrap();
        let (count, guard) = match read {
            None => (0, Guard::Absent("counter".into())),
            Some(entry) => {
                let count: u64 = String::from_utf8(entry.value).unwrap().parse().unwrap();
                (count, Guard::At(entry.key, entry.revision))
            }
        };
        match store
            .commit(put("counter", &(count + 1).to_string()).guard(guard))
            .await
        {
            Ok(_) => return,
            Err(Error::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

pub(crate) async fn one_of_many_creators_of_a_name_wins(store: impl Store) {
    let store = Arc::new(store);
    for round in 0..10 {
        let name = format!("name/{round}");
        let mut tasks = JoinSet::new();
        for creator in 0..50 {
            let (store, name) = (Arc::clone(&store), name.clone());
            tasks.spawn(async move {
                let txn =
                    create(&name, &creator.to_string()).put(format!("by/{creator}"), name.as_str());
                store.commit(txn).await.ok().map(|_| creator)
            });
        }
        let winners: Vec<i32> = tasks.join_all().await.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1);
        assert_eq!(value(&*store, &name).await, Some(winners[0].to_string()));
        assert_eq!(
            value(&*store, &format!("by/{}", winners[0])).await,
            Some(name)
        );
    }
}

pub(crate) async fn readers_see_commits_whole_and_in_order(store: impl Store) {
    let store = Arc::new(store);
    store.commit(pair(0)).await.unwrap();
    let writer = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            for number in 1..=300 {
                store.commit(pair(number)).await.unwrap();
                assert_eq!(
                    value(&*store, "left").await,
                    Some(number.to_string()),
                    "a writer reads its own commit"
                );
            }
        }
    });
    let mut last = Revision::default();
    while !writer.is_finished() {
        let page = store.scan(all(b"", Direction::Descending)).await.unwrap();
        let [right, moved, left] = page.as_slice() else {
            panic!("a torn page: {page:?}")
        };
        assert_eq!(left.value, right.value);
        assert_eq!(moved.value, right.value);
        assert!(right.revision >= last, "reads went back in time");
        last = right.revision;
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
}

/// Two keys that change together, and one that moves to another key each time.
fn pair(number: u32) -> Txn {
    let value = number.to_string();
    let txn = put("left", &value).put("right", value.as_str());
    txn.delete(format!("moved/{}", (number + 1) % 2))
        .put(format!("moved/{}", number % 2), value)
}

/// A commit of the model test: whether it creates its first key, its puts and its deletes.
pub(crate) type Step = (bool, Vec<(Vec<u8>, Option<Vec<u8>>)>);

/// The store after `steps` is what a plain ordered map is after them, and so is every page of it.
pub(crate) async fn behaves_as_an_ordered_map(store: impl Store, steps: Vec<Step>) {
    let mut model = BTreeMap::new();
    for (creates, changes) in steps {
        let guard = changes
            .first()
            .filter(|_| creates)
            .map(|(key, _)| Guard::Absent(key.clone()));
        let holds = !matches!(&guard, Some(Guard::Absent(key)) if model.contains_key(key));
        let txn = guard.into_iter().fold(Txn::new(), Txn::guard);
        let txn = changes
            .iter()
            .cloned()
            .fold(txn, |txn, (key, value)| match value {
                Some(value) => txn.put(key, value),
                None => txn.delete(key),
            });
        let committed = store.commit(txn).await;
        assert_eq!(committed.is_ok(), holds);
        let Ok(revision) = committed else { continue };
        for (key, value) in changes {
            model.remove(&key);
            model.extend(value.map(|value| {
                (
                    key.clone(),
                    Entry {
                        key,
                        value,
                        revision,
                    },
                )
            }));
        }
        compare(&store, &model).await;
    }
}

async fn compare(store: &impl Store, model: &BTreeMap<Vec<u8>, Entry>) {
    let after = model.keys().nth(model.len() / 2).cloned();
    for prefix in [b"".as_slice(), b"\x00", b"\x00\xff", b"\xff"] {
        let matching = || {
            model
                .values()
                .filter(|entry| entry.key.starts_with(prefix))
                .cloned()
        };
        let up: Vec<_> = matching()
            .filter(|entry| Some(&entry.key) > after.as_ref())
            .take(5)
            .collect();
        let down: Vec<_> = matching()
            .rev()
            .filter(|entry| after.as_ref().is_none_or(|after| entry.key < *after))
            .take(5)
            .collect();
        for (direction, expected) in [(Direction::Ascending, up), (Direction::Descending, down)] {
            let scan = Scan {
                after: after.clone(),
                limit: 5,
                ..all(prefix, direction)
            };
            assert_eq!(store.scan(scan).await.unwrap(), expected);
        }
    }
}
