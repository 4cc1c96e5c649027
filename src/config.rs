//! The command line and the environment, checked once and passed in.

mod access;
mod load;
mod tls;
mod tokens;
mod traces;
mod web;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use etcetera::base_strategy::{BaseStrategy, Xdg};

pub use access::{AccessOptions, HealthAccess, ReflectionAccess};
pub use load::LoadOptions;
pub use tls::{ClientCertificate, Tls};
pub use tokens::{CreateToken, Lifetime, TokensCommand, TokensFile};
pub use traces::TraceOptions;
pub use web::WebOptions;

use crate::cli::backup::{Backup, Restore};
use crate::cli::fsck::Fsck;
use crate::cli::keys::{Keys, Place};

/// Registers S3 datastores and proves, permission by permission, that their credentials work.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the gRPC API.
    Serve(Box<Serve>),
    /// Make, rotate and look at the keys that seal stored credentials.
    Keys(Keys),
    /// Write a backup of what a running server holds to a new file, while it goes on.
    Backup(Backup),
    /// Make a new data folder of a backup.
    Restore(Restore),
    /// Check the store of a server that is stopped: that every entry can be read, and that all agree with each other.
    ///
    /// A line for each violation says what to do. No entry is changed; opening the store does what a start of the server does: a log that an abrupt stop
    /// has torn is cut where it is torn, a damaged snapshot is set aside. Run it as the user that the server runs as.
    ///
    /// The exit status is 0 when the store is sound, 1 when it is not, 3 when a server has it open, and 4 when it cannot be opened.
    Fsck(Fsck),
    /// Make, list and revoke the tokens that callers send.
    #[command(subcommand)]
    Tokens(TokensCommand),
}

/// Where the records are.
#[derive(Args, Clone, Debug)]
pub struct DataDir {
    /// The folder for the records; `$XDG_DATA_HOME/datastored` or `~/.local/share/datastored` when it is not given
    #[arg(long, env = "DATASTORED_DATA_DIR", value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
}

/// The options of `datastored serve`.
#[derive(Args, Clone, Debug)]
pub struct Serve {
    /// The address to listen on. Without TLS it must be a loopback address.
    #[arg(long, env = "DATASTORED_LISTEN", default_value = "127.0.0.1:50051", value_parser = address)]
    pub listen: SocketAddr,

    /// Where Prometheus reads metrics, at the path `/metrics`. They are off when it is not given. It must be a loopback address: the page asks nobody
    /// who they are.
    #[arg(long, env = "DATASTORED_METRICS_LISTEN", value_name = "ADDRESS", value_parser = address)]
    pub metrics_listen: Option<SocketAddr>,

    /// The data folder and the key file, which is made if it is the first start.
    #[command(flatten)]
    pub place: Place,

    /// Serve although keys are lost that the store needs. The credentials that they have sealed have to be sent again.
    #[arg(long, env = "DATASTORED_ACCEPT_LOST_KEYS")]
    pub accept_lost_keys: bool,

    /// TLS.
    #[command(flatten)]
    pub tls: Tls,

    /// Listen on any address without TLS: for a network where nobody else can read, such as behind a proxy that encrypts.
    #[arg(long, env = "DATASTORED_INSECURE_PLAINTEXT")]
    pub insecure_plaintext: bool,

    /// The form of the log, on standard error. `RUST_LOG` sets its level; info by default.
    #[arg(long, env = "DATASTORED_LOG_FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// How long running calls and tests may take when the server is told to stop.
    #[arg(long, env = "DATASTORED_SHUTDOWN_GRACE", default_value = "30s", value_parser = duration)]
    pub shutdown_grace: Duration,

    /// How long one check of a connection test may take.
    #[arg(long, env = "DATASTORED_CHECK_TIMEOUT", default_value = "10s", value_parser = duration)]
    pub check_timeout: Duration,

    /// How long all checks of a connection test together may take.
    #[arg(long, env = "DATASTORED_TEST_TIMEOUT", default_value = "60s", value_parser = duration)]
    pub test_timeout: Duration,

    /// How long a connection test may take to remove what it wrote, however it ended.
    #[arg(long, env = "DATASTORED_CLEANUP_TIMEOUT", default_value = "10s", value_parser = duration)]
    pub cleanup_timeout: Duration,

    /// How many connection tests may run at once.
    #[arg(long, env = "DATASTORED_MAX_CONCURRENT_TESTS", default_value = "32", value_parser = tests)]
    pub max_concurrent_tests: usize,

    /// How many connection tests of each datastore are kept.
    #[arg(long, env = "DATASTORED_TEST_HISTORY", default_value = "50", value_parser = history)]
    pub test_history: usize,

    /// How many events of the audit are kept, the newest ones; with 0 they are in the log alone.
    #[arg(long, env = "DATASTORED_AUDIT_EVENTS", default_value = "10000", value_parser = events)]
    pub audit_events: usize,

    /// Let datastores use the credentials that this server runs with.
    #[arg(long, env = "DATASTORED_ALLOW_AMBIENT_CREDENTIALS")]
    pub allow_ambient_credentials: bool,

    /// Whether datastores may be at private and loopback addresses; by default they may while the server listens on a loopback address.
    #[arg(long, env = "DATASTORED_PRIVATE_ENDPOINTS")]
    pub private_endpoints: Option<PrivateEndpoints>,

    /// Who may call.
    #[command(flatten)]
    pub access: AccessOptions,

    /// What callers can take of the server.
    #[command(flatten)]
    pub load: LoadOptions,

    /// Which pages in browsers may call.
    #[command(flatten)]
    pub web: WebOptions,

    /// Where traces are sent.
    #[command(flatten)]
    pub traces: TraceOptions,
}

/// What the server does with endpoints at private and loopback addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PrivateEndpoints {
    /// It connects to them.
    Allow,
    /// It does not.
    Deny,
}

/// The forms of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl DataDir {
    /// The data folder: the one that was named, otherwise `datastored` in the XDG data folder.
    ///
    /// # Errors
    /// A sentence, when none was named and the user has no home.
    pub fn path(&self) -> Result<PathBuf, String> {
        if let Some(named) = &self.data_dir {
            return Ok(named.clone());
        }
        let xdg = Xdg::new().map_err(|_| "there is no home folder; name one with --data-dir")?;
        Ok(xdg.data_dir().join("datastored"))
    }
}

impl Serve {
    /// Whether callers must say who they are.
    #[must_use]
    pub fn requires_authentication(&self) -> bool {
        self.access.requires_authentication(self.listen)
    }

    /// The file of the tokens that are accepted.
    ///
    /// # Errors
    /// As [`DataDir::path`].
    pub fn tokens_file(&self) -> Result<PathBuf, String> {
        let file = TokensFile {
            data_dir: self.place.data_dir.clone(),
            tokens_file: self.access.tokens_file.clone(),
        };
        file.path()
    }

    /// Checks the options that depend on each other.
    ///
    /// # Errors
    /// A sentence that names the option to give.
    pub fn check(&self) -> Result<(), String> {
        let is_plain = self.tls.tls_cert.is_none();
        if is_plain && !self.listen.ip().is_loopback() && !self.insecure_plaintext {
            return Err(format!(
                "--listen {} is no loopback address, and without TLS whoever is on the way can read the credentials that are sent; \
                 give --tls-cert and --tls-key, or allow it with --insecure-plaintext",
                self.listen
            ));
        }
        if let Some(address) = self.metrics_listen
            && !address.ip().is_loopback()
        {
            return Err(format!(
                "--metrics-listen {address} is no loopback address, and the page asks nobody who they are; \
                 give 127.0.0.1:{}, and let something on this machine pass it on",
                address.port()
            ));
        }
        self.access.check(self.listen)
    }

    /// How many connection tests of a caller may run at once.
    #[must_use]
    pub fn tests_of_a_caller(&self) -> usize {
        let half = self.max_concurrent_tests.div_ceil(2);
        self.load.caller_tests.map_or(half, |n| n as usize)
    }

    /// Whether endpoints may be at private and loopback addresses. Who can call a server that listens on loopback only is on this machine already.
    #[must_use]
    pub fn allows_private_endpoints(&self) -> bool {
        match self.private_endpoints {
            Some(said) => said == PrivateEndpoints::Allow,
            None => self.listen.ip().is_loopback(),
        }
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "write an IP address and a port, for example 127.0.0.1:50051".to_owned())
}

/// The longest time that an option of the server takes: the clock of the system may have no time that is much later.
const LONGEST: Duration = Duration::from_hours(365 * 24);

fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|e| format!("{e}; write 10s or 1m"))?;
    if duration.is_zero() {
        return Err("must be longer than zero".to_owned());
    }
    if duration > LONGEST {
        return Err("must be at most 365days".to_owned());
    }
    Ok(duration)
}

fn history(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=1_000) => Ok(number),
        _ => Err("write a number from 1 to 1000".to_owned()),
    }
}

fn events(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 0..=1_000_000) => Ok(number),
        _ => Err("write a number from 0 to 1000000".to_owned()),
    }
}

fn tests(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=10_000) => Ok(number),
        _ => Err("write a number from 1 to 10000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Cli, Command, PrivateEndpoints};
    use clap::Parser;

    #[test]
    fn private_endpoints_are_allowed_by_default_while_only_this_machine_can_call() {
        let cli = Cli::parse_from(["datastored", "serve"]);
        let Command::Serve(mut serve) = cli.command else {
            panic!("it is the server that is asked for");
        };
        for (address, by_default) in [
            ("127.0.0.1:1", true),
            ("[::1]:1", true),
            ("0.0.0.0:1", false),
            ("10.0.0.1:1", false),
        ] {
            serve.listen = address.parse().unwrap();
            serve.private_endpoints = None;
            assert_eq!(serve.allows_private_endpoints(), by_default, "{address}");
            serve.private_endpoints = Some(PrivateEndpoints::Allow);
            assert!(serve.allows_private_endpoints());
            serve.private_endpoints = Some(PrivateEndpoints::Deny);
            assert!(!serve.allows_private_endpoints());
        }
    }
}
