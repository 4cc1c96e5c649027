//! The S3 calls that checks are made of. Each says how it went.

use aws_sdk_s3::Client as Sdk;
use aws_sdk_s3::primitives::ByteStream;

use super::client::Client;
use super::failure::{Cause, Failure};
use crate::report::Evidence;

/// The most that is ever read of an object, in bytes.
const MAX_READ: usize = 4_096;

/// What a call came to, and the evidence of it.
#[derive(Debug)]
pub struct Answer<T> {
    /// The call as it was seen on the wire.
    pub evidence: Evidence,
    /// What S3 gave, or why it did not.
    pub result: Result<T, Failure>,
}

/// What a DELETE left behind.
#[derive(Debug)]
pub struct Deleted {
    /// In a versioned bucket a delete without a version adds a delete marker; its version id.
    pub delete_marker: Option<String>,
}

/// A multipart upload that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenUpload {
    /// The key it will be an object under.
    pub key: String,
    /// Its id.
    pub upload_id: String,
}

impl Client {
    /// `ListObjectsV2` with `max-keys=1`: the first key under the prefix.
    pub async fn list_objects(&self, prefix: &str) -> Answer<Option<String>> {
        let answer = self.list_keys(prefix, 1).await;
        answer.map(|keys| keys.into_iter().next())
    }

    /// `ListObjectsV2` with `max-keys`: the first keys under the prefix.
    pub async fn list_keys(&self, prefix: &str, max: i32) -> Answer<Vec<String>> {
        let send = |sdk: &Sdk, seen| {
            let call = sdk.list_objects_v2().bucket(self.bucket.as_str());
            let call = call.set_prefix(non_empty(prefix)).max_keys(max);
            call.customize().interceptor(seen).send()
        };
        let answer = self.call("ListObjectsV2", send).await;
        answer.map(|out| {
            let keys = out.contents().iter().filter_map(|o| o.key());
            keys.map(str::to_owned).collect()
        })
    }

    /// `ListMultipartUploads` with `max-uploads`: uploads whose keys begin with the prefix.
    pub async fn list_uploads(&self, prefix: &str, max: i32) -> Answer<Vec<OpenUpload>> {
        let send = |sdk: &Sdk, seen| {
            let call = sdk.list_multipart_uploads().bucket(self.bucket.as_str());
            let call = call.set_prefix(non_empty(prefix)).max_uploads(max);
            call.customize().interceptor(seen).send()
        };
        let answer = self.call("ListMultipartUploads", send).await;
        answer.map(|out| {
            let open = |u: &aws_sdk_s3::types::MultipartUpload| {
                Some(OpenUpload {
                    key: u.key()?.to_owned(),
                    upload_id: u.upload_id()?.to_owned(),
                })
            };
            out.uploads().iter().filter_map(open).collect()
        })
    }

    /// `GetObject` of the first byte. An empty object answers 416 `InvalidRange`, which only a reader is told.
    pub async fn get_first_byte(&self, key: &str) -> Answer<()> {
        self.get_range(key, None, "bytes=0-0").await.map(|_| ())
    }

    /// `GetObject` of the first byte of one version. A delete marker answers 405.
    pub async fn get_version(&self, key: &str, version_id: &str) -> Answer<()> {
        let answer = self.get_range(key, Some(version_id), "bytes=0-0").await;
        answer.map(|_| ())
    }

    /// `GetObject` of a small object, at most 4 KiB of it.
    pub async fn get_small(&self, key: &str) -> Answer<Vec<u8>> {
        let range = format!("bytes=0-{}", MAX_READ - 1);
        self.get_range(key, None, &range).await
    }

    /// The id of the newest version of an object, in a versioned bucket.
    pub async fn version_of(&self, key: &str) -> Answer<Option<String>> {
        let send = |sdk: &Sdk, seen| {
            let call = sdk.head_object().bucket(self.bucket.as_str()).key(key);
            call.customize().interceptor(seen).send()
        };
        let answer = self.call("HeadObject", send).await;
        answer.map(|out| real_version(out.version_id()))
    }

    /// `ListObjectVersions`: the ids of the versions and delete markers of a key. It needs `s3:ListBucketVersions`.
    pub async fn list_versions(&self, key: &str) -> Answer<Vec<String>> {
        let send = |sdk: &Sdk, seen| {
            let call = sdk.list_object_versions().bucket(self.bucket.as_str());
            let call = call.prefix(key);
            call.customize().interceptor(seen).send()
        };
        let answer = self.call("ListObjectVersions", send).await;
        answer.map(|out| {
            let versions = out.versions().iter().map(|v| (v.key(), v.version_id()));
            let markers = out.delete_markers().iter();
            let markers = markers.map(|m| (m.key(), m.version_id()));
            let of_key = versions.chain(markers).filter(|(of, _)| *of == Some(key));
            of_key.filter_map(|(_, id)| id.map(str::to_owned)).collect()
        })
    }

    async fn get_range(&self, key: &str, version_id: Option<&str>, range: &str) -> Answer<Vec<u8>> {
        let send = |sdk: &Sdk, seen| {
            let call = sdk.get_object().bucket(self.bucket.as_str());
            let call = call.key(key).range(range);
            let call = call.set_version_id(version_id.map(str::to_owned));
            call.customize().interceptor(seen).send()
        };
        let answer = self.call("GetObject", send).await;
        let result = match answer.result {
            // S3 always names the object's ETag; what does not has perhaps sent a page of its own, which nobody has looked at yet.
            Ok(output) if output.e_tag().is_none() => Err(Failure::not_s3(&answer.evidence)),
            Ok(output) => read_bounded(output.body).await,
            Err(failure) => Err(failure),
        };
        Answer {
            evidence: answer.evidence,
            result,
        }
    }

    /// `GetObjectLockConfiguration`: whether new objects are locked for a while, unless their writer says otherwise.
    pub async fn locks_new_objects(&self) -> Answer<bool> {
        let send = |sdk: &Sdk, seen| {
            let call = sdk.get_object_lock_configuration();
            let call = call.bucket(self.bucket.as_str());
            call.customize().interceptor(seen).send()
        };
        let answer = self.call("GetObjectLockConfiguration", send).await;
        answer.map(|out| {
            let rule = out.object_lock_configuration().and_then(|c| c.rule());
            rule.is_some_and(|rule| rule.default_retention().is_some())
        })
    }

    /// `PutObject`: the new version's id, in a versioned bucket.
    pub async fn put(&self, key: &str, body: &str) -> Answer<Option<String>> {
        let send = |sdk: &Sdk, seen| {
            let call = sdk.put_object().bucket(self.bucket.as_str()).key(key);
            let body = ByteStream::from(body.as_bytes().to_vec());
            let call = call.content_type("text/plain").body(body);
            call.customize().interceptor(seen).send()
        };
        let answer = self.call("PutObject", send).await;
        answer.and_then(|out, evidence| {
            // S3 always names the new object's ETag; what does not has perhaps not stored it.
            out.e_tag().ok_or_else(|| Failure::not_s3(evidence))?;
            Ok(real_version(out.version_id()))
        })
    }

    /// `PutObject` with `If-None-Match: *`: 412 when there is an object already, and 501 or 400 from stores that do not know the condition
    /// ("How to prevent object overwrites with conditional writes" in the Amazon S3 User Guide).
    pub async fn put_if_absent(&self, key: &str, body: &str) -> Answer<()> {
        let send = |sdk: &Sdk, seen| {
            let call = sdk.put_object().bucket(self.bucket.as_str()).key(key);
            let body = ByteStream::from(body.as_bytes().to_vec());
            let call = call.content_type("application/json").body(body);
            let call = call.if_none_match("*");
            call.customize().interceptor(seen).send()
        };
        self.call("PutObject", send).await.map(|_| ())
    }

    /// `DeleteObject`, of one version if it is given.
    pub async fn delete(&self, key: &str, version_id: Option<&str>) -> Answer<Deleted> {
        let send = |sdk: &Sdk, seen| {
            let call = sdk.delete_object().bucket(self.bucket.as_str()).key(key);
            let call = call.set_version_id(version_id.map(str::to_owned));
            call.customize().interceptor(seen).send()
        };
        let answer = self.call("DeleteObject", send).await;
        answer.map(|out| {
            // Where versioning is suspended the marker's id is `null`, and can be deleted by it.
            let is_new = version_id.is_none() && out.delete_marker() == Some(true);
            let marker = out.version_id().filter(|id| is_new && !id.is_empty());
            Deleted {
                delete_marker: marker.map(str::to_owned),
            }
        })
    }

    /// `CreateMultipartUpload`: the upload's id.
    pub async fn create_upload(&self, key: &str) -> Answer<String> {
        let send = |sdk: &Sdk, seen| {
            let call = sdk.create_multipart_upload();
            let call = call.bucket(self.bucket.as_str()).key(key);
            call.customize().interceptor(seen).send()
        };
        let answer = self.call("CreateMultipartUpload", send).await;
        answer.and_then(|out, evidence| {
            let id = out.upload_id().map(str::to_owned);
            id.ok_or_else(|| Failure::not_s3(evidence))
        })
    }

    /// `ListParts` with `max-parts=1`.
    pub async fn list_parts(&self, key: &str, upload_id: &str) -> Answer<()> {
        let send = |sdk: &Sdk, seen| {
            let call = sdk.list_parts().bucket(self.bucket.as_str());
            let call = call.key(key).upload_id(upload_id).max_parts(1);
            call.customize().interceptor(seen).send()
        };
        let mut answer = self.call("ListParts", send).await.map(|_| ());
        // moto 5.2 calls the root element so, which the SDK cannot read. Nothing in the list is needed here.
        if answer.result.as_ref().is_err_and(|f| f.is_list_of_parts) {
            answer.result = Ok(());
        }
        answer
    }

    /// `AbortMultipartUpload`.
    pub async fn abort_upload(&self, key: &str, upload_id: &str) -> Answer<()> {
        let send = |sdk: &Sdk, seen| {
            let call = sdk.abort_multipart_upload();
            let call = call.bucket(self.bucket.as_str()).key(key);
            let call = call.upload_id(upload_id);
            call.customize().interceptor(seen).send()
        };
        self.call("AbortMultipartUpload", send).await.map(|_| ())
    }
}

impl<T> Answer<T> {
    /// The same answer with something else made of what S3 gave.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Answer<U> {
        self.and_then(|value, _| Ok(f(value)))
    }

    fn and_then<U>(self, f: impl FnOnce(T, &Evidence) -> Result<U, Failure>) -> Answer<U> {
        let result = self.result.and_then(|value| f(value, &self.evidence));
        Answer {
            evidence: self.evidence,
            result,
        }
    }
}

/// The id of a version that stays when its object is deleted: `null` is that of the one version which the next write replaces.
fn real_version(version_id: Option<&str>) -> Option<String> {
    version_id
        .filter(|v| !v.is_empty() && *v != "null")
        .map(str::to_owned)
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Reads at most [`MAX_READ`] bytes, however many an endpoint sends that ignores the range.
async fn read_bounded(mut body: ByteStream) -> Result<Vec<u8>, Failure> {
    let mut read = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|e| Failure::new(Cause::Unreachable(e.to_string())))?;
        read.extend_from_slice(&chunk[..chunk.len().min(MAX_READ - read.len())]);
        if read.len() == MAX_READ {
            break;
        }
    }
    Ok(read)
}
