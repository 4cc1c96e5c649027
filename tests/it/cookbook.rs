//! docs/grpcurl.md shows what its commands print: each is run against a real server and a real S3 server.
//!
//! `make cookbook` writes what they print into the page.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use datastored::model::caller::Access;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::auth::new_token;
use crate::lab::{self, Server, policies};
use crate::server::Datastored;
use crate::transport::{Authority, Files};

/// Says that the page is to be written.
const WRITE: &str = "WRITE_COOKBOOK";

/// A user of the page.
struct User {
    name: &'static str,
    /// What the page has in the place of the access key ID of this run.
    id: &'static str,
    /// The same for the secret.
    secret: &'static str,
    policy: String,
}

fn users() -> [User; 3] {
    [
        User {
            name: "acme-reader",
            id: "AKIAIOSFODNN7EXAMPLE",
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            policy: policies::source("acme-sales"),
        },
        User {
            name: "acme-quality",
            id: "AKIAI44QH8DHBEXAMPLE",
            secret: "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
            policy: policies::enrichment("acme-quality"),
        },
        User {
            name: "acme-undeleting",
            id: "AKIAI7UNDELETEXAMPLE",
            secret: "h3yCo8nvbQ2Zp9Utk/K7MDENG/wJalEXAMPLEKEY",
            policy: policies::enrichment_without(
                "acme-quality",
                "s3:DeleteObject",
                lab::Kind::Moto,
            ),
        },
    ]
}

/// Makes the buckets of the page, what they hold, and its users; what the page says of their keys, and what it is in this run.
async fn furnish(s3: &Server) -> Vec<[String; 2]> {
    let admin = s3.s3();
    for bucket in ["acme-sales", "acme-quality"] {
        let made = admin.create_bucket().bucket(bucket).send().await;
        made.expect("a bucket can be made");
    }
    let put = admin.put_object().bucket("acme-sales");
    let put = put.key("orders/2026-11.csv").send().await;
    put.expect("an object can be put");
    let mut real = Vec::new();
    for user in users() {
        let keys = s3.named_user(user.name, &user.policy).await;
        real.push([user.id.to_owned(), keys.access_key_id]);
        real.push([user.secret.to_owned(), keys.secret_access_key]);
    }
    real
}

/// A server with TLS, where callers have to say who they are; what its callers need lies in its data folder.
fn guarded(authority: &Authority, files: &Files) -> Datastored {
    let folder = files.folder();
    let token = new_token(folder, "ci", Access::Viewer.as_str());
    files.write("token", &token);
    files.write("ca.pem", &authority.pem());
    let reports = authority.issue_as(|params| {
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "reports");
    });
    files.write("reports.pem", &reports.pem);
    files.write("reports-key.pem", &reports.key.serialize_pem());
    let rule =
        "[[certificate]]\nname = \"reports\"\nsubject = \"CN=reports\"\naccess = \"viewer\"\n";
    files.write("access.toml", rule);
    let paths = ["ca.pem", "access.toml"].map(|name| files.path_text(name));
    let options = files.options(&[
        "--tls-client-ca",
        &paths[0],
        "--tls-client-certificate",
        "optional",
        "--access-file",
        &paths[1],
    ]);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    Datastored::start_in(folder, &options)
}

/// `localhost:PORT` of a server.
fn local(server: &Datastored) -> String {
    server.address().replace("127.0.0.1", "localhost")
}

/// Runs the page in the world that it describes; what is otherwise than it shows.
async fn run(world: &Value) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new(root.join("target/venv/bin/python3"))
        .arg(root.join("tests/it/cookbook.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("run `make test`, which installs Python's packages");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let sent = stdin.write_all(world.to_string().as_bytes()).await;
    sent.expect("the world is described");
    drop(stdin);
    let output = child.wait_with_output().await.expect("it ends");
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test]
async fn every_command_of_the_grpcurl_cookbook_prints_what_the_page_shows() {
    let s3 = lab::moto().await;
    let mut real = furnish(&s3).await;
    let open = Datastored::start(&[]);
    let authority = Authority::new();
    let files = Files::of(&authority.issue());
    let guarded = guarded(&authority, &files);
    real.extend([
        ["localhost:50051".to_owned(), local(&open)],
        ["localhost:50052".to_owned(), local(&guarded)],
        ["http://localhost:9000".to_owned(), s3.endpoint().to_owned()],
    ]);
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let world = json!({
        "page": root.join("docs/grpcurl.md"),
        "folder": files.folder(),
        "write": std::env::var_os(WRITE).is_some(),
        "programs": root.join("target/venv/bin"),
        "server": local(&open),
        "real": real,
    });
    if let Err(difference) = run(&world).await {
        panic!("`make cookbook` writes the page anew, once this is as it should be:\n{difference}");
    }
}
