//! The tokens file: read as a whole, changed under a lock, replaced at once, and readable by its owner alone.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::file;
use super::record::{Record, Written};
use crate::private_file;

/// The version of the file's form.
const VERSION: u32 = 1;
/// The most tokens that a file has.
const MAX_TOKENS: usize = 10_000;

/// The file as JSON.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    tokens: Vec<Written>,
}

/// The tokens of a file; none when there is no file.
///
/// # Errors
/// A file that cannot be read, is damaged, or that others may write.
pub(super) fn read(path: &Path) -> Result<Vec<Record>, Error> {
    let text = match file::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::read(path, error)),
    };
    parse(&text).map_err(|problem| {
        let remedy = "put back a copy of it, or move it away and make the tokens again";
        Error::content(path, format!("{problem}; {remedy}"))
    })
}

/// The tokens of a text.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(text: &str) -> Result<Vec<Record>, String> {
    // The position is enough: the words of serde_json may repeat what is in the file.
    let place = |e: serde_json::Error| format!("line {}, column {}", e.line(), e.column());
    let content: Content = serde_json::from_str(text)
        .map_err(|e| format!("it is not what `datastored tokens` writes at {}", place(e)))?;
    if content.version != VERSION {
        return Err(format!(
            "it has version {} and this program knows {VERSION}",
            content.version
        ));
    }
    let records = content.tokens.into_iter().map(Written::read);
    let records = records.collect::<Result<Vec<_>, _>>()?;
    let mut names: Vec<&str> = records.iter().map(|r| r.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("it has token `{}` twice", pair[0])),
        None => Ok(records),
    }
}

/// Changes the tokens of a file, which is made if there is none. Of several commands at once each sees what the one before it did.
///
/// # Errors
/// A file that cannot be read or written; what `change` says.
pub(super) fn change<T>(
    path: &Path,
    change: impl FnOnce(&mut Vec<Record>) -> Result<T, Error>,
) -> Result<T, Error> {
    let write = |e| Error::write(path, e);
    private_file::make_folder(path).map_err(write)?;
    // Held until it is dropped.
    let _lock = private_file::lock(path).map_err(|e| match e.kind() {
        io::ErrorKind::WouldBlock => Error::Locked(path.to_owned()),
        _ => write(e),
    })?;
    let mut records = read(path)?;
    let result = change(&mut records)?;
    if records.len() > MAX_TOKENS {
        let problem = format!("{MAX_TOKENS} tokens are the most; revoke those that nobody needs");
        return Err(Error::Command(problem));
    }
    let text = text(&records).map_err(|e| write(e.into()))?;
    private_file::replace(path, &text).map_err(write)?;
    Ok(result)
}

/// The text of a file with these tokens.
pub(super) fn text(records: &[Record]) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec_pretty(&Content {
        version: VERSION,
        tokens: records.iter().map(Record::written).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::{parse, read};
    use std::os::unix::fs::PermissionsExt;
    use tempfile::TempDir;

    const HASH: &str = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";

    fn token(name: &str, access: &str) -> String {
        format!(
            r#"{{"name": "{name}", "sha256": "{HASH}", "access": "{access}", "create_time": "2026-01-01T00:00:00Z", "expire_time": null}}"#
        )
    }

    fn file(version: u32, tokens: &[String]) -> String {
        let tokens = tokens.join(",");
        format!(r#"{{"version": {version}, "tokens": [{tokens}]}}"#)
    }

    #[test]
    fn a_damaged_file_is_refused_and_what_is_wrong_is_named() {
        let good = token("ci", "editor");
        assert_eq!(
            parse(&file(1, std::slice::from_ref(&good))).unwrap().len(),
            1
        );
        for (text, part) in [
            (String::new(), "line 1"),
            (
                file(1, std::slice::from_ref(&good))[..80].to_owned(),
                "line 1",
            ),
            (file(2, &[]), "version 2"),
            (file(1, &[good.clone(), good.clone()]), "`ci` twice"),
            (file(1, &[token("ci", "root")]), "access of token `ci`"),
            (file(1, &[token("a b", "admin")]), "no spaces"),
            (file(1, &[good.replace(HASH, "short")]), "sha256"),
            (
                file(1, &[good.replace("2026-01-01", "today")]),
                "create_time",
            ),
        ] {
            let problem = parse(&text).unwrap_err();
            assert!(problem.contains(part), "{text}: {problem}");
            assert!(!problem.contains(HASH), "{problem}");
        }
    }

    #[test]
    fn a_file_that_others_may_write_is_refused() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("tokens.json");
        assert_eq!(read(&path).unwrap().len(), 0, "no file is no token");
        std::fs::write(&path, file(1, &[token("ci", "viewer")])).unwrap();
        for (mode, is_read) in [(0o600, true), (0o644, true), (0o620, false), (0o602, false)] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(read(&path).is_ok(), is_read, "{mode:o}");
        }
    }
}
