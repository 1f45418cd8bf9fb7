//! Deploying: which version, with which settings, as which revision.
//!
//! What is decided is stored first and takes effect then, so a crash at any point leaves a state from which
//! [`Serving::restore`] goes on.

use base::{Error, Kind, Result};
use project::{DeploymentSpec, Op, Project};

use super::Serving;
use crate::package::Package;
use crate::revision::{Revision, RevisionState};
use crate::rollout::Rollout;
use crate::sql;
use crate::traffic::{Settings, Stop};

impl Serving {
    /// Rolls out `version` of the endpoint's model (or the version that holds the alias now) as the file says:
    /// loads it, checks its digest, tests it, then moves traffic step by step. Where the candidate fails, traffic
    /// stays where it was. Deploying what already serves answers with the revision that does.
    pub async fn deploy(
        &self,
        project: &Project,
        endpoint: &str,
        version: Option<i64>,
        actor: &str,
    ) -> Result<Revision> {
        let _one_at_a_time = self.0.changing.lock().await;
        let spec = project.file.deployments.get(endpoint).ok_or_else(|| {
            Error::not_found(format!(
                "project {:?} has no deployment {endpoint:?}",
                project.name
            ))
            .hint(format!(
                "add [deployment.{endpoint}] to the project file and apply it"
            ))
        })?;
        let version = self.resolve(spec, version).await?;
        let path = experiments::blob_path(&version.storage)?;
        let package = Package::read(&self.0.blobs, &path).await.map_err(|error| {
            error.at(format_args!("{} version {}", version.name, version.version))
        })?;
        let settings = settings(project, spec);
        let revisions = sql::revisions(&self.0.db, endpoint).await?;
        unchanged_files(&revisions, &version.name, version.version, &package.digest)?;
        let wanted = Revision {
            project: project.name.clone(),
            endpoint: endpoint.to_owned(),
            revision: 0,
            model: version.name.clone(),
            version: version.version,
            digest: package.digest.clone(),
            path,
            config: serde_json::to_string(&settings)?,
            state: RevisionState::Ready.as_str().to_owned(),
            share: 0,
            created_at: 0,
        };
        if let Some(serving) = self.already_serves(&revisions, &wanted) {
            return Ok(serving);
        }
        let mut live = self.prepare(package, wanted.clone(), settings).await?;
        let from = revisions
            .iter()
            .find(|revision| revision.state == RevisionState::Serving.as_str());
        self.end_open_rollouts(endpoint, "another rollout began")
            .await?;
        let steps = if from.is_some() {
            live.settings.steps.clone()
        } else {
            vec![100]
        };
        let rollout = Rollout {
            id: format!("ro-{}", uuid::Uuid::new_v4().simple()),
            project: project.name.clone(),
            endpoint: endpoint.to_owned(),
            from_revision: self
                .stable(endpoint)
                .map_or(0, |revision| revision.revision),
            to_revision: 0,
            steps: serde_json::to_string(&steps)?,
            step: 0,
            state: "planned".to_owned(),
            reason: String::new(),
            actor: actor.to_owned(),
            at: 0,
            step_at: 0,
            ended_at: None,
        };
        let (revision, rollout) = sql::plan(&self.0.db, wanted, rollout, model_text(spec)).await?;
        live.revision = revision.clone();
        let endpoint = self.put(live, 0);
        self.advance_one(&endpoint, rollout).await?;
        let stored = sql::revisions(&self.0.db, &revision.endpoint).await?;
        stored
            .into_iter()
            .find(|stored| stored.revision == revision.revision)
            .ok_or_else(|| Error::internal("a revision that was just made is gone"))
    }

    /// The version to deploy: the alias is resolved now, and where a version is asked for it must hold the alias.
    async fn resolve(
        &self,
        spec: &DeploymentSpec,
        asked: Option<i64>,
    ) -> Result<registry::ModelVersion> {
        let model = &spec.model;
        let holds = match (&model.alias, model.version) {
            (Some(alias), _) => registry::alias(&self.0.db, &model.name, alias)
                .await
                .map_err(|error| match error.kind() {
                    Kind::NotFound => Error::conflict(format!(
                        "no version of {} is {alias}, so there is nothing to deploy",
                        model.name
                    ))
                    .hint(format!(
                        "run `ironloop model promote {} <version> {alias}`",
                        model.name
                    )),
                    _ => error,
                })?,
            (None, Some(version)) => registry::version(&self.0.db, &model.name, version).await?,
            (None, None) => {
                return Err(Error::invalid(format!(
                    "the deployment {:?} names no version of a model",
                    spec.name
                )));
            }
        };
        match asked {
            Some(asked) if asked != holds.version => Err(Error::forbidden(format!(
                "version {asked} of {} is not {}, version {} is",
                model.name,
                model_text(spec),
                holds.version
            ))
            .hint("promote it first: the gate in front of the alias decides what may serve")),
            _ => Ok(holds),
        }
    }

    /// The revision that serves, or is being rolled out, with the same files and settings.
    fn already_serves(&self, revisions: &[Revision], wanted: &Revision) -> Option<Revision> {
        let newest = revisions.iter().find(|revision| {
            revision.state == RevisionState::Serving.as_str()
                || revision.state == RevisionState::Ready.as_str()
        })?;
        let same = newest.version == wanted.version
            && newest.model == wanted.model
            && newest.digest == wanted.digest
            && newest.config == wanted.config;
        let loaded = self
            .endpoint(&wanted.endpoint)
            .is_ok_and(|endpoint| endpoint.traffic.load().find(newest.revision).is_some());
        (same && loaded).then(|| newest.clone())
    }

    /// The loaded revision with the largest share.
    fn stable(&self, endpoint: &str) -> Option<Revision> {
        let endpoint = self.endpoint(endpoint).ok()?;
        endpoint
            .traffic
            .load()
            .largest()
            .map(|live| live.revision.clone())
    }
}

/// A version that was deployed before must still have the files that it had then.
fn unchanged_files(revisions: &[Revision], model: &str, version: i64, digest: &str) -> Result<()> {
    match revisions.iter().find(|revision| revision.model == model && revision.version == version && revision.digest != digest) {
        None => Ok(()),
        Some(other) => Err(Error::conflict(format!("the files of {model} version {version} have changed since revision {}: {digest} instead of {}", other.revision, other.digest))
            .hint("a version's files never change: restore them, or register a new version")),
    }
}

fn model_text(spec: &DeploymentSpec) -> String {
    match (&spec.model.alias, spec.model.version) {
        (Some(alias), _) => format!("{}@{alias}", spec.model.name),
        (None, Some(version)) => format!("{}/{version}", spec.model.name),
        (None, None) => spec.model.name.clone(),
    }
}

/// What the file says about running this deployment.
fn settings(project: &Project, spec: &DeploymentSpec) -> Settings {
    let stop_on = project
        .file
        .criteria
        .iter()
        .filter(|criterion| spec.rollout.stop_on.contains(&criterion.id))
        .filter_map(|criterion| {
            let op = match criterion.op {
                Op::AtMost => "<=",
                Op::AtLeast => ">=",
                Op::Less => "<",
                Op::More => ">",
            };
            Some(Stop {
                id: criterion.id.clone(),
                metric: criterion.metric.clone(),
                op: op.to_owned(),
                value: criterion.value?,
            })
        })
        .collect();
    Settings {
        steps: spec.rollout.steps.clone(),
        hold_ms: i64::try_from(spec.rollout.hold.as_millis()).unwrap_or(i64::MAX),
        stop_on,
        log_share: spec.log.share,
        log_drop: spec.log.drop.clone(),
        in_flight: spec.scale.max_in_flight,
        queue: spec.scale.queue,
        timeout_ms: u64::try_from(spec.scale.timeout.as_millis()).unwrap_or(u64::MAX),
    }
}
