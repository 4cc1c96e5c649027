//! What is kept of a token, and its form in the tokens file.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::token::Hash;
use crate::model::caller::Access;
use crate::model::name::Labels;

/// What is kept of a token.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// Its name, which no other has.
    pub(super) name: String,
    pub(super) hash: Hash,
    pub(super) access: Access,
    pub(super) labels: Labels,
    pub(super) created: SystemTime,
    /// From when on it is accepted no more; `None` for never.
    pub(super) expires: Option<SystemTime>,
}

/// A record as the file has it: times as in RFC 3339, the hash in base64url.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    name: String,
    sha256: String,
    access: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    create_time: String,
    expire_time: Option<String>,
}

impl Record {
    /// Whether it is accepted no more.
    pub(super) fn has_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    /// Its form in the file.
    pub(super) fn written(&self) -> Written {
        let time = |time| humantime::format_rfc3339_millis(time).to_string();
        let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        Written {
            name: self.name.clone(),
            sha256: self.hash.to_text(),
            access: self.access.as_str().to_owned(),
            labels: self.labels.iter().map(owned).collect(),
            create_time: time(self.created),
            expire_time: self.expires.map(time),
        }
    }
}

impl Written {
    /// The record, checked.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(self) -> Result<Record, String> {
        let name = checked_name(&self.name)?;
        let of = |what: &str| format!("the {what} of token `{name}` is not valid");
        let time = |text: &String| {
            humantime::parse_rfc3339(text).map_err(|_| of("create_time or expire_time"))
        };
        Ok(Record {
            hash: Hash::parse(&self.sha256).ok_or_else(|| of("sha256"))?,
            access: Access::parse(&self.access).ok_or_else(|| of("access"))?,
            labels: Labels::parse(self.labels).map_err(|e| e.to_string())?,
            created: time(&self.create_time)?,
            expires: self.expire_time.as_ref().map(time).transpose()?,
            name,
        })
    }
}

/// The name of a token or of a certificate's rule: 1 to 128 visible characters of ASCII.
///
/// # Errors
/// What to write instead.
pub(super) fn checked_name(text: &str) -> Result<String, String> {
    if (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("a name has 1 to 128 ASCII characters and no spaces: write for example ci".to_owned())
    }
}
