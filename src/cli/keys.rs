//! `datastored keys`: makes the key file, adds a key to it, and says which of its keys are needed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::config::DataDir;
use crate::vault::{Error, KeyFile, KeyId, Status};
use crate::{core_dumps, private_file};

/// The options of `datastored keys`.
#[derive(Args, Clone, Debug)]
pub struct Keys {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where the keys are.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// The data folder.
    #[command(flatten)]
    pub data_dir: DataDir,

    /// The key file; `datastored.key` in the data folder when it is not given
    #[arg(long, env = "DATASTORED_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// The subcommands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Make a key file with one new key; never overwrites one
    Generate(Place),
    /// Add a new key, which seals from now on; a running server takes it within seconds and seals everything anew
    Rotate(Place),
    /// Say which keys there are and which are needed
    Status(Place),
    /// Take the keys out of the file that nothing is sealed with any more
    Prune(Place),
}

impl Place {
    /// The data folder and the key file.
    ///
    /// # Errors
    /// As [`DataDir::path`].
    pub fn files(&self) -> Result<(PathBuf, KeyFile), String> {
        let folder = self.data_dir.path()?;
        let file = self.key_file.clone();
        let file = file.unwrap_or_else(|| folder.join("datastored.key"));
        Ok((folder, KeyFile::new(file)))
    }
}

/// Does it, and returns what to print.
///
/// # Errors
/// A sentence that says what is wrong and what to do. Nothing was changed.
pub fn run(keys: &Keys) -> Result<String, String> {
    core_dumps::forbid().map_err(|e| format!("core dumps cannot be forbidden: {e}"))?;
    match &keys.command {
        Command::Generate(place) => generate(place),
        Command::Rotate(place) => rotate(place),
        Command::Status(place) => status(place),
        Command::Prune(place) => prune(place),
    }
}

fn generate(place: &Place) -> Result<String, String> {
    let (folder, file) = place.files()?;
    private_file::make_folder(file.path()).map_err(|e| {
        format!(
            "the folder of {} cannot be made: {e}",
            file.path().display()
        )
    })?;
    if let Some(status) = Status::read(&folder).map_err(sentence)? {
        return Err(format!(
            "the store in {} needs key {}, and a new file would not hold it: restore the file from your copy, or name it with --key-file; if it is lost, \
             start the server with --accept-lost-keys, which makes a new one",
            folder.display(),
            status.current
        ));
    }
    let keys = file.generate().map_err(sentence)?;
    Ok(format!(
        "{} holds key {}.\nWithout this file the stored credentials are lost: keep a copy of it, apart from the data.\n",
        file.path().display(),
        keys.current(),
    ))
}

fn rotate(place: &Place) -> Result<String, String> {
    let (folder, file) = place.files()?;
    let keys = file.read().map_err(sentence)?;
    if let Some(status) = Status::read(&folder).map_err(sentence)?
        && !keys.has(status.current)
    {
        return Err(format!(
            "{} does not hold key {}, with which the server seals: name the file that it uses with --key-file",
            file.path().display(),
            status.current
        ));
    }
    let keys = file.rotate().map_err(sentence)?;
    Ok(format!(
        "Key {} seals from now on. A running server takes it within seconds and seals everything anew; otherwise the next start does.\n\
         Copy {} now; `datastored keys status` says when the older keys are not needed any more.\n",
        keys.current(),
        file.path().display(),
    ))
}

fn status(place: &Place) -> Result<String, String> {
    let (folder, file) = place.files()?;
    let keys = file.read().map_err(sentence)?;
    let status = Status::read(&folder).map_err(sentence)?;
    let mut lines = vec![format!("{:<18}{:<22}STATE", "KEY", "CREATED")];
    for (id, created) in keys.ids() {
        let created = humantime::format_rfc3339_seconds(created).to_string();
        let state = state(id, keys.current(), status.as_ref());
        lines.push(format!("{:<18}{created:<22}{state}", id.to_string()));
    }
    if let Some(status) = &status {
        let needed = std::iter::once(status.current).chain(status.older.iter().copied());
        for id in needed.filter(|id| !keys.has(*id)) {
            let id = id.to_string();
            lines.push(format!("{id:<18}{:<22}MISSING: the store needs it", "-"));
        }
        let time = humantime::format_rfc3339_seconds(status.time);
        lines.push(format!("As the server said at {time}."));
    } else {
        lines.push("No server has started on this data folder yet.".to_owned());
    }
    Ok(lines.join("\n") + "\n")
}

fn state(id: KeyId, first: KeyId, status: Option<&Status>) -> &'static str {
    match status {
        Some(status) if status.current == id && first == id => "seals",
        Some(status) if status.current == id => "seals, until the server takes the new key",
        Some(status) if status.older.contains(&id) => "needed: not everything is sealed anew yet",
        Some(status) if status.lost.contains(&id) => "needed: it was lost, and has come back",
        _ if first == id => "seals as soon as a server takes it",
        Some(status) if status.is_settled_on(first) => {
            "not needed: `datastored keys prune` takes it out"
        }
        _ => "not known yet",
    }
}

fn prune(place: &Place) -> Result<String, String> {
    let (folder, file) = place.files()?;
    let Some(status) = Status::read(&folder).map_err(sentence)? else {
        return Err(format!(
            "no server has said which keys {} needs; start one first",
            folder.display()
        ));
    };
    let first = file.read().map_err(sentence)?.current();
    if !status.is_settled_on(first) {
        return Err(format!(
            "no server has sealed everything with key {first}, the first of {}, yet: wait until `datastored keys status` says so, or name the right file with \
             --key-file",
            file.path().display()
        ));
    }
    let pruned = file.prune(first, &status.lost).map_err(sentence)?;
    if pruned.is_empty() {
        return Ok("Every key in the file is needed.\n".to_owned());
    }
    let ids: Vec<String> = pruned.iter().map(KeyId::to_string).collect();
    Ok(format!(
        "Taken out: {}. Backups from before the rotation need them still, and whoever has a copy of them can open those, and what the disk still holds of then.\n",
        ids.join(", ")
    ))
}

#[allow(clippy::needless_pass_by_value)] // for map_err
fn sentence(error: Error) -> String {
    match &error {
        Error::Missing(path) => format!(
            "{error}; make one with `datastored keys generate`, or name the right one with --key-file; if {} was lost, restore your copy",
            path.display()
        ),
        _ => error.to_string(),
    }
}
