//! `datastored backup` and `datastored restore`: a copy of what a running server holds, and a new data folder made of it.

use std::path::PathBuf;

use clap::Args;

use crate::backup::{self, Summary};
use crate::config::DataDir;

/// The options of `datastored backup`.
#[derive(Args, Clone, Debug)]
pub struct Backup {
    /// The file to write; it must not exist
    pub file: PathBuf,

    /// The data folder of the server.
    #[command(flatten)]
    pub data_dir: DataDir,
}

/// The options of `datastored restore`.
#[derive(Args, Clone, Debug)]
pub struct Restore {
    /// The file that `datastored backup` has written
    pub file: PathBuf,

    /// The folder for the records, which must be empty or not exist.
    #[command(flatten)]
    pub data_dir: DataDir,
}

/// Writes a backup, and returns what to print.
///
/// # Errors
/// A sentence that says what is wrong and what to do. There is no file then.
pub fn backup(options: &Backup) -> Result<String, String> {
    let folder = options.data_dir.path()?;
    let saved = backup::save(&folder, &options.file).map_err(|e| e.to_string())?;
    Ok(format!(
        "{} holds {}.\nIt has no keys: keep a copy of the key file too, apart from it ({} unless the server has a --key-file). Without that the credentials in \
         the backup are lost.\n",
        options.file.display(),
        described(&saved),
        folder.join("datastored.key").display(),
    ))
}

/// Makes a data folder, and returns what to print.
///
/// # Errors
/// A sentence that says what is wrong and what to do. The folder is as it was.
pub fn restore(options: &Restore) -> Result<String, String> {
    let folder = options.data_dir.path()?;
    let restored = backup::restore(&options.file, &folder)
        .map_err(|e| format!("cannot restore {}: {e}", options.file.display()))?;
    Ok(format!(
        "{} holds {}.\nNow put the key file of that time there, as {}, or name it with --key-file; the file of the tokens too, if there was one. Do not let the \
         old server go on beside the new one.\n",
        folder.display(),
        described(&restored),
        folder.join("datastored.key").display(),
    ))
}

fn described(summary: &Summary) -> String {
    format!(
        "{} entries up to revision {}, as they were at {}",
        summary.entries,
        summary.revision,
        humantime::format_rfc3339_seconds(summary.time)
    )
}
