//! A proxy in front of an S3 server that makes faults: it holds calls, answers them itself, alters the server's answer or loses it.
//!
//! The Host header stays as the client sent it, so that signatures hold.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;
use url::form_urlencoded;

use super::rule::Rule;

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
    client: Client<HttpConnector, Full<Bytes>>,
    faults: Mutex<Vec<(&'static str, Fault)>>,
    calls: Mutex<Vec<&'static str>>,
    /// What was sent with each of them, in the order in which it was read.
    bodies: Mutex<Vec<(&'static str, Bytes)>>,
    /// Who each of them said that it is from, in the order in which they came in.
    agents: Mutex<Vec<String>>,
    /// Connections that the proxy closes are reset.
    resets: AtomicBool,
    /// How many clients are connected, and how many calls the server was handed and has not answered.
    busy: watch::Sender<usize>,
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
    /// They are carried out and not answered until they are released.
    KeepAnswer(Arc<Gate>),
    /// Some of them are answered otherwise.
    Rule(Rule),
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
    /// An error as STS writes it.
    pub fn sts_error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ErrorResponse>"
        );
        Self {
            status,
            content_type: "text/xml",
            body,
        }
    }

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

/// The calls of one operation, or their answers, held back. Dropping it changes nothing: what is held stays held.
#[derive(Debug)]
pub struct Held(Arc<Gate>);

impl Held {
    /// Waits until a call of the operation is held.
    pub async fn one_waits(&self) {
        self.until(|number| number > 0).await;
    }

    /// Waits until no call is held any more: released, or dropped because its client has gone.
    pub async fn none_waits(&self) {
        self.until(|number| number == 0).await;
    }

    async fn until(&self, holds: impl Fn(usize) -> bool) {
        let mut waiting = self.0.waiting.subscribe();
        let seen = waiting.wait_for(|number| holds(*number));
        seen.await.expect("the gate is held by this value");
    }

    /// Lets them go on, and all that come later: to the proxy's own answer if there is one, otherwise to the server.
    pub fn release(&self) {
        self.0.open.send_replace(true);
    }
}

impl Gate {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            waiting: watch::Sender::new(0),
            open: watch::Sender::new(false),
        })
    }

    /// Waits until the gate is open, and counts as waiting as long as that lasts.
    async fn pass(&self) {
        let _waiting = Counted::among(&self.waiting);
        let mut open = self.open.subscribe();
        let seen = open.wait_for(|is_open| *is_open);
        seen.await.expect("the gate is held here");
    }
}

/// One of those that are counted, as long as it lasts.
struct Counted(watch::Sender<usize>);

impl Counted {
    fn among(number: &watch::Sender<usize>) -> Self {
        number.send_modify(|number| *number += 1);
        Self(number.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|number| *number -= 1);
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
        Self::listen(upstream, None).await
    }

    /// The same behind TLS.
    pub async fn start_tls(upstream: &str, tls: TlsAcceptor) -> Self {
        Self::listen(upstream, Some(tls)).await
    }

    async fn listen(upstream: &str, tls: Option<TlsAcceptor>) -> Self {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a loopback port is free");
        let address = listener.local_addr();
        let address = address.expect("a bound listener has an address");
        let state = Arc::new(State {
            upstream: upstream.to_owned(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            faults: Mutex::default(),
            calls: Mutex::default(),
            bodies: Mutex::default(),
            agents: Mutex::default(),
            resets: AtomicBool::default(),
            busy: watch::Sender::new(0),
        });
        let serving = tokio::spawn(serve(listener, tls, Arc::clone(&state)));
        Self {
            endpoint: format!("{scheme}://{address}"),
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
        let gate = Gate::new();
        self.add(operation, Fault::Hold(Arc::clone(&gate)));
        Held(gate)
    }

    /// Answers every call of the operation.
    pub fn answer(&self, operation: &'static str, reply: Reply) {
        self.add(operation, Fault::Answer(reply));
    }

    /// Answers some calls of the operation.
    pub fn rule(&self, operation: &'static str, rule: Rule) {
        self.add(operation, Fault::Rule(rule));
    }

    /// Resets connections where it would close them. Only those that are made from now on.
    pub fn reset_connections(&self) {
        self.state.resets.store(true, Ordering::Relaxed);
    }

    /// Loses the answer of the first call of the operation.
    pub fn lose_first_answer(&self, operation: &'static str) {
        self.add(operation, Fault::LoseAnswer);
    }

    /// Carries out every call of the operation and holds its answer.
    pub fn keep_answers(&self, operation: &'static str) -> Held {
        let gate = Gate::new();
        self.add(operation, Fault::KeepAnswer(Arc::clone(&gate)));
        Held(gate)
    }

    /// Makes no fault any more; what is held stays held.
    pub fn mend(&self) {
        lock(&self.state.faults).clear();
    }

    /// Waits until every client has gone and the server has answered all that it was handed.
    pub async fn is_idle(&self) {
        let mut busy = self.state.busy.subscribe();
        let seen = busy.wait_for(|number| *number == 0).await;
        seen.expect("the state is held by this value");
    }

    /// How many calls of the operation have come in.
    pub fn calls(&self, operation: &str) -> usize {
        let calls = lock(&self.state.calls);
        let is_one = |o: &&&str| [EVERY, **o].contains(&operation);
        calls.iter().filter(is_one).count()
    }

    /// What the calls of the operation have sent.
    pub fn bodies(&self, operation: &str) -> Vec<String> {
        let bodies = lock(&self.state.bodies);
        let of = bodies.iter().filter(|(of, _)| *of == operation);
        of.map(|(_, body)| String::from_utf8_lossy(body).into_owned())
            .collect()
    }

    /// The user agents of the calls that have come in since this was asked last.
    pub fn agents(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.state.agents))
    }

    fn add(&self, operation: &'static str, fault: Fault) {
        lock(&self.state.faults).push((operation, fault));
    }
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        if state.resets.load(Ordering::Relaxed) {
            let set = stream.set_zero_linger();
            set.expect("a connection can be set to be reset");
        }
        // When the client hangs up, what is held is dropped; what the server was handed it carries out.
        let counted = Counted::among(&state.busy);
        let serving = connection(stream, tls.clone(), Arc::clone(&state));
        connections.spawn(async move {
            let _counted = counted;
            serving.await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, state: Arc<State>) {
    match tls {
        None => serve_http(stream, state).await,
        // A client that does not trust the certificate hangs up.
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                serve_http(stream, state).await;
            }
        }
    }
}

async fn serve_http(stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<State>) {
    let service = service_fn(move |request| handle(Arc::clone(&state), request));
    let http = hyper::server::conn::http1::Builder::new();
    // It ends with an error when an answer is lost, as the test wants it.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

/// Treats one call; an error closes the connection.
async fn handle(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Body>, LostAnswer> {
    let operation = operation(request.method(), request.uri());
    lock(&state.calls).push(operation);
    let agent = request.headers().get("user-agent").map(|a| a.to_str());
    let agent = agent.and_then(Result::ok).unwrap_or_default().to_owned();
    lock(&state.agents).push(agent);
    let fault = state.fault(operation, request.headers());
    // Read to its end before anything is held: else nobody notices that the client has gone, and a dead client's call is carried out.
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| LostAnswer)?.to_bytes();
    lock(&state.bodies).push((operation, body.clone()));
    let request = Request::from_parts(head, Full::new(body));
    match &fault {
        Some(Fault::Answer(answer)) => return Ok(reply(answer)),
        Some(Fault::Rule(rule)) => return Ok(state.by_rule(rule, request).await),
        Some(Fault::Hold(gate)) => {
            gate.pass().await;
            if let Some(answer) = state.answer_of(operation) {
                return Ok(reply(&answer));
            }
        }
        Some(Fault::LoseAnswer | Fault::KeepAnswer(_)) | None => {}
    }
    let answer = state.forward(request).await;
    match fault {
        Some(Fault::LoseAnswer) => Err(LostAnswer),
        Some(Fault::KeepAnswer(gate)) => {
            gate.pass().await;
            Ok(answer)
        }
        _ => Ok(answer),
    }
}

/// Why a connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer is lost, as the test wants it, or nobody waits for one")]
struct LostAnswer;

impl State {
    /// The fault for a call, struck off when it has happened as often as it should.
    fn fault(&self, operation: &'static str, headers: &HeaderMap) -> Option<Fault> {
        let mut faults = lock(&self.faults);
        let index = faults.iter().position(|(of, fault)| {
            let applies = !matches!(fault, Fault::Rule(rule) if !rule.when.holds(headers));
            applies && [operation, EVERY].contains(of)
        })?;
        let fault = faults[index].1.clone();
        let is_last = match &mut faults[index].1 {
            Fault::LoseAnswer => true,
            Fault::Rule(rule) => rule.count(),
            Fault::Hold(_) | Fault::Answer(_) | Fault::KeepAnswer(_) => false,
        };
        if is_last {
            faults.remove(index);
        }
        Some(fault)
    }

    async fn by_rule(&self, rule: &Rule, request: Request<Full<Bytes>>) -> Response<Body> {
        let mut answer = match &rule.reply {
            Some(own) => reply(own),
            None => self.forward(request).await,
        };
        rule.set_headers(answer.headers_mut());
        answer
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

    async fn forward(&self, mut request: Request<Full<Bytes>>) -> Response<Body> {
        let path = request.uri().path_and_query();
        let path = path.map_or("/", http::uri::PathAndQuery::as_str);
        *request.uri_mut() = Uri::try_from(format!("{}{path}", self.upstream))
            .expect("an endpoint and a path make a URI");
        let counted = Counted::among(&self.busy);
        let answering = self.client.request(request);
        let answering = tokio::spawn(async move {
            let _counted = counted;
            answering.await
        });
        match answering.await.expect("forwarding does not panic") {
            Ok(answer) => answer.map(Either::Left),
            Err(error) => reply(&Reply::error(502, "BadGateway", &error.to_string())),
        }
    }
}

fn reply(answer: &Reply) -> Response<Body> {
    Response::builder()
        .status(answer.status)
        .header("content-type", answer.content_type)
        .body(Either::Right(Full::new(Bytes::from(answer.body.clone()))))
        .expect("a test's answer is a valid response")
}

/// The operation that a path-style request of S3, or one of STS, asks for.
fn operation(method: &Method, uri: &Uri) -> &'static str {
    let query = uri.query().unwrap_or_default();
    let has = |name| form_urlencoded::parse(query.as_bytes()).any(|(n, _)| n == name);
    match method.as_str() {
        "GET" if has("list-type") => "ListObjectsV2",
        "GET" if has("uploads") => "ListMultipartUploads",
        "GET" if has("uploadId") => "ListParts",
        "GET" if has("object-lock") => "GetObjectLockConfiguration",
        "GET" if has("versions") => "ListObjectVersions",
        "GET" => "GetObject",
        "PUT" => "PutObject",
        "POST" if has("uploads") => "CreateMultipartUpload",
        // STS is called with a form; no call of S3 that the service makes is posted to the root.
        "POST" if uri.path() == "/" => "AssumeRole",
        "DELETE" if has("uploadId") => "AbortMultipartUpload",
        "DELETE" => "DeleteObject",
        _ => "other",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
