//! Looks whether what was removed is gone, in ways that have worked before in the same test.

use super::S3Steps;
use crate::report::{Finding, FindingReason};
use crate::s3::{Answer, Failure};

impl S3Steps {
    /// What speaks against the canary's being deleted. Where listing is not allowed, the answer to the delete has to do.
    pub(super) async fn doubts_delete(&self) -> Option<Finding> {
        self.facts.listed.get()?;
        let first = self.client.list_objects(&self.canary_key).await;
        let is_there = |key: Option<String>| key.as_ref() == Some(&self.canary_key);
        doubt("delete", first, is_there)
    }

    /// What speaks against the upload's being aborted. A look that is not allowed, or was never answered before, must not decide about the
    /// abort. Where there is no other, the answer to the abort has to do.
    pub(super) async fn doubts_abort(&self, upload_id: &str) -> Option<Finding> {
        if self.facts.uploads_listed.get().is_some() {
            let uploads = self.client.list_uploads(&self.upload_key, 1_000).await;
            return doubt("abort", uploads, |uploads| {
                uploads.iter().any(|upload| upload.upload_id == upload_id)
            });
        }
        self.facts.parts_listed.get()?;
        let mut parts = self.client.list_parts(&self.upload_key, upload_id).await;
        let is_there = parts.result.is_ok();
        if parts.result.as_ref().is_err_and(Failure::is_missing) {
            parts.result = Ok(());
        }
        doubt("abort", parts, |()| is_there)
    }
}

/// What a look says against a removal that the store has confirmed.
fn doubt<T>(removal: &str, look: Answer<T>, is_there: impl FnOnce(T) -> bool) -> Option<Finding> {
    match look.result {
        Ok(seen) => is_there(seen).then(|| still_there(removal)),
        Err(failure) if failure.is_denied() => None,
        Err(failure) => {
            tracing::debug!(cause = ?failure.cause, evidence = ?look.evidence, "a removal could not be looked up");
            Some(not_seen(removal))
        }
    }
}

fn still_there(removal: &str) -> Finding {
    Finding::new(
        FindingReason::NotRemoved,
        format!("The store confirmed the {removal}, but what was to go is still listed."),
        "Remove it by hand, and tell the maker of the store.",
    )
}

fn not_seen(removal: &str) -> Finding {
    Finding::new(
        FindingReason::NotRemoved,
        format!(
            "The store confirmed the {removal}, but then did not answer whether it is carried out."
        ),
        "Test again; if it stays so, look at the store, or at what is on the way to it.",
    )
}
