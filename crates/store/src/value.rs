//! Values that go into a statement and records that come out of it, the same for both databases.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, FromRow, Postgres, Sqlite};

/// One bound value. `None` is SQL's NULL of that type (PostgreSQL wants to know which).
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `BIGINT`
    Int(Option<i64>),
    /// `DOUBLE PRECISION`. SQLite cannot store NaN: keep a flag beside a value that may be one.
    Float(Option<f64>),
    /// `TEXT`
    Text(Option<String>),
    /// `BOOLEAN`
    Bool(Option<bool>),
}

macro_rules! from {
    ($($source:ty => $variant:ident with $convert:expr;)*) => {$(
        impl From<$source> for Value {
            fn from(value: $source) -> Self {
                Self::$variant(Some($convert(value)))
            }
        }

        impl From<Option<$source>> for Value {
            fn from(value: Option<$source>) -> Self {
                Self::$variant(value.map($convert))
            }
        }
    )*};
}

from! {
    i64 => Int with std::convert::identity;
    i32 => Int with i64::from;
    u32 => Int with i64::from;
    usize => Int with |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    f64 => Float with std::convert::identity;
    bool => Bool with std::convert::identity;
    String => Text with std::convert::identity;
    &str => Text with str::to_owned;
    &String => Text with String::clone;
    &base::Name => Text with |name: &base::Name| name.as_str().to_owned();
    &base::RunId => Text with |id: &base::RunId| id.as_str().to_owned();
    &base::ExperimentId => Text with |id: &base::ExperimentId| id.as_str().to_owned();
    &base::LoggedModelId => Text with |id: &base::LoggedModelId| id.as_str().to_owned();
    &base::JobId => Text with |id: &base::JobId| id.as_str().to_owned();
    &base::EvaluationId => Text with |id: &base::EvaluationId| id.as_str().to_owned();
    &base::ApprovalId => Text with |id: &base::ApprovalId| id.as_str().to_owned();
    base::Timestamp => Int with base::Timestamp::as_millisecond;
}

/// A row that can be read from either database: derive `store::FromRow` (the crate needs `sqlx` beside `store`
/// for the derive) or use a tuple.
pub trait Record:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Record for T where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

/// `$1, $2, …` for `count` values, the first being `$first`.
pub fn places(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count)
        .map(|number| format!("${number}"))
        .collect();
    places.join(", ")
}

/// A statement that was put together at run time. Only a builder that binds every value may call this: text from
/// outside must never be part of `sql`.
pub fn dynamic_sql(sql: String) -> AssertSqlSafe<String> {
    AssertSqlSafe(sql)
}

pub(crate) type SqliteQuery<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;
pub(crate) type PgQuery<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

pub(crate) fn bind_sqlite<'q>(mut query: SqliteQuery<'q>, values: &[Value]) -> SqliteQuery<'q> {
    for value in values {
        query = match value {
            Value::Int(v) => query.bind(*v),
            Value::Float(v) => query.bind(*v),
            Value::Text(v) => query.bind(v.clone()),
            Value::Bool(v) => query.bind(*v),
        };
    }
    query
}

pub(crate) fn bind_pg<'q>(mut query: PgQuery<'q>, values: &[Value]) -> PgQuery<'q> {
    for value in values {
        query = match value {
            Value::Int(v) => query.bind(*v),
            Value::Float(v) => query.bind(*v),
            // PostgreSQL's text cannot hold NUL; callers validate, this only keeps the statement from failing.
            Value::Text(v) => query.bind(v.as_ref().map(|text| text.replace('\0', "\u{fffd}"))),
            Value::Bool(v) => query.bind(*v),
        };
    }
    query
}
