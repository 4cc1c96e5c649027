//! Where a server gives backups out: a socket in its data folder that only its own user can use.
//!
//! The other side sends the line `backup`. The answer is the line `ok` and a backup, or a line that says why not. Whoever gets less than a whole backup
//! sees so by its end.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustix::process::geteuid;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::file::{Summary, Writer};
use crate::store::{Picture, Sled};

/// The file of the socket in a data folder.
const NAME: &str = "datastored.sock";

/// What a backup is asked for with.
pub(super) const REQUEST: &[u8] = b"backup\n";
/// The answer before a backup.
pub(super) const GRANTED: &str = "ok";

/// The longest path that every system takes for a socket: `sun_path` has 104 bytes at least, the last one 0.
const LONGEST_PATH: usize = 103;

/// How long the other side may take to say what it wants, and to read each part.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// How long to wait when no connection can be taken in.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// The path of the socket in a folder, and what has to stay open while it is used.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    _folder: Option<File>,
}

impl Place {
    /// The path itself, or one that is short enough.
    pub(super) fn of(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join(NAME);
        if path.as_os_str().as_bytes().len() <= LONGEST_PATH {
            return Ok(Self {
                path,
                _folder: None,
            });
        }
        let folder = File::open(data_dir)?;
        let path = format!("/proc/self/fd/{}/{NAME}", folder.as_raw_fd());
        Ok(Self {
            path: path.into(),
            _folder: Some(folder),
        })
    }
}

/// A socket that gives backups out until it is closed.
#[derive(Debug)]
pub struct Socket {
    cancel: CancellationToken,
    tasks: TaskTracker,
    place: Place,
}

impl Socket {
    /// Opens it in a data folder that this process has open, so that a socket which is there already is nobody's.
    ///
    /// # Errors
    /// When the system refuses, for example because the file system of the folder has no sockets.
    pub fn open(data_dir: &Path, store: &Arc<Sled>) -> io::Result<Self> {
        let place = Place::of(data_dir)?;
        remove(&place.path)?;
        let listener = UnixListener::bind(&place.path)?;
        fs::set_permissions(&place.path, Permissions::from_mode(0o600))?;
        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        let accepting = accept(listener, Arc::clone(store), cancel.clone(), tasks.clone());
        tasks.spawn(accepting);
        Ok(Self {
            cancel,
            tasks,
            place,
        })
    }

    /// Breaks off what is being read, and removes the socket.
    pub async fn close(self) {
        self.cancel.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        if let Err(error) = remove(&self.place.path) {
            warn!(%error, "the socket for backups is left behind");
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

async fn accept(
    listener: UnixListener,
    store: Arc<Sled>,
    cancel: CancellationToken,
    tasks: TaskTracker,
) {
    while let Some(accepted) = cancel.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) => {
                let (store, cancel) = (Arc::clone(&store), cancel.clone());
                tasks.spawn(async move {
                    if let Some(Err(reason)) =
                        cancel.run_until_cancelled(serve(stream, &store)).await
                    {
                        warn!(%reason, "a backup was broken off");
                    }
                });
            }
            Err(error) => {
                warn!(%error, "no backup can be asked for just now");
                tokio::time::sleep(TRY_AGAIN).await;
            }
        }
    }
}

/// Answers one connection; says why when it could not.
async fn serve(mut stream: UnixStream, store: &Sled) -> Result<(), String> {
    // The mode keeps others out already, but for the moment before it is set.
    let uid = stream.peer_cred().map_err(|e| e.to_string())?.uid();
    if uid != geteuid().as_raw() && uid != 0 {
        return Err(format!("user {uid} is not the one that the server runs as"));
    }
    let mut request = [0; REQUEST.len()];
    let read = timeout(REQUEST_TIMEOUT, stream.read_exact(&mut request)).await;
    if !matches!(read, Ok(Ok(_))) || request != REQUEST {
        return send(
            &mut stream,
            b"this socket answers `datastored backup` alone\n",
        )
        .await;
    }
    let Some(picture) = store.picture() else {
        let refusal = b"another backup is being read; wait until it has ended\n";
        return send(&mut stream, refusal).await;
    };
    send(&mut stream, format!("{GRANTED}\n").as_bytes()).await?;
    let written = write(&mut stream, picture).await?;
    info!(entries = written.entries, revision = %written.revision, "a backup was read");
    Ok(())
}

/// Sends a whole backup.
async fn write(stream: &mut UnixStream, mut picture: Picture) -> Result<Summary, String> {
    let (revision, time) = (picture.revision(), SystemTime::now());
    let mut writer = Writer::begin(revision, time);
    loop {
        let page = spawn_blocking(move || {
            let page = picture.next_page()?;
            for entry in &page {
                writer.put(entry);
            }
            if page.is_empty() {
                writer.end();
            }
            let bytes = writer.take();
            Ok::<_, crate::store::Error>((picture, writer, bytes, page.is_empty()))
        });
        let page = page.await.map_err(|e| e.to_string())?;
        let (read, written, bytes, is_last) = page.map_err(|e| e.to_string())?;
        (picture, writer) = (read, written);
        send(stream, &bytes).await?;
        if is_last {
            break;
        }
    }
    drop(picture);
    let (entries, checksum) = writer.finish();
    send(stream, &checksum).await?;
    Ok(Summary {
        revision,
        time,
        entries,
    })
}

async fn send(stream: &mut UnixStream, bytes: &[u8]) -> Result<(), String> {
    match timeout(READ_TIMEOUT, stream.write_all(bytes)).await {
        Ok(written) => written.map_err(|e| e.to_string()),
        Err(_) => Err("nobody reads it any more".to_owned()),
    }
}
