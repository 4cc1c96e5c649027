//! Redirects are answers like others: nobody goes where they point.

use datastored::pb::Verdict;

use super::{ROLES, at};
use crate::connection::report;
use crate::lab::hostile::Hostile;
use crate::lab::proxy::{EVERY, Proxy, Reply};
use crate::lab::rule::{Rule, When};
use crate::server::Datastored;

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = Datastored::start(&[]);
    let elsewhere = Hostile::silent().await;
    let metadata = "http://169.254.169.254/latest/meta-data/".to_owned();
    for status in [301, 302, 303, 307, 308] {
        for (location, code) in [
            (&metadata, "PermanentRedirect"),
            (&elsewhere.endpoint(), "TemporaryRedirect"),
            (&elsewhere.endpoint(), ""),
        ] {
            let store = Proxy::start("http://nothing.invalid").await;
            let mut reply = Reply::error(status, code, "It is elsewhere.");
            if code.is_empty() {
                reply.body.clear();
            }
            let redirect = Rule::reply(When::Always, reply)
                .with("location", location)
                .with("x-amz-bucket-region", "eu-west-3");
            store.rule(EVERY, redirect);
            for role in ROLES {
                let report = report(&server, at(store.endpoint()), role).await;
                let passed = report
                    .checks
                    .iter()
                    .find(|c| c.verdict() == Verdict::Passed);
                assert_eq!(passed, None, "{status} {code}");
            }
            // The region that the answer names was tried, at the same endpoint.
            assert!(store.calls(EVERY) > 0);
        }
    }
    assert_eq!(elsewhere.connections(), 0);
    assert!(!server.log().contains("169.254"));
}
