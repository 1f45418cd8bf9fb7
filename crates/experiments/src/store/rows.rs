//! Statements with many rows and lists of values.

use std::fmt::Write as _;

use base::Result;
use store::{Tx, Value, dynamic_sql};

/// Rows per statement: SQLite takes 32,766 values, PostgreSQL 65,535.
const ROWS: usize = 200;

/// Inserts rows of `width` values each, a few hundred per statement. `head` is `insert into t (a, b)`, `tail` what
/// follows the values.
pub(crate) async fn insert(
    tx: &mut Tx<'_>,
    head: &str,
    width: usize,
    tail: &str,
    rows: &[Value],
) -> Result<()> {
    for part in rows.chunks(ROWS * width) {
        let mut sql = format!("{head} values ");
        for row in 0..part.len() / width {
            let columns: Vec<String> = (1..=width)
                .map(|column| format!("${}", row * width + column))
                .collect();
            let _ = write!(
                sql,
                "{}({})",
                if row == 0 { "" } else { ", " },
                columns.join(", ")
            );
        }
        let _ = write!(sql, " {tail}");
        tx.execute(dynamic_sql(sql), part).await?;
    }
    Ok(())
}
