//! The SQL of evaluations.

use base::Result;
use store::Db;

use crate::evaluation::Evaluation;

/// The step that makes the tables of gates.
pub(crate) const GATE_TABLES: &str = "
create table evaluation (
  id TEXT primary key,
  project TEXT not null,
  number BIGINT not null,
  model TEXT not null,
  version BIGINT,
  run_id TEXT not null,
  model_digest TEXT not null,
  holdout_key TEXT not null,
  created_at BIGINT not null,
  document TEXT not null,
  unique (project, number)
);
create index evaluation_by_version on evaluation (project, model, version, number);
create index evaluation_by_run on evaluation (project, run_id, number);
create index evaluation_by_holdout on evaluation (project, holdout_key, model_digest);
create table approval (
  id TEXT primary key,
  project TEXT not null,
  gate TEXT not null,
  model TEXT not null,
  version BIGINT not null,
  role TEXT not null,
  state TEXT not null,
  binding TEXT not null,
  asked_at BIGINT not null,
  decided_at BIGINT,
  decided_by TEXT not null,
  own BOOLEAN not null,
  reason TEXT not null
);
create index approval_by_version on approval (project, model, version, gate);
create index approval_by_state on approval (state, project);
create table gate_pass (
  project TEXT not null,
  gate TEXT not null,
  model TEXT not null,
  version BIGINT not null,
  binding TEXT not null,
  spec_digest TEXT not null,
  passed_at BIGINT not null,
  primary key (project, gate, model, version, binding)
);
";

/// Stores an evaluation as the newest of its project.
pub(crate) async fn save(db: &Db, evaluation: &Evaluation, holdout_key: &str) -> Result<()> {
    let (evaluation, key) = (evaluation.clone(), holdout_key.to_owned());
    let document = serde_json::to_string(&evaluation)?;
    db.write(move |tx| {
        let (evaluation, key, document) = (evaluation.clone(), key.clone(), document.clone());
        Box::pin(async move {
            tx.execute(
                "insert into evaluation (id, project, number, model, version, run_id, model_digest, holdout_key, created_at, document) values ($1, $2, (select coalesce(max(number), 0) + 1 from evaluation where project = $2), $3, $4, $5, $6, $7, $8, $9)",
                &[
                    evaluation.id.as_str().into(),
                    evaluation.project.as_str().into(),
                    evaluation.model.as_str().into(),
                    evaluation.version.into(),
                    evaluation.run_id.clone().unwrap_or_default().into(),
                    evaluation.model_digest.as_str().into(),
                    key.into(),
                    evaluation.created_at.into(),
                    document.into(),
                ],
            )
            .await?;
            tx.audit(&store::AuditEntry {
                actor: evaluation.created_by.clone(),
                action: "registry.evaluated".to_owned(),
                object: object_of(&evaluation),
                project: evaluation.project,
                detail: serde_json::json!({
                    "evaluation": evaluation.id, "model_digest": evaluation.model_digest, "dataset": evaluation.dataset,
                    "criteria": evaluation.criteria.iter().map(|it| serde_json::json!([it.id, it.version, it.verdict])).collect::<Vec<_>>(),
                }),
            })
            .await
        })
    })
    .await
}

fn object_of(evaluation: &Evaluation) -> String {
    match (evaluation.version, &evaluation.run_id) {
        (Some(version), _) => format!("model/{}/{version}", evaluation.model),
        (None, Some(run)) => format!("run/{run}"),
        (None, None) => format!("model/{}", evaluation.model),
    }
}

/// How many different models a holdout has judged, with the one of `model_digest` included.
pub(crate) async fn holdout_uses(
    db: &Db,
    project: &str,
    holdout_key: &str,
    model_digest: &str,
) -> Result<i64> {
    let before: Option<(i64,)> = db
        .row(
            "select count(distinct model_digest) from evaluation where project = $1 and holdout_key = $2 and model_digest <> $3",
            &[project.into(), holdout_key.into(), model_digest.into()],
        )
        .await?;
    Ok(before.map_or(1, |(before,)| before + 1))
}

/// The newest evaluation of a version.
pub async fn evaluation_of_version(
    db: &Db,
    project: &str,
    model: &str,
    version: i64,
) -> Result<Option<Evaluation>> {
    read(
        db.row(
            "select document from evaluation where project = $1 and model = $2 and version = $3 order by number desc limit 1",
            &[project.into(), model.into(), version.into()],
        )
        .await?,
    )
}

/// The newest evaluation of a run's model.
pub async fn evaluation_of_run(db: &Db, project: &str, run_id: &str) -> Result<Option<Evaluation>> {
    read(
        db.row(
            "select document from evaluation where project = $1 and run_id = $2 order by number desc limit 1",
            &[project.into(), run_id.into()],
        )
        .await?,
    )
}

/// The newest evaluations of a project, at most `limit`.
pub async fn evaluations(db: &Db, project: &str, limit: usize) -> Result<Vec<Evaluation>> {
    let rows: Vec<(String,)> = db
        .rows(
            "select document from evaluation where project = $1 order by number desc limit $2",
            &[project.into(), limit.into()],
        )
        .await?;
    rows.into_iter()
        .map(|(document,)| Ok(serde_json::from_str(&document)?))
        .collect()
}

fn read(row: Option<(String,)>) -> Result<Option<Evaluation>> {
    row.map(|(document,)| serde_json::from_str(&document))
        .transpose()
        .map_err(Into::into)
}
