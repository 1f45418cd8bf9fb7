//! The years after the first deployment: requests as they come, the truth a day later, and what the loop does.
//!
//! The clock moves from event to event. Requests keep coming while a retraining runs and while a rollout moves
//! traffic: then the last day's are sent again under their own ids, which answers them and counts none twice.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base::{Clock, Error, Result, Timestamp};
use futures::StreamExt as _;
use serde_json::{Value, json};

use super::api::Api;
use super::example::Spec;
use super::journal::Journal;
use super::loop_steps::{day, figure, word};
use super::report::Report;
use super::world::{self, Event};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// Connections over which requests of one moment come.
const CALLERS: usize = 8;

/// Replays the example's world from where the journal stands, and tells each turn of the loop.
pub async fn run(
    api: &Api,
    example: &Spec,
    folder: &Path,
    clock: &Clock,
    until: Option<Timestamp>,
    journal: &mut Journal,
    report: &mut Report,
) -> Result<()> {
    report.step("6  Monitor and 7  Improve: the years pass");
    let events = world::events(example, folder, example.start, until)?;
    let end = events
        .last()
        .ok_or_else(|| Error::invalid("there is nothing to replay before --until"))?
        .at;
    let mut replay = Replay {
        api,
        example,
        events: &events,
        clock,
        told: 0,
    };
    replay.play(end, journal, report).await?;
    replay.conclude(journal, report).await
}

struct Replay<'a> {
    api: &'a Api,
    example: &'a Spec,
    events: &'a [Event],
    clock: &'a Clock,
    /// All truths before this event were told.
    told: usize,
}

impl Replay<'_> {
    async fn play(&mut self, end: i64, journal: &mut Journal, report: &mut Report) -> Result<()> {
        let delay = self.example.delay_hours * HOUR;
        let window = self.example.window_days * DAY;
        let start = self.example.start.as_millisecond();
        let from = journal.state().replayed_until.unwrap_or(start);
        // What was answered but whose truth was not told yet is told again: the server counts it once.
        self.told = self.events.partition_point(|event| event.at < from - delay);
        let first = self.events.partition_point(|event| event.at < from);
        let mut next_day = from;
        let mut next_check = start + window + delay;
        let checked = journal.state().checked_until.unwrap_or(start);
        while next_check <= checked {
            next_check += window;
        }
        let (mut answered, mut failed) = (0, 0);
        let mut index = first;
        for moment in self.events[first..].chunk_by(|a, b| a.at == b.at) {
            let event = &moment[0];
            if event.at >= next_check {
                self.move_to(next_check)?;
                let told = self.tell(next_check - delay).await?;
                journal.note(|state| {
                    state.replayed_until = Some(event.at);
                    state.answered += std::mem::take(&mut answered);
                    state.failed += std::mem::take(&mut failed);
                    state.outcomes += told;
                })?;
                let (more, lost) = self.check(index, report).await?;
                answered += more;
                failed += lost;
                journal.set_now(self.clock.now())?;
                journal.note(|state| state.checked_until = Some(next_check))?;
                next_check += window;
            }
            if event.at >= next_day {
                self.move_to(event.at)?;
                let told = self.tell(event.at - delay).await?;
                journal.note(|state| state.outcomes += told)?;
                next_day += DAY;
                report.progress(format!("{}   {answered} answered", day(event.at)));
            }
            self.move_to(event.at)?;
            let good = self.send(moment).await;
            answered += good;
            failed += moment.len() as u64 - good;
            index += moment.len();
        }
        self.move_to(end + delay + HOUR)?;
        let told = self.tell(end + 1).await?;
        journal.note(|state| {
            state.replayed_until = Some(end + 1);
            state.answered += answered;
            state.failed += failed;
            state.outcomes += told;
        })?;
        let (more, lost) = self.check(self.events.len(), report).await?;
        journal.note(|state| {
            state.answered += more;
            state.failed += lost;
        })?;
        journal.set_now(self.clock.now())
    }

    /// Sends what happens at one moment, a few callers at a time; the answer is how many were answered.
    async fn send(&self, moment: &[Event]) -> u64 {
        let infer = format!("/v2/models/{}/infer", self.example.endpoint);
        futures::stream::iter(moment)
            .map(|event| self.api.knock(&infer, &event.request))
            .buffer_unordered(CALLERS)
            .filter(|good| std::future::ready(*good))
            .count()
            .await as u64
    }

    fn move_to(&self, at: i64) -> Result<()> {
        let at =
            Timestamp::from_millisecond(at).map_err(|error| Error::internal(error.to_string()))?;
        self.clock.set(at);
        Ok(())
    }

    /// Tells the truth of everything before `before`; the answer is how many truths were new.
    async fn tell(&mut self, before: i64) -> Result<u64> {
        let known = self.events.partition_point(|event| event.at < before);
        if known <= self.told {
            return Ok(0);
        }
        let outcomes: Vec<Value> = self.events[self.told..known]
            .iter()
            .filter_map(|event| Some(json!({ "prediction_id": event.id, "value": event.truth?, "at": event.at + self.example.delay_hours * HOUR })))
            .collect();
        self.told = known;
        let mut stored = 0;
        for part in outcomes.chunks(1000) {
            let path = format!(
                "/api/v1/projects/{}/deployments/{}/outcomes",
                self.example.name, self.example.endpoint
            );
            let answer = self.api.post(&path, &json!({ "outcomes": part })).await?;
            stored += answer["stored"].as_u64().unwrap_or_default();
        }
        Ok(stored)
    }

    /// Lets the monitors look at what is due, and stays with a retraining that they set off. The answer is how many
    /// requests were answered and failed meanwhile.
    async fn check(&self, index: usize, report: &mut Report) -> Result<(u64, u64)> {
        let project = self.example.name;
        self.api
            .post(
                &format!("/api/v1/projects/{project}/monitors/run"),
                &json!({}),
            )
            .await?;
        let (mut answered, mut failed) = (0, 0);
        loop {
            let jobs = self
                .api
                .get(&format!("/api/v1/jobs?project={project}&limit=20"))
                .await?;
            let open = jobs["items"].as_array().into_iter().flatten().find(|job| {
                job["kind"] == "retrain"
                    && matches!(job["state"].as_str(), Some("queued" | "running"))
            });
            let Some(id) = open.and_then(|job| job["id"].as_str()) else {
                break;
            };
            let over = AtomicBool::new(false);
            let waiting = async {
                let outcome = self
                    .api
                    .wait(id, |progress| report.progress(word(&progress["message"])))
                    .await;
                over.store(true, Ordering::SeqCst);
                outcome
            };
            let (outcome, (more, lost)) = tokio::join!(waiting, self.traffic(index, &over));
            answered += more;
            failed += lost;
            self.turn(&outcome?, report);
            self.api
                .post(
                    &format!("/api/v1/projects/{project}/monitors/run"),
                    &json!({}),
                )
                .await?;
        }
        Ok((answered, failed))
    }

    /// Sends the last day's requests again and again until `over`.
    async fn traffic(&self, index: usize, over: &AtomicBool) -> (u64, u64) {
        let infer = format!("/v2/models/{}/infer", self.example.endpoint);
        let last_day = &self.events[index.saturating_sub(24)..index];
        let (mut answered, mut failed) = (0, 0);
        for event in last_day.iter().cycle() {
            if over.load(Ordering::SeqCst) {
                break;
            }
            if self.api.knock(&infer, &event.request).await {
                answered += 1;
            } else {
                failed += 1;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        (answered, failed)
    }

    fn turn(&self, outcome: &Value, report: &mut Report) {
        let challenger = outcome["challenger"].as_i64().map_or_else(
            || "no challenger".to_owned(),
            |version| format!("version {version}"),
        );
        let sign = if outcome["promoted"] == true {
            "↑"
        } else {
            "·"
        };
        report.say(format!(
            "{} {sign} {challenger}: {}",
            day(self.clock.now_ms()),
            word(&outcome["why"])
        ));
    }

    /// What the years showed.
    async fn conclude(&self, journal: &Journal, report: &mut Report) -> Result<()> {
        let project = self.example.name;
        let series = self
            .api
            .get(&format!(
                "/api/v1/projects/{project}/monitoring/{}",
                self.example.endpoint
            ))
            .await?;
        let turns = self
            .api
            .get(&format!("/api/v1/projects/{project}/retrainings?limit=500"))
            .await?;
        let metric = word(&series["metric"]).to_owned();
        let windows = series["windows"].as_array().cloned().unwrap_or_default();
        report.say(String::new());
        report.say(format!("year   live {metric}, window by window"));
        for year in years(&windows) {
            let of_year = windows.iter().filter(|window| year_of(window) == year);
            let values: Vec<String> = of_year
                .map(|window| figure(&window["live"][&metric]["value"]))
                .collect();
            report.say(format!("{year}   {}", values.join(" ")));
        }
        let turns = turns["items"].as_array().cloned().unwrap_or_default();
        let promoted = turns.iter().filter(|turn| turn["promoted"] == true).count();
        let alerts = series["alerts"].as_array().cloned().unwrap_or_default();
        let live: Vec<&Value> = alerts
            .iter()
            .filter(|alert| alert["monitor"] == self.example.live_monitor)
            .collect();
        let state = journal.state();
        report.say(String::new());
        report.say(format!(
            "{} requests answered, {} failed; {} truths told; {} windows; {} alerts of the live criterion; {} retrainings, {promoted} rolled out",
            state.answered, state.failed, state.outcomes, windows.len(), live.len(), turns.len()
        ));
        report.claim("the live criterion raised the alert", !live.is_empty());
        report.claim("a better challenger was rolled out", promoted > 0);
        report.claim("no request failed", state.failed == 0 && state.answered > 0);
        report.fact("requests", state.answered);
        report.fact("failed_requests", state.failed);
        report.fact("outcomes", state.outcomes);
        report.fact("windows", windows.len());
        report.fact("alerts", alerts.len());
        report.fact("retrainings", turns.len());
        report.fact("promoted", promoted);
        report.fact("turns", turns);
        Ok(())
    }
}

fn year_of(window: &Value) -> String {
    window["start"]
        .as_i64()
        .map(day)
        .unwrap_or_default()
        .chars()
        .take(4)
        .collect()
}

fn years(windows: &[Value]) -> Vec<String> {
    let mut years: Vec<String> = windows.iter().map(year_of).collect();
    years.dedup();
    years
}
