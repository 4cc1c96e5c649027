//! Getting rid of what a test has written, and saying what could not be got rid of.

use tokio::time::{Duration, timeout};

use super::traces::Traces;
use crate::model::datastore::S3Config;
use crate::model::residue::Trace;
use crate::report::Residue;
use crate::s3::{Answer, Client, Failure};

/// A trace that is still there, and why.
pub(super) type Left = (Trace, Why);

/// Why a trace could not be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The credentials may not.
    Denied,
    /// The store answered so.
    Answered(u16),
    /// The store confirmed its removal and still lists it.
    StillListed,
    /// No answer, or not in time.
    NoAnswer,
    /// It is not there, but the request that makes it was never answered, and may still be carried out.
    MayStillLand,
}

/// Removes all that is left of a test, for at most `deadline`, and returns what is still there.
pub(super) async fn clean_up(client: &Client, traces: &Traces, deadline: Duration) -> Vec<Left> {
    let mut left = Vec::new();
    let in_time = timeout(deadline, async {
        // Newest first: deleting an object in a versioned bucket adds a marker, which then has to go too.
        while let Some(trace) = traces.all().await.pop() {
            if let Err(why) = remove(client, traces, &trace).await {
                left.push((trace.clone(), why));
            }
            traces.strike(&trace).await;
        }
    })
    .await;
    if in_time.is_err() {
        let late = traces.all().await;
        left.extend(late.into_iter().map(|trace| (trace, Why::NoAnswer)));
    }
    left
}

/// What is there of that which could not be removed: who may not remove a thing may still see that somebody else has.
pub(super) async fn still_there(client: &Client, left: Vec<Left>, deadline: Duration) -> Vec<Left> {
    let mut there = Vec::new();
    for (trace, why) in left {
        let is_seen_gone = match why {
            Why::Denied => timeout(deadline, is_gone(client, &trace)).await,
            Why::Answered(_) | Why::StillListed | Why::NoAnswer | Why::MayStillLand => Ok(false),
        };
        if !is_seen_gone.unwrap_or(false) {
            there.push((trace, why));
        }
    }
    there
}

async fn is_gone(client: &Client, trace: &Trace) -> bool {
    let look = match trace {
        Trace::Object { key } => client.get_first_byte(key).await,
        // Some stores answer 404 for a delete marker that is there; Amazon S3 answers 405.
        Trace::Version { key, version_id } => {
            let look = client.get_version(key, version_id).await.result;
            let code = look.err().and_then(|failure| failure.code);
            return code.as_deref() == Some("NoSuchVersion");
        }
        Trace::Upload { key, upload_id } => {
            let Some(id) = upload_id else { return false };
            if let Ok(open) = uploads_of(client, key).await {
                return !open.contains(id);
            }
            client.list_parts(key, id).await
        }
    };
    look.result
        .is_err_and(|failure| failure.status == Some(404))
}

async fn remove(client: &Client, traces: &Traces, trace: &Trace) -> Result<(), Why> {
    match trace {
        Trace::Object { key } => {
            let deleted = gone(client.delete(key, None).await)?;
            // Where listing is not allowed, the answer to the delete has to do.
            let first = client.list_objects(key).await.result;
            if first.is_ok_and(|first| first.as_ref() == Some(key)) {
                return Err(Why::StillListed);
            }
            if let Some(version_id) = deleted.and_then(|d| d.delete_marker) {
                let key = key.clone();
                // In memory it is noted in any case, and it is removed right away.
                let _ = traces.add(Trace::Version { key, version_id }).await;
            }
        }
        Trace::Version { key, version_id } => {
            gone(client.delete(key, Some(version_id)).await)?;
            // Without its marker an object is there again: the id of a version whose PUT was not answered is learnt only now.
            let uncovered = client.version_of(key).await.result.ok().flatten();
            let uncovered = uncovered.filter(|id| id != version_id);
            if let Some(version_id) = uncovered {
                let key = key.clone();
                let known = Trace::Version { key, version_id };
                if !traces.all().await.contains(&known) {
                    let _ = traces.add(known).await;
                }
            }
        }
        Trace::Upload { key, upload_id } => {
            let ids = match upload_id {
                Some(id) => vec![id.clone()],
                None => uploads_of(client, key).await?,
            };
            for id in &ids {
                gone(client.abort_upload(key, id).await)?;
            }
            // Where listing is not allowed, the answer to the abort has to do.
            let left = uploads_of(client, key).await.unwrap_or_default();
            if left.iter().any(|id| ids.contains(id)) {
                return Err(Why::StillListed);
            }
        }
    }
    Ok(())
}

/// The uploads of a key, when the answer that named the upload was lost.
async fn uploads_of(client: &Client, key: &str) -> Result<Vec<String>, Why> {
    let listed = client.list_uploads(key, 1_000).await.result;
    let uploads = listed.map_err(|f| why(&f))?;
    let ours = uploads.into_iter().filter(|u| u.key == key);
    Ok(ours.map(|u| u.upload_id).collect())
}

/// What a removal came to; a thing that is not there is as good as removed.
fn gone<T>(answer: Answer<T>) -> Result<Option<T>, Why> {
    match answer.result {
        Ok(removed) => Ok(Some(removed)),
        Err(failure) if failure.status == Some(404) => Ok(None),
        Err(failure) => Err(why(&failure)),
    }
}

fn why(failure: &Failure) -> Why {
    match failure.status {
        Some(403) => Why::Denied,
        Some(status) => Why::Answered(status),
        None => Why::NoAnswer,
    }
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Denied => f.write_str("the credentials do not allow its removal"),
            Self::Answered(status) => write!(f, "its removal was answered with HTTP {status}"),
            Self::StillListed => f.write_str("the store confirmed its removal and still lists it"),
            Self::MayStillLand => f.write_str(
                "the request that makes it was never answered and may still be carried out; this server looks again",
            ),
            Self::NoAnswer => f.write_str("its removal was not answered"),
        }
    }
}

/// A trace as the report shows it, with the command that removes it.
pub(super) fn residue(config: &S3Config, trace: &Trace, cause: &str) -> Residue {
    let bucket = config.bucket.as_str();
    let endpoint = config.endpoint.as_ref();
    let endpoint = endpoint.map_or(String::new(), |e| format!(" --endpoint-url {}", e.as_str()));
    let api = |operation: &str, more: &str| {
        format!("aws{endpoint} s3api {operation} --bucket {bucket}{more}")
    };
    let (key, upload_id, version_id, remedy) = match trace {
        Trace::Object { key } => {
            let more = format!(" --key {}", quoted(key));
            (key, None, None, api("delete-object", &more))
        }
        Trace::Version {
            key,
            version_id: id,
        } => {
            let more = format!(" --key {} --version-id {}", quoted(key), quoted(id));
            (key, None, Some(id), api("delete-object", &more))
        }
        Trace::Upload {
            key,
            upload_id: Some(id),
        } => {
            let more = format!(" --key {} --upload-id {}", quoted(key), quoted(id));
            (key, Some(id), None, api("abort-multipart-upload", &more))
        }
        Trace::Upload {
            key,
            upload_id: None,
        } => {
            let more = format!(" --prefix {}", quoted(key));
            (key, None, None, api("list-multipart-uploads", &more))
        }
    };
    Residue {
        bucket: bucket.to_owned(),
        key: key.clone(),
        upload_id: upload_id.cloned(),
        version_id: version_id.cloned(),
        cause: cause.to_owned(),
        remedy,
    }
}

/// The text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::residue;
    use crate::model::residue::Trace;
    use crate::prober::testing::config;

    #[test]
    fn the_command_that_removes_a_residue_survives_a_shell() {
        let trace = Trace::Version {
            key: "it's/$here".to_owned(),
            version_id: "v1".to_owned(),
        };
        let residue = residue(&config("s3://logs"), &trace, "why");
        assert_eq!(
            residue.remedy,
            r"aws s3api delete-object --bucket logs --key 'it'\''s/$here' --version-id 'v1'"
        );
    }
}
