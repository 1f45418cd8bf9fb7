//! What a list can be filtered and ordered by, and where its values are.

/// What a list can be filtered and ordered by. All texts are SQL of ours.
#[derive(Debug)]
pub struct Shape {
    /// `run`
    pub table: &'static str,
    /// The column that the tables beside it refer to: `run.id`
    pub id: &'static str,
    /// Properties of the thing itself.
    pub attributes: &'static [Attribute],
    /// Where its metrics are, if it has any.
    pub metrics: Option<Side>,
    /// A metric has several values, of which one must fit.
    pub many_values: bool,
    /// Where its params are, if it has any.
    pub params: Option<Side>,
    /// Where its tags are.
    pub tags: Option<Side>,
    /// Whether it has datasets (only runs do).
    pub datasets: bool,
    /// A tag that counts as not "true" where it is absent.
    pub absent_tag: Option<&'static str>,
    /// The end of every order, so that pages do not overlap: `run.start_time desc, run.id`
    pub tie: &'static str,
}

/// A property of the thing itself.
#[derive(Debug)]
pub struct Attribute {
    /// As a caller writes it.
    pub name: &'static str,
    /// Its column.
    pub column: &'static str,
    /// A number, not text.
    pub numeric: bool,
    /// Known to filters; orders know every one.
    pub in_filters: bool,
}

impl Attribute {
    /// A text for filters and orders.
    pub const fn text(name: &'static str, column: &'static str) -> Self {
        Self {
            name,
            column,
            numeric: false,
            in_filters: true,
        }
    }

    /// A number for filters and orders.
    pub const fn number(name: &'static str, column: &'static str) -> Self {
        Self {
            name,
            column,
            numeric: true,
            in_filters: true,
        }
    }

    /// A number for orders only.
    pub const fn order(name: &'static str, column: &'static str) -> Self {
        Self {
            name,
            column,
            numeric: true,
            in_filters: false,
        }
    }
}

/// A table of keys and values beside the thing.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// `param`
    pub table: &'static str,
    /// Its column that names the thing: `run_id`
    pub owner: &'static str,
    /// Another column it must share with the thing, and the thing's: `("version", "model_version.version")`
    pub also: Option<(&'static str, &'static str)>,
}
