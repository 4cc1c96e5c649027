//! What the operator sees: metrics as Prometheus reads them, and the ids of calls; here is what these tests share.

mod calls;
mod dashboard;
mod listener;
mod probes;
mod promql;
mod request_ids;
mod state;
mod user_agents;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::lab::eventually;
use crate::server::Datastored;

/// The options of a server that shows metrics.
pub const SHOWN: [&str; 2] = ["--metrics-listen", "127.0.0.1:0"];

/// A server that shows metrics.
fn start(options: &[&str]) -> Datastored {
    Datastored::start(&[&SHOWN[..], options].concat())
}

/// Where a server shows its metrics.
fn address(server: &Datastored) -> String {
    let log = server.log();
    let mut lines = log.lines().filter_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        (line["message"] == "serving metrics").then(|| line["address"].as_str().map(str::to_owned))
    });
    lines.next().flatten().expect("the log says where")
}

/// Sends bytes and reads all that is answered, which is nothing when the connection is reset.
async fn exchange(address: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    // Who is refused early cannot send all of it.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).expect("it is text")
}

/// What `GET /metrics` is answered, with these lines in the head of the request.
async fn get(address: &str, lines: &str) -> String {
    let request = format!("GET /metrics HTTP/1.1\r\nhost: metrics\r\n{lines}\r\n");
    exchange(address, request.as_bytes()).await
}

/// The metrics of a moment.
pub struct Page(pub String);

impl Page {
    /// Those of now.
    pub async fn of(server: &Datastored) -> Self {
        let answer = get(&address(server), "").await;
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer of HTTP");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        Self(body.to_owned())
    }

    /// The sum of the series of this name that have these labels, each written as `name="value"`.
    pub fn value(&self, name: &str, labels: &[&str]) -> f64 {
        let is_meant = |series: &str| {
            let (of, rest) = series.split_once('{').unwrap_or((series, ""));
            let is_in = |label: &&str| rest.trim_end_matches('}').split(',').any(|l| l == *label);
            of == name && labels.iter().all(is_in)
        };
        let values = self.lines().filter(|(series, _)| is_meant(series));
        values.map(|(_, value)| value).sum()
    }

    /// Each series and its value.
    pub fn lines(&self) -> impl Iterator<Item = (&str, f64)> {
        let lines = self.0.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a line has a value");
            (series, value.parse().expect("a value is a number"))
        })
    }
}

/// Waits until a series has this value.
#[expect(clippy::float_cmp, reason = "what is counted is whole")]
pub async fn shows(server: &Datastored, name: &str, labels: &[&str], value: f64) {
    let what = format!("{name} {labels:?} is {value}");
    eventually(&what, || async {
        Page::of(server).await.value(name, labels) == value
    })
    .await;
}
