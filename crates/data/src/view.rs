//! Views: one `select` over dataset versions, run by DataFusion, with rows counted.
//!
//! A view sees the tables that its `from` names and nothing else: no files, no other statements, no functions that
//! make tables, no clock and no dice, so that the same versions give the same rows. It may take [`LIMIT`] and
//! [`MEMORY`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use base::{Error, Result};
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::ast::Statement as Sql;
use tokio::runtime::Handle;

use crate::columns::{arrow_error, normalise};
use crate::dataset::DatasetRef;

/// The longest time that a view may take.
const LIMIT: Duration = Duration::from_mins(10);
/// The most memory that sorting, joining and grouping in a view may take, in bytes.
const MEMORY: usize = 2 << 30;

/// Functions whose answer depends on when they are asked.
const FICKLE: &[&str] = &[
    "now",
    "current_timestamp",
    "current_date",
    "current_time",
    "today",
    "random",
    "uuid",
    "version",
];

/// What a view gave.
#[derive(Clone, Debug)]
pub struct ViewResult {
    /// Its rows.
    pub batch: RecordBatch,
    /// Rows of the first table it reads.
    pub rows_in: i64,
    /// Rows it gave.
    pub rows_out: i64,
    /// Digest of its values.
    pub digest: String,
    /// The versions that were read; the first one is what rows are counted against.
    pub datasets: Vec<DatasetRef>,
}

/// Runs one `select` over named tables, beside the async threads. Rows come in the order in which one thread meets
/// them, so that the same tables give the same digest.
pub(crate) async fn select(sql: &str, tables: &[(&str, &RecordBatch)]) -> Result<RecordBatch> {
    let sql = sql.to_owned();
    let tables: Vec<Table> = tables
        .iter()
        .map(|(name, rows)| ((*name).to_owned(), (*rows).clone()))
        .collect();
    let runtime = Handle::current();
    let work = move || {
        runtime.block_on(async {
            match tokio::time::timeout(LIMIT, run(&sql, &tables)).await {
                Ok(result) => result.map_err(|error| sql_error(error, &tables))?,
                Err(_) => Err(Error::invalid(format!(
                    "the query took longer than {} minutes",
                    LIMIT.as_secs() / 60
                ))
                .hint("does a join lack its condition?")),
            }
        })
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal("the query broke off").because(error))?
}

/// A name and rows.
type Table = (String, RecordBatch);

async fn run(sql: &str, tables: &[Table]) -> Result<Result<RecordBatch>, DataFusionError> {
    let mut statements = DFParser::parse_sql(sql)?;
    let statement = match (statements.pop_front(), statements.len()) {
        (Some(statement), 0) => statement,
        (_, more) => {
            return Ok(Err(Error::invalid(format!(
                "holds {} statements instead of one",
                if more == 0 { 0 } else { more + 1 }
            ))));
        }
    };
    if !matches!(&statement, Statement::Statement(inner) if matches!(inner.as_ref(), Sql::Query(_)))
    {
        return Ok(Err(
            Error::invalid("is not a select").hint("a view only reads: write one select statement")
        ));
    }
    let context = context()?;
    for (name, batch) in tables {
        let table = MemTable::try_new(batch.schema(), vec![vec![batch.clone()]])?;
        context.register_table(quoted(name), Arc::new(table))?;
    }
    let plan = context.state().statement_to_plan(statement).await?;
    let read_only = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    read_only.verify_plan(&plan)?;
    let frame = context.execute_logical_plan(plan).await?;
    let schema = Arc::clone(frame.schema().inner());
    let batches = frame.collect().await?;
    // The plan's schema and the batches' may differ in what may be missing.
    let schema = batches.first().map_or(schema, RecordBatch::schema);
    Ok(concat_batches(&schema, &batches)
        .map_err(arrow_error)
        .and_then(|batch| normalise(&batch)))
}

fn context() -> Result<SessionContext, DataFusionError> {
    let config = SessionConfig::new()
        .with_target_partitions(1)
        .with_information_schema(false);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_limit(MEMORY, 1.0)
        .build_arc()?;
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features()
        .with_table_functions(HashMap::new())
        .with_file_formats(Vec::new())
        .build();
    let context = SessionContext::new_with_state(state);
    for name in FICKLE {
        context.deregister_udf(name);
    }
    Ok(context)
}

/// A name as SQL writes it where it is not plain.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn sql_error(error: DataFusionError, tables: &[Table]) -> Error {
    let names: Vec<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
    let text = error.strip_backtrace();
    let text = text.lines().next().unwrap_or_default().to_owned();
    Error::invalid(text)
        .hint(format!("the query may read {}", names.join(", ")))
        .because(error)
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array};

    use super::*;

    async fn try_select(sql: &str) -> Result<RecordBatch> {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![3, 1, 2]));
        let rows = RecordBatch::try_from_iter([("x", column)]).unwrap();
        select(sql, &[("t", &rows)]).await
    }

    // proves S38
    #[tokio::test]
    async fn a_view_can_do_nothing_but_read_its_tables() {
        assert_eq!(
            try_select("select x + 1 as y from t where x > 1")
                .await
                .unwrap()
                .num_rows(),
            2
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret.csv");
        std::fs::write(&file, "a\n1\n").unwrap();
        let path = file.display();
        for bad in [
            "drop table t".to_owned(),
            "insert into t values (1)".to_owned(),
            "select 1; select 2".to_owned(),
            "set datafusion.execution.batch_size = 1".to_owned(),
            "explain select * from t".to_owned(),
            format!("create external table e stored as csv location '{path}'"),
            format!("copy t to '{path}'"),
            format!("select * from '{path}'"),
            format!("select * from read_csv('{path}')"),
            "select * from generate_series(1, 1000000)".to_owned(),
            "select * from information_schema.tables".to_owned(),
            "select * from other".to_owned(),
            "select now() from t".to_owned(),
            "select current_date from t".to_owned(),
            "select random() from t".to_owned(),
            String::new(),
        ] {
            let error = try_select(&bad).await.expect_err(&bad);
            assert_eq!(error.kind(), base::Kind::Invalid, "{bad}: {error}");
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "a\n1\n");
    }

    #[tokio::test]
    async fn an_error_in_a_view_says_what_it_may_read() {
        let error = try_select("select y from t").await.unwrap_err();
        assert!(
            error.message().contains('y') && error.hint_text().unwrap().contains('t'),
            "{error:?}"
        );
    }
}
