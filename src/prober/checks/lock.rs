//! Object Lock: where new objects are locked for a while, no canary is written, since it could not be removed.

use super::S3Steps;
use crate::prober::run::Ended;

/// What to know of a test without a canary.
const LOCKS: &str = "The bucket locks new objects (Object Lock, default retention): no canary is written, since it could not be removed. Whether objects can be put is tested by a multipart upload alone, whether they can be deleted by deleting a key that does not exist. Writing an object there takes a checksum, such as Content-MD5.";

impl S3Steps {
    /// Asks whether the bucket locks new objects. Only a clear yes changes anything: the right to ask is not among those that are tested.
    pub(super) async fn look_at_lock(&self) -> Ended {
        if self.client.locks_new_objects().await.result == Ok(true) {
            let _ = self.facts.locks.set(());
        }
        Ended::Done(None)
    }

    pub(super) fn locks(&self) -> bool {
        self.facts.locks.get().is_some()
    }

    pub(super) fn lock_warning(&self) -> Option<String> {
        self.locks().then(|| LOCKS.to_owned())
    }

    /// Whether the canary could be removed again.
    pub(super) fn may_write_canary(&self) -> bool {
        self.facts.delete_allowed.get().is_some() && !self.locks()
    }
}
