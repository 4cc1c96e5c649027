//! A client: it connects with TLS and a token, gives each call a deadline, tries again what only reads, and makes errors typed.
//!
//! It comes with the feature `client`, which needs neither the server nor the AWS SDK.
//!
//! ```no_run
//! use datastored::client::{self, Options};
//! use datastored::pb;
//! use tokio_stream::StreamExt;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = client::connect("http://127.0.0.1:50051", Options::default()).await?;
//! let listed = client.read(async |mut stub| stub.list_datastores(pb::ListDatastoresRequest::default()).await).await?;
//! let target = pb::test_connection_request::Target::Name(listed.datastores[0].name.clone());
//! let mut events = client.test_connection(pb::TestConnectionRequest { target: Some(target), ..Default::default() }).await?;
//! while let Some(event) = events.next().await {
//!     println!("{:?}", event?);
//! }
//! # Ok(())
//! # }
//! ```

mod error;
mod events;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Response, Status};

use crate::pb;
use crate::pb::datastore_service_client::DatastoreServiceClient;
pub use error::Error;
pub use events::Events;

/// How long a call may take if nothing else is said. Creating a datastore tests its connection, which can take a minute.
const DEADLINE: Duration = Duration::from_secs(90);

/// How often a call is made in all.
const ATTEMPTS: u32 = 4;

/// The pause before the second attempt, where the server names none; each pause after it is three times as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// How often the server is asked whether it is still there while a call is open, and how long it may take to say so.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));

/// From here on a deadline is none: gRPC cannot say it.
const FOREVER: Duration = Duration::from_hours(10_000_000);

/// How to connect.
#[derive(Clone)]
pub struct Options {
    /// The certificates of an `https` target; those that the system trusts when nothing is said.
    pub tls: ClientTlsConfig,
    /// Says who calls. It is sent with every call.
    pub token: Option<Token>,
    /// How long connecting may take, and a call, however often it is made; not a connection test, which the server bounds. `Duration::MAX` for as long as
    /// it takes.
    pub deadline: Duration,
    /// Send the token without TLS to another machine, too.
    pub allow_plaintext_token: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tls: ClientTlsConfig::new().with_native_roots(),
            token: None,
            deadline: DEADLINE,
            allow_plaintext_token: false,
        }
    }
}

// That of tonic's TLS configuration shows the private key.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("token", &self.token)
            .field("deadline", &self.deadline)
            .field("allow_plaintext_token", &self.allow_plaintext_token)
            .finish_non_exhaustive()
    }
}

/// A token, as `datastored tokens create` prints it. It is never shown.
#[derive(Clone)]
pub struct Token(MetadataValue<Ascii>);

impl Token {
    /// Takes a token.
    ///
    /// # Errors
    /// A text that no token is: an empty one, or one with characters other than visible ASCII.
    pub fn new(text: &str) -> Result<Self, ConnectError> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ConnectError::Token);
        }
        let value = format!("Bearer {text}").parse();
        let mut value: MetadataValue<Ascii> = value.map_err(|_| ConnectError::Token)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The target cannot be connected to.
    #[error("cannot connect to the server: {}", error::with_causes(.0))]
    Transport(#[from] tonic::transport::Error),
    /// The token is none.
    #[error("a token has visible ASCII characters, and no others: copy it again")]
    Token,
    /// The token would go to another machine in plain text.
    #[error(
        "the token would be sent to {0} in plain text: connect with https, or allow it with allow_plaintext_token"
    )]
    PlaintextToken(String),
}

/// The generated calls, with the client's token and deadline.
pub type Stub = DatastoreServiceClient<InterceptedService<Channel, Defaults>>;

/// A connection. Clones share it.
#[derive(Clone, Debug)]
pub struct Client {
    channel: Channel,
    defaults: Defaults,
}

/// What each call gets.
#[derive(Clone, Debug)]
pub struct Defaults {
    token: Option<Token>,
    deadline: Option<Duration>,
}

impl Interceptor for Defaults {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(Token(value)) = &self.token {
            request
                .metadata_mut()
                .insert("authorization", value.clone());
        }
        if let Some(deadline) = self.deadline
            && !request.metadata().contains_key("grpc-timeout")
        {
            request.set_timeout(deadline);
        }
        Ok(request)
    }
}

/// Connects to a server, `http://host:port` or `https://host:port`. A connection that breaks is made again with the next call.
///
/// # Errors
/// Those of [`ConnectError`].
pub async fn connect(target: &str, options: Options) -> Result<Client, ConnectError> {
    let mut endpoint = Endpoint::from_shared(target.to_owned())?
        .http2_keep_alive_interval(KEEPALIVE.0)
        .keep_alive_timeout(KEEPALIVE.1)
        .connect_timeout(options.deadline);
    if endpoint.uri().scheme_str() == Some("https") {
        endpoint = endpoint.tls_config(options.tls.timeout(options.deadline))?;
    } else if options.token.is_some() && !options.allow_plaintext_token {
        let host = endpoint.uri().host().unwrap_or_default();
        if !is_loopback(host) {
            return Err(ConnectError::PlaintextToken(host.to_owned()));
        }
    }
    Ok(Client {
        channel: endpoint.connect().await?,
        defaults: Defaults {
            token: options.token,
            deadline: Some(options.deadline).filter(|deadline| *deadline < FOREVER),
        },
    })
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

impl Client {
    /// The calls of the API, each made once. A `Status` that one of them answers is made an [`Error`] with `into`, which also tells a deadline that has
    /// passed from a call that was cancelled.
    #[must_use]
    pub fn stub(&self) -> Stub {
        self.stub_within(self.defaults.deadline)
    }

    /// The calls, each within this time.
    fn stub_within(&self, deadline: Option<Duration>) -> Stub {
        let defaults = Defaults {
            deadline,
            ..self.defaults.clone()
        };
        DatastoreServiceClient::with_interceptor(self.channel.clone(), defaults)
    }

    /// Makes a call that only reads, and makes it again when the server is unavailable or has too much to do: up to four times, after the pause that
    /// the server asks for, and all of it within the deadline.
    ///
    /// # Errors
    /// That of the last attempt.
    pub async fn read<T>(
        &self,
        call: impl AsyncFn(Stub) -> Result<Response<T>, Status>,
    ) -> Result<T, Error> {
        let begun = Instant::now();
        let left = || {
            let deadline = self.defaults.deadline;
            deadline.map(|deadline| deadline.saturating_sub(begun.elapsed()))
        };
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let error = match call(self.stub_within(left())).await {
                Ok(answer) => return Ok(answer.into_inner()),
                Err(status) => Error::from(status),
            };
            let wait = error.retry_delay.unwrap_or(pause);
            let is_late = left().is_some_and(|left| left <= wait);
            let is_passing = matches!(error.code, Code::Unavailable | Code::ResourceExhausted);
            if !is_passing || attempt == ATTEMPTS || is_late {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            pause *= 3;
            attempt += 1;
        }
    }

    /// Tests a connection; the events come as they happen. Dropping them stops the test, and what it wrote is removed. Missing rights are in the
    /// report, and no error.
    ///
    /// # Errors
    /// There was nothing to test.
    pub async fn test_connection(
        &self,
        request: pb::TestConnectionRequest,
    ) -> Result<Events, Error> {
        let answer = self.stub_within(None).test_connection(request).await?;
        Ok(Events::new(answer.into_inner()))
    }
}
