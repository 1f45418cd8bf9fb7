//! The reconciler: it looks at checks, datasets and the clock, and asks for what the triggers want.
//!
//! It takes no input and can be repeated at any point. What becomes of an event is stored together with what it sets
//! off, under the key of trigger and event, so an event that is seen twice has an effect once.

use base::Result;
use monitoring::State;
use project::{Action, Event, Project, TriggerSpec};
use serde::{Deserialize, Serialize};

use ::store::{Db, Tx};

use crate::service::{Context, new_retraining};
use crate::store::retraining::NewRetraining;
use crate::store::{firing, retraining as rows, task};
use crate::trigger::{Decision, Facts, Occurrence, decide, last_due};

const THIRTY_DAYS: i64 = 30 * 86_400_000;

/// What became of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing {
    /// The trigger.
    pub trigger: String,
    /// The event's name.
    pub event: String,
    /// What became of it.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// The retraining that was asked for.
    pub retraining: Option<String>,
    /// The job that runs it.
    pub job: Option<String>,
}

/// Looks at every trigger of the project once. The answer is what became of events that were not seen before.
pub async fn react(ctx: &Context, project: &Project) -> Result<Vec<Firing>> {
    give_up_abandoned(&ctx.db, project).await?;
    let mut firings = Vec::new();
    for trigger in &project.file.triggers {
        let Some(event) = occurrence(ctx, project, trigger).await? else {
            continue;
        };
        if let Some(firing) = settle(&ctx.db, project, trigger, event).await? {
            firings.push(firing);
        }
    }
    Ok(firings)
}

/// A job that took its process down again and again is given up by its worker; its retraining has failed.
async fn give_up_abandoned(db: &Db, project: &Project) -> Result<()> {
    for (id, error) in rows::abandoned(db, &project.name).await? {
        rows::end(
            db,
            &project.name,
            &id,
            crate::RetrainingState::Failed,
            &error,
        )
        .await?;
    }
    Ok(())
}

/// The event that a trigger waits for, if it is there now.
async fn occurrence(
    ctx: &Context,
    project: &Project,
    trigger: &TriggerSpec,
) -> Result<Option<Found>> {
    match &trigger.when {
        Event::MonitorAlert(monitor) => {
            let newest = ctx.monitoring.newest(&project.name, monitor).await?;
            Ok(newest
                .filter(|check| check.state == State::Alert)
                .map(|check| {
                    let what = format!(
                        "{monitor}: {} (must be {}; predictions from {})",
                        check.reason,
                        check.target,
                        check.window.text()
                    );
                    Found::new(Occurrence {
                        key: format!("window:{}", check.window.end),
                        what,
                    })
                }))
        }
        Event::DatasetVersion(dataset) => {
            let Ok(version) = ctx.data.version(&project.name, dataset, None).await else {
                return Ok(None);
            };
            let own = rows::ingested(&ctx.db, &project.name, dataset, version.version).await?;
            let first = !firing::begun(&ctx.db, &project.name, &trigger.id).await?;
            let what = format!("{dataset} has version {}", version.version);
            Ok(Some(Found {
                occurrence: Occurrence {
                    key: format!("version:{}", version.version),
                    what,
                },
                known: own || first,
            }))
        }
        Event::Cron(schedule) => {
            let Some(due) = last_due(schedule, ctx.db.clock().now_ms()) else {
                return Ok(None);
            };
            let first = !firing::begun(&ctx.db, &project.name, &trigger.id).await?;
            Ok(Some(Found {
                occurrence: Occurrence {
                    key: format!("cron:{due}"),
                    what: format!("it is time ({schedule})"),
                },
                known: first,
            }))
        }
    }
}

/// An event, and whether it was there before the trigger or made by the loop itself.
struct Found {
    occurrence: Occurrence,
    known: bool,
}

impl Found {
    fn new(occurrence: Occurrence) -> Self {
        Self {
            occurrence,
            known: false,
        }
    }
}

/// Decides about an event and does it, in one transaction. `None` where it was seen before.
async fn settle(
    db: &Db,
    project: &Project,
    trigger: &TriggerSpec,
    found: Found,
) -> Result<Option<Firing>> {
    let reason = format!("trigger {}: {}", trigger.id, found.occurrence.what);
    let wanted = match &trigger.action {
        Action::Pipeline(pipeline) => Wanted::Retraining(new_retraining(
            project,
            pipeline,
            Some(&trigger.id),
            &reason,
            "ironloop",
        )?),
        Action::Task(role) => Wanted::Task {
            role: role.as_str().to_owned(),
            text: found.occurrence.what.clone(),
        },
    };
    let guard = project.file.guard.clone();
    let limits = (
        guard.as_ref().and_then(|guard| guard.max_retrains_per_30d),
        guard.as_ref().and_then(|guard| guard.stop_after_failures),
    );
    let settle = Settle {
        project: project.name.clone(),
        trigger: trigger.id.clone(),
        cooldown: i64::try_from(trigger.cooldown.as_millis()).unwrap_or(i64::MAX / 4),
        event: found.occurrence.key,
        known: found.known,
        wanted,
        limits,
    };
    db.write(move |tx| {
        let settle = settle.clone();
        Box::pin(async move { settle.apply(tx).await })
    })
    .await
}

/// What a trigger does when it fires.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// Runs a pipeline.
    Retraining(NewRetraining),
    /// Asks a person.
    Task { role: String, text: String },
}

/// One event on its way to a decision.
#[derive(Clone, Debug)]
pub(crate) struct Settle {
    pub(crate) project: String,
    pub(crate) trigger: String,
    /// Milliseconds.
    pub(crate) cooldown: i64,
    pub(crate) event: String,
    pub(crate) known: bool,
    pub(crate) wanted: Wanted,
    /// Retrainings per 30 days, failures in a row.
    pub(crate) limits: (Option<i64>, Option<i64>),
}

impl Settle {
    pub(crate) async fn apply(self, tx: &mut Tx<'_>) -> Result<Option<Firing>> {
        if firing::seen(tx, &self.project, &self.trigger, &self.event).await? {
            return Ok(None);
        }
        let (decision, reason) = if self.known {
            (Decision::Baseline, String::new())
        } else {
            decide(&self.facts(tx).await?)
        };
        let ids = match (decision, &self.wanted) {
            (Decision::Fired, Wanted::Retraining(new)) => Some(rows::ask(tx, new).await?),
            (Decision::Fired, Wanted::Task { role, text }) => {
                let link = format!("/p/{}/monitoring", self.project);
                task::open_once(
                    tx,
                    &self.project,
                    &format!("trigger:{}", self.trigger),
                    role,
                    text,
                    &link,
                )
                .await?;
                None
            }
            (Decision::Circuit, _) => {
                let text = format!(
                    "{reason}. Find out why, then close this task: retraining starts again."
                );
                let link = format!("/p/{}/retrainings", self.project);
                task::open_once(
                    tx,
                    &self.project,
                    task::CIRCUIT,
                    "ml_engineer",
                    &text,
                    &link,
                )
                .await?;
                None
            }
            _ => None,
        };
        let (retraining, job) = ids.unzip();
        firing::note(
            tx,
            &self.project,
            &self.trigger,
            &self.event,
            decision,
            &reason,
            retraining.as_deref(),
        )
        .await?;
        Ok(Some(Firing {
            trigger: self.trigger,
            event: self.event,
            decision,
            reason,
            retraining,
            job,
        }))
    }

    async fn facts(&self, tx: &mut Tx<'_>) -> Result<Facts> {
        let now = tx.clock().now_ms();
        let last_fired = firing::last_fired(tx, &self.project, &self.trigger).await?;
        // Tasks cost nobody's machine: only their own cooldown counts.
        if matches!(self.wanted, Wanted::Task { .. }) {
            return Ok(Facts {
                now,
                last_fired,
                cooldown: self.cooldown,
                ..Facts::default()
            });
        }
        let closed = task::circuit_closed_at(tx, &self.project).await?;
        Ok(Facts {
            now,
            last_fired,
            cooldown: self.cooldown,
            under_way: rows::under_way(tx, &self.project).await?,
            in_30_days: rows::since(tx, &self.project, now - THIRTY_DAYS).await?,
            max_in_30_days: self.limits.0,
            failures: rows::failures(tx, &self.project, closed).await?,
            stop_after: self.limits.1,
        })
    }
}
