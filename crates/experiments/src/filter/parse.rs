//! From text to a tree.

use base::{Error, Result};

use super::reader::Reader;

/// More comparisons than this are refused; a database joins one table for each.
const MOST_CLAUSES: usize = 40;

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
    /// What a client said about a trace when it made it.
    Metadata(String),
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
        if !clauses.is_empty() {
            if !reader.take_word("AND") {
                return Err(reader.not_and());
            }
            reader.skip_space();
            // MLflow takes no notice of an AND at the end.
            if reader.at_end() {
                break;
            }
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
            one("run_id IN ('a',) and").value,
            Literal::List(vec!["a".into()])
        );
        assert_eq!(
            one("metrics.m IN (1, 2)").value,
            Literal::Bare("(1, 2)".into())
        );
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
            ("metrics.a = 1 OR metrics.b = 2", "filter string: 'OR'"),
            ("foo.bar = 1", "Invalid entity type 'foo'"),
            ("metrics.a >", "filter string: 'metrics.a', '>'"),
            ("metrics.a == 1", "Invalid comparator '=='"),
            ("params.a = 'x", "filter string: 'params.a', '=', ''x'"),
            ("run_id IN ()", "empty list"),
            ("(metrics.a = 1)", "'(metrics.a', '=', '1)'"),
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
