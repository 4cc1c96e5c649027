//! Claiming the prefix of an enrichment datastore, so that two installations do not write over each other.

use std::time::SystemTime;

use super::location::Prefix;
use super::name::DatastoreName;

/// A prefix that is claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Since when.
    pub time: SystemTime,
    /// Whether the store refuses a second marker.
    pub enforced: bool,
    /// Whether the marker is known to be there. A claim is noted before the marker is written, so that a crash forgets nothing.
    pub confirmed: bool,
}

impl Claim {
    /// The same claim, with its marker known to be there.
    #[must_use]
    pub fn confirmed(self, enforced: bool) -> Self {
        Self {
            enforced,
            confirmed: true,
            ..self
        }
    }
}

/// The key of the marker of a claim.
#[must_use]
pub fn marker_key(prefix: &Prefix) -> String {
    format!("{}.datastored-owner", prefix.as_str())
}

/// Why a prefix is not claimed, not released, or not to be left.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// Another claim or release of it has not ended.
    #[error("the prefix of {0} is being claimed or released; try again shortly")]
    UnderWay(DatastoreName),
    /// It would be left behind claimed.
    #[error(
        "the prefix of {name} is claimed by the object `{key}`; release it first with ReleasePrefix"
    )]
    Held {
        /// The enrichment datastore.
        name: DatastoreName,
        /// The marker.
        key: String,
    },
    /// Somebody else has it.
    #[error(
        "the prefix of {name} is claimed by {owner}, by the object `{key}`; give this datastore another prefix, or have it released there"
    )]
    Others {
        /// The enrichment datastore.
        name: DatastoreName,
        /// The marker.
        key: String,
        /// What the marker says of who has it.
        owner: Owner,
    },
    /// S3 did not let it happen.
    #[error("{operation} of `{key}` did not work: {why}")]
    Failed {
        /// The enrichment datastore.
        name: DatastoreName,
        /// The marker.
        key: String,
        /// The S3 operation.
        operation: &'static str,
        /// S3's error code, if it gave one.
        code: Option<String>,
        /// What is wrong and what to do.
        why: String,
    },
}

impl ClaimError {
    /// Whether S3 has refused it, so that nothing was changed.
    #[must_use]
    pub fn is_denial(&self) -> bool {
        matches!(self, Self::Failed { code, .. } if code.as_deref() == Some("AccessDenied"))
    }
}

/// Who has claimed a prefix, as far as its marker tells.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Owner {
    /// A datastore of an installation.
    #[error("{datastore} of the installation {installation}")]
    Datastore {
        /// The installation.
        installation: uuid::Uuid,
        /// The datastore's name there.
        datastore: DatastoreName,
    },
    /// The marker cannot be read.
    #[error("something that its marker does not name")]
    Unknown,
}
