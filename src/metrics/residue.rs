//! What tests have left: how many of them may still have something in a bucket.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use uuid::Uuid;

/// The ended tests that may have left something: as many as the ledger holds. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Residue {
    tests: Arc<Mutex<HashSet<Uuid>>>,
    open: Gauge,
}

impl Residue {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "residue_open",
            "Connection tests that have ended and may have left something in a bucket",
            self.open.clone(),
        );
    }

    /// A test has ended and may have left something.
    pub fn left(&self, test_id: Uuid) {
        self.change(|tests| tests.insert(test_id));
    }

    /// Nothing is left of a test, or it has not ended.
    pub fn gone(&self, test_id: Uuid) {
        self.change(|tests| tests.remove(&test_id));
    }

    fn change(&self, change: impl FnOnce(&mut HashSet<Uuid>) -> bool) {
        let mut tests = self.tests.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut tests);
        self.open
            .set(i64::try_from(tests.len()).unwrap_or(i64::MAX));
    }
}
