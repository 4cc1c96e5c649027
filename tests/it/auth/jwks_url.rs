//! The keys of an issuer behind a URL: fetched, fetched again, and not fetched from everywhere.

use datastored::pb::ErrorReason;
use tempfile::TempDir;

use super::issuer::{Key, access_file, claims, jwks, signed};
use super::{is_let_in, is_refused, list};
use crate::lab::eventually;
use crate::lab::hostile::{Endless, Hostile};
use crate::lab::proxy::{EVERY, Proxy, Reply};
use crate::lab::rule::{Rule, When};
use crate::server::Datastored;

fn reply(keys: &[&Key]) -> Reply {
    Reply {
        status: 200,
        content_type: "application/json",
        body: jwks(keys),
    }
}

/// A server that trusts an issuer with its keys at this URL. Started off the test's thread, which may have to answer for the issuer.
async fn start(url: &str) -> Datastored {
    let source = format!("jwks_url = \"{url}\"");
    let starting = tokio::task::spawn_blocking(move || {
        let folder = TempDir::new().expect("a folder can be made");
        let file = access_file(folder.path(), "ES256", &source);
        Datastored::start(&["--access-file", file.to_str().expect("it is text")])
    });
    starting.await.expect("the server starts")
}

#[tokio::test]
async fn keys_are_fetched_at_the_start_and_again_when_a_jwt_names_a_new_one() {
    let (first, second, third) = (Key::ec("k1"), Key::ec("k2"), Key::ec("k3"));
    let issuer = Proxy::answering(reply(&[&first])).await;
    let server = start(&format!("{}/jwks", issuer.endpoint())).await;
    assert_eq!(issuer.calls(EVERY), 1);
    let [first, second_jwt, third] = [&first, &second, &third].map(|key| signed(key, &claims()));
    assert!(is_let_in(&server, &first).await);
    assert_eq!(issuer.calls(EVERY), 1);

    issuer.mend();
    issuer.answer(EVERY, reply(&[&second]));
    assert!(
        is_let_in(&server, &second_jwt).await,
        "the new key is fetched"
    );
    assert_eq!(issuer.calls(EVERY), 2);
    is_refused(list(&server, &first).await, ErrorReason::CredentialRefused);
    for _ in 0..20 {
        is_refused(list(&server, &third).await, ErrorReason::CredentialRefused);
    }
    assert_eq!(
        issuer.calls(EVERY),
        2,
        "strangers make it fetch no more than that"
    );
    assert!(is_let_in(&server, &second_jwt).await);
}

#[tokio::test]
async fn the_last_good_keys_stay_when_fetching_fails() {
    let (known, unknown) = (Key::ec("k1"), Key::ec("k2"));
    let issuer = Proxy::answering(reply(&[&known])).await;
    let server = start(issuer.endpoint()).await;
    issuer.mend();
    issuer.answer(EVERY, Reply::error(500, "InternalError", "It is broken."));
    let status = list(&server, &signed(&unknown, &claims())).await;
    is_refused(status, ErrorReason::CredentialRefused);
    assert_eq!(issuer.calls(EVERY), 2);
    assert!(is_let_in(&server, &signed(&known, &claims())).await);
    assert!(
        server.log().contains("could not be read anew"),
        "{}",
        server.log()
    );
}

#[tokio::test]
async fn without_keys_the_server_starts_and_says_that_it_cannot_tell_yet() {
    let issuer = Proxy::answering(Reply::error(503, "SlowDown", "Later.")).await;
    let server = start(issuer.endpoint()).await;
    assert!(
        server.log().contains("there are no keys yet"),
        "{}",
        server.log()
    );
    let token = signed(&Key::ec("k1"), &claims());
    let status = list(&server, &token).await;
    let refusal = is_refused(status, ErrorReason::IssuerKeysUnavailable);
    assert!(refusal.details.retry_info().is_some());
    assert_eq!(refusal.metadata["issuer"], super::issuer::ISSUER);
}

#[tokio::test]
async fn no_redirect_is_followed_to_keys() {
    let key = Key::ec("k1");
    let elsewhere = Proxy::answering(reply(&[&key])).await;
    for status in [301, 302, 303, 307, 308] {
        let issuer = Proxy::start("http://nothing.invalid").await;
        let mut answer = reply(&[&key]);
        answer.status = status;
        let redirect = Rule::reply(When::Always, answer).with("location", elsewhere.endpoint());
        issuer.rule(EVERY, redirect);
        let server = start(issuer.endpoint()).await;
        let refusal = list(&server, &signed(&key, &claims())).await;
        is_refused(refusal, ErrorReason::IssuerKeysUnavailable);
        assert!(server.log().contains(&format!("status {status}")));
    }
    assert_eq!(elsewhere.calls(EVERY), 0);
}

#[tokio::test]
async fn keys_are_never_fetched_from_a_metadata_address() {
    for host in [
        "169.254.169.254",
        "[fd00:ec2::254]",
        "0xa9fea9fe",
        "100.100.100.200",
    ] {
        let server = start(&format!("https://{host}/latest/meta-data/")).await;
        assert!(
            server
                .log()
                .contains("does not connect to an address of the kind"),
            "{host}: {}",
            server.log()
        );
        let refusal = list(&server, &signed(&Key::ec("k1"), &claims())).await;
        is_refused(refusal, ErrorReason::IssuerKeysUnavailable);
    }
}

#[tokio::test]
async fn an_answer_without_an_end_holds_nothing_up() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
    for (answer, problem) in [
        (Endless::flood(HEAD, "x"), "more than 1 MiB"),
        (Endless::drip(HEAD), "no whole answer within 5s"),
    ] {
        let issuer = Hostile::start(answer).await;
        let server = start(&issuer.endpoint()).await;
        let said = || async { server.log().contains(problem) };
        eventually(problem, said).await;
    }
}
