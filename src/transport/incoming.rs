//! The connections as they come in: accepted one by one, their handshakes made side by side, bounded in number and time.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_stream::Stream;
use tracing::{debug, warn};

use super::{Connection, Tls};
use crate::metrics::Handshakes;

/// How many handshakes are made at once. Who comes when there are so many waits in the listener's backlog.
const MAX_HANDSHAKES: usize = 512;

/// How long a handshake may take.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// How long nothing is accepted when the system cannot give a connection: it has no more file descriptors or memory, and comes to some only with time.
const PAUSE: Duration = Duration::from_secs(1);

/// How often the log is told that there are too many connections.
const TELL_AGAIN: Duration = Duration::from_mins(1);

/// The connections as they come in, without end. Dropping it closes the listener and ends the handshakes that are under way.
#[derive(Debug)]
pub struct Incoming {
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    counted: Handshakes,
    handshakes: JoinSet<Option<Connection>>,
    pause: Option<Pin<Box<Sleep>>>,
    places: Arc<Semaphore>,
    max: u32,
    /// When the log was last told that there are too many.
    told: Option<Instant>,
}

impl Incoming {
    /// The connections to a listener, at most `max` at once: plain, or under TLS with what is current when each comes; handshakes that fail are counted. Who comes
    /// beyond that is hung up on, and so knows at once, and can go to another server.
    #[must_use]
    pub fn new(
        listener: TcpListener,
        tls: Option<Arc<Tls>>,
        max: u32,
        counted: Handshakes,
    ) -> Self {
        Self {
            listener,
            tls,
            counted,
            handshakes: JoinSet::new(),
            pause: None,
            places: Arc::new(Semaphore::new(max as usize)),
            max,
            told: None,
        }
    }

    /// One of the connections that may be open, if there is one left.
    fn place(&mut self) -> Option<OwnedSemaphorePermit> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok();
        if place.is_none() && self.told.is_none_or(|told| told.elapsed() > TELL_AGAIN) {
            self.told = Some(Instant::now());
            let max = self.max;
            warn!(
                max,
                "as many connections are open as may be, and more are hung up on; raise --max-connections, or see who holds them"
            );
        }
        place
    }

    /// The next TCP connection, if there may be one more.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<(TcpStream, SocketAddr)> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            match ready!(self.listener.poll_accept(cx)) {
                Ok((stream, address)) => {
                    // Otherwise the end of an answer waits up to 40 ms for the client to acknowledge its beginning.
                    if let Err(error) = stream.set_nodelay(true) {
                        debug!(peer = %address, %error, "TCP_NODELAY cannot be set");
                    }
                    return Poll::Ready((stream, address));
                }
                Err(error) if is_of_one_connection(&error) => {
                    debug!(%error, "a connection was gone before it was accepted");
                }
                Err(error) => {
                    warn!(%error, "connections cannot be accepted; trying again in a second");
                    self.pause = Some(Box::pin(sleep(PAUSE)));
                }
            }
        }
    }
}

impl Stream for Incoming {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            while let Poll::Ready(Some(ended)) = self.handshakes.poll_join_next(cx) {
                if let Ok(Some(connection)) = ended {
                    return Poll::Ready(Some(Ok(connection)));
                }
            }
            if self.handshakes.len() >= MAX_HANDSHAKES {
                return Poll::Pending;
            }
            let (stream, address) = ready!(self.poll_accept(cx));
            let Some(place) = self.place() else {
                continue;
            };
            let Some(tls) = &self.tls else {
                return Poll::Ready(Some(Ok(Connection::plain(stream, address, place))));
            };
            let acceptor = TlsAcceptor::from(tls.current());
            let counted = self.counted.clone();
            let handshake = handshake(acceptor, stream, address, place, counted);
            self.handshakes.spawn(handshake);
        }
    }
}

/// The connection, if the handshake comes to a good end in time.
async fn handshake(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    address: SocketAddr,
    place: OwnedSemaphorePermit,
    counted: Handshakes,
) -> Option<Connection> {
    match timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(Connection::tls(stream, address, place)),
        Ok(Err(error)) => {
            debug!(peer = %address, %error, "a TLS handshake failed");
            counted.failed("refused");
            None
        }
        Err(_) => {
            debug!(peer = %address, "a TLS handshake took too long");
            counted.failed("timeout");
            None
        }
    }
}

/// Whether the next connection may well be accepted at once.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
