//! The commits of the store: how long they take, and how many share a sync of the disk.

use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds in seconds: a sync of the disk takes under a millisecond to some tens of them.
const SECONDS: [f64; 11] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
];
/// Upper bounds of the commits in a batch; there are at most 512.
const COMMITS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// The commits of the store. Clones count together.
#[derive(Clone, Debug)]
pub struct Commits {
    durations: Histogram,
    batches: Histogram,
}

impl Default for Commits {
    fn default() -> Self {
        Self {
            durations: Histogram::new(SECONDS),
            batches: Histogram::new(COMMITS),
        }
    }
}

impl Commits {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "store_commit_duration_seconds",
            "How long commits of the store took, from the queue to the answer",
            self.durations.clone(),
        );
        registry.register(
            "store_batch_commits",
            "How many commits went to the disk together",
            self.batches.clone(),
        );
    }

    /// A commit was answered, whatever the answer.
    pub fn answered(&self, took: Duration) {
        self.durations.observe(took.as_secs_f64());
    }

    /// So many commits go to the disk together, at most 512.
    pub fn batch(&self, commits: u16) {
        self.batches.observe(f64::from(commits));
    }
}
