//! The SQL of endpoints, revisions and rollouts.

use base::{Error, Result};
use serde_json::json;
use store::{AuditEntry, Db, Tx};

use crate::revision::Revision;
use crate::rollout::Rollout;

/// The tables of this stage, step by step.
pub const MIGRATIONS: &[&str] = &["
create table endpoint (
  name TEXT primary key,
  project TEXT not null,
  model TEXT not null,
  created_at BIGINT not null
);
create table revision (
  endpoint TEXT not null,
  revision BIGINT not null,
  project TEXT not null,
  model TEXT not null,
  version BIGINT not null,
  digest TEXT not null,
  path TEXT not null,
  config TEXT not null,
  state TEXT not null,
  share BIGINT not null,
  created_at BIGINT not null,
  primary key (endpoint, revision)
);
create table rollout (
  id TEXT primary key,
  seq BIGINT not null,
  project TEXT not null,
  endpoint TEXT not null,
  from_revision BIGINT not null,
  to_revision BIGINT not null,
  steps TEXT not null,
  step BIGINT not null,
  state TEXT not null,
  reason TEXT not null,
  actor TEXT not null,
  at BIGINT not null,
  step_at BIGINT not null,
  ended_at BIGINT
);
create unique index rollout_by_endpoint on rollout (endpoint, seq);
create index rollout_by_state on rollout (state);
"];

const REVISION: &str =
    "project, endpoint, revision, model, version, digest, path, config, state, share, created_at";
const ROLLOUT: &str = "id, project, endpoint, from_revision, to_revision, steps, step, state, reason, actor, at, step_at, ended_at";

/// One endpoint as stored.
#[derive(Clone, Debug, store::FromRow)]
pub struct EndpointRow {
    pub name: String,
    pub project: String,
    pub model: String,
}

pub async fn endpoints(db: &Db, project: &str) -> Result<Vec<EndpointRow>> {
    db.rows(
        "select name, project, model from endpoint where $1 = '' or project = $1 order by name",
        &[project.into()],
    )
    .await
}

pub async fn endpoint(db: &Db, project: &str, name: &str) -> Result<EndpointRow> {
    let found = db
        .row(
            "select name, project, model from endpoint where name = $1 and project = $2",
            &[name.into(), project.into()],
        )
        .await?;
    found.ok_or_else(|| {
        Error::not_found(format!(
            "the endpoint {name:?} of project {project:?} was never deployed"
        ))
        .hint(format!("run `ironloop deploy {name}`"))
    })
}

/// The revisions of an endpoint, newest first.
pub async fn revisions(db: &Db, endpoint: &str) -> Result<Vec<Revision>> {
    let sql = store::dynamic_sql(format!(
        "select {REVISION} from revision where endpoint = $1 order by revision desc limit 200"
    ));
    db.rows(sql, &[endpoint.into()]).await
}

/// The rollouts of an endpoint, newest first.
pub async fn rollouts(db: &Db, endpoint: &str) -> Result<Vec<Rollout>> {
    let sql = store::dynamic_sql(format!(
        "select {ROLLOUT} from rollout where endpoint = $1 order by seq desc limit 500"
    ));
    db.rows(sql, &[endpoint.into()]).await
}

/// Rollouts that have not ended, of all endpoints.
pub async fn open_rollouts(db: &Db) -> Result<Vec<Rollout>> {
    let sql = store::dynamic_sql(format!(
        "select {ROLLOUT} from rollout where state in ('planned', 'running') order by at"
    ));
    db.rows(sql, &[]).await
}

/// Stores a new revision and its planned rollout. The answer is the revision with its number.
pub async fn plan(
    db: &Db,
    new: Revision,
    rollout: Rollout,
    model_ref: String,
) -> Result<(Revision, Rollout)> {
    db.write(move |tx| {
        let (mut revision, mut rollout, model_ref) =
            (new.clone(), rollout.clone(), model_ref.clone());
        Box::pin(async move {
            claim_name(tx, &revision, &model_ref).await?;
            let (last,): (i64,) = tx
                .row(
                    "select coalesce(max(revision), 0) from revision where endpoint = $1",
                    &[(&revision.endpoint).into()],
                )
                .await?
                .unwrap_or_default();
            revision.revision = last + 1;
            revision.created_at = tx.clock().now_ms();
            rollout.to_revision = revision.revision;
            (rollout.at, rollout.step_at) = (revision.created_at, revision.created_at);
            insert_revision(tx, &revision).await?;
            insert_rollout(tx, &rollout).await?;
            audit(
                tx,
                &rollout,
                "deployment.deployed",
                json!({"version": revision.version, "digest": revision.digest}),
            )
            .await?;
            Ok((revision, rollout))
        })
    })
    .await
}

/// An endpoint's name is part of its address, so it belongs to one project.
async fn claim_name(tx: &mut Tx<'_>, revision: &Revision, model_ref: &str) -> Result<()> {
    let now = tx.clock().now_ms();
    let owner: Option<(String,)> = tx
        .row(
            "select project from endpoint where name = $1",
            &[(&revision.endpoint).into()],
        )
        .await?;
    match owner {
        None => {
            tx.execute(
                "insert into endpoint (name, project, model, created_at) values ($1, $2, $3, $4)",
                &[
                    (&revision.endpoint).into(),
                    (&revision.project).into(),
                    model_ref.into(),
                    now.into(),
                ],
            )
            .await?;
        }
        Some((owner,)) if owner == revision.project => {
            tx.execute(
                "update endpoint set model = $2 where name = $1",
                &[(&revision.endpoint).into(), model_ref.into()],
            )
            .await?;
        }
        Some((owner,)) => {
            return Err(Error::already_exists(format!(
                "the endpoint {:?} belongs to project {owner:?}",
                revision.endpoint
            ))
            .hint("choose another name in [deployment.<name>]"));
        }
    }
    Ok(())
}

async fn insert_revision(tx: &mut Tx<'_>, r: &Revision) -> Result<()> {
    tx.execute(
        "insert into revision (project, endpoint, revision, model, version, digest, path, config, state, share, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[(&r.project).into(), (&r.endpoint).into(), r.revision.into(), (&r.model).into(), r.version.into(), (&r.digest).into(), (&r.path).into(), (&r.config).into(), (&r.state).into(), r.share.into(), r.created_at.into()],
    )
    .await?;
    Ok(())
}

async fn insert_rollout(tx: &mut Tx<'_>, r: &Rollout) -> Result<()> {
    let (last,): (i64,) = tx
        .row(
            "select coalesce(max(seq), 0) from rollout where endpoint = $1",
            &[(&r.endpoint).into()],
        )
        .await?
        .unwrap_or_default();
    tx.execute(
        "insert into rollout (id, seq, project, endpoint, from_revision, to_revision, steps, step, state, reason, actor, at, step_at, ended_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        &[(&r.id).into(), (last + 1).into(), (&r.project).into(), (&r.endpoint).into(), r.from_revision.into(), r.to_revision.into(), (&r.steps).into(), r.step.into(), (&r.state).into(), (&r.reason).into(), (&r.actor).into(), r.at.into(), r.step_at.into(), r.ended_at.into()],
    )
    .await?;
    Ok(())
}

async fn audit(
    tx: &mut Tx<'_>,
    rollout: &Rollout,
    action: &str,
    mut detail: serde_json::Value,
) -> Result<()> {
    detail["from"] = rollout.from_revision.into();
    detail["to"] = rollout.to_revision.into();
    let entry = AuditEntry {
        actor: rollout.actor.clone(),
        action: action.to_owned(),
        project: rollout.project.clone(),
        object: format!("endpoint/{}", rollout.endpoint),
        detail,
    };
    tx.audit(&entry).await
}

/// Stores where a rollout stands now, and with it the shares and states of the revisions.
pub async fn step(db: &Db, rollout: &Rollout, shares: Vec<(i64, i64, &'static str)>) -> Result<()> {
    let rollout = rollout.clone();
    db.write(move |tx| {
        let (rollout, shares) = (rollout.clone(), shares.clone());
        Box::pin(async move {
            save(tx, &rollout).await?;
            set_shares(tx, &rollout.endpoint, &shares).await?;
            let action = match rollout.state.as_str() {
                "rolled_back" => "deployment.rolled_back",
                "done" => "deployment.rolled_out",
                _ => "deployment.stepped",
            };
            audit(
                tx,
                &rollout,
                action,
                json!({"step": rollout.step, "reason": rollout.reason}),
            )
            .await
        })
    })
    .await
}

/// Stores a rollout that goes back to an earlier revision at once, and ends those under way.
pub async fn go_back(
    db: &Db,
    rollout: Rollout,
    shares: Vec<(i64, i64, &'static str)>,
) -> Result<()> {
    db.write(move |tx| {
        let (rollout, shares) = (rollout.clone(), shares.clone());
        Box::pin(async move {
            tx.execute(
                "update rollout set state = 'rolled_back', reason = $2, ended_at = $3 where endpoint = $1 and state in ('planned', 'running')",
                &[(&rollout.endpoint).into(), (&rollout.reason).into(), rollout.at.into()],
            )
            .await?;
            insert_rollout(tx, &rollout).await?;
            set_shares(tx, &rollout.endpoint, &shares).await?;
            audit(tx, &rollout, "deployment.rolled_back", json!({"reason": rollout.reason})).await
        })
    })
    .await
}

async fn save(tx: &mut Tx<'_>, r: &Rollout) -> Result<()> {
    tx.execute(
        "update rollout set step = $2, state = $3, reason = $4, step_at = $5, ended_at = $6 where id = $1",
        &[(&r.id).into(), r.step.into(), (&r.state).into(), (&r.reason).into(), r.step_at.into(), r.ended_at.into()],
    )
    .await?;
    Ok(())
}

async fn set_shares(
    tx: &mut Tx<'_>,
    endpoint: &str,
    shares: &[(i64, i64, &'static str)],
) -> Result<()> {
    for &(revision, share, state) in shares {
        tx.execute(
            "update revision set share = $3, state = $4 where endpoint = $1 and revision = $2",
            &[endpoint.into(), revision.into(), share.into(), state.into()],
        )
        .await?;
    }
    Ok(())
}
