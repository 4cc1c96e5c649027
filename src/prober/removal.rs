//! How each kind of trace is removed, and what counts as its being gone: S3 must have said so.

use super::residue::Why;
use super::traces::Traces;
use crate::model::residue::Trace;
use crate::s3::{Answer, Client};

/// Removes a trace, and notes what comes to light on the way.
pub(super) async fn remove(client: &Client, traces: &Traces, trace: &Trace) -> Result<(), Why> {
    match trace {
        Trace::Object { key } => remove_object(client, traces, key).await,
        Trace::Version { key, version_id } => remove_version(client, traces, key, version_id).await,
        Trace::Versions { key } => find_versions(client, traces, key).await,
        Trace::Upload { key, upload_id } => remove_upload(client, key, upload_id.as_ref()).await,
    }
}

/// Whether S3 says that a trace is not there.
pub(super) async fn is_gone(client: &Client, trace: &Trace) -> bool {
    let look = match trace {
        Trace::Object { key } => client.get_first_byte(key).await,
        // Some stores answer 404 for a delete marker that is there; Amazon S3 answers 405.
        Trace::Version { key, version_id } => {
            let look = client.get_version(key, version_id).await.result;
            return look.is_err_and(|failure| {
                failure.is_missing() && failure.code.as_deref() == Some("NoSuchVersion")
            });
        }
        Trace::Versions { .. } => return false,
        Trace::Upload { key, upload_id } => {
            let Some(id) = upload_id else { return false };
            if let Ok(open) = uploads_of(client, key).await {
                return !open.contains(id);
            }
            client.list_parts(key, id).await
        }
    };
    look.result.is_err_and(|failure| failure.is_missing())
}

async fn remove_object(client: &Client, traces: &Traces, key: &str) -> Result<(), Why> {
    let object = Trace::Object {
        key: key.to_owned(),
    };
    // In a versioned bucket a DELETE of what was deleted before the crash would add one more marker.
    if !traces.are_named() && is_gone(client, &object).await {
        return Ok(());
    }
    let answer = client.delete(key, None).await;
    let is_first = answer.evidence.attempts == 1;
    let marker = gone(answer)?.and_then(|deleted| deleted.delete_marker);
    if let Some(version_id) = marker {
        let are_named = is_first && traces.are_named();
        let unnamed = (!are_named).then(|| Trace::Versions {
            key: key.to_owned(),
        });
        let key = key.to_owned();
        let marker = Trace::Version { key, version_id };
        // In memory they are noted in any case, and they are removed right away.
        let _ = traces.add_all(unnamed.into_iter().chain([marker])).await;
    }
    match client.list_objects(key).await.result {
        Ok(first) if first.as_deref() == Some(key) => Err(Why::StillListed),
        Ok(_) => Ok(()),
        // Where listing is not allowed, the answer to the delete has to do.
        Err(failure) if failure.is_denied() => Ok(()),
        Err(_) => Err(Why::NotSeen),
    }
}

async fn remove_version(
    client: &Client,
    traces: &Traces,
    key: &str,
    version_id: &str,
) -> Result<(), Why> {
    gone(client.delete(key, Some(version_id)).await)?;
    // Without its marker an object is there again: the id of a version whose PUT was not answered is learnt only now.
    let uncovered = client.version_of(key).await.result.ok().flatten();
    if let Some(version_id) = uncovered.filter(|id| id != version_id) {
        let key = key.to_owned();
        let _ = traces.add(Trace::Version { key, version_id }).await;
    }
    Ok(())
}

/// Finds the versions of a key that no answer has named, so that they are removed one by one.
async fn find_versions(client: &Client, traces: &Traces, key: &str) -> Result<(), Why> {
    let version = |version_id| Trace::Version {
        key: key.to_owned(),
        version_id,
    };
    match client.list_versions(key).await.result {
        Ok(ids) => {
            let _ = traces.add_all(ids.into_iter().map(version)).await;
            return Ok(());
        }
        Err(failure) if !failure.is_refused() => return Err(Why::of(&failure)),
        Err(_) => {}
    }
    let is_ours = |trace: &Trace| matches!(trace, Trace::Version { key: of, .. } if of == key);
    if traces.all().await.iter().any(is_ours) {
        return Err(Why::Unnamed);
    }
    // A versioned bucket answers with the id of a marker; another one makes none, and has none.
    let deleted = gone(client.delete(key, None).await)?;
    let Some(marker) = deleted.and_then(|deleted| deleted.delete_marker) else {
        traces.keep_no_versions();
        return Ok(());
    };
    let _ = traces.add(version(marker)).await;
    Err(Why::Unnamed)
}

async fn remove_upload(client: &Client, key: &str, upload_id: Option<&String>) -> Result<(), Why> {
    let ids = match upload_id {
        Some(id) => vec![id.clone()],
        None => uploads_of(client, key).await?,
    };
    for id in &ids {
        gone(client.abort_upload(key, id).await)?;
    }
    match uploads_of(client, key).await {
        Ok(open) if open.iter().any(|id| ids.contains(id)) => Err(Why::StillListed),
        // Where listing is not allowed, the answer to the abort has to do.
        Ok(_) | Err(Why::Denied) => Ok(()),
        Err(_) => are_gone(client, key, &ids).await,
    }
}

/// Looks for uploads by their parts, for a store that does not list uploads.
async fn are_gone(client: &Client, key: &str, ids: &[String]) -> Result<(), Why> {
    for id in ids {
        match client.list_parts(key, id).await.result {
            Ok(()) => return Err(Why::StillListed),
            Err(failure) if failure.is_missing() => {}
            Err(_) => return Err(Why::NotSeen),
        }
    }
    Ok(())
}

/// The uploads of a key, when the answer that named the upload was lost.
async fn uploads_of(client: &Client, key: &str) -> Result<Vec<String>, Why> {
    let listed = client.list_uploads(key, 1_000).await.result;
    let uploads = listed.map_err(|failure| Why::of(&failure))?;
    let ours = uploads.into_iter().filter(|u| u.key == key);
    Ok(ours.map(|u| u.upload_id).collect())
}

/// What a removal came to; a thing that S3 says is not there is as good as removed.
fn gone<T>(answer: Answer<T>) -> Result<Option<T>, Why> {
    match answer.result {
        Ok(removed) => Ok(Some(removed)),
        Err(failure) if failure.is_missing() => Ok(None),
        Err(failure) => Err(Why::of(&failure)),
    }
}
