//! The connections as they come in: accepted one by one, bounded in number, of each address and of all; their handshakes are made side by side.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep};
use tokio_rustls::TlsAcceptor;
use tokio_stream::Stream;
use tracing::{debug, warn};

use super::handshakes::Handshakes;
use super::places::{Full, Place, Places, network};
use super::{Connection, Tls};
use crate::metrics::{Limits, Metrics};

/// How long nothing is accepted when the system cannot give a connection: it has no more file descriptors or memory, and comes to some only with time.
const PAUSE: Duration = Duration::from_secs(1);

/// How often the log is told that there are too many connections.
const TELL_AGAIN: Duration = Duration::from_mins(1);

/// How many connections may be open.
#[derive(Clone, Copy, Debug)]
pub struct Most {
    /// At all.
    pub connections: u32,
    /// From one address; of IPv6, from one network (a /64).
    pub of_one: u32,
}

/// How the system finds out that the other end of a connection is gone, where HTTP/2, which has pings of its own, is not spoken.
#[derive(Clone, Copy, Debug)]
pub struct Keepalive {
    /// How long nothing comes before it asks.
    pub interval: Duration,
    /// How long the other end may take to answer.
    pub timeout: Duration,
}

/// How often it asks within that time.
const QUESTIONS: u32 = 4;

impl Keepalive {
    fn set(self, stream: &TcpStream) -> io::Result<()> {
        // The system counts in whole seconds, up to these: MAX_TCP_KEEPIDLE of Linux.
        let (least, most) = (Duration::from_secs(1), Duration::from_secs(32_767));
        sockopt::set_tcp_keepidle(stream, self.interval.clamp(least, most))?;
        sockopt::set_tcp_keepintvl(stream, (self.timeout / QUESTIONS).clamp(least, most))?;
        sockopt::set_tcp_keepcnt(stream, QUESTIONS)?;
        Ok(sockopt::set_socket_keepalive(stream, true)?)
    }
}

/// The connections as they come in, without end. Dropping it closes the listener and ends the handshakes that are under way.
#[derive(Debug)]
pub struct Incoming {
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    handshakes: Handshakes,
    pause: Option<Pin<Box<Sleep>>>,
    most: Most,
    keepalive: Keepalive,
    places: Arc<Places>,
    limits: Limits,
    /// When the log was last told that there are too many.
    told: Option<Instant>,
}

impl Incoming {
    /// The connections to a listener: plain, or under TLS with what is current when each comes. Handshakes that fail are counted, and connections too many:
    /// those are hung up on, and who made them so knows at once, and can go to another server.
    #[must_use]
    pub fn new(
        listener: TcpListener,
        tls: Option<Arc<Tls>>,
        most: Most,
        keepalive: Keepalive,
        metrics: &Metrics,
    ) -> Self {
        Self {
            listener,
            tls,
            handshakes: Handshakes::new(metrics.handshakes.clone()),
            pause: None,
            most,
            keepalive,
            places: Places::new(most.connections, most.of_one),
            limits: metrics.limits.clone(),
            told: None,
        }
    }

    /// A place for a connection from this address, if there is one left or a handshake can be given up for it: the oldest of the same address, or of the
    /// one that has most of them.
    fn place(&mut self, address: SocketAddr) -> Option<Place> {
        let network = network(address.ip());
        loop {
            let full = match self.places.take(network) {
                Ok(place) => return Some(place),
                Err(full) => full,
            };
            let giving = match full {
                Full::OfOne => Some(network),
                Full::All => self.handshakes.greediest(),
            };
            if !giving.is_some_and(|from| self.handshakes.give_up_oldest_of(from)) {
                self.hang_up(full, address);
                return None;
            }
        }
    }

    /// Counts it, and tells the log, but not each time.
    fn hang_up(&mut self, full: Full, address: SocketAddr) {
        self.limits.hit(match full {
            Full::All => "max-connections",
            Full::OfOne => "max-connections-per-address",
        });
        if self.told.is_some_and(|told| told.elapsed() <= TELL_AGAIN) {
            return;
        }
        self.told = Some(Instant::now());
        let Most {
            connections,
            of_one,
        } = self.most;
        match full {
            Full::All => warn!(
                max = connections,
                "as many connections are open as may be, and more are hung up on; raise --max-connections, or see who holds them"
            ),
            Full::OfOne => warn!(
                max = of_one,
                peer = %address,
                "an address has as many connections as one may have, and more are hung up on; raise --max-connections-per-address if many come by \
                 way of it, or see who holds them"
            ),
        }
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
                    if let Err(error) = self.keepalive.set(&stream) {
                        debug!(peer = %address, %error, "SO_KEEPALIVE cannot be set");
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
            if let Poll::Ready(connection) = self.handshakes.poll_next(cx) {
                return Poll::Ready(Some(Ok(connection)));
            }
            let (stream, address) = ready!(self.poll_accept(cx));
            let Some(place) = self.place(address) else {
                continue;
            };
            let Some(tls) = &self.tls else {
                return Poll::Ready(Some(Ok(Connection::plain(stream, address, place))));
            };
            let acceptor = TlsAcceptor::from(tls.current());
            self.handshakes.begin(acceptor, stream, address, place);
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
