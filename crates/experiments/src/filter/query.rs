//! From a tree to SQL with bound values.

use std::collections::HashSet;
use std::fmt::Write as _;

use base::{Error, Result};
use store::{Backend, Value};

use super::order::parse_order;
use super::parse::{Clause, Field, Literal, Op, parse};
use super::reader::INVALID_CLAUSES;
use super::shape::{Attribute, Shape, Side};
use super::value::{absent_matches, glob, number_value, text_value};

/// A statement that is being put together.
#[derive(Debug)]
pub struct Query<'s> {
    shape: &'s Shape,
    backend: Backend,
    joins: String,
    wheres: Vec<String>,
    orders: Vec<String>,
    args: Vec<Value>,
    aliases: usize,
    metrics_where: String,
    led: bool,
}

impl<'s> Query<'s> {
    /// Begins a statement for one database.
    pub fn new(shape: &'s Shape, backend: Backend) -> Self {
        Self {
            shape,
            backend,
            joins: String::new(),
            wheres: Vec::new(),
            orders: Vec::new(),
            args: Vec::new(),
            aliases: 0,
            metrics_where: String::new(),
            led: false,
        }
    }

    /// Binds a value; the answer is its placeholder.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        self.args.push(value.into());
        format!("${}", self.args.len())
    }

    /// Adds a condition of ours.
    pub fn condition(&mut self, sql: String) {
        self.wheres.push(sql);
    }

    /// A condition of ours on the rows `b` of metrics that a filter looks at.
    pub fn metrics_where(&mut self, sql: &str) {
        self.metrics_where = format!(" and {sql}");
    }

    /// Says that few things fit a comparison of the filter, so that the database shall begin there: the others are
    /// written so that their indexes are not used.
    pub fn begin_with_equality(&mut self) {
        self.led = true;
    }

    /// `column in (…)`, false for no values.
    pub fn any_of<V: Into<Value>>(
        &mut self,
        column: &str,
        values: impl IntoIterator<Item = V>,
    ) -> String {
        let places: Vec<String> = values.into_iter().map(|value| self.bind(value)).collect();
        if places.is_empty() {
            "1 = 0".to_owned()
        } else {
            format!("{column} in ({})", places.join(", "))
        }
    }

    /// Adds a caller's filter.
    pub fn filter(&mut self, text: &str) -> Result<()> {
        let clauses = parse(text).map_err(|error| {
            match error.message().strip_prefix(INVALID_CLAUSES) {
                // Only the search for runs puts quotes around what it does not understand.
                Some(words) if !self.shape.datasets => {
                    let plain = words.replace("', '", ", ");
                    Error::invalid(format!("{INVALID_CLAUSES}{}", plain.trim_matches('\'')))
                }
                _ => error,
            }
        })?;
        for clause in clauses {
            self.clause(clause)?;
        }
        Ok(())
    }

    /// Adds a caller's order; the shape's own order ends it.
    pub fn order(&mut self, keys: &[String]) -> Result<()> {
        let mut seen = HashSet::new();
        for text in keys {
            let key = parse_order(text)?;
            if !seen.insert(key.field.clone()) {
                return Err(Error::invalid(format!(
                    "`order_by` contains duplicate fields: {keys:?}"
                )));
            }
            self.order_key(&key.field, key.ascending)?;
        }
        Ok(())
    }

    /// Adds a key of an order.
    pub fn order_key(&mut self, field: &Field, ascending: bool) -> Result<()> {
        let direction = if ascending { "asc" } else { "desc" };
        let (side, key) = match field {
            Field::Attribute(name) => {
                let column = self.attribute(name, false)?.column;
                self.orders.push(format!(
                    "case when {column} is null then 1 else 0 end, {column} {direction}"
                ));
                return Ok(());
            }
            other => self.side(other)?,
        };
        let alias = self.join("left join", side, key);
        let rank = match field {
            Field::Metric(_) => format!(
                "case when {alias}.is_nan then 1 when {alias}.value is null then 2 else 0 end"
            ),
            _ => format!("case when {alias}.value is null then 1 else 0 end"),
        };
        self.orders
            .push(format!("{rank}, {alias}.value {direction}"));
        Ok(())
    }

    /// An order of ours.
    pub fn order_sql(&mut self, sql: String) {
        self.orders.push(sql);
    }

    /// A join of ours.
    pub fn join_sql(&mut self, sql: &str) {
        self.joins.push(' ');
        self.joins.push_str(sql);
    }

    /// The statement that selects `columns`, and its values.
    pub fn select(mut self, columns: &str, limit: usize, skip: usize) -> (String, Vec<Value>) {
        let (limit, skip) = (self.bind(limit), self.bind(skip));
        let mut sql = format!("select {columns} from {}{}", self.shape.table, self.joins);
        if !self.wheres.is_empty() {
            let _ = write!(sql, " where {}", self.wheres.join(" and "));
        }
        self.orders.push(self.shape.tie.to_owned());
        let _ = write!(
            sql,
            " order by {} limit {limit} offset {skip}",
            self.orders.join(", ")
        );
        (sql, self.args)
    }

    fn clause(&mut self, clause: Clause) -> Result<()> {
        let Clause { field, op, value } = clause;
        match &field {
            Field::Attribute(name) => {
                let attribute = self.attribute(name, true)?;
                let value = if attribute.numeric {
                    number_value(&format!("numeric attribute: {name}"), op, &value)?
                } else {
                    text_value(&field, op, value)?
                };
                let sql = self.compare(attribute.column, op, &value);
                self.wheres.push(sql);
            }
            Field::Metric(key) => {
                let (side, _) = self.side(&field)?;
                let value = number_value("metric", op, &value)?;
                let alias = if self.shape.many_values {
                    "b".to_owned()
                } else {
                    self.join("join", side, key)
                };
                let plus = if self.led { "+" } else { "" };
                let compared = self.compare(&format!("{plus}{alias}.value"), op, &value);
                // NaN is stored as 0 with a flag, and is unequal to every number.
                let fits = if op == Op::NotEqual {
                    format!("({compared} or {alias}.is_nan)")
                } else {
                    format!("{compared} and not {alias}.is_nan")
                };
                let fits = if self.shape.many_values {
                    self.exists(
                        side,
                        key,
                        &format!(" and {fits}{}", self.metrics_where.clone()),
                    )
                } else {
                    fits
                };
                self.wheres.push(fits);
            }
            Field::Param(key) | Field::Tag(key) | Field::Metadata(key) => {
                let (side, _) = self.side(&field)?;
                let value = text_value(&field, op, value)?;
                self.beside(side, key, op, &value);
            }
            Field::Dataset(key) => {
                let column = match (self.shape.datasets, key.as_str()) {
                    (true, "name") => "d.name",
                    (true, "digest") => "d.digest",
                    (true, "context") => "d.context",
                    _ => {
                        return Err(Error::invalid(format!(
                            "Invalid dataset key '{key}' specified. Valid keys are '{{'name', 'digest', 'context'}}'"
                        )));
                    }
                };
                let value = text_value(&field, op, value)?;
                let compared = self.compare(column, op, &value);
                self.wheres.push(format!(
                    "exists (select 1 from run_dataset d where d.run_id = {} and {compared})",
                    self.shape.id
                ));
            }
        }
        Ok(())
    }

    /// A condition on a value beside the thing.
    fn beside(&mut self, side: Side, key: &str, op: Op, value: &Literal) {
        if matches!(op, Op::IsNull | Op::IsNotNull) {
            let found = self.exists(side, key, "");
            self.wheres.push(if op == Op::IsNull {
                format!("not {found}")
            } else {
                found
            });
            return;
        }
        if self.shape.absent_tag == Some(key) && absent_matches(op, value) {
            let compared = self.compare("b.value", op, value);
            let (absent, found) = (
                self.exists(side, key, ""),
                self.exists(side, key, &format!(" and {compared}")),
            );
            self.wheres.push(format!("(not {absent} or {found})"));
            return;
        }
        let alias = self.join("join", side, key);
        let whole = if op == Op::Equal {
            format!("({alias}.value || '')")
        } else {
            format!("{alias}.value")
        };
        let compared = self.compare(&whole, op, value);
        self.wheres.push(compared);
        if let (Op::Equal, Literal::Text(text)) = (op, value) {
            // The index holds the beginning only: PostgreSQL's cannot hold a value of 6,000 characters. The whole
            // value is compared as an expression, since SQLite would put a bare column's value into `substr` too and
            // then not find the index.
            let start = self.bind(text.chars().take(128).collect::<String>());
            self.wheres
                .push(format!("substr({alias}.value, 1, 128) = {start}"));
        }
    }

    fn exists(&mut self, side: Side, key: &str, more: &str) -> String {
        let place = self.bind(key);
        format!(
            "exists (select 1 from {} b where {}{more} and b.key = {place})",
            side.table,
            same_thing(side, "b", self.shape.id)
        )
    }

    fn join(&mut self, kind: &str, side: Side, key: &str) -> String {
        self.aliases += 1;
        let alias = format!("s{}", self.aliases);
        let place = self.bind(key);
        let _ = write!(
            self.joins,
            " {kind} {} {alias} on {} and {alias}.key = {place}",
            side.table,
            same_thing(side, &alias, self.shape.id)
        );
        alias
    }

    fn side<'f>(&self, field: &'f Field) -> Result<(Side, &'f str)> {
        let (side, key, word) = match field {
            Field::Metric(key) => (self.shape.metrics, key, "metric"),
            Field::Param(key) => (self.shape.params, key, "parameter"),
            Field::Tag(key) => (self.shape.tags, key, "tag"),
            // Traces keep it where runs keep their params.
            Field::Metadata(key) if self.shape.table == "trace" => {
                (self.shape.params, key, "metadata")
            }
            Field::Metadata(key) => (None, key, "metadata"),
            Field::Attribute(key) => (None, key, "attribute"),
            Field::Dataset(key) => (None, key, "dataset"),
        };
        side.map(|side| (side, key.as_str())).ok_or_else(|| {
            Error::invalid(format!(
                "Invalid entity type '{word}': this list cannot be searched by '{key}'"
            ))
        })
    }

    fn attribute(&self, name: &str, for_filter: bool) -> Result<&'s Attribute> {
        let known = self
            .shape
            .attributes
            .iter()
            .filter(|attribute| attribute.in_filters || !for_filter);
        known
            .clone()
            .find(|attribute| attribute.name == name)
            .ok_or_else(|| {
                // Older names with spaces are read in an order too, but not shown there.
                let mut names: Vec<&str> = known
                    .map(|attribute| attribute.name)
                    .filter(|name| for_filter || !name.contains(' '))
                    .collect();
                names.sort_unstable();
                Error::invalid(format!(
                    "Invalid attribute key '{name}' specified. Valid keys are '{{'{}'}}'",
                    names.join("', '")
                ))
            })
    }

    /// `left op value`, with the value bound.
    fn compare(&mut self, left: &str, op: Op, value: &Literal) -> String {
        let places: Vec<String> = match value {
            Literal::Number(number) => vec![self.bind(*number)],
            Literal::Text(text) if op == Op::Like => return self.like(left, text),
            Literal::Text(text) if op == Op::ILike => {
                let place = self.bind(self.escaped(text));
                return format!("lower({left}) like lower({place})");
            }
            Literal::Text(text) | Literal::Bare(text) => vec![self.bind(text.as_str())],
            Literal::List(texts) => texts.iter().map(|text| self.bind(text.as_str())).collect(),
            Literal::Nothing => Vec::new(),
        };
        match op {
            Op::In => format!("{left} in ({})", places.join(", ")),
            Op::NotIn => format!("{left} not in ({})", places.join(", ")),
            Op::IsNull => format!("{left} is null"),
            Op::IsNotNull => format!("{left} is not null"),
            _ => format!("{left} {} {}", op.as_str(), places.join(", ")),
        }
    }

    /// SQLite's LIKE takes no notice of case, its GLOB does; PostgreSQL's LIKE does.
    fn like(&mut self, left: &str, pattern: &str) -> String {
        match self.backend {
            Backend::Postgres => {
                let place = self.bind(self.escaped(pattern));
                format!("{left} like {place}")
            }
            Backend::Sqlite => {
                let place = self.bind(glob(pattern));
                format!("{left} glob {place}")
            }
        }
    }

    /// A backslash means itself; PostgreSQL would take it as an escape.
    fn escaped(&self, pattern: &str) -> String {
        match self.backend {
            Backend::Postgres => pattern.replace('\\', "\\\\"),
            Backend::Sqlite => pattern.to_owned(),
        }
    }
}

fn same_thing(side: Side, alias: &str, id: &str) -> String {
    let mut sql = format!("{alias}.{} = {id}", side.owner);
    if let Some((ours, theirs)) = side.also {
        let _ = write!(sql, " and {alias}.{ours} = {theirs}");
    }
    sql
}
