//! Curves over all thresholds of a yes-or-no score.

/// What a threshold does: everything from it on is decided yes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    /// The threshold; infinite for "nothing is yes".
    pub threshold: f64,
    /// Right yes.
    pub true_positive: f64,
    /// Wrong yes.
    pub false_positive: f64,
}

/// One cut per different score, from the highest down; first the one above all.
pub fn cuts(truth: &[f64], score: &[f64]) -> Vec<Cut> {
    let mut rows: Vec<(f64, f64)> = score.iter().copied().zip(truth.iter().copied()).collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut cut = Cut {
        threshold: f64::INFINITY,
        true_positive: 0.0,
        false_positive: 0.0,
    };
    let mut all = vec![cut];
    for (at, (score, yes)) in rows.iter().enumerate() {
        if *yes > 0.5 {
            cut.true_positive += 1.0;
        } else {
            cut.false_positive += 1.0;
        }
        cut.threshold = *score;
        if rows.get(at + 1).is_none_or(|next| next.0 != *score) {
            all.push(cut);
        }
    }
    all
}

/// (false positive rate, true positive rate, threshold) of each cut.
pub fn roc(truth: &[f64], score: &[f64]) -> Vec<(f64, f64, f64)> {
    let cuts = cuts(truth, score);
    let last = cuts[cuts.len() - 1];
    cuts.iter()
        .map(|cut| {
            (
                cut.false_positive / last.false_positive,
                cut.true_positive / last.true_positive,
                cut.threshold,
            )
        })
        .collect()
}

/// (precision, recall, threshold) of each cut that decides anything yes, from the lowest threshold up.
pub fn precision_recall(truth: &[f64], score: &[f64]) -> Vec<(f64, f64, f64)> {
    let cuts = cuts(truth, score);
    let yes = cuts[cuts.len() - 1].true_positive;
    cuts[1..]
        .iter()
        .rev()
        .map(|cut| {
            let decided = cut.true_positive + cut.false_positive;
            (
                cut.true_positive / decided,
                cut.true_positive / yes,
                cut.threshold,
            )
        })
        .collect()
}

/// The largest gap between true and false positive rate: Kolmogorov-Smirnov's statistic of both classes' scores.
pub fn ks_statistic(truth: &[f64], score: &[f64]) -> f64 {
    roc(truth, score)
        .iter()
        .map(|(fpr, tpr, _)| tpr - fpr)
        .fold(0.0, f64::max)
}

/// Of the `share` of rows with the highest scores: how many times more yes than overall.
pub fn lift(truth: &[f64], score: &[f64], share: f64) -> f64 {
    let mut rows: Vec<(f64, f64)> = score.iter().copied().zip(truth.iter().copied()).collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let top = ((rows.len() as f64 * share).ceil() as usize).clamp(1, rows.len().max(1));
    let mean = |rows: &[(f64, f64)]| rows.iter().map(|row| row.1).sum::<f64>() / rows.len() as f64;
    mean(&rows[..top.min(rows.len())]) / mean(&rows)
}
