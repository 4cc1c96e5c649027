//! A front before an S3 server that delays every request by a fixed time, and counts them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use crate::Error;

/// A running front; it ends when this is dropped.
pub struct Front {
    endpoint: String,
    state: Arc<State>,
    _serving: AbortOnDropHandle<()>,
}

struct State {
    upstream: String,
    client: Client<HttpConnector, Full<Bytes>>,
    delay_ms: AtomicU64,
    requests: AtomicUsize,
}

impl Front {
    /// A front before the server at `upstream`, without a delay yet.
    pub async fn start(upstream: &str) -> Result<Self, Error> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(State {
            upstream: upstream.to_owned(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            delay_ms: AtomicU64::default(),
            requests: AtomicUsize::default(),
        });
        let serving = tokio::spawn(serve(listener, Arc::clone(&state)));
        Ok(Self {
            endpoint,
            state,
            _serving: AbortOnDropHandle::new(serving),
        })
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// From now on each request waits this many milliseconds before it is passed on.
    pub fn delay_ms(&self, delay: u64) {
        self.state.delay_ms.store(delay, Ordering::Relaxed);
    }

    /// How many requests have come in.
    pub fn requests(&self) -> usize {
        self.state.requests.load(Ordering::Relaxed)
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        // Otherwise Nagle's algorithm delays too.
        let _ = stream.set_nodelay(true);
        let state = Arc::clone(&state);
        let service = service_fn(move |request| pass(Arc::clone(&state), request));
        let http = hyper::server::conn::http1::Builder::new();
        connections.spawn(http.serve_connection(TokioIo::new(stream), service));
        while connections.try_join_next().is_some() {}
    }
}

/// Passes a request on after the delay. The Host header stays, so that signatures hold.
async fn pass(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Either<Incoming, Full<Bytes>>>, hyper::Error> {
    state.requests.fetch_add(1, Ordering::Relaxed);
    let (mut head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let delay = state.delay_ms.load(Ordering::Relaxed);
    if delay > 0 {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    let path = head.uri.path_and_query();
    let path = path.map_or("/", http::uri::PathAndQuery::as_str);
    head.uri = Uri::try_from(format!("{}{path}", state.upstream))
        .expect("an endpoint and a path make a URI");
    let request = Request::from_parts(head, Full::new(body));
    Ok(match state.client.request(request).await {
        Ok(answer) => answer.map(Either::Left),
        Err(error) => Response::builder()
            .status(StatusCode::BAD_GATEWAY)
            .body(Either::Right(Full::new(error.to_string().into())))
            .expect("a status and a text make a response"),
    })
}
