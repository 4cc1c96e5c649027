//! What a test knows of the versions of its canary: in a versioned bucket every write and every DELETE of a key makes one, and only its
//! answer names it.

use super::S3Steps;
use super::writing::wrote_nothing;
use crate::model::Error;
use crate::model::residue::Trace;
use crate::report::Evidence;
use crate::s3::{Answer, Deleted};

impl S3Steps {
    /// Deletes the canary's key. What that may make is noted first, unless the bucket is known to keep no versions.
    pub(super) async fn delete_key(&self) -> Result<Answer<Deleted>, Error> {
        let delete = self.client.delete(&self.canary_key, None);
        if self.keeps_no_versions() {
            return Ok(self.seen(delete.await));
        }
        let versions = self.versions_trace();
        if !self.traces.all().await.contains(&versions) {
            let noted = self.traces.add(versions.clone()).await;
            if let Err(error) = noted {
                self.traces.strike(&versions).await;
                return Err(error);
            }
        }
        let answer = self.written(&versions, delete).await;
        match &answer.result {
            Ok(deleted) => {
                let marker = deleted.delete_marker.clone();
                self.note_version(marker, &answer.evidence).await;
            }
            Err(failure) if wrote_nothing(failure, answer.evidence.attempts) => {
                self.strike_versions().await;
            }
            Err(_) => self.traces.lost_a_name(),
        }
        Ok(answer)
    }

    /// Notes the version that an answer names, and that there may be another one where the call was sent more than once.
    pub(super) async fn note_version(&self, version_id: Option<String>, evidence: &Evidence) {
        if version_id.is_some() {
            let _ = self.facts.versioned.set(());
        }
        if self.facts.versioned.get().is_none() {
            // An earlier attempt whose answer was lost has made no version either.
            self.strike_versions().await;
            return;
        }
        if evidence.attempts > 1 {
            self.traces.lost_a_name();
        }
        if let Some(version_id) = version_id {
            let key = self.canary_key.clone();
            let noted = [self.versions_trace(), Trace::Version { key, version_id }];
            // In memory they are noted in any case, and removed at the end.
            let _ = self.traces.add_all(noted).await;
        }
    }

    /// After the last step: strikes off the versions that no answer has named, if each is named.
    pub(in crate::prober) async fn have_ended(&self) {
        let (object, versions) = (self.canary_trace(), self.versions_trace());
        // What carries out nothing at all, or never says so, is no bucket that a marker could be in.
        if self.facts.carried_out.get().is_none() {
            self.strike_versions().await;
        }
        let unanswered = self.unanswered();
        if unanswered.contains(&object) || unanswered.contains(&versions) {
            self.traces.lost_a_name();
        } else if self.traces.are_named() {
            self.traces.strike(&versions).await;
        }
    }

    /// Strikes off the versions that no answer has named, unless the bucket is known to keep versions: then they wait for the end.
    async fn strike_versions(&self) {
        if self.facts.versioned.get().is_none() {
            let versions = self.versions_trace();
            self.sent().retain(|sent| *sent != versions);
            self.traces.strike(&versions).await;
        }
    }

    /// Whether the canary was written and no answer has named a version.
    fn keeps_no_versions(&self) -> bool {
        self.facts.canary.get().is_some() && self.facts.versioned.get().is_none()
    }

    fn versions_trace(&self) -> Trace {
        Trace::Versions {
            key: self.canary_key.clone(),
        }
    }
}
