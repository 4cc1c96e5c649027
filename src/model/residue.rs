//! What a connection test may have left in a bucket, as it is remembered across a crash.

use std::time::SystemTime;

use uuid::Uuid;

use super::datastore::S3Config;

/// Something that is, or may be, in a bucket because of a test. It is noted before the request that makes it goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// An object; the newest version of it.
    Object {
        /// Its key.
        key: String,
    },
    /// One version of an object, or a delete marker.
    Version {
        /// The object's key.
        key: String,
        /// The version's id.
        version_id: String,
    },
    /// Versions and delete markers of an object that no answer has named, if the bucket is versioned.
    Versions {
        /// The object's key.
        key: String,
    },
    /// A multipart upload; its id is not known until S3 has answered.
    Upload {
        /// The key it would be an object under.
        key: String,
        /// Its id.
        upload_id: Option<String>,
    },
}

/// What a request makes that was sent and never answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landing {
    /// What it makes.
    pub trace: Trace,
    /// When the request has been carried out, if it ever is.
    pub until: SystemTime,
}

/// The traces of one test, and how to reach the bucket they are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// The test.
    pub test_id: Uuid,
    /// The bucket, and the credentials that the test had.
    pub s3: S3Config,
    /// The credentials are forgotten, since they may not remove what is left: a later test at the place tries with its own.
    pub keyless: bool,
    /// What is, or may be, in it.
    pub traces: Vec<Trace>,
    /// What may come to be in it yet, though it is not seen there now.
    pub landing: Vec<Landing>,
    /// How often removing them was tried after the test.
    pub sweeps: u32,
    /// Whether the test has ended; until then it cleans up after itself.
    pub ended: bool,
}
