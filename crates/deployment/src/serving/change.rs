//! Moving traffic: the steps of a rollout, one at a time, each stored before it takes effect.

use std::sync::Arc;

use base::{Error, Result};

use super::{Endpoint, Serving};
use crate::revision::RevisionState;
use crate::rollout::Rollout;
use crate::sql;
use crate::traffic::Traffic;

impl Serving {
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
    pub(super) async fn advance_one(
        &self,
        endpoint: &Endpoint,
        mut rollout: Rollout,
    ) -> Result<()> {
        let steps: Vec<i64> = serde_json::from_str(&rollout.steps)?;
        loop {
            let Some(live) = endpoint.traffic.load().find(rollout.to_revision).cloned() else {
                return Ok(());
            };
            let now = self.0.clock.now_ms();
            if let Some(reason) = live.broken() {
                self.give_back(endpoint, &mut rollout, &reason).await?;
                return Err(Error::conflict(format!(
                    "the rollout of {} version {} to {} was rolled back: {reason}",
                    live.revision.model, live.revision.version, endpoint.name
                ))
                .hint("traffic stays with the revision that served before"));
            }
            if rollout.step > 0 && now < rollout.step_at.saturating_add(live.settings.hold_ms) {
                return Ok(());
            }
            let share = steps.get(rollout.step as usize).copied().unwrap_or(100);
            rollout.step += 1;
            rollout.step_at = now;
            if share >= 100 { "done" } else { "running" }.clone_into(&mut rollout.state);
            rollout.ended_at = (share >= 100).then_some(now);
            let shares = Self::shares(endpoint, rollout.to_revision, rollout.from_revision, share);
            sql::step(&self.0.db, &rollout, shares.clone()).await?;
            apply(endpoint, &shares);
            tracing::info!(
                endpoint = &*endpoint.name,
                revision = rollout.to_revision,
                share,
                "revision {} of {} has {share} % of the traffic",
                rollout.to_revision,
                endpoint.name
            );
            if share >= 100 {
                return Ok(());
            }
        }
    }

    /// Shares and states when `to` gets `share` percent and `from` the rest.
    pub(super) fn shares(
        endpoint: &Endpoint,
        to: i64,
        from: i64,
        share: i64,
    ) -> Vec<(i64, i64, &'static str)> {
        let state = |share: i64| {
            if share > 0 {
                RevisionState::Serving.as_str()
            } else {
                RevisionState::Retired.as_str()
            }
        };
        let loaded = endpoint.traffic.load();
        let others = loaded
            .0
            .iter()
            .map(|(live, _)| live.revision.revision)
            .filter(|number| *number != to);
        let mut shares = vec![(to, share, state(share))];
        shares.extend(others.map(|number| {
            let rest = if number == from { 100 - share } else { 0 };
            (number, rest, state(rest))
        }));
        shares
    }

    /// Ends a rollout: its revision has failed, the one before has all traffic.
    async fn give_back(
        &self,
        endpoint: &Endpoint,
        rollout: &mut Rollout,
        reason: &str,
    ) -> Result<()> {
        "rolled_back".clone_into(&mut rollout.state);
        reason.clone_into(&mut rollout.reason);
        rollout.ended_at = Some(self.0.clock.now_ms());
        let mut shares = vec![(rollout.to_revision, 0, RevisionState::Failed.as_str())];
        if rollout.from_revision > 0 {
            shares.push((rollout.from_revision, 100, RevisionState::Serving.as_str()));
        }
        sql::step(&self.0.db, rollout, shares.clone()).await?;
        apply(endpoint, &shares);
        Ok(())
    }

    pub(super) async fn end_open_rollouts(&self, name: &str, reason: &str) -> Result<()> {
        for mut rollout in sql::open_rollouts(&self.0.db)
            .await?
            .into_iter()
            .filter(|rollout| rollout.endpoint == name)
        {
            if let Ok(endpoint) = self.endpoint(name) {
                self.give_back(&endpoint, &mut rollout, reason).await?;
            }
        }
        Ok(())
    }
}

/// Makes shares take effect. A revision without a share stays loaded only if it served last, for a quick way back.
pub(super) fn apply(endpoint: &Endpoint, shares: &[(i64, i64, &'static str)]) {
    let old = endpoint.traffic.load();
    let share = |number: i64, now: i64| {
        shares
            .iter()
            .find(|(found, _, _)| *found == number)
            .map_or(now, |(_, share, _)| *share)
    };
    let mut revisions: Vec<_> = old
        .0
        .iter()
        .map(|(live, now)| (live.clone(), *now, share(live.revision.revision, *now)))
        .collect();
    revisions.retain(|(_, before, now)| *now > 0 || *before > 0);
    endpoint.traffic.store(Arc::new(Traffic(
        revisions
            .into_iter()
            .map(|(live, _, now)| (live, now))
            .collect(),
    )));
}
