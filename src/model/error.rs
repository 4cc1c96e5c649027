//! The one error type that leaves the domain. Its messages say what to do; `grpc/status.rs` alone turns it into gRPC codes.

use super::claim::ClaimError;
use super::connection_test::TestName;
use super::link::LinkError;
use super::name::DatastoreName;
use super::proof::ProofError;

/// How many violations the message itself repeats.
const SUMMARIZED: usize = 5;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields are missing or wrong; all of them are listed.
    #[error("{}", summary(.0))]
    InvalidFields(Vec<Violation>),
    /// There is no such datastore.
    #[error("{0} does not exist; ListDatastores shows those that do")]
    DatastoreNotFound(DatastoreName),
    /// Another datastore has the display name.
    #[error("the display name `{display_name}` belongs to {name}; choose another")]
    DisplayNameTaken {
        /// The name that was asked for.
        display_name: String,
        /// Who has it.
        name: DatastoreName,
    },
    /// Another datastore has the id.
    #[error("{0} exists already; choose another datastore_id, or leave it empty")]
    DatastoreIdTaken(DatastoreName),
    /// The request id has served for another request.
    #[error("request_id {0} was used for another request; send a new UUID with each new request")]
    RequestIdReused(uuid::Uuid),
    /// The datastore has changed since its etag was read.
    #[error(
        "{0} has changed since this etag was read; read it again and send your change with the new etag"
    )]
    EtagMismatch(DatastoreName),
    /// The location changes and no credentials came along.
    #[error(
        "{} of {name} would change: send the credentials again with it, since stored ones are never sent to a new place", .changed.join(" and ")
    )]
    CredentialsRequired {
        /// Whose location changes.
        name: DatastoreName,
        /// The fields that change: `s3.uri`, `s3.endpoint`.
        changed: Vec<&'static str>,
    },
    /// A datastore that the caller may not see is in the way.
    #[error(transparent)]
    Unseen(#[from] Unseen),
    /// The stored credentials cannot be opened.
    #[error(
        "the stored credentials of {0} cannot be opened: its record was altered, or the key they were sealed with is lost; send the credentials again with \
         UpdateDatastore"
    )]
    CredentialsUnreadable(DatastoreName),
    /// The server was started without `--allow-ambient-credentials`.
    #[error(
        "this server does not lend its own credentials; send an access key, or start it with --allow-ambient-credentials"
    )]
    AmbientCredentialsNotAllowed,
    /// As many tests run as may.
    #[error(
        "{max} connection tests are running, and this server allows no more; try again shortly"
    )]
    TooManyTests {
        /// The limit.
        max: usize,
    },
    /// As many tests of one caller run as may.
    #[error(
        "{max} connection tests of {caller} are running, and this server allows a caller no more; try again when one has ended"
    )]
    TooManyTestsOfCaller {
        /// Whom they are counted for.
        caller: String,
        /// The limit.
        max: usize,
    },
    /// There is no such connection test.
    #[error("{0} is not kept; ListConnectionTests shows those that are")]
    ConnectionTestNotFound(TestName),
    /// A connection is not proven.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// Datastores are not linked, or not unlinked.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A prefix is not claimed, not released, or not to be left.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The server is stopping.
    #[error("the server is stopping; try again when it is back")]
    ServerStopping,
    /// The store cannot be read or written.
    #[error(
        "the store cannot be used at present; whether a change was made is not certain: read it again, or send it again with the same request_id"
    )]
    StoreUnavailable(#[source] BoxError),
    /// A fault of ours.
    #[error("internal error")]
    Internal(#[source] BoxError),
}

/// What a datastore is in the way of that the caller may not see, and that is therefore not named.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unseen {
    /// It has the display name.
    #[error("the display name `{0}` belongs to a datastore that you may not see; choose another")]
    DisplayName(String),
    /// It holds the prefix of an enrichment datastore, or one in it or around it.
    #[error(
        "a datastore that you may not see holds the prefix of {0}, or one in it or around it; choose another prefix, or send share_prefix if both are to write there"
    )]
    Prefix(DatastoreName),
    /// It is linked to an enrichment datastore, and lies where that would be.
    #[error(
        "{0} would lie where a datastore lies that is linked to it and that you may not see; choose another bucket or prefix"
    )]
    Location(DatastoreName),
    /// It is linked to an enrichment datastore that was to go.
    #[error(
        "sources that you may not see are linked to {0}; have them unlinked by somebody who may"
    )]
    Sources(DatastoreName),
}

/// Any cause, for the log.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// One bad field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field in the request, for example `datastore.s3.uri`.
    pub field: String,
    /// What is wrong with it and what to do.
    pub description: String,
}

impl Violation {
    /// A role is to be assumed for a store with an `endpoint`, and nobody has said where.
    #[must_use]
    pub fn no_sts_endpoint() -> Self {
        Self {
            field: "datastore.s3.assume_role.sts_endpoint".to_owned(),
            description: "is required with an endpoint: the address where that store's STS listens; AWS's own is asked only for Amazon S3".to_owned(),
        }
    }
}

/// The first few violations in one line; the details hold all of them.
fn summary(violations: &[Violation]) -> String {
    let shown = violations.iter().take(SUMMARIZED);
    let mut parts: Vec<String> = shown
        .map(|v| format!("{}: {}", v.field, v.description))
        .collect();
    if violations.len() > SUMMARIZED {
        parts.push(format!("and {} more", violations.len() - SUMMARIZED));
    }
    parts.join("; ")
}
