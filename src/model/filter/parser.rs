//! From the text of a filter to its tree: a recursive descent over the grammar of AIP-160.
//!
//! Source: <https://google.aip.dev/assets/misc/ebnf-filtering.txt>. A sequence (terms side by side) is an AND here,
//! as the grammar says of exact matching.

use super::scanner::{Scanner, Value, is_keyword};
use super::{Expr, FilterError, Pattern, Problem, Test};
use crate::model::name::{DatastoreId, DatastoreName, is_label_key, shown};
use crate::model::role::Role;

const MAX_BYTES: usize = 2_048;
const MAX_NESTING: usize = 16;
const MAX_RESTRICTIONS: usize = 64;

pub(super) fn parse(text: &str) -> Result<Option<Expr>, FilterError> {
    let scanner = Scanner::new(text);
    if text.len() > MAX_BYTES {
        return Err(scanner.error(0, Problem::TooLong { max: MAX_BYTES }));
    }
    if scanner.is_at_end() {
        return Ok(None);
    }
    let mut parser = Parser {
        scanner,
        nesting: 0,
        restrictions: 0,
    };
    let expr = parser.expression()?;
    if parser.scanner.is_at_end() {
        Ok(Some(expr))
    } else {
        Err(parser.error_here(Problem::Unexpected))
    }
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    nesting: usize,
    restrictions: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Has,
}

impl Parser<'_> {
    /// `expression: sequence {AND sequence}`, `sequence: factor {factor}`; both are conjunctions.
    fn expression(&mut self) -> Result<Expr, FilterError> {
        let mut factors = vec![self.factor()?];
        while self.scanner.keyword("AND") || !self.is_at_end_of_expression() {
            factors.push(self.factor()?);
        }
        Ok(Expr::All(factors))
    }

    /// `factor: term {OR term}`: OR binds tighter than AND.
    fn factor(&mut self) -> Result<Expr, FilterError> {
        let mut terms = vec![self.term()?];
        while self.scanner.keyword("OR") {
            terms.push(self.term()?);
        }
        Ok(Expr::Any(terms))
    }

    /// `term: [NOT | -] (restriction | composite)`.
    fn term(&mut self) -> Result<Expr, FilterError> {
        let negated = self.scanner.keyword("NOT") || self.scanner.symbol("-");
        let expr = if self.scanner.is_at(&['(']) {
            self.composite()?
        } else {
            Expr::Test(self.restriction()?)
        };
        Ok(if negated {
            Expr::Not(Box::new(expr))
        } else {
            expr
        })
    }

    /// `composite: ( expression )`.
    fn composite(&mut self) -> Result<Expr, FilterError> {
        if self.nesting == MAX_NESTING {
            return Err(self.error_here(Problem::TooDeep { max: MAX_NESTING }));
        }
        self.nesting += 1;
        self.scanner.symbol("(");
        let expr = self.expression()?;
        if !self.scanner.symbol(")") {
            return Err(self.error_here(Problem::Unclosed));
        }
        self.nesting -= 1;
        Ok(expr)
    }

    /// `restriction: field operator value`.
    fn restriction(&mut self) -> Result<Test, FilterError> {
        if self.restrictions == MAX_RESTRICTIONS {
            return Err(self.error_here(Problem::TooMany {
                max: MAX_RESTRICTIONS,
            }));
        }
        self.restrictions += 1;
        let at = self.scanner.at();
        let field = self.field()?;
        let operator = self.operator(at, field)?;
        let value = self.scanner.value()?;
        self.test(at, field, operator, value)
    }

    fn is_at_end_of_expression(&self) -> bool {
        self.scanner.is_at_end() || self.scanner.is_at(&[')'])
    }

    /// The error for the place that parsing has come to.
    fn error_here(&self, problem: Problem) -> FilterError {
        self.scanner.error(self.scanner.at(), problem)
    }
}

/// The parts of a restriction.
impl<'a> Parser<'a> {
    fn field(&mut self) -> Result<&'a str, FilterError> {
        let at = self.scanner.at();
        let ended = self.is_at_end_of_expression();
        let quoted = self.scanner.is_at(&['"', '\'']);
        let field = self.scanner.word();
        let problem = match field {
            "" if ended => Problem::NoRestriction,
            "" if quoted => Problem::NoField,
            "" => Problem::Unexpected,
            keyword if is_keyword(keyword) => Problem::NoRestriction,
            field => return Ok(field),
        };
        Err(self.scanner.error(at, problem))
    }

    fn operator(&mut self, at: usize, field: &str) -> Result<Operator, FilterError> {
        for (symbol, operator) in [
            ("=", Operator::Equal),
            ("!=", Operator::NotEqual),
            (":", Operator::Has),
        ] {
            if self.scanner.symbol(symbol) {
                return Ok(operator);
            }
        }
        if self.scanner.is_at(&['<', '>']) {
            return Err(self.error_here(Problem::Operator));
        }
        Err(match field {
            "and" | "or" | "not" => self
                .scanner
                .error(at, Problem::SmallKeyword(field.to_uppercase())),
            "display_name" | "role" | "labels" | "enrichment_datastore" => {
                self.error_here(Problem::NoOperator(field.to_owned()))
            }
            _ if field.starts_with("labels.") => self.error_here(Problem::NoOperator(shown(field))),
            _ => self.scanner.error(at, Problem::NoField),
        })
    }

    fn test(
        &self,
        at: usize,
        field: &str,
        operator: Operator,
        value: Value,
    ) -> Result<Test, FilterError> {
        let negated = operator == Operator::NotEqual;
        match (field, field.strip_prefix("labels.")) {
            ("display_name", _) => Ok(Test::DisplayName {
                pattern: self.name_pattern(operator, value)?,
                negated,
            }),
            ("role", _) => {
                let role = Role::parse(&value.text)
                    .map_err(|_| self.scanner.error(value.at, Problem::Role))?;
                Ok(Test::Role { role, negated })
            }
            ("enrichment_datastore", _) => Ok(Test::Enrichment {
                id: self.enrichment(operator, &value)?,
                negated,
            }),
            ("labels", _) if operator == Operator::Has => {
                let key = self.label_key(value.at, &value.text)?;
                Ok(Test::Label {
                    key,
                    pattern: Pattern::anything(),
                    negated,
                })
            }
            ("labels", _) => Err(self.scanner.error(at, Problem::LabelsOperator)),
            (_, Some(key)) => {
                let key = self.label_key(at, key)?;
                Ok(Test::Label {
                    key,
                    pattern: self.pattern(value)?,
                    negated,
                })
            }
            _ => Err(self.scanner.error(at, Problem::UnknownField(shown(field)))),
        }
    }

    /// The id in a name; none for `:*`.
    fn enrichment(
        &self,
        operator: Operator,
        value: &Value,
    ) -> Result<Option<DatastoreId>, FilterError> {
        if operator == Operator::Has && value.text == "*" && !value.stars.is_empty() {
            return Ok(None);
        }
        match DatastoreName::parse(&value.text) {
            Ok(name) => Ok(Some(name.id().clone())),
            Err(_) => Err(self.scanner.error(value.at, Problem::Enrichment)),
        }
    }

    fn label_key(&self, at: usize, key: &str) -> Result<String, FilterError> {
        if is_label_key(key) {
            Ok(key.to_owned())
        } else {
            Err(self.scanner.error(at, Problem::LabelKey))
        }
    }

    /// `:` finds the text anywhere in the name, and `*` alone finds every name.
    fn name_pattern(&self, operator: Operator, value: Value) -> Result<Pattern, FilterError> {
        if operator != Operator::Has || value.text == "*" && !value.stars.is_empty() {
            return self.pattern(value);
        }
        if !value.stars.is_empty() {
            return Err(self.scanner.error(value.at, Problem::StarInHas));
        }
        Ok(Pattern {
            text: value.text,
            open_start: true,
            open_end: true,
        })
    }

    fn pattern(&self, value: Value) -> Result<Pattern, FilterError> {
        let Value {
            mut text,
            stars,
            at,
        } = value;
        if stars == [0] && text == "*" {
            return Ok(Pattern::anything());
        }
        let open_start = stars.first() == Some(&0);
        let open_end = stars.last().is_some_and(|star| star + 1 == text.len());
        if stars.len() != usize::from(open_start) + usize::from(open_end) {
            return Err(self.scanner.error(at, Problem::InnerStar));
        }
        if open_end {
            text.pop();
        }
        if open_start {
            text.remove(0);
        }
        Ok(Pattern {
            text,
            open_start,
            open_end,
        })
    }
}
