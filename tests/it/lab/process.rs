//! Starts a server as a child that dies with us, however we end.

use std::io;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// How long a server may take to start, a user to appear, and so on.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a condition is looked at while we wait for it.
const POLL_EVERY: Duration = Duration::from_millis(20);

/// How often a server is started anew when its ports were taken in the meantime.
const ATTEMPTS: usize = 3;

/// Runs the server and waits for the end of stdin, a pipe of which only the test process holds the
/// other end. The kernel closes it whatever ends that process (`SIGKILL`, `exit`, a panic), and then
/// the server is killed and its directory removed. Exits early when the server does.
const WATCHER: &str = r#"
import os, pathlib, shutil, subprocess, sys, threading
directory, leftovers, *command = sys.argv[1:]
with open(os.path.join(directory, "log"), "wb") as log:
    server = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
ending = threading.Event()
def reap():
    sys.stdin.buffer.read()
    ending.set()
    server.kill()
    server.wait()
    shutil.rmtree(directory, ignore_errors=True)
    for path in leftovers.split():
        pathlib.Path(path).unlink(missing_ok=True)
reaper = threading.Thread(target=reap, daemon=True)
reaper.start()
code = server.wait()
if ending.is_set():
    reaper.join()
sys.exit(code)
"#;

/// A running child, ended by the drop of this value or by the end of this process, together with its
/// directory.
#[derive(Debug)]
pub struct Process {
    watcher: Child,
    directory: PathBuf,
}

impl Process {
    fn start(plan: Plan) -> io::Result<Self> {
        let watcher = Command::new(installed("python3"))
            .args(["-c", WATCHER])
            .arg(plan.directory.path())
            .arg(plan.leftovers.join(" "))
            .arg(installed(plan.program))
            .args(plan.arguments)
            .stdin(Stdio::piped())
            // Ctrl-C in a terminal goes to the whole group; the watcher must outlive it.
            .process_group(0)
            .spawn()?;
        Ok(Self {
            watcher,
            directory: plan.directory.keep(),
        })
    }

    /// Whether the server ended by itself.
    fn has_ended(&mut self) -> bool {
        !matches!(self.watcher.try_wait(), Ok(None))
    }

    /// The last lines of what the server wrote.
    fn log_tail(&self) -> String {
        let log = std::fs::read(self.directory.join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// Closes the pipe and waits until the server is dead and its directory gone.
    fn stop(mut self) {
        drop(self.watcher.stdin.take());
        // A failed wait leaves nothing to be done: the pipe is closed.
        let _ = self.watcher.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// What to start: built anew for each attempt, since each needs other ports.
pub struct Plan {
    /// The name of the program in the virtual environment's `bin`.
    pub program: &'static str,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Where it keeps its data and its log.
    pub directory: TempDir,
    /// Files that it leaves elsewhere when it is killed.
    pub leftovers: Vec<String>,
    /// The port of its S3 API.
    pub port: u16,
}

/// Starts a server and waits until `is_ready` says so of its endpoint.
///
/// # Panics
/// When the program is not installed, or does not become ready; the message has the end of its log.
pub async fn serve<F>(plan: impl Fn() -> Plan, is_ready: impl Fn(String) -> F) -> (Process, String)
where
    F: Future<Output = bool>,
{
    let mut failure = String::new();
    for _ in 0..ATTEMPTS {
        let plan = plan();
        let program = plan.program;
        let endpoint = format!("http://127.0.0.1:{}", plan.port);
        let mut process = Process::start(plan).expect("a child can be started");
        let mut ended = false;
        let came_up = within(PATIENCE, || {
            ended = process.has_ended();
            let ready = is_ready(endpoint.clone());
            async move { ended || ready.await }
        })
        .await;
        if came_up && !ended {
            return (process, endpoint);
        }
        let how = if ended {
            "ended"
        } else {
            "did not become ready"
        };
        failure = format!(
            "{program} {how}; the end of its log:\n{}",
            process.log_tail()
        );
        process.stop();
    }
    panic!("{failure}");
}

/// Polls `condition` until it holds.
///
/// # Panics
/// When it does not come to hold within half a minute; `what` names it.
pub async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl FnMut() -> F) {
    assert!(within(PATIENCE, condition).await, "gave up waiting: {what}");
}

async fn within<F: Future<Output = bool>>(
    patience: Duration,
    mut condition: impl FnMut() -> F,
) -> bool {
    let mut clock = tokio::time::interval(POLL_EVERY);
    let polling = async {
        loop {
            clock.tick().await;
            if condition().await {
                break;
            }
        }
    };
    tokio::time::timeout(patience, polling).await.is_ok()
}

/// A directory for one server, under the system's temporary directory.
pub fn directory() -> TempDir {
    tempfile::Builder::new()
        .prefix("datastored-lab-")
        .tempdir()
        .expect("a temporary directory can be made")
}

/// `N` ports of the loopback interface, all free a moment ago and all different.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let listeners: [TcpListener; N] = std::array::from_fn(|_| {
        TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port is free")
    });
    listeners.map(|listener| {
        listener
            .local_addr()
            .expect("a bound listener has an address")
            .port()
    })
}

/// A program of the virtual environment that `make test` creates.
fn installed(program: &str) -> PathBuf {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/target/venv/bin")).join(program);
    assert!(
        path.exists(),
        "{} is missing: run `make test`, which installs tests/requirements.txt",
        path.display()
    );
    path
}
