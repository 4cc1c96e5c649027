//! The options of `datastored serve` that bound what callers can take of the server.

use std::time::Duration;

use clap::Args;

use super::duration;
use crate::transport::{Keepalive, Most};

/// What callers can take of the server.
#[derive(Args, Clone, Debug)]
pub struct LoadOptions {
    /// How many connections may be open; who connects beyond that is hung up on at once.
    #[arg(long, env = "DATASTORED_MAX_CONNECTIONS", default_value = "1024", value_parser = number)]
    pub max_connections: u32,

    /// How many connections one address may have open (of IPv6, one /64 network); more are hung up on at once. A quarter of --max-connections when it is not
    /// given. Raise it where many come by way of one address, such as a proxy or a NAT
    #[arg(long, env = "DATASTORED_MAX_CONNECTIONS_PER_ADDRESS", value_parser = number)]
    pub max_connections_per_address: Option<u32>,

    /// How many calls and streams may be open on one connection; the client's library waits with more of them.
    #[arg(long, env = "DATASTORED_MAX_CONNECTION_STREAMS", default_value = "128", value_parser = number)]
    pub max_connection_streams: u32,

    /// After what time a connection is closed, as soon as no call is open on it; clients connect again by themselves.
    #[arg(long, env = "DATASTORED_MAX_CONNECTION_AGE", default_value = "1h", value_parser = duration)]
    pub max_connection_age: Duration,

    /// How often the other end of a connection is asked whether it is still there.
    #[arg(long, env = "DATASTORED_KEEPALIVE_INTERVAL", default_value = "30s", value_parser = duration)]
    pub keepalive_interval: Duration,

    /// How long the other end may take to say so; then the connection is closed.
    #[arg(long, env = "DATASTORED_KEEPALIVE_TIMEOUT", default_value = "20s", value_parser = duration)]
    pub keepalive_timeout: Duration,

    /// How many calls may be in flight, without streams; more are refused at once.
    #[arg(long, env = "DATASTORED_MAX_CALLS", default_value = "512", value_parser = number)]
    pub max_calls: u32,

    /// How many writes may wait for the disk behind those that are being written; while it is so many, more are refused at once. With fewer each is answered
    /// sooner; with more, more of them share a sync of the disk
    #[arg(long, env = "DATASTORED_MAX_WAITING_WRITES", default_value = "128", value_parser = number)]
    pub max_waiting_writes: u32,

    /// How many streams may be open; more are refused at once.
    #[arg(long, env = "DATASTORED_MAX_STREAMS", default_value = "256", value_parser = number)]
    pub max_streams: u32,

    /// How long a call may take, whatever deadline it has; with a connection test in it, that test stops and cleans up.
    #[arg(long, env = "DATASTORED_CALL_TIMEOUT", default_value = "3m", value_parser = duration)]
    pub call_timeout: Duration,

    /// How many calls a second a caller may make in the long run. Where nobody says who they are, an IP address is a caller.
    #[arg(long, env = "DATASTORED_CALLER_RATE", default_value = "1000", value_parser = number)]
    pub caller_rate: u32,

    /// How many calls a caller may make at once after a pause.
    #[arg(long, env = "DATASTORED_CALLER_BURST", default_value = "2000", value_parser = number)]
    pub caller_burst: u32,

    /// How many calls and streams of a caller may be in flight; more are refused at once.
    #[arg(long, env = "DATASTORED_CALLER_CALLS", default_value = "128", value_parser = number)]
    pub caller_calls: u32,

    /// How many connection tests of a caller may run at once; half of --max-concurrent-tests when it is not given
    #[arg(long, env = "DATASTORED_CALLER_TESTS", value_parser = number)]
    pub caller_tests: Option<u32>,
}

impl LoadOptions {
    /// How many connections may be open. A quarter for one address: it takes four that are greedy to keep others out, and a proxy, which sends many calls over
    /// each of its connections, seldom has so many.
    #[must_use]
    pub fn connections(&self) -> Most {
        let quarter = self.max_connections.div_ceil(4);
        Most {
            connections: self.max_connections,
            of_one: self.max_connections_per_address.unwrap_or(quarter),
        }
    }

    /// When a connection is given up whose other end is gone.
    #[must_use]
    pub fn keepalive(&self) -> Keepalive {
        Keepalive {
            interval: self.keepalive_interval,
            timeout: self.keepalive_timeout,
        }
    }
}

/// A bound.
fn number(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(number @ 1..=1_000_000) => Ok(number),
        _ => Err("write a number from 1 to 1000000".to_owned()),
    }
}
