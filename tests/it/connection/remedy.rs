//! Carries out the commands by which a report says that a residue is removed.

use crate::lab::Server;

/// Does what a command says, by its words alone, as the administrator. It must name the endpoint that the datastore named.
pub async fn carry_out(s3: &Server, named: &str, command: &str) {
    let words = words(command);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [
        "aws",
        "--endpoint-url",
        endpoint,
        "s3api",
        operation,
        "--bucket",
        bucket,
        "--key",
        key,
        options @ ..,
    ] = &words[..]
    else {
        panic!("not a command that removes: {command}");
    };
    assert_eq!(endpoint.trim_end_matches('/'), named, "the endpoint");
    let delete = || s3.s3().delete_object().bucket(*bucket).key(*key);
    match (*operation, options) {
        ("delete-object", []) => drop(delete().send().await.expect("an object can be deleted")),
        ("delete-object", ["--version-id", id]) => {
            let sent = delete().version_id(*id).send().await;
            sent.expect("a version can be deleted");
        }
        ("abort-multipart-upload", ["--upload-id", id]) => {
            let call = s3.s3().abort_multipart_upload();
            let call = call.bucket(*bucket).key(*key).upload_id(*id);
            call.send().await.expect("an upload can be aborted");
        }
        _ => panic!("not a command that removes: {command}"),
    }
}

/// Splits a command as a POSIX shell does, with single quotes and backslashes.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut quoted, mut chars) = (false, command.chars());
    while let Some(c) = chars.next() {
        let word = words.last_mut().expect("there is a word");
        match c {
            '\'' => quoted = !quoted,
            '\\' if !quoted => word.extend(chars.next()),
            ' ' if !quoted => words.push(String::new()),
            _ => word.push(c),
        }
    }
    words
}
