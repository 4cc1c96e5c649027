//! What callers write, as targets of fuzzing: URIs, endpoints and filters.

use std::time::SystemTime;

use super::audit::{Action, Actor, Attempt, Deed, Event};
use super::call_id::CallId;
use super::endpoint::Endpoint;
use super::filter::{EventFilter, Filter, FilterError, Subject};
use super::location::{Location, LocationError};
use super::name::Labels;
use super::role::Role;
use crate::fuzz::text;

/// The longest message that a mistake in one field may have, in bytes: a status travels in HTTP trailers.
const MAX_MESSAGE: usize = 400;
/// Stands for a secret in what is read.
const SECRET: &str = "Hunter2hunter2";

/// What is accepted prints to a form that reads back as the same place; what is refused is refused shortly, and shows no secret.
pub(crate) fn uri(bytes: &[u8]) {
    let uri = text(bytes);
    match Location::parse(&uri) {
        Ok(location) => {
            let printed = Location::parse(&location.to_string());
            let place = (location.bucket().clone(), location.prefix().clone());
            let expected = Location::new(place.0, place.1, None);
            assert_eq!(printed, Ok(expected), "{uri:?}");
        }
        // It repeats a key, of which S3 has a bound.
        Err(LocationError::Arn(place)) => assert!(place.len() <= uri.len() + 8, "{place}"),
        Err(error) => assert!(error.to_string().len() <= MAX_MESSAGE, "{error}"),
    }
    let with_keys = format!("s3a://AKIA:{uri}{SECRET}@logs/a");
    assert_eq!(
        Location::parse(&with_keys),
        Err(LocationError::Credentials),
        "{uri:?}"
    );
    let user = uri.replace('/', "");
    let url = Location::parse(&format!(
        "https://AKIA:{user}{SECRET}@logs.s3.amazonaws.com/"
    ));
    let said = format!("{url:?}");
    assert!(
        url.is_err() && !said.to_lowercase().contains("hunter2hunter2"),
        "{said}"
    );
}

/// What is accepted reads back as the same.
pub(crate) fn endpoint(bytes: &[u8]) {
    let written = text(bytes);
    match Endpoint::parse(&written) {
        Ok(endpoint) => {
            let again = Endpoint::parse(endpoint.as_str());
            assert_eq!(again.as_ref(), Ok(&endpoint), "{written:?}");
        }
        Err(error) => assert!(error.to_string().len() <= MAX_MESSAGE, "{error}"),
    }
    let user = written.replace('/', "");
    let url = Endpoint::parse(&format!("https://AKIA:{user}{SECRET}@s3.example.com"));
    let said = format!("{url:?}");
    assert!(
        url.is_err() && !said.to_lowercase().contains("hunter2hunter2"),
        "{said}"
    );
}

/// Of a filter and its opposite exactly one finds a datastore; spaces around it change nothing; a mistake is inside the text.
pub(crate) fn filter(bytes: &[u8]) {
    let written = text(bytes);
    let labels = [("env", "prod"), ("empty", "")];
    let labels = Labels::parse(labels.map(|(k, v)| (k.to_owned(), v.to_owned())));
    let labels = labels.expect("these are labels");
    let finds = |filter: &Filter| {
        filter.matches(&Subject {
            display_name: "Sales \"Q1\" 2024*",
            role: Role::Source,
            labels: &labels,
            enrichment: None,
        })
    };
    match Filter::parse(&written) {
        Ok(filter) => {
            assert!(
                !finds(&filter) || filter.linked_to().is_none(),
                "{written:?}"
            );
            if let Ok(spaced) = Filter::parse(&format!(" {written}\n")) {
                assert_eq!(spaced, filter, "{written:?}");
            }
            if let Ok(opposite) = Filter::parse(&format!("NOT ({written})")) {
                assert_ne!(finds(&opposite), finds(&filter), "{written:?}");
            }
        }
        Err(error) => inside(&written, &error),
    }
}

/// Spaces around a filter change nothing; two of them joined find what both find; a mistake is inside the text.
pub(crate) fn event_filter(bytes: &[u8]) {
    let written = text(bytes);
    let event = event();
    match EventFilter::parse(&written) {
        Ok(filter) => {
            if let Ok(spaced) = EventFilter::parse(&format!(" {written}\n")) {
                assert_eq!(spaced, filter, "{written:?}");
            }
            for (more, is_found) in [("outcome = OK", true), ("outcome = \"\"", false)] {
                if let Ok(both) = EventFilter::parse(&format!("{written} AND {more}")) {
                    let expected = filter.matches(&event) && is_found;
                    assert_eq!(both.matches(&event), expected, "{written:?}");
                }
            }
        }
        Err(error) => inside(&written, &error),
    }
}

fn inside(written: &str, error: &FilterError) {
    let characters = written.chars().count();
    let position = error.position();
    assert!(
        (1..=characters + 1).contains(&position),
        "{written:?}: {error}"
    );
    assert!(error.to_string().len() <= MAX_MESSAGE, "{error}");
}

fn event() -> Event {
    let actor = Actor {
        caller: "token:ci".to_owned(),
        address: None,
        call_id: CallId::parse("one").expect("it is an id"),
    };
    let deed = Deed {
        action: Action::DeleteDatastore,
        resource: "datastores/orders".to_owned(),
        enrichment: None,
        changed_fields: Vec::new(),
        request_id: None,
    };
    Attempt::new(actor, deed).event(SystemTime::UNIX_EPOCH, "OK")
}
