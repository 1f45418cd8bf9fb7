//! Help for tests: a database of each engine, a clock that stands still, an in-memory home.
//!
//! `cargo xtask test` starts PostgreSQL and says where it is in `IRONLOOP_TEST_POSTGRES`; a test that needs it and
//! does not find it fails, so that "green" always means both engines.

use std::future::Future;

use base::{Clock, Timestamp};
use store::{Blobs, Db, Migrations};

/// 2026-01-05T08:00:00Z, a Monday: when tests begin.
pub fn start_of_test() -> Timestamp {
    Timestamp::from_second(1_767_600_000).expect("a constant")
}

/// A clock that stands at [`start_of_test`].
pub fn clock() -> Clock {
    Clock::manual(start_of_test())
}

/// Runs `story` on a fresh SQLite file and again on a fresh PostgreSQL database, each with the tables of
/// `migrations`.
pub async fn on_both<S, F>(migrations: Migrations, story: S)
where
    S: Fn(Db) -> F,
    F: Future<Output = ()>,
{
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sqlite = format!("sqlite:{}", folder.path().join("ironloop.db").display());
    story(open(&sqlite, &migrations).await).await;
    let postgres = fresh_postgres().await;
    story(open(&postgres, &migrations).await).await;
}

/// Runs `story` on a fresh folder and again on a fresh prefix of an S3 bucket. The server's address and keys come
/// from the usual `AWS_…` variables and the bucket from `IRONLOOP_TEST_S3`, which `cargo xtask test` sets.
pub async fn on_both_blobs<S, F>(story: S)
where
    S: Fn(Blobs) -> F,
    F: Future<Output = ()>,
{
    let folder = tempfile::tempdir().expect("a temporary folder");
    story(Blobs::open(&folder.path().display().to_string()).expect("the folder opens")).await;
    let bucket = std::env::var("IRONLOOP_TEST_S3").unwrap_or_else(|_| {
        panic!("IRONLOOP_TEST_S3 is not set: run `cargo xtask test`, which starts an S3 server for the tests")
    });
    story(Blobs::open(&format!("{bucket}/{}", base::RunId::fresh())).expect("the bucket opens"))
        .await;
}

/// A fresh SQLite database for a test that is about something else than SQL.
pub async fn sqlite(migrations: Migrations) -> Db {
    open("sqlite::memory:", &migrations).await
}

/// The address of a new, empty PostgreSQL database.
pub async fn fresh_postgres() -> String {
    let server = std::env::var("IRONLOOP_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!("IRONLOOP_TEST_POSTGRES is not set: run `cargo xtask test`, which starts PostgreSQL for the tests")
    });
    let name = format!("t_{}", base::RunId::fresh());
    store::create_postgres_database(&server, &name)
        .await
        .expect("a fresh PostgreSQL database")
}

async fn open(url: &str, migrations: &Migrations) -> Db {
    let db = Db::open(url, clock()).await.expect("the database opens");
    migrations.run(&db).await.expect("the migrations run");
    db
}
