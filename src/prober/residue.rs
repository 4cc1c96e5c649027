//! What a test has written, and getting rid of it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::{Duration, timeout};

use super::report::Residue;
use crate::model::datastore::S3Config;
use crate::s3::{Answer, Client, Failure};

/// Something that is, or may be, in the bucket because of the test. It is noted before the request that makes it goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trace {
    /// An object; the newest version of it.
    Object { key: String },
    /// One version of an object, or a delete marker.
    Version { key: String, version_id: String },
    /// A multipart upload; its id is not known until S3 has answered.
    Upload {
        key: String,
        upload_id: Option<String>,
    },
}

/// The list of what the test has written and not yet removed.
#[derive(Debug, Default)]
pub(super) struct Traces(Mutex<Vec<Trace>>);

impl Traces {
    pub(super) fn add(&self, trace: Trace) {
        self.lock().push(trace);
    }

    /// Strikes off what is known to be gone.
    pub(super) fn strike(&self, trace: &Trace) {
        self.lock().retain(|t| t != trace);
    }

    fn all(&self) -> Vec<Trace> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Trace>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes all that is left of the test, for at most `deadline`, and returns what is still there.
pub(super) async fn clean_up(
    client: &Client,
    config: &S3Config,
    traces: &Traces,
    deadline: Duration,
) -> Vec<Residue> {
    let mut refused = Vec::new();
    let in_time = timeout(deadline, async {
        // Newest first: deleting an object in a versioned bucket adds a marker, which then is the newest.
        while let Some(trace) = traces.all().pop() {
            if let Err(cause) = remove(client, traces, &trace).await {
                refused.push((trace.clone(), cause));
            }
            traces.strike(&trace);
        }
    })
    .await;
    if in_time.is_err() {
        let late = "the endpoint did not answer while the test cleaned up".to_owned();
        refused.extend(traces.all().into_iter().map(|t| (t, late.clone())));
    }
    let residue = |(trace, cause)| residue(config, trace, cause);
    refused.into_iter().map(residue).collect()
}

async fn remove(client: &Client, traces: &Traces, trace: &Trace) -> Result<(), String> {
    match trace {
        Trace::Object { key } => {
            let deleted = gone(client.delete(key, None).await)?;
            if let Some(version_id) = deleted.and_then(|d| d.delete_marker) {
                let key = key.clone();
                // Struck off by the caller together with the object, unless it stands before it.
                traces.lock().insert(0, Trace::Version { key, version_id });
            }
        }
        Trace::Version { key, version_id } => {
            gone(client.delete(key, Some(version_id)).await)?;
        }
        Trace::Upload { key, upload_id } => {
            let ids = match upload_id {
                Some(id) => vec![id.clone()],
                None => uploads_under(client, key).await?,
            };
            for id in &ids {
                gone(client.abort_upload(key, id).await)?;
            }
            // Where listing is not allowed, the answer to the abort has to do.
            let left = uploads_under(client, key).await.unwrap_or_default();
            if left.iter().any(|id| ids.contains(id)) {
                return Err("the store confirmed its removal and still lists it".to_owned());
            }
        }
    }
    Ok(())
}

/// The uploads of a key, when the answer that named the upload was lost.
async fn uploads_under(client: &Client, key: &str) -> Result<Vec<String>, String> {
    let listed = client.list_uploads(key, 1_000).await.result;
    let uploads = listed.map_err(|f| why(&f))?;
    let ours = uploads.into_iter().filter(|u| u.key == key);
    Ok(ours.map(|u| u.upload_id).collect())
}

/// What a removal came to; a thing that is not there is as good as removed.
fn gone<T>(answer: Answer<T>) -> Result<Option<T>, String> {
    match answer.result {
        Ok(removed) => Ok(Some(removed)),
        Err(failure) if failure.status == Some(404) => Ok(None),
        Err(failure) => Err(why(&failure)),
    }
}

fn why(failure: &Failure) -> String {
    match failure.status {
        Some(403) => "the credentials do not allow its removal".to_owned(),
        Some(status) => format!("its removal was answered with HTTP {status}"),
        None => "its removal was not answered".to_owned(),
    }
}

fn residue(config: &S3Config, trace: Trace, cause: String) -> Residue {
    let bucket = config.bucket.as_str();
    let endpoint = config.endpoint.as_ref();
    let endpoint = endpoint.map_or(String::new(), |e| format!(" --endpoint-url {}", e.as_str()));
    let api = |operation: &str, more: &str| {
        format!("aws{endpoint} s3api {operation} --bucket {bucket}{more}")
    };
    let (key, upload_id, version_id, remedy) = match trace {
        Trace::Object { key } => {
            let remedy = api("delete-object", &format!(" --key {}", quoted(&key)));
            (key, None, None, remedy)
        }
        Trace::Version {
            key,
            version_id: id,
        } => {
            let more = format!(" --key {} --version-id {}", quoted(&key), quoted(&id));
            (key, None, Some(id), api("delete-object", &more))
        }
        Trace::Upload {
            key,
            upload_id: Some(id),
        } => {
            let more = format!(" --key {} --upload-id {}", quoted(&key), quoted(&id));
            (key, Some(id), None, api("abort-multipart-upload", &more))
        }
        Trace::Upload {
            key,
            upload_id: None,
        } => {
            let more = format!(" --prefix {}", quoted(&key));
            (key, None, None, api("list-multipart-uploads", &more))
        }
    };
    Residue {
        bucket: bucket.to_owned(),
        key,
        upload_id,
        version_id,
        cause,
        remedy,
    }
}

/// The text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{Trace, residue};
    use crate::prober::testing::config;

    #[test]
    fn the_command_that_removes_a_residue_survives_a_shell() {
        let trace = Trace::Version {
            key: "it's/$here".to_owned(),
            version_id: "v1".to_owned(),
        };
        let residue = residue(&config("s3://logs"), trace, "why".to_owned());
        assert_eq!(
            residue.remedy,
            r"aws s3api delete-object --bucket logs --key 'it'\''s/$here' --version-id 'v1'"
        );
    }
}
