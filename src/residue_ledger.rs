//! The registry as the prober's ledger, and how much it holds of what tests have left.

use std::sync::Arc;

use uuid::Uuid;

use crate::metrics::Residue;
use crate::model::audit::Attempt;
use crate::model::connection_test::TestName;
use crate::model::datastore::S3Config;
use crate::model::residue::Leftover;
use crate::prober::{Ledger, LedgerAnswer};
use crate::registry::Registry;
use crate::report::{Report, Tested};
use crate::store::Store;

/// The ledger.
pub(crate) struct ResidueLedger<S> {
    registry: Arc<Registry<S>>,
    residue: Residue,
}

impl<S> ResidueLedger<S> {
    /// One that the registry keeps; what it holds is counted in `residue`.
    pub(crate) fn new(registry: &Arc<Registry<S>>, residue: &Residue) -> Self {
        Self {
            registry: Arc::clone(registry),
            residue: residue.clone(),
        }
    }

    fn count(&self, leftover: &Leftover) {
        if leftover.ended && !leftover.traces.is_empty() {
            self.residue.left(leftover.test_id);
        } else {
            self.residue.gone(leftover.test_id);
        }
    }
}

impl<S: Store> Ledger for ResidueLedger<S> {
    fn put<'a>(&'a self, leftover: &'a Leftover) -> LedgerAnswer<'a, ()> {
        Box::pin(async move {
            self.registry.put_leftover(leftover).await?;
            self.count(leftover);
            Ok(())
        })
    }

    fn get<'a>(&'a self, at: &'a S3Config, test_id: Uuid) -> LedgerAnswer<'a, Option<Leftover>> {
        Box::pin(self.registry.leftover(at, test_id))
    }

    fn strike<'a>(&'a self, at: &'a S3Config, test_id: Uuid) -> LedgerAnswer<'a, ()> {
        Box::pin(async move {
            self.registry.strike_leftover(at, test_id).await?;
            self.residue.gone(test_id);
            Ok(())
        })
    }

    fn at<'a>(&'a self, place: &'a S3Config) -> LedgerAnswer<'a, Vec<Leftover>> {
        Box::pin(self.registry.leftovers_at(place))
    }

    fn record<'a>(
        &'a self,
        tested: &'a Tested,
        report: &'a mut Report,
        audit: Option<&'a Attempt>,
    ) -> LedgerAnswer<'a, TestName> {
        Box::pin(self.registry.record_test(tested, report, audit))
    }

    fn open(&self) -> LedgerAnswer<'_, Vec<Leftover>> {
        Box::pin(async move {
            let open = self.registry.leftovers().await?;
            for leftover in &open {
                self.count(leftover);
            }
            Ok(open)
        })
    }
}
