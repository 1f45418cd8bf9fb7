//! What a criterion says about held-out rows. Pure.
//!
//! Where the criterion asks for confidence, the bound must pass and not the point estimate. What cannot be told is
//! unknown, with the reason; unknown never passes.

use std::fmt::Write as _;

use base::Result;
use data::measure::{Interval, Metric};
use project::{Criterion, CriterionKind, Verdict, Versus};

use super::number::shown;
use super::rows::{Baseline, Rows, answered};
use super::{CriterionResult, Measured, known};

/// What came out on some rows.
#[derive(Clone, Debug)]
struct Finding {
    verdict: Verdict,
    measured: Measured,
    baseline: Option<f64>,
    difference: Option<Measured>,
    rows: usize,
    reason: String,
}

impl Finding {
    fn unknown(rows: usize, reason: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Unknown,
            measured: Measured::default(),
            baseline: None,
            difference: None,
            rows,
            reason: reason.into(),
        }
    }
}

/// What `criterion` (of which this is `version`) says about the rows.
pub(crate) fn judge(criterion: &Criterion, version: i64, rows: &Rows) -> CriterionResult {
    let finding = find(criterion, rows)
        .unwrap_or_else(|error| Finding::unknown(rows.truth.len(), error.to_string()));
    result(criterion, version, finding)
}

/// An unknown result, for a reason that does not lie in the rows.
pub(crate) fn unknown(
    criterion: &Criterion,
    version: i64,
    rows: usize,
    reason: String,
) -> CriterionResult {
    result(criterion, version, Finding::unknown(rows, reason))
}

/// What a system criterion says about a value that was measured in this process; `None` where only live requests can
/// tell.
pub(crate) fn judge_system(
    criterion: &Criterion,
    version: i64,
    value: Option<f64>,
    requests: usize,
) -> CriterionResult {
    let Some(value) = value else {
        let reason = format!("{} shows only in live requests", criterion.metric);
        return unknown(criterion, version, 0, reason);
    };
    let target = criterion.value.unwrap_or(f64::NAN);
    let verdict = if criterion.op.holds(value, target) {
        Verdict::Pass
    } else {
        Verdict::Fail
    };
    let reason = format!(
        "{} in {requests} requests, one row each, to the model in this process",
        shown(value)
    );
    let finding = Finding {
        verdict,
        measured: Measured::exact(value),
        baseline: None,
        difference: None,
        rows: requests,
        reason,
    };
    result(criterion, version, finding)
}

fn result(criterion: &Criterion, version: i64, finding: Finding) -> CriterionResult {
    CriterionResult {
        id: criterion.id.clone(),
        version,
        target: criterion.target_text(),
        verdict: finding.verdict,
        measured: finding.measured,
        baseline: finding.baseline,
        difference: finding.difference,
        rows: finding.rows as i64,
        reason: finding.reason,
    }
}

fn find(criterion: &Criterion, rows: &Rows) -> Result<Finding> {
    if criterion.kind == CriterionKind::System || criterion.is_live_only() {
        return Ok(Finding::unknown(0, "held-out rows cannot tell"));
    }
    let metric: Metric = criterion.metric.parse()?;
    match &criterion.slice {
        None => on_rows(criterion, metric, rows, &rows.all()),
        Some(column) => on_slices(criterion, metric, rows, column),
    }
}

/// The condition must hold in every value of the column that has enough rows.
fn on_slices(criterion: &Criterion, metric: Metric, rows: &Rows, column: &str) -> Result<Finding> {
    let Some(by_value) = rows.by_value(column) else {
        return Ok(Finding::unknown(
            rows.truth.len(),
            format!("the view has no column {column:?}"),
        ));
    };
    let least = usize::try_from(criterion.min_rows.unwrap_or(1)).unwrap_or(usize::MAX);
    let mut findings = Vec::new();
    let mut small = Vec::new();
    for (value, at) in &by_value {
        if at.len() < least {
            small.push(format!("{value} ({} rows)", at.len()));
        } else {
            findings.push((*value, on_rows(criterion, metric, rows, at)?));
        }
    }
    let verdict = Verdict::all(findings.iter().map(|(_, finding)| finding.verdict));
    let Some((value, worst)) = findings
        .iter()
        .max_by(|a, b| badness(criterion, &a.1).total_cmp(&badness(criterion, &b.1)))
    else {
        return Ok(Finding::unknown(
            rows.truth.len(),
            format!("no value of {column} has {least} rows"),
        ));
    };
    let mut finding = worst.clone();
    finding.verdict = verdict;
    finding.reason = format!("worst where {column} is {value}: {}", worst.reason);
    if !small.is_empty() {
        let _ = write!(
            finding.reason,
            "; left out for too few rows: {}",
            small.join(", ")
        );
    }
    Ok(finding)
}

/// Larger is worse: a failure before an unknown before a pass, then by value.
fn badness(criterion: &Criterion, finding: &Finding) -> f64 {
    let class = match finding.verdict {
        Verdict::Fail => 2e300,
        Verdict::Unknown => 1e300,
        Verdict::Pass => 0.0,
    };
    let value = finding
        .difference
        .unwrap_or(finding.measured)
        .value
        .unwrap_or_default();
    // The class must not be swallowed by the value, nor the value by the class.
    let value = (value / (1.0 + value.abs()))
        * if criterion.op.wants_small() {
            1.0
        } else {
            -1.0
        };
    if class > 0.0 {
        class * (2.0 + value) / 4.0
    } else {
        value
    }
}

fn on_rows(criterion: &Criterion, metric: Metric, rows: &Rows, at: &[usize]) -> Result<Finding> {
    let least = usize::try_from(criterion.min_rows.unwrap_or(1)).unwrap_or(usize::MAX);
    if at.len() < least {
        return Ok(Finding::unknown(
            at.len(),
            format!("{} rows, fewer than {least}", at.len()),
        ));
    }
    match criterion.versus {
        None => against_value(criterion, metric, rows, at),
        Some(versus) => against_baseline(criterion, metric, rows, at, versus),
    }
}

fn against_value(
    criterion: &Criterion,
    metric: Metric,
    rows: &Rows,
    at: &[usize],
) -> Result<Finding> {
    let interval = rows.interval(metric, criterion.k, criterion.confidence, at)?;
    let (verdict, tested) = test(criterion, interval, criterion.value.unwrap_or(f64::NAN));
    Ok(Finding {
        verdict,
        measured: interval.into(),
        baseline: None,
        difference: None,
        rows: at.len(),
        reason: format!("{}{tested} on {} rows", shown(interval.value), at.len()),
    })
}

fn against_baseline(
    criterion: &Criterion,
    metric: Metric,
    rows: &Rows,
    at: &[usize],
    versus: Versus,
) -> Result<Finding> {
    let baseline = match versus {
        Versus::Today => &rows.today,
        Versus::Champion => &rows.champion,
        Versus::Simplest => &rows.simplest,
    };
    let predicted = match baseline {
        Baseline::Predicted(predicted) => predicted,
        Baseline::None | Baseline::Itself => {
            let interval = rows.interval(metric, criterion.k, criterion.confidence, at)?;
            let nobody = format!("no {} yet to compare with", versus.as_str());
            let itself = format!("this version is the {} itself", versus.as_str());
            return Ok(Finding {
                verdict: Verdict::Pass,
                measured: interval.into(),
                baseline: None,
                difference: None,
                rows: at.len(),
                reason: if matches!(baseline, Baseline::Itself) {
                    itself
                } else {
                    nobody
                },
            });
        }
        Baseline::Unknown(reason) => return Ok(Finding::unknown(at.len(), reason)),
    };
    let at = answered(predicted, at);
    if at.is_empty() {
        return Ok(Finding::unknown(
            0,
            format!("{} has no answer for any of the rows", versus.as_str()),
        ));
    }
    let interval = rows.interval(metric, criterion.k, criterion.confidence, &at)?;
    let other = rows.value(metric, criterion.k, predicted, &at)?;
    let difference = rows.difference(metric, criterion.k, criterion.confidence, predicted, &at)?;
    let (verdict, tested) = test(criterion, difference, criterion.margin);
    Ok(Finding {
        verdict,
        measured: interval.into(),
        baseline: known(other),
        difference: Some(difference.into()),
        rows: at.len(),
        reason: format!(
            "{} against {} of {}: difference {}{tested} on {} rows",
            shown(interval.value),
            shown(other),
            versus.as_str(),
            shown(difference.value),
            at.len()
        ),
    })
}

/// Whether what must pass does, and the bound that was tested, in words.
fn test(criterion: &Criterion, interval: Interval, target: f64) -> (Verdict, String) {
    let (tested, words) = match criterion.confidence {
        None => (interval.value, String::new()),
        Some(_) if criterion.op.wants_small() => (
            interval.upper,
            format!(", upper bound {}", shown(interval.upper)),
        ),
        Some(_) => (
            interval.lower,
            format!(", lower bound {}", shown(interval.lower)),
        ),
    };
    if !tested.is_finite() || !target.is_finite() {
        return (Verdict::Unknown, words);
    }
    let verdict = if criterion.op.holds(tested, target) {
        Verdict::Pass
    } else {
        Verdict::Fail
    };
    (verdict, words)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use data::Task;

    use super::*;

    /// 20 days of 24 hours; the model is off by one, and by more on some days, so that there is a spread.
    fn rows() -> Rows {
        let truth: Vec<f64> = (0..480).map(|hour| 100.0 + f64::from(hour % 24)).collect();
        let model = truth
            .iter()
            .enumerate()
            .map(|(hour, truth)| truth + 1.0 + (hour / 24 % 5) as f64)
            .collect();
        Rows {
            task: Task::Regression,
            payoff: None,
            seed: 7,
            model,
            today: Baseline::Predicted(truth.iter().map(|truth| truth + 10.0).collect()),
            champion: Baseline::None,
            simplest: Baseline::Unknown("it was not trained".to_owned()),
            days: (0..480).map(|hour| hour / 24).collect(),
            slices: BTreeMap::from([(
                "half".to_owned(),
                (0..480)
                    .map(|hour| if hour < 470 { "first" } else { "rest" }.to_owned())
                    .collect(),
            )]),
            truth,
        }
    }

    fn criterion(target: &str) -> Criterion {
        let text = format!(
            "schema = 1\n[project]\nname = \"p\"\nowner = \"o\"\n[[train.candidate]]\nid = \"simplest\"\nalgorithm = \"ridge\"\n[train]\n\
             experiment = \"e\"\nfeatures = [\"f\"]\noptimise = {{ metric = \"mae\" }}\n[features.f]\nfrom = \"d\"\nfeature = [{{ name = \"x\", type = \"f32\" }}]\n\
             [dataset.d]\nsource = {{ kind = \"file\", path = \"d.csv\" }}\n[label]\nname = \"y\"\nfrom = \"d\"\nsql = \"y\"\n[split]\nby = \"time\"\nholdout = \"1d\"\n\
             [[criterion]]\nid = \"c\"\nkind = \"model\"\nmetric = \"mae\"\non = \"holdout\"\nop = \"<=\"\n{target}"
        );
        project::parse(&text).unwrap().criteria.remove(0)
    }

    fn verdict(target: &str) -> (Verdict, String) {
        let result = judge(&criterion(target), 1, &rows());
        (result.verdict, result.reason)
    }

    // proves S22 S44
    #[test]
    fn the_bound_must_pass_and_not_the_point_estimate() {
        assert_eq!(verdict("value = 3.1").0, Verdict::Pass);
        let (verdict, reason) = verdict("value = 3.1\nconfidence = 0.95");
        assert_eq!(verdict, Verdict::Fail);
        assert!(reason.starts_with("3, upper bound 3."), "{reason}");
    }

    #[test]
    fn a_baseline_is_compared_on_the_same_rows() {
        assert_eq!(
            verdict("versus = \"today\"\nconfidence = 0.95").0,
            Verdict::Pass
        );
        assert_eq!(
            verdict("versus = \"today\"\nmargin = -8.0").0,
            Verdict::Fail
        );
        assert_eq!(
            verdict("versus = \"champion\""),
            (Verdict::Pass, "no champion yet to compare with".to_owned())
        );
        assert_eq!(
            verdict("versus = \"simplest\""),
            (Verdict::Unknown, "it was not trained".to_owned())
        );
    }

    #[test]
    fn every_slice_with_enough_rows_must_pass() {
        let (all, reason) = verdict("value = 3.1\nslice = \"half\"\nmin_rows = 100");
        assert_eq!(all, Verdict::Pass);
        assert!(
            reason.ends_with("left out for too few rows: rest (10 rows)"),
            "{reason}"
        );
        let (all, reason) = verdict("value = 3.1\nslice = \"half\"");
        assert_eq!(all, Verdict::Fail, "the last hours are worse");
        assert!(reason.starts_with("worst where half is rest"), "{reason}");
        assert_eq!(
            verdict("value = 3.1\nslice = \"half\"\nmin_rows = 1000").0,
            Verdict::Unknown
        );
        assert_eq!(
            verdict("value = 3.1\nslice = \"colour\"").0,
            Verdict::Unknown
        );
    }

    #[test]
    fn too_few_rows_are_unknown() {
        assert_eq!(
            verdict("value = 3.1\nmin_rows = 1000"),
            (Verdict::Unknown, "480 rows, fewer than 1000".to_owned())
        );
    }
}
