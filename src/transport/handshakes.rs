//! The TLS handshakes that are under way: bounded in number and time, and who comes when there are too many takes the place of the oldest of the greediest.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::debug;

use super::Connection;

use super::places::Place;
use crate::metrics::Handshakes as Counted;

/// How many are made at once.
const MAX: usize = 512;

/// How many of one address. A good one takes two round trips, and is over before so many others have begun.
const MAX_OF_ONE: usize = MAX / 4;

/// How long one may take.
const TIME: Duration = Duration::from_secs(10);

/// Those that are under way. Dropping it ends them.
#[derive(Debug)]
pub(super) struct Handshakes {
    tasks: JoinSet<Option<(TlsStream<TcpStream>, SocketAddr)>>,
    /// The oldest first.
    under_way: Vec<UnderWay>,
    counted: Counted,
}

#[derive(Debug)]
struct UnderWay {
    task: AbortHandle,
    place: Place,
}

impl Handshakes {
    pub(super) fn new(counted: Counted) -> Self {
        Self {
            tasks: JoinSet::new(),
            under_way: Vec::new(),
            counted,
        }
    }

    /// Begins one more. When there are as many as may be, of its address or of all, the oldest is given up: of its address, or of the one that has most.
    pub(super) fn begin(
        &mut self,
        acceptor: TlsAcceptor,
        stream: TcpStream,
        address: SocketAddr,
        place: Place,
    ) {
        if self.of(place.network()) >= MAX_OF_ONE {
            self.give_up_oldest_of(place.network());
        } else if self.under_way.len() >= MAX
            && let Some(greediest) = self.greediest()
        {
            self.give_up_oldest_of(greediest);
        }
        let shaking = shake(acceptor, stream, address, self.counted.clone());
        let task = self.tasks.spawn(shaking);
        self.under_way.push(UnderWay { task, place });
    }

    /// Gives up the oldest of this network, and so its place; whether there was one.
    pub(super) fn give_up_oldest_of(&mut self, network: IpAddr) -> bool {
        let mut all = self.under_way.iter();
        let Some(at) = all.position(|one| one.place.network() == network) else {
            return false;
        };
        self.under_way.remove(at).task.abort();
        self.counted.failed("displaced");
        true
    }

    /// The network that has most of them, if there is any.
    pub(super) fn greediest(&self) -> Option<IpAddr> {
        let mut of_each = HashMap::<_, usize>::new();
        for one in &self.under_way {
            *of_each.entry(one.place.network()).or_default() += 1;
        }
        let most = of_each.into_iter().max_by_key(|(_, number)| *number);
        most.map(|(network, _)| network)
    }

    fn of(&self, network: IpAddr) -> usize {
        let all = self.under_way.iter();
        all.filter(|one| one.place.network() == network).count()
    }

    /// The next one that comes to a good end. Pending while none is, and when there is none at all: whoever begins one polls again.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Connection> {
        while let Poll::Ready(Some(ended)) = self.tasks.poll_join_next_with_id(cx) {
            let (id, made) = match ended {
                Ok((id, made)) => (id, made),
                Err(error) => (error.id(), None),
            };
            let place = self.place_of(id);
            if let Some((stream, address)) = made
                && let Some(place) = place
            {
                return Poll::Ready(Connection::tls(stream, address, place));
            }
        }
        Poll::Pending
    }

    /// The place of one that has ended; none if it was given up at the last moment.
    fn place_of(&mut self, id: Id) -> Option<Place> {
        let mut all = self.under_way.iter();
        let at = all.position(|one| one.task.id() == id)?;
        Some(self.under_way.remove(at).place)
    }
}

/// What comes of a handshake, if it comes to a good end in time.
async fn shake(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    address: SocketAddr,
    counted: Counted,
) -> Option<(TlsStream<TcpStream>, SocketAddr)> {
    match timeout(TIME, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some((stream, address)),
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
