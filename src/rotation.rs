//! Keeps the keys in use as the key file has them, and seals anew with the current one, while everything else goes on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::registry::Registry;
use crate::reload::{Reloads, Watch};
use crate::store::Store;
use crate::vault::{KeyFile, Status};

/// When to go on after the store could not be used.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// The keys of a registry, its key file, and the folder where it says which keys it needs.
#[derive(Debug)]
pub struct Rotation<S> {
    /// Whose secrets are sealed.
    pub registry: Arc<Registry<S>>,
    /// Where the keys come from.
    pub key_file: KeyFile,
    /// Where [`Status`] goes.
    pub data_dir: PathBuf,
}

impl<S: Store> Rotation<S> {
    /// Says which keys are needed, then seals anew what is left to be, and does so again whenever `watch` sees other keys in the key file, until it is cancelled. Then it may be in the
    /// middle of it: it goes on at the next start.
    pub async fn start(
        self,
        watch: Watch,
        reloads: &Reloads,
        cancel: CancellationToken,
    ) -> JoinHandle<()> {
        let changed = Arc::new(Notify::new());
        let (registry, key_file) = (Arc::clone(&self.registry), self.key_file.clone());
        let (notify, runtime) = (Arc::clone(&changed), Handle::current());
        reloads.add("the key file", watch, move || {
            let keys = key_file.read().map_err(|e| e.to_string())?;
            let taken = runtime.block_on(registry.take_keys(keys));
            taken.map_err(|e| e.to_string())?;
            notify.notify_one();
            Ok(())
        });
        self.say_what_is_needed().await;
        tokio::spawn(async move {
            cancel.run_until_cancelled(self.seal_when(&changed)).await;
        })
    }

    async fn seal_when(&self, changed: &Notify) {
        loop {
            self.say_what_is_needed().await;
            match self.registry.seal_anew().await {
                Ok(0) => changed.notified().await,
                Ok(entries) => {
                    let key = self.registry.needed_keys().current;
                    info!(entries, %key, "sealed anew");
                }
                Err(error) => {
                    error!(%error, "sealing anew was interrupted; it is tried again");
                    tokio::time::sleep(TRY_AGAIN).await;
                }
            }
        }
    }

    async fn say_what_is_needed(&self) {
        let needed = self.registry.needed_keys();
        let status = Status {
            current: needed.current,
            older: needed.older,
            lost: needed.lost,
            time: SystemTime::now(),
        };
        let folder = self.data_dir.clone();
        let written = tokio::task::spawn_blocking(move || status.write(&folder)).await;
        if let Ok(Err(error)) = written {
            warn!(%error, "`datastored keys status` will not know");
        }
    }
}
