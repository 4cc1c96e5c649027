//! The options of `datastored tokens`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::DataDir;
use crate::model::caller::Access;

/// What to do with the tokens.
#[derive(Debug, Subcommand)]
pub enum TokensCommand {
    /// Make a token and print it, this once
    Create(CreateToken),
    /// Show every token: its name, access, labels and times, but not the token itself
    List(TokensFile),
    /// Accept a token no more
    Revoke {
        /// The token's name.
        name: String,
        /// Where it is.
        #[command(flatten)]
        file: TokensFile,
    },
}

/// Where the tokens are.
#[derive(Args, Clone, Debug)]
pub struct TokensFile {
    /// The server's data folder.
    #[command(flatten)]
    pub data_dir: DataDir,

    /// The file of the tokens; `tokens.json` in the data folder when it is not given
    #[arg(long, env = "DATASTORED_TOKENS_FILE", value_name = "FILE")]
    pub tokens_file: Option<PathBuf>,
}

/// The token to make.
#[derive(Args, Debug)]
pub struct CreateToken {
    /// A name that no other token has: it says in the log and in `tokens list` whose token it is
    pub name: String,

    /// What its holder may do: viewer, operator, editor or admin, each more than the one before
    #[arg(long, value_parser = access)]
    pub access: Access,

    /// How long it is accepted, or `never` for a token that does not expire
    #[arg(long, default_value = "90d", value_parser = lifetime, value_name = "TIME")]
    pub expires_in: Lifetime,

    /// A label; its holder sees the datastores that have all of the labels given, and no others
    #[arg(long = "label", value_parser = label, value_name = "KEY=VALUE")]
    pub labels: Vec<(String, String)>,

    /// Where to keep it.
    #[command(flatten)]
    pub file: TokensFile,
}

/// How long a token is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// So long.
    For(Duration),
    /// It does not expire.
    Endless,
}

impl TokensCommand {
    /// Where the tokens are.
    #[must_use]
    pub fn file(&self) -> &TokensFile {
        match self {
            Self::Create(create) => &create.file,
            Self::List(file) | Self::Revoke { file, .. } => file,
        }
    }
}

impl TokensFile {
    /// The file of the tokens.
    ///
    /// # Errors
    /// A sentence, when neither it nor a data folder was named and the user has no home.
    pub fn path(&self) -> Result<PathBuf, String> {
        match &self.tokens_file {
            Some(named) => Ok(named.clone()),
            None => Ok(self.data_dir.path()?.join("tokens.json")),
        }
    }
}

fn access(word: &str) -> Result<Access, String> {
    Access::parse(word).ok_or_else(|| "write viewer, operator, editor or admin".to_owned())
}

fn lifetime(text: &str) -> Result<Lifetime, String> {
    if text == "never" {
        Ok(Lifetime::Endless)
    } else {
        let time = humantime::parse_duration(text).map_err(|e| format!("{e}; write 90d"))?;
        if time.is_zero() {
            return Err("must be longer than zero".to_owned());
        }
        Ok(Lifetime::For(time))
    }
}

fn label(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=');
    let (key, value) = pair.ok_or("write KEY=VALUE, for example team=reports")?;
    Ok((key.to_owned(), value.to_owned()))
}
