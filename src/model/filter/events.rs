//! The filter of a list of audit events: restrictions with `=`, joined by AND.

use super::scanner::{Scanner, is_keyword};
use super::{FilterError, Problem};
use crate::model::audit::Event;
use crate::model::name::shown;

const MAX_BYTES: usize = 4_096;

/// A parsed filter. The default, and the empty text, matches everything.
///
/// The fields are `caller`, `action`, `resource` and `outcome`, each at most once. A value is a bare word, or in `"` or `'` with `\` before a character
/// to take literally. Comparison is exact and case-sensitive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    caller: Option<String>,
    action: Option<String>,
    resource: Option<String>,
    outcome: Option<String>,
}

impl EventFilter {
    /// Reads a filter.
    ///
    /// # Errors
    /// The first mistake, with its position.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut scanner = Scanner::new(text);
        if text.len() > MAX_BYTES {
            return Err(scanner.error(0, Problem::TooLong { max: MAX_BYTES }));
        }
        let mut filter = Self::default();
        while !scanner.is_at_end() {
            filter.take(&mut scanner)?;
            if scanner.is_at_end() {
                break;
            }
            if !scanner.keyword("AND") {
                return Err(scanner.error(scanner.at(), Problem::OnlyAnd));
            }
            if scanner.is_at_end() {
                return Err(scanner.error(scanner.at(), Problem::NoEventField));
            }
        }
        Ok(filter)
    }

    /// Whether an event passes the filter.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        is(&self.caller, &event.caller)
            && is(&self.action, event.action.as_str())
            && is(&self.resource, &event.resource)
            && is(&self.outcome, &event.outcome)
    }

    /// Takes one restriction.
    fn take(&mut self, scanner: &mut Scanner<'_>) -> Result<(), FilterError> {
        let at = scanner.at();
        let field = scanner.word();
        let slot = match field {
            "caller" => &mut self.caller,
            "action" => &mut self.action,
            "resource" => &mut self.resource,
            "outcome" => &mut self.outcome,
            word if word.is_empty() || is_keyword(word) => {
                return Err(scanner.error(at, Problem::NoEventField));
            }
            other => return Err(scanner.error(at, Problem::UnknownEventField(shown(other)))),
        };
        if !scanner.symbol("=") {
            return Err(scanner.error(scanner.at(), Problem::OnlyEqual));
        }
        let value = scanner.value()?;
        if !value.stars.is_empty() {
            return Err(scanner.error(value.at, Problem::NoStars));
        }
        if slot.replace(value.text).is_some() {
            return Err(scanner.error(at, Problem::Twice(field.to_owned())));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {

    use super::EventFilter;
    use crate::model::audit::{Action, Actor, Attempt, Deed, Event};
    use crate::model::call_id::CallId;

    fn event() -> Event {
        let actor = Actor {
            caller: "token:ci".to_owned(),
            address: None,
            call_id: CallId::random(),
        };
        let deed = Deed {
            action: Action::DeleteDatastore,
            resource: "datastores/orders".to_owned(),
            enrichment: None,
            changed_fields: Vec::new(),
            request_id: None,
        };
        Attempt::new(actor, deed).event(std::time::SystemTime::now(), "OK")
    }

    #[test]
    fn every_restriction_must_hold() {
        for (filter, found) in [
            ("", true),
            (" ", true),
            ("action = DeleteDatastore", true),
            ("action=\"DeleteDatastore\" AND outcome = OK", true),
            ("caller = 'token:ci' AND resource = datastores/orders", true),
            ("caller = \"token:\\ci\"", true),
            ("caller = ci", false),
            ("resource = datastores/order", false),
            ("outcome = ok", false),
            ("action = DeleteDatastore AND outcome = PASSED", false),
        ] {
            let parsed = EventFilter::parse(filter).unwrap();
            assert_eq!(parsed.matches(&event()), found, "{filter}");
        }
    }

    #[test]
    fn what_is_not_supported_is_refused_where_it_stands() {
        for (filter, position) in [
            ("caller", 7),
            ("caller != ci", 8),
            ("caller:ci", 7),
            ("who = ci", 1),
            ("caller = ", 10),
            ("caller = ci AND", 16),
            ("caller = ci OR action = x", 13),
            ("caller = ci action = x", 13),
            ("caller = ci AND caller = me", 17),
            ("resource = datastores/*", 12),
            ("NOT caller = ci", 1),
            ("= ci", 1),
        ] {
            let error = EventFilter::parse(filter).unwrap_err();
            assert_eq!(error.position(), position, "{filter}: {error}");
        }
        assert!(EventFilter::parse(&format!("caller = {}", "x".repeat(5_000))).is_err());
    }
}
