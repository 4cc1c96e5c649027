//! The main job on a real S3 server, without any account: `make demo`.
//!
//! Starts moto with IAM enforced and `datastored`; creates users with the two policies of the user guide, and one whose policy
//! lacks an action; registers datastores; streams their tests; checks that the buckets are clean; stops what it started. The
//! exit status is 0 only if every expectation held.

#![allow(
    unreachable_pub,
    reason = "nothing of a program is reachable from outside"
)]

#[path = "../tests/it/lab/mod.rs"]
mod lab;
#[path = "../tests/it/server.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod server;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use datastored::pb;
use datastored::pb::datastore_service_client::DatastoreServiceClient;
use datastored::pb::test_connection_request::Target;
use datastored::pb::test_connection_response::Event;
use rustix::process::Signal;
use tonic::transport::Channel;

use lab::{Keys, Server, policies};
use server::{Datastored, datastore, s3_config};

type Client = DatastoreServiceClient<Channel>;
type Error = Box<dyn std::error::Error>;

/// What the crippled user's policy lacks.
const MISSING: &str = "s3:DeleteObject";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(expectations) if expectations.failed == 0 => {
            println!("\n{} expectations held.", expectations.held);
            ExitCode::SUCCESS
        }
        Ok(expectations) => {
            println!("\n{} expectations did not hold.", expectations.failed);
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("\nThe demo could not go on: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How the demo goes.
#[derive(Default)]
struct Expectations {
    held: usize,
    failed: usize,
}

impl Expectations {
    fn check(&mut self, what: &str, holds: bool) {
        let mark = if holds { "ok" } else { "NOT SO" };
        println!("  {mark}: {what}");
        if holds {
            self.held += 1;
        } else {
            self.failed += 1;
        }
    }
}

async fn run() -> Result<Expectations, Error> {
    let mut expectations = Expectations::default();
    let s3 = lab::moto().await;
    let server = Datastored::start(&[]);
    println!("S3 (moto, IAM enforced) at {}", s3.endpoint());
    println!("datastored at {}", server.address());
    let mut client = server.client().await;

    let (source, enrichment) = (s3.bucket().await, s3.bucket().await);
    let object = s3.s3().put_object().bucket(&source).key("orders/2026.csv");
    object.body(b"id,total\n".to_vec().into()).send().await?;
    let reader = s3.user(&policies::source(&source)).await;
    let writer = s3.user(&policies::enrichment(&enrichment)).await;
    let crippled = policies::enrichment_without(&enrichment, MISSING, s3.kind());
    let crippled = s3.user(&crippled).await;

    let orders = (format!("s3://{source}/orders/"), pb::Role::Source);
    let report = register_and_test(&mut client, &s3, "Orders", &orders, &reader).await?;
    passed(&mut expectations, &report, 3);

    let anomalies = (
        format!("s3://{enrichment}/anomalies/"),
        pb::Role::Enrichment,
    );
    let report = register_and_test(&mut client, &s3, "Anomalies", &anomalies, &writer).await?;
    passed(&mut expectations, &report, 7);

    let other = (format!("s3://{enrichment}/crippled/"), pb::Role::Enrichment);
    let report = register_and_test(&mut client, &s3, "Crippled", &other, &crippled).await?;
    let failed = report.outcome() == pb::Outcome::Failed;
    expectations.check("the test of the crippled user fails", failed);
    let named = report.missing_actions == [MISSING];
    expectations.check(&format!("it names {MISSING} and nothing else"), named);

    link(&mut expectations, &mut client).await?;
    let config = config(&s3, &other.0, &crippled);
    let crippled = datastore("Crippled too", pb::Role::Enrichment, config);
    is_refused(&mut expectations, &mut client, crippled).await;

    println!("\nThe buckets");
    is_clean(&mut expectations, &s3, &source, &["orders/2026.csv"]).await;
    is_clean(&mut expectations, &s3, &enrichment, &[]).await;

    drop(client);
    server.signal(Signal::TERM);
    let status = server.ended().await;
    expectations.check("datastored stops when it is told to", status.success());
    Ok(expectations)
}

fn config(s3: &Server, uri: &str, keys: &Keys) -> pb::S3Config {
    let (id, secret) = (&keys.access_key_id, &keys.secret_access_key);
    s3_config(uri, s3.endpoint(), id, secret)
}

/// Links the source to the enrichment datastore, and asks where its enrichment goes.
async fn link(expectations: &mut Expectations, client: &mut Client) -> Result<(), Error> {
    let request = pb::LinkEnrichmentRequest {
        name: "datastores/orders".to_owned(),
        enrichment_datastore: "datastores/anomalies".to_owned(),
        ..pb::LinkEnrichmentRequest::default()
    };
    let linked = client.link_enrichment(request).await?.into_inner();
    println!(
        "\n{} is linked to {}",
        linked.name, linked.enrichment_datastore
    );
    let name = linked.name;
    let request = pb::ResolveEnrichmentRequest { name };
    let found = client.resolve_enrichment(request).await?.into_inner();
    println!("  its enrichment goes to {}", found.uri);
    let state = found.connection.unwrap_or_default().state();
    let holds = state == pb::ConnectionState::Passed;
    expectations.check("whose last test has passed", holds);
    Ok(())
}

/// A create tests the connection first.
async fn is_refused(expectations: &mut Expectations, client: &mut Client, crippled: pb::Datastore) {
    println!("\nA create with the crippled user's key");
    let request = pb::CreateDatastoreRequest {
        datastore: Some(crippled),
        ..pb::CreateDatastoreRequest::default()
    };
    let refusal = client.create_datastore(request).await.err();
    let message = refusal.as_ref().map_or("", |status| status.message());
    println!("  {message}");
    let named = message.contains(&format!("missing {MISSING};"));
    expectations.check(&format!("it is refused, for want of {MISSING}"), named);
}

async fn register_and_test(
    client: &mut Client,
    s3: &Server,
    display_name: &str,
    (uri, role): &(String, pb::Role),
    keys: &Keys,
) -> Result<pb::ConnectionTestReport, Error> {
    let request = pb::CreateDatastoreRequest {
        datastore: Some(datastore(display_name, *role, config(s3, uri, keys))),
        datastore_id: display_name.to_lowercase(),
        // So that the test can be watched.
        skip_connection_test: true,
        ..pb::CreateDatastoreRequest::default()
    };
    let created = client.create_datastore(request).await?.into_inner();
    println!("\n{} \"{display_name}\": {uri}", created.name);
    let request = pb::TestConnectionRequest {
        target: Some(Target::Name(created.name)),
        role: 0,
        ..pb::TestConnectionRequest::default()
    };
    let mut stream = client.test_connection(request).await?.into_inner();
    while let Some(message) = stream.message().await? {
        match message.event {
            Some(Event::Started(started)) => {
                println!(
                    "  {} checks as {}",
                    started.checks.len(),
                    started.role().as_str_name()
                );
            }
            Some(Event::Check(changed)) => show(&changed),
            Some(Event::Completed(report)) => {
                let outcome = report.outcome().as_str_name();
                let duration = report.duration.unwrap_or_default();
                println!("  {outcome} in {} ms", duration.nanos / 1_000_000);
                return Ok(report);
            }
            None => {}
        }
    }
    Err("the stream ended without a report".into())
}

/// A line for each check that has ended; on a terminal, what is running is shown until then.
fn show(changed: &pb::CheckChanged) {
    let Some(check) = &changed.check else { return };
    let title = check.check().as_str_name().trim_start_matches("CHECK_");
    let title = title.to_lowercase().replace('_', " ");
    let terminal = std::io::stdout().is_terminal();
    if check.verdict() == pb::Verdict::Running {
        if terminal {
            print!("\r\x1b[2K  ... {title}");
            let _ = std::io::stdout().flush();
        }
        return;
    }
    let clear = if terminal { "\r\x1b[2K" } else { "" };
    let verdict = check.verdict().as_str_name().trim_start_matches("VERDICT_");
    let counts = format!("[{}/{}]", changed.done, changed.total);
    println!(
        "{clear}  {counts} {verdict:<8} {title:<24} {}",
        check.action
    );
    if let Some(finding) = &check.finding {
        println!("        {} {}", finding.title, finding.remedy);
    }
}

fn passed(expectations: &mut Expectations, report: &pb::ConnectionTestReport, checks: usize) {
    let all = report
        .checks
        .iter()
        .all(|c| c.verdict() == pb::Verdict::Passed);
    let holds = all && report.checks.len() == checks && report.outcome() == pb::Outcome::Passed;
    expectations.check(&format!("all {checks} checks pass"), holds);
}

async fn is_clean(expectations: &mut Expectations, s3: &Server, bucket: &str, objects: &[&str]) {
    let clean = s3.keys_in(bucket).await == objects && s3.open_uploads(bucket).await.is_empty();
    expectations.check(&format!("{bucket} is as it was before the tests"), clean);
}
