//! A server that is killed at any step of a test cleans up when it is started again.

use std::path::Path;
use std::sync::Arc;

use datastored::model::residue::{Leftover, Trace};
use datastored::pb::{self, Role};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::{comes_to_hold, ledger, stop};
use crate::connection::remedy::carry_out;
use crate::connection::versions::{left_in, versioned_bucket};
use crate::connection::watch::watch;
use crate::connection::{behind_a_proxy, logged, put, report, through};
use crate::lab::proxy::{Held, Proxy};
use crate::lab::{self, Server, policies};
use crate::server::Datastored;

/// How far the call has come when the server is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// It has not reached the store, and never will: the connection goes with the server.
    OnItsWay,
    /// It has not reached the store, and does so when the next server has looked for what it makes.
    Late,
    /// The store has carried it out; its answer has not arrived.
    CarriedOut,
}

/// A moment of an enrichment test.
#[derive(Clone, Copy, Debug)]
struct Moment {
    operation: &'static str,
    call: Call,
    /// The operation that comes before it, where a guard calls the same one at the beginning.
    after: Option<&'static str>,
    /// Whether something is noted by then; nothing makes it wait for the lists.
    noted: Option<bool>,
}

const fn at(operation: &'static str, call: Call, noted: Option<bool>) -> Moment {
    Moment {
        operation,
        call,
        after: None,
        noted,
    }
}

const fn removing(operation: &'static str, after: &'static str, call: Call) -> Moment {
    Moment {
        operation,
        call,
        after: Some(after),
        noted: Some(true),
    }
}

const MOMENTS: [Moment; 18] = [
    at("ListObjectsV2", Call::OnItsWay, None),
    at("ListMultipartUploads", Call::OnItsWay, None),
    at("DeleteObject", Call::OnItsWay, Some(true)),
    at("DeleteObject", Call::CarriedOut, Some(true)),
    at("AbortMultipartUpload", Call::OnItsWay, None),
    at("AbortMultipartUpload", Call::CarriedOut, None),
    at("PutObject", Call::OnItsWay, Some(true)),
    at("PutObject", Call::Late, Some(true)),
    at("PutObject", Call::CarriedOut, Some(true)),
    at("CreateMultipartUpload", Call::OnItsWay, Some(true)),
    at("CreateMultipartUpload", Call::Late, Some(true)),
    at("CreateMultipartUpload", Call::CarriedOut, Some(true)),
    at("GetObject", Call::OnItsWay, Some(true)),
    at("ListParts", Call::OnItsWay, Some(true)),
    removing("DeleteObject", "GetObject", Call::OnItsWay),
    removing("DeleteObject", "GetObject", Call::CarriedOut),
    removing("AbortMultipartUpload", "ListParts", Call::OnItsWay),
    removing("AbortMultipartUpload", "ListParts", Call::CarriedOut),
];

/// Those at which a versioned bucket has kept something, or may have.
const OF_VERSIONS: [Moment; 6] = [
    at("DeleteObject", Call::OnItsWay, Some(true)),
    at("DeleteObject", Call::CarriedOut, Some(true)),
    at("PutObject", Call::OnItsWay, Some(true)),
    at("PutObject", Call::CarriedOut, Some(true)),
    removing("DeleteObject", "GetObject", Call::OnItsWay),
    removing("DeleteObject", "GetObject", Call::CarriedOut),
];

impl Moment {
    fn hold(&self, proxy: &Proxy) -> Held {
        match self.call {
            Call::OnItsWay | Call::Late => proxy.hold(self.operation),
            Call::CarriedOut => proxy.keep_answers(self.operation),
        }
    }
}

/// Kills a server at a moment, and returns what it had noted.
async fn killed(
    folder: &Path,
    proxy: &Proxy,
    config: pb::S3Config,
    moment: Moment,
) -> Vec<Leftover> {
    let server = Datastored::start_in(folder, &[]);
    let (first, held) = match moment.after {
        Some(operation) => (Some(proxy.hold(operation)), None),
        None => (None, Some(moment.hold(proxy))),
    };
    let _watched = watch(&server, config, Role::Enrichment).await;
    let held = match (first, held) {
        (Some(first), _) => {
            first.one_waits().await;
            let held = moment.hold(proxy);
            first.release();
            held
        }
        (None, held) => held.expect("one of the two is held"),
    };
    held.one_waits().await;
    server.signal(Signal::KILL);
    server.ended().await;
    // What was on its way is lost with the connection; what the store has been handed it carries out before the next server looks.
    proxy.is_idle().await;
    proxy.mend();
    let noted = ledger(folder).await;
    if let Some(expected) = moment.noted {
        assert_eq!(!noted.is_empty(), expected, "{moment:?}: {noted:?}");
    }
    noted
}

async fn is_killed_and_started_again(s3: Arc<Server>, moment: Moment) {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    put(&s3, &bucket, "kept", b"x").await;
    let noted = killed(folder.path(), &proxy, config, moment).await;
    let look = match moment.operation {
        "CreateMultipartUpload" => "ListMultipartUploads",
        _ => "GetObject",
    };
    let first = (moment.call == Call::Late).then(|| proxy.hold(look));
    let server = Datastored::start_in(folder.path(), &[]);
    if let Some(first) = first {
        first.one_waits().await;
        proxy.mend();
        let second = proxy.hold(look);
        first.release();
        second.one_waits().await;
        lands(&s3, &bucket, &noted, moment).await;
        second.release();
    }
    if !noted.is_empty() {
        logged(&server, "had left is removed").await;
    }
    comes_to_hold(&s3, &bucket, &["kept"]).await;
    stop(server).await;
    assert_eq!(ledger(folder.path()).await, [], "{moment:?}");
}

/// The store carries out what was on its way.
async fn lands(s3: &Server, bucket: &str, noted: &[Leftover], moment: Moment) {
    for trace in noted.iter().flat_map(|leftover| &leftover.traces) {
        match (moment.operation, trace) {
            ("PutObject", Trace::Object { key }) => put(s3, bucket, key, b"late").await,
            ("CreateMultipartUpload", Trace::Upload { key, .. }) => {
                let call = s3.s3().create_multipart_upload();
                let sent = call.bucket(bucket).key(key).send().await;
                sent.expect("the administrator may start an upload");
            }
            _ => {}
        }
    }
}

/// What may not be removed is listed by the next test, and its commands leave nothing.
async fn is_killed_over_a_versioned_bucket(s3: Arc<Server>, moment: Moment) {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let bucket = versioned_bucket(&s3).await;
    let keys = s3.user(&policies::enrichment(&bucket)).await;
    let proxy = Proxy::start(s3.endpoint()).await;
    let config = through(proxy.endpoint(), &format!("s3://{bucket}/here"), &keys);
    killed(folder.path(), &proxy, config.clone(), moment).await;
    let server = Datastored::start_in(folder.path(), &[]);
    let next = report(&server, config, Role::Source).await;
    let of_versions = next.residue.iter();
    let of_versions = of_versions
        .filter(|r| !r.version_id.is_empty() || r.remedy.contains("list-object-versions"));
    for residue in of_versions {
        carry_out(&s3, proxy.endpoint(), &residue.remedy).await;
    }
    let left = left_in(&s3, &bucket).await;
    assert!(left.is_empty(), "{moment:?}: {left:?}: {:?}", next.residue);
    stop(server).await;
}

async fn a_server_that_is_killed_cleans_up_when_it_is_started_again(s3: Arc<Server>) {
    let mut cases = JoinSet::new();
    for moment in MOMENTS {
        cases.spawn(is_killed_and_started_again(Arc::clone(&s3), moment));
    }
    cases.join_all().await;
}

async fn a_versioned_bucket_keeps_nothing_that_is_not_listed_after_a_crash(s3: Arc<Server>) {
    let mut cases = JoinSet::new();
    for moment in OF_VERSIONS {
        cases.spawn(is_killed_over_a_versioned_bucket(Arc::clone(&s3), moment));
    }
    cases.join_all().await;
}

#[tokio::test]
async fn on_moto_a_versioned_bucket_keeps_nothing_that_is_not_listed_after_a_crash() {
    a_versioned_bucket_keeps_nothing_that_is_not_listed_after_a_crash(lab::moto().await).await;
}

#[tokio::test]
async fn on_seaweedfs_a_versioned_bucket_keeps_nothing_that_is_not_listed_after_a_crash() {
    a_versioned_bucket_keeps_nothing_that_is_not_listed_after_a_crash(lab::seaweedfs().await).await;
}

#[tokio::test]
async fn on_moto_a_server_that_is_killed_cleans_up_when_it_is_started_again() {
    a_server_that_is_killed_cleans_up_when_it_is_started_again(lab::moto().await).await;
}

#[tokio::test]
async fn on_seaweedfs_a_server_that_is_killed_cleans_up_when_it_is_started_again() {
    a_server_that_is_killed_cleans_up_when_it_is_started_again(lab::seaweedfs().await).await;
}

#[tokio::test]
async fn on_s3s_a_server_that_is_killed_cleans_up_when_it_is_started_again() {
    a_server_that_is_killed_cleans_up_when_it_is_started_again(lab::s3s().await).await;
}
