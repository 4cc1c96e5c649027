//! Files of TLS that change while the server runs: new connections get what is new, running ones go on.

use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::process::Signal;
use rustls_pki_types::CertificateDer;
use tempfile::TempDir;
use tonic::transport::Channel;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::{Authority, Files, Issued, call, channel, options, shown};
use crate::api::sent;
use crate::lab::eventually;
use crate::server::Datastored;

/// What the log says when certificate and key were read again.
const RELOADED: &str = "\"message\":\"reloaded\",\"what\":\"the files of TLS\"";

/// A server, a call that was open before its files change, and the authority of its certificates.
struct Running {
    authority: Authority,
    server: Datastored,
    channel: Channel,
    statuses: tonic::Streaming<HealthCheckResponse>,
}

impl Running {
    async fn start(authority: Authority, server: Datastored) -> Self {
        let channel = channel(server.address(), authority.client());
        let mut health = HealthClient::new(channel.clone());
        let mut statuses = sent(health.watch(HealthCheckRequest::default()).await);
        let first = statuses.message().await.expect("a status comes at once");
        let first = first.map(|s| s.status());
        assert_eq!(first, Some(ServingStatus::Serving));
        Self {
            authority,
            server,
            channel,
            statuses,
        }
    }

    async fn shown(&self) -> CertificateDer<'static> {
        shown(self.server.address(), self.authority.client()).await
    }

    async fn shows(&self, issued: &Issued) {
        eventually("new connections get the new certificate", || async {
            self.shown().await == issued.certificate
        })
        .await;
    }

    async fn logs(&self, what: &str) {
        eventually(what, || async { self.server.log().contains(what) }).await;
    }

    /// The connection that was there before the change still serves calls, and the stream on it goes on to its regular end.
    async fn went_on(mut self) {
        call(self.channel).await.expect("the old connection serves");
        self.server.signal(Signal::TERM);
        let last = self.statuses.message().await.expect("the stream goes on");
        let last = last.map(|s| s.status());
        assert_eq!(last, Some(ServingStatus::NotServing));
        let (status, log) = self.server.ended_with_log().await;
        assert!(status.success(), "{log}");
    }
}

/// Writes certificate and key.
fn write(folder: &Path, issued: &Issued) {
    let key = issued.key.serialize_pem();
    for (name, text) in [("cert.pem", &issued.pem), ("key.pem", &key)] {
        std::fs::write(folder.join(name), text).expect("a file can be written");
    }
}

#[tokio::test]
async fn sighup_reads_the_files_again_and_ends_nothing() {
    let authority = Authority::new();
    let files = Files::of(&authority.issue());
    let server = files.serve(&[]);
    let running = Running::start(authority, server).await;
    assert!(!running.server.log().contains(RELOADED));
    running.server.signal(Signal::HUP);
    running.logs(RELOADED).await;
    running.went_on().await;
}

#[tokio::test]
async fn a_certificate_that_is_written_over_is_used_for_new_connections() {
    let authority = Authority::new();
    let (first, second) = (authority.issue(), authority.issue());
    let files = Files::of(&first);
    let running = Running::start(authority, files.serve(&[])).await;
    assert_eq!(running.shown().await, first.certificate);
    write(files.0.path(), &second);
    running.shows(&second).await;
    running.logs(RELOADED).await;
    running.went_on().await;
}

#[tokio::test]
async fn a_certificate_that_is_renewed_by_a_rename_is_used_for_new_connections() {
    let authority = Authority::new();
    let (first, second) = (authority.issue(), authority.issue());
    let files = Files::of(&first);
    let running = Running::start(authority, files.serve(&[])).await;
    let next = TempDir::new_in(files.0.path()).unwrap();
    write(next.path(), &second);
    for name in ["key.pem", "cert.pem"] {
        std::fs::rename(next.path().join(name), files.path(name)).unwrap();
    }
    running.shows(&second).await;
    running.went_on().await;
}

/// Kubernetes mounts secrets so: `cert.pem -> ..data/cert.pem`, `..data -> FOLDER`, and swaps `..data`.
#[tokio::test]
async fn a_certificate_that_is_renewed_by_a_swapped_link_is_used_for_new_connections() {
    let authority = Authority::new();
    let (first, second) = (authority.issue(), authority.issue());
    let mount = TempDir::new().unwrap();
    let at = |name: &str| mount.path().join(name);
    for (folder, issued) in [("first", &first), ("second", &second)] {
        std::fs::create_dir(at(folder)).unwrap();
        write(&at(folder), issued);
    }
    symlink("first", at("..data")).unwrap();
    for name in ["cert.pem", "key.pem"] {
        symlink(Path::new("..data").join(name), at(name)).unwrap();
    }
    let options = options(&at("cert.pem"), &at("key.pem"));
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let running = Running::start(authority, Datastored::start(&options)).await;
    assert_eq!(running.shown().await, first.certificate);
    symlink("second", at("..next")).unwrap();
    std::fs::rename(at("..next"), at("..data")).unwrap();
    running.shows(&second).await;
    running.went_on().await;
}

#[tokio::test]
async fn files_that_cannot_be_used_change_nothing_until_they_are_mended() {
    let authority = Authority::new();
    let (first, second) = (authority.issue(), authority.issue());
    let files = Files::of(&first);
    let running = Running::start(authority, files.serve(&[])).await;
    let whole = second.key.serialize_pem();
    for (name, text, said) in [
        (
            "key.pem",
            &whole[..whole.len() / 2],
            "has no whole private key",
        ),
        ("key.pem", &whole, "is not the key of the first certificate"),
        ("cert.pem", "", "has no certificate"),
    ] {
        files.write(name, text);
        running.logs(said).await;
        assert_eq!(running.shown().await, first.certificate, "{said}");
    }
    std::fs::remove_file(files.path("cert.pem")).unwrap();
    running.logs("cannot be read").await;
    assert_eq!(running.shown().await, first.certificate);
    let log = running.server.log();
    assert!(!log.contains(RELOADED), "{log}");
    files.write("cert.pem", &second.pem);
    running.shows(&second).await;
    running.went_on().await;
}
