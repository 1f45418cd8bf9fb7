//! One metric per group, and how far groups lie apart (fairlearn's `MetricFrame`).

use std::collections::BTreeMap;

/// What a group's decisions look like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Group {
    cells: [f64; 4],
}

/// A rate of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// Share of right decisions.
    Accuracy,
    /// Share decided yes.
    Selection,
    /// TP / (TP + FP).
    Precision,
    /// TP / (TP + FN).
    TruePositive,
    /// FN / (TP + FN).
    FalseNegative,
    /// FP / (FP + TN).
    FalsePositive,
    /// TN / (FP + TN).
    TrueNegative,
}

impl Group {
    fn add(&mut self, truth: bool, decided: bool) {
        self.cells[usize::from(truth) * 2 + usize::from(decided)] += 1.0;
    }

    /// Rows of the group.
    pub fn rows(&self) -> f64 {
        self.cells.iter().sum()
    }

    /// A rate; 0 where its denominator is.
    pub fn rate(&self, rate: Rate) -> f64 {
        let [tn, fp, fn_, tp] = self.cells;
        let (part, whole) = match rate {
            Rate::Accuracy => (tp + tn, self.rows()),
            Rate::Selection => (tp + fp, self.rows()),
            Rate::Precision => (tp, tp + fp),
            Rate::TruePositive => (tp, tp + fn_),
            Rate::FalseNegative => (fn_, tp + fn_),
            Rate::FalsePositive => (fp, fp + tn),
            Rate::TrueNegative => (tn, fp + tn),
        };
        if whole == 0.0 { 0.0 } else { part / whole }
    }
}

/// Groups by name, and all rows as one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// All rows.
    pub overall: Group,
    /// Rows of each group.
    pub groups: BTreeMap<String, Group>,
}

impl Frame {
    /// Counts (truth, decision, group).
    pub fn new<'a>(rows: impl IntoIterator<Item = (bool, bool, &'a str)>) -> Self {
        let mut frame = Self::default();
        for (truth, decided, group) in rows {
            frame.overall.add(truth, decided);
            if let Some(known) = frame.groups.get_mut(group) {
                known.add(truth, decided);
            } else {
                let mut first = Group::default();
                first.add(truth, decided);
                frame.groups.insert(group.to_owned(), first);
            }
        }
        frame
    }

    fn range(&self, rate: Rate) -> (f64, f64) {
        self.groups
            .values()
            .map(|group| group.rate(rate))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
    }

    /// Largest minus smallest group.
    pub fn difference(&self, rate: Rate) -> f64 {
        let (low, high) = self.range(rate);
        high - low
    }

    /// Smallest over largest group.
    pub fn ratio(&self, rate: Rate) -> f64 {
        let (low, high) = self.range(rate);
        low / high
    }

    /// Largest distance of a group from all rows.
    pub fn difference_to_overall(&self, rate: Rate) -> f64 {
        let (low, high) = self.range(rate);
        let overall = self.overall.rate(rate);
        (high - overall).max(overall - low)
    }

    /// Smallest of group over overall or overall over group.
    pub fn ratio_to_overall(&self, rate: Rate) -> f64 {
        let (low, high) = self.range(rate);
        let overall = self.overall.rate(rate);
        (low / overall).min(overall / high)
    }

    /// Difference of the selection rates.
    pub fn demographic_parity_difference(&self) -> f64 {
        self.difference(Rate::Selection)
    }

    /// The worse of the differences of true and false positive rates.
    pub fn equalized_odds_difference(&self) -> f64 {
        self.difference(Rate::TruePositive)
            .max(self.difference(Rate::FalsePositive))
    }

    /// The worse of the ratios of true and false positive rates.
    pub fn equalized_odds_ratio(&self) -> f64 {
        self.ratio(Rate::TruePositive)
            .min(self.ratio(Rate::FalsePositive))
    }

    /// Difference of the true positive rates.
    pub fn equal_opportunity_difference(&self) -> f64 {
        self.difference(Rate::TruePositive)
    }
}
