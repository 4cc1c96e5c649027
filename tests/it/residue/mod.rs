//! What a test may leave in a bucket is removed, or listed until it is: after a crash, a hang, a refusal; here is what these tests share.

mod crash;
mod hang;
mod places;
mod refusal;
mod running;
mod said;
mod versions;

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use datastored::model::residue::Leftover;
use datastored::pb;
use datastored::registry::{LostKeys, Registry};
use datastored::store::Sled;
use datastored::vault::KeyFile;
use rustix::process::Signal;

use crate::connection::behind_a_proxy;
use crate::connection::watch::{Watched, watch};
use crate::lab::proxy::{Held, Proxy};
use crate::lab::{Server, eventually};
use crate::server::Datastored;

/// What the ledger in a data folder holds, which no server has open.
async fn ledger(folder: &Path) -> Vec<Leftover> {
    let key_file = KeyFile::new(folder.join("datastored.key"));
    let keys = key_file.read().expect("the server has made a key file");
    let folder = folder.to_owned();
    let opened = tokio::task::spawn_blocking(move || Sled::open(&folder)).await;
    let store = opened.expect("opening does not panic");
    let store = Arc::new(store.expect("the store opens"));
    let keys = (keys, LostKeys::Refuse);
    let registry = Registry::open(Arc::clone(&store), keys, SystemTime::now, 50).await;
    let registry = registry.expect("the store can be read");
    let leftovers = registry.leftovers().await;
    store.close().await.expect("the store closes");
    leftovers.expect("the ledger can be read")
}

/// Stops a server, which brings its ledger up to date first.
async fn stop(server: Datastored) {
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());
}

/// Waits until a bucket holds these objects and no open upload.
async fn comes_to_hold(s3: &Server, bucket: &str, expected: &[&str]) {
    eventually(&format!("{bucket} holds {expected:?} alone"), || async {
        // While an object is being deleted, s3s cannot list.
        let listed = s3.s3().list_objects_v2().bucket(bucket).send().await;
        let holds = listed.is_ok_and(|page| {
            let keys = page.contents().iter().filter_map(|object| object.key());
            keys.eq(expected.iter().copied())
        });
        holds && s3.open_uploads(bucket).await.is_empty()
    })
    .await;
}

/// A test whose canary and upload are in the bucket, with the calls that would go on held.
pub struct Midway {
    pub watched: Watched,
    pub proxy: Proxy,
    pub bucket: String,
    pub config: pb::S3Config,
    pub held: [Held; 2],
}

pub async fn midway(server: &Datastored, s3: &Server) -> Midway {
    let (proxy, bucket, config) = behind_a_proxy(s3).await;
    let held = [proxy.hold("GetObject"), proxy.hold("ListParts")];
    let watched = watch(server, config.clone(), pb::Role::Enrichment).await;
    for held in &held {
        held.one_waits().await;
    }
    assert_eq!(s3.keys_in(&bucket).await.len(), 1, "the canary is there");
    assert_eq!(s3.open_uploads(&bucket).await.len(), 1, "so is the upload");
    Midway {
        watched,
        proxy,
        bucket,
        config,
        held,
    }
}

/// The operations of the commands by which a report says that residue is removed, in alphabetical order.
fn removals_of(report: &pb::ConnectionTestReport) -> Vec<&str> {
    let commands = report.residue.iter().map(|residue| &residue.remedy);
    let operation = |command| {
        let command: &String = command;
        let (_, rest) = command.split_once(" s3api ").expect("a call of S3's API");
        rest.split(' ').next().expect("an operation")
    };
    let mut operations: Vec<&str> = commands.map(operation).collect();
    operations.sort_unstable();
    operations
}
