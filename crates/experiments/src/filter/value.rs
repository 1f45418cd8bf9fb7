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
        Literal::List(texts) => format!("{texts:?}"),
        Literal::Nothing => "nothing".to_owned(),
    }
}

pub(super) fn number_value(what: &str, op: Op, value: &Literal) -> Result<Literal> {
    let comparator = || {
        Error::invalid(format!(
            "Invalid comparator '{}' not one of '{{'>', '>=', '!=', '=', '<', '<='}}",
            op.as_str()
        ))
    };
    if matches!(
        op,
        Op::Like | Op::ILike | Op::In | Op::NotIn | Op::IsNull | Op::IsNotNull
    ) {
        return Err(comparator());
    }
    match value {
        Literal::Number(number) => Ok(Literal::Number(*number)),
        other => Err(Error::invalid(format!(
            "Expected numeric value type for {what}. Found {}",
            shown(other)
        ))),
    }
}

pub(super) fn text_value(field: &Field, op: Op, value: Literal) -> Result<Literal> {
    let (what, null) = match field {
        Field::Param(_) => ("parameter", true),
        Field::Tag(_) => ("tag", true),
        Field::Dataset(_) => ("dataset attributes", false),
        _ => ("attributes", false),
    };
    let ordering = matches!(
        op,
        Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual
    );
    let list = matches!(op, Op::In | Op::NotIn);
    if ordering || (list && null) || (matches!(op, Op::IsNull | Op::IsNotNull) && !null) {
        let valid = if null {
            "{'!=', '=', 'LIKE', 'ILIKE', 'IS NULL', 'IS NOT NULL'}"
        } else {
            "{'!=', '=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'}"
        };
        return Err(Error::invalid(format!(
            "Invalid comparator '{}' not one of '{valid}'",
            op.as_str()
        )));
    }
    match value {
        Literal::Text(_) | Literal::Nothing => Ok(value),
        Literal::List(_) if list => Ok(value),
        other => Err(Error::invalid(format!(
            "Expected a quoted string value for {what} (e.g. 'my-value'). Got value {}",
            shown(&other)
        ))),
    }
}
