//! The client module, against a real server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use datastored::client::{self, Client, ConnectError, Options, Token};
use datastored::pb::test_connection_response::Event;
use datastored::pb::{self, ErrorReason};
use rcgen::generate_simple_self_signed;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_stream::StreamExt;
use tonic::Code;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use crate::auth::new_token;
use crate::connection::behind_a_proxy;
use crate::lab;
use crate::server::{Datastored, datastore};

/// Longer than any of these calls may take.
const PATIENCE: Duration = Duration::from_secs(30);

async fn connect(server: &Datastored, options: Options) -> Client {
    let target = format!("http://{}", server.address());
    client::connect(&target, options)
        .await
        .expect("it connects")
}

fn test_of(target: pb::Datastore) -> pb::TestConnectionRequest {
    pb::TestConnectionRequest {
        target: Some(pb::test_connection_request::Target::Datastore(target)),
        ..pb::TestConnectionRequest::default()
    }
}

#[tokio::test]
async fn an_error_has_its_reason_and_all_bad_fields() {
    let server = Datastored::start(&[]);
    let client = connect(&server, Options::default()).await;
    let name = "datastores/none".to_owned();
    let request = pb::GetDatastoreRequest { name };
    let missing = client.read(async |mut stub| stub.get_datastore(request.clone()).await);
    let error = missing.await.unwrap_err();
    assert_eq!(error.code, Code::NotFound);
    assert_eq!(error.reason, Some(ErrorReason::DatastoreNotFound));
    assert_eq!(error.metadata["name"], "datastores/none");
    let empty = pb::CreateDatastoreRequest {
        datastore: Some(pb::Datastore::default()),
        ..pb::CreateDatastoreRequest::default()
    };
    let error = client.stub().create_datastore(empty).await.unwrap_err();
    let error = client::Error::from(error);
    assert_eq!(error.reason, Some(ErrorReason::InvalidFields));
    let fields = error.violations.iter().map(|v| &*v.field);
    assert!(fields.clone().count() > 2, "{error:?}");
    assert!(
        fields
            .clone()
            .any(|field| field == "datastore.display_name"),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_events_of_a_test_come_as_they_happen_and_dropping_them_stops_it() {
    let s3 = lab::s3s().await;
    let server = Datastored::start(&[]);
    let client = connect(&server, Options::default()).await;
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    let request = test_of(datastore("", pb::Role::Source, config));
    let mut events = client.test_connection(request.clone()).await.unwrap();
    let first = events.next().await.unwrap().unwrap();
    assert!(matches!(first, Event::Started(_)), "{first:?}");
    let mut last = first;
    while let Some(event) = events.next().await {
        last = event.unwrap();
    }
    assert!(matches!(last, Event::Completed(_)), "{last:?}");
    let listing = proxy.hold("ListObjectsV2");
    let mut events = client.test_connection(request).await.unwrap();
    events.next().await.unwrap().unwrap();
    listing.one_waits().await;
    drop(events);
    listing.none_waits().await;
}

#[tokio::test]
async fn a_token_is_sent_with_every_call_and_to_nobody_else_in_plain_text() {
    let folder = TempDir::new().unwrap();
    let text = new_token(folder.path(), "ci", "viewer");
    let token = Token::new(&text).unwrap();
    assert!(!format!("{token:?}").contains(&text));
    let key = "key";
    let options = Options {
        tls: ClientTlsConfig::new().identity(Identity::from_pem("certificate", key)),
        token: Some(token),
        ..Options::default()
    };
    let shown = format!("{options:?}");
    assert!(
        !shown.contains(&text) && !shown.contains(&format!("{:?}", key.as_bytes())),
        "{shown}"
    );
    let server = Datastored::start_in(folder.path(), &["--require-authentication"]);
    let list = async |mut stub: client::Stub| {
        let request = pb::ListDatastoresRequest::default();
        stub.list_datastores(request).await
    };
    let client = connect(&server, options.clone()).await;
    client.read(list).await.unwrap();
    let stranger = connect(&server, Options::default()).await;
    let error = stranger.read(list).await.unwrap_err();
    assert_eq!(error.reason, Some(ErrorReason::CredentialMissing));
    for target in [
        "http://192.0.2.1:1",
        "http://localhost.example:1",
        "http://[2001:db8::1]:1",
    ] {
        let refused = client::connect(target, options.clone()).await;
        assert!(
            matches!(refused, Err(ConnectError::PlaintextToken(_))),
            "{target}"
        );
    }
    for text in ["", " ", "a\nb", "a b"] {
        let refused = Token::new(text);
        assert!(matches!(refused, Err(ConnectError::Token)), "{text:?}");
    }
}

#[tokio::test]
async fn a_read_is_made_again_when_the_server_says_so_and_a_stub_makes_it_once() {
    let server = Datastored::start(&["--caller-rate", "2", "--caller-burst", "1"]);
    let client = connect(&server, Options::default()).await;
    let list = async |mut stub: client::Stub| {
        let request = pb::ListDatastoresRequest::default();
        stub.list_datastores(request).await
    };
    // Only one of these finds room at once.
    client.read(list).await.unwrap();
    client.read(list).await.unwrap();
    let error = client
        .stub()
        .list_datastores(pb::ListDatastoresRequest::default())
        .await;
    let error = client::Error::from(error.unwrap_err());
    assert_eq!(error.reason, Some(ErrorReason::TooManyRequests));
    assert!(
        error
            .retry_delay
            .is_some_and(|delay| delay <= Duration::from_millis(500))
    );
}

#[tokio::test]
async fn a_call_that_takes_longer_than_its_deadline_ends() {
    let s3 = lab::s3s().await;
    let server = Datastored::start(&[]);
    let options = Options {
        deadline: Duration::from_millis(300),
        ..Options::default()
    };
    let client = connect(&server, options).await;
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    let listing = proxy.hold("ListObjectsV2");
    let request = pb::CreateDatastoreRequest {
        datastore: Some(datastore("Late", pb::Role::Source, config)),
        ..pb::CreateDatastoreRequest::default()
    };
    let late = client.stub().create_datastore(request).await;
    let error = client::Error::from(late.unwrap_err());
    assert_eq!(error.code, Code::DeadlineExceeded);
    listing.none_waits().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_that_says_so() {
    let refused = client::connect("http://127.0.0.1:1", Options::default()).await;
    let error = refused.unwrap_err();
    assert!(matches!(error, ConnectError::Transport(_)));
    let text = error.to_string();
    assert!(text.contains("refused"), "{text}");
}

#[tokio::test]
async fn a_server_that_says_nothing_holds_nobody_for_longer_than_the_deadline() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("https://{}", silent.local_addr().unwrap());
    let made = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let authority = Certificate::from_pem(made.cert.pem());
    let options = Options {
        tls: ClientTlsConfig::new().ca_certificate(authority),
        deadline: Duration::from_millis(300),
        ..Options::default()
    };
    let refused = tokio::time::timeout(PATIENCE, client::connect(&target, options)).await;
    let refused = refused.expect("it does not wait for ever");
    assert!(matches!(refused, Err(ConnectError::Transport(_))));
    // In plain text the connection is there, and nothing comes back on it.
    let options = Options {
        deadline: Duration::from_millis(300),
        ..Options::default()
    };
    let target = target.replace("https:", "http:");
    let client = client::connect(&target, options).await.unwrap();
    let late = client
        .stub()
        .list_datastores(pb::ListDatastoresRequest::default())
        .await;
    let error = client::Error::from(late.unwrap_err());
    assert_eq!(error.code, Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_read_is_not_made_again_past_its_deadline() {
    let s3 = lab::s3s().await;
    let server = Datastored::start(&["--caller-calls", "1"]);
    let options = Options {
        deadline: Duration::from_millis(500),
        ..Options::default()
    };
    let client = connect(&server, options).await;
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    let listing = proxy.hold("ListObjectsV2");
    let test = test_of(datastore("", pb::Role::Source, config));
    let held = client.test_connection(test).await.unwrap();
    listing.one_waits().await;
    let attempts = AtomicUsize::new(0);
    // The server asks for a second each time.
    let read = client.read(async |mut stub| {
        attempts.fetch_add(1, Ordering::Relaxed);
        let request = pb::ListDatastoresRequest::default();
        stub.list_datastores(request).await
    });
    let error = read.await.unwrap_err();
    assert_eq!(error.reason, Some(ErrorReason::TooManyRequests));
    assert_eq!(attempts.into_inner(), 1);
    drop(held);
    listing.none_waits().await;
}

/// Where something accepts a connection of HTTP/2 and answers no call.
async fn silent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await?;
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        connection.write_all(&settings).await?;
        tokio::io::copy(&mut connection, &mut tokio::io::sink()).await
    });
    format!("http://{address}")
}

async fn client_with(target: &str, deadline: Duration) -> Client {
    let options = Options {
        deadline,
        ..Options::default()
    };
    let client = client::connect(target, options).await;
    client.expect("it connects")
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_when_no_server_says_so() {
    let client = client_with(&silent().await, Duration::from_millis(100)).await;
    let request = pb::GetDatastoreRequest::default();
    let error = client.stub().get_datastore(request.clone()).await;
    let error = client::Error::from(error.unwrap_err());
    assert_eq!(error.code, Code::DeadlineExceeded, "{error}");
    let read = client.read(async |mut stub| stub.get_datastore(request.clone()).await);
    assert_eq!(read.await.unwrap_err().code, Code::DeadlineExceeded);
}

#[tokio::test]
async fn the_attempts_of_a_read_have_one_deadline() {
    let server = Datastored::start(&["--caller-rate", "1", "--caller-burst", "1"]);
    let target = format!("http://{}", server.address());
    let list = async |mut stub: client::Stub| {
        let request = pb::ListDatastoresRequest::default();
        stub.list_datastores(request).await
    };
    client_with(&target, Duration::MAX)
        .await
        .read(list)
        .await
        .unwrap();
    // The server asks for a pause of a second.
    let hasty = client_with(&target, Duration::from_millis(100)).await;
    let error = hasty.read(list).await.unwrap_err();
    assert_eq!(error.code, Code::ResourceExhausted, "{error}");
}
