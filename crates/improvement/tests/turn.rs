//! One turn of the loop, with nothing made up but the data: a model is trained and serves, the world changes, the
//! live criterion raises an alert, a retraining makes a better model, it is rolled out, and the alert resolves.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, TimestampMicrosecondArray};
use base::{Clock, Timestamp};
use data::Data;
use deployment::{Request, Serving};
use improvement::{Context, Decision, RetrainingState};
use monitoring::{AlertState, Monitoring, Outcome, State};
use project::Project;
use store::{Blobs, Db, Migrations};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// 2026-01-05T00:00:00Z, a Monday.
const START: i64 = 1_767_571_200_000;
/// The model goes live.
const LIVE: i64 = 80;
/// From this day on twice as many rides follow from the same load; no input tells.
const CHANGE: i64 = 94;
const END: i64 = 136;

/// Hour `hour` after the start: load and rides. The load has a rhythm and noise; rides follow it.
fn world(hour: i64) -> (f64, f64) {
    let noise = |salt: u64| {
        let mut x = (hour as u64)
            .wrapping_add(salt)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        x = (x ^ (x >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((x >> 40) as f64 / f64::from(1 << 24)) - 0.5
    };
    let rhythm = 1.0 + ((hour % 24) as f64 * std::f64::consts::TAU / 24.0).sin() * 0.5;
    let load = 100.0 * rhythm + 40.0 * noise(1);
    let level = if hour.div_euclid(24) < CHANGE {
        1.0
    } else {
        2.0
    };
    (load, level * load + 10.0 * noise(2))
}

fn history() -> RecordBatch {
    let hours = 0..END * 24;
    let floats = |value: fn(i64) -> f64| {
        Arc::new(Float64Array::from_iter_values(hours.clone().map(value))) as ArrayRef
    };
    let moments = TimestampMicrosecondArray::from_iter_values(
        hours.clone().map(|hour| (START + hour * HOUR) * 1000),
    );
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("ts", Arc::new(moments)),
        ("load", floats(|hour| world(hour).0)),
        ("rides", floats(|hour| world(hour).1)),
        ("week_ago", floats(|hour| world((hour - 168).max(0)).1)),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn write_history(folder: &Path) {
    let batch = history();
    let file = std::fs::File::create(folder.join("rides.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

struct Loop {
    ctx: Context,
    project: Project,
    clock: Clock,
}

impl Loop {
    async fn open(folder: &Path) -> Self {
        let clock = Clock::manual(Timestamp::from_millisecond(START + LIVE * DAY).unwrap());
        let db = Db::open(
            &format!("sqlite:{}", folder.join("ironloop.db").display()),
            clock.clone(),
        )
        .await
        .unwrap();
        Migrations::default()
            .with("project", project::MIGRATIONS)
            .with("data", data::MIGRATIONS)
            .with("experiments", experiments::MIGRATIONS)
            .with("registry", registry::MIGRATIONS)
            .with("deployment", deployment::MIGRATIONS)
            .with("monitoring", monitoring::MIGRATIONS)
            .with("improvement", improvement::MIGRATIONS)
            .run(&db)
            .await
            .unwrap();
        let blobs = Blobs::open(&folder.join("artifacts").display().to_string()).unwrap();
        let tables = folder.join("tables").display().to_string();
        let data = Data::new(db.clone(), &tables).unwrap();
        let serving = Serving::new(db.clone(), blobs.clone(), &tables, clock.clone());
        let monitoring = Monitoring::new(db.clone(), blobs.clone(), data.clone(), serving.clone());
        let (project, _) = project::apply(&db, include_str!("turn.toml"), folder, "fleet")
            .await
            .unwrap();
        let ctx = Context {
            db,
            blobs,
            data,
            serving,
            monitoring,
            tracking_uri: "http://127.0.0.1:1".to_owned(),
        };
        Self {
            ctx,
            project,
            clock,
        }
    }

    /// Trains the first model and lets the stakeholder sign it.
    async fn begin(&self) {
        let Self { ctx, project, .. } = self;
        ctx.data.add(project, "rides", None, "de").await.unwrap();
        let with = training::TrainContext::new(
            ctx.db.clone(),
            ctx.blobs.clone(),
            ctx.data.clone(),
            ctx.tracking_uri.clone(),
        );
        let trained = training::train(&with, project, &|_| {}).await.unwrap();
        let registry = registry::Context {
            db: ctx.db.clone(),
            blobs: ctx.blobs.clone(),
            data: ctx.data.clone(),
        };
        let registration = registry::register(&registry, project, &trained.best_run, "ds")
            .await
            .unwrap();
        let version = registration
            .version
            .expect("the first model passes")
            .version;
        let signed = registry::Signature {
            role: project::Role::Stakeholder,
            decision: registry::Decision::Approve,
            reason: "it beats last week's numbers".to_owned(),
            actor: "fleet".to_owned(),
        };
        registry::approve(&ctx.db, project, "champion", version, signed)
            .await
            .unwrap();
        registry::promote(&ctx.db, project, version, "champion", "fleet")
            .await
            .unwrap();
        ctx.serving
            .deploy(project, "rides-api", None, "mle")
            .await
            .unwrap();
    }

    /// The requests of one day; the truth of the day before arrives with them, twice.
    async fn live(&self, day: i64) {
        for hour in day * 24..(day + 1) * 24 {
            self.clock
                .set(Timestamp::from_millisecond(START + hour * HOUR).unwrap());
            let column = |value: f64| Arc::new(Float64Array::from(vec![value])) as ArrayRef;
            let batch = RecordBatch::try_from_iter([
                ("load", column(world(hour).0)),
                ("week_ago", column(world(hour - 168).1)),
            ])
            .unwrap();
            let request = Request {
                ids: vec![Some(format!("h{hour}"))],
                ..Request::new(batch)
            };
            self.ctx
                .serving
                .predict("rides-api", request)
                .await
                .expect("every request is answered");
        }
        let before = (day - 1).max(LIVE) * 24..day * 24;
        let truth = |hour| Outcome {
            prediction_id: format!("h{hour}"),
            value: world(hour).1,
            today: None,
            at: None,
        };
        let outcomes: Vec<Outcome> = before.map(truth).collect();
        let told = outcomes.len();
        let recorded = self
            .ctx
            .monitoring
            .record(&self.project, "rides-api", outcomes.clone())
            .await
            .unwrap();
        assert_eq!(recorded.stored, told, "{recorded:?}");
        let again = self
            .ctx
            .monitoring
            .record(&self.project, "rides-api", outcomes)
            .await
            .unwrap();
        assert_eq!(again.duplicate, told);
    }

    /// Judges what is due and lets the loop act on it; the answer is how many new windows there were.
    async fn look(&self) -> usize {
        let Self {
            ctx,
            project,
            clock,
        } = self;
        let passed = ctx.monitoring.run_due(project).await.unwrap();
        assert!(
            ctx.monitoring.run_due(project).await.unwrap().is_empty(),
            "a second pass has nothing to do"
        );
        for firing in improvement::react(ctx, project).await.unwrap() {
            assert_eq!(firing.decision, Decision::Fired, "{}", firing.reason);
            let id = firing.retraining.unwrap();
            let outcome = improvement::run_retraining(ctx, project, &id, &|_, _, _, _| {})
                .await
                .unwrap();
            assert_eq!(
                improvement::run_retraining(ctx, project, &id, &|_, _, _, _| {})
                    .await
                    .unwrap(),
                outcome
            );
        }
        assert!(
            improvement::react(ctx, project).await.unwrap().is_empty(),
            "an event has an effect once"
        );
        passed
            .iter()
            .filter(|window| window.end > clock.now_ms() - 7 * DAY)
            .count()
    }
}

// proves S06 S13 S24 S51
#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_decays_is_replaced_by_a_better_one_while_every_request_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    write_history(folder.path());
    let turn = Loop::open(folder.path()).await;
    turn.begin().await;
    let (ctx, project) = (&turn.ctx, &turn.project);

    let mut windows = 0;
    for day in LIVE..END {
        turn.live(day).await;
        if day > LIVE + 1 && (day - LIVE) % 7 == 1 {
            windows += turn.look().await;
        }
    }

    let series = ctx.monitoring.series(project, "rides-api").await.unwrap();
    assert_eq!(series.windows.len(), windows);
    assert_eq!(series.metric.as_deref(), Some("wape"));
    let states = |monitor: &str| -> Vec<State> {
        let checks = series
            .windows
            .iter()
            .filter_map(|window| window.checks.iter().find(|check| check.monitor == monitor));
        checks.map(|check| check.state).collect()
    };
    let right = states("still-right");
    assert_eq!(right[0], State::Ok, "{right:?}");
    assert!(right.contains(&State::Alert), "{right:?}");
    assert_eq!(
        right.last(),
        Some(&State::Ok),
        "the new model is right again: {right:?}"
    );
    assert!(
        states("input-drift")
            .iter()
            .all(|state| *state == State::Ok),
        "no input changed: {:?}",
        states("input-drift")
    );
    assert!(
        states("answer-drift")
            .iter()
            .all(|state| *state != State::Unknown),
        "{:?}",
        states("answer-drift")
    );
    assert!(
        states("not-too-old")
            .iter()
            .all(|state| *state == State::Ok)
    );
    let today = &series.windows[1].today["wape"];
    assert!(
        today.as_f64().is_some_and(|value| value > 0.0),
        "callers send what today's rule says: {today}"
    );

    let turns = improvement::retrainings(&ctx.db, "rides", &base::PageRequest::default())
        .await
        .unwrap()
        .items;
    assert!(
        turns
            .iter()
            .all(|turn| turn.state.ended() && turn.state != RetrainingState::Failed),
        "{turns:#?}"
    );
    let newest = turns
        .iter()
        .filter(|turn| turn.state == RetrainingState::Promoted)
        .filter_map(|turn| turn.challenger)
        .max();
    assert!(newest.is_some(), "{turns:#?}");
    assert_eq!(
        series.windows.last().and_then(|window| window.version),
        newest
    );
    assert!(
        series
            .alerts
            .iter()
            .filter(|alert| alert.monitor == "still-right")
            .all(|alert| alert.state == AlertState::Resolved)
    );
    assert!(store::verify_audit(&ctx.db).await.unwrap() > 0);
}
