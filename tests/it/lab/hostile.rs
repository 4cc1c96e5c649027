//! A server that counts its connections and answers each without end: raw bytes, as no HTTP library would write them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

/// An answer without an end.
#[derive(Clone, Debug)]
pub struct Endless {
    /// What comes first.
    pub head: &'static str,
    /// What comes again and again.
    pub then: String,
    /// The time between two times; `None` for as fast as the client reads.
    pub pace: Option<Duration>,
}

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub struct Hostile {
    address: String,
    connections: Arc<AtomicUsize>,
    _serving: AbortOnDropHandle<()>,
}

impl Hostile {
    /// A server on a port of 127.0.0.1 that answers every request so.
    pub async fn start(answer: Endless) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a loopback port is free");
        let address = listener.local_addr();
        let address = address.expect("a bound listener has an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let serving = tokio::spawn(serve(listener, answer, Arc::clone(&connections)));
        Self {
            address: address.to_string(),
            connections,
            _serving: AbortOnDropHandle::new(serving),
        }
    }

    /// A server that only counts: whoever connects is told nothing.
    pub async fn silent() -> Self {
        let answer = Endless {
            head: "",
            then: String::new(),
            pace: Some(Duration::from_mins(1)),
        };
        Self::start(answer).await
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its port.
    pub fn port(&self) -> &str {
        let (_, port) = self.address.split_once(':').expect("an address has a port");
        port
    }

    /// How many connections it has had.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn serve(listener: TcpListener, answer: Endless, count: Arc<AtomicUsize>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        count.fetch_add(1, Ordering::Relaxed);
        let answer = answer.clone();
        // It ends when the client has heard enough.
        connections.spawn(async move { answer.write(stream).await });
        while connections.try_join_next().is_some() {}
    }
}

impl Endless {
    /// As fast as the client reads.
    pub fn flood(head: &'static str, then: &str) -> Self {
        Self {
            head,
            then: then.repeat(64 * 1024 / then.len()),
            pace: None,
        }
    }

    /// One byte a second.
    pub fn drip(head: &'static str) -> Self {
        Self {
            head,
            then: "x".to_owned(),
            pace: Some(Duration::from_secs(1)),
        }
    }

    async fn write(&self, mut stream: TcpStream) -> io::Result<()> {
        // The beginning of the request is enough to answer it.
        stream.read_u8().await?;
        stream.write_all(self.head.as_bytes()).await?;
        let mut clock = self.pace.map(tokio::time::interval);
        loop {
            if let Some(clock) = &mut clock {
                clock.tick().await;
            }
            stream.write_all(self.then.as_bytes()).await?;
        }
    }
}
