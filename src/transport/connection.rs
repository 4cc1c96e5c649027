//! A connection that is ready for HTTP/2, and who is at its other end.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls_pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use tonic::transport::server::Connected;

use super::places::Place;
use crate::peer::Peer;

/// The length of the connection preface, RFC 9113, section 3.4.
const PREFACE_BYTES: usize = 24;

/// How long the preface may take.
const GREETING_TIME: Duration = Duration::from_secs(10);

/// A connection. Every request that comes over it has its [`Peer`] among the extensions.
#[derive(Debug)]
pub struct Connection {
    stream: Either<TcpStream, TlsStream<TcpStream>>,
    peer: Peer,
    /// None once it is over.
    greeting: Option<Greeting>,
    /// One of the connections that may be open, given back when this is dropped.
    _place: Place,
}

/// What a client says before all else: the preface of HTTP/2.
#[derive(Debug)]
struct Greeting {
    /// How many of its bytes are still to come.
    missing: usize,
    /// Rings when it should have come. Until then HTTP/2 does not ask whether the client is still there.
    time: Pin<Box<Sleep>>,
}

impl Greeting {
    fn new() -> Self {
        Self {
            missing: PREFACE_BYTES,
            time: Box::pin(sleep(GREETING_TIME)),
        }
    }
}

impl Connection {
    pub(super) fn plain(stream: TcpStream, address: SocketAddr, place: Place) -> Self {
        Self {
            greeting: Some(Greeting::new()),
            _place: place,
            stream: Either::Left(stream),
            peer: Peer {
                address,
                certificates: Vec::new(),
            },
        }
    }

    pub(super) fn tls(stream: TlsStream<TcpStream>, address: SocketAddr, place: Place) -> Self {
        let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let certificates = shown.iter().cloned().map(CertificateDer::into_owned);
        Self {
            greeting: Some(Greeting::new()),
            _place: place,
            peer: Peer {
                address,
                certificates: certificates.collect(),
            },
            stream: Either::Right(stream),
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let number = buf.filled().len() - before;
        let Some(greeting) = &mut self.greeting else {
            return read;
        };
        if read.is_pending() && greeting.time.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        greeting.missing = greeting.missing.saturating_sub(number);
        if greeting.missing == 0 {
            self.greeting = None;
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
