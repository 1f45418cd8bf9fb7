//! A small shop that predicts its hourly orders: real rows, a real training, real files.
//!
//! Orders depend on the price; from 2026-01-06 on they are twice as many, so a model of the old days is bad then.

use std::fmt::Write as _;
use std::path::PathBuf;

use base::{RunId, SignedDuration, Timestamp};
use project::{Project, Role};
use registry::{Context, Decision, Registration, Signature};
use store::{Blobs, Db, Migrations};
use tempfile::TempDir;
use training::TrainContext;

pub const FILE: &str = include_str!("shop.toml");

pub struct Shop {
    pub ctx: Context,
    pub project: Project,
    pub home: TempDir,
}

/// Hours from 2025-12-01 on, for 70 days; those after the clock's now are not visible yet.
fn orders() -> String {
    let start = Timestamp::from_second(1_764_547_200).expect("2025-12-01");
    let mut text = "ts,price,orders,guess\n".to_owned();
    for hour in 0..70 * 24_i64 {
        let at = start + SignedDuration::from_hours(hour);
        let price = 5.0 + (hour * 7 % 11) as f64;
        let noise = ((hour * 31 % 17) - 8) as f64 * 0.5;
        let times = if hour < 36 * 24 { 1.0 } else { 2.0 };
        let orders = times * (120.0 - 6.0 * price) + noise;
        let guess = orders + if hour % 2 == 0 { 15.0 } else { -15.0 };
        writeln!(text, "{at},{price},{orders},{guess}").expect("a text grows");
    }
    text
}

pub fn tables() -> Migrations {
    Migrations::default()
        .with("project", project::MIGRATIONS)
        .with("data", data::MIGRATIONS)
        .with("experiments", experiments::MIGRATIONS)
        .with("registry", registry::MIGRATIONS)
}

impl Shop {
    /// The shop with `file` applied and its orders loaded.
    pub async fn open(db: Db, file: &str) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let at = |name: &str| home.path().join(name).display().to_string();
        std::fs::write(home.path().join("orders.csv"), orders()).expect("writes");
        let data = data::Data::new(db.clone(), &at("tables")).expect("opens");
        let blobs = Blobs::open(&at("artifacts")).expect("opens");
        let (project, _) = project::apply(&db, file, home.path(), "boss")
            .await
            .expect("applies");
        let shop = Self {
            ctx: Context { db, blobs, data },
            project,
            home,
        };
        shop.load().await;
        shop
    }

    pub fn db(&self) -> &Db {
        &self.ctx.db
    }

    pub fn folder(&self) -> PathBuf {
        self.home.path().to_owned()
    }

    /// Loads what is visible now.
    pub async fn load(&self) {
        self.ctx
            .data
            .add(&self.project, "orders", None, "de")
            .await
            .expect("adds");
    }

    /// Applies a changed file.
    pub async fn change(&mut self, from: &str, to: &str) {
        assert!(
            self.project.text.contains(from),
            "{from:?} is not in the file"
        );
        let text = self.project.text.replacen(from, to, 1);
        let folder = self.folder();
        self.project = project::apply(&self.ctx.db, &text, &folder, "boss")
            .await
            .expect("applies")
            .0;
    }

    /// Trains, and answers the best run.
    pub async fn train(&self) -> RunId {
        let ctx = TrainContext::new(
            self.ctx.db.clone(),
            self.ctx.blobs.clone(),
            self.ctx.data.clone(),
            "http://127.0.0.1:9",
        );
        let outcome = training::train(&ctx, &self.project, &|_| {})
            .await
            .expect("trains");
        outcome.best_run.to_string().parse().expect("a run id")
    }

    /// Trains and registers, as the data scientist.
    pub async fn make_version(&self) -> Registration {
        let run = self.train().await;
        registry::register(&self.ctx, &self.project, &run, "ds")
            .await
            .expect("registers")
    }

    pub async fn decide(
        &self,
        version: i64,
        actor: &str,
        decision: Decision,
    ) -> base::Result<registry::Approval> {
        let signed = Signature {
            role: Role::Stakeholder,
            decision,
            reason: "seen".to_owned(),
            actor: actor.to_owned(),
        };
        registry::approve(self.db(), &self.project, "champion", version, signed).await
    }

    pub async fn gate(&self, version: i64) -> registry::GateResult {
        registry::gate_result(self.db(), &self.project, "champion", "shop", version)
            .await
            .expect("a result")
    }

    /// The refusal of the protected alias, as an unmodified client sees it.
    pub async fn refused(&self, version: i64) -> String {
        let error = registry::set_alias(self.db(), "shop", "champion", version, "client")
            .await
            .expect_err("it is protected");
        assert_eq!(error.kind(), base::Kind::Forbidden, "{error:?}");
        error.message().to_owned()
    }
}
