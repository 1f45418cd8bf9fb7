//! Whole trainings: on both databases, cut off and taken up again, with programs that misbehave.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base::Kind;
use experiments::{LoggedModelStatus, Run, RunStatus, Search};
use project::Project;
use store::{Blobs, Db, Migrations};
use tempfile::TempDir;
use training::{TrainContext, TrainOutcome};

fn migrations() -> Migrations {
    Migrations::default()
        .with("project", project::MIGRATIONS)
        .with("data", data::MIGRATIONS)
        .with("experiments", experiments::MIGRATIONS)
}

/// The bikes example, with less to train: 60 days, few small trees.
fn small_bikes(candidates: &str) -> String {
    let text = include_str!("../../../../examples/bikes/ironloop.toml");
    let (before, rest) = text.split_once("[[train.candidate]]").expect("candidates");
    let (_, after) = rest
        .split_once("# ── EVALUATE")
        .expect("a section on evaluation");
    format!("{before}{candidates}\n# ── EVALUATE{after}")
        .replace("window     = \"365d\"", "window = \"60d\"")
        .replace("trials = 6", "trials = 3")
}

const THREE: &str = r#"
[[train.candidate]]
id = "forest"
algorithm = "random_forest"
space = { trees = { int = [5, 20] }, max_depth = { int = [4, 9] } }

[[train.candidate]]
id = "boost"
algorithm = "gradient_boosting"
params = { trees = 30 }
space = { learning_rate = { log = [0.05, 0.5] }, leaves = { int = [4, 31] } }

[[train.candidate]]
id = "simplest"
algorithm = "ridge"
"#;

struct Place {
    ctx: TrainContext,
    project: Project,
    _folder: TempDir,
}

async fn place(db: Db, candidates: &str) -> Place {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let data = data::Data::new(db.clone(), &at("tables")).expect("opens");
    let blobs = Blobs::open(&at("artifacts")).expect("opens");
    let bikes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/bikes");
    let (project, _) = project::apply(&db, &small_bikes(candidates), &bikes, "tester")
        .await
        .expect("applies");
    data.add(&project, "trips", None, "tester")
        .await
        .expect("adds");
    Place {
        ctx: TrainContext::new(db, blobs, data, "http://127.0.0.1:9"),
        project,
        _folder: folder,
    }
}

async fn train(place: &Place) -> TrainOutcome {
    training::train(&place.ctx, &place.project, &|_| {})
        .await
        .expect("trains")
}

async fn trials(place: &Place, outcome: &TrainOutcome) -> Vec<Run> {
    let parent = experiments::get_run(&place.ctx.db, &outcome.parent_run)
        .await
        .expect("the parent");
    let search = Search {
        experiment_ids: vec![parent.experiment_id],
        filter: format!("tags.`mlflow.parentRunId` = '{}'", parent.id),
        ..Search::default()
    };
    experiments::search_runs(&place.ctx.db, &search)
        .await
        .expect("runs")
        .items
}

// proves S41 S42
#[tokio::test(flavor = "multi_thread")]
async fn candidates_become_trials_and_the_best_of_each_becomes_a_model() {
    testkit::on_both(migrations(), |db| async move {
        let place = place(db, THREE).await;
        let outcome = train(&place).await;
        assert_eq!(outcome.leaderboard.len(), 7, "{:?}", outcome.leaderboard);
        assert_eq!(outcome.best_run, outcome.leaderboard[0].run_id);
        assert!(
            outcome.leaderboard.is_sorted_by(|a, b| a.mean <= b.mean),
            "less wape is better"
        );
        assert_ne!(
            outcome.leaderboard[0].candidate, "simplest",
            "hours and weekdays work together"
        );

        let db = &place.ctx.db;
        let parent = experiments::get_run(db, &outcome.parent_run)
            .await
            .expect("the parent");
        assert_eq!(parent.status, RunStatus::Finished);
        assert_eq!(
            parent.tag("ironloop.best_run"),
            Some(outcome.best_run.as_str())
        );

        let trials = trials(&place, &outcome).await;
        assert_eq!(trials.len(), 7);
        for run in &trials {
            assert_eq!(run.status, RunStatus::Finished);
            for metric in ["wape", "wape_std", "mae", "rmse", "r2"] {
                assert!(
                    run.metric(metric).is_some_and(f64::is_finite),
                    "{metric} of {}",
                    run.name
                );
            }
            assert_eq!(run.tag("ironloop.dataset"), Some("trips"));
            assert_eq!(run.datasets.len(), 1);
        }
        for candidate in ["simplest", "forest", "boost"] {
            let with_model = trials.iter().filter(|run| {
                run.tag("ironloop.candidate") == Some(candidate)
                    && run.tag("ironloop.model.digest").is_some()
            });
            assert_eq!(with_model.count(), 1, "one model of {candidate}");
        }

        let best = experiments::get_run(db, &outcome.best_run)
            .await
            .expect("the best run");
        let folder = experiments::artifact_path(&best, "model").expect("a path");
        let model = training::load(&place.ctx.blobs, &folder)
            .await
            .expect("a model");
        assert_eq!(
            Some(model.document().origin.candidate.as_str()),
            best.tag("ironloop.candidate")
        );
        let logged = experiments::get_logged_model(db, &best.model_outputs[0].model_id)
            .await
            .expect("a logged model");
        assert_eq!(logged.status, LoggedModelStatus::Ready);
        let same = experiments::blob_path(&logged.artifact_uri).expect("a path");
        let digest = training::digest(&place.ctx.blobs, &same)
            .await
            .expect("a digest");
        assert_eq!(Some(digest.as_str()), best.tag("ironloop.model.digest"));
    })
    .await;
}

// proves S41
#[tokio::test(flavor = "multi_thread")]
async fn a_training_that_was_cut_off_goes_on_and_ends_as_if_it_had_not_been() {
    let undisturbed = place(testkit::sqlite(migrations()).await, THREE).await;
    let expected = train(&undisturbed).await;

    let place = place(testkit::sqlite(migrations()).await, THREE).await;
    let finished = Arc::new(AtomicUsize::new(0));
    let seen = finished.clone();
    let watch = move |progress: training::Progress| {
        if progress.step == "trial" {
            seen.store(progress.done as usize, Ordering::SeqCst);
        }
    };
    tokio::select! {
        _ = training::train(&place.ctx, &place.project, &watch) => panic!("it was to be cut off"),
        () = async { while finished.load(Ordering::SeqCst) < 4 { tokio::time::sleep(std::time::Duration::from_millis(1)).await } } => {}
    }
    let outcome = train(&place).await;

    let shown = |outcome: &TrainOutcome| -> Vec<_> {
        outcome
            .leaderboard
            .iter()
            .map(|entry| {
                (
                    entry.candidate.clone(),
                    entry.params.clone(),
                    entry.mean.to_bits(),
                )
            })
            .collect()
    };
    assert_eq!(shown(&outcome), shown(&expected));
    let trials = trials(&place, &outcome).await;
    let done = trials
        .iter()
        .filter(|run| run.status == RunStatus::Finished)
        .count();
    assert_eq!(done, 7, "each trial was finished once");
    assert!(
        trials.iter().all(|run| run.status != RunStatus::Running),
        "what was cut off is not left running"
    );
}

// proves S41
#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_gives_the_same_best_model() {
    let digests = || async {
        let place = place(testkit::sqlite(migrations()).await, THREE).await;
        let outcome = train(&place).await;
        let best = experiments::get_run(&place.ctx.db, &outcome.best_run)
            .await
            .expect("the best run");
        let folder = experiments::artifact_path(&best, "model").expect("a path");
        place
            .ctx
            .blobs
            .get_bytes(&format!("{folder}/model.ironloop.json"))
            .await
            .expect("a model")
    };
    assert_eq!(digests().await, digests().await);
}

// proves S41
#[tokio::test(flavor = "multi_thread")]
async fn only_some_candidates_can_be_asked_for_and_the_simplest_comes_along() {
    let mut place = place(testkit::sqlite(migrations()).await, THREE).await;
    place.ctx.request.candidates = Some(vec!["boost".to_owned()]);
    place.ctx.request.trials = Some(2);
    let outcome = train(&place).await;
    let mut tried: Vec<&str> = outcome
        .leaderboard
        .iter()
        .map(|entry| entry.candidate.as_str())
        .collect();
    tried.sort_unstable();
    assert_eq!(tried, ["boost", "boost", "simplest"]);
    place.ctx.request.candidates = Some(vec!["bost".to_owned()]);
    let error = training::train(&place.ctx, &place.project, &|_| {})
        .await
        .expect_err("there is no such candidate");
    assert_eq!(
        (error.kind(), error.message()),
        (Kind::NotFound, "there is no candidate \"bost\"")
    );
}

/// Trains the one program `run` and gives back why it failed, and its run.
async fn failure(run: &str, limit: &str) -> (String, Run) {
    let candidates =
        format!("[[train.candidate]]\nid = \"mine\"\nalgorithm = \"command\"\nrun = '''{run}'''\n");
    let mut place = place(testkit::sqlite(migrations()).await, &candidates).await;
    let text = place
        .project
        .text
        .replace("limit = \"10m\"", &format!("limit = \"{limit}\""));
    place.project = project::apply(
        &place.ctx.db,
        &text,
        &place.project.base_dir.clone(),
        "tester",
    )
    .await
    .expect("applies")
    .0;
    let error = training::train(&place.ctx, &place.project, &|_| {})
        .await
        .expect_err("the program fails");
    let search = Search {
        experiment_ids: vec![
            experiments::experiment_named(&place.ctx.db, "bikes")
                .await
                .expect("exists")
                .id,
        ],
        filter: "tags.`ironloop.candidate` = 'mine'".to_owned(),
        ..Search::default()
    };
    let run = experiments::search_runs(&place.ctx.db, &search)
        .await
        .expect("runs")
        .items
        .remove(0);
    assert_eq!(run.status, RunStatus::Failed);
    let output = place
        .ctx
        .blobs
        .get_bytes(&experiments::artifact_path(&run, "output.txt").expect("a path"))
        .await
        .expect("its output is kept");
    (
        format!("{}\n{}", error.message(), String::from_utf8_lossy(&output)),
        run,
    )
}

// proves S41
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_fails_says_how_in_its_run() {
    let (said, run) = failure(
        "ls $IRONLOOP_DATA; echo $IRONLOOP_METRIC; echo no such module >&2; exit 3",
        "1m",
    )
    .await;
    assert!(
        said.contains("ended with exit code 3: no such module"),
        "{said}"
    );
    assert!(
        said.contains("train.parquet\nvalidate.parquet\nwape\n"),
        "{said}"
    );
    assert!(
        run.tag("ironloop.error")
            .is_some_and(|text| text.contains("exit code 3"))
    );
}

// proves S41
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_logs_nothing_is_told_what_is_missing() {
    let (said, _) = failure("true", "1m").await;
    assert!(
        said.contains("the program did not log the metric \"wape\""),
        "{said}"
    );
}

// proves S41
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_does_not_end_is_killed_with_its_children() {
    let mark = tempfile::tempdir().expect("a folder");
    let file = mark.path().join("still-alive");
    let (said, _) = failure(
        &format!("(sleep 3; touch {}) & sleep 60", file.display()),
        "1s",
    )
    .await;
    assert!(
        said.contains("was still running after 1 s and was stopped"),
        "{said}"
    );
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert!(!file.exists(), "a child of the program was left running");
}
