//! Changing traffic: deploy, step, roll back, restore.
//!
//! What is decided is stored first and takes effect then, so a crash at any point leaves a state from which
//! [`Serving::restore`] goes on.

use std::sync::Arc;

use base::{Error, Kind, Result};
use project::{DeploymentSpec, Op, Project};

use super::{Endpoint, Serving};
use crate::package::Package;
use crate::revision::{Revision, RevisionState};
use crate::rollout::Rollout;
use crate::sql;
use crate::traffic::{Settings, Stop, Traffic};

impl Serving {
    /// Rolls out `version` of the endpoint's model (or the version that holds the alias now) as the file says:
    /// loads it, checks its digest, tests it, then moves traffic step by step. Where the candidate fails, traffic
    /// stays where it was. Deploying what already serves answers with the revision that does.
    pub async fn deploy(&self, project: &Project, endpoint: &str, version: Option<i64>, actor: &str) -> Result<Revision> {
        let _one_at_a_time = self.0.changing.lock().await;
        let spec = project.file.deployments.get(endpoint).ok_or_else(|| {
            Error::not_found(format!("project {:?} has no deployment {endpoint:?}", project.name)).hint(format!("add [deployment.{endpoint}] to the project file and apply it"))
        })?;
        let version = self.resolve(spec, version).await?;
        let path = experiments::blob_path(&version.storage)?;
        let package = Package::read(&self.0.blobs, &path).await.map_err(|error| error.at(format_args!("{} version {}", version.name, version.version)))?;
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
        let from = revisions.iter().find(|revision| revision.state == RevisionState::Serving.as_str());
        self.end_open_rollouts(endpoint, "another rollout began").await?;
        let steps = if from.is_some() { live.settings.steps.clone() } else { vec![100] };
        let rollout = Rollout {
            id: format!("ro-{}", uuid::Uuid::new_v4().simple()),
            project: project.name.clone(),
            endpoint: endpoint.to_owned(),
            from_revision: self.stable(endpoint).map_or(0, |revision| revision.revision),
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
        stored.into_iter().find(|stored| stored.revision == revision.revision).ok_or_else(|| Error::internal("a revision that was just made is gone"))
    }

    /// The version to deploy: the alias is resolved now, and where a version is asked for it must hold the alias.
    async fn resolve(&self, spec: &DeploymentSpec, asked: Option<i64>) -> Result<registry::ModelVersion> {
        let model = &spec.model;
        let holds = match (&model.alias, model.version) {
            (Some(alias), _) => registry::alias(&self.0.db, &model.name, alias).await.map_err(|error| match error.kind() {
                Kind::NotFound => Error::conflict(format!("no version of {} is {alias}, so there is nothing to deploy", model.name))
                    .hint(format!("run `ironloop model promote {} <version> {alias}`", model.name)),
                _ => error,
            })?,
            (None, Some(version)) => registry::version(&self.0.db, &model.name, version).await?,
            (None, None) => return Err(Error::invalid(format!("the deployment {:?} names no version of a model", spec.name))),
        };
        match asked {
            Some(asked) if asked != holds.version => Err(Error::forbidden(format!("version {asked} of {} is not {}, version {} is", model.name, model_text(spec), holds.version))
                .hint("promote it first: the gate in front of the alias decides what may serve")),
            _ => Ok(holds),
        }
    }

    /// The revision that serves, or is being rolled out, with the same files and settings.
    fn already_serves(&self, revisions: &[Revision], wanted: &Revision) -> Option<Revision> {
        let newest = revisions.iter().find(|revision| revision.state == RevisionState::Serving.as_str() || revision.state == RevisionState::Ready.as_str())?;
        let same = newest.version == wanted.version && newest.model == wanted.model && newest.digest == wanted.digest && newest.config == wanted.config;
        let loaded = self.endpoint(&wanted.endpoint).is_ok_and(|endpoint| endpoint.traffic.load().find(newest.revision).is_some());
        (same && loaded).then(|| newest.clone())
    }

    /// The loaded revision with the largest share.
    fn stable(&self, endpoint: &str) -> Option<Revision> {
        let endpoint = self.endpoint(endpoint).ok()?;
        endpoint.traffic.load().largest().map(|live| live.revision.clone())
    }

    /// Takes the steps of rollouts whose hold is over. The server calls it each second; a replay calls it after it
    /// moved the clock.
    pub async fn advance(&self) -> Result<()> {
        let _one_at_a_time = self.0.changing.lock().await;
        for rollout in sql::open_rollouts(&self.0.db).await? {
            // Another process serves what is not loaded here.
            if let Ok(endpoint) = self.endpoint(&rollout.endpoint)
                && let Err(error) = self.advance_one(&endpoint, rollout).await
            {
                tracing::warn!("{error}");
            }
        }
        Ok(())
    }

    /// Takes all steps of one rollout that are due. The error says why it was rolled back.
    async fn advance_one(&self, endpoint: &Endpoint, mut rollout: Rollout) -> Result<()> {
        let steps: Vec<i64> = serde_json::from_str(&rollout.steps)?;
        loop {
            let Some(live) = endpoint.traffic.load().find(rollout.to_revision).cloned() else { return Ok(()) };
            let now = self.0.clock.now_ms();
            if let Some(reason) = live.broken() {
                self.give_back(endpoint, &mut rollout, &reason).await?;
                return Err(Error::conflict(format!("the rollout of {} version {} to {} was rolled back: {reason}", live.revision.model, live.revision.version, endpoint.name))
                    .hint("traffic stays with the revision that served before"));
            }
            if rollout.step > 0 && now < rollout.step_at.saturating_add(live.settings.hold_ms) {
                return Ok(());
            }
            let share = steps.get(rollout.step as usize).copied().unwrap_or(100);
            rollout.step += 1;
            rollout.step_at = now;
            rollout.state = if share >= 100 { "done" } else { "running" }.to_owned();
            rollout.ended_at = (share >= 100).then_some(now);
            let shares = self.shares(endpoint, rollout.to_revision, rollout.from_revision, share);
            sql::step(&self.0.db, &rollout, shares.clone()).await?;
            apply(endpoint, &shares);
            tracing::info!(endpoint = &*endpoint.name, revision = rollout.to_revision, share, "revision {} of {} has {share} % of the traffic", rollout.to_revision, endpoint.name);
            if share >= 100 {
                return Ok(());
            }
        }
    }

    /// Shares and states when `to` gets `share` percent and `from` the rest.
    fn shares(&self, endpoint: &Endpoint, to: i64, from: i64, share: i64) -> Vec<(i64, i64, &'static str)> {
        let state = |share: i64| if share > 0 { RevisionState::Serving.as_str() } else { RevisionState::Retired.as_str() };
        let loaded = endpoint.traffic.load();
        let others = loaded.0.iter().map(|(live, _)| live.revision.revision).filter(|number| *number != to);
        let mut shares = vec![(to, share, state(share))];
        shares.extend(others.map(|number| {
            let rest = if number == from { 100 - share } else { 0 };
            (number, rest, state(rest))
        }));
        shares
    }

    /// Ends a rollout: its revision has failed, the one before has all traffic.
    async fn give_back(&self, endpoint: &Endpoint, rollout: &mut Rollout, reason: &str) -> Result<()> {
        rollout.state = "rolled_back".to_owned();
        rollout.reason = reason.to_owned();
        rollout.ended_at = Some(self.0.clock.now_ms());
        let mut shares = vec![(rollout.to_revision, 0, RevisionState::Failed.as_str())];
        if rollout.from_revision > 0 {
            shares.push((rollout.from_revision, 100, RevisionState::Serving.as_str()));
        }
        sql::step(&self.0.db, rollout, shares.clone()).await?;
        apply(endpoint, &shares);
        Ok(())
    }

    async fn end_open_rollouts(&self, name: &str, reason: &str) -> Result<()> {
        for mut rollout in sql::open_rollouts(&self.0.db).await?.into_iter().filter(|rollout| rollout.endpoint == name) {
            if let Ok(endpoint) = self.endpoint(name) {
                self.give_back(&endpoint, &mut rollout, reason).await?;
            }
        }
        Ok(())
    }

    /// Gives all traffic back to the revision before the one that serves, and stops a rollout under way.
    pub async fn rollback(&self, project: &str, endpoint: &str, actor: &str) -> Result<Revision> {
        let _one_at_a_time = self.0.changing.lock().await;
        sql::endpoint(&self.0.db, project, endpoint).await?;
        let revisions = sql::revisions(&self.0.db, endpoint).await?;
        let newest = revisions.iter().find(|revision| revision.state == RevisionState::Serving.as_str()).ok_or_else(|| Error::conflict(format!("nothing serves at {endpoint}")))?;
        // Under way: back to where it came from. Otherwise: back to what served before the newest.
        let earlier = revisions.iter().find(|revision| {
            revision.revision < newest.revision && (revision.state == RevisionState::Serving.as_str() || revision.state == RevisionState::Retired.as_str())
        });
        let earlier = earlier.cloned().ok_or_else(|| Error::conflict(format!("{endpoint} has no earlier revision to go back to")))?;
        self.return_to(earlier, newest.revision, &format!("rolled back by {actor}"), actor).await
    }

    /// Loads an earlier revision if it is not loaded and gives it all traffic.
    async fn return_to(&self, earlier: Revision, from: i64, reason: &str, actor: &str) -> Result<Revision> {
        let loaded = self.endpoint(&earlier.endpoint).is_ok_and(|endpoint| endpoint.traffic.load().find(earlier.revision).is_some());
        if !loaded {
            self.put(self.load(earlier.clone()).await?, 0);
        }
        let endpoint = self.endpoint(&earlier.endpoint)?;
        let now = self.0.clock.now_ms();
        let mut shares = self.shares(&endpoint, earlier.revision, 0, 100);
        // The revision that could not be loaded is not among the loaded ones.
        if !shares.iter().any(|(number, _, _)| *number == from) {
            shares.push((from, 0, RevisionState::Failed.as_str()));
        }
        let rollout = Rollout {
            id: format!("ro-{}", uuid::Uuid::new_v4().simple()),
            project: earlier.project.clone(),
            endpoint: earlier.endpoint.clone(),
            from_revision: from,
            to_revision: earlier.revision,
            steps: "[100]".to_owned(),
            step: 1,
            state: "done".to_owned(),
            reason: reason.to_owned(),
            actor: actor.to_owned(),
            at: now,
            step_at: now,
            ended_at: Some(now),
        };
        sql::go_back(&self.0.db, rollout, shares.clone()).await?;
        apply(&endpoint, &shares);
        Ok(Revision { share: 100, state: RevisionState::Serving.as_str().to_owned(), ..earlier })
    }

    /// Loads what served before a restart. A revision whose files no longer have their digest is refused and
    /// reported, and an earlier one takes its place where there is one; the other endpoints are not touched.
    pub async fn restore(&self) -> Result<()> {
        {
            let _one_at_a_time = self.0.changing.lock().await;
            for row in sql::endpoints(&self.0.db, "").await? {
                if let Err(error) = self.restore_endpoint(&row.name).await {
                    tracing::error!(endpoint = row.name, "endpoint {} could not be restored: {error:?}", row.name);
                }
            }
        }
        self.advance().await
    }

    async fn restore_endpoint(&self, name: &str) -> Result<()> {
        let revisions = sql::revisions(&self.0.db, name).await?;
        let open = sql::open_rollouts(&self.0.db).await?;
        let planned = |number: i64| open.iter().any(|rollout| rollout.endpoint == name && rollout.to_revision == number);
        let mut failed = None;
        for revision in revisions.iter().filter(|revision| revision.share > 0 || planned(revision.revision)) {
            match self.load(revision.clone()).await {
                Ok(live) => drop(self.put(live, revision.share)),
                Err(error) => {
                    tracing::error!(endpoint = name, revision = revision.revision, "revision {} of {name} is not served: {error:?}", revision.revision);
                    failed = Some((revision.clone(), error));
                }
            }
        }
        let Some((broken, error)) = failed else { return Ok(()) };
        let reason = format!("revision {} could not be loaded: {error}", broken.revision);
        let candidates = revisions.iter().filter(|revision| revision.revision != broken.revision && revision.state != RevisionState::Failed.as_str());
        for earlier in candidates {
            match self.return_to(earlier.clone(), broken.revision, &reason, "ironloop").await {
                Ok(_) => return Ok(()),
                Err(error) => tracing::error!(endpoint = name, revision = earlier.revision, "nor is revision {}: {error:?}", earlier.revision),
            }
        }
        Err(error)
    }
}

/// Makes shares take effect. A revision without a share stays loaded only if it served last, for a quick way back.
fn apply(endpoint: &Endpoint, shares: &[(i64, i64, &'static str)]) {
    let old = endpoint.traffic.load();
    let share = |number: i64, now: i64| shares.iter().find(|(found, _, _)| *found == number).map_or(now, |(_, share, _)| *share);
    let mut revisions: Vec<_> = old.0.iter().map(|(live, now)| (live.clone(), *now, share(live.revision.revision, *now))).collect();
    revisions.retain(|(_, before, now)| *now > 0 || *before > 0);
    endpoint.traffic.store(Arc::new(Traffic(revisions.into_iter().map(|(live, _, now)| (live, now)).collect())));
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
            Some(Stop { id: criterion.id.clone(), metric: criterion.metric.clone(), op: op.to_owned(), value: criterion.value? })
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
