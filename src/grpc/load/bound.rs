//! The layer that refuses a call past a limit, at once: of the whole server, before anybody asks who calls, or of the caller, once that is known.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use super::Kind;
use super::accounts::{Accounts, Limits};
use super::body::{Held, Holding};
use crate::config::LoadOptions;
use crate::grpc::status::{Limit, too_many};
use crate::model::caller::{Account, Caller};
use crate::peer::Peer;
use crate::store::Backlog;

/// When to try again while the whole server has as much as it takes.
const RETRY_SERVER: Duration = Duration::from_secs(1);

/// When to try again while as many writes wait as may: they are written within some milliseconds.
const RETRY_WRITE: Duration = Duration::from_millis(100);

/// The layer.
#[derive(Clone, Debug)]
pub struct Bound(Arc<Limiting>);

/// Whose limit it is.
#[derive(Debug)]
enum Limiting {
    Server {
        calls: Places,
        streams: Places,
        writes: Waiting,
    },
    Callers(Arc<Accounts>),
}

/// So many at once.
#[derive(Debug)]
struct Places {
    limit: Limit,
    free: Arc<Semaphore>,
}

/// So many writes at once that wait for the store.
#[derive(Debug)]
struct Waiting {
    limit: Limit,
    backlog: Backlog,
}

/// A service behind a limit.
#[derive(Clone, Debug)]
pub struct Bounded<S> {
    limiting: Arc<Limiting>,
    inner: S,
}

impl Places {
    fn new(option: &'static str, what: &'static str, max: u32) -> Self {
        let max = max as usize;
        Self {
            limit: Limit {
                option,
                what,
                max,
                retry: RETRY_SERVER,
            },
            free: Arc::new(Semaphore::new(max)),
        }
    }

    fn take(&self) -> Result<Held, Status> {
        let permit = Arc::clone(&self.free).try_acquire_owned();
        permit
            .map(|permit| Held::Place { _permit: permit })
            .map_err(|_| too_many(self.limit, None))
    }
}

impl Waiting {
    /// Refuses a write while so many wait already. It is not those in flight that are counted: one that tests a connection takes long, and nothing of the
    /// store meanwhile.
    fn check(&self) -> Result<(), Status> {
        if self.backlog.commits() < self.limit.max {
            return Ok(());
        }
        Err(too_many(self.limit, None))
    }
}

impl Limiting {
    /// What the call holds while it is in flight; nothing if it is not limited.
    fn enter<B>(&self, request: &Request<B>) -> Result<Option<Held>, Status> {
        let kind = Kind::of(request.uri().path());
        match (self, kind) {
            (_, Kind::Health) => Ok(None),
            (Self::Server { calls, .. }, Kind::Call) => calls.take().map(Some),
            (Self::Server { calls, writes, .. }, Kind::Write) => {
                writes.check()?;
                calls.take().map(Some)
            }
            (Self::Server { streams, .. }, Kind::Stream) => streams.take().map(Some),
            (Self::Callers(accounts), _) => {
                let account = account(request);
                match accounts.enter(account.clone(), Instant::now()) {
                    Ok(seat) => Ok(Some(Held::Seat { _seat: seat })),
                    Err(limit) => Err(too_many(limit, Some(&account))),
                }
            }
        }
    }
}

fn account<B>(request: &Request<B>) -> Account {
    let caller = request.extensions().get::<Caller>();
    let peer = request.extensions().get::<Peer>();
    Account::of(
        caller.map(|caller| &*caller.name),
        peer.map(|peer| peer.address),
    )
}

impl Bound {
    /// The limits of the whole server. Before authentication, so that strangers are bounded, too.
    #[must_use]
    pub fn of_the_server(options: &LoadOptions, backlog: Backlog) -> Self {
        let limit = Limit {
            option: "max-waiting-writes",
            what: "waiting writes",
            max: options.max_waiting_writes as usize,
            retry: RETRY_WRITE,
        };
        Self(Arc::new(Limiting::Server {
            writes: Waiting { limit, backlog },
            calls: Places::new("max-calls", "calls in flight", options.max_calls),
            streams: Places::new("max-streams", "open streams", options.max_streams),
        }))
    }

    /// The limits of each caller. After authentication.
    #[must_use]
    pub fn of_callers(options: &LoadOptions) -> Self {
        Self(Arc::new(Limiting::Callers(Arc::new(Accounts::new(
            Limits {
                in_flight: options.caller_calls as usize,
                rate: options.caller_rate,
                burst: options.caller_burst,
            },
        )))))
    }
}

impl<S> Layer<S> for Bound {
    type Service = Bounded<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Bounded {
            limiting: Arc::clone(&self.0),
            inner,
        }
    }
}

impl<S, B> Service<Request<B>> for Bounded<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.limiting.enter(&request) {
            Err(status) => Box::pin(std::future::ready(Ok(status.into_http()))),
            Ok(None) => Box::pin(self.inner.call(request)),
            Ok(Some(held)) => {
                let answer = self.inner.call(request);
                Box::pin(async move {
                    let response = answer.await?;
                    Ok(response.map(|body| Body::new(Holding { body, _held: held })))
                })
            }
        }
    }
}
