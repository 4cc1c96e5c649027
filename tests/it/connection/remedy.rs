//! Carries out the commands by which a report says that a residue is removed.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::lab::Server;

/// Stands for the aws command: it writes down how it is called, and what it lists is given.
const AWS: &str = r#"#!/bin/sh
{ printf '%s\0' "$@"; printf '\n\0'; } >> "$CALLS"
case "$*" in *" list-"*) printf '%s' "$IDS" ;; esac
"#;

/// Does what a command says in a shell, as the administrator. It must name the endpoint that the datastore named.
pub async fn carry_out(s3: &Server, named: &str, command: &str) {
    let first = calls_of(command, "");
    let [call] = &first[..] else {
        panic!("not one call: {command}");
    };
    match operation(call, named) {
        ("list-object-versions", [bucket, "--prefix", key, ..]) => {
            let versions = s3.versions_in(bucket).await.into_iter();
            let of_key = versions.filter(|(of, _, _)| of == key);
            let ids: Vec<String> = of_key.map(|(_, id, _)| id).collect();
            remove_each(s3, named, command, &ids).await;
        }
        ("list-multipart-uploads", [bucket, "--prefix", key, ..]) => {
            let uploads = s3.open_uploads(bucket).await.into_iter();
            let of_key = uploads.filter(|(of, _)| of == key);
            let ids: Vec<String> = of_key.map(|(_, id)| id).collect();
            remove_each(s3, named, command, &ids).await;
        }
        _ => remove(s3, named, call).await,
    }
}

/// Carries out the removals that follow on a list.
async fn remove_each(s3: &Server, named: &str, command: &str, ids: &[String]) {
    let calls = calls_of(command, &ids.join("\t"));
    assert_eq!(calls.len(), 1 + ids.len(), "one for each: {command}");
    for call in &calls[1..] {
        remove(s3, named, call).await;
    }
}

async fn remove(s3: &Server, named: &str, call: &[String]) {
    let (operation, options) = operation(call, named);
    let [bucket, "--key", key, options @ ..] = options else {
        panic!("not a call that removes: {call:?}");
    };
    let delete = || s3.s3().delete_object().bucket(*bucket).key(*key);
    match (operation, options) {
        ("delete-object", []) => drop(delete().send().await.expect("an object can be deleted")),
        ("delete-object", ["--version-id", id]) => {
            let sent = delete().version_id(*id).send().await;
            sent.expect("a version can be deleted");
        }
        ("abort-multipart-upload", ["--upload-id", id]) => {
            let abort = s3.s3().abort_multipart_upload();
            let abort = abort.bucket(*bucket).key(*key).upload_id(*id);
            abort.send().await.expect("an upload can be aborted");
        }
        _ => panic!("not a call that removes: {call:?}"),
    }
}

/// The operation of a call, the bucket, and its options.
fn operation<'a>(call: &'a [String], named: &str) -> (&'a str, &'a [&'a str]) {
    let words: Vec<&str> = call.iter().map(String::as_str).collect();
    let words: &'a [&'a str] = words.leak();
    let [
        "--endpoint-url",
        endpoint,
        "s3api",
        operation,
        "--bucket",
        rest @ ..,
    ] = words
    else {
        panic!("not a call of S3's API at an endpoint: {words:?}");
    };
    assert_eq!(endpoint.trim_end_matches('/'), named, "the endpoint");
    (operation, rest)
}

/// The calls of the aws command that a shell makes of a command, when lists give these ids.
fn calls_of(command: &str, ids: &str) -> Vec<Vec<String>> {
    let folder = TempDir::new().expect("a temporary folder can be made");
    install(folder.path());
    let calls = folder.path().join("calls");
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]);
    shell.env("PATH", path).env("CALLS", &calls).env("IDS", ids);
    let status = shell.current_dir(folder.path()).status();
    assert!(status.expect("there is a shell").success(), "{command}");
    let calls = std::fs::read_to_string(calls).expect("aws is called");
    let calls = calls.split_terminator("\n\0");
    calls
        .map(|call| call.split_terminator('\0').map(str::to_owned).collect())
        .collect()
}

fn install(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let program = folder.join("aws");
    std::fs::write(&program, AWS).expect("the folder can be written");
    let mode = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(&program, mode).expect("the program is ours");
}
