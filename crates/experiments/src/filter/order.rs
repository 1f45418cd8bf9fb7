//! The order of a list: `metrics.wape ASC`, `start_time DESC`.

use base::{Error, Result};

use super::parse::Field;
use super::reader::Reader;

/// One key of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub field: Field,
    /// Smallest first.
    pub ascending: bool,
}

/// Reads one key; it ascends where it does not say.
pub fn parse_order(text: &str) -> Result<Order> {
    let clause = || text.chars().take(120).collect::<String>();
    let unclear = || {
        Error::invalid(format!(
            "Invalid order_by clause '{}'. Could not be parsed.",
            clause()
        ))
    };
    let mut reader = Reader::new(text);
    let field = reader.field().map_err(|error| {
        if error.message().contains("entity type") {
            error
        } else {
            unclear()
        }
    })?;
    let ascending = !reader.take_word("DESC");
    let said = !ascending || reader.take_word("ASC");
    reader.skip_space();
    match (reader.at_end(), said) {
        (true, _) => Ok(Order { field, ascending }),
        (false, true) => Err(unclear()),
        (false, false) => Err(Error::invalid(format!(
            "Invalid ordering key in order_by clause '{}'.",
            clause()
        ))
        .hint("end it with ASC or DESC")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_ascends_unless_it_says_desc() {
        assert_eq!(
            parse_order("metrics.`a b` desc").unwrap(),
            Order {
                field: Field::Metric("a b".into()),
                ascending: false
            }
        );
        assert_eq!(
            parse_order("start_time").unwrap(),
            Order {
                field: Field::Attribute("start_time".into()),
                ascending: true
            }
        );
        assert!(
            parse_order("metrics.a sideways")
                .unwrap_err()
                .message()
                .contains("Invalid ordering key")
        );
        assert!(
            parse_order("")
                .unwrap_err()
                .message()
                .contains("Could not be parsed")
        );
    }
}
