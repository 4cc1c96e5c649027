//! Connections that stall, and a system that has none to give: others are served, and the server goes on.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use rustls_pki_types::ServerName;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

use super::{Authority, Files, call, channel};
use crate::api::start;
use crate::lab::eventually;
use crate::metrics::{Page, SHOWN};
use crate::server::Datastored;

/// Longer than a server may let a handshake take, and time for a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Connections that never say anything, from `127.0.0.1`.
async fn stall(server: &Datastored, number: usize) -> Vec<TcpStream> {
    stall_from(1, server, number).await
}

/// The same from an address of this machine with this last part.
async fn stall_from(last: u8, server: &Datastored, number: usize) -> Vec<TcpStream> {
    let mut stalled = Vec::new();
    for _ in 0..number {
        let stream = connect_from(last, server.address()).await;
        stalled.push(stream.expect("the backlog has room"));
    }
    stalled
}

async fn connect_from(last: u8, address: &str) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
    let address = address.parse().expect("an address");
    socket.connect(address).await
}

/// How many of them the server has not closed.
fn open(stalled: &[TcpStream]) -> usize {
    let is_open = |stream: &&TcpStream| {
        let read = stream.try_read(&mut [0]);
        read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    };
    stalled.iter().filter(is_open).count()
}

/// Whether a client at this address gets through its handshake.
async fn is_let_in(last: u8, server: &Datastored, authority: &Authority) -> bool {
    let tcp = connect_from(last, server.address()).await;
    let connector = TlsConnector::from(Arc::new(authority.client()));
    let name = ServerName::try_from("localhost").expect("a name");
    connector
        .connect(name, tcp.expect("it listens"))
        .await
        .is_ok()
}

/// Waits until the server has closed each of them.
async fn closed(stalled: Vec<TcpStream>) {
    for mut stream in stalled {
        let mut read = Vec::new();
        let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut read)).await;
        // A reset is an end, too.
        let _ = end.expect("the server closes what stalls");
    }
}

#[tokio::test]
async fn stalled_handshakes_of_one_address_keep_nobody_out_and_the_oldest_are_given_up() {
    let authority = Authority::new();
    let server = Files::of(&authority.issue()).serve(&SHOWN);
    let stalled = stall_from(2, &server, 300).await;
    assert!(is_let_in(1, &server, &authority).await, "another address");
    assert!(is_let_in(2, &server, &authority).await, "their own address");
    eventually("a part of the places is left to them", || async {
        (100..=128).contains(&open(&stalled))
    })
    .await;
    assert_eq!(open(&stalled[..100]), 0, "the oldest are given up first");
    let failed = "datastored_tls_handshakes_failed_total";
    assert!(
        Page::of(&server)
            .await
            .value(failed, &["reason=\"displaced\""])
            >= 172.0
    );
    closed(stalled).await;
}

#[tokio::test]
async fn when_all_handshakes_stall_the_greediest_address_gives_way() {
    let authority = Authority::new();
    let server = Files::of(&authority.issue()).serve(&[]);
    let mut modest = stall_from(9, &server, 10).await;
    let mut greedy = Vec::new();
    for last in 2..7 {
        greedy.extend(stall_from(last, &server, 128).await);
    }
    for _ in 0..20 {
        assert!(is_let_in(1, &server, &authority).await);
    }
    assert!(open(&greedy) > 400, "they have not just come to their end");
    assert_eq!(open(&modest), 10, "who has few keeps them");
    modest.extend(greedy);
    closed(modest).await;
}

#[tokio::test]
async fn stalled_handshakes_give_way_to_new_ones_when_no_connection_is_left() {
    let authority = Authority::new();
    let files = Files::of(&authority.issue());
    let server = files.serve(&["--max-connections", "8"]);
    let mut stalled = Vec::new();
    for last in 2..6 {
        stalled.extend(stall_from(last, &server, 4).await);
    }
    assert!(
        is_let_in(2, &server, &authority).await,
        "of its own address"
    );
    assert!(is_let_in(1, &server, &authority).await, "of all");
    closed(stalled).await;
}

#[tokio::test]
async fn a_stalled_handshake_does_not_hold_a_server_that_stops() {
    let authority = Authority::new();
    let files = Files::of(&authority.issue());
    let server = files.serve(&["--shutdown-grace", "5s"]);
    let stalled = stall(&server, 3).await;
    let answered = call(channel(server.address(), authority.client())).await;
    answered.expect("those before it were accepted");
    server.signal(Signal::TERM);
    let (status, log) = server.ended_with_log().await;
    assert!(status.success(), "{log}");
    assert!(!log.contains("after the grace"), "{log}");
    closed(stalled).await;
}

#[tokio::test]
async fn a_server_that_runs_out_of_file_descriptors_says_so_and_goes_on() {
    let (server, client) = start().await;
    drop(client);
    let pid = i32::try_from(server.pid()).ok().and_then(Pid::from_raw);
    let open = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap();
    let most = Some(open.count() as u64 + 8);
    let limit = Rlimit {
        current: most,
        maximum: most,
    };
    prlimit(pid, Resource::Nofile, limit).unwrap();
    let held = stall(&server, 20).await;
    eventually("the log says so", || async {
        server.log().contains("connections cannot be accepted")
    })
    .await;
    drop(held);
    let plain = tonic::transport::Endpoint::from_shared(format!("http://{}", server.address()));
    let answered = call(plain.unwrap().connect_lazy()).await;
    answered.expect("who comes later is served");
    let log = server.log();
    let said = log.matches("connections cannot be accepted").count();
    assert!(said < 50, "it does not spin: {said} lines");
}
