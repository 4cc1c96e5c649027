//! Events and commits: how many there are, and what becomes of an event when a commit fails.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::SystemTime;

use tracing_subscriber::fmt::MakeWriter;
use uuid::Uuid;

use super::{EventQuery, Registry, Trail};
use crate::metrics::AuditEvents;
use crate::model::Error;
use crate::model::audit::{Action, Actor, Attempt, Deed};
use crate::model::call_id::CallId;
use crate::model::claim::Claim;
use crate::model::credentials::Credentials;
use crate::model::datastore::S3Config;
use crate::model::filter::EventFilter;
use crate::model::location::Location;
use crate::model::name::{DatastoreId, DisplayName, Labels};
use crate::model::region::Region;
use crate::model::role::Role;
use crate::registry::testing::keys_in;
use crate::registry::{Change, Create, Delete, Enrichment, Link, New, Proven, Update};
use crate::report::{Report, Subject, Tested};
use crate::store::{self, Entry, Revision, Scan, Sled, Store, Txn};

/// A store whose next commits end like this, before they are tried.
struct Failing {
    store: Sled,
    next: Mutex<VecDeque<store::Error>>,
    commits: AtomicUsize,
}

impl Store for Failing {
    async fn get(&self, key: &[u8]) -> Result<Option<Entry>, store::Error> {
        self.store.get(key).await
    }

    async fn scan(&self, scan: Scan) -> Result<Vec<Entry>, store::Error> {
        self.store.scan(scan).await
    }

    async fn commit(&self, txn: Txn) -> Result<Revision, store::Error> {
        self.commits.fetch_add(1, Ordering::Relaxed);
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
            commits: AtomicUsize::new(0),
        });
        let registry = Registry::open(
            Arc::clone(&store),
            keys_in(folder.path()),
            SystemTime::now,
            50,
        )
        .await;
        Self {
            registry: registry
                .unwrap()
                .auditing(events, AuditEvents::default())
                .await
                .unwrap(),
            store,
            _folder: folder,
        }
    }

    fn fail(&self, errors: impl IntoIterator<Item = store::Error>) {
        self.store.next.lock().unwrap().extend(errors);
    }

    /// Asserts that this is one commit, and makes one event.
    async fn commits_once<T: std::fmt::Debug>(&self, work: impl Future<Output = Result<T, Error>>) {
        let before = self.kept().await.len();
        self.store.commits.store(0, Ordering::Relaxed);
        let done = work.await.unwrap();
        let commits = self.store.commits.load(Ordering::Relaxed);
        assert_eq!(commits, 1, "{done:?}");
        assert_eq!(self.kept().await.len(), before + 1, "{done:?}");
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
        call_id: CallId::random(),
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

fn creation(id: &str, role: Role) -> Create {
    let location = Location::parse(&format!("s3://data/{id}")).unwrap();
    Create {
        new: New {
            id: Some(DatastoreId::parse(id).unwrap()),
            display_name: DisplayName::parse(id).unwrap(),
            role,
            s3: S3Config {
                bucket: location.bucket().clone(),
                prefix: location.prefix().clone(),
                region: Region::default(),
                endpoint: None,
                addressing_style: None,
                ca_certificates: None,
                credentials: Credentials::Anonymous,
            },
            labels: Labels::default(),
            tested: None,
        },
        enrichment: Enrichment::None,
        share_prefix: false,
        request: None,
        validate_only: false,
        audit: Some(attempt(id)),
    }
}

fn deletion(id: &str) -> Delete {
    Delete {
        id: DatastoreId::parse(id).unwrap(),
        revision: None,
        request: None,
        validate_only: false,
        force: false,
        seen_by: Labels::default(),
        audit: Some(attempt(id)),
    }
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

/// What all tests log. One for each test would not do: tracing remembers for all threads what it has found out on one.
static LINES: LazyLock<Lines> = LazyLock::new(|| {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_writer(lines.clone());
    // Whoever was faster collects them.
    let _ = tracing::subscriber::set_global_default(subscriber.finish());
    lines
});

impl Lines {
    /// The lines with these words in them.
    fn with(&self, words: &str) -> Vec<String> {
        let bytes = self.0.lock().unwrap().clone();
        let log = String::from_utf8(bytes).unwrap();
        let found = log.lines().filter(|line| line.contains(words));
        found.map(str::to_owned).collect()
    }
}

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
    let lines = &*LINES;
    let lab = Lab::keeping(9).await;
    lab.fail([disk_full()]);
    lab.registry
        .note(&attempt("datastores/unkept"), "ETAG_MISMATCH", None)
        .await;
    assert_eq!(lab.kept().await, []);
    let told = lines.with("datastores/unkept");
    assert_eq!(told.len(), 1, "{told:?}");
    for word in ["audit event", "ETAG_MISMATCH", "token:ci"] {
        assert!(told[0].contains(word), "{word}: {told:?}");
    }
}

/// A text of the caller's cannot make a line of its own, in the form for people either.
#[tokio::test]
async fn a_line_of_the_log_stays_one_line() {
    let lines = &*LINES;
    let lab = Lab::keeping(0).await;
    let forged = attempt("s3://begins\nINFO audit event ends/");
    lab.registry.note(&forged, "NOPE", None).await;
    let told = lines.with("s3://begins");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told, lines.with("INFO audit event ends/"));
}

/// With their events and without, these are one commit each: neither is ever there without the other.
#[tokio::test]
async fn a_change_and_its_event_are_one_commit() {
    let lab = Lab::keeping(9).await;
    let (source, enrichment) = (Role::Source, Role::Enrichment);
    for (id, role) in [("orders", source), ("anomalies", enrichment)] {
        let create = creation(id, role);
        lab.commits_once(lab.registry.create(create)).await;
    }
    let id = |id: &str| DatastoreId::parse(id).unwrap();
    let link = |to: Option<&str>| Link {
        seen_by: Labels::default(),
        id: id("orders"),
        enrichment: to.map(id),
        share_prefix: false,
        revision: None,
        request: None,
        validate_only: false,
        audit: Some(attempt("datastores/orders")),
    };
    for to in [Some("anomalies"), None] {
        lab.commits_once(lab.registry.link(link(to))).await;
    }
    let update = Update {
        uid: None,
        seen_by: Labels::default(),
        id: id("orders"),
        revision: None,
        change: Change {
            display_name: Some(DisplayName::parse("All orders").unwrap()),
            ..Change::default()
        },
        request: None,
        validate_only: false,
        share_prefix: false,
        proven: Proven::NoChange,
        audit: Some(attempt("datastores/orders")),
    };
    lab.commits_once(lab.registry.update(update)).await;
    let (anomalies, asked) = (
        lab.registry.get(&id("anomalies")).await,
        attempt("datastores/anomalies"),
    );
    let claim = Claim {
        time: SystemTime::now(),
        enforced: true,
        confirmed: true,
    };
    let anomalies = anomalies.unwrap().datastore;
    let noted = lab
        .registry
        .note_claim(&anomalies, Some(claim), Some(&asked));
    lab.commits_once(noted).await;
    let orders = lab.registry.get(&id("orders")).await.unwrap().datastore;
    let saved = Subject::Saved {
        id: orders.id,
        uid: orders.uid,
    };
    for subject in [saved, Subject::Unsaved] {
        let (s3, role) = (orders.s3.clone(), orders.role);
        let tested = Tested { subject, s3, role };
        let (mut report, asked) = (Report::passed(), attempt("datastores/orders"));
        let recorded = lab.registry.record_test(&tested, &mut report, Some(&asked));
        lab.commits_once(recorded).await;
    }
    let removal = deletion("orders");
    lab.commits_once(lab.registry.delete(removal)).await;
}

#[tokio::test]
async fn a_change_that_the_store_refuses_leaves_no_event_of_it() {
    let lab = Lab::keeping(9).await;
    let answer = lab.registry.delete(deletion("gone")).await;
    assert!(matches!(answer, Err(Error::DatastoreNotFound(_))));
    lab.fail([disk_full()]);
    let event = lab.registry.change(Some(&attempt("datastores/a")));
    let done = lab.registry.committed_with(Txn::new(), event).await;
    assert!(matches!(done, Err(Error::StoreUnavailable(_))));
    assert_eq!(lab.kept().await, []);
}

#[test]
fn an_event_is_kept_though_the_clock_was_set_back() {
    let id = Uuid::from_u128;
    let trail = Trail {
        written: AuditEvents::default(),
        keep: 3,
        ids: Mutex::new([id(5), id(6), id(7)].into()),
    };
    assert_eq!(trail.take_oldest(id(1)), [id(5)]);
    assert!(trail.ids().contains(&id(1)));
}
