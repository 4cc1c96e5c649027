//! Tests of what happens when somebody else commits between a use case's look and its commit.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::testing::keys_in;
use super::{Create, Delete, Enrichment, Link, New, Proven, Registry, Request, S3Change, Update};
use crate::model::Error;
use crate::model::claim::{Claim, ClaimError};
use crate::model::credentials::Credentials;
use crate::model::datastore::S3Config;
use crate::model::link::LinkError;
use crate::model::location::Location;
use crate::model::name::{DatastoreId, DisplayName, Labels};
use crate::model::proof::ProofError;
use crate::model::region::Region;
use crate::model::role::Role;
use crate::registry::Change;
use crate::report::{Outcome, Report, Subject, Tested};
use crate::store::{self, Direction, Entry, Revision, Scan, Sled, Store, Txn};

type Meddling = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A store in which something else happens right before the next commit, or right after the next look.
struct Meddler {
    store: Arc<Sled>,
    before_commit: Mutex<Option<Meddling>>,
    after_get: Mutex<Option<Meddling>>,
}

async fn happen(slot: &Mutex<Option<Meddling>>) {
    let meddling = slot.lock().unwrap().take();
    if let Some(meddling) = meddling {
        meddling.await;
    }
}

impl Store for Meddler {
    async fn get(&self, key: &[u8]) -> Result<Option<Entry>, store::Error> {
        let found = self.store.get(key).await;
        happen(&self.after_get).await;
        found
    }

    async fn scan(&self, scan: Scan) -> Result<Vec<Entry>, store::Error> {
        self.store.scan(scan).await
    }

    async fn commit(&self, txn: Txn) -> Result<Revision, store::Error> {
        happen(&self.before_commit).await;
        self.store.commit(txn).await
    }
}

/// A registry on a store that is meddled with, and one on the store itself, by which others work.
struct Lab {
    meddler: Arc<Meddler>,
    ours: Registry<Meddler>,
    theirs: Arc<Registry<Sled>>,
    _folder: tempfile::TempDir,
}

impl Lab {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Sled::open(folder.path()).unwrap());
        let keys = || keys_in(folder.path());
        let theirs = Registry::open(Arc::clone(&store), keys(), SystemTime::now, 50).await;
        let meddler = Arc::new(Meddler {
            store,
            before_commit: Mutex::default(),
            after_get: Mutex::default(),
        });
        let ours = Registry::open(Arc::clone(&meddler), keys(), SystemTime::now, 50).await;
        let lab = Self {
            meddler,
            ours: ours.unwrap(),
            theirs: Arc::new(theirs.unwrap()),
            _folder: folder,
        };
        for (name, role, uri) in [
            ("orders", Role::Source, "s3://data/orders"),
            ("customers", Role::Source, "s3://data/customers"),
            ("anomalies", Role::Enrichment, "s3://quality/a"),
        ] {
            let create = creation(name, role, uri, Enrichment::None);
            lab.theirs.create(create).await.unwrap();
        }
        lab
    }

    /// Lets somebody do this right before the next commit of ours.
    fn meddle<F, T>(&self, work: impl FnOnce(Arc<Registry<Sled>>) -> F + Send + 'static)
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
        T: Send,
    {
        *self.meddler.before_commit.lock().unwrap() = Some(self.meddling(work));
    }

    /// Lets somebody do this right after the next look of ours, which is one for an earlier request of the same id.
    fn meddle_early<F, T>(&self, work: impl FnOnce(Arc<Registry<Sled>>) -> F + Send + 'static)
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
        T: Send,
    {
        *self.meddler.after_get.lock().unwrap() = Some(self.meddling(work));
    }

    fn meddling<F, T>(
        &self,
        work: impl FnOnce(Arc<Registry<Sled>>) -> F + Send + 'static,
    ) -> Meddling
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
        T: Send,
    {
        let theirs = Arc::clone(&self.theirs);
        Box::pin(async move {
            work(theirs).await.map(drop).unwrap();
        })
    }

    async fn enrichment_of(&self, source: &str) -> Option<DatastoreId> {
        self.theirs
            .get(&id(source))
            .await
            .unwrap()
            .datastore
            .enrichment
    }
}

fn id(text: &str) -> DatastoreId {
    DatastoreId::parse(text).unwrap()
}

fn config(uri: &str) -> S3Config {
    let location = Location::parse(uri).unwrap();
    S3Config {
        bucket: location.bucket().clone(),
        prefix: location.prefix().clone(),
        region: Region::default(),
        endpoint: None,
        addressing_style: None,
        ca_certificates: None,
        credentials: Credentials::Anonymous,
    }
}

fn creation(name: &str, role: Role, uri: &str, enrichment: Enrichment) -> Create {
    Create {
        new: New {
            id: Some(id(name)),
            display_name: DisplayName::parse(name).unwrap(),
            role,
            s3: config(uri),
            labels: Labels::default(),
            tested: None,
        },
        enrichment,
        // So that each guard is seen alone.
        share_prefix: true,
        request: None,
        validate_only: false,
        audit: None,
    }
}

fn link(source: &str, enrichment: Option<&str>) -> Link {
    Link {
        seen_by: Labels::default(),
        id: id(source),
        enrichment: enrichment.map(id),
        share_prefix: true,
        revision: None,
        request: None,
        validate_only: false,
        audit: None,
    }
}

fn removal(name: &str, force: bool) -> Delete {
    Delete {
        seen_by: Labels::default(),
        id: id(name),
        revision: None,
        request: None,
        validate_only: false,
        audit: None,
        force,
    }
}

fn moving(name: &str, uri: &str) -> Update {
    let s3 = S3Change {
        location: Some(Location::parse(uri).unwrap()),
        credentials: Some(Credentials::Anonymous),
        ..S3Change::default()
    };
    Update {
        uid: None,
        seen_by: Labels::default(),
        id: id(name),
        revision: None,
        change: Change {
            s3,
            ..Change::default()
        },
        request: None,
        validate_only: false,
        audit: None,
        share_prefix: true,
        proven: Proven::Waived,
    }
}

#[tokio::test]
async fn an_enrichment_datastore_that_goes_before_a_link_is_made_is_not_linked_to() {
    let lab = Lab::new().await;
    lab.meddle(|theirs| async move { theirs.delete(removal("anomalies", false)).await });
    let linked = lab.ours.link(link("orders", Some("anomalies"))).await;
    assert!(
        matches!(linked, Err(Error::DatastoreNotFound(_))),
        "{linked:?}"
    );
    assert_eq!(lab.enrichment_of("orders").await, None);
}

#[tokio::test]
async fn nor_is_a_source_created_with_a_link_to_it() {
    let lab = Lab::new().await;
    lab.meddle(|theirs| async move { theirs.delete(removal("anomalies", false)).await });
    let existing = Enrichment::Existing(id("anomalies"));
    let create = creation("more", Role::Source, "s3://data/more", existing);
    let created = lab.ours.create(create).await;
    assert!(
        matches!(created, Err(Error::DatastoreNotFound(_))),
        "{created:?}"
    );
    let more = lab.theirs.get(&id("more")).await;
    assert!(matches!(more, Err(Error::DatastoreNotFound(_))));
}

#[tokio::test]
async fn a_source_that_is_linked_before_its_enrichment_datastore_is_deleted_is_seen() {
    for force in [false, true] {
        let lab = Lab::new().await;
        lab.meddle(|theirs| async move { theirs.link(link("orders", Some("anomalies"))).await });
        let deleted = lab.ours.delete(removal("anomalies", force)).await;
        if force {
            deleted.unwrap();
            assert_eq!(lab.enrichment_of("orders").await, None);
        } else {
            let in_use = matches!(deleted, Err(Error::Link(LinkError::InUse { .. })));
            assert!(in_use, "{deleted:?}");
            assert_eq!(lab.enrichment_of("orders").await, Some(id("anomalies")));
        }
    }
}

#[tokio::test]
async fn a_source_that_goes_before_its_enrichment_datastore_is_deleted_by_force_stays_gone() {
    let lab = Lab::new().await;
    for source in ["orders", "customers"] {
        lab.theirs
            .link(link(source, Some("anomalies")))
            .await
            .unwrap();
    }
    lab.meddle(|theirs| async move { theirs.delete(removal("orders", false)).await });
    lab.ours.delete(removal("anomalies", true)).await.unwrap();
    let gone = lab.theirs.get(&id("orders")).await;
    assert!(matches!(gone, Err(Error::DatastoreNotFound(_))));
    assert_eq!(lab.enrichment_of("customers").await, None);
}

#[tokio::test]
async fn an_enrichment_datastore_does_not_move_onto_a_source_that_is_linked_meanwhile() {
    let lab = Lab::new().await;
    lab.meddle(|theirs| async move { theirs.link(link("orders", Some("anomalies"))).await });
    let moved = lab.ours.update(moving("anomalies", "s3://data")).await;
    let overlaps = matches!(moved, Err(Error::Link(LinkError::Overlap { .. })));
    assert!(overlaps, "{moved:?}");
}

#[tokio::test]
async fn a_source_is_not_linked_to_an_enrichment_datastore_that_moves_onto_it_meanwhile() {
    let lab = Lab::new().await;
    lab.meddle(|theirs| async move { theirs.update(moving("anomalies", "s3://data")).await });
    let linked = lab.ours.link(link("orders", Some("anomalies"))).await;
    let overlaps = matches!(linked, Err(Error::Link(LinkError::Overlap { .. })));
    assert!(overlaps, "{linked:?}");
}

#[tokio::test]
async fn a_linked_source_does_not_move_to_where_its_enrichment_datastore_moves_meanwhile() {
    let lab = Lab::new().await;
    lab.theirs
        .link(link("orders", Some("anomalies")))
        .await
        .unwrap();
    lab.meddle(|theirs| async move { theirs.update(moving("anomalies", "s3://new/a")).await });
    let moved = lab.ours.update(moving("orders", "s3://new")).await;
    let overlaps = matches!(moved, Err(Error::Link(LinkError::Overlap { .. })));
    assert!(overlaps, "{moved:?}");
}

#[tokio::test]
async fn of_two_links_the_later_one_replaces_the_earlier_one_whole() {
    let lab = Lab::new().await;
    let other = creation(
        "errors",
        Role::Enrichment,
        "s3://quality/b",
        Enrichment::None,
    );
    lab.theirs.create(other).await.unwrap();
    lab.meddle(|theirs| async move { theirs.link(link("orders", Some("errors"))).await });
    lab.ours
        .link(link("orders", Some("anomalies")))
        .await
        .unwrap();
    assert_eq!(lab.enrichment_of("orders").await, Some(id("anomalies")));
    // Nothing of the earlier link is left that would keep its enrichment datastore.
    lab.theirs.delete(removal("errors", false)).await.unwrap();
}

fn failed() -> Report {
    Report {
        outcome: Outcome::Failed,
        ..Report::passed()
    }
}

impl Lab {
    /// A test of a saved datastore as it is.
    async fn tested(&self, name: &str) -> Tested {
        let datastore = self.theirs.get(&id(name)).await.unwrap().datastore;
        Tested {
            subject: Subject::Saved {
                id: datastore.id,
                uid: datastore.uid,
            },
            s3: datastore.s3,
            role: datastore.role,
        }
    }
}

/// Another region, and nothing else.
fn to_region(name: &str, region: &str, proven: Proven) -> Update {
    let s3 = S3Change {
        region: Some(Some(Region::parse(region).unwrap())),
        ..S3Change::default()
    };
    Update {
        change: Change {
            s3,
            ..Change::default()
        },
        proven,
        ..moving(name, "s3://any")
    }
}

fn is_overtaken<T>(done: &Result<T, Error>) -> bool {
    matches!(done, Err(Error::Proof(ProofError::Overtaken(_))))
}

#[tokio::test]
async fn an_update_that_was_to_change_nothing_stores_no_connection_that_nobody_has_proven() {
    let lab = Lab::new().await;
    let same = to_region("orders", "us-east-1", Proven::NoChange);
    lab.meddle(|theirs| async move {
        let moved = to_region("orders", "eu-west-1", Proven::Waived);
        theirs.update(moved).await
    });
    let updated = lab.ours.update(same).await;
    assert!(is_overtaken(&updated), "{updated:?}");
}

#[tokio::test]
async fn a_test_proves_no_connection_that_somebody_else_has_changed_meanwhile() {
    let lab = Lab::new().await;
    let proven = Tested {
        subject: Subject::Unsaved,
        s3: S3Config {
            region: Region::parse("eu-west-1").unwrap(),
            ..config("s3://data/orders")
        },
        role: Role::Source,
    };
    let test = lab
        .theirs
        .record_test(&proven, &mut Report::passed(), None)
        .await
        .unwrap();
    lab.meddle(|theirs| async move { theirs.update(moving("orders", "s3://data/new")).await });
    let update = to_region("orders", "eu-west-1", Proven::By(test));
    let updated = lab.ours.update(update).await;
    assert!(is_overtaken(&updated), "{updated:?}");
}

#[tokio::test]
async fn a_test_that_ends_while_its_datastore_is_deleted_is_not_left_behind() {
    let lab = Lab::new().await;
    let tested = lab.tested("orders").await;
    lab.meddle(move |theirs| async move {
        theirs
            .record_test(&tested, &mut Report::passed(), None)
            .await
    });
    lab.ours.delete(removal("orders", false)).await.unwrap();
    let scan = Scan {
        prefix: b"test".to_vec(),
        after: None,
        limit: 10,
        direction: Direction::Ascending,
    };
    assert_eq!(lab.meddler.store.scan(scan).await.unwrap(), []);
}

#[tokio::test]
async fn a_test_of_a_datastore_that_is_deleted_meanwhile_is_kept_for_nobody() {
    let lab = Lab::new().await;
    let tested = lab.tested("orders").await;
    lab.meddle(|theirs| async move {
        theirs.delete(removal("orders", false)).await?;
        let again = creation("orders", Role::Source, "s3://data/orders", Enrichment::None);
        theirs.create(again).await
    });
    let recorded = lab
        .ours
        .record_test(&tested, &mut Report::passed(), None)
        .await;
    assert!(
        matches!(recorded, Err(Error::DatastoreNotFound(_))),
        "{recorded:?}"
    );
    let namesake = lab.theirs.get(&id("orders")).await.unwrap();
    assert_eq!(namesake.connection, None);
}

#[tokio::test]
async fn of_two_tests_the_one_that_began_later_says_what_is_known() {
    let lab = Lab::new().await;
    let tested = lab.tested("orders").await;
    let (mut earlier, mut later) = (Report::passed(), failed());
    later.start_time += Duration::from_secs(1);
    let theirs = tested.clone();
    lab.meddle(
        move |registry| async move { registry.record_test(&theirs, &mut later, None).await },
    );
    lab.ours
        .record_test(&tested, &mut earlier, None)
        .await
        .unwrap();
    let known = lab.theirs.get(&id("orders")).await.unwrap().connection;
    assert_eq!(known.unwrap().outcome, Outcome::Failed);
    let all = lab.theirs.connection_tests(&id("orders"), None, 10).await;
    assert_eq!(all.unwrap().items.len(), 2, "both are kept");
}

#[tokio::test]
async fn tests_that_are_adopted_count_among_those_that_are_kept() {
    let lab = Lab::new().await;
    for number in 0..60 {
        let moved = moving("orders", &format!("s3://data/{number}"));
        let (_, s3, role) = lab.ours.connection_after(&moved).await.unwrap().unwrap();
        let subject = Subject::Unsaved;
        let tested = Tested { subject, s3, role };
        let test = lab
            .ours
            .record_test(&tested, &mut Report::passed(), None)
            .await
            .unwrap();
        let proven = Proven::By(test);
        lab.ours.update(Update { proven, ..moved }).await.unwrap();
    }
    let all = lab.ours.connection_tests(&id("orders"), None, 100).await;
    assert_eq!(all.unwrap().items.len(), 50);
}

#[tokio::test]
async fn a_replayed_create_does_not_show_what_is_known_of_a_namesake() {
    let lab = Lab::new().await;
    let request = Request {
        id: Uuid::new_v4(),
        digest: [1; 32],
    };
    let create = Create {
        request: Some(request),
        ..creation("more", Role::Source, "s3://data/more", Enrichment::None)
    };
    let first = lab.ours.create(create.clone()).await.unwrap();
    lab.ours.delete(removal("more", false)).await.unwrap();
    let namesake = Create {
        request: None,
        ..create.clone()
    };
    lab.ours.create(namesake).await.unwrap();
    let tested = lab.tested("more").await;
    lab.ours
        .record_test(&tested, &mut Report::passed(), None)
        .await
        .unwrap();
    assert_eq!(lab.ours.create(create).await.unwrap(), first);
}

#[tokio::test]
async fn what_is_noted_of_a_claim_is_noted_only_if_it_is_what_it_was() {
    let lab = Lab::new().await;
    let claim = Claim {
        time: SystemTime::now(),
        enforced: false,
        confirmed: false,
    };
    let unclaimed = lab.ours.get(&id("anomalies")).await.unwrap().datastore;
    let noted = lab
        .ours
        .note_claim(&unclaimed, Some(claim.clone()), None)
        .await;
    let noted = noted.unwrap().datastore;
    let again = lab
        .ours
        .note_claim(&unclaimed, Some(claim.clone()), None)
        .await;
    assert!(matches!(again, Err(Error::Claim(ClaimError::UnderWay(_)))));
    let moved = lab.ours.update(moving("anomalies", "s3://quality/b")).await;
    assert!(matches!(moved, Err(Error::Claim(ClaimError::Held { .. }))));
    lab.ours.delete(removal("anomalies", true)).await.unwrap();
    let namesake = creation(
        "anomalies",
        Role::Enrichment,
        "s3://quality/a",
        Enrichment::None,
    );
    lab.ours.create(namesake).await.unwrap();
    let confirmed = lab
        .ours
        .note_claim(&noted, Some(claim.confirmed(true)), None)
        .await;
    assert!(matches!(confirmed, Err(Error::DatastoreNotFound(_))));
}

#[tokio::test]
async fn a_write_whose_twin_was_faster_has_the_result_of_the_twin() {
    let lab = Lab::new().await;
    let request = |number| Request {
        id: Uuid::from_u128(number),
        digest: [1; 32],
    };
    let revision = lab.ours.get(&id("orders")).await.unwrap().revision;
    let linking = Link {
        revision,
        request: Some(request(1)),
        ..link("orders", Some("anomalies"))
    };
    let twin = linking.clone();
    lab.meddle_early(|theirs| async move { theirs.link(twin).await });
    let linked = lab.ours.link(linking).await.unwrap();
    assert_eq!(linked, lab.theirs.get(&id("orders")).await.unwrap());
    let unlinking = Link {
        request: Some(request(2)),
        ..link("orders", None)
    };
    let twin = unlinking.clone();
    lab.meddle_early(|theirs| async move { theirs.link(twin).await });
    lab.ours.link(unlinking).await.unwrap();
    let renaming = Update {
        change: Change {
            display_name: Some(DisplayName::parse("renamed").unwrap()),
            ..Change::default()
        },
        revision: lab.ours.get(&id("orders")).await.unwrap().revision,
        request: Some(request(3)),
        ..moving("orders", "s3://any")
    };
    let twin = renaming.clone();
    lab.meddle_early(|theirs| async move { theirs.update(twin).await });
    lab.ours.update(renaming).await.unwrap();
    let deleting = Delete {
        request: Some(request(4)),
        ..removal("orders", false)
    };
    let twin = deleting.clone();
    lab.meddle_early(|theirs| async move { theirs.delete(twin).await });
    lab.ours.delete(deleting).await.unwrap();
}

#[tokio::test]
async fn a_claimed_enrichment_datastore_does_not_move_to_another_partition() {
    let lab = Lab::new().await;
    let claim = Claim {
        time: SystemTime::now(),
        enforced: true,
        confirmed: true,
    };
    let unclaimed = lab.ours.get(&id("anomalies")).await.unwrap().datastore;
    lab.ours
        .note_claim(&unclaimed, Some(claim), None)
        .await
        .unwrap();
    let moved = to_region("anomalies", "cn-north-1", Proven::Waived);
    let moved = lab.ours.update(moved).await;
    assert!(matches!(moved, Err(Error::Claim(ClaimError::Held { .. }))));
    let near = to_region("anomalies", "eu-west-1", Proven::Waived);
    lab.ours.update(near).await.unwrap();
}

fn team(name: &str) -> Labels {
    Labels::parse([("team".to_owned(), name.to_owned())]).unwrap()
}

fn labelled(name: &str, labels: Labels) -> Update {
    Update {
        change: Change {
            labels: Some(labels),
            ..Change::default()
        },
        ..moving(name, "s3://any")
    }
}

#[tokio::test]
async fn what_is_hidden_from_its_writer_in_the_meantime_is_not_written() {
    let by = || team("reports");
    for number in 0..3 {
        let lab = Lab::new().await;
        lab.ours.update(labelled("orders", by())).await.unwrap();
        lab.meddle(|theirs| async move { theirs.update(labelled("orders", team("sales"))).await });
        let done = match number {
            0 => {
                let renaming = Update {
                    seen_by: by(),
                    ..labelled("orders", by())
                };
                lab.ours.update(renaming).await.map(drop)
            }
            1 => {
                let linking = Link {
                    seen_by: by(),
                    ..link("orders", Some("anomalies"))
                };
                lab.ours.link(linking).await.map(drop)
            }
            _ => {
                let deleting = Delete {
                    seen_by: by(),
                    ..removal("orders", true)
                };
                lab.ours.delete(deleting).await
            }
        };
        assert!(
            matches!(done, Err(Error::DatastoreNotFound(_))),
            "{number}: {done:?}"
        );
        let now = lab.theirs.get(&id("orders")).await.unwrap().datastore;
        assert_eq!(
            (now.labels, now.enrichment),
            (team("sales"), None),
            "{number}"
        );
    }
}

#[tokio::test]
async fn another_datastore_that_has_taken_the_name_is_not_changed() {
    let lab = Lab::new().await;
    let uid = lab.ours.get(&id("orders")).await.unwrap().datastore.uid;
    let of = |uid| Update {
        uid: Some(uid),
        ..labelled("orders", team("reports"))
    };
    let refused = lab.ours.update(of(Uuid::new_v4())).await;
    assert!(matches!(refused, Err(Error::DatastoreNotFound(_))));
    lab.ours.update(of(uid)).await.unwrap();
}
