//! The guard where it works: hosts that are addresses, names whose addresses change, and what is connected to.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_sdk_s3::Client as Sdk;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, SharedDnsResolver};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::{address, guarded};
use crate::model::endpoint::Endpoint;
use crate::s3::address::Kind;
use crate::s3::failure::{Cause, Failure};
use crate::s3::guard::Guard;
use crate::s3::observe::Seen;

const METADATA: &str = "169.254.169.254";

/// Each spelling of an address is the address by the time that a request is sent.
#[test]
fn a_host_is_an_address_however_it_is_spelled() {
    for (host, of) in [
        ("169.254.169.254", Kind::Never),
        ("169.254.169.254.", Kind::Never),
        ("2852039166", Kind::Never),
        ("0xa9fea9fe", Kind::Never),
        ("0xA9.0xFE.0xA9.0xFE", Kind::Never),
        ("025177524776", Kind::Never),
        ("0251.0376.0251.0376", Kind::Never),
        ("0251.254.0xa9fe", Kind::Never),
        ("169.16689662", Kind::Never),
        ("%31%36%39.254.169.254", Kind::Never),
        ("①⑥⑨.②⑤④.①⑥⑨.②⑤④", Kind::Never),
        ("169。254。169。254", Kind::Never),
        ("[::ffff:169.254.169.254]", Kind::Never),
        ("[::ffff:a9fe:a9fe]", Kind::Never),
        ("[0:0:0:0:0:ffff:a9fe:a9fe]", Kind::Never),
        ("[::169.254.169.254]", Kind::Never),
        ("[64:ff9b::a9fe:a9fe]", Kind::Never),
        ("[fd00:ec2::254]", Kind::Never),
        ("[FD00:0EC2:0:0:0:0:0:254]", Kind::Never),
        ("[fe80::a9fe:a9fe]", Kind::Never),
        ("0", Kind::Never),
        ("[::]", Kind::Never),
        ("127.1", Kind::Loopback),
        ("0x7f.1", Kind::Loopback),
        ("017700000001", Kind::Loopback),
        ("[::1]", Kind::Loopback),
        ("[::ffff:7f00:1]", Kind::Loopback),
        ("10.1", Kind::Private),
    ] {
        let endpoint = Endpoint::parse(&format!("http://{host}:9000")).unwrap();
        let sent = format!("{endpoint}/bucket?list-type=2");
        assert_eq!(address(&sent).and_then(Kind::of), Some(of), "{host}");
    }
    for name in ["http://localhost", "http://1.2.3.4.example", "http://a"] {
        assert_eq!(address(name), None, "{name}");
    }
}

/// A name whose addresses are others each time it is looked up.
#[derive(Debug)]
struct Changing {
    answers: Mutex<VecDeque<Vec<&'static str>>>,
    asked: Arc<AtomicUsize>,
}

impl ResolveDns for Changing {
    fn resolve_dns<'a>(&'a self, _: &'a str) -> DnsFuture<'a> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let next = self.answers.lock().unwrap().pop_front();
        let answer = next.expect("the name is not looked up more often");
        let addresses = answer.iter().map(|a| a.parse::<IpAddr>().unwrap());
        DnsFuture::ready(Ok(addresses.collect()))
    }
}

/// A store on this machine that closes each connection after one answer, and how many it has had.
struct Store {
    port: u16,
    connections: Arc<AtomicUsize>,
    _serving: AbortOnDropHandle<()>,
}

impl Store {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let mut request = [0; 4_096];
                let _ = stream.read(&mut request).await;
                let body = "<ListAllMyBucketsResult/>";
                let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length";
                let answer = format!("{head}: {}\r\n\r\n{body}", body.len());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self {
            port,
            connections,
            _serving: AbortOnDropHandle::new(serving),
        }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// A client of a store by a name that is looked up to these answers, one after another.
fn client(
    store: &Store,
    allows_private: bool,
    answers: &[&[&'static str]],
) -> (Sdk, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let names = SharedDnsResolver::new(Changing {
        answers: Mutex::new(answers.iter().map(|a| a.to_vec()).collect()),
        asked: Arc::clone(&asked),
    });
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static("us-east-1"))
        .endpoint_url(format!("http://store.example:{}", store.port))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .http_client(guarded(Guard::new(allows_private), names, None));
    (Sdk::from_conf(config.build()), asked)
}

async fn call(sdk: &Sdk) -> Result<(), Cause> {
    let answer = sdk.list_buckets().send().await;
    let failure = answer.map_err(|e| Failure::from_sdk(&e, &Seen::default()));
    failure.map(|_| ()).map_err(|failure| failure.cause)
}

/// One look-up serves both the check and the connection, and each new connection is checked again. The loopback address is the good one here.
#[tokio::test]
async fn a_name_that_changes_to_a_metadata_address_is_not_followed_there() {
    let store = Store::start().await;
    let answers: [&[&str]; 3] = [&["127.0.0.1"], &[METADATA], &["::ffff:169.254.169.254"]];
    let (sdk, asked) = client(&store, true, &answers);
    assert_eq!(call(&sdk).await, Ok(()));
    assert_eq!(
        asked.load(Ordering::Relaxed),
        1,
        "checked and connected by one answer"
    );
    assert_eq!(call(&sdk).await, Err(Cause::Forbidden(Kind::Never)));
    assert_eq!(call(&sdk).await, Err(Cause::Forbidden(Kind::Never)));
    assert_eq!(asked.load(Ordering::Relaxed), 3, "nothing is tried again");
    assert_eq!(store.connections(), 1);
}

#[tokio::test]
async fn of_the_addresses_of_a_name_only_those_that_are_let_through_are_connected_to() {
    let store = Store::start().await;
    let answers: [&[&str]; 1] = [&[METADATA, "fd00:ec2::254", "127.0.0.1"]];
    let (sdk, _) = client(&store, true, &answers);
    assert_eq!(call(&sdk).await, Ok(()));
    assert_eq!(store.connections(), 1);
}

/// The store listens there, and would take the connection.
#[tokio::test]
async fn an_address_that_is_not_let_through_gets_no_connection() {
    let store = Store::start().await;
    let answers: [&[&str]; 2] = [&["127.0.0.1"], &["::ffff:127.0.0.1", METADATA]];
    let (sdk, _) = client(&store, false, &answers);
    for _ in answers {
        assert_eq!(call(&sdk).await, Err(Cause::Forbidden(Kind::Loopback)));
    }
    assert_eq!(store.connections(), 0);
}
