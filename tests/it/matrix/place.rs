//! A server of the matrix: its buckets, one for each state, its users, one for each policy, and what is in a bucket afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use datastored::pb::{ConnectionTestReport, Role};
use datastored::prober::CANARY_FOLDER;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::cells::{Policy, ROLES, STATES, State};
use crate::lab::{Keys, Server};

/// How many calls prepare the server at once.
const AT_ONCE: usize = 16;

/// A server with all that the cells share.
pub struct Place {
    pub s3: Arc<Server>,
    name: String,
    users: Vec<((Role, Policy), Keys)>,
    /// A test of the empty bucket has it for itself, so that it is empty.
    pub empty: Mutex<()>,
    before: BTreeMap<&'static str, Vec<String>>,
}

/// A key with its version id and upload id; what is not there is empty.
type Left = BTreeSet<(String, String, String)>;

impl Place {
    /// Makes the buckets and the users.
    pub async fn prepare(s3: Arc<Server>) -> Self {
        let mut place = Self {
            name: format!("matrix-{}", &uuid::Uuid::new_v4().simple().to_string()[..8]),
            s3,
            users: Vec::new(),
            empty: Mutex::default(),
            before: BTreeMap::new(),
        };
        for state in place.states() {
            place.make(state).await;
            let keys = place.s3.keys_in(&place.bucket(state)).await;
            assert_eq!(keys.len(), state.keys().len(), "{}", state.name());
            place.before.insert(state.name(), keys);
        }
        let buckets: Vec<String> = place.states().map(|s| place.bucket(s)).collect();
        for role in ROLES {
            for policy in Policy::all(role) {
                let keys = place.s3.user(&policy.document(role, &buckets)).await;
                place.users.push(((role, policy), keys));
            }
        }
        place
    }

    /// The states that this server can be brought into.
    pub fn states(&self) -> impl Iterator<Item = State> + use<> {
        let kind = self.s3.kind();
        let possible = move |s: &State| s.impossible_on(kind).is_none();
        STATES.into_iter().filter(possible)
    }

    pub fn bucket(&self, state: State) -> String {
        format!("{}-{}", self.name, state.name())
    }

    /// The user with that policy.
    pub fn user(&self, role: Role, policy: Policy) -> &Keys {
        let found = self.users.iter().find(|(of, _)| *of == (role, policy));
        &found.expect("each policy has a user").1
    }

    async fn make(&self, state: State) {
        let (s3, bucket) = (self.s3.s3(), self.bucket(state));
        let made = s3.create_bucket().bucket(&bucket).send().await;
        made.expect("the administrator may create a bucket");
        if state == State::Versioned {
            let enabled = VersioningConfiguration::builder()
                .status(BucketVersioningStatus::Enabled)
                .build();
            let call = s3.put_bucket_versioning().bucket(&bucket);
            let sent = call.versioning_configuration(enabled).send().await;
            sent.expect("the administrator may switch versioning on");
        }
        for keys in state.keys().chunks(AT_ONCE) {
            let puts = keys.iter().map(|key| {
                let call = s3.put_object().bucket(&bucket).key(key);
                call.body(state.body().to_vec().into()).send()
            });
            for put in puts.collect::<JoinSet<_>>().join_all().await {
                put.expect("the administrator may put an object");
            }
        }
        if let Some(keys) = state.unreadable() {
            let policy = json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": format!("arn:aws:s3:::{bucket}/{keys}"),
            }]});
            let call = s3.put_bucket_policy().bucket(&bucket);
            let sent = call.policy(policy.to_string()).send().await;
            sent.expect("the administrator may set a bucket policy");
        }
    }

    /// Compares what a test has left under its prefix with the residue that its report lists.
    ///
    /// The report lists too what earlier tests have left there; that is not this test's.
    pub async fn check_left(
        &self,
        (state, path): (State, &str),
        report: &ConnectionTestReport,
    ) -> Result<(), String> {
        let id = &report.test_id;
        let left = self.left_by(state, path, id).await;
        let residue = report.residue.iter().filter(|r| r.key.contains(id));
        let listed: Left = residue
            .map(|r| (r.key.clone(), r.version_id.clone(), r.upload_id.clone()))
            .collect();
        let is_versioned = state == State::Versioned;
        if left == listed && (is_versioned || left.is_empty() && report.residue.is_empty()) {
            return Ok(());
        }
        Err(format!("left {left:?}, lists {:?}", report.residue))
    }

    async fn left_by(&self, state: State, path: &str, test_id: &str) -> Left {
        let (s3, bucket) = (self.s3.s3(), self.bucket(state));
        let separator = if path.is_empty() { "" } else { "/" };
        let folder = format!("{path}{separator}{CANARY_FOLDER}{test_id}/");
        let uploads = self.s3.open_uploads(&bucket).await.into_iter();
        let uploads = uploads.filter(|(key, _)| key.contains(test_id));
        let mut left: Left = uploads.map(|(key, id)| (key, String::new(), id)).collect();
        if state == State::Versioned {
            let versions = self.s3.versions_in(&bucket).await.into_iter();
            let versions = versions.filter(|(key, _, _)| key.contains(test_id));
            left.extend(versions.map(|(key, id, _)| (key, id, String::new())));
        } else {
            let call = s3.list_objects_v2().bucket(&bucket).prefix(&folder);
            let listed = call.send().await;
            let listed = listed.expect("the administrator may list objects");
            let keys = listed.contents().iter().filter_map(|o| o.key());
            left.extend(keys.map(|key| (key.to_owned(), String::new(), String::new())));
        }
        left
    }

    /// The buckets in which something is not as it was before all the tests.
    pub async fn changed(&self) -> Vec<String> {
        let mut changed = Vec::new();
        for state in self.states() {
            let bucket = self.bucket(state);
            let keys = self.s3.keys_in(&bucket).await;
            let uploads = self.s3.open_uploads(&bucket).await;
            if keys != self.before[state.name()] || !uploads.is_empty() {
                let (kind, number) = (self.s3.kind(), keys.len());
                changed.push(format!(
                    "{kind:?}: {bucket} is not as it was: {number} keys, {uploads:?}"
                ));
            }
        }
        changed
    }
}
