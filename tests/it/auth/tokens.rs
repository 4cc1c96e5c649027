//! Tokens of the server's own, from their making to their end, while the server runs.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use datastored::pb::ErrorReason;
use rustix::process::Signal;
use tempfile::TempDir;

use super::{call, is_let_in, is_refused, list, new_token, tokens, tokens_done};
use crate::api::raw;
use crate::lab::eventually;
use crate::server::Datastored;

const REQUIRED: [&str; 1] = ["--require-authentication"];

#[tokio::test]
async fn a_token_is_accepted_once_it_is_made_and_no_more_when_it_is_revoked() {
    let server = Datastored::start(&REQUIRED);
    assert!(server.log().contains("nobody can call"), "{}", server.log());
    let token = new_token(server.folder(), "ci", "viewer");
    assert!(
        token.starts_with("dsk_") && token.len() == 47,
        "{}",
        token.len()
    );
    eventually("the token is known", || is_let_in(&server, &token)).await;
    let other = new_token(server.folder(), "other", "viewer");
    eventually("the other one, too", || is_let_in(&server, &other)).await;

    tokens_done(server.folder(), &["revoke", "ci"]);
    eventually("the token is known no more", || async {
        !is_let_in(&server, &token).await
    })
    .await;
    let revoked = is_refused(list(&server, &token).await, ErrorReason::CredentialRefused);
    let unknown = list(&server, "dsk_0123456789012345678901234567890123456789abc").await;
    let unknown = is_refused(unknown, ErrorReason::CredentialRefused);
    assert_eq!(revoked.message, unknown.message, "it helps nobody to guess");
    assert!(is_let_in(&server, &other).await);
}

#[tokio::test]
async fn a_hangup_has_the_file_read_again_and_stops_nothing() {
    let server = Datastored::start(&REQUIRED);
    for times in 1..=3 {
        server.signal(Signal::HUP);
        let read = || async {
            let log = server.log();
            let lines = log.lines().filter(|line| line.contains("the tokens file"));
            lines.filter(|line| line.contains("\"reloaded\"")).count() == times
        };
        eventually("it is read, though it has not changed", read).await;
    }
    let token = new_token(server.folder(), "ci", "viewer");
    eventually("the token is known", || is_let_in(&server, &token)).await;
}

#[tokio::test]
async fn a_token_that_has_expired_is_refused_and_only_its_holder_is_told_so() {
    let folder = TempDir::new().unwrap();
    let short = ["create", "short", "--access", "admin", "--expires-in", "8s"];
    let token = tokens_done(folder.path(), &short).trim_end().to_owned();
    let long = new_token(folder.path(), "long", "viewer");
    let server = Datastored::start_in(folder.path(), &REQUIRED);
    assert!(
        is_let_in(&server, &token).await,
        "it is made for eight seconds"
    );
    eventually("the token has expired", || async {
        !is_let_in(&server, &token).await
    })
    .await;
    let refusal = is_refused(list(&server, &token).await, ErrorReason::CredentialExpired);
    assert_eq!(refusal.metadata["caller"], "token:short");
    assert!(refusal.message.contains("ask for a new one"));
    assert!(refusal.metadata["expire_time"].ends_with('Z'));
    let mut almost = token.clone();
    let last = almost.pop();
    almost.push(if last == Some('A') { 'B' } else { 'A' });
    is_refused(list(&server, &almost).await, ErrorReason::CredentialRefused);
    assert!(is_let_in(&server, &long).await);

    let listed = tokens_done(folder.path(), &["list"]);
    let line = |name: &str| listed.lines().find(|l| l.starts_with(name)).unwrap();
    assert!(line("short").ends_with("expired"), "{listed}");
    assert!(line("long").ends_with("active"), "{listed}");
}

#[tokio::test]
async fn what_is_no_token_of_this_server_is_refused() {
    let folder = TempDir::new().unwrap();
    let token = new_token(folder.path(), "ci", "viewer");
    let server = Datastored::start_in(folder.path(), &REQUIRED);
    let path = raw::path("ListDatastores");
    assert!(is_let_in(&server, &token).await);
    for wrong in [
        format!("Bearer {}", &token[..46]),
        format!("Bearer {token}x"),
        format!("Bearer {}", token.to_uppercase()),
        format!("Bearer {}", token.trim_start_matches("dsk_")),
        format!("Bearer {token} {token}"),
        format!("Basic {token}"),
        token.clone(),
        "Bearer dsk_".to_owned(),
        "Bearer a.b.c".to_owned(),
        "Bearer".to_owned(),
        String::new(),
        format!("Bearer dsk_{}", "x".repeat(4000)),
    ] {
        let status = call(&server, &path, Some(&wrong)).await;
        let refusal = is_refused(status, ErrorReason::CredentialRefused);
        assert!(refusal.metadata.is_empty(), "{wrong}");
        assert!(refusal.message.contains("Bearer TOKEN"), "{refusal:?}");
    }
    let refusal = is_refused(
        call(&server, &path, None).await,
        ErrorReason::CredentialMissing,
    );
    assert!(refusal.message.contains("Bearer TOKEN"), "{refusal:?}");
}

#[test]
fn tokens_are_listed_with_all_but_themselves() {
    let folder = TempDir::new().unwrap();
    let empty = tokens_done(folder.path(), &["list"]);
    assert_eq!(empty.lines().count(), 1, "{empty}");
    let create = [
        "create",
        "reports",
        "--access",
        "operator",
        "--expires-in",
        "never",
    ];
    let labels = ["--label", "team=reports", "--label", "env=prod"];
    let token = tokens_done(folder.path(), &[&create[..], &labels].concat());
    new_token(folder.path(), "ci", "editor");
    let listed = tokens_done(folder.path(), &["list"]);
    let words: Vec<Vec<&str>> = listed
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    let head = ["NAME", "ACCESS", "LABELS", "CREATED", "EXPIRES", "STATE"];
    assert_eq!(words[0], head);
    assert_eq!(
        words[1][..3],
        ["reports", "operator", "env=prod,team=reports"]
    );
    assert_eq!(words[1][4..], ["never", "active"]);
    assert_eq!(words[2][..3], ["ci", "editor", "-"]);
    let day = |time: &str| {
        let time = humantime::parse_rfc3339(time).unwrap();
        let since = time.duration_since(std::time::UNIX_EPOCH).unwrap();
        since.as_secs() / (24 * 60 * 60)
    };
    assert_eq!(day(words[2][4]) - day(words[2][3]), 90, "{listed}");
    assert!(!listed.contains(&token.trim_end()[4..]));
}

#[test]
fn the_token_goes_to_standard_output_alone_and_the_file_has_only_its_hash() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let made = tokens(&data, &["create", "ci", "--access", "admin"]);
    let token = String::from_utf8(made.stdout).unwrap();
    assert_eq!(token.lines().count(), 1);
    let secret = token.trim_end().trim_start_matches("dsk_");
    let said = String::from_utf8(made.stderr).unwrap();
    assert!(said.contains("`ci`") && !said.contains(secret), "{said}");
    let permissions = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(permissions(&data), 0o700);
    let names = std::fs::read_dir(&data).unwrap();
    let names: Vec<_> = names.map(|e| e.unwrap().path()).collect();
    assert_eq!(names.len(), 1, "nothing beside it: {names:?}");
    for path in names {
        assert_eq!(permissions(&path), 0o600, "{}", path.display());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn two_commands_at_once_lose_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    std::thread::scope(|scope| {
        for number in 0..12 {
            scope.spawn(move || new_token(path, &format!("t{number}"), "viewer"));
        }
    });
    let listed = tokens_done(path, &["list"]);
    assert_eq!(listed.lines().count(), 13, "{listed}");
    std::thread::scope(|scope| {
        for number in 0..12 {
            scope.spawn(move || tokens_done(path, &["revoke", &format!("t{number}")]));
        }
    });
    assert_eq!(tokens_done(path, &["list"]).lines().count(), 1);
}

#[test]
fn a_command_that_cannot_be_carried_out_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    let token = new_token(folder.path(), "ci", "viewer");
    let create = |more: &[&'static str]| [&["create"][..], more].concat();
    for (arguments, code, part) in [
        (
            create(&["ci", "--access", "admin"]),
            1,
            "revoke that one first",
        ),
        (create(&["a b", "--access", "admin"]), 1, "no spaces"),
        (
            create(&["x", "--access", "root"]),
            2,
            "viewer, operator, editor or admin",
        ),
        (create(&["x"]), 2, "--access"),
        (
            create(&["x", "--access", "admin", "--expires-in", "0s"]),
            2,
            "longer than zero",
        ),
        (
            create(&["x", "--access", "admin", "--expires-in", "90"]),
            2,
            "90d",
        ),
        (
            create(&["x", "--access", "admin", "--expires-in", "9999y"]),
            1,
            "never",
        ),
        (
            create(&["x", "--access", "admin", "--label", "team"]),
            2,
            "KEY=VALUE",
        ),
        (
            create(&["x", "--access", "admin", "--label", "A=b"]),
            1,
            "label key",
        ),
        (vec!["revoke", "gone"], 1, "tokens list"),
    ] {
        let output = tokens(folder.path(), &arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty() && !said.contains(&token));
    }
    assert_eq!(tokens_done(folder.path(), &["list"]).lines().count(), 2);
}

#[tokio::test]
async fn the_file_may_be_somewhere_else() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("elsewhere.json");
    let named = ["--tokens-file", file.to_str().unwrap()];
    let create = ["create", "ci", "--access", "viewer"];
    let token = tokens_done(folder.path(), &[&create[..], &named].concat());
    assert!(file.exists() && !folder.path().join("tokens.json").exists());
    let server = Datastored::start(&[&REQUIRED[..], &named].concat());
    assert!(is_let_in(&server, token.trim_end()).await);
}
