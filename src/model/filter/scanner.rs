//! The words, strings and symbols of a filter, and where they are.

use super::{FilterError, Problem};

/// Characters that end a bare word.
const DELIMITERS: &str = "()=!<>:,\"'\\";

/// A place in the text of a filter, always at the beginning of a word, a string or a symbol, or at the end.
pub(super) struct Scanner<'a> {
    text: &'a str,
    /// A count of bytes, at the boundary of a character.
    at: usize,
}

/// The right side of a restriction.
pub(super) struct Value {
    /// Without quotes and escapes.
    pub(super) text: String,
    /// Where in `text` an unescaped `*` is.
    pub(super) stars: Vec<usize>,
    /// Where it begins in the filter.
    pub(super) at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut scanner = Self { text, at: 0 };
        scanner.advance_to(0);
        scanner
    }

    /// For `error`.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub(super) fn is_at(&self, characters: &[char]) -> bool {
        self.rest().starts_with(characters)
    }

    /// Takes a keyword, if the next word is it.
    pub(super) fn keyword(&mut self, keyword: &str) -> bool {
        let found = self.peek_word() == keyword;
        if found {
            self.advance_to(self.at + keyword.len());
        }
        found
    }

    /// Takes a symbol, if it is next.
    pub(super) fn symbol(&mut self, symbol: &str) -> bool {
        let found = self.rest().starts_with(symbol);
        if found {
            self.advance_to(self.at + symbol.len());
        }
        found
    }

    /// Takes a bare word, which is empty if something else is next.
    pub(super) fn word(&mut self) -> &'a str {
        let word = self.peek_word();
        self.advance_to(self.at + word.len());
        word
    }

    /// Takes a bare word or a string.
    pub(super) fn value(&mut self) -> Result<Value, FilterError> {
        let at = self.at;
        if let Some(quote) = self
            .rest()
            .chars()
            .next()
            .filter(|c| matches!(c, '"' | '\''))
        {
            return self.string(quote);
        }
        let text = self.word();
        if text.is_empty() || is_keyword(text) {
            return Err(self.error(at, Problem::NoValue));
        }
        let stars = text.match_indices('*').map(|(star, _)| star).collect();
        Ok(Value {
            text: text.to_owned(),
            stars,
            at,
        })
    }

    /// Takes a string in quotes, in which a backslash makes the next character literal.
    fn string(&mut self, quote: char) -> Result<Value, FilterError> {
        let mut value = Value {
            text: String::new(),
            stars: Vec::new(),
            at: self.at,
        };
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((offset, c)) = chars.next() {
            if c == quote {
                self.advance_to(self.at + offset + quote.len_utf8());
                return Ok(value);
            }
            let literal = if c == '\\' {
                chars.next().map(|(_, c)| c)
            } else {
                Some(c)
            };
            if c == '*' {
                value.stars.push(value.text.len());
            }
            value.text.extend(literal);
        }
        Err(self.error(value.at, Problem::UnclosedQuote))
    }

    /// The position counts characters from 1.
    pub(super) fn error(&self, at: usize, problem: Problem) -> FilterError {
        let before = self.text.get(..at).unwrap_or(self.text);
        FilterError {
            position: before.chars().count() + 1,
            problem,
        }
    }

    fn peek_word(&self) -> &'a str {
        let rest = self.rest();
        let ends = |c: char| c.is_whitespace() || DELIMITERS.contains(c);
        rest.split(ends).next().unwrap_or(rest)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn advance_to(&mut self, at: usize) {
        self.at = at;
        self.at = self.text.len() - self.rest().trim_start().len();
    }
}

/// Whether this word has a meaning of its own, so that it names no field and is no value.
pub(super) fn is_keyword(word: &str) -> bool {
    matches!(word, "AND" | "OR" | "NOT")
}
