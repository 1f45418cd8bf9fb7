//! Tables of the stages, made and changed step by step.
//!
//! Each stage has an ordered list of steps; a step is a few statements that run once and commit together. Steps
//! are never edited after a release: a change is a new step. A database that knows steps which this program does
//! not is refused, since a downgrade would be half done.

use base::{Error, Result};

use crate::db::Db;
use crate::value::dynamic_sql;
use crate::{audit, jobs};

/// The steps of every stage that shares a database.
#[derive(Clone, Debug)]
pub struct Migrations(Vec<(&'static str, &'static [&'static str])>);

impl Default for Migrations {
    fn default() -> Self {
        Self(vec![("store", &[audit::TABLES, jobs::TABLES])])
    }
}

impl Migrations {
    /// Adds the steps of `stage`. Statements in a step end with `;` at the end of a line.
    #[must_use]
    pub fn with(mut self, stage: &'static str, steps: &'static [&'static str]) -> Self {
        self.0.push((stage, steps));
        self
    }

    /// Brings the database up to date. Safe to call from several processes at once and after a crash at any point.
    pub async fn run(&self, db: &Db) -> Result<()> {
        db.write(|tx| {
            Box::pin(async move {
                tx.execute(
                    "create table if not exists migration (stage TEXT not null, step BIGINT not null, applied_at BIGINT not null, primary key (stage, step))",
                    &[],
                )
                .await?;
                Ok(())
            })
        })
        .await?;
        for &(stage, steps) in &self.0 {
            db.write(move |tx| Box::pin(apply(tx, stage, steps)))
                .await?;
        }
        Ok(())
    }
}

async fn apply(
    tx: &mut crate::Tx<'_>,
    stage: &'static str,
    steps: &'static [&'static str],
) -> Result<()> {
    let (done,): (i64,) = tx
        .row(
            "select count(*) from migration where stage = $1",
            &[stage.into()],
        )
        .await?
        .unwrap_or_default();
    let done = usize::try_from(done).unwrap_or_default();
    if done > steps.len() {
        return Err(Error::conflict(format!(
            "the database has {done} migration steps of {stage}, this program knows {}",
            steps.len()
        ))
        .hint("this data was written by a newer Ironloop: use that version or a later one"));
    }
    for (index, step) in steps.iter().enumerate().skip(done) {
        for statement in step
            .split(";\n")
            .map(str::trim)
            .filter(|text| !text.is_empty())
        {
            tx.execute(dynamic_sql(statement.trim_end_matches(';').to_owned()), &[])
                .await
                .map_err(|error| error.at(format_args!("migration {stage} {index}")))?;
        }
        let now = tx.clock().now_ms();
        tx.execute(
            "insert into migration (stage, step, applied_at) values ($1, $2, $3)",
            &[stage.into(), index.into(), now.into()],
        )
        .await?;
    }
    Ok(())
}
