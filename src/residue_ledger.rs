//! The registry as the prober's ledger.

use uuid::Uuid;

use crate::model::audit::Attempt;
use crate::model::connection_test::TestName;
use crate::model::datastore::S3Config;
use crate::model::residue::Leftover;
use crate::prober::{Ledger, LedgerAnswer};
use crate::registry::Registry;
use crate::report::{Report, Tested};
use crate::store::Store;

impl<S: Store> Ledger for Registry<S> {
    fn put<'a>(&'a self, leftover: &'a Leftover) -> LedgerAnswer<'a, ()> {
        Box::pin(self.put_leftover(leftover))
    }

    fn get<'a>(&'a self, at: &'a S3Config, test_id: Uuid) -> LedgerAnswer<'a, Option<Leftover>> {
        Box::pin(self.leftover(at, test_id))
    }

    fn strike<'a>(&'a self, at: &'a S3Config, test_id: Uuid) -> LedgerAnswer<'a, ()> {
        Box::pin(self.strike_leftover(at, test_id))
    }

    fn at<'a>(&'a self, place: &'a S3Config) -> LedgerAnswer<'a, Vec<Leftover>> {
        Box::pin(self.leftovers_at(place))
    }

    fn record<'a>(
        &'a self,
        tested: &'a Tested,
        report: &'a mut Report,
        audit: Option<&'a Attempt>,
    ) -> LedgerAnswer<'a, TestName> {
        Box::pin(self.record_test(tested, report, audit))
    }

    fn open(&self) -> LedgerAnswer<'_, Vec<Leftover>> {
        Box::pin(self.leftovers())
    }
}
