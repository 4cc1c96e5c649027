//! What the prober asks of whoever remembers for it, across a crash: residue, and the reports of tests.

use std::future::Future;
use std::pin::Pin;

use uuid::Uuid;

use crate::model::Error;
use crate::model::audit::Attempt;
use crate::model::connection_test::TestName;
use crate::model::datastore::S3Config;
use crate::model::residue::Leftover;
use crate::report::{Report, Tested};

/// The answer of a ledger.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Remembers what tests may have left behind and what they have shown, durably: what it has acknowledged outlives a crash.
pub trait Ledger: Send + Sync + 'static {
    /// Puts the traces of a test in the place of those that were known of it.
    fn put<'a>(&'a self, leftover: &'a Leftover) -> Answer<'a, ()>;

    /// What a test at a place may have left.
    fn get<'a>(&'a self, at: &'a S3Config, test_id: Uuid) -> Answer<'a, Option<Leftover>>;

    /// Forgets a test at a place: nothing of it is left.
    fn strike<'a>(&'a self, at: &'a S3Config, test_id: Uuid) -> Answer<'a, ()>;

    /// Every test at a place (endpoint, bucket and prefix) that may have left something; the running ones among them.
    fn at<'a>(&'a self, place: &'a S3Config) -> Answer<'a, Vec<Leftover>>;

    /// Keeps a test that has ended, after noting in its report what has changed since the last one, and says where. If it was asked for by a call,
    /// that call's event is made with it.
    fn record<'a>(
        &'a self,
        tested: &'a Tested,
        report: &'a mut Report,
        audit: Option<&'a Attempt>,
    ) -> Answer<'a, TestName>;

    /// Every test that may have left something; the running ones among them.
    fn open(&self) -> Answer<'_, Vec<Leftover>>;
}
