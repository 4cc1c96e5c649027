//! Addresses that are not connected to, however they are spelled; the listener there counts.

use datastored::pb::s3_config::Credentials;
use datastored::pb::test_connection_request::Target;
use datastored::pb::{self, AddressingStyle, ErrorReason, FindingReason};

use super::{ROLES, at};
use crate::api::{creation, refused, sent};
use crate::connection::report;
use crate::connection::watch::start;
use crate::lab::hostile::Hostile;
use crate::lab::proxy::{EVERY, Proxy, Reply};
use crate::server::{Datastored, datastore};
use crate::traps::assert_broken;

const DENY: [&str; 2] = ["--private-endpoints", "deny"];

/// Spellings and names of this machine. All lead to a listener on 127.0.0.1, but for the last ones, which lead to it from IPv6.
const THIS_MACHINE: [&str; 18] = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7F.0.0x0.1",
    "017700000001",
    "0177.0.0.01",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "localhost",
    "LOCALHOST.",
    "store.localhost",
    "0.0.0.0",
    "0",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::]",
];

#[tokio::test]
async fn this_machine_is_not_connected_to_under_any_spelling_when_it_is_denied() {
    let server = Datastored::start(&DENY);
    let listener = Hostile::silent().await;
    for host in THIS_MACHINE {
        let mut config = at(&format!("http://{host}:{}", listener.port()));
        for style in [AddressingStyle::Path, AddressingStyle::VirtualHosted] {
            config.addressing_style = style.into();
            let report = report(&server, config.clone(), pb::Role::Enrichment).await;
            println!("{host} {style:?}");
            let cause = assert_broken(&report, FindingReason::EndpointForbidden);
            let is_named = host.contains("127.0.0.1") || cause.title.contains("http://127.0.0.1:");
            assert!(is_named || !cause.title.contains("127.0.0.1"), "{cause:?}");
        }
    }
    assert_eq!(listener.connections(), 0);
}

#[tokio::test]
async fn metadata_and_link_local_addresses_are_not_connected_to_whatever_is_allowed() {
    let server = Datastored::start_with(&[], &[("DATASTORED_PRIVATE_ENDPOINTS", "allow")]);
    for host in [
        "169.254.169.254",
        "169.254.170.2",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "[::ffff:169.254.169.254]",
        "[::a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[ff02::1]",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",
    ] {
        for role in ROLES {
            let report = report(&server, at(&format!("http://{host}")), role).await;
            println!("{host}");
            let cause = assert_broken(&report, FindingReason::EndpointForbidden);
            assert!(!cause.remedy.contains("--private-endpoints"), "{cause:?}");
            assert_eq!(report.suggested_config, None);
        }
    }
}

/// A record may be older than the option.
#[tokio::test]
async fn a_stored_datastore_is_behind_the_guard_in_its_tests_and_in_its_claims() {
    let server = Datastored::start(&DENY);
    let mut client = server.client().await;
    let listener = Hostile::silent().await;
    let config = at(&listener.endpoint());
    let mine = datastore("Anomalies", pb::Role::Enrichment, config);

    let untested = pb::CreateDatastoreRequest {
        skip_connection_test: false,
        ..creation(mine.clone())
    };
    let refusal = client.create_datastore(untested).await;
    refused(refusal, ErrorReason::ConnectionTestFailed);

    let name = sent(client.create_datastore(creation(mine)).await).name;
    let target = Target::Name(name.clone());
    let mut events = start(&server, target, pb::Role::Unspecified).await.unwrap();
    let mut all = Vec::new();
    while let Some(event) = events.message().await.unwrap() {
        all.push(format!("{event:?}"));
    }
    let last = all.last().expect("the last event is the report");
    assert!(last.contains("EndpointForbidden"), "{last}");

    let claim = pb::ClaimPrefixRequest { name };
    let refusal = refused(client.claim_prefix(claim).await, ErrorReason::ClaimFailed);
    assert!(refusal.message.contains("--private-endpoints allow"));
    assert_eq!(listener.connections(), 0);
}

/// An instance role's credentials come from a metadata address: the operator's own way to them is not behind the guard.
#[tokio::test]
async fn the_servers_own_credentials_come_from_where_they_are() {
    let reply = Reply {
        status: 200,
        content_type: "application/json",
        body: r#"{"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "secret", "Token": "token", "Expiration": "2999-01-01T00:00:00Z"}"#.to_owned(),
    };
    let metadata = Proxy::answering(reply).await;
    let endpoint = format!("{}/credentials", metadata.endpoint());
    let server = Datastored::start_with(
        &["--allow-ambient-credentials", "--private-endpoints", "deny"],
        &[
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &endpoint),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ],
    );
    let listener = Hostile::silent().await;
    let mut config = at(&listener.endpoint());
    config.credentials = Some(Credentials::Ambient(pb::Ambient {}));
    let report = report(&server, config, pb::Role::Source).await;
    assert_broken(&report, FindingReason::EndpointForbidden);
    assert!(metadata.calls(EVERY) > 0);
    assert_eq!(listener.connections(), 0);
}
