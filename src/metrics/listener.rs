//! Serves the page over HTTP/1.1, on a port of its own: `GET /metrics`, and nothing else.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use super::{Format, Metrics};

/// How many connections are open at once. Who comes when there are so many waits in the listener's backlog.
const MAX_CONNECTIONS: usize = 16;
/// How long a connection may take, which is for one request.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most that is read of a request before it is refused, in bytes: the least that hyper allows.
const MAX_HEAD: usize = 8_192;
/// How long nothing is accepted when the system cannot give a connection.
const PAUSE: Duration = Duration::from_secs(1);

/// The port of the page.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

/// A page that is being served.
#[derive(Debug)]
pub struct Serving {
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Listener {
    /// Listens. Nothing is answered yet.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Answers from now on, and says where in the log.
    #[must_use]
    pub fn serve(self, metrics: Metrics) -> Serving {
        info!(address = %self.address, "serving metrics");
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (stop, connections) = (stopping.clone(), tasks.clone());
        tasks.spawn(async move {
            let accepting = self.accept(&metrics, &connections, &stop);
            stop.run_until_cancelled(accepting).await;
        });
        Serving { stopping, tasks }
    }

    async fn accept(self, metrics: &Metrics, tasks: &TaskTracker, stop: &CancellationToken) {
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        // The semaphore is never closed.
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    warn!(%error, "a reader of the metrics cannot be let in; trying again in a second");
                    sleep(PAUSE).await;
                    continue;
                }
            };
            let (metrics, stop) = (metrics.clone(), stop.clone());
            tasks.spawn(async move {
                stop.run_until_cancelled(converse(stream, metrics)).await;
                drop(place);
            });
        }
    }
}

impl Serving {
    /// Closes the port and the connections to it.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// One request and its answer.
async fn converse(stream: TcpStream, metrics: Metrics) {
    let answer = service_fn(move |request| answer(metrics.clone(), request));
    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(MAX_HEAD)
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), answer);
    match timeout(PATIENCE, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%error, "a reader of the metrics was not served"),
        Err(_) => debug!("a reader of the metrics took too long"),
    }
}

async fn answer(
    metrics: Metrics,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() != Method::GET || request.uri().path() != "/metrics" {
        return Ok(empty(StatusCode::NOT_FOUND));
    }
    let format = Format::accepted(request.headers());
    let Ok(page) = spawn_blocking(move || metrics.page(format)).await else {
        return Ok(empty(StatusCode::INTERNAL_SERVER_ERROR));
    };
    let response = Response::builder().header(CONTENT_TYPE, format.content_type());
    let response = response.body(Full::from(page));
    Ok(response.unwrap_or_else(|_| empty(StatusCode::INTERNAL_SERVER_ERROR)))
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
