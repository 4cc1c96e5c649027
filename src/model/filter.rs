//! The filters of lists, of datastores and of audit events: a subset of AIP-160, parsed once, then matched in memory.
//!
//! Source: <https://google.aip.dev/160>.

mod events;
mod parser;
mod scanner;

pub use events::EventFilter;

use super::name::{DatastoreId, Labels};
use super::role::Role;

/// A parsed filter. The default, and the empty text, matches everything.
///
/// | field | operators | meaning |
/// |---|---|---|
/// | `display_name` | `=` `!=` `:` | equal to; not equal to; has the text somewhere in it |
/// | `role` | `=` `!=` `:` | `SOURCE` or `ENRICHMENT` |
/// | `labels.key` | `=` `!=` `:` | the label's value is; is not, or there is no such label; is |
/// | `enrichment_datastore` | `=` `!=` `:` | linked to this one, `datastores/{datastore}`; not linked to it; linked to it, or with `*` to any |
/// | `labels` | `:` | there is a label of this key; so does `labels.key:*` |
///
/// - `AND`, `OR`, and `NOT` or `-` before a restriction or parentheses. OR binds tighter than AND; restrictions
///   side by side are joined by AND.
/// - A value is a bare word, or in `"` or `'` with `\` before a character to take literally. Comparison is exact
///   and case-sensitive.
/// - `*` first or last in the value of `=` and `!=` (and of `labels.key:`) stands for any text.
/// - At most 2,048 bytes, 16 nested parentheses and 64 restrictions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(Option<Expr>);

/// What a filter looks at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The display name.
    pub display_name: &'a str,
    /// The role.
    pub role: Role,
    /// The labels.
    pub labels: &'a Labels,
    /// What it is linked to.
    pub enrichment: Option<&'a DatastoreId>,
}

/// Why a filter is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("filter, at character {position}: {problem}")]
pub struct FilterError {
    position: usize,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("a filter has at most {max} bytes: use a shorter one")]
    TooLong { max: usize },
    #[error("parentheses nest at most {max} deep: write the filter flatter")]
    TooDeep { max: usize },
    #[error("a filter has at most {max} restrictions: drop some, or list twice")]
    TooMany { max: usize },
    #[error(
        "a restriction is missing: write a field, an operator and a value, for example role = SOURCE"
    )]
    NoRestriction,
    #[error(
        "a value alone is not supported: write the field that it should be in, for example display_name:\"sales\", \
         role = SOURCE or labels.env = prod"
    )]
    NoField,
    #[error(
        "`{0}` is not a field of this filter: use display_name, role, enrichment_datastore or labels.<key>"
    )]
    UnknownField(String),
    #[error("after `{0}` an operator is missing: use =, != or :")]
    NoOperator(String),
    #[error("this operator is not supported: use =, != or :")]
    Operator,
    #[error(
        "`labels` takes `:` and a key: write labels:env, or labels.env = prod to compare a value"
    )]
    LabelsOperator,
    #[error("write {0} in capitals")]
    SmallKeyword(String),
    #[error(
        "a value is missing: write a word, or a text in quotes, as the words AND, OR and NOT need them"
    )]
    NoValue,
    #[error("the role is SOURCE or ENRICHMENT, in capitals")]
    Role,
    #[error(
        "an enrichment datastore is written as its name: datastores/ and its id; after `:` also `*`, for any"
    )]
    Enrichment,
    #[error(
        "this is not the key of a label: use lower-case letters, digits, hyphens and underscores, at most 63"
    )]
    LabelKey,
    #[error(
        "a `*` stands first or last in a value: write \\* in quotes to mean the character itself"
    )]
    InnerStar,
    #[error("after `:` the text is found anywhere in the name: drop the `*`, or use = with it")]
    StarInHas,
    #[error("this quote is not closed: add one, and put a backslash before quotes within")]
    UnclosedQuote,
    #[error("a closing parenthesis is missing here")]
    Unclosed,
    #[error(
        "a restriction is missing: write a field, = and a value, for example action = DeleteDatastore"
    )]
    NoEventField,
    #[error("`{0}` is not a field of this filter: use caller, action, resource or outcome")]
    UnknownEventField(String),
    #[error("only = is supported here: write a field, = and a value")]
    OnlyEqual,
    #[error("only AND is supported here: write it between two restrictions")]
    OnlyAnd,
    #[error("`{0}` is there twice: drop one of the two")]
    Twice(String),
    #[error(
        "a `*` is not supported here: write the whole value, and \\* in quotes to mean the character itself"
    )]
    NoStars,
    #[error(
        "this was not expected here: quote values with special characters, and check the parentheses"
    )]
    Unexpected,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Test(Test),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    DisplayName {
        pattern: Pattern,
        negated: bool,
    },
    Role {
        role: Role,
        negated: bool,
    },
    /// Linked to this one, or without an id to any.
    Enrichment {
        id: Option<DatastoreId>,
        negated: bool,
    },
    Label {
        key: String,
        pattern: Pattern,
        negated: bool,
    },
}

/// A text, and whether more may come before and after it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    text: String,
    open_start: bool,
    open_end: bool,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// The first mistake, with its position.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parser::parse(text).map(Self)
    }

    /// The one enrichment datastore that whatever passes the filter is linked to, if the filter asks for one.
    #[must_use]
    pub fn linked_to(&self) -> Option<&DatastoreId> {
        self.0.as_ref().and_then(Expr::linked_to)
    }

    /// Whether a datastore passes the filter.
    #[must_use]
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        self.0.as_ref().is_none_or(|expr| expr.matches(subject))
    }
}

impl FilterError {
    /// Where in the filter: a count of characters, from 1.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }
}

impl Expr {
    fn linked_to(&self) -> Option<&DatastoreId> {
        match self {
            Self::All(terms) => terms.iter().find_map(Self::linked_to),
            Self::Any(terms) => match terms.as_slice() {
                [only] => only.linked_to(),
                _ => None,
            },
            Self::Test(Test::Enrichment { id, negated: false }) => id.as_ref(),
            Self::Not(_) | Self::Test(_) => None,
        }
    }

    fn matches(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::All(terms) => terms.iter().all(|term| term.matches(subject)),
            Self::Any(terms) => terms.iter().any(|term| term.matches(subject)),
            Self::Not(term) => !term.matches(subject),
            Self::Test(test) => test.matches(subject),
        }
    }
}

impl Test {
    fn matches(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::DisplayName { pattern, negated } => {
                pattern.matches(subject.display_name) != *negated
            }
            Self::Role { role, negated } => (subject.role == *role) != *negated,
            Self::Enrichment { id, negated } => {
                let is_linked = match id {
                    Some(id) => subject.enrichment == Some(id),
                    None => subject.enrichment.is_some(),
                };
                is_linked != *negated
            }
            Self::Label {
                key,
                pattern,
                negated,
            } => {
                subject
                    .labels
                    .get(key)
                    .is_some_and(|value| pattern.matches(value))
                    != *negated
            }
        }
    }
}

impl Pattern {
    fn anything() -> Self {
        Self {
            text: String::new(),
            open_start: true,
            open_end: true,
        }
    }

    fn matches(&self, value: &str) -> bool {
        let text = self.text.as_str();
        match (self.open_start, self.open_end) {
            (false, false) => value == text,
            (true, false) => value.ends_with(text),
            (false, true) => value.starts_with(text),
            (true, true) => value.contains(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels() -> Labels {
        let pairs = [
            ("env", "prod"),
            ("cost-center", "42"),
            ("empty", ""),
            ("version", "v1.2"),
        ];
        Labels::parse(pairs.map(|(key, value)| (key.to_owned(), value.to_owned()))).unwrap()
    }

    /// Whether the filter finds a source called `Sales "Q1" 2024*` with the labels above, linked to `anomalies`.
    fn finds(filter: &str) -> bool {
        let filter = Filter::parse(filter).unwrap_or_else(|error| panic!("{filter:?}: {error}"));
        let labels = labels();
        filter.matches(&Subject {
            display_name: "Sales \"Q1\" 2024*",
            role: Role::Source,
            labels: &labels,
            enrichment: Some(&id("anomalies")),
        })
    }

    fn id(text: &str) -> DatastoreId {
        DatastoreId::parse(text).unwrap()
    }

    #[test]
    fn links_are_compared_by_name() {
        check(&[
            ("enrichment_datastore = datastores/anomalies", true),
            ("enrichment_datastore = \"datastores/anomalies\"", true),
            ("enrichment_datastore:datastores/anomalies", true),
            ("enrichment_datastore = datastores/errors", false),
            ("enrichment_datastore != datastores/errors", true),
            ("enrichment_datastore:*", true),
            ("NOT enrichment_datastore:*", false),
        ]);
        for bad in ["anomalies", "datastores/", "*", "datastores/*"] {
            assert!(Filter::parse(&format!("enrichment_datastore = {bad}")).is_err());
        }
    }

    #[test]
    fn only_a_filter_that_asks_for_one_enrichment_datastore_is_linked_to_it() {
        let link = "enrichment_datastore = datastores/anomalies";
        let linked = |filter: &str| Filter::parse(filter).unwrap().linked_to().cloned();
        for filter in [
            link.to_owned(),
            format!("{link} AND role = SOURCE"),
            format!("labels.env = prod ({link})"),
        ] {
            assert_eq!(linked(&filter), Some(id("anomalies")), "{filter}");
        }
        for filter in [
            format!("{link} OR role = SOURCE"),
            format!("NOT ({link})"),
            "enrichment_datastore != datastores/anomalies".to_owned(),
            "enrichment_datastore:*".to_owned(),
        ] {
            assert_eq!(linked(&filter), None, "{filter}");
        }
    }

    fn check(cases: &[(&str, bool)]) {
        for (filter, found) in cases {
            assert_eq!(finds(filter), *found, "{filter}");
        }
    }

    #[test]
    fn the_empty_filter_finds_everything() {
        check(&[("", true), (" \t\n", true)]);
        assert_eq!(Filter::parse(""), Ok(Filter::default()));
    }

    #[test]
    fn a_display_name_is_compared_or_searched() {
        check(&[
            (r#"display_name = "Sales \"Q1\" 2024\*""#, true),
            (r#"display_name='Sales "Q1" 2024*'"#, true),
            (r#"display_name='Sales "Q1" 2024\*'"#, true),
            (r#"display_name='Sales "Q1" 2024'"#, false),
            (r#"display_name!='Sales "Q1" 2024\*'"#, false),
            ("display_name != Sales", true),
            ("display_name = Sales*", true),
            ("display_name = sales*", false),
            (r#"display_name = "*2024\*""#, true),
            (r#"display_name = "*2024""#, false),
            ("display_name = *Q1*", true),
            ("display_name = Q1*", false),
            (r#"display_name:"\*""#, true),
            (r#"labels.env = "\*""#, false),
            ("display_name = *", true),
            ("display_name != *Q1*", false),
            ("display_name:Q1", true),
            ("display_name:\"Q1\"", true),
            ("display_name:q1", false),
            (r#"display_name:"4\*""#, true),
            (r#"display_name:"Q\*""#, false),
            ("display_name:*", true),
        ]);
    }

    #[test]
    fn an_escaped_star_is_the_character_itself() {
        assert_ne!(
            Filter::parse(r#"display_name:"\*""#),
            Filter::parse("display_name:*")
        );
        assert_ne!(
            Filter::parse(r#"display_name="\*""#),
            Filter::parse("display_name=*")
        );
    }

    #[test]
    fn a_role_is_compared() {
        check(&[
            ("role = SOURCE", true),
            ("role=\"SOURCE\"", true),
            ("role:SOURCE", true),
            ("role = ENRICHMENT", false),
            ("role != ENRICHMENT", true),
            ("role != SOURCE", false),
        ]);
    }

    #[test]
    fn labels_are_compared_and_looked_for() {
        check(&[
            ("labels:env", true),
            ("labels:\"cost-center\"", true),
            ("labels:team", false),
            ("labels.env:*", true),
            ("labels.team:*", false),
            ("labels.empty:*", true),
            ("labels.env:prod", true),
            ("labels.env:pro", false),
            ("labels.env = prod", true),
            ("labels.env = pro*", true),
            ("labels.env = *", true),
            ("labels.team = *", false),
            ("labels.env != prod", false),
            ("labels.env != test", true),
            ("labels.team != test", true),
            ("labels.empty = \"\"", true),
            ("labels.cost-center = 42", true),
            ("labels.version = v1.2", true),
            ("-labels:team", true),
        ]);
    }

    #[test]
    fn or_binds_tighter_than_and() {
        // `yes` stands for a restriction that holds, `no` for one that does not.
        let case = |pattern: &str| {
            pattern
                .replace("yes", "labels:env")
                .replace("no", "labels:team")
        };
        for (pattern, found) in [
            ("no AND no OR yes", false),
            ("yes OR yes AND no", false),
            ("yes AND no OR yes", true),
            ("(no AND no) OR yes", true),
            ("yes OR (yes AND no)", true),
            ("yes yes", true),
            ("yes no", false),
            ("yes OR no yes", true),
            ("no yes OR yes", false),
            ("no OR no OR yes", true),
            ("yes AND yes AND no", false),
        ] {
            assert_eq!(finds(&case(pattern)), found, "{pattern}");
        }
    }

    #[test]
    fn a_negation_holds_for_what_stands_next_to_it() {
        let case = |pattern: &str| {
            pattern
                .replace("yes", "labels:env")
                .replace("no", "labels:team")
        };
        for (pattern, found) in [
            ("NOT no", true),
            ("-no", true),
            ("NOT yes", false),
            ("-yes", false),
            ("NOT (yes AND no)", true),
            ("-(yes no)", true),
            ("NOT yes OR yes", true),
            ("NOT no AND no", false),
            ("yes -no", true),
            ("yes AND NOT no", true),
            ("-(-yes)", true),
        ] {
            assert_eq!(finds(&case(pattern)), found, "{pattern}");
        }
    }

    #[test]
    fn each_mistake_is_named_with_its_position() {
        for (filter, position, part) in [
            ("name = a", 1, "`name` is not a field"),
            (
                "role = SOURCE AND labelsx.env = a",
                19,
                "`labelsx.env` is not a field",
            ),
            ("display_name.x = a", 1, "not a field"),
            ("role", 5, "after `role` an operator is missing"),
            ("labels.env prod", 12, "after `labels.env` an operator"),
            ("prod", 1, "a value alone is not supported"),
            ("role=SOURCE prod", 13, "a value alone is not supported"),
            ("\"Victor Hugo\"", 1, "a value alone is not supported"),
            ("display_name > a", 14, "this operator is not supported"),
            ("labels.env<=a", 11, "this operator is not supported"),
            ("été < 3", 5, "this operator is not supported"),
            ("labels = env", 1, "write labels:env"),
            ("labels != env", 1, "write labels:env"),
            ("labels:Env", 8, "not the key of a label"),
            ("labels:*", 8, "not the key of a label"),
            ("labels.Env = a", 1, "not the key of a label"),
            ("labels.a.b = a", 1, "not the key of a label"),
            ("labels. = a", 1, "not the key of a label"),
            ("role = source", 8, "the role is SOURCE or ENRICHMENT"),
            ("role = *", 8, "the role is SOURCE or ENRICHMENT"),
            (
                "role = SOURCE and role = SOURCE",
                15,
                "write AND in capitals",
            ),
            ("not role = SOURCE", 1, "write NOT in capitals"),
            ("role =", 7, "a value is missing"),
            ("role = (SOURCE OR ENRICHMENT)", 8, "a value is missing"),
            ("display_name = AND", 16, "a value is missing"),
            ("role = SOURCE AND", 18, "a restriction is missing"),
            ("OR role = SOURCE", 1, "a restriction is missing"),
            (
                "role = SOURCE AND AND role = SOURCE",
                19,
                "a restriction is missing",
            ),
            ("NOT NOT role = SOURCE", 5, "a restriction is missing"),
            ("()", 2, "a restriction is missing"),
            ("= SOURCE", 1, "not expected"),
            ("role = SOURCE)", 14, "not expected"),
            ("role = SOURCE, role = SOURCE", 14, "not expected"),
            ("role = SOURCE:x", 14, "not expected"),
            ("labels.env = a\\b", 15, "not expected"),
            ("(role = SOURCE", 15, "a closing parenthesis is missing"),
            ("display_name = \"a", 16, "this quote is not closed"),
            ("display_name = \"a\\\"", 16, "this quote is not closed"),
            ("display_name = \"a'", 16, "this quote is not closed"),
            ("display_name = a*b", 16, "a `*` stands first or last"),
            ("display_name = ***", 16, "a `*` stands first or last"),
            ("display_name:a*", 14, "drop the `*`"),
        ] {
            let error = Filter::parse(filter).expect_err(filter);
            assert_eq!(error.position(), position, "{filter}: {error}");
            assert!(error.to_string().contains(part), "{filter}: {error}");
        }
    }

    #[test]
    fn a_filter_has_its_limits() {
        let nested =
            |depth: usize| format!("{}role=SOURCE{}", "(".repeat(depth), ")".repeat(depth));
        let long = |length: usize| format!("display_name={}", "x".repeat(length - 13));
        let wide = |count: usize| vec!["role=SOURCE"; count].join(" OR ");
        for good in [nested(16), long(2_048), wide(64), nested(16) + &nested(16)] {
            assert!(Filter::parse(&good).is_ok(), "{good}");
        }
        for (bad, part) in [
            (nested(17), "at most 16"),
            (long(2_049), "2048 bytes"),
            (wide(65), "at most 64"),
        ] {
            let error = Filter::parse(&bad).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_matched_without_panic(
            text in prop_oneof![
                any::<String>(),
                "((role|labels|display_name|labels\\.env|-|NOT |\\(|\\)| AND | OR |=|!=|:|<|\\*|é|\"|'|\\\\|SOURCE) ?){0,16}",
            ]
        ) {
            if let Ok(filter) = Filter::parse(&text) {
                let labels = labels();
                let _ = filter.matches(&Subject { display_name: "é*", role: Role::Enrichment, labels: &labels, enrichment: None });
            }
        }

        #[test]
        fn a_name_in_quotes_finds_itself_and_its_negation_does_not(name in any::<String>()) {
            let mut quoted = String::new();
            for c in name.chars() {
                if matches!(c, '"' | '\\' | '*') {
                    quoted.push('\\');
                }
                quoted.push(c);
            }
            let subject = Subject { display_name: &name, role: Role::Source, labels: &labels(), enrichment: None };
            for (filter, found) in [
                (format!("display_name=\"{quoted}\""), true),
                (format!("display_name:\"{quoted}\""), true),
                (format!("display_name=\"{quoted}x\""), false),
                (format!("display_name!=\"{quoted}\""), false),
                (format!("NOT (display_name=\"{quoted}\")"), false),
            ] {
                prop_assert_eq!(Filter::parse(&filter).unwrap().matches(&subject), found, "{}", filter);
            }
        }
    }
}
