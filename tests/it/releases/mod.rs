//! A store that an earlier release has written is opened, and all of it is there: `tests/fixtures` has one of each.
//!
//! `make fixture` writes the one of this version, from what the program does today, and what a server tells of it.

mod told;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use datastored::pb::test_connection_request::Target;
use datastored::pb::{self, ErrorReason, Role};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::api::links::linking;
use crate::api::{Client, change, create, creation, new_request_id, refused, removal, sent};
use crate::backup::Answers;
use crate::connection::watch::start;
use crate::enrichment::{enrichment, source, tested};
use crate::lab::s3s;
use crate::server::{Datastored, command, datastore, s3_config};

/// Set when the fixture of this version is to be written.
const WRITE: &str = "WRITE_FIXTURE";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn tar(arguments: &[&str], archive: &Path, folder: &Path) {
    let mut tar = Command::new("tar");
    tar.args(arguments).arg(archive).arg("-C").arg(folder);
    if arguments.contains(&"-czf") {
        tar.arg(".");
    }
    assert!(tar.status().expect("tar can be run").success());
}

async fn stop(server: Datastored) {
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());
}

/// What a release can keep: tests that passed, a link, an update, a delete, refusals, each kind of credentials, a request id.
async fn fill(client: &mut Client) {
    let s3 = s3s().await;
    let quality = enrichment(&s3, "Quality").await.0;
    let quality = sent(client.create_datastore(tested(quality)).await).name;
    let orders = source(&s3, "Orders").await;
    let orders = sent(client.create_datastore(tested(orders)).await).name;
    sent(client.link_enrichment(linking(&orders, &quality)).await);

    let mut session = s3_config("s3a://logs-2026/a b/", "", "ASIAEXAMPLE", "dummy-secret");
    if let Some(pb::s3_config::Credentials::AccessKey(key)) = &mut session.credentials {
        "dummy-token".clone_into(&mut key.session_token);
    }
    let mut customers = datastore("Customers", Role::Source, session);
    customers.labels = [("team".to_owned(), "sales".to_owned())].into();
    let mut request = creation(customers);
    request.request_id = new_request_id();
    let mut customers = sent(client.create_datastore(request.clone()).await);
    "Kundinnen & Kunden".clone_into(&mut customers.display_name);
    sent(
        client
            .update_datastore(change(customers, &["display_name"]))
            .await,
    );
    let mut anonymous = s3_config("s3://open-data", "", "", "");
    anonymous.credentials = Some(pb::s3_config::Credentials::Anonymous(pb::Anonymous {}));
    create(client, datastore("Open data", Role::Source, anonymous)).await;
    refused(
        client
            .create_datastore(creation(datastore(
                "Orders",
                Role::Source,
                s3_config("s3://b-2", "", "AKIA", "s"),
            )))
            .await,
        ErrorReason::DisplayNameTaken,
    );
    let gone = s3_config("s3://gone", "", "AKIAGONE", "dummy-secret");
    let gone = create(client, datastore("Gone", Role::Source, gone))
        .await
        .name;
    sent(client.delete_datastore(removal(&gone)).await);
}

/// Writes the fixture of this version.
async fn write() {
    let name = format!("store-{}", env!("CARGO_PKG_VERSION"));
    let folder = TempDir::new().expect("a temporary folder can be made");
    let server = Datastored::start_in(folder.path(), &[]);
    let mut client = server.client().await;
    fill(&mut client).await;
    let told = told::told(&Answers::of(&mut client).await);
    stop(server).await;
    fs::create_dir_all(fixtures()).expect("the folder can be made");
    tar(
        &["-czf"],
        &fixtures().join(format!("{name}.tar.gz")),
        folder.path(),
    );
    let told = serde_json::to_string_pretty(&told).expect("JSON can be written");
    fs::write(fixtures().join(format!("{name}.json")), told + "\n")
        .expect("the file can be written");
}

/// The name of each fixture.
fn names() -> Vec<String> {
    let files = fs::read_dir(fixtures()).expect("the folder can be read");
    let files = files.map(|f| f.expect("the folder can be read").file_name());
    let files = files.filter_map(|name| name.into_string().ok());
    files
        .filter_map(|name| name.strip_suffix(".tar.gz").map(str::to_owned))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_each_release_opens_with_all_that_it_holds() {
    if std::env::var_os(WRITE).is_some() {
        write().await;
    }
    assert!(!names().is_empty());
    for name in names() {
        let folder = TempDir::new().unwrap();
        tar(
            &["-xzf"],
            &fixtures().join(format!("{name}.tar.gz")),
            folder.path(),
        );
        let expected = fs::read_to_string(fixtures().join(format!("{name}.json"))).unwrap();
        let expected: Value = serde_json::from_str(&expected).unwrap();
        let server = Datastored::start_in(folder.path(), &[]);
        let mut client = server.client().await;
        let answers = Answers::of(&mut client).await;
        assert_eq!(told::told(&answers), expected, "{name}");
        for datastore in &answers.datastores {
            let target = Target::Name(datastore.name.clone());
            let started = start(&server, target, Role::Unspecified).await;
            started.expect("its credentials can be opened");
        }
        let new = s3_config("s3://new", "", "AKIANEW", "dummy-secret");
        create(&mut client, datastore("New", Role::Source, new)).await;
        stop(server).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_a_later_format_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    stop(Datastored::start_in(folder.path(), &[])).await;
    let store = folder.path().join("store");
    let format = b"\0format";
    let later = 2_u32.to_be_bytes();
    sled::open(&store).unwrap().insert(format, &later).unwrap();
    for _ in 0..2 {
        let output = command(folder.path(), &[]).output().unwrap();
        assert_eq!(output.status.code(), Some(4));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains(
                "the store has format 2, this program reads format 1: run the version that wrote it"
            ),
            "{said}"
        );
    }
    let kept = sled::open(&store).unwrap().get(format).unwrap();
    assert_eq!(kept.as_deref(), Some(&later[..]));
}
