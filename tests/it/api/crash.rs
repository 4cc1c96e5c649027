//! A server that is killed, or told to stop, in the middle of writes comes back with all that it acknowledged.

use std::collections::BTreeMap;

use datastored::pb::{self, ErrorReason};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{Client, change, creation, get, labels, refused, removal, s3, s3_mut, sent, source};
use crate::server::Datastored;

const WRITERS: usize = 8;
/// How many writes are acknowledged in each round before the server goes.
const ROUNDS: [usize; 4] = [60, 1, 150, 90];

/// What one datastore is, as far as it matters here; `None` when there is none.
type State = Option<(String, String)>;

/// What is known of one datastore: the last acknowledged state, and the one that was asked for when the server went.
#[derive(Clone, Debug, Default)]
struct Known {
    acknowledged: State,
    asked_for: Option<State>,
    /// Display names that it has had, and gave up.
    former: Vec<String>,
}

type Model = BTreeMap<String, Known>;

fn described(id: &str, (display_name, version): &(String, String)) -> pb::Datastore {
    let mut datastore = source(display_name);
    datastore.name = format!("datastores/{id}");
    datastore.labels = labels(&[("version", version)]);
    datastore.role = pb::Role::Enrichment.into();
    s3_mut(&mut datastore).region = format!("eu-{version}");
    datastore
}

/// The state after the one that is known: created, renamed, changed, deleted, and so on.
fn next(id: &str, known: &Known, step: usize) -> State {
    let version = format!("v{step}");
    match (&known.acknowledged, step % 4) {
        (None, _) => Some((format!("{id} {step}"), version)),
        (Some(_), 1) => Some((format!("{id} renamed {step}"), version)),
        (Some((name, _)), 2 | 3) => Some((name.clone(), version)),
        (Some(_), _) => None,
    }
}

/// Brings about a state; says whether that was acknowledged.
async fn write(client: &mut Client, id: &str, from: &State, to: &State) -> bool {
    let name = format!("datastores/{id}");
    match (from, to) {
        (_, None) => client.delete_datastore(removal(&name)).await.is_ok(),
        (None, Some(state)) => {
            let mut datastore = described(id, state);
            datastore.name.clear();
            let mut request = creation(datastore);
            id.clone_into(&mut request.datastore_id);
            client.create_datastore(request).await.is_ok()
        }
        (Some(_), Some(state)) => {
            let request = change(described(id, state), &["*"]);
            client.update_datastore(request).await.is_ok()
        }
    }
}

/// Writes to a few datastores in turn until the server is gone, and returns what is known of them.
async fn writer(
    mut client: Client,
    mut mine: Model,
    start: usize,
    acks: mpsc::Sender<()>,
) -> Model {
    for step in start.. {
        for (id, known) in &mut mine {
            let to = next(id, known, step);
            if !write(&mut client, id, &known.acknowledged, &to).await {
                known.asked_for = Some(to);
                return mine;
            }
            let from = std::mem::replace(&mut known.acknowledged, to);
            let given_up =
                from.filter(|from| known.acknowledged.as_ref().is_none_or(|to| to.0 != from.0));
            known.former.extend(given_up.map(|state| state.0));
            // Nobody counts any more when the server has been told to go.
            let _ = acks.send(()).await;
        }
    }
    mine
}

/// One round: writers at work until enough is acknowledged, then the signal.
async fn round(server: Datastored, model: Model, count: usize, signal: Signal) -> Model {
    let (acks, mut acknowledged) = mpsc::channel(WRITERS);
    let mut shares = vec![Model::new(); WRITERS];
    for (index, entry) in model.into_iter().enumerate() {
        shares[index % WRITERS].extend([entry]);
    }
    let mut writers = JoinSet::new();
    for share in shares {
        writers.spawn(writer(server.client().await, share, count, acks.clone()));
    }
    drop(acks);
    for _ in 0..count {
        acknowledged.recv().await.expect("the writers go on");
    }
    server.signal(signal);
    let ended = tokio::spawn(server.ended());
    while acknowledged.recv().await.is_some() {}
    let models = writers.join_all().await;
    let status = ended.await.expect("waiting does not panic");
    assert_eq!(status.success(), signal == Signal::TERM, "{status}");
    models.into_iter().flatten().collect()
}

/// Compares what is stored with what is known, and settles what was left open.
async fn check(client: &mut Client, model: &mut Model) {
    let mut expected = Vec::new();
    for (id, known) in model.iter_mut() {
        let stored = match get(client, &format!("datastores/{id}")).await {
            Ok(stored) => Some(stored),
            error => {
                refused(error, ErrorReason::DatastoreNotFound);
                None
            }
        };
        let found = stored.as_ref().map(|stored| {
            let version = stored.labels["version"].clone();
            (stored.display_name.clone(), version)
        });
        let open = known.asked_for.take();
        if known.acknowledged != found {
            assert_eq!(open, Some(found.clone()), "{id}: {known:?}");
            known.former.extend(known.acknowledged.take().map(|s| s.0));
            known
                .former
                .retain(|f| found.as_ref().is_none_or(|s| s.0 != *f));
            known.acknowledged = found;
        }
        if let Some(stored) = stored {
            assert_eq!(stored.role(), pb::Role::Enrichment);
            assert_eq!(
                s3(&stored).region,
                format!("eu-{}", stored.labels["version"])
            );
            assert_eq!(s3(&stored).access_key_id, "AKIAIOSFODNN7EXAMPLE");
            expected.push(stored);
        }
    }
    indexes_agree(client, model, expected).await;
}

async fn indexes_agree(client: &mut Client, model: &Model, expected: Vec<pb::Datastore>) {
    for order_by in ["name", "display_name", "create_time"] {
        let request = pb::ListDatastoresRequest {
            page_size: 1000,
            order_by: order_by.to_owned(),
            ..pb::ListDatastoresRequest::default()
        };
        let mut listed = sent(client.list_datastores(request).await).datastores;
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        assert_eq!(listed, expected, "by {order_by}");
    }
    for known in model.values() {
        if let Some((taken, _)) = &known.acknowledged {
            let answer = client.create_datastore(creation(source(taken))).await;
            refused(answer, ErrorReason::DisplayNameTaken);
        }
        for free in &known.former {
            let mut request = creation(source(free));
            request.validate_only = true;
            sent(client.create_datastore(request).await);
        }
    }
}

async fn rounds(signal: Signal) {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let ids = (0..WRITERS * 3).map(|n| format!("d{n:02}"));
    let mut model: Model = ids.map(|id| (id, Known::default())).collect();
    for count in ROUNDS {
        let server = Datastored::start_in(folder.path(), &[]);
        check(&mut server.client().await, &mut model).await;
        model = round(server, model, count, signal).await;
    }
    let server = Datastored::start_in(folder.path(), &[]);
    check(&mut server.client().await, &mut model).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_during_writes_comes_back_with_every_acknowledged_one() {
    rounds(Signal::KILL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_stopped_during_writes_comes_back_with_every_acknowledged_one() {
    rounds(Signal::TERM).await;
}
