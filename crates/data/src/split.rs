//! Splits: which rows are learned from, which are held out, and the folds in between. Pure.

/// Row indices, each list in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// To learn from.
    pub train: Vec<u32>,
    /// Held out for ever.
    pub holdout: Vec<u32>,
    /// (learn, validate) inside `train`.
    pub folds: Vec<(Vec<u32>, Vec<u32>)>,
}
