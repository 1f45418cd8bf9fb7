//! What a tool says about one column.

/// A number and what it means by the tool's own threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The distance or the p-value, whichever the tool reports.
    pub score: f64,
    /// What the score is compared with.
    pub threshold: f64,
    /// Whether that is drift.
    pub drifted: bool,
}

/// A score, or why there is none (the tool raises an error there).
pub type Answer = Result<Score, String>;

/// The method that a tool chooses by itself for a column, and every method that fits, by the tool's names.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The kind of column by the tool's word.
    pub kind: &'static str,
    /// The chosen method; none where the tool does not compare such a column.
    pub method: &'static str,
    /// Its answer.
    pub chosen: Answer,
    /// All methods, if they were asked for; the chosen one is among them.
    pub methods: Vec<(&'static str, Answer)>,
}

/// How much to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The method that decides.
    Chosen,
    /// Every method that fits the column.
    All,
}

/// From this value on it is drift: distances.
pub(super) fn at_least(score: f64, threshold: f64) -> Score {
    Score {
        score,
        threshold,
        drifted: score >= threshold,
    }
}

/// Above this value it is drift.
pub(super) fn above(score: f64, threshold: f64) -> Score {
    Score {
        score,
        threshold,
        drifted: score > threshold,
    }
}

/// Below this value it is drift: p-values.
pub(super) fn below(score: f64, threshold: f64) -> Score {
    Score {
        score,
        threshold,
        drifted: score < threshold,
    }
}

/// Up to this value it is drift.
pub(super) fn at_most(score: f64, threshold: f64) -> Score {
    Score {
        score,
        threshold,
        drifted: score <= threshold,
    }
}
