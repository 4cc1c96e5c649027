//! The registry as the prober's residue ledger: the one place that knows both.

use uuid::Uuid;

use crate::model::residue::Leftover;
use crate::prober::{Ledger, LedgerAnswer};
use crate::registry::Registry;
use crate::store::Store;

impl<S: Store> Ledger for Registry<S> {
    fn put<'a>(&'a self, leftover: &'a Leftover) -> LedgerAnswer<'a, ()> {
        Box::pin(self.put_leftover(leftover))
    }

    fn strike(&self, test_id: Uuid) -> LedgerAnswer<'_, ()> {
        Box::pin(self.strike_leftover(test_id))
    }

    fn open(&self) -> LedgerAnswer<'_, Vec<Leftover>> {
        Box::pin(self.leftovers())
    }
}
