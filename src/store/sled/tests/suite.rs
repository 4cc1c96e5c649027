//! The conformance suite on sled.

use std::path::Path;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use tempfile::TempDir;

use super::Sled;
use crate::store::conformance;

/// A store that holds nothing, and its folder.
fn fresh() -> (TempDir, Sled) {
    let dir = TempDir::new().unwrap();
    let store = Sled::open(dir.path()).unwrap();
    (dir, store)
}

/// Closes the store and opens it again.
async fn reopen(dir: &Path, store: Sled) -> Sled {
    store.close().await.unwrap();
    Sled::open(dir).unwrap()
}

#[tokio::test]
async fn a_commit_is_read_back_with_its_revision() {
    let (_dir, store) = fresh();
    conformance::a_commit_is_read_back_with_its_revision(store).await;
}

#[tokio::test]
async fn an_absent_guard_admits_the_first_writer_only() {
    let (_dir, store) = fresh();
    conformance::an_absent_guard_admits_the_first_writer_only(store).await;
}

#[tokio::test]
async fn a_revision_guard_admits_only_who_read_the_last_write() {
    let (_dir, store) = fresh();
    conformance::a_revision_guard_admits_only_who_read_the_last_write(store).await;
}

#[tokio::test]
async fn a_conflict_writes_nothing_and_takes_no_revision() {
    let (_dir, store) = fresh();
    conformance::a_conflict_writes_nothing_and_takes_no_revision(store).await;
}

#[tokio::test]
async fn all_operations_of_a_commit_share_its_revision() {
    let (_dir, store) = fresh();
    conformance::all_operations_of_a_commit_share_its_revision(store).await;
}

#[tokio::test]
async fn the_last_operation_on_a_key_wins() {
    let (_dir, store) = fresh();
    conformance::the_last_operation_on_a_key_wins(store).await;
}

#[tokio::test]
async fn deleting_what_is_not_there_is_a_commit() {
    let (_dir, store) = fresh();
    conformance::deleting_what_is_not_there_is_a_commit(store).await;
}

#[tokio::test]
async fn a_commit_without_operations_checks_its_guards() {
    let (_dir, store) = fresh();
    conformance::a_commit_without_operations_checks_its_guards(store).await;
}

#[tokio::test]
async fn pages_cover_everything_once_in_both_directions() {
    let (_dir, store) = fresh();
    conformance::pages_cover_everything_once_in_both_directions(store).await;
}

#[tokio::test]
async fn after_need_not_exist_and_may_lie_outside_the_prefix() {
    let (_dir, store) = fresh();
    conformance::after_need_not_exist_and_may_lie_outside_the_prefix(store).await;
}

#[tokio::test]
async fn a_scan_of_nothing_returns_nothing() {
    let (_dir, store) = fresh();
    conformance::a_scan_of_nothing_returns_nothing(store).await;
}

#[tokio::test]
async fn a_prefix_ends_where_its_bytes_end() {
    let (_dir, store) = fresh();
    conformance::a_prefix_ends_where_its_bytes_end(store).await;
}

#[tokio::test]
async fn any_bytes_make_a_key_and_a_value() {
    let (_dir, store) = fresh();
    conformance::any_bytes_make_a_key_and_a_value(store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_increments_are_never_lost() {
    let (_dir, store) = fresh();
    conformance::concurrent_increments_are_never_lost(store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_creators_of_a_name_wins() {
    let (_dir, store) = fresh();
    conformance::one_of_many_creators_of_a_name_wins(store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_see_commits_whole_and_in_order() {
    let (_dir, store) = fresh();
    conformance::readers_see_commits_whole_and_in_order(store).await;
}

#[tokio::test]
async fn revisions_and_entries_outlive_a_reopening() {
    let (dir, store) = fresh();
    conformance::revisions_and_entries_outlive_a_reopening(store, async |store| {
        reopen(dir.path(), store).await
    })
    .await;
}

#[tokio::test]
async fn deletes_outlive_a_reopening() {
    let (dir, store) = fresh();
    conformance::deletes_outlive_a_reopening(store, async |store| reopen(dir.path(), store).await)
        .await;
}

#[tokio::test]
async fn values_of_a_mebibyte_are_kept_whole() {
    let (dir, store) = fresh();
    conformance::values_of_a_mebibyte_are_kept_whole(store, async |store| {
        reopen(dir.path(), store).await
    })
    .await;
}

/// Keys that meet often, binary ones among them.
fn key() -> impl Strategy<Value = Vec<u8>> {
    vec(
        prop_oneof![Just(0), Just(b'/'), Just(b'a'), Just(0xff)],
        0..3,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn sled_behaves_as_an_ordered_map(
        steps in vec((any::<bool>(), vec((key(), option::of(vec(any::<u8>(), 0..9))), 0..4)), 0..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (_dir, store) = fresh();
        runtime.block_on(conformance::behaves_as_an_ordered_map(store, steps));
    }
}
