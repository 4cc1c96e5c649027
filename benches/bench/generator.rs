//! Makes the load: a process of its own, on a processor of its own, which costs less for each call than the server does.
//!
//! It speaks HTTP/2 by `h2` and no more of gRPC than it must, since a client of tonic's costs as much as the server.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datastored::pb;
use h2::client::{Builder, ResponseFuture, SendRequest};
use prost::Message;
use prost::bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::process::Command;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::yield_now;
use tokio::time::timeout;

use super::{Error, example};

/// The argument that makes this program the generator. It reads a [`Job`] from stdin and writes an [`Outcome`] to stdout, as JSON.
pub const ROLE: &str = "generate";

/// The processor that the generator runs on.
pub const PROCESSOR: &str = "1";

/// How long answers are waited for when everything is sent.
const PATIENCE: Duration = Duration::from_secs(10);

/// More than all answers together: the generator holds no answer up.
const WINDOW: u32 = 1 << 30;

/// `RESOURCE_EXHAUSTED`, as it stands in the headers.
const REFUSED: &[u8] = b"8";

/// What is to be sent.
#[derive(Serialize, Deserialize)]
pub struct Job {
    /// Where the server is.
    pub address: SocketAddr,
    /// Connections, each from an address of its own, so that the limits of a caller are not what is met.
    pub connections: u8,
    pub calls: Calls,
    pub pace: Pace,
    /// What is left out at the beginning.
    pub warm_up: Duration,
    /// How long it is measured after that.
    pub length: Duration,
}

/// Which calls.
#[derive(Clone, Serialize, Deserialize)]
pub enum Calls {
    /// `GetDatastore` of these names.
    Get(Vec<String>),
    /// `CreateDatastore` with display names that have this word in them and a number.
    Create(String),
    /// `ListDatastores` as it stands: a page.
    List {
        page_size: i32,
        page_token: String,
        filter: String,
    },
    /// `CreateDatastore` with the ids of numbers from this one on.
    CreateNumbered(usize),
    /// `GetDatastore` of any of the first so many numbers.
    GetNumbered(usize),
    /// etcd's `Range` of one of these keys.
    EtcdRange(Vec<String>),
    /// etcd's `Put` of such keys, with a value as long as a datastore.
    EtcdPut(String),
}

/// The request of etcd's `Range`.
#[derive(Clone, PartialEq, Message)]
struct Range {
    #[prost(string, tag = "1")]
    key: String,
}

/// The request of etcd's `Put`.
#[derive(Clone, PartialEq, Message)]
struct Put {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

impl Calls {
    fn path(&self) -> &'static str {
        match self {
            Self::Get(_) | Self::GetNumbered(_) => "/datastore.v1.DatastoreService/GetDatastore",
            Self::Create(_) | Self::CreateNumbered(_) => {
                "/datastore.v1.DatastoreService/CreateDatastore"
            }
            Self::List { .. } => "/datastore.v1.DatastoreService/ListDatastores",
            Self::EtcdRange(_) => "/etcdserverpb.KV/Range",
            Self::EtcdPut(_) => "/etcdserverpb.KV/Put",
        }
    }
}

/// How they are sent.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub enum Pace {
    /// So many at a time: the next one when one is answered.
    Closed(usize),
    /// The first so many at a time, the second in all, however long that takes.
    Count(usize, usize),
    /// So many a second, answered or not, at times that know nothing of each other (a Poisson process).
    Open(f64),
}

/// How it went. Times count from when a call was due, not from when it could be sent.
#[derive(Serialize, Deserialize)]
pub struct Outcome {
    /// Calls a second that were sent.
    pub offered: f64,
    /// The 99th percentile of how much later than due they were sent, in milliseconds.
    pub late_p99_ms: f64,
    pub accepted: Answers,
    pub refused: Answers,
}

/// Those of one kind.
#[derive(Serialize, Deserialize)]
pub struct Answers {
    pub count: u32,
    /// A second, of those that came while calls were sent.
    pub rate: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// One call that was answered.
struct Answer {
    due: Instant,
    at: Instant,
    is_refused: bool,
}

impl Job {
    /// Has it done by a process of its own.
    pub async fn run(&self) -> Result<Outcome, Error> {
        let mut child = Command::new("taskset")
            .args(["--cpu-list", PROCESSOR])
            .arg(std::env::current_exe()?)
            .arg(ROLE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("taskset, of util-linux, is needed: {error}"))?;
        let mut stdin = child.stdin.take().ok_or("stdin is piped")?;
        stdin.write_all(&serde_json::to_vec(self)?).await?;
        drop(stdin);
        let done = child.wait_with_output().await?;
        if !done.status.success() {
            return Err("the generator failed".into());
        }
        Ok(serde_json::from_slice(&done.stdout)?)
    }
}

/// Does the job that stdin has. Blocks.
pub fn serve() -> Result<(), Error> {
    let job: Job = serde_json::from_reader(std::io::stdin().lock())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(generate(job))?;
    println!("{}", serde_json::to_string(&outcome)?);
    Ok(())
}

async fn generate(job: Job) -> Result<Outcome, Error> {
    let sender = Sender::connect(job.address, job.connections, job.calls).await?;
    let begun = Instant::now();
    let measured = begun + job.warm_up;
    let end = measured + job.length;
    let (lates, mut answers) = match job.pace {
        Pace::Closed(in_flight) => {
            let until = Until::Time(end);
            (Vec::new(), closed(sender, in_flight, until).await?)
        }
        Pace::Count(in_flight, count) => {
            let until = Until::Count(count);
            (Vec::new(), closed(sender, in_flight, until).await?)
        }
        Pace::Open(rate) => open(sender, rate, begun, end).await?,
    };
    answers.retain(|answer| answer.due >= measured);
    let sent = if lates.is_empty() {
        answers.len()
    } else {
        lates.len()
    };
    let seconds = job.length.as_secs_f64();
    let (refused, accepted): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.is_refused);
    Ok(Outcome {
        offered: number(sent)? / seconds,
        late_p99_ms: percentile(lates, 99),
        accepted: Answers::of(&accepted, end, seconds)?,
        refused: Answers::of(&refused, end, seconds)?,
    })
}

/// When enough is sent.
#[derive(Clone, Copy)]
enum Until {
    Time(Instant),
    Count(usize),
}

impl Until {
    /// Whether the call of this number is to be sent now.
    fn wants(self, number: usize) -> bool {
        match self {
            Self::Time(end) => Instant::now() < end,
            Self::Count(count) => number < count,
        }
    }
}

/// Sends one call after another, so many at a time.
async fn closed(sender: Sender, in_flight: usize, until: Until) -> Result<Vec<Answer>, Error> {
    let (tell, mut told) = unbounded_channel();
    let sender = Arc::new(sender);
    for number in 0..in_flight {
        let (sender, tell) = (Arc::clone(&sender), tell.clone());
        tokio::spawn(async move {
            let mut number = number;
            while until.wants(number) && !tell.is_closed() {
                let due = Instant::now();
                match sender.send(number) {
                    Ok(sent) => sent.answered(due, &tell).await,
                    Err(error) => drop(tell.send(Err(error))),
                }
                number += in_flight;
            }
        });
    }
    drop(tell);
    let mut answers = Vec::new();
    while let Some(answer) = timeout(PATIENCE, told.recv()).await? {
        answers.push(answer?);
    }
    Ok(answers)
}

/// Sends calls when they are due, whatever has become of those before. How late each was sent, and the answers.
async fn open(
    sender: Sender,
    rate: f64,
    begun: Instant,
    end: Instant,
) -> Result<(Vec<Duration>, Vec<Answer>), Error> {
    let (tell, mut told) = unbounded_channel();
    let (mut lates, mut random) = (Vec::new(), 0x9e37_79b9_7f4a_7c15);
    let mut due = begun;
    loop {
        let now = Instant::now();
        if now >= end {
            break;
        }
        while due <= now {
            let sent = sender.send(lates.len())?;
            let tell = tell.clone();
            tokio::spawn(async move { sent.answered(due, &tell).await });
            lates.push(due.elapsed());
            due += Duration::from_secs_f64(-uniform(&mut random).ln() / rate);
        }
        // The clock of tokio's timers ticks in milliseconds. This goes round as fast as it can, and the processor is its own.
        yield_now().await;
    }
    drop(tell);
    let mut answers = Vec::with_capacity(lates.len());
    while let Some(answer) = timeout(PATIENCE, told.recv()).await? {
        answers.push(answer?);
    }
    Ok((lates, answers))
}

/// Connections to the server.
struct Sender {
    connections: Vec<SendRequest<Bytes>>,
    calls: Calls,
    uri: http::Uri,
}

/// A call that was sent.
struct Sent(ResponseFuture);

impl Sender {
    async fn connect(to: SocketAddr, count: u8, calls: Calls) -> Result<Self, Error> {
        let mut connections = Vec::new();
        for last in 1..=count {
            let socket = TcpSocket::new_v4()?;
            socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
            let stream = socket.connect(to).await?;
            stream.set_nodelay(true)?;
            let mut builder = Builder::new();
            builder
                .initial_connection_window_size(WINDOW)
                .initial_window_size(WINDOW);
            let (send, connection) = builder.handshake(stream).await?;
            tokio::spawn(connection);
            connections.push(send);
        }
        let uri = format!("http://{to}{}", calls.path()).parse()?;
        Ok(Self {
            connections,
            calls,
            uri,
        })
    }

    /// Sends the call of this number. Where the server takes no more streams on its connection, it waits there.
    fn send(&self, number: usize) -> Result<Sent, Error> {
        let request = http::Request::post(self.uri.clone())
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())?;
        let mut connection = self.connections[number % self.connections.len()].clone();
        let (answer, mut body) = connection.send_request(request, false)?;
        body.send_data(self.message(number), true)?;
        Ok(Sent(answer))
    }

    /// A message and what gRPC puts before it: that it is not compressed, and its length.
    fn message(&self, number: usize) -> Bytes {
        match &self.calls {
            Calls::Get(names) => {
                let name = names[number % names.len()].clone();
                framed(&pb::GetDatastoreRequest { name })
            }
            Calls::Create(word) => framed(&pb::CreateDatastoreRequest {
                datastore: Some(example(&format!("Sales events, {word}, shard {number:07}"))),
                skip_connection_test: true,
                ..pb::CreateDatastoreRequest::default()
            }),
            Calls::List {
                page_size,
                page_token,
                filter,
            } => framed(&pb::ListDatastoresRequest {
                page_size: *page_size,
                page_token: page_token.clone(),
                filter: filter.clone(),
                ..pb::ListDatastoresRequest::default()
            }),
            Calls::CreateNumbered(first) => framed(&numbered(first + number)),
            Calls::GetNumbered(count) => {
                // Fibonacci hashing: neighbours in time are no neighbours in the store.
                let at = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
                let name = format!("datastores/{}", id(at % count));
                framed(&pb::GetDatastoreRequest { name })
            }
            Calls::EtcdRange(keys) => {
                let key = keys[number % keys.len()].clone();
                framed(&Range { key })
            }
            Calls::EtcdPut(word) => framed(&Put {
                key: format!("datastore/{word}/{number:07}"),
                value: example("Sales events, as long as in datastored").encode_to_vec(),
            }),
        }
    }
}

/// The id of a number.
pub fn id(number: usize) -> String {
    format!("sales-{number:07}")
}

/// The request that creates the datastore of a number. One in a thousand is rare.
fn numbered(number: usize) -> pb::CreateDatastoreRequest {
    let mut datastore = example(&format!("Sales events, curated, shard {number:07}"));
    if number.is_multiple_of(1_000) {
        let label = ("environment".to_owned(), "rare".to_owned());
        datastore.labels.extend([label]);
    }
    pb::CreateDatastoreRequest {
        datastore: Some(datastore),
        datastore_id: id(number),
        skip_connection_test: true,
        ..pb::CreateDatastoreRequest::default()
    }
}

fn framed(message: &impl Message) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(message.encoded_len()).unwrap_or(u32::MAX));
    bytes.put(message.encode_to_vec().as_slice());
    bytes.freeze()
}

impl Sent {
    /// Waits for the answer, and tells it.
    async fn answered(self, due: Instant, tell: &UnboundedSender<Result<Answer, Error>>) {
        let is_refused = self.refused().await;
        // Nobody listens any more when one before it has failed.
        let _ = tell.send(is_refused.map(|is_refused| Answer {
            due,
            at: Instant::now(),
            is_refused,
        }));
    }

    /// Whether the server had no room for it.
    async fn refused(self) -> Result<bool, Error> {
        let answer = self.0.await?;
        if let Some(status) = answer.headers().get("grpc-status") {
            return match status.as_bytes() {
                REFUSED => Ok(true),
                _ => Err(format!("it was answered {:?}", answer.headers()).into()),
            };
        }
        let mut body = answer.into_body();
        while let Some(data) = body.data().await {
            let length = data?.len();
            body.flow_control().release_capacity(length)?;
        }
        let trailers = body.trailers().await?.unwrap_or_default();
        match trailers.get("grpc-status").map(http::HeaderValue::as_bytes) {
            Some(b"0") => Ok(false),
            _ => Err(format!("it was answered {trailers:?}").into()),
        }
    }
}

impl Answers {
    fn of(answers: &[Answer], end: Instant, seconds: f64) -> Result<Self, Error> {
        let count = u32::try_from(answers.len())?;
        let in_time = answers.iter().filter(|answer| answer.at <= end).count();
        let times: Vec<_> = answers.iter().map(|a| a.at - a.due).collect();
        Ok(Self {
            count,
            rate: number(in_time)? / seconds,
            p50_ms: percentile(times.clone(), 50),
            p99_ms: percentile(times, 99),
        })
    }
}

/// The time that so many of a hundred stay below, in milliseconds; 0 if there is none.
fn percentile(mut times: Vec<Duration>, percent: usize) -> f64 {
    times.sort_unstable();
    let at = times.get(times.len() * percent / 100);
    at.map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

fn number(count: usize) -> Result<f64, Error> {
    Ok(f64::from(u32::try_from(count)?))
}

/// More than 0, and at most 1: Marsaglia's xorshift64.
fn uniform(random: &mut u64) -> f64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    let high = u32::try_from(*random >> 32).unwrap_or_default();
    (f64::from(high) + 1.0) / (f64::from(u32::MAX) + 1.0)
}
