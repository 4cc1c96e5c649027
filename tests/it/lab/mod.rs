//! The test lab: real S3 servers without docker, and users with policies on them.
//!
//! `moto().await` and `seaweedfs().await` give one server per test process, started at first use and
//! killed with it; `s3s().await` gives a new one inside the process. Tests keep apart by buckets and
//! users of their own: `server.bucket()`, `server.user(&policies::source(&bucket))`.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the programs that include the lab export nothing, and each uses a part of it"
)]

pub mod hostile;
mod iam;
mod moto;
pub mod policies;
mod process;
pub mod proxy;
pub mod rule;
mod s3s;
mod seaweedfs;

use std::sync::Arc;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use uuid::Uuid;

pub use moto::moto;
pub use process::eventually;
pub use s3s::s3s;
pub use seaweedfs::seaweedfs;

/// An access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// The public half.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: String,
}

/// Which software answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Python's moto, a simulation of AWS.
    Moto,
    /// `SeaweedFS`, an object store.
    SeaweedFs,
    /// The crate s3s, in this process.
    S3s,
}

/// What keeps a server running for as long as it is held.
#[derive(Debug)]
enum Backend {
    Process(process::Process),
    InProcess(s3s::InProcess),
}

/// A running S3 server.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    endpoint: String,
    admin: Keys,
    backend: Backend,
}

impl Server {
    fn new(kind: Kind, endpoint: String, admin: Keys, backend: Backend) -> Arc<Self> {
        Arc::new(Self {
            kind,
            endpoint,
            admin,
            backend,
        })
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Which software it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The access key of a user that may do everything.
    pub fn admin(&self) -> &Keys {
        &self.admin
    }

    /// A client that may do everything. Made for each call, because its connections belong to the
    /// runtime of the test that made it.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        self.s3_as(&self.admin)
    }

    /// A client that signs with these keys.
    pub fn s3_as(&self, keys: &Keys) -> aws_sdk_s3::Client {
        client(&self.endpoint, keys)
    }

    /// A new user with that policy (JSON), which is in force when this returns.
    pub async fn user(&self, policy: &str) -> Keys {
        if let Backend::InProcess(server) = &self.backend {
            return server.users.create(policy);
        }
        self.named_user(&new_name(), policy).await
    }

    /// A new role that may be assumed as `trust` says (JSON), with that policy; its ARN. moto alone has roles.
    pub async fn role(&self, trust: &str, policy: &str) -> String {
        assert_eq!(self.kind, Kind::Moto, "only moto has roles");
        iam::create_role(&self.endpoint, &self.admin, &new_name(), trust, policy).await
    }

    /// A new user of that name.
    pub async fn named_user(&self, name: &str, policy: &str) -> Keys {
        let keys = iam::create_user(&self.endpoint, &self.admin, name, policy).await;
        let s3 = self.s3_as(&keys);
        eventually("the server knows the new access key", || async {
            let answer = s3.list_buckets().send().await;
            !answer.is_err_and(|error| error.code() == Some("InvalidAccessKeyId"))
        })
        .await;
        keys
    }

    /// A new, empty bucket.
    pub async fn bucket(&self) -> String {
        let bucket = format!("lab-{}", Uuid::new_v4().simple());
        self.s3()
            .create_bucket()
            .bucket(&bucket)
            .send()
            .await
            .expect("the administrator may create a bucket");
        bucket
    }

    /// The key of every object of a bucket.
    pub async fn keys_in(&self, bucket: &str) -> Vec<String> {
        let mut pages = self
            .s3()
            .list_objects_v2()
            .bucket(bucket)
            .into_paginator()
            .send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.expect("the administrator may list objects");
            keys.extend(
                page.contents()
                    .iter()
                    .filter_map(|object| object.key().map(str::to_owned)),
            );
        }
        keys
    }

    /// Every version and delete marker of a bucket: key, version id, whether it is a marker.
    pub async fn versions_in(&self, bucket: &str) -> Vec<(String, String, bool)> {
        let answer = self.s3().list_object_versions().bucket(bucket).send().await;
        let answer = answer.expect("the administrator may list versions");
        let versions = answer
            .versions()
            .iter()
            .map(|v| (v.key(), v.version_id(), false));
        let markers = answer
            .delete_markers()
            .iter()
            .map(|m| (m.key(), m.version_id(), true));
        let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
        versions
            .chain(markers)
            .map(|(key, id, is_marker)| (owned(key), owned(id), is_marker))
            .collect()
    }

    /// The key and id of every multipart upload of a bucket that was neither completed nor aborted.
    pub async fn open_uploads(&self, bucket: &str) -> Vec<(String, String)> {
        let answer = self
            .s3()
            .list_multipart_uploads()
            .bucket(bucket)
            .send()
            .await;
        let answer = answer.expect("the administrator may list multipart uploads");
        let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
        answer
            .uploads()
            .iter()
            .map(|upload| (owned(upload.key()), owned(upload.upload_id())))
            .collect()
    }
}

/// A name that no other user or role has.
pub fn new_name() -> String {
    format!("lab-{}", Uuid::new_v4().simple())
}

/// A client of the AWS SDK for a plain-HTTP endpoint, path style, without retries.
fn client(endpoint: &str, keys: &Keys) -> aws_sdk_s3::Client {
    let credentials = Credentials::new(
        &keys.access_key_id,
        &keys.secret_access_key,
        None,
        None,
        "lab",
    );
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::from_static("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(credentials)
        .force_path_style(true)
        .retry_config(RetryConfig::disabled())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}
