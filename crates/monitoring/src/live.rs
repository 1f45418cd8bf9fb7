//! Live performance: predictions held against what turned out to be true.

use std::collections::{BTreeMap, BTreeSet};

use base::Result;
use data::Task;
use data::measure::{Context, Metric, Resampling, bootstrap, compute, days, paired_bootstrap};
use project::{Criterion, ProjectFile, Versus};

use crate::check::{Bounded, State, judge};
use crate::rows::Rows;

/// Enough for bounds that are shown; the seed is fixed, so a window has the same bounds whenever it is computed.
const RESAMPLES: usize = 500;

/// Fewer outcomes than this say nothing, unless the monitor names another number.
pub(crate) const MIN_LABELS: i64 = 30;

/// What a monitor says about a window, before it is a check.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    pub(crate) state: State,
    pub(crate) value: Option<f64>,
    pub(crate) reason: String,
}

impl Finding {
    pub(crate) fn unknown(reason: impl Into<String>) -> Self {
        Self {
            state: State::Unknown,
            value: None,
            reason: reason.into(),
        }
    }
}

/// Truth, prediction and day of the rows that can be judged.
struct Judged {
    truth: Vec<f64>,
    predicted: Vec<f64>,
    today: Vec<f64>,
    blocks: Vec<i64>,
}

impl Judged {
    fn of(rows: &Rows, places: &[usize]) -> Self {
        let pick = |values: &[f64]| places.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        let at: Vec<i64> = places.iter().map(|&row| rows.at[row]).collect();
        Self {
            truth: pick(&rows.truth),
            predicted: pick(&rows.output),
            today: pick(&rows.today),
            blocks: days(&at),
        }
    }
}

/// How the file wants predictions measured.
pub(crate) fn context(file: &ProjectFile, task: Task) -> Context {
    Context::new(task).with_payoff(file.payoff.as_ref().map(|payoff| payoff.amounts))
}

/// The metric that the project looks at first: that of its live criterion, else the one it optimises.
pub(crate) fn main_metric(file: &ProjectFile) -> Option<String> {
    let live = file
        .criteria
        .iter()
        .find(|criterion| criterion.is_live_only() && criterion.value.is_some());
    live.map(|criterion| criterion.metric.clone()).or_else(|| {
        file.train
            .as_ref()
            .map(|train| train.optimise.metric.clone())
    })
}

/// Everything worth showing for a window: the model's metrics with bounds, and those of today's rule on the rows
/// where it has an answer. Metrics that are not defined on these rows are left out.
pub(crate) fn metrics(
    file: &ProjectFile,
    task: Task,
    rows: &Rows,
) -> (BTreeMap<String, Bounded>, BTreeMap<String, f64>) {
    let judged = Judged::of(rows, &rows.labelled());
    let answered: Vec<usize> = rows
        .labelled()
        .into_iter()
        .filter(|&row| rows.today[row].is_finite())
        .collect();
    let rule = Judged::of(rows, &answered);
    let ctx = context(file, task);
    let (mut live, mut today) = (BTreeMap::new(), BTreeMap::new());
    for metric in shown(file, task) {
        let how = Resampling {
            resamples: RESAMPLES,
            ..Resampling::default()
        };
        if let Ok(interval) = bootstrap(
            metric,
            &judged.truth,
            &judged.predicted,
            &judged.blocks,
            &ctx,
            &how,
        ) && interval.value.is_finite()
        {
            live.insert(
                metric.to_string(),
                Bounded {
                    value: interval.value,
                    lower: interval.lower,
                    upper: interval.upper,
                },
            );
        }
        if let Ok(value) = compute(metric, &rule.truth, &rule.today, &ctx)
            && value.is_finite()
        {
            today.insert(metric.to_string(), value);
        }
    }
    (live, today)
}

fn shown(file: &ProjectFile, task: Task) -> BTreeSet<Metric> {
    let usual: &[Metric] = match task {
        Task::Regression => &[Metric::Mae, Metric::Wape, Metric::Bias],
        Task::Binary => &[Metric::RocAuc, Metric::LogLoss, Metric::Ece],
    };
    let named = file
        .criteria
        .iter()
        .filter(|criterion| criterion.is_live_only())
        .map(|criterion| criterion.metric.as_str());
    let optimised = file
        .train
        .iter()
        .map(|train| train.optimise.metric.as_str());
    let payoff = file.payoff.iter().map(|_| Metric::PayoffPer1000.as_str());
    let named = named
        .chain(optimised)
        .chain(payoff)
        .filter_map(|name| name.parse::<Metric>().ok());
    usual
        .iter()
        .copied()
        .chain(named)
        .filter(|metric| *metric != Metric::PrecisionAtK)
        .collect()
}

/// Judges a criterion on a window.
pub(crate) fn criterion(
    file: &ProjectFile,
    criterion: &Criterion,
    min_labels: i64,
    task: Task,
    rows: &Rows,
) -> Result<Finding> {
    if let Some(finding) = system(criterion, rows) {
        return Ok(finding);
    }
    let Ok(metric) = criterion.metric.parse::<Metric>() else {
        return Ok(Finding::unknown(format!(
            "{} cannot be computed from predictions and outcomes",
            criterion.metric
        )));
    };
    let needed =
        usize::try_from(min_labels.max(criterion.min_rows.unwrap_or(1)).max(1)).unwrap_or(1);
    let ctx = context(file, task).with_k(criterion.k.and_then(|k| usize::try_from(k).ok()));
    let Some(slice) = &criterion.slice else {
        return on_rows(criterion, metric, needed, &rows.labelled(), rows, &ctx);
    };
    let Some(values) = rows.input(slice) else {
        return Ok(Finding::unknown(format!(
            "callers do not send {slice}, by which {} is judged",
            criterion.id
        )));
    };
    let mut parts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for row in rows.labelled() {
        parts
            .entry(values[row].as_deref().unwrap_or("(missing)"))
            .or_default()
            .push(row);
    }
    worst_slice(slice, parts, |places| {
        on_rows(criterion, metric, needed, places, rows, &ctx)
    })
}

/// The finding of the slice that is worst off; slices with too few outcomes are left out.
fn worst_slice(
    slice: &str,
    parts: BTreeMap<&str, Vec<usize>>,
    judge: impl Fn(&[usize]) -> Result<Finding>,
) -> Result<Finding> {
    let severity = |state| match state {
        State::Unknown => 0,
        State::Ok => 1,
        State::Warn => 2,
        State::Alert => 3,
    };
    let mut worst = Finding::unknown(format!("no value of {slice} has enough outcomes"));
    for (value, places) in parts {
        let mut finding = judge(&places)?;
        if severity(finding.state) > severity(worst.state) {
            finding.reason = format!("{slice} {value}: {}", finding.reason);
            worst = finding;
        }
    }
    Ok(worst)
}

fn on_rows(
    criterion: &Criterion,
    metric: Metric,
    needed: usize,
    places: &[usize],
    rows: &Rows,
    ctx: &Context,
) -> Result<Finding> {
    let how = Resampling {
        confidence: criterion.confidence.unwrap_or(0.95),
        resamples: RESAMPLES,
        ..Resampling::default()
    };
    match (criterion.value, criterion.versus) {
        (Some(limit), _) => {
            if places.len() < needed {
                return Ok(too_few(places.len(), rows.len(), needed));
            }
            let judged = Judged::of(rows, places);
            let interval = bootstrap(
                metric,
                &judged.truth,
                &judged.predicted,
                &judged.blocks,
                ctx,
                &how,
            )?;
            let bounded = bounded(interval);
            Ok(Finding {
                state: judge(bounded, criterion.op, limit, criterion.confidence),
                value: finite(interval.value),
                reason: format!(
                    "{metric} is {} over {} outcomes",
                    number(interval.value),
                    places.len()
                ),
            })
        }
        (None, Some(Versus::Today)) => {
            against_today(criterion, metric, needed, places, rows, ctx, &how)
        }
        (None, Some(versus)) => Ok(Finding::unknown(format!(
            "{} answers no live requests, so nothing can be compared with it",
            versus.as_str()
        ))),
        (None, None) => Ok(Finding::unknown(format!("{} has no target", criterion.id))),
    }
}

fn against_today(
    criterion: &Criterion,
    metric: Metric,
    needed: usize,
    places: &[usize],
    rows: &Rows,
    ctx: &Context,
    how: &Resampling,
) -> Result<Finding> {
    let answered: Vec<usize> = places
        .iter()
        .copied()
        .filter(|&row| rows.today[row].is_finite())
        .collect();
    if answered.is_empty() && !places.is_empty() {
        return Ok(Finding::unknown(
            "what today's rule would have said is not known: send it with the request or with the outcome",
        ));
    }
    if answered.len() < needed {
        return Ok(too_few(answered.len(), rows.len(), needed));
    }
    let judged = Judged::of(rows, &answered);
    let difference = paired_bootstrap(
        metric,
        &judged.truth,
        (&judged.predicted, &judged.today),
        &judged.blocks,
        ctx,
        how,
    )?;
    let own = compute(metric, &judged.truth, &judged.predicted, ctx)?;
    Ok(Finding {
        state: judge(
            bounded(difference),
            criterion.op,
            criterion.margin,
            criterion.confidence,
        ),
        value: finite(own),
        reason: format!(
            "{metric} is {} against {} of today's rule over {} outcomes",
            number(own),
            number(own - difference.value),
            answered.len()
        ),
    })
}

/// Latencies are in the log itself.
fn system(criterion: &Criterion, rows: &Rows) -> Option<Finding> {
    let q = match criterion.metric.as_str() {
        "latency_p50_ms" => 0.50,
        "latency_p99_ms" => 0.99,
        "error_rate" => {
            return Some(Finding::unknown(
                "requests that failed are not in the prediction log",
            ));
        }
        _ => return None,
    };
    if rows.len() == 0 {
        return Some(Finding::unknown("no requests in this window"));
    }
    let limit = criterion.value?;
    let value = data::measure::drift::quantile(&data::measure::drift::sorted(&rows.latency_ms), q);
    let exact = Bounded {
        value,
        lower: value,
        upper: value,
    };
    Some(Finding {
        state: judge(exact, criterion.op, limit, None),
        value: finite(value),
        reason: format!(
            "{} is {} over {} requests",
            criterion.metric,
            number(value),
            rows.len()
        ),
    })
}

fn too_few(labels: usize, requests: usize, needed: usize) -> Finding {
    Finding::unknown(format!(
        "outcomes so far {labels} of {requests} requests, {needed} are needed"
    ))
}

/// Bounds that cannot be computed could be anywhere.
fn bounded(interval: data::measure::Interval) -> Bounded {
    let or = |bound: f64, otherwise| if bound.is_finite() { bound } else { otherwise };
    Bounded {
        value: interval.value,
        lower: or(interval.lower, f64::NEG_INFINITY),
        upper: or(interval.upper, f64::INFINITY),
    }
}

fn finite(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}

/// Four significant digits are enough for people.
pub(crate) fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let digits = (3 - value.abs().log10().floor() as i32).clamp(0, 9) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests;
