//! A server that is killed at any step of a test cleans up when it is started again.

use std::sync::Arc;

use datastored::pb::Role;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::{comes_to_hold, ledger, stop};
use crate::connection::watch::watch;
use crate::connection::{behind_a_proxy, put};
use crate::lab::proxy::{Held, Proxy};
use crate::lab::{self, Server};
use crate::server::Datastored;

/// How far the call has come when the server is killed.
#[derive(Clone, Copy, Debug)]
enum Call {
    /// It has not reached the store, and never will: the connection goes with the server.
    OnItsWay,
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
    /// Whether the writing has begun by then; nothing makes it wait for the lists.
    writing: Option<bool>,
}

const fn listing(operation: &'static str) -> Moment {
    Moment {
        operation,
        call: Call::OnItsWay,
        after: None,
        writing: None,
    }
}

const fn guarding(operation: &'static str, call: Call) -> Moment {
    Moment {
        operation,
        call,
        after: None,
        writing: Some(false),
    }
}

const fn writing(operation: &'static str, call: Call) -> Moment {
    Moment {
        operation,
        call,
        after: None,
        writing: Some(true),
    }
}

const fn removing(operation: &'static str, after: &'static str, call: Call) -> Moment {
    Moment {
        operation,
        call,
        after: Some(after),
        writing: Some(true),
    }
}

const MOMENTS: [Moment; 16] = [
    listing("ListObjectsV2"),
    listing("ListMultipartUploads"),
    guarding("DeleteObject", Call::OnItsWay),
    guarding("DeleteObject", Call::CarriedOut),
    guarding("AbortMultipartUpload", Call::OnItsWay),
    guarding("AbortMultipartUpload", Call::CarriedOut),
    writing("PutObject", Call::OnItsWay),
    writing("PutObject", Call::CarriedOut),
    writing("CreateMultipartUpload", Call::OnItsWay),
    writing("CreateMultipartUpload", Call::CarriedOut),
    writing("GetObject", Call::OnItsWay),
    writing("ListParts", Call::OnItsWay),
    removing("DeleteObject", "GetObject", Call::OnItsWay),
    removing("DeleteObject", "GetObject", Call::CarriedOut),
    removing("AbortMultipartUpload", "ListParts", Call::OnItsWay),
    removing("AbortMultipartUpload", "ListParts", Call::CarriedOut),
];

impl Moment {
    fn hold(&self, proxy: &Proxy) -> Held {
        match self.call {
            Call::OnItsWay => proxy.hold(self.operation),
            Call::CarriedOut => proxy.keep_answers(self.operation),
        }
    }
}

async fn is_killed_and_started_again(s3: Arc<Server>, moment: Moment) {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let server = Datastored::start_in(folder.path(), &[]);
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    put(&s3, &bucket, "kept", b"x").await;
    let (first, held) = match moment.after {
        Some(operation) => (Some(proxy.hold(operation)), None),
        None => (None, Some(moment.hold(&proxy))),
    };
    let _watched = watch(&server, config, Role::Enrichment).await;
    let held = match (first, held) {
        (Some(first), _) => {
            first.one_waits().await;
            let held = moment.hold(&proxy);
            first.release();
            held
        }
        (None, held) => held.expect("one of the two is held"),
    };
    held.one_waits().await;
    server.signal(Signal::KILL);
    server.ended().await;
    // What was on its way is lost with the connection.
    held.none_waits().await;
    let noted = ledger(folder.path()).await;
    if let Some(writing) = moment.writing {
        assert_eq!(!noted.is_empty(), writing, "{moment:?}: {noted:?}");
    }

    proxy.mend();
    let server = Datastored::start_in(folder.path(), &[]);
    comes_to_hold(&s3, &bucket, &["kept"]).await;
    stop(server).await;
    assert_eq!(ledger(folder.path()).await, [], "{moment:?}");
}

async fn a_server_that_is_killed_cleans_up_when_it_is_started_again(s3: Arc<Server>) {
    let mut cases = JoinSet::new();
    for moment in MOMENTS {
        cases.spawn(is_killed_and_started_again(Arc::clone(&s3), moment));
    }
    cases.join_all().await;
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
