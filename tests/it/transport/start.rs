//! Servers that do not start because of their options of TLS, and what they say; and what a server says that does.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;

use super::{Authority, Files, Issued, call, channel};
use crate::server::{Datastored, command};

/// How long a server may take to see that it cannot start.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a server that must not start for its options; returns what it wrote.
async fn refused(options: &[&str]) -> String {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let data = folder.path().join("data");
    let mut command = tokio::process::Command::from(command(&data, options));
    let output = command.kill_on_drop(true).stderr(Stdio::piped()).output();
    let output = tokio::time::timeout(PATIENCE, output).await;
    let output = output.unwrap_or_else(|_| panic!("it starts with {options:?}"));
    let output = output.expect("it can be run");
    let text = String::from_utf8(output.stderr).expect("it writes text");
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(!text.contains("panicked"), "{text}");
    assert!(
        !data.exists(),
        "nothing is made before the options are read"
    );
    text
}

/// The same with the files of TLS; the message is one sentence that names the option and the file.
async fn refuses(files: &Files, more: &[&str], option: &str, file: &Path, part: &str) {
    let options = files.options(more);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let text = refused(&options).await;
    let error = text.lines().last().expect("it says something");
    let named = format!("datastored: {option} {} ", file.display());
    assert!(
        error.starts_with(&named),
        "{named:?} does not begin: {error}"
    );
    assert!(error.contains(part) && error.contains("; give "), "{error}");
    let key = std::fs::read_to_string(files.path("key.pem")).unwrap_or_default();
    let secret = key.lines().nth(1).unwrap_or("PRIVATE KEY");
    assert!(!text.contains(secret), "{text}");
}

#[tokio::test]
async fn a_certificate_or_key_that_cannot_be_used_is_named() {
    let authority = Authority::new();
    let issued = authority.issue();
    let whole = issued.key.serialize_pem();
    let half_certificate = &issued.pem[..issued.pem.len() / 2];
    let others_key = authority.issue().key.serialize_pem();
    let no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let no_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let sealed = whole.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let large = "#".repeat(2 << 20);
    for (name, option, text, part) in [
        ("cert.pem", "--tls-cert", "", "has no certificate"),
        ("cert.pem", "--tls-cert", &whole, "has no certificate"),
        ("cert.pem", "--tls-cert", half_certificate, "not whole"),
        ("cert.pem", "--tls-cert", no_certificate, "cannot be used"),
        ("cert.pem", "--tls-cert", &large, "larger than 1 MiB"),
        ("key.pem", "--tls-key", "", "no whole private key"),
        ("key.pem", "--tls-key", &whole[..60], "no whole private key"),
        ("key.pem", "--tls-key", &issued.pem, "no whole private key"),
        ("key.pem", "--tls-key", &sealed, "without a passphrase"),
        ("key.pem", "--tls-key", no_key, "cannot be used"),
        ("key.pem", "--tls-key", &others_key, "is not the key"),
    ] {
        let files = Files::of(&issued);
        files.write(name, text);
        refuses(&files, &[], option, &files.path(name), part).await;
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named() {
    let issued = Authority::new().issue();
    for (name, option) in [("cert.pem", "--tls-cert"), ("key.pem", "--tls-key")] {
        let files = Files::of(&issued);
        let file = files.path(name);
        std::fs::remove_file(&file).unwrap();
        refuses(&files, &[], option, &file, "No such file").await;
        std::fs::create_dir(&file).unwrap();
        refuses(&files, &[], option, &file, "it is no file").await;
    }
}

#[tokio::test]
async fn authorities_of_callers_that_cannot_be_used_are_named() {
    let issued = Authority::new().issue();
    let files = Files::of(&issued);
    let ca = files.path("ca.pem");
    let more = ["--tls-client-ca", ca.to_str().unwrap()];
    let check = async |part| refuses(&files, &more, "--tls-client-ca", &ca, part).await;
    check("No such file").await;
    files.write("ca.pem", "");
    check("has no certificate").await;
    let no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    files.write("ca.pem", no_certificate);
    check("cannot be used").await;
}

#[tokio::test]
async fn options_of_tls_that_do_not_go_together_are_refused() {
    for (options, missing) in [
        (&["--tls-cert", "c"][..], "--tls-key"),
        (&["--tls-key", "k"], "--tls-cert"),
        (&["--tls-client-ca", "a"], "--tls-cert"),
        (&["--tls-client-certificate", "optional"], "--tls-client-ca"),
        (
            &["--tls-client-certificate", "perhaps"],
            "possible values: optional, required",
        ),
    ] {
        let text = refused(options).await;
        assert!(text.contains(missing), "{options:?}: {text}");
    }
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused_without_tls() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let text = refused(&["--listen", address]).await;
        for part in ["--listen", address, "--tls-cert", "--insecure-plaintext"] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
    }
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_served_with_tls_or_when_plaintext_is_allowed() {
    let authority = Authority::new();
    let files = Files::of(&authority.issue());
    let server = files.serve(&["--listen", "0.0.0.0:0"]);
    let port = server.address().rsplit_once(':').unwrap().1;
    let address = format!("127.0.0.1:{port}");
    let answered = call(channel(&address, authority.client())).await;
    answered.expect("TLS is spoken at any address");
    let server = Datastored::start(&["--listen", "0.0.0.0:0", "--insecure-plaintext"]);
    let log = server.log();
    assert!(log.contains("\"tls\":false"), "{log}");
}

/// The files by variables; what the line that it serves says.
#[test]
fn the_log_says_what_is_asked_of_callers() {
    let authority = Authority::new();
    let files = Files::of(&authority.issue());
    files.write("ca.pem", &authority.pem());
    let [cert, key, ca] = ["cert.pem", "key.pem", "ca.pem"].map(|name| files.path_text(name));
    let tls = [
        ("DATASTORED_TLS_CERT", cert.as_str()),
        ("DATASTORED_TLS_KEY", key.as_str()),
    ];
    let ca = ("DATASTORED_TLS_CLIENT_CA", ca.as_str());
    let optional = ("DATASTORED_TLS_CLIENT_CERTIFICATE", "optional");
    for (variables, asked) in [
        (&[][..], "none"),
        (&[ca], "required"),
        (&[ca, optional], "optional"),
    ] {
        let log = Datastored::start_with(&[], &[&tls, variables].concat()).log();
        let line = log.lines().find(|line| line.contains("\"serving\""));
        let line = line.expect("it serves");
        let asked = format!("\"client_certificates\":\"{asked}\"");
        assert!(
            line.contains("\"tls\":true") && line.contains(&asked),
            "{line}"
        );
    }
}

fn dated(authority: &Authority, from: i32, until: i32) -> Issued {
    authority.issue_as(|params| {
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
    })
}

#[test]
fn a_certificate_out_of_its_dates_is_served_with_a_warning() {
    let authority = Authority::new();
    for (from, until, said) in [
        (2019, 2020, Some(["has expired", "Jan  1 00:00:00 2020"])),
        (2090, 2091, Some(["not valid yet", "Jan  1 00:00:00 2090"])),
        (2019, 2091, None),
    ] {
        let files = Files::of(&dated(&authority, from, until));
        let log = files.serve(&[]).log();
        let warning = log.lines().find(|line| line.contains("a certificate of"));
        assert_eq!(warning.is_some(), said.is_some(), "{log}");
        for part in said.into_iter().flatten() {
            assert!(warning.unwrap().contains(part), "{part} is not in: {log}");
        }
    }
}

#[test]
fn a_key_that_others_may_read_is_used_with_a_warning() {
    let issued = Authority::new().issue();
    for (mode, is_open) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
        let files = Files::of(&issued);
        let key = files.path("key.pem");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
        let log = files.serve(&[]).log();
        assert_eq!(log.contains("chmod 600"), is_open, "{mode:o}: {log}");
    }
}
