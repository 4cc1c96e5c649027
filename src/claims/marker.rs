//! The marker of a claim: an object that says which datastore of which installation writes under a prefix.
//!
//! It is written only if there is none (`If-None-Match: *`). Some stores ignore that condition and some refuse it; so the marker is read before and after
//! it is written, and a second conditional write tells whether the store honours the condition.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use uuid::Uuid;

use crate::iam::Action;
use crate::metrics::S3Calls;
use crate::model::call_id::CallId;
use crate::model::claim::{ClaimError, Owner, marker_key};
use crate::model::datastore::Datastore;
use crate::model::name::DatastoreName;
use crate::prober;
use crate::s3::{Answer, Cause, Client, Failure, Guard};

/// What the marker says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Marker {
    installation: Uuid,
    datastore: String,
    uid: Uuid,
}

/// One claim that is made or given up.
pub(super) struct Attempt<'a> {
    client: Client,
    datastore: &'a Datastore,
    key: String,
    ours: Marker,
    reach: Reach,
}

/// What claims may connect to, and how patient they are.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    /// The endpoint guard.
    pub(super) guard: Guard,
    /// Where their calls are counted.
    pub(super) calls: S3Calls,
    /// How long each call may take.
    pub(super) patience: Duration,
}

/// A claim that was not made.
pub(super) struct Unmade {
    pub(super) error: ClaimError,
    /// The marker was sent, and whether it is there is not known.
    pub(super) may_be_there: bool,
}

impl<'a> Attempt<'a> {
    pub(super) async fn new(
        installation: Uuid,
        datastore: &'a Datastore,
        call: Option<&CallId>,
        reach: Reach,
    ) -> Self {
        let client = Client::new(&datastore.s3, reach.guard, reach.calls.clone()).await;
        Self {
            client: client.on_behalf_of(call),
            datastore,
            key: marker_key(&datastore.s3.prefix),
            ours: Marker {
                installation,
                datastore: DatastoreName::new(datastore.id.clone()).to_string(),
                uid: datastore.uid,
            },
            reach,
        }
    }

    /// Writes the marker, and says whether the store honours the condition. `tried_before` says that an earlier attempt may have written it.
    pub(super) async fn make(&self, tried_before: bool) -> Result<bool, Unmade> {
        let unsent = |error: ClaimError| Unmade {
            may_be_there: tried_before && !matches!(error, ClaimError::Others { .. }),
            error,
        };
        let sent = |error: ClaimError| Unmade {
            may_be_there: !matches!(error, ClaimError::Others { .. }),
            error,
        };
        let is_there = self.is_ours_there().await.map_err(unsent)?;
        match self.put_if_absent().await {
            Ok(()) => {
                self.expect_ours().await.map_err(sent)?;
                let again = self.put_if_absent().await;
                Ok(again.is_err_and(|failure| is_taken(&failure)))
            }
            Err(failure) if is_taken(&failure) => {
                // Ours, or that of somebody who was faster. A 409 can also mean that one is being deleted, so that there is none.
                if is_there || self.is_ours_there().await.map_err(sent)? {
                    return Ok(true);
                }
                let why = "the store says that there is an object and shows none; try again";
                Err(sent(self.error("PutObject", failure.code, why.to_owned())))
            }
            Err(failure) if refuses_condition(&failure) => {
                let body = self.body();
                let put = self.timed(self.client.put(&self.key, &body)).await;
                put.map_err(|f| sent(self.failed(Action::PutObject, &f)))?;
                self.expect_ours().await.map_err(sent)?;
                Ok(false)
            }
            Err(failure) if failure.is_denied() => {
                Err(unsent(self.failed(Action::PutObject, &failure)))
            }
            Err(failure) => Err(sent(self.failed(Action::PutObject, &failure))),
        }
    }

    /// Deletes the marker, unless it is somebody else's.
    pub(super) async fn give_up(&self) -> Result<(), ClaimError> {
        match self.is_ours_there().await {
            Ok(true) => {}
            // What is not ours is not ours to delete, and nothing of ours is there.
            Ok(false) | Err(ClaimError::Others { .. }) => return Ok(()),
            Err(error) => return Err(error),
        }
        let deleted = self.timed(self.client.delete(&self.key, None)).await;
        deleted.map_err(|f| self.failed(Action::DeleteObject, &f))?;
        Ok(())
    }

    /// Whether our marker is there.
    async fn is_ours_there(&self) -> Result<bool, ClaimError> {
        let found: Option<Marker> = match self.timed(self.client.get_small(&self.key)).await {
            Ok(bytes) => serde_json::from_slice(&bytes).ok(),
            Err(failure) if failure.code.as_deref() == Some("NoSuchKey") => return Ok(false),
            // An empty object has no bytes to read.
            Err(failure) if failure.status == Some(416) => None,
            Err(failure) => return Err(self.failed(Action::GetObject, &failure)),
        };
        if found.as_ref() == Some(&self.ours) {
            return Ok(true);
        }
        Err(ClaimError::Others {
            name: DatastoreName::new(self.datastore.id.clone()),
            key: self.key.clone(),
            owner: found.map_or(Owner::Unknown, |marker| marker.owner()),
        })
    }

    /// Reads back what was written: a store that ignores the condition may hold another one's marker by now.
    async fn expect_ours(&self) -> Result<(), ClaimError> {
        if self.is_ours_there().await? {
            return Ok(());
        }
        let why = "what was just written is not there; try again";
        Err(self.error("GetObject", None, why.to_owned()))
    }

    async fn put_if_absent(&self) -> Result<(), Failure> {
        let body = self.body();
        self.timed(self.client.put_if_absent(&self.key, &body))
            .await
    }

    fn body(&self) -> String {
        serde_json::to_string(&self.ours).unwrap_or_default()
    }

    async fn timed<T>(&self, call: impl Future<Output = Answer<T>>) -> Result<T, Failure> {
        match timeout(self.reach.patience, call).await {
            Ok(answer) => answer.result,
            Err(_) => Err(Failure::new(Cause::Timeout)),
        }
    }

    fn failed(&self, action: Action, failure: &Failure) -> ClaimError {
        let finding = prober::finding(&self.datastore.s3, action, failure);
        let operation = match action {
            Action::GetObject => "GetObject",
            Action::DeleteObject => "DeleteObject",
            _ => "PutObject",
        };
        let code = failure.code.clone();
        self.error(
            operation,
            code,
            format!("{} {}", finding.title, finding.remedy),
        )
    }

    fn error(&self, operation: &'static str, code: Option<String>, why: String) -> ClaimError {
        ClaimError::Failed {
            name: DatastoreName::new(self.datastore.id.clone()),
            key: self.key.clone(),
            operation,
            code,
            why,
        }
    }
}

impl Marker {
    fn owner(&self) -> Owner {
        match DatastoreName::parse(&self.datastore) {
            Ok(datastore) => Owner::Datastore {
                installation: self.installation,
                datastore,
            },
            Err(_) => Owner::Unknown,
        }
    }
}

/// There is an object already (412), or another conditional write of it, or its delete, is under way (409).
fn is_taken(failure: &Failure) -> bool {
    matches!(failure.status, Some(409 | 412))
}

/// The store does not know the condition.
fn refuses_condition(failure: &Failure) -> bool {
    let codes = ["NotImplemented", "InvalidArgument", "InvalidRequest"];
    let code = failure.code.as_deref().unwrap_or_default();
    codes.contains(&code) || failure.status == Some(501)
}
