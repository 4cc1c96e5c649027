//! Connections that stall, and a system that has none to give: others are served, and the server goes on.

use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::{Authority, Files, call, channel};
use crate::api::start;
use crate::lab::eventually;
use crate::server::Datastored;

/// Longer than a server may let a handshake take, and time for a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Connections that never say anything.
async fn stall(server: &Datastored, number: usize) -> Vec<TcpStream> {
    let mut stalled = Vec::new();
    for _ in 0..number {
        let stream = TcpStream::connect(server.address()).await;
        stalled.push(stream.expect("the backlog has room"));
    }
    stalled
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
async fn three_hundred_stalled_handshakes_keep_nobody_out_and_are_closed() {
    let authority = Authority::new();
    let server = Files::of(&authority.issue()).serve(&[]);
    let stalled = stall(&server, 300).await;
    let answered = call(channel(server.address(), authority.client())).await;
    answered.expect("others are let in");
    for stream in &stalled {
        let read = stream.try_read(&mut [0]);
        let waiting = read.expect_err("it is still open").kind();
        assert_eq!(waiting, std::io::ErrorKind::WouldBlock);
    }
    closed(stalled).await;
}

/// More than are made at once.
#[tokio::test]
async fn who_comes_after_too_many_stalled_handshakes_waits_for_their_end() {
    let authority = Authority::new();
    let server = Files::of(&authority.issue()).serve(&[]);
    let stalled = stall(&server, 600).await;
    let answered = call(channel(server.address(), authority.client()));
    let answered = tokio::time::timeout(PATIENCE, answered).await;
    answered
        .expect("the wait is bounded")
        .expect("it is let in");
    let first = stalled[0].try_read(&mut [0]);
    assert_eq!(first.expect("the first was closed meanwhile"), 0);
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
