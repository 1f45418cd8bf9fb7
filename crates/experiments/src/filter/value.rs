//! Right sides of comparisons: which are allowed, and how patterns are written for each database.

use base::{Error, Result};

use super::parse::{Field, Literal, Op};

pub(super) fn absent_matches(op: Op, value: &Literal) -> bool {
    matches!((op, value), (Op::Equal, Literal::Text(text)) if text == "false")
        || matches!((op, value), (Op::NotEqual, Literal::Text(text)) if text == "true")
}

pub(super) fn glob(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        match c {
            '%' => out.push('*'),
            '_' => out.push('?'),
            '*' | '?' | '[' => {
                out.push('[');
                out.push(c);
                out.push(']');
            }
            other => out.push(other),
        }
    }
    out
}

pub(super) fn shown(value: &Literal) -> String {
    match value {
        Literal::Number(number) => number.to_string(),
        Literal::Text(text) => format!("'{text}'"),
        Literal::Bare(text) => text.clone(),
        Literal::List(texts) => format!("('{}')", texts.join("', '")),
        Literal::Nothing => "nothing".to_owned(),
    }
}

pub(super) fn number_value(what: &str, op: Op, value: &Literal) -> Result<Literal> {
    let Literal::Number(number) = value else {
        return Err(Error::invalid(format!(
            "Expected numeric value type for {what}. Found {}",
            shown(value)
        )));
    };
    if matches!(
        op,
        Op::Like | Op::ILike | Op::In | Op::NotIn | Op::IsNull | Op::IsNotNull
    ) {
        return Err(Error::invalid(format!(
            "Invalid comparator '{}' not one of '{{'>', '>=', '!=', '=', '<', '<='}}",
            op.as_str()
        )));
    }
    Ok(Literal::Number(*number))
}

/// A text, or a list of texts for an attribute, with a comparator that suits it; in MLflow's words where not.
pub(super) fn text_value(field: &Field, op: Op, value: Literal) -> Result<Literal> {
    let (what, example, null, end) = match field {
        Field::Param(_) => ("parameter", EXAMPLE, true, "'"),
        Field::Tag(_) => ("tag", EXAMPLE, true, ""),
        Field::Metadata(_) => ("request_metadata", EXAMPLE, true, ""),
        Field::Dataset(_) => ("dataset attributes", "", false, ""),
        _ => ("attributes", EXAMPLE, false, "'"),
    };
    let list = matches!(op, Op::In | Op::NotIn);
    match &value {
        Literal::Text(_) | Literal::Nothing => {}
        Literal::List(_) if list && !null => {}
        Literal::Bare(text) if list && !null => {
            return Err(Error::invalid(format!(
                "While parsing a list in the query, expected string value, punctuation, or whitespace, but got different type in list: {text}"
            )));
        }
        Literal::Bare(word) if !word.starts_with('(') => {
            return Err(Error::invalid(format!(
                "Parameter value is either not quoted or unidentified quote types used for string value {word}. Use either single or double quotes."
            )));
        }
        other => {
            return Err(Error::invalid(format!(
                "Expected a quoted string value for {what}{example}. Got value {}",
                shown(other)
            )));
        }
    }
    let ordering = matches!(
        op,
        Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual
    );
    if ordering || (matches!(op, Op::IsNull | Op::IsNotNull) && !null) {
        let valid = if null {
            "{'!=', '=', 'LIKE', 'ILIKE', 'IS NULL', 'IS NOT NULL'}"
        } else {
            "{'!=', '=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'}"
        };
        return Err(Error::invalid(format!(
            "Invalid comparator '{}' not one of '{valid}{end}",
            op.as_str()
        )));
    }
    Ok(value)
}

const EXAMPLE: &str = " (e.g. 'my-value')";
