//! What the server knows of itself: its store, its audit, its files, what tests have left, its process.

use datastored::pb::Role;
use rustix::process::Signal;
use tempfile::TempDir;

use super::{Page, SHOWN, shows, start};
use crate::api::{create, removal, sent};
use crate::connection::versions::versioned_bucket;
use crate::connection::{config, report};
use crate::lab::{self, policies};
use crate::server::{Datastored, datastore, s3_config};

#[tokio::test]
async fn commits_and_events_of_the_audit_are_counted() {
    let server = start(&[]);
    let before = Page::of(&server).await;
    let mut client = server.client().await;
    let s3 = s3_config("s3://logs/tests/", "", "AKIAIOSFODNN7EXAMPLE", "secret");
    let made = create(&mut client, datastore("Orders", Role::Source, s3)).await;
    sent(client.delete_datastore(removal(&made.name)).await);
    let after = Page::of(&server).await;
    let commits = "datastored_store_commit_duration_seconds_count";
    let more = after.value(commits, &[]) - before.value(commits, &[]);
    assert!((more - 2.0).abs() < 0.5, "{}", after.0);
    let batches = "datastored_store_batch_commits";
    let of = |page: &Page, part: &str| page.value(&format!("{batches}_{part}"), &[]);
    let grown = of(&after, "sum") - of(&before, "sum");
    assert!((grown - 2.0).abs() < 0.5, "{}", after.0);
    for action in ["CreateDatastore", "DeleteDatastore"] {
        let label = format!("action=\"{action}\"");
        shows(&server, "datastored_audit_events_total", &[&label], 1.0).await;
    }
}

#[tokio::test]
async fn files_that_are_read_again_are_counted_by_how_that_went() {
    let folder = TempDir::new().unwrap();
    let server = Datastored::start_in(folder.path(), &SHOWN);
    server.signal(Signal::HUP);
    let labels = |outcome| ["what=\"the key file\"", outcome];
    let reloads = "datastored_reloads_total";
    shows(&server, reloads, &labels("outcome=\"ok\""), 1.0).await;
    std::fs::write(folder.path().join("datastored.key"), "no keys").unwrap();
    shows(&server, reloads, &labels("outcome=\"error\""), 1.0).await;
}

#[tokio::test]
async fn what_tests_have_left_is_open_until_it_is_gone_also_after_a_restart() {
    let s3 = lab::moto().await;
    let folder = TempDir::new().unwrap();
    let open = "datastored_residue_open";
    let server = Datastored::start_in(folder.path(), &SHOWN);
    let bucket = versioned_bucket(&s3).await;
    let uri = format!("s3://{bucket}/here");
    let may_not = config(&s3, &uri, &s3.user(&policies::enrichment(&bucket)).await);
    let left = report(&server, may_not, Role::Enrichment).await;
    assert!(!left.residue.is_empty());
    shows(&server, open, &[], 1.0).await;
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());

    let server = Datastored::start_in(folder.path(), &SHOWN);
    shows(&server, open, &[], 1.0).await;
    let may = config(&s3, &uri, s3.admin());
    report(&server, may, Role::Enrichment).await;
    shows(&server, open, &[], 0.0).await;
}

#[tokio::test]
async fn the_process_says_its_version_its_start_its_memory_and_its_files() {
    let server = start(&[]);
    let page = Page::of(&server).await;
    let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
    let build = page.value("datastored_build_info", &[&version]);
    assert!((build - 1.0).abs() < 0.5, "{}", page.0);
    assert!(page.value("datastored_process_resident_memory_bytes", &[]) > 1e6);
    let files = std::fs::read_dir(format!("/proc/{}/fd", server.pid()));
    let files = files.expect("it runs").count();
    let open = page.value("datastored_process_open_fds", &[]);
    // The connection that the page was read on is closed by now.
    assert!(
        (open - f64::from(u32::try_from(files).unwrap())).abs() <= 2.0,
        "{open} {files}"
    );
    assert!(page.value("datastored_process_max_fds", &[]) >= open);
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let age = since.as_secs_f64() - page.value("datastored_process_start_time_seconds", &[]);
    assert!((0.0..60.0).contains(&age), "{age}");
}
