//! What the audit says: who has done what, when, from where, and what came of it.
//!
//! Names stand in it as texts: what they name may be gone. There is no place for a value of a configuration, so none for a secret.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::call_id::CallId;
use super::caller::Account;

/// The outcome of a change that was made.
pub const OK: &str = "OK";
/// The outcome of a call whose caller went before there was another one.
pub const CANCELLED: &str = "CANCELLED";
/// The outcome of a connection test that was stopped before its end.
pub const CUT_OFF: &str = "CUT_OFF";

/// What can be done that the audit speaks of: an RPC each, of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "described in the proto, RPC for RPC")]
pub enum Action {
    CreateDatastore,
    UpdateDatastore,
    DeleteDatastore,
    LinkEnrichment,
    UnlinkEnrichment,
    ClaimPrefix,
    ReleasePrefix,
    TestConnection,
}

/// Who calls, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The name they are known by.
    pub caller: String,
    /// The other end of the connection, if it has an address.
    pub address: Option<SocketAddr>,
    /// The id of the call; its answer and the lines of the log that belong to it have it, too.
    pub call_id: CallId,
}

/// What a call is to do, as far as its request tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// What.
    pub action: Action,
    /// To what: `datastores/{datastore}`, or the URI of a datastore that has no name (yet).
    pub resource: String,
    /// The enrichment datastore that it is linked to, or created with; its URI while it has no name.
    pub enrichment: Option<String>,
    /// The fields that an update names.
    pub changed_fields: Vec<String>,
    /// What makes a retry safe.
    pub request_id: Option<Uuid>,
}

/// A call that is to have one event, whatever comes of it.
#[derive(Debug)]
pub struct Attempt {
    actor: Actor,
    deed: Deed,
    event_id: OnceLock<Uuid>,
}

/// What has happened. It is stored as it is: a field that is added needs a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// A `UUIDv7`: the ids sort by time.
    pub id: Uuid,
    /// When it was settled.
    pub time: SystemTime,
    /// As in [`Actor`].
    pub call_id: CallId,
    /// As in [`Actor`].
    pub caller: String,
    /// As in [`Actor`].
    pub address: Option<SocketAddr>,
    /// As in [`Deed`].
    pub action: Action,
    /// As in [`Deed`].
    pub resource: String,
    /// As in [`Deed`].
    pub enrichment: Option<String>,
    /// As in [`Deed`].
    pub changed_fields: Vec<String>,
    /// As in [`Deed`].
    pub request_id: Option<Uuid>,
    /// [`OK`], what a connection test came to, or the reason of the refusal.
    pub outcome: String,
    /// The names of the connection tests that were run or relied on.
    pub connection_tests: Vec<String>,
}

impl Action {
    /// The name of the RPC.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateDatastore => "CreateDatastore",
            Self::UpdateDatastore => "UpdateDatastore",
            Self::DeleteDatastore => "DeleteDatastore",
            Self::LinkEnrichment => "LinkEnrichment",
            Self::UnlinkEnrichment => "UnlinkEnrichment",
            Self::ClaimPrefix => "ClaimPrefix",
            Self::ReleasePrefix => "ReleasePrefix",
            Self::TestConnection => "TestConnection",
        }
    }
}

impl Actor {
    /// Whom the limits of a caller count for.
    #[must_use]
    pub fn account(&self) -> Account {
        Account::of(Some(&self.caller), self.address)
    }
}

impl Attempt {
    /// An attempt whose outcome is open.
    #[must_use]
    pub fn new(actor: Actor, deed: Deed) -> Self {
        Self {
            actor,
            deed,
            event_id: OnceLock::new(),
        }
    }

    /// Who calls.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What the call is to do.
    #[must_use]
    pub fn deed(&self) -> &Deed {
        &self.deed
    }

    /// Its event. However often it is asked for, the id is the one that was made the first time, so that one attempt never has two events.
    #[must_use]
    pub fn event(&self, time: SystemTime, outcome: &str) -> Event {
        let (actor, deed) = (self.actor.clone(), self.deed.clone());
        Event {
            id: *self.event_id.get_or_init(Uuid::now_v7),
            time,
            call_id: actor.call_id,
            caller: actor.caller,
            address: actor.address,
            action: deed.action,
            resource: deed.resource,
            enrichment: deed.enrichment,
            changed_fields: deed.changed_fields,
            request_id: deed.request_id,
            outcome: outcome.to_owned(),
            connection_tests: Vec::new(),
        }
    }
}
