//! A proxy in front of an S3 server that makes faults: it holds calls, answers them itself, or loses the server's answer.
//!
//! The Host header stays as the client sent it, so that signatures hold.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{Method, Request, Response, Uri};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;
use url::form_urlencoded;

/// Stands for every operation.
pub const EVERY: &str = "*";

type Body = Either<Incoming, Full<Bytes>>;

/// A running proxy; it ends when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    endpoint: String,
    state: Arc<State>,
    _serving: AbortOnDropHandle<()>,
}

#[derive(Debug)]
struct State {
    upstream: String,
    client: Client<HttpConnector, Incoming>,
    faults: Mutex<Vec<(&'static str, Fault)>>,
    calls: Mutex<Vec<&'static str>>,
}

/// What happens to the calls of an operation.
#[derive(Clone, Debug)]
enum Fault {
    /// They wait here until they are released.
    Hold(Arc<Gate>),
    /// The proxy answers them itself.
    Answer(Reply),
    /// The first of them is carried out, and the connection lost before its answer.
    LoseAnswer,
    /// They are carried out and never answered.
    KeepAnswer,
}

/// An answer of the proxy's own.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// All of the body.
    pub body: String,
}

impl Reply {
    /// An error as S3 writes it.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        Self {
            status,
            content_type: "application/xml",
            body,
        }
    }
}

#[derive(Debug)]
struct Gate {
    waiting: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

/// The calls of one operation, held back. Dropping it changes nothing: what is held stays held.
#[derive(Debug)]
pub struct Held(Arc<Gate>);

impl Held {
    /// Waits until a call of the operation has come in.
    pub async fn one_waits(&self) {
        let mut waiting = self.0.waiting.subscribe();
        let seen = waiting.wait_for(|number| *number > 0);
        seen.await.expect("the gate is held by this value");
    }

    /// Lets them go on, and all that come later: to the proxy's own answer if there is one, otherwise to the server.
    pub fn release(&self) {
        self.0.open.send_replace(true);
    }
}

/// Releases all of them.
pub fn release(held: &[Held]) {
    for held in held {
        held.release();
    }
}

impl Proxy {
    /// A proxy in front of the server at `upstream`, which makes no fault yet.
    pub async fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a loopback port is free");
        let address = listener.local_addr();
        let address = address.expect("a bound listener has an address");
        let state = Arc::new(State {
            upstream: upstream.to_owned(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            faults: Mutex::default(),
            calls: Mutex::default(),
        });
        let serving = tokio::spawn(serve(listener, Arc::clone(&state)));
        Self {
            endpoint: format!("http://{address}"),
            state,
            _serving: AbortOnDropHandle::new(serving),
        }
    }

    /// Something at an address that answers every call alike.
    pub async fn answering(reply: Reply) -> Self {
        let proxy = Self::start("http://nothing.invalid").await;
        proxy.answer(EVERY, reply);
        proxy
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Holds every call of the operation.
    pub fn hold(&self, operation: &'static str) -> Held {
        let gate = Arc::new(Gate {
            waiting: watch::Sender::new(0),
            open: watch::Sender::new(false),
        });
        self.add(operation, Fault::Hold(Arc::clone(&gate)));
        Held(gate)
    }

    /// Answers every call of the operation.
    pub fn answer(&self, operation: &'static str, reply: Reply) {
        self.add(operation, Fault::Answer(reply));
    }

    /// Loses the answer of the first call of the operation.
    pub fn lose_first_answer(&self, operation: &'static str) {
        self.add(operation, Fault::LoseAnswer);
    }

    /// Carries out every call of the operation and never answers.
    pub fn keep_answers(&self, operation: &'static str) {
        self.add(operation, Fault::KeepAnswer);
    }

    /// How many calls of the operation have come in.
    pub fn calls(&self, operation: &str) -> usize {
        let calls = lock(&self.state.calls);
        calls.iter().filter(|o| **o == operation).count()
    }

    fn add(&self, operation: &'static str, fault: Fault) {
        lock(&self.state.faults).push((operation, fault));
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        let service = service_fn(move |request| handle(Arc::clone(&state), request));
        let http = hyper::server::conn::http1::Builder::new();
        // When the client hangs up, what it had asked for is dropped too, held or not.
        connections.spawn(http.serve_connection(TokioIo::new(stream), service));
        while connections.try_join_next().is_some() {}
    }
}

/// Treats one call; an error closes the connection.
async fn handle(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Body>, LostAnswer> {
    let operation = operation(request.method(), request.uri());
    lock(&state.calls).push(operation);
    let fault = state.fault(operation);
    match &fault {
        Some(Fault::Answer(reply)) => return Ok(own(reply, request).await),
        Some(Fault::Hold(gate)) => {
            gate.waiting.send_modify(|number| *number += 1);
            let mut open = gate.open.subscribe();
            open.wait_for(|is_open| *is_open)
                .await
                .expect("the gate is held here");
            if let Some(reply) = state.answer_of(operation) {
                return Ok(own(&reply, request).await);
            }
        }
        Some(Fault::LoseAnswer | Fault::KeepAnswer) | None => {}
    }
    let answer = state.forward(request).await;
    match fault {
        Some(Fault::LoseAnswer) => Err(LostAnswer),
        // Until the client hangs up.
        Some(Fault::KeepAnswer) => std::future::pending().await,
        _ => Ok(answer),
    }
}

/// Why a connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer is lost, as the test wants it")]
struct LostAnswer;

impl State {
    /// The fault for a call, struck off when it happens only once.
    fn fault(&self, operation: &'static str) -> Option<Fault> {
        let mut faults = lock(&self.faults);
        let index = faults
            .iter()
            .position(|(of, _)| [operation, EVERY].contains(of))?;
        let fault = faults[index].1.clone();
        if matches!(fault, Fault::LoseAnswer) {
            faults.remove(index);
        }
        Some(fault)
    }

    /// The answer of the proxy's own for a call that was held, if there is one.
    fn answer_of(&self, operation: &'static str) -> Option<Reply> {
        lock(&self.faults)
            .iter()
            .find_map(|(of, fault)| match fault {
                Fault::Answer(reply) if *of == operation => Some(reply.clone()),
                _ => None,
            })
    }

    async fn forward(&self, mut request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path_and_query();
        let path = path.map_or("/", http::uri::PathAndQuery::as_str);
        *request.uri_mut() = Uri::try_from(format!("{}{path}", self.upstream))
            .expect("an endpoint and a path make a URI");
        match self.client.request(request).await {
            Ok(answer) => answer.map(Either::Left),
            Err(error) => reply(&Reply::error(502, "BadGateway", &error.to_string())),
        }
    }
}

/// Reads the request, so that the client hears the answer, and answers it.
async fn own(answer: &Reply, request: Request<Incoming>) -> Response<Body> {
    // A client that has gone needs no answer.
    let _ = request.into_body().collect().await;
    reply(answer)
}

fn reply(answer: &Reply) -> Response<Body> {
    Response::builder()
        .status(answer.status)
        .header("content-type", answer.content_type)
        .body(Either::Right(Full::new(Bytes::from(answer.body.clone()))))
        .expect("a test's answer is a valid response")
}

/// The operation that a path-style request asks for.
fn operation(method: &Method, uri: &Uri) -> &'static str {
    let query = uri.query().unwrap_or_default();
    let has = |name| form_urlencoded::parse(query.as_bytes()).any(|(n, _)| n == name);
    match method.as_str() {
        "GET" if has("list-type") => "ListObjectsV2",
        "GET" if has("uploads") => "ListMultipartUploads",
        "GET" if has("uploadId") => "ListParts",
        "GET" => "GetObject",
        "PUT" => "PutObject",
        "POST" if has("uploads") => "CreateMultipartUpload",
        "DELETE" if has("uploadId") => "AbortMultipartUpload",
        "DELETE" => "DeleteObject",
        _ => "other",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
