//! Whatever clients do at once, each call takes effect at one moment between its beginning and its end: the histories of real calls are checked for it.

mod checker;
mod checks;
mod clients;
mod model;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinSet;

use crate::server::Datastored;
use checker::check;
use clients::Client;

const CLIENTS: usize = 8;
const CALLS: usize = 1_250;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_calls_at_once_are_linearizable() {
    let server = Datastored::start(&["--audit-events", "100"]);
    let clock = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let client = Client::new(server.client().await, number, Arc::clone(&clock));
        clients.spawn(client.call(CALLS));
    }
    let history: Vec<_> = clients.join_all().await.into_iter().flatten().collect();
    assert_eq!(history.len(), CLIENTS * CALLS);
    assert_eq!(clock.load(Ordering::SeqCst), 2 * history.len());
    let happened = |what: &str| {
        history
            .iter()
            .filter(|c| c.operation.what() == what)
            .count()
    };
    for what in model::KINDS {
        assert!(
            happened(what) > 20,
            "{what} happened {} times",
            happened(what)
        );
    }
    if let Err(violation) = check(&history) {
        panic!("{violation}");
    }
}
