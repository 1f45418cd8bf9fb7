//! Group commit: one task writes, and changes that wait together share one transaction and one fsync.
//!
//! Each change runs inside a savepoint, so one that fails is rolled back alone. Callers are answered after the
//! commit; if the commit itself fails, every change of the group has failed.

use std::any::Any;

use base::{Clock, Error, Result};
use futures::future::BoxFuture;
use sqlx::{Connection as _, PgConnection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use crate::db::{Connection, Pool, Tx, db_error};

/// How many changes may share one transaction.
const GROUP: usize = 512;

type Boxed = Box<dyn Any + Send>;
type Change = Box<dyn for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<Boxed>> + Send + Sync>;

struct Request {
    change: Change,
    answer: oneshot::Sender<Result<Boxed>>,
}

pub(crate) struct Writer {
    queue: mpsc::Sender<Request>,
}

impl Writer {
    pub(crate) fn start(pool: Pool, clock: Clock) -> Self {
        let (queue, requests) = mpsc::channel(4 * GROUP);
        tokio::spawn(run(pool, clock, requests));
        Self { queue }
    }

    pub(crate) async fn submit<T, F>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    {
        let change: Change = Box::new(move |tx| {
            let done = change(tx);
            Box::pin(async move { done.await.map(|value| Box::new(value) as Boxed) })
        });
        let (answer, done) = oneshot::channel();
        let gone = || Error::unavailable("the database writer has stopped");
        self.queue
            .send(Request { change, answer })
            .await
            .map_err(|_| gone())?;
        let value = done.await.map_err(|_| gone())??;
        value
            .downcast::<T>()
            .map(|value| *value)
            .map_err(|_| Error::internal("a change answered with another type than it promised"))
    }
}

/// A connection whose group failed is closed and not used again: on a full disk the database ends the transaction
/// by itself, and what the driver counts as open would not be.
macro_rules! on_a_connection {
    ($pool:ident, $group:ident, $clock:expr, $changes:expr) => {
        match $pool.acquire().await {
            Ok(mut connection) => {
                let answers = $group(&mut connection, $clock, $changes).await;
                if answers.is_err()
                    && let Err(error) = connection.close().await
                {
                    tracing::warn!("a connection did not close: {error}");
                }
                answers
            }
            Err(error) => Err(db_error(error)),
        }
    };
}

async fn run(pool: Pool, clock: Clock, mut requests: mpsc::Receiver<Request>) {
    let mut group = Vec::with_capacity(GROUP);
    while requests.recv_many(&mut group, GROUP).await > 0 {
        let answers = match &pool {
            Pool::Sqlite(pool) => on_a_connection!(pool, sqlite_group, &clock, &group),
            Pool::Postgres(pool) => on_a_connection!(pool, postgres_group, &clock, &group),
        };
        match answers {
            Ok(answers) => {
                for (request, answer) in group.drain(..).zip(answers) {
                    let _ = request.answer.send(answer);
                }
            }
            Err(error) => {
                tracing::error!(
                    changes = group.len(),
                    "a group of changes could not be committed: {error:?}"
                );
                for request in group.drain(..) {
                    let copy = Error::new(error.kind(), error.message().to_owned());
                    let _ = request.answer.send(Err(copy));
                }
            }
        }
    }
}

macro_rules! group {
    ($name:ident, $connection:ty, $variant:ident, $begin:literal) => {
        async fn $name(
            connection: &mut $connection,
            clock: &Clock,
            group: &[Request],
        ) -> Result<Vec<Result<Boxed>>> {
            let mut tx = connection.begin_with($begin).await.map_err(db_error)?;
            let mut answers = Vec::with_capacity(group.len());
            for request in group {
                let mut savepoint = tx.begin().await.map_err(db_error)?;
                let answer = {
                    let mut handle = Tx {
                        connection: Connection::$variant(&mut savepoint),
                        clock: clock.clone(),
                    };
                    (request.change)(&mut handle).await
                };
                match &answer {
                    Ok(_) => savepoint.commit().await.map_err(db_error)?,
                    Err(cause) => {
                        if savepoint.rollback().await.is_err() {
                            // The database ended the transaction; why is what the change heard of it.
                            return Err(Error::new(cause.kind(), cause.message().to_owned()));
                        }
                    }
                }
                answers.push(answer);
            }
            tx.commit().await.map_err(db_error)?;
            Ok(answers)
        }
    };
}

group!(sqlite_group, SqliteConnection, Sqlite, "BEGIN IMMEDIATE");
group!(postgres_group, PgConnection, Postgres, "BEGIN");
