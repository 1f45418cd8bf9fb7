//! Going back: to an earlier revision by hand, and to what served before a restart.

use base::{Error, Result};

use super::Serving;
use super::change::apply;
use crate::revision::{Revision, RevisionState};
use crate::rollout::Rollout;
use crate::sql;

impl Serving {
    /// Gives all traffic back to the revision before the one that serves, and stops a rollout under way.
    pub async fn rollback(&self, project: &str, endpoint: &str, actor: &str) -> Result<Revision> {
        let _one_at_a_time = self.0.changing.lock().await;
        sql::endpoint(&self.0.db, project, endpoint).await?;
        let revisions = sql::revisions(&self.0.db, endpoint).await?;
        let newest = revisions
            .iter()
            .find(|revision| revision.state == RevisionState::Serving.as_str())
            .ok_or_else(|| Error::conflict(format!("nothing serves at {endpoint}")))?;
        // Under way: back to where it came from. Otherwise: back to what served before the newest.
        let earlier = revisions.iter().find(|revision| {
            revision.revision < newest.revision
                && (revision.state == RevisionState::Serving.as_str()
                    || revision.state == RevisionState::Retired.as_str())
        });
        let earlier = earlier.cloned().ok_or_else(|| {
            Error::conflict(format!("{endpoint} has no earlier revision to go back to"))
        })?;
        self.return_to(
            earlier,
            newest.revision,
            &format!("rolled back by {actor}"),
            actor,
        )
        .await
    }

    /// Loads an earlier revision if it is not loaded and gives it all traffic.
    async fn return_to(
        &self,
        earlier: Revision,
        from: i64,
        reason: &str,
        actor: &str,
    ) -> Result<Revision> {
        let loaded = self
            .endpoint(&earlier.endpoint)
            .is_ok_and(|endpoint| endpoint.traffic.load().find(earlier.revision).is_some());
        if !loaded {
            self.put(self.load(earlier.clone()).await?, 0);
        }
        let endpoint = self.endpoint(&earlier.endpoint)?;
        let now = self.0.clock.now_ms();
        let mut shares = Self::shares(&endpoint, earlier.revision, 0, 100);
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
        Ok(Revision {
            share: 100,
            state: RevisionState::Serving.as_str().to_owned(),
            ..earlier
        })
    }

    /// Loads what served before a restart. A revision whose files no longer have their digest is refused and
    /// reported, and an earlier one takes its place where there is one; the other endpoints are not touched.
    pub async fn restore(&self) -> Result<()> {
        {
            let _one_at_a_time = self.0.changing.lock().await;
            for row in sql::endpoints(&self.0.db, "").await? {
                if let Err(error) = self.restore_endpoint(&row.name).await {
                    tracing::error!(
                        endpoint = row.name,
                        "endpoint {} could not be restored: {error:?}",
                        row.name
                    );
                }
            }
        }
        self.advance().await
    }

    async fn restore_endpoint(&self, name: &str) -> Result<()> {
        let revisions = sql::revisions(&self.0.db, name).await?;
        let open = sql::open_rollouts(&self.0.db).await?;
        let planned = |number: i64| {
            open.iter()
                .any(|rollout| rollout.endpoint == name && rollout.to_revision == number)
        };
        let mut failed = None;
        for revision in revisions
            .iter()
            .filter(|revision| revision.share > 0 || planned(revision.revision))
        {
            match self.load(revision.clone()).await {
                Ok(live) => drop(self.put(live, revision.share)),
                Err(error) => {
                    tracing::error!(
                        endpoint = name,
                        revision = revision.revision,
                        "revision {} of {name} is not served: {error:?}",
                        revision.revision
                    );
                    failed = Some((revision.clone(), error));
                }
            }
        }
        let Some((broken, error)) = failed else {
            return Ok(());
        };
        let reason = format!("revision {} could not be loaded: {error}", broken.revision);
        let candidates = revisions.iter().filter(|revision| {
            revision.revision != broken.revision && revision.state != RevisionState::Failed.as_str()
        });
        for earlier in candidates {
            match self
                .return_to(earlier.clone(), broken.revision, &reason, "ironloop")
                .await
            {
                Ok(_) => return Ok(()),
                Err(error) => tracing::error!(
                    endpoint = name,
                    revision = earlier.revision,
                    "nor is revision {}: {error:?}",
                    earlier.revision
                ),
            }
        }
        Err(error)
    }
}
