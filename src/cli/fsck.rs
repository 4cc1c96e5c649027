//! `datastored fsck`: checks the store of a stopped server, and prints what is wrong in it.

use std::io::{self, Write};

use clap::Args;

use crate::config::DataDir;
use crate::registry::{self, Checked, Violation};
use crate::server::Error;
use crate::store::{self, Sled};
use crate::{core_dumps, model};

/// The options of `datastored fsck`.
#[derive(Args, Clone, Debug)]
pub struct Fsck {
    /// Where the store is.
    #[command(flatten)]
    pub data_dir: DataDir,
}

/// Prints a line for each violation and then a summary, and says whether the store is sound.
///
/// # Errors
/// When the store cannot be opened, or not be read to its end.
pub async fn run(fsck: &Fsck) -> Result<bool, Error> {
    let folder = fsck.data_dir.path().map_err(Error::Config)?;
    core_dumps::forbid().map_err(Error::CoreDumps)?;
    let open = move || Sled::open_existing(&folder);
    let store = tokio::task::spawn_blocking(open).await??;
    let checked = registry::check(&store, &mut |violation: &Violation| print(violation)).await;
    let closed = store.close().await;
    let checked = checked.map_err(cause)?;
    closed?;
    print(&summary(checked));
    Ok(checked.violations == 0)
}

/// What the store itself has said: a caller of the API is told less.
fn cause(error: model::Error) -> Error {
    match error {
        model::Error::StoreUnavailable(cause) | model::Error::Internal(cause) => {
            match cause.downcast::<store::Error>() {
                Ok(error) => Error::Store(*error),
                Err(other) => Error::Registry(model::Error::Internal(other).into()),
            }
        }
        other => Error::Registry(other.into()),
    }
}

fn summary(checked: Checked) -> String {
    let Checked {
        entries,
        datastores,
        violations,
    } = checked;
    let found = match violations {
        0 => "the store is sound".to_owned(),
        1 => "1 violation".to_owned(),
        n => format!("{n} violations"),
    };
    format!("{found}: {entries} entries, datastores among them: {datastores}")
}

/// Whoever reads it may have gone, such as `head`; the exit status still says how it ended.
fn print(line: &dyn std::fmt::Display) {
    let _ = writeln!(io::stdout(), "{line}");
}
