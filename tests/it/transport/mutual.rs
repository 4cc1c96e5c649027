//! Mutual TLS: who has to show a certificate, and whose is believed.

use datastored::pb::ErrorReason;
use datastored::pb::datastore_service_client::DatastoreServiceClient;
use rcgen::SanType;
use rustls::{ClientConfig, HandshakeKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tonic::{Code, Status};

use super::{Authority, Files, call, channel, connect};
use crate::api::refused;
use crate::lab::eventually;
use crate::server::Datastored;

/// A server whose callers are vouched for by an authority of theirs, which is not the server's.
struct Mutual {
    servers: Authority,
    callers: Authority,
    files: Files,
    server: Datastored,
}

impl Mutual {
    fn start(more: &[&str]) -> Self {
        let (servers, callers) = (Authority::new(), Authority::new());
        let files = Files::of(&servers.issue());
        files.write("ca.pem", &callers.pem());
        let ca = files.path_text("ca.pem");
        let server = files.serve(&[&["--tls-client-ca", &ca], more].concat());
        Self {
            servers,
            callers,
            files,
            server,
        }
    }

    fn of(&self, authority: &Authority) -> ClientConfig {
        self.servers.client_as(&authority.issue())
    }

    async fn accepts(&self, client: ClientConfig) {
        let answered = call(channel(self.server.address(), client)).await;
        answered.expect("the caller is let in");
    }

    /// Refused, in the handshake, for a reason that the log tells.
    async fn refuses(&self, client: ClientConfig, reason: &str) {
        let refused = call(channel(self.server.address(), client)).await;
        refused.expect_err("the caller is refused");
        eventually(reason, || async {
            let log = self.server.log();
            let mut failures = log.lines().filter(|l| l.contains("TLS handshake failed"));
            failures.any(|line| line.contains(reason))
        })
        .await;
    }
}

const NONE: &str = "peer sent no certificates";
const UNKNOWN: &str = "UnknownIssuer";

#[tokio::test]
async fn a_caller_must_have_a_certificate_of_the_authority() {
    for more in [&[][..], &["--tls-client-certificate", "required"]] {
        let mutual = Mutual::start(more);
        mutual.accepts(mutual.of(&mutual.callers)).await;
        mutual.refuses(mutual.servers.client(), NONE).await;
        mutual.refuses(mutual.of(&Authority::new()), UNKNOWN).await;
        // The server's own authority does not vouch for callers.
        mutual.refuses(mutual.of(&mutual.servers), UNKNOWN).await;
        mutual.accepts(mutual.of(&mutual.callers)).await;
    }
}

#[tokio::test]
async fn a_caller_may_come_without_a_certificate_but_not_with_a_wrong_one_where_it_is_optional() {
    let mutual = Mutual::start(&["--tls-client-certificate", "optional"]);
    mutual.accepts(mutual.of(&mutual.callers)).await;
    mutual.accepts(mutual.servers.client()).await;
    mutual.refuses(mutual.of(&Authority::new()), UNKNOWN).await;
}

#[tokio::test]
async fn an_expired_certificate_of_a_caller_is_refused() {
    let mutual = Mutual::start(&[]);
    let past = rcgen::date_time_ymd(2020, 1, 1);
    let expired = mutual.callers.issue_as(|params| params.not_after = past);
    let client = mutual.servers.client_as(&expired);
    mutual.refuses(client, "expired").await;
}

#[tokio::test]
async fn an_authority_that_is_replaced_no_longer_vouches_for_new_connections() {
    let mutual = Mutual::start(&[]);
    let next = Authority::new();
    let known = mutual.of(&mutual.callers);
    mutual.accepts(known.clone()).await;
    mutual.refuses(mutual.of(&next), UNKNOWN).await;
    mutual.files.write("ca.pem", &next.pem());
    eventually("the new authority is believed", || async {
        let client = mutual.of(&next);
        call(channel(mutual.server.address(), client)).await.is_ok()
    })
    .await;
    mutual.refuses(known, UNKNOWN).await;
}

/// How the handshake of a connection was made that has read what the server says first.
async fn handshake(address: &str, client: ClientConfig) -> Option<HandshakeKind> {
    let mut stream = connect(address, client).await.expect("TLS is spoken");
    // The preface of HTTP/2 with settings of no length (RFC 9113, section 3.4).
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let sent = stream.write_all(preface).await;
    sent.expect("the server takes the preface");
    let read = stream.read_u8().await;
    read.expect("the server answers with its own settings");
    stream.get_ref().1.handshake_kind()
}

/// Who resumes a session shows none, and the one it was made with may have expired meanwhile.
#[tokio::test]
async fn a_caller_shows_its_certificate_on_each_connection() {
    let mutual = Mutual::start(&[]);
    for version in rustls::ALL_VERSIONS {
        let own = mutual.callers.issue();
        let client = mutual.servers.client_of(&[version], &own);
        for _ in 0..2 {
            let kind = handshake(mutual.server.address(), client.clone()).await;
            assert_eq!(kind, Some(HandshakeKind::Full), "{version:?}");
        }
    }
}

/// What a caller is answered who wants to delete something, with a token or without.
async fn deletes(server: &Datastored, client: ClientConfig, token: Option<&str>) -> Status {
    let mut service = DatastoreServiceClient::new(channel(server.address(), client));
    let mut request = tonic::Request::new(crate::api::removal("datastores/nothing"));
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse();
        let value = value.expect("a token is ASCII");
        request.metadata_mut().insert("authorization", value);
    }
    let answer = service.delete_datastore(request).await;
    answer.expect_err("there is nothing to delete")
}

#[tokio::test]
async fn a_caller_is_known_by_its_certificate_or_by_the_token_that_it_sends_with_it() {
    let (servers, callers) = (Authority::new(), Authority::new());
    let files = Files::of(&servers.issue());
    files.write("ca.pem", &callers.pem());
    let rules =
        "[[certificate]]\nname = \"reports\"\ndns = \"reports.example.com\"\naccess = \"viewer\"\n";
    files.write("access.toml", rules);
    let options = ["ca.pem", "access.toml"].map(|name| files.path_text(name));
    let server = files.serve(&[
        "--tls-client-ca",
        &options[0],
        "--tls-client-certificate",
        "optional",
        "--access-file",
        &options[1],
    ]);
    let named = |name: &str| {
        let name = SanType::DnsName(name.to_owned().try_into().expect("a name"));
        servers.client_as(&callers.issue_as(|params| params.subject_alt_names = vec![name]))
    };
    let viewer = || named("reports.example.com");
    let refusal = deletes(&server, viewer(), None).await;
    let refusal = refused::<()>(Err(refusal), ErrorReason::AccessTooLow);
    assert_eq!(refusal.metadata["caller"], "certificate:reports");
    let stranger = deletes(&server, named("others.example.com"), None).await;
    refused::<()>(Err(stranger), ErrorReason::NoAccess);
    let nobody = deletes(&server, servers.client(), None).await;
    refused::<()>(Err(nobody), ErrorReason::CredentialMissing);

    let token = crate::auth::new_token(server.folder(), "ci", "editor");
    for client in [viewer(), named("others.example.com"), servers.client()] {
        eventually("the token decides", || async {
            let answer = deletes(&server, client.clone(), Some(&token)).await;
            answer.code() == Code::NotFound
        })
        .await;
    }
}
