//! The control plane's database: SQLite for one machine, PostgreSQL for several.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Error, Kind, Result};
use futures::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    Connection as _, FromRow, PgConnection, PgPool, Row, SqlSafeStr, SqliteConnection, SqlitePool,
};

use crate::value::{Record, Value, bind_pg, bind_sqlite};
use crate::writer::Writer;

/// Which database is behind a [`Db`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// One file; one process.
    Sqlite,
    /// A server; any number of processes.
    Postgres,
}

#[derive(Clone, Debug)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// An open database. Cloning is cheap.
#[derive(Clone)]
pub struct Db {
    pool: Pool,
    writer: Arc<Writer>,
    clock: Clock,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Db").field(&self.backend()).finish()
    }
}

impl Db {
    /// Opens the database at `url`: `sqlite:PATH`, `sqlite::memory:` or `postgres://…`. Makes the file where it is
    /// missing; tables come from [`crate::Migrations::run`].
    pub async fn open(url: &str, clock: Clock) -> Result<Self> {
        let pool = if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Pool::Postgres(open_postgres(url).await?)
        } else if let Some(path) = url.strip_prefix("sqlite:") {
            Pool::Sqlite(open_sqlite(path.trim_start_matches("//")).await?)
        } else {
            return Err(
                Error::invalid(format!("{url:?} is not the address of a database"))
                    .hint("use sqlite:PATH or postgres://USER@HOST/NAME"),
            );
        };
        let writer = Arc::new(Writer::start(pool.clone(), clock.clone()));
        Ok(Self {
            pool,
            writer,
            clock,
        })
    }

    /// Which database this is.
    pub fn backend(&self) -> Backend {
        match self.pool {
            Pool::Sqlite(_) => Backend::Sqlite,
            Pool::Postgres(_) => Backend::Postgres,
        }
    }

    /// The clock that stamps what is written.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// All rows of a query.
    pub async fn rows<T: Record>(&self, sql: impl SqlSafeStr, args: &[Value]) -> Result<Vec<T>> {
        match &self.pool {
            Pool::Sqlite(pool) => decode(bind_sqlite(sqlx::query(sql), args).fetch_all(pool).await),
            Pool::Postgres(pool) => decode(bind_pg(sqlx::query(sql), args).fetch_all(pool).await),
        }
    }

    /// The first row of a query, if there is one.
    pub async fn row<T: Record>(&self, sql: impl SqlSafeStr, args: &[Value]) -> Result<Option<T>> {
        let first = match &self.pool {
            Pool::Sqlite(pool) => {
                let query = bind_sqlite(sqlx::query(sql), args);
                decode(query.fetch_optional(pool).await.map(Vec::from_iter))
            }
            Pool::Postgres(pool) => {
                let query = bind_pg(sqlx::query(sql), args);
                decode(query.fetch_optional(pool).await.map(Vec::from_iter))
            }
        };
        Ok(first?.pop())
    }

    /// Makes one atomic change and returns after it is on disk. `change` may be run again if the database lost a
    /// race, so it must do nothing but read and write through its [`Tx`].
    ///
    /// ```ignore
    /// db.write(move |tx| Box::pin(async move {
    ///     tx.execute("insert into thing (id) values ($1)", &[id.as_str().into()]).await?;
    ///     Ok(())
    /// })).await?;
    /// ```
    pub async fn write<T, F>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    {
        self.writer.submit(change).await
    }
}

/// One open transaction, as [`Db::write`] hands it to a change.
pub struct Tx<'c> {
    pub(crate) connection: Connection<'c>,
    pub(crate) clock: Clock,
}

pub(crate) enum Connection<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Tx<'_> {
    /// The clock that stamps what is written.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Runs a statement; the answer is how many rows it changed.
    pub async fn execute(&mut self, sql: impl SqlSafeStr, args: &[Value]) -> Result<u64> {
        match &mut self.connection {
            Connection::Sqlite(c) => bind_sqlite(sqlx::query(sql), args)
                .execute(&mut **c)
                .await
                .map(|done| done.rows_affected()),
            Connection::Postgres(c) => bind_pg(sqlx::query(sql), args)
                .execute(&mut **c)
                .await
                .map(|done| done.rows_affected()),
        }
        .map_err(db_error)
    }

    /// All rows of a query, `insert … returning` included.
    pub async fn rows<T: Record>(
        &mut self,
        sql: impl SqlSafeStr,
        args: &[Value],
    ) -> Result<Vec<T>> {
        match &mut self.connection {
            Connection::Sqlite(c) => decode(
                bind_sqlite(sqlx::query(sql), args)
                    .fetch_all(&mut **c)
                    .await,
            ),
            Connection::Postgres(c) => {
                decode(bind_pg(sqlx::query(sql), args).fetch_all(&mut **c).await)
            }
        }
    }

    /// The first row of a query, if there is one.
    pub async fn row<T: Record>(
        &mut self,
        sql: impl SqlSafeStr,
        args: &[Value],
    ) -> Result<Option<T>> {
        Ok(self.rows(sql, args).await?.into_iter().next())
    }
}

/// Only one process may write an SQLite file, and its readers must see a consistent snapshot: WAL, `FULL` sync.
async fn open_sqlite(path: &str) -> Result<SqlitePool> {
    let memory = path == ":memory:";
    if !memory && let Some(folder) = Path::new(path).parent() {
        std::fs::create_dir_all(folder)?;
    }
    let address = if memory {
        // A shared cache lets the pool's connections see one memory database; the name keeps databases apart.
        format!(
            "sqlite:file:{}?mode=memory&cache=shared",
            base::JobId::fresh()
        )
    } else {
        format!("sqlite:{path}")
    };
    let options = SqliteConnectOptions::from_str(&address)
        .map_err(db_error)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(10))
        .foreign_keys(true)
        .statement_cache_capacity(500)
        .pragma("cache_size", "-16000")
        .pragma("temp_store", "memory");
    SqlitePoolOptions::new()
        .max_connections(if memory { 1 } else { 8 })
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await
        .map_err(|error| db_error(error).at(format_args!("cannot open the database {path}")))
}

async fn open_postgres(url: &str) -> Result<PgPool> {
    let options = PgConnectOptions::from_str(url)
        .map_err(db_error)?
        .application_name("ironloop");
    let probe = PgConnection::connect_with(&options)
        .await
        .map_err(|error| {
            db_error(error)
                .at("cannot reach PostgreSQL")
                .hint("check --backend-store-uri and that the server runs")
        })?;
    probe.close().await.map_err(db_error)?;
    PgPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(Duration::from_secs(5))
        .connect_with(options)
        .await
        .map_err(db_error)
}

/// Makes an empty database called `name` (letters, digits, `_`) on the PostgreSQL server at `url`; the answer is its
/// address. For tests and for first installations.
pub async fn create_postgres_database(url: &str, name: &str) -> Result<String> {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(Error::invalid(format!(
            "{name:?} is not a name for a database"
        )));
    }
    let mut connection = PgConnection::connect(url).await.map_err(db_error)?;
    sqlx::query(crate::dynamic_sql(format!("create database {name}")))
        .execute(&mut connection)
        .await
        .map_err(db_error)?;
    connection.close().await.map_err(db_error)?;
    let (server, _) = url
        .rsplit_once('/')
        .ok_or_else(|| Error::invalid(format!("{url:?} names no database")))?;
    Ok(format!("{server}/{name}"))
}

/// Rows of either database as what they stand for.
fn decode<R: Row, T: for<'r> FromRow<'r, R>>(rows: sqlx::Result<Vec<R>>) -> Result<Vec<T>> {
    rows.and_then(|rows| rows.iter().map(T::from_row).collect())
        .map_err(db_error)
}

/// What a database's error means to us.
pub(crate) fn db_error(error: sqlx::Error) -> Error {
    let (kind, message) = match &error {
        sqlx::Error::Database(database) if database.is_unique_violation() => (
            Kind::AlreadyExists,
            "a row with this key exists already".to_owned(),
        ),
        sqlx::Error::Database(database) if database.is_foreign_key_violation() => (
            Kind::NotFound,
            "a row that this one refers to does not exist".to_owned(),
        ),
        sqlx::Error::Database(database) => {
            let text = database.message();
            // SQLITE_FULL is 13, PostgreSQL's disk_full is 53100.
            match database.code().as_deref() {
                Some("13" | "53100") => (
                    Kind::StorageFull,
                    format!("no room is left for the database: {text}"),
                ),
                Some("778" | "1290" | "8") => (
                    Kind::StorageFull,
                    format!("the database cannot be written: {text}"),
                ),
                _ => (
                    Kind::Internal,
                    format!("the database refused a statement: {text}"),
                ),
            }
        }
        sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => (
            Kind::StorageFull,
            "no room is left for the database".to_owned(),
        ),
        sqlx::Error::PoolTimedOut
        | sqlx::Error::Io(_)
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => (
            Kind::Unavailable,
            format!("the database cannot be reached: {error}"),
        ),
        other => (Kind::Internal, format!("the database failed: {other}")),
    };
    Error::new(kind, message).because(error)
}
