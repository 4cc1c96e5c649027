//! The registry as the prober's ledger.

use uuid::Uuid;

use crate::model::connection_test::TestName;
use crate::model::residue::Leftover;
use crate::prober::{Ledger, LedgerAnswer};
use crate::registry::Registry;
use crate::report::{Report, Tested};
use crate::store::Store;

impl<S: Store> Ledger for Registry<S> {
    fn put<'a>(&'a self, leftover: &'a Leftover) -> LedgerAnswer<'a, ()> {
        Box::pin(self.put_leftover(leftover))
    }

    fn strike(&self, test_id: Uuid) -> LedgerAnswer<'_, ()> {
        Box::pin(self.strike_leftover(test_id))
    }

    fn record<'a>(
        &'a self,
        tested: &'a Tested,
        report: &'a mut Report,
    ) -> LedgerAnswer<'a, TestName> {
        Box::pin(self.record_test(tested, report))
    }

    fn open(&self) -> LedgerAnswer<'_, Vec<Leftover>> {
        Box::pin(self.leftovers())
    }
}
