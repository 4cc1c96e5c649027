//! Events on a store whose commits fail.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use tracing_subscriber::fmt::MakeWriter;
use uuid::Uuid;

use super::{EventQuery, Registry};
use crate::model::Error;
use crate::model::audit::{Action, Actor, Attempt, Deed};
use crate::model::filter::EventFilter;
use crate::model::name::DatastoreId;
use crate::model::name::Labels;
use crate::registry::Delete;
use crate::registry::testing::keys_in;
use crate::store::{self, Entry, Revision, Scan, Sled, Store, Txn};

/// A store whose next commits end like this, before they are tried.
struct Failing {
    store: Sled,
    next: Mutex<VecDeque<store::Error>>,
}

impl Store for Failing {
    async fn get(&self, key: &[u8]) -> Result<Option<Entry>, store::Error> {
        self.store.get(key).await
    }

    async fn scan(&self, scan: Scan) -> Result<Vec<Entry>, store::Error> {
        self.store.scan(scan).await
    }

    async fn commit(&self, txn: Txn) -> Result<Revision, store::Error> {
        let failure = self.next.lock().unwrap().pop_front();
        match failure {
            Some(error) => Err(error),
            None => self.store.commit(txn).await,
        }
    }
}

struct Lab {
    store: Arc<Failing>,
    registry: Registry<Failing>,
    _folder: tempfile::TempDir,
}

impl Lab {
    async fn keeping(events: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Failing {
            store: Sled::open(folder.path()).unwrap(),
            next: Mutex::default(),
        });
        let registry = Registry::open(
            Arc::clone(&store),
            keys_in(folder.path()),
            SystemTime::now,
            50,
        )
        .await;
        Self {
            registry: registry.unwrap().auditing(events).await.unwrap(),
            store,
            _folder: folder,
        }
    }

    fn fail(&self, errors: impl IntoIterator<Item = store::Error>) {
        self.store.next.lock().unwrap().extend(errors);
    }

    /// Resource and outcome of each event that is kept, the newest first.
    async fn kept(&self) -> Vec<(String, String)> {
        let query = EventQuery {
            filter: EventFilter::default(),
            page_size: 100,
            after: None,
        };
        let page = self.registry.events(query).await.unwrap();
        let seen = page.items.into_iter().map(|e| (e.resource, e.outcome));
        seen.collect()
    }
}

fn attempt(resource: &str) -> Arc<Attempt> {
    let actor = Actor {
        caller: "token:ci".to_owned(),
        address: None,
        call_id: Uuid::new_v4(),
    };
    let deed = Deed {
        action: Action::DeleteDatastore,
        resource: resource.to_owned(),
        enrichment: None,
        changed_fields: Vec::new(),
        request_id: None,
    };
    Arc::new(Attempt::new(actor, deed))
}

fn conflict() -> store::Error {
    store::Error::Conflict { key: Vec::new() }
}

fn disk_full() -> store::Error {
    store::Error::Unavailable("the disk is full".to_owned())
}

fn pair(resource: &str, outcome: &str) -> (String, String) {
    (resource.to_owned(), outcome.to_owned())
}

#[tokio::test]
async fn a_change_that_is_tried_again_has_one_event_and_takes_the_place_of_one() {
    let lab = Lab::keeping(2).await;
    let first = |number| attempt(&format!("datastores/{number}"));
    for number in 1..=2 {
        lab.registry.note(&first(number), "REFUSED", None).await;
    }
    let change = attempt("datastores/3");
    for _ in 0..2 {
        lab.fail([conflict()]);
        let event = lab.registry.change(Some(&change));
        let done = lab.registry.committed_with(Txn::new(), event).await;
        assert_eq!(done.unwrap(), None);
    }
    let event = lab.registry.change(Some(&change));
    let done = lab.registry.committed_with(Txn::new(), event).await;
    assert!(done.unwrap().is_some());
    let expected = [pair("datastores/3", "OK"), pair("datastores/2", "REFUSED")];
    assert_eq!(lab.kept().await, expected);
}

#[tokio::test]
async fn what_has_an_event_gets_no_second_one() {
    let lab = Lab::keeping(9).await;
    let change = attempt("datastores/a");
    let event = lab.registry.change(Some(&change));
    let done = lab.registry.committed_with(Txn::new(), event).await;
    assert!(done.unwrap().is_some());
    lab.registry.note(&change, "CANCELLED", None).await;
    assert_eq!(lab.kept().await, [pair("datastores/a", "OK")]);
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn an_event_that_the_store_cannot_keep_is_in_the_log() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_writer(lines.clone());
    let _here = tracing::subscriber::set_default(subscriber.finish());
    let lab = Lab::keeping(9).await;
    lab.fail([disk_full()]);
    lab.registry
        .note(&attempt("datastores/a"), "ETAG_MISMATCH", None)
        .await;
    assert_eq!(lab.kept().await, []);
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let told: Vec<&str> = log.lines().filter(|l| l.contains("audit event")).collect();
    let [line] = told[..] else {
        panic!("one line of it: {log}");
    };
    for word in ["datastores/a", "ETAG_MISMATCH", "token:ci"] {
        assert!(line.contains(word), "{word}: {line}");
    }
}

/// A text of the caller's cannot make a line of its own, in the form for people either.
#[tokio::test]
async fn a_line_of_the_log_stays_one_line() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_writer(lines.clone());
    let _here = tracing::subscriber::set_default(subscriber.finish());
    let lab = Lab::keeping(0).await;
    let forged = attempt("s3://logs/a\nINFO audit event outcome=OK/");
    lab.registry.note(&forged, "NOPE", None).await;
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
}

#[tokio::test]
async fn a_change_that_the_store_refuses_leaves_no_event_of_it() {
    let lab = Lab::keeping(9).await;
    let id = DatastoreId::parse("gone").unwrap();
    let delete = Delete {
        seen_by: Labels::default(),
        id,
        revision: None,
        request: None,
        validate_only: false,
        force: false,
        audit: Some(attempt("datastores/gone")),
    };
    let answer = lab.registry.delete(delete).await;
    assert!(matches!(answer, Err(Error::DatastoreNotFound(_))));
    lab.fail([disk_full()]);
    let event = lab.registry.change(Some(&attempt("datastores/a")));
    let done = lab.registry.committed_with(Txn::new(), event).await;
    assert!(matches!(done, Err(Error::StoreUnavailable(_))));
    assert_eq!(lab.kept().await, []);
}
