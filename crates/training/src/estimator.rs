//! What was learnt: weights or trees over the features of the preprocessing graph.

use base::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::tree::{Tree, Walker};

/// What becomes of the raw score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// The score is the prediction.
    Identity,
    /// 1 / (1 + e^−score): log odds become a probability.
    Logistic,
    /// The score is a probability but for rounding: it is held between 0 and 1.
    Probability,
}

impl Link {
    /// The prediction that belongs to a raw score.
    #[inline]
    pub fn apply(self, score: f64) -> f64 {
        match self {
            Self::Identity => score,
            Self::Logistic => 1.0 / (1.0 + (-score).exp()),
            Self::Probability => score.clamp(0.0, 1.0),
        }
    }
}

/// What was learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Estimator {
    /// `intercept + Σ weight · feature`.
    Linear {
        intercept: f64,
        weights: Vec<f64>,
        link: Link,
    },
    /// `base + Σ leaf`, over features rounded to 32 bits.
    Trees {
        base: f64,
        link: Link,
        trees: Vec<Tree>,
    },
}

/// An estimator made ready to run.
#[derive(Clone, Debug)]
pub(crate) enum Scorer {
    Linear {
        intercept: f64,
        weights: Vec<f64>,
        link: Link,
    },
    Trees {
        base: f64,
        link: Link,
        walker: Walker,
    },
}

impl Scorer {
    /// Makes `estimator` over `features` features ready.
    pub fn new(estimator: &Estimator, features: usize) -> Result<Self> {
        match estimator {
            Estimator::Linear {
                intercept,
                weights,
                link,
            } => {
                let finite =
                    intercept.is_finite() && weights.iter().all(|weight| weight.is_finite());
                if weights.len() != features || !finite {
                    return Err(Error::invalid(format!(
                        "the model has {} weights for {features} features",
                        weights.len()
                    )));
                }
                Ok(Self::Linear {
                    intercept: *intercept,
                    weights: weights.clone(),
                    link: *link,
                })
            }
            Estimator::Trees { base, link, trees } => Ok(Self::Trees {
                base: *base,
                link: *link,
                walker: Walker::new(trees, features)?,
            }),
        }
    }

    /// The prediction for one row of features. `room` is as long as the features.
    #[inline]
    pub fn score(&self, features: impl Iterator<Item = f64>, room: &mut [f32]) -> f64 {
        match self {
            Self::Linear {
                intercept,
                weights,
                link,
            } => {
                let score = weights
                    .iter()
                    .zip(features)
                    .fold(*intercept, |sum, (weight, feature)| sum + weight * feature);
                link.apply(score)
            }
            Self::Trees { base, link, walker } => {
                for (place, feature) in room.iter_mut().zip(features) {
                    *place = feature as f32;
                }
                link.apply(base + walker.sum(room))
            }
        }
    }
}
