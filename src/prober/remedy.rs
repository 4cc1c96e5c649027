//! A trace as the report shows it, with the command that removes it.

use crate::model::datastore::S3Config;
use crate::model::residue::Trace;
use crate::report::Residue;

/// The ids of all open uploads, and of all versions and delete markers, in the query language of the aws command.
const UPLOADS: &str = "[Uploads[].UploadId][]";
const VERSIONS: &str = "[Versions[].VersionId, DeleteMarkers[].VersionId][]";

/// A trace as the report shows it.
pub(super) fn residue(config: &S3Config, trace: &Trace, cause: &str) -> Residue {
    let (key, upload_id, version_id) = match trace {
        Trace::Object { key } | Trace::Versions { key } => (key, None, None),
        Trace::Version { key, version_id } => (key, None, Some(version_id)),
        Trace::Upload { key, upload_id } => (key, upload_id.as_ref(), None),
    };
    Residue {
        bucket: config.bucket.as_str().to_owned(),
        key: key.clone(),
        upload_id: upload_id.cloned(),
        version_id: version_id.cloned(),
        cause: cause.to_owned(),
        remedy: remedy(config, trace),
    }
}

/// The command, for a POSIX shell, that removes a trace.
fn remedy(config: &S3Config, trace: &Trace) -> String {
    let bucket = config.bucket.as_str();
    let endpoint = config.endpoint.as_ref();
    let endpoint = endpoint.map(|e| format!(" --endpoint-url {}", quoted(e.as_str())));
    let endpoint = endpoint.unwrap_or_default();
    let api = |operation: &str, more: &str| {
        format!("aws{endpoint} s3api {operation} --bucket {bucket} {more}")
    };
    let each = |list: &str, query: &str, removal: &str, key: &str, option: &str| {
        let more = format!("--prefix {} --query '{query}' --output text", quoted(key));
        let removal = api(removal, &format!("--key {} {option} \"$id\"", quoted(key)));
        format!("for id in $({}); do {removal}; done", api(list, &more))
    };
    match trace {
        Trace::Object { key } => api("delete-object", &format!("--key {}", quoted(key))),
        Trace::Version { key, version_id } => {
            let (key, id) = (quoted(key), quoted(version_id));
            api("delete-object", &format!("--key {key} --version-id {id}"))
        }
        Trace::Versions { key } => each(
            "list-object-versions",
            VERSIONS,
            "delete-object",
            key,
            "--version-id",
        ),
        Trace::Upload {
            key,
            upload_id: Some(id),
        } => {
            let more = format!("--key {} --upload-id {}", quoted(key), quoted(id));
            api("abort-multipart-upload", &more)
        }
        Trace::Upload {
            key,
            upload_id: None,
        } => each(
            "list-multipart-uploads",
            UPLOADS,
            "abort-multipart-upload",
            key,
            "--upload-id",
        ),
    }
}

/// The text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::residue;
    use crate::model::endpoint::Endpoint;
    use crate::model::residue::Trace;
    use crate::prober::testing::config;

    #[test]
    fn the_command_that_removes_a_residue_survives_a_shell() {
        let trace = Trace::Version {
            key: "it's/$here".to_owned(),
            version_id: "v1".to_owned(),
        };
        let mut config = config("s3://logs");
        assert_eq!(
            residue(&config, &trace, "why").remedy,
            r"aws s3api delete-object --bucket logs --key 'it'\''s/$here' --version-id 'v1'"
        );
        config.endpoint = Some(Endpoint::parse("http://$(id).localhost:9000").unwrap());
        let command = residue(&config, &trace, "why").remedy;
        let begin = "aws --endpoint-url 'http://$(id).localhost:9000' s3api delete-object ";
        assert!(command.starts_with(begin), "{command}");
    }
}
