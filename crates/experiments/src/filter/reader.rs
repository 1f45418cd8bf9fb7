//! Reads a filter or an order from left to right.

use base::{Error, Result};

use super::parse::{Clause, Field, Literal, Op};

/// More values than this in one list are refused.
const MOST_VALUES: usize = 1000;

/// Reads a text from left to right.
pub(super) struct Reader<'t> {
    rest: &'t str,
    /// From where the comparison began that is being read.
    begun: &'t str,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            rest: text,
            begun: text,
        }
    }

    pub(super) fn at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self, prefix: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes `word`, in any case, where it stands as a word of its own.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        self.skip_space();
        let Some(head) = self.rest.get(..word.len()) else {
            return false;
        };
        let after = &self.rest[word.len()..];
        let ends = after.chars().next().is_none_or(|c| !is_key_char(c));
        let found = head.eq_ignore_ascii_case(word) && ends;
        if found {
            self.rest = after;
        }
        found
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (head, rest) = self.rest.split_at(end);
        self.rest = rest;
        head
    }

    /// The text between two `quote`s, of which the first stands here.
    fn quoted(&mut self, quote: char) -> Result<String> {
        let mut value = String::new();
        let mut chars = self.rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if c != quote {
                value.push(c);
            } else if chars.next_if(|(_, next)| *next == quote).is_some() {
                value.push(quote);
            } else {
                self.rest = &self.rest[at + quote.len_utf8()..];
                return Ok(value);
            }
        }
        Err(self.unexpected().hint(format!(
            "the quote {quote} before {:?} is not closed",
            shorten(&value)
        )))
    }

    /// `metrics.wape`, `` params.`a b` ``, `status`
    pub(super) fn field(&mut self) -> Result<Field> {
        self.skip_space();
        let first = match self.peek() {
            Some(quote @ '`') => self.quoted(quote)?,
            _ => self
                .take_while(|c| c.is_alphanumeric() || c == '_')
                .to_owned(),
        };
        if first.is_empty() {
            return Err(self.unexpected());
        }
        let Some(rest) = self.rest.strip_prefix('.') else {
            return Ok(Field::Attribute(first));
        };
        self.rest = rest;
        let key = match self.peek() {
            Some(quote @ ('`' | '"' | '\'')) => self.quoted(quote)?,
            _ => self.take_while(is_key_char).to_owned(),
        };
        if key.is_empty() {
            return Err(self.unexpected());
        }
        Ok(match first.as_str() {
            "attribute" | "attributes" | "attr" | "run" | "trace" => Field::Attribute(key),
            "metric" | "metrics" => Field::Metric(key),
            "parameter" | "parameters" | "param" | "params" => Field::Param(key),
            "tag" | "tags" => Field::Tag(key),
            "metadata" | "request_metadata" | "trace_metadata" => Field::Metadata(key),
            "feedback" | "expectation" | "assessment" | "span" | "prompt" | "issue" => {
                return Err(Error::invalid(format!(
                    "Traces cannot be searched by '{first}' here: use attributes, tags and metadata"
                )));
            }
            "dataset" | "datasets" => Field::Dataset(key),
            other => {
                return Err(Error::invalid(format!(
                    "Invalid entity type '{}'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']",
                    shorten(other)
                )));
            }
        })
    }

    pub(super) fn clause(&mut self) -> Result<Clause> {
        self.skip_space();
        self.begun = self.rest;
        let field = self.field()?;
        let op = self.op()?;
        let value = match op {
            Op::IsNull | Op::IsNotNull => Literal::Nothing,
            Op::In | Op::NotIn => self.list()?,
            _ => self.value()?,
        };
        Ok(Clause { field, op, value })
    }

    fn op(&mut self) -> Result<Op> {
        let symbols = self.symbols();
        if !symbols.is_empty() {
            return Ok(match symbols {
                "=" => Op::Equal,
                "!=" => Op::NotEqual,
                "<" => Op::Less,
                "<=" => Op::LessOrEqual,
                ">" => Op::Greater,
                ">=" => Op::GreaterOrEqual,
                other => {
                    return Err(Error::invalid(format!(
                        "Invalid comparator '{}'",
                        shorten(other)
                    )));
                }
            });
        }
        if self.take_word("LIKE") {
            return Ok(Op::Like);
        }
        if self.take_word("ILIKE") {
            return Ok(Op::ILike);
        }
        if self.take_word("IN") {
            return Ok(Op::In);
        }
        if self.take_word("NOT") && self.take_word("IN") {
            return Ok(Op::NotIn);
        }
        if self.take_word("IS") {
            let not = self.take_word("NOT");
            if self.take_word("NULL") {
                return Ok(if not { Op::IsNotNull } else { Op::IsNull });
            }
        }
        Err(self.unexpected())
    }

    fn symbols(&mut self) -> &'t str {
        self.skip_space();
        self.take_while(|c| matches!(c, '=' | '!' | '<' | '>'))
    }

    fn value(&mut self) -> Result<Literal> {
        self.skip_space();
        match self.peek() {
            Some(quote @ ('\'' | '"')) => Ok(Literal::Text(self.quoted(quote)?)),
            Some('(') => self.list(),
            _ => {
                let word = self.take_while(|c| is_key_char(c) || c == '+');
                if word.is_empty() {
                    return Err(self.unexpected());
                }
                Ok(number(word).map_or_else(|| Literal::Bare(word.to_owned()), Literal::Number))
            }
        }
    }

    fn list(&mut self) -> Result<Literal> {
        let whole = self.rest;
        if !self.take("(") {
            return Err(self.unexpected());
        }
        let mut values = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                Some(quote @ ('\'' | '"')) => values.push(self.quoted(quote)?),
                Some(')') if values.is_empty() => {
                    return Err(Error::invalid(
                        "While parsing a list in the query, expected a non-empty list of string values, but got empty list",
                    ));
                }
                // A comma may end a list, as in Python.
                Some(')') => {}
                _ => return self.list_of_others(whole),
            }
            if values.len() > MOST_VALUES {
                return Err(Error::invalid(format!(
                    "Invalid filter: a list has more than {MOST_VALUES} values"
                )));
            }
            if self.take(")") {
                return Ok(Literal::List(values));
            }
            if !self.take(",") {
                return Err(self.unexpected());
            }
        }
    }

    /// A list of anything but texts: no comparison takes it, but its message shows it.
    fn list_of_others(&mut self, whole: &'t str) -> Result<Literal> {
        let inside = self.take_while(|c| !matches!(c, ')' | '(' | '\'' | '"' | '`'));
        if inside.is_empty() || !self.take(")") {
            return Err(self.unexpected());
        }
        let taken = whole.trim_start();
        let taken = &taken[..taken.len() - self.rest.len()];
        Ok(Literal::Bare(taken.to_owned()))
    }

    /// Says what could not be read: the words of the comparison from its beginning.
    pub(super) fn unexpected(&self) -> Error {
        let words = self
            .begun
            .split_whitespace()
            .take_while(|word| !word.eq_ignore_ascii_case("AND"));
        refused(words)
    }

    /// Says that one word stands where two comparisons must be joined by AND.
    pub(super) fn not_and(&self) -> Error {
        refused(self.rest.split_whitespace().take(1))
    }
}

fn refused<'w>(words: impl Iterator<Item = &'w str>) -> Error {
    let words: Vec<String> = words
        .take(20)
        .map(|word| format!("'{}'", shorten(word)))
        .collect();
    Error::invalid(format!("{INVALID_CLAUSES}{}", words.join(", ")))
}

/// How the message begins that lists what could not be read.
pub(super) const INVALID_CLAUSES: &str = "Invalid clause(s) in filter string: ";

/// Characters of a key without quotes, more than MLflow takes: no reader could mean anything else by them.
fn is_key_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | ':' | '@' | '#' | '$')
}

/// Rust reads `inf` and `nan` as numbers; a filter does not.
fn number(word: &str) -> Option<f64> {
    let starts = word
        .trim_start_matches(['+', '-'])
        .starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if starts { word.parse().ok() } else { None }
}

fn shorten(text: &str) -> String {
    text.chars().take(120).collect()
}
