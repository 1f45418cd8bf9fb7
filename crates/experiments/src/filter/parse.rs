//! From text to a tree.

use base::{Error, Result};

/// More comparisons than this are refused; a database joins one table for each.
const MOST_CLAUSES: usize = 40;
/// More values than this in one list are refused.
const MOST_VALUES: usize = 1000;

/// One comparison; all of a filter must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// What is compared.
    pub field: Field,
    /// How.
    pub op: Op,
    /// With what.
    pub value: Literal,
}

/// What a comparison or an order is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// A property of the thing itself.
    Attribute(String),
    /// The latest value of a metric.
    Metric(String),
    /// The value of a param.
    Param(String),
    /// The value of a tag.
    Tag(String),
    /// `name`, `digest` or `context` of a dataset that a run read.
    Dataset(String),
}

/// A comparison's operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Op {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    ILike,
    In,
    NotIn,
    IsNull,
    IsNotNull,
}

impl Op {
    /// As a caller writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Like => "LIKE",
            Self::ILike => "ILIKE",
            Self::In => "IN",
            Self::NotIn => "NOT IN",
            Self::IsNull => "IS NULL",
            Self::IsNotNull => "IS NOT NULL",
        }
    }
}

/// A comparison's right side.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `0.3`, `1e-3`, `42`
    Number(f64),
    /// `'ridge'` or `"ridge"`; a quote inside is written twice.
    Text(String),
    /// `('a', 'b')`
    List(Vec<String>),
    /// A word without quotes, kept for the message.
    Bare(String),
    /// Of `IS NULL`.
    Nothing,
}

/// Reads a filter. The empty text is the filter that lets everything pass.
pub fn parse(text: &str) -> Result<Vec<Clause>> {
    let mut reader = Reader::new(text);
    let mut clauses = Vec::new();
    reader.skip_space();
    while !reader.at_end() {
        if !clauses.is_empty() && !reader.take_word("AND") {
            return Err(reader.unexpected());
        }
        clauses.push(reader.clause()?);
        if clauses.len() > MOST_CLAUSES {
            return Err(Error::invalid(format!(
                "Invalid filter: it has more than {MOST_CLAUSES} comparisons"
            )));
        }
        reader.skip_space();
    }
    Ok(clauses)
}

/// Reads a text from left to right.
pub(super) struct Reader<'t> {
    text: &'t str,
    rest: &'t str,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, rest: text }
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
        Err(Error::invalid(format!(
            "Invalid filter: the quote {quote} before {:?} is not closed",
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
            "attribute" | "attributes" | "attr" | "run" => Field::Attribute(key),
            "metric" | "metrics" => Field::Metric(key),
            "parameter" | "parameters" | "param" | "params" => Field::Param(key),
            "tag" | "tags" => Field::Tag(key),
            "dataset" | "datasets" => Field::Dataset(key),
            other => {
                return Err(Error::invalid(format!(
                    "Invalid entity type '{}'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']",
                    shorten(other)
                )));
            }
        })
    }

    fn clause(&mut self) -> Result<Clause> {
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
        if !self.take("(") {
            return Err(self.unexpected());
        }
        let mut values = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                Some(quote @ ('\'' | '"')) => values.push(self.quoted(quote)?),
                _ => {
                    return Err(self
                        .unexpected()
                        .hint("a list holds quoted texts: ('a', 'b')"));
                }
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

    pub(super) fn unexpected(&self) -> Error {
        let message = if self.rest.trim().is_empty() {
            format!(
                "Invalid clause(s) in filter string: '{}' ends too early",
                shorten(self.text)
            )
        } else {
            format!(
                "Invalid clause(s) in filter string: '{}'",
                shorten(self.rest.trim_start())
            )
        };
        Error::invalid(message)
    }
}

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> Clause {
        parse(text).unwrap().pop().unwrap()
    }

    #[test]
    fn keys_are_read_with_every_kind_of_quotes() {
        for text in [
            "metrics.`a b` > -1.5e3",
            "metric.\"a b\">-1500",
            "`metrics`.`a b` > -1500.0",
            "metrics.'a b' > -1500",
        ] {
            assert_eq!(
                one(text),
                Clause {
                    field: Field::Metric("a b".into()),
                    op: Op::Greater,
                    value: Literal::Number(-1500.0)
                },
                "{text}"
            );
        }
        assert_eq!(
            one("tags.mlflow.source.name = 'x'").field,
            Field::Tag("mlflow.source.name".into())
        );
        assert_eq!(
            one("status='RUNNING'").field,
            Field::Attribute("status".into())
        );
        assert_eq!(
            one("params.x = \"it''s\"").value,
            Literal::Text("it''s".into())
        );
        assert_eq!(
            one("params.x = 'it''s'").value,
            Literal::Text("it's".into())
        );
    }

    #[test]
    fn every_operator_is_read_in_any_case() {
        let ops = [
            ("=", Op::Equal),
            ("!=", Op::NotEqual),
            ("<", Op::Less),
            ("<=", Op::LessOrEqual),
            (">", Op::Greater),
            (">=", Op::GreaterOrEqual),
            ("like", Op::Like),
            ("ILike", Op::ILike),
        ];
        for (text, op) in ops {
            assert_eq!(one(&format!("tags.a {text} 'b'")).op, op);
        }
        assert_eq!(
            one("run_id not in ('a', \"b\")").value,
            Literal::List(vec!["a".into(), "b".into()])
        );
        assert_eq!(one("params.x IS NOT NULL").op, Op::IsNotNull);
        assert_eq!(
            parse("params.x is null and tags.in = 'x' AND metrics.m<1")
                .unwrap()
                .len(),
            3
        );
    }

    #[test]
    fn what_is_no_filter_is_refused_by_name() {
        for (text, part) in [
            ("metrics.a = 1 OR metrics.b = 2", "'OR metrics.b = 2'"),
            ("foo.bar = 1", "Invalid entity type 'foo'"),
            ("metrics.a", "ends too early"),
            ("metrics.a == 1", "Invalid comparator '=='"),
            ("params.a = 'x", "not closed"),
            ("run_id IN ()", "')'"),
            ("(metrics.a = 1)", "'(metrics.a = 1)'"),
            ("metrics.a = 1;", "';'"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.message().contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = parse(&text);
        }

        #[test]
        fn no_mix_of_its_own_words_makes_it_panic(words in prop::collection::vec(prop::sample::select(vec![
            "metrics", ".", "a", "`", "'", "\"", "=", "!=", "<", " ", "AND", "IN", "NOT", "IS", "NULL", "(", ")", ",", "1e", "-", "é", "LIKE",
        ]), 0..24)) {
            let _ = parse(&words.concat());
        }

        #[test]
        fn a_quoted_value_comes_out_as_it_went_in(value in "\\PC{0,30}") {
            let text = format!("params.x = '{}'", value.replace('\'', "''"));
            prop_assert_eq!(one(&text).value, Literal::Text(value));
        }
    }
}
