//! The names that users give: a datastore's id, its resource name, its display name and its labels.

use std::collections::BTreeMap;
use std::fmt;

/// The id of a datastore, the last part of its name: `^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`.
///
/// Source: AIP-122, "Resource ID segments".
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DatastoreId(String);

/// The text is not the id of a datastore.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a datastore id is 1 to 63 lower-case letters, digits and hyphens, begins with a letter and does not end with \
     a hyphen: write for example sales-events"
)]
pub struct DatastoreIdError;

/// The resource name of a datastore: `datastores/{datastore}` (AIP-122).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DatastoreName(DatastoreId);

/// Why a resource name is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatastoreNameError {
    /// It does not begin with the collection.
    #[error(
        "a datastore's name is datastores/ and its id: write for example datastores/sales-events"
    )]
    Collection,
    /// What follows is not an id.
    #[error(transparent)]
    Id(#[from] DatastoreIdError),
}

/// The name that people read: 1 to 128 characters, without white space at its ends and control characters within.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DisplayName(String);

/// Why a display name is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DisplayNameError {
    /// Nothing, or nothing but white space.
    #[error("the display name is empty: write a name that people know the datastore by")]
    Empty,
    /// More than 128 characters.
    #[error("a display name has at most {MAX_DISPLAY_NAME} characters: use a shorter one")]
    TooLong,
    /// White space first or last.
    #[error("a display name has no white space at its beginning or end: remove it")]
    OuterSpace,
    /// A control character.
    #[error("the display name has a control character (U+{:04X}) in it: remove it", u32::from(*.0))]
    Control(char),
}

/// What users mark datastores with, to filter by: at most 64 pairs.
///
/// A key matches `^[a-z][a-z0-9_-]{0,62}$`, as in "Requirements for labels" of Google Cloud,
/// <https://cloud.google.com/resource-manager/docs/labels-overview>. A value matches `^[A-Za-z0-9._-]{0,63}$`:
/// the ASCII that Google allows, and capitals and dots, so that a version or the value of a Kubernetes label fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(BTreeMap<String, String>);

/// Everything that is wrong with a set of labels.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", some(.problems))]
pub struct LabelsError {
    problems: Vec<LabelError>,
}

/// One thing that is wrong with a set of labels. Keys are shown shortened and escaped, values are not shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// More than 64 labels; of these the first 64 by key are checked further.
    #[error("{0} labels are too many: keep at most {MAX_LABELS}")]
    TooMany(usize),
    /// A key that is not one.
    #[error(
        "label key `{0}` is not valid: use 1 to 63 lower-case letters, digits, hyphens and underscores, \
         beginning with a letter"
    )]
    Key(String),
    /// The key of a value that is not one.
    #[error(
        "the value of label `{0}` is not valid: use at most 63 letters, digits, dots, hyphens and underscores \
         (ASCII)"
    )]
    Value(String),
}

/// What the names of datastores begin with.
const COLLECTION: &str = "datastores/";
const MAX_DISPLAY_NAME: usize = 128;
const MAX_LABELS: usize = 64;
const MAX_LABEL: usize = 63;

impl DatastoreId {
    /// Reads an id. White space is not trimmed.
    ///
    /// # Errors
    /// A text that is not an id.
    pub fn parse(text: &str) -> Result<Self, DatastoreIdError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let valid = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(allowed)
            && !text.ends_with('-')
            && text.len() <= 63;
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(DatastoreIdError)
        }
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl DatastoreName {
    /// The name of the datastore with this id.
    #[must_use]
    pub fn new(id: DatastoreId) -> Self {
        Self(id)
    }

    /// Reads `datastores/{datastore}`.
    ///
    /// # Errors
    /// A text that does not begin with `datastores/`, or that goes on with something else than an id.
    pub fn parse(text: &str) -> Result<Self, DatastoreNameError> {
        let id = text
            .strip_prefix(COLLECTION)
            .ok_or(DatastoreNameError::Collection)?;
        Ok(Self(DatastoreId::parse(id)?))
    }

    /// The id in the name.
    #[must_use]
    pub fn id(&self) -> &DatastoreId {
        &self.0
    }

    /// The name, as text, of the datastore with this id.
    #[must_use]
    pub fn text(id: &DatastoreId) -> String {
        [COLLECTION, id.as_str()].concat()
    }
}

impl DisplayName {
    /// Reads a display name; it is kept as it is.
    ///
    /// # Errors
    /// An empty or too long name, white space around it, a control character in it.
    pub fn parse(text: &str) -> Result<Self, DisplayNameError> {
        if text.trim().is_empty() {
            Err(DisplayNameError::Empty)
        } else if let Some(control) = text.chars().find(|c| c.is_control()) {
            Err(DisplayNameError::Control(control))
        } else if text.trim() != text {
            Err(DisplayNameError::OuterSpace)
        } else if text.chars().count() > MAX_DISPLAY_NAME {
            Err(DisplayNameError::TooLong)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, for good.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl Labels {
    /// Checks a set of labels.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the keys.
    pub fn parse(labels: impl IntoIterator<Item = (String, String)>) -> Result<Self, LabelsError> {
        Self::try_from(labels.into_iter().collect::<BTreeMap<_, _>>())
    }

    /// The value of a label.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The labels, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether all of these are among them.
    #[must_use]
    pub fn contain(&self, others: &Self) -> bool {
        others
            .iter()
            .all(|(key, value)| self.get(key) == Some(value))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeMap<String, String>> for Labels {
    type Error = LabelsError;

    fn try_from(labels: BTreeMap<String, String>) -> Result<Self, LabelsError> {
        let mut problems = Vec::new();
        if labels.len() > MAX_LABELS {
            problems.push(LabelError::TooMany(labels.len()));
        }
        for (key, value) in labels.iter().take(MAX_LABELS) {
            if !is_label_key(key) {
                problems.push(LabelError::Key(shown(key)));
            }
            if !is_label_value(value) {
                problems.push(LabelError::Value(shown(key)));
            }
        }
        if problems.is_empty() {
            Ok(Self(labels))
        } else {
            Err(LabelsError { problems })
        }
    }
}

impl From<Labels> for BTreeMap<String, String> {
    fn from(labels: Labels) -> Self {
        labels.0
    }
}

impl LabelsError {
    /// Each thing that is wrong; there is at least one.
    #[must_use]
    pub fn problems(&self) -> &[LabelError] {
        &self.problems
    }
}

/// Whether a label can have this key.
pub(super) fn is_label_key(key: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    key.len() <= MAX_LABEL
        && key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.bytes().all(allowed)
}

fn is_label_value(value: &str) -> bool {
    value.len() <= MAX_LABEL
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// A text of the user's for a message: escaped, and short.
pub(super) fn shown(text: &str) -> String {
    const MAX_SHOWN: usize = 40;
    // What is escaped is up to ten times as long: it is counted as it is shown.
    let mut escaped = text.escape_debug();
    let start: String = escaped.by_ref().take(MAX_SHOWN).collect();
    let more = if escaped.next().is_some() { "..." } else { "" };
    start + more
}

/// The first problems for a message, and how many more there are.
fn some(problems: &[LabelError]) -> String {
    const MAX_TOLD: usize = 5;
    let told = problems.iter().take(MAX_TOLD).map(ToString::to_string);
    let mut told: Vec<String> = told.collect();
    if problems.len() > MAX_TOLD {
        told.push(format!("and {} more", problems.len() - MAX_TOLD));
    }
    told.join("; ")
}

impl fmt::Display for DatastoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for DatastoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "datastores/{}", self.0)
    }
}

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(pairs: &[(&str, &str)]) -> Result<Labels, LabelsError> {
        Labels::parse(
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn an_id_is_what_aip_122_recommends() {
        let longest = "a".repeat(63);
        for text in ["a", "a1", "sales-events", "a--b", &longest] {
            assert_eq!(
                DatastoreId::parse(text).map(|id| id.to_string()).as_deref(),
                Ok(text)
            );
        }
        let long = "a".repeat(64);
        for text in [
            "", "1a", "-a", "a-", "A", "a_b", "a.b", "a/b", " a", "é", &long,
        ] {
            assert_eq!(DatastoreId::parse(text), Err(DatastoreIdError), "{text:?}");
        }
    }

    #[test]
    fn a_name_is_the_collection_and_the_id() {
        let name = DatastoreName::parse("datastores/sales").unwrap();
        assert_eq!(
            (name.id().as_str(), name.to_string().as_str()),
            ("sales", "datastores/sales")
        );
        assert_eq!(
            DatastoreName::new(DatastoreId::parse("sales").unwrap()),
            name
        );
        for (text, error) in [
            ("", DatastoreNameError::Collection),
            ("sales", DatastoreNameError::Collection),
            ("/datastores/sales", DatastoreNameError::Collection),
            ("datastores", DatastoreNameError::Collection),
            ("datastores/", DatastoreNameError::Id(DatastoreIdError)),
            ("datastores/a/b", DatastoreNameError::Id(DatastoreIdError)),
            ("datastores/-", DatastoreNameError::Id(DatastoreIdError)),
        ] {
            assert_eq!(DatastoreName::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_display_name_is_kept_as_it_is_or_refused() {
        let (longest, long) = ("é".repeat(128), "é".repeat(129));
        for text in ["x", "Sales, Q1 (raw)", "売上", &longest] {
            assert_eq!(
                DisplayName::parse(text)
                    .map(|name| name.to_string())
                    .as_deref(),
                Ok(text)
            );
        }
        for (text, error) in [
            ("", DisplayNameError::Empty),
            (" \n", DisplayNameError::Empty),
            (" a", DisplayNameError::OuterSpace),
            ("a\u{a0}", DisplayNameError::OuterSpace),
            ("a\tb", DisplayNameError::Control('\t')),
            ("a\u{7f}", DisplayNameError::Control('\u{7f}')),
            (&long, DisplayNameError::TooLong),
        ] {
            assert_eq!(DisplayName::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn good_labels_can_be_read_back() {
        let (key, value) = ("k".repeat(63), "V".repeat(63));
        let labels = labels(&[
            ("env", "prod"),
            ("cost-center_1", "v1.2-RC_1"),
            ("empty", ""),
            (&key, &value),
        ])
        .unwrap();
        assert_eq!(labels.get("env"), Some("prod"));
        assert_eq!(labels.get("missing"), None);
        assert_eq!(
            labels.iter().map(|(key, _)| key).collect::<Vec<_>>(),
            ["cost-center_1", "empty", "env", &key]
        );
        assert!(!labels.is_empty() && Labels::default().is_empty());
    }

    #[test]
    fn every_bad_label_is_reported() {
        let (key, value) = ("k".repeat(64), "v".repeat(64));
        let shortened = format!("{}...", "k".repeat(40));
        let error = labels(&[
            ("", ""),
            ("1a", "x y"),
            ("Env", "prod"),
            ("b", "é"),
            ("c", &value),
            ("ok", "ok"),
            (&key, ""),
        ]);
        let problems = [
            LabelError::Key(String::new()),
            LabelError::Key("1a".into()),
            LabelError::Value("1a".into()),
            LabelError::Key("Env".into()),
            LabelError::Value("b".into()),
            LabelError::Value("c".into()),
            LabelError::Key(shortened),
        ];
        assert_eq!(error.unwrap_err().problems(), problems);
    }

    #[test]
    fn the_message_joins_the_problems_and_shows_no_value() {
        let message = labels(&[("a\nb", "hunter 2"), ("c", "hunter 2")])
            .unwrap_err()
            .to_string();
        assert_eq!(message.matches("is not valid").count(), 3, "{message}");
        assert!(
            message.contains("a\\nb") && message.contains("; ") && !message.contains("hunter"),
            "{message}"
        );
    }

    #[test]
    fn sixty_four_labels_are_enough() {
        let many =
            |count: usize| Labels::parse((0..count).map(|n| (format!("k{n}"), String::new())));
        assert!(many(64).is_ok());
        assert_eq!(many(65).unwrap_err().problems(), [LabelError::TooMany(65)]);
    }

    proptest! {
        #[test]
        fn what_is_accepted_prints_as_it_was_given(text in "\\PC*|(datastores/)?[a-z0-9-]{0,5}|.{0,140}") {
            if let Ok(id) = DatastoreId::parse(&text) {
                prop_assert_eq!(id.as_str(), text.as_str());
            }
            if let Ok(name) = DatastoreName::parse(&text) {
                prop_assert_eq!(name.to_string(), text.as_str());
            }
            if let Ok(name) = DisplayName::parse(&text) {
                prop_assert_eq!(name.as_str(), text.as_str());
            }
            let _ = Labels::parse([(text.clone(), text)]);
        }
    }
}
