//! Finds in an expression of `PromQL` what it asks for: enough of the language for what we write in it.

/// What an expression asks for.
#[derive(Debug, Default)]
pub struct Asked {
    pub selectors: Vec<Selector>,
    /// The labels that its aggregations keep, or that its sides are joined by.
    pub kept: Vec<String>,
}

/// A metric, and the values that its labels are to have.
#[derive(Debug)]
pub struct Selector {
    pub metric: String,
    pub matchers: Vec<(String, String)>,
}

/// What an expression is made of.
#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

/// What an expression asks for. It is one that Prometheus can read.
pub fn asked_in(expr: &str) -> Asked {
    let tokens = tokens(expr);
    let mut asked = Asked::default();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        let Token::Word(word) = token else { continue };
        match (&**word, tokens.get(at)) {
            ("by" | "on", _) => {
                let end = end(&tokens, at, ')');
                asked.kept.extend(words(&tokens[at..end]));
                at = end;
            }
            ("and" | "or" | "unless", _) | (_, Some(Token::Sign('('))) => {}
            // An aggregation whose labels come first.
            (_, Some(Token::Word(next))) if next == "by" => {}
            (_, Some(Token::Sign('{'))) => {
                let end = end(&tokens, at, '}');
                let matchers = matchers(&tokens[at..end]);
                asked.selectors.push(Selector {
                    metric: word.clone(),
                    matchers,
                });
                at = end;
            }
            _ => asked.selectors.push(Selector {
                metric: word.clone(),
                matchers: Vec::new(),
            }),
        }
    }
    asked
}

/// The words, texts and signs of an expression, without durations and numbers.
fn tokens(expr: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = expr;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        let length = match first {
            '[' => rest.find(']').expect("a range has an end") + 1,
            '"' => rest[1..].find('"').expect("a text has an end") + 2,
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        match first {
            '"' => tokens.push(Token::Text(token.trim_matches('"').to_owned())),
            c if c.is_ascii_digit() || c.is_whitespace() || c == '[' => {}
            c if is_word(c) => tokens.push(Token::Word(token.to_owned())),
            c => tokens.push(Token::Sign(c)),
        }
    }
    tokens
}

/// Where the first such sign is, from there on.
fn end(tokens: &[Token], from: usize, sign: char) -> usize {
    let found = tokens[from..].iter().position(|t| *t == Token::Sign(sign));
    from + found.expect("what is opened is closed")
}

fn words(tokens: &[Token]) -> Vec<String> {
    let word = |token: &Token| match token {
        Token::Word(word) => Some(word.clone()),
        Token::Text(_) | Token::Sign(_) => None,
    };
    tokens.iter().filter_map(word).collect()
}

fn matchers(tokens: &[Token]) -> Vec<(String, String)> {
    let values = tokens.iter().filter_map(|token| match token {
        Token::Text(text) => Some(text.clone()),
        Token::Word(_) | Token::Sign(_) => None,
    });
    words(tokens).into_iter().zip(values).collect()
}
