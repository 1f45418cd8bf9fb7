//! Trace: what one call of an application did, as a tree of spans, with what people and programs think of it.
//!
//! Invariants: a trace belongs to one experiment for good; its facts and its spans may arrive in any order and more than
//! once. Deliberately absent: archives, sessions, metrics over traces.

use base::{Error, ExperimentId, Page, PageRequest, Result, RunId};
use serde_json::{Map, Value};
use store::Db;

use crate::check;
use crate::store::trace as rows;
use crate::tag::{Tag, tag_value};

/// Facts about a trace. Times are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// `tr-` and 32 hex digits, where MLflow's client made it.
    pub id: String,
    /// In which experiment.
    pub experiment_id: ExperimentId,
    /// When the call began.
    pub request_time: i64,
    /// How long it took; absent while it runs.
    pub duration: Option<i64>,
    /// Whether it went well.
    pub state: TraceState,
    /// The caller's own id of the call.
    pub client_request_id: Option<String>,
    /// The beginning of what went in.
    pub request_preview: Option<String>,
    /// The beginning of what came out.
    pub response_preview: Option<String>,
    /// Written by the client when the trace is made.
    pub metadata: Vec<Tag>,
    /// Free text, by key.
    pub tags: Vec<Tag>,
    /// What people and programs think of it.
    pub assessments: Vec<Assessment>,
}

/// Whether a call went well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TraceState {
    #[default]
    Unspecified,
    Ok,
    Error,
    InProgress,
}

impl TraceState {
    /// As MLflow writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "STATE_UNSPECIFIED",
            Self::Ok => "OK",
            Self::Error => "ERROR",
            Self::InProgress => "IN_PROGRESS",
        }
    }

    /// Reads MLflow's word, or its number in protobuf.
    pub fn parse(text: &str) -> Self {
        match text {
            "OK" | "1" => Self::Ok,
            "ERROR" | "2" => Self::Error,
            "IN_PROGRESS" | "3" => Self::InProgress,
            _ => Self::Unspecified,
        }
    }
}

/// One step of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Of which trace.
    pub trace_id: String,
    /// Its own id, in hex digits.
    pub id: String,
    /// When it began, in nanoseconds since the epoch.
    pub start: i64,
    /// All of it, as OpenTelemetry's JSON.
    pub content: String,
}

/// Spans that arrived together, and what they say about their trace.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanBatch {
    /// Used where the trace is not known yet, or was not finished.
    pub trace: Trace,
    /// Whether the span without a parent is among them, so that the trace's own facts are known.
    pub with_root: bool,
    /// The spans.
    pub spans: Vec<Span>,
}

/// What someone thinks of a trace: feedback, or what was expected of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// `a-` and 32 hex digits.
    pub id: String,
    /// Of which trace.
    pub trace_id: String,
    /// MLflow's message, without these two ids.
    pub content: Map<String, Value>,
}

/// Which traces to list.
#[derive(Clone, Debug, Default)]
pub struct TraceSearch {
    /// In these experiments.
    pub experiment_ids: Vec<ExperimentId>,
    /// `status = 'OK' AND tags.team = 'ops' AND timestamp_ms > 0`
    pub filter: String,
    /// `timestamp_ms DESC`; newest first where it is empty.
    pub order_by: Vec<String>,
    /// Which page.
    pub page: PageRequest,
}

/// Which traces to delete.
#[derive(Clone, Debug, Default)]
pub struct TraceDoom {
    /// These, where it is not empty.
    pub ids: Vec<String>,
    /// Those that began at this time or before.
    pub until: Option<i64>,
    /// At most so many, the oldest first.
    pub most: Option<i64>,
}

/// The tag that holds a trace's name.
pub const TRACE_NAME: &str = "mlflow.traceName";
/// The metadata that names the run in which a trace was made.
pub const SOURCE_RUN: &str = "mlflow.sourceRun";
/// The tag that says where spans are kept.
const SPANS_LOCATION: &str = "mlflow.trace.spansLocation";
/// Tags that say where the server keeps what belongs to a trace.
const PLACES: [&str; 2] = [ARTIFACTS, SPANS_LOCATION];
/// The tag that says where a trace's files are kept.
const ARTIFACTS: &str = "mlflow.artifactLocation";

impl Trace {
    fn check(&mut self) -> Result<()> {
        check_id(&self.id)?;
        for tag in self.tags.iter().chain(&self.metadata) {
            check::length("key", 250, &tag.key)?;
            if tag.key.is_empty() {
                return Err(check::missing("key"));
            }
        }
        for tag in &mut self.tags {
            check::cut(&mut tag.value, 8000);
        }
        let text = [
            &self.request_preview,
            &self.response_preview,
            &self.client_request_id,
        ];
        for text in text.into_iter().flatten() {
            check::length("preview", 100_000, text)?;
        }
        Ok(())
    }

    /// The run in which it was made.
    pub(crate) fn run(&self) -> Option<&str> {
        tag_value(&self.metadata, SOURCE_RUN)
    }

    /// Its name.
    pub(crate) fn name(&self) -> Option<&str> {
        tag_value(&self.tags, TRACE_NAME)
    }

    /// Places are told by the server alone: a client would read what lies there.
    pub(crate) fn drop_places(&mut self) {
        self.tags.retain(|tag| !PLACES.contains(&tag.key.as_str()));
    }

    /// Adds the tags by which MLflow's client finds spans and files.
    pub(crate) fn tell_places(&mut self, artifact_location: &str) {
        let location = artifact_location.trim_end_matches('/');
        let files = format!("{location}/traces/{}/artifacts", self.id);
        for (key, value) in [
            (ARTIFACTS, files.as_str()),
            (SPANS_LOCATION, "TRACKING_STORE"),
        ] {
            self.tags.retain(|tag| tag.key != key);
            self.tags.push(Tag::new(key, value));
        }
    }
}

fn check_id(id: &str) -> Result<()> {
    let plain = id
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if id.is_empty() || id.len() > 100 || !plain {
        return Err(Error::invalid(format!(
            "Invalid trace ID: {:?}",
            id.chars().take(80).collect::<String>()
        )));
    }
    Ok(())
}

/// No trace has this id.
pub(crate) fn none(id: &str) -> Error {
    Error::not_found(format!(
        "Trace with ID '{}' not found.",
        id.chars().take(100).collect::<String>()
    ))
}

/// Writes the facts of a trace; those that its spans told before are replaced.
pub async fn start_trace(db: &Db, mut trace: Trace) -> Result<Trace> {
    trace.check()?;
    let id = trace.id.clone();
    db.write(move |tx| {
        let trace = trace.clone();
        Box::pin(async move { rows::put(tx, trace).await })
    })
    .await?;
    get_trace(db, &id).await
}

/// Writes spans, all or none; traces that are not known yet are made.
pub async fn log_spans(db: &Db, mut batches: Vec<SpanBatch>) -> Result<()> {
    for batch in &mut batches {
        batch.trace.check()?;
    }
    db.write(move |tx| {
        let batches = batches.clone();
        Box::pin(async move {
            for batch in batches {
                rows::put_spans(tx, batch).await?;
            }
            Ok(())
        })
    })
    .await
}

/// One trace without its spans.
pub async fn get_trace(db: &Db, id: &str) -> Result<Trace> {
    get_traces(db, &[id.to_owned()])
        .await?
        .pop()
        .ok_or_else(|| none(id))
}

/// Those of `ids` that exist, in this order.
pub async fn get_traces(db: &Db, ids: &[String]) -> Result<Vec<Trace>> {
    rows::by_ids(db, ids).await
}

/// The spans of traces, by trace and start.
pub async fn spans_of(db: &Db, ids: &[String]) -> Result<Vec<Span>> {
    rows::spans(db, ids).await
}

/// Traces by filter, without their spans.
pub async fn search_traces(db: &Db, search: &TraceSearch) -> Result<Page<Trace>> {
    rows::search(db, search).await
}

/// Sets a tag, replacing its value.
pub async fn set_trace_tag(db: &Db, id: &str, mut tag: Tag) -> Result<()> {
    check::tag("", &mut tag)?;
    refuse_kept(&tag.key, "set")?;
    let id = id.to_owned();
    db.write(move |tx| {
        let (id, tag) = (id.clone(), tag.clone());
        Box::pin(async move { rows::tag(tx, &id, &tag).await })
    })
    .await
}

/// Removes a tag.
pub async fn delete_trace_tag(db: &Db, id: &str, key: &str) -> Result<()> {
    refuse_kept(key, "deleted")?;
    let (id, key) = (id.to_owned(), key.to_owned());
    db.write(move |tx| {
        let (id, key) = (id.clone(), key.clone());
        Box::pin(async move { rows::untag(tx, &id, &key).await })
    })
    .await
}

fn refuse_kept(key: &str, what: &str) -> Result<()> {
    if PLACES.contains(&key) {
        return Err(Error::invalid(format!(
            "Tag '{key}' is immutable and cannot be {what} on a trace."
        )));
    }
    Ok(())
}

/// Deletes traces of an experiment with all that belongs to them; the answer is how many.
pub async fn delete_traces(db: &Db, experiment: &ExperimentId, doom: TraceDoom) -> Result<u64> {
    if doom.ids.is_empty() && doom.until.is_none() {
        return Err(Error::invalid(
            "Either `max_timestamp_millis` or `trace_ids` must be specified.",
        ));
    }
    if !doom.ids.is_empty() && (doom.until.is_some() || doom.most.is_some()) {
        return Err(Error::invalid(
            "Only one of `max_timestamp_millis` and `trace_ids` can be specified.",
        ));
    }
    if doom.most.is_some_and(|most| most < 1) {
        return Err(Error::invalid("`max_traces` must be a positive integer."));
    }
    let experiment = crate::store::experiment::number(experiment)?;
    db.write(move |tx| {
        let doom = doom.clone();
        Box::pin(async move { rows::remove(tx, experiment, &doom).await })
    })
    .await
}

/// Says that traces belong to a run.
pub async fn link_traces(db: &Db, ids: Vec<String>, run: &RunId) -> Result<()> {
    let run = run.clone();
    db.write(move |tx| {
        let (ids, run) = (ids.clone(), run.clone());
        Box::pin(async move { rows::link(tx, &ids, &run).await })
    })
    .await
}

/// Adds an assessment; one that `overrides` another makes that one invalid.
pub async fn create_assessment(
    db: &Db,
    trace_id: &str,
    content: Map<String, Value>,
) -> Result<Assessment> {
    if content
        .get("assessment_name")
        .and_then(Value::as_str)
        .is_none_or(str::is_empty)
    {
        return Err(check::missing("assessment.assessment_name"));
    }
    let kinds = ["feedback", "expectation", "issue"];
    if kinds
        .iter()
        .filter(|kind| content.contains_key(**kind))
        .count()
        != 1
    {
        return Err(Error::invalid(
            "Exactly one of 'feedback', 'expectation' and 'issue' must be given in 'assessment'.",
        ));
    }
    let assessment = Assessment {
        id: rows::fresh_assessment(),
        trace_id: trace_id.to_owned(),
        content,
    };
    let made = assessment.clone();
    db.write(move |tx| {
        let made = made.clone();
        Box::pin(async move { rows::assess(tx, &made).await })
    })
    .await?;
    get_assessment(db, trace_id, &assessment.id).await
}

/// One assessment of a trace.
pub async fn get_assessment(db: &Db, trace_id: &str, id: &str) -> Result<Assessment> {
    rows::assessment(db, trace_id, id).await
}

/// Replaces the fields of an assessment that `changes` names.
pub async fn update_assessment(
    db: &Db,
    trace_id: &str,
    id: &str,
    changes: Map<String, Value>,
) -> Result<Assessment> {
    let (trace, assessment) = (trace_id.to_owned(), id.to_owned());
    db.write(move |tx| {
        let (trace, assessment, changes) = (trace.clone(), assessment.clone(), changes.clone());
        Box::pin(async move { rows::reassess(tx, &trace, &assessment, changes).await })
    })
    .await?;
    get_assessment(db, trace_id, id).await
}

/// Removes an assessment; what it had overridden is valid again.
pub async fn delete_assessment(db: &Db, trace_id: &str, id: &str) -> Result<()> {
    let (trace, assessment) = (trace_id.to_owned(), id.to_owned());
    db.write(move |tx| {
        let (trace, assessment) = (trace.clone(), assessment.clone());
        Box::pin(async move { rows::unassess(tx, &trace, &assessment).await })
    })
    .await
}
