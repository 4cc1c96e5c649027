//! `datastored tokens`: makes, lists and revokes tokens, while a server runs or not.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::SystemTime;

use super::error::Error;
use super::record::{Record, checked_name};
use super::token::Hash;
use super::{token, tokens_file};
use crate::config::{CreateToken, Lifetime, TokensCommand};
use crate::model::name::Labels;

/// Does what the command says. A new token goes to standard output, once, and nowhere else; what is said about it to standard error.
///
/// # Errors
/// When nothing was done, and why.
pub fn run(command: &TokensCommand) -> Result<(), Error> {
    let path = command.file().path().map_err(Error::Command)?;
    match command {
        TokensCommand::Create(asked) => create(&path, asked, SystemTime::now()),
        TokensCommand::List(_) => list(&path, SystemTime::now()),
        TokensCommand::Revoke { name, .. } => revoke(&path, name),
    }
}

fn create(path: &Path, asked: &CreateToken, now: SystemTime) -> Result<(), Error> {
    let token = token::new().map_err(|_| {
        Error::Command("the system gives no random bytes; try again later".to_owned())
    })?;
    let record = Record {
        name: checked_name(&asked.name).map_err(Error::Command)?,
        hash: Hash::of(token.expose()),
        access: asked.access,
        labels: Labels::parse(asked.labels.iter().cloned())
            .map_err(|e| Error::Command(e.to_string()))?,
        created: now,
        expires: expiry(asked.expires_in, now)?,
    };
    let expires = expiry_text(&record);
    tokens_file::change(path, |records| {
        if records.iter().any(|r| r.name == record.name) {
            let name = &record.name;
            return Err(Error::Command(format!(
                "there is a token `{name}`; choose another name, or revoke that one first"
            )));
        }
        records.push(record);
        Ok(())
    })?;
    print(&format!("{}\n", token.expose()))?;
    eprintln!(
        "Token `{}`, {}, expires: {expires}. It is shown this once; send it as `authorization: Bearer TOKEN`.",
        asked.name,
        asked.access.as_str()
    );
    Ok(())
}

fn expiry(lifetime: Lifetime, now: SystemTime) -> Result<Option<SystemTime>, Error> {
    // The year 9999 is the last that the file can name (RFC 3339).
    let last = humantime::parse_rfc3339("9999-12-31T23:59:59Z").unwrap_or(now);
    match lifetime {
        Lifetime::Endless => Ok(None),
        Lifetime::For(time) => match now.checked_add(time) {
            Some(at) if at < last => Ok(Some(at)),
            _ => Err(Error::Command(
                "--expires-in is too long; write `never`".to_owned(),
            )),
        },
    }
}

fn expiry_text(record: &Record) -> String {
    record.expires.map_or("never".to_owned(), |at| {
        humantime::format_rfc3339_seconds(at).to_string()
    })
}

fn list(path: &Path, now: SystemTime) -> Result<(), Error> {
    let head = ["NAME", "ACCESS", "LABELS", "CREATED", "EXPIRES", "STATE"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(
        tokens_file::read(path)?
            .iter()
            .map(|record| row(record, now)),
    );
    print(&table(&rows))
}

fn row(record: &Record, now: SystemTime) -> [String; 6] {
    let labels = record.labels.iter().map(|(k, v)| format!("{k}={v}"));
    let labels: Vec<String> = labels.collect();
    let state = if record.has_expired(now) {
        "expired"
    } else {
        "active"
    };
    [
        record.name.clone(),
        record.access.as_str().to_owned(),
        if labels.is_empty() {
            "-".to_owned()
        } else {
            labels.join(",")
        },
        humantime::format_rfc3339_seconds(record.created).to_string(),
        expiry_text(record),
        state.to_owned(),
    ]
}

/// Rows of words, in columns of one width each.
fn table(rows: &[[String; 6]]) -> String {
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = rows.iter().map(|r| r[column].len()).max().unwrap_or(0);
            // Writing to a string does not fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn revoke(path: &Path, name: &str) -> Result<(), Error> {
    tokens_file::change(path, |records| {
        let before = records.len();
        records.retain(|record| record.name != name);
        if records.len() == before {
            return Err(Error::Command(format!(
                "there is no token of that name in {}; `datastored tokens list` shows all",
                path.display()
            )));
        }
        Ok(())
    })?;
    eprintln!("Token `{name}` is revoked; a running server accepts it for 2 more seconds at most.");
    Ok(())
}

/// Writes to standard output.
fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|e| Error::Command(format!("standard output cannot be written: {e}")))
}
