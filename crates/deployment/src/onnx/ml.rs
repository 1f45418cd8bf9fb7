//! The operators of ONNX-ML (domain `ai.onnx.ml`) that converters of scikit-learn, LightGBM and XGBoost write.

mod encode;
mod linear;
mod scale;
mod trees;

use std::sync::Arc;

use base::{Error, Result};

use super::attributes::Attributes;
use super::ops::{Kernel, sigmoid32, softmax_in_place};
use super::tensor::{Data, Tensor};

/// The kernel of operator `op`; `None` where we do not have it.
pub fn build(op: &str, attributes: &Attributes) -> Result<Option<Kernel>> {
    Ok(Some(match op {
        "TreeEnsembleClassifier" => trees::classifier(attributes)?,
        "TreeEnsembleRegressor" => trees::regressor(attributes)?,
        "LinearClassifier" => linear::classifier(attributes)?,
        "LinearRegressor" => linear::regressor(attributes)?,
        "Scaler" => scale::scaler(attributes)?,
        "Imputer" => scale::imputer(attributes)?,
        "Normalizer" => scale::normalizer(attributes)?,
        "Binarizer" => scale::binarizer(attributes)?,
        "FeatureVectorizer" => scale::vectorizer(),
        "LabelEncoder" => encode::label_encoder(attributes)?,
        "OneHotEncoder" => encode::one_hot(attributes)?,
        "CategoryMapper" => encode::category_mapper(attributes)?,
        "ArrayFeatureExtractor" => encode::extractor(),
        // A sequence of maps says the same as the table of probabilities, which is what callers get.
        "ZipMap" => Box::new(|inputs| Ok(vec![inputs.get(0)?.clone()])),
        _ => return Ok(None),
    }))
}

/// What is done to scores at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PostTransform {
    None,
    Logistic,
    Softmax,
    SoftmaxZero,
}

impl PostTransform {
    fn of(attributes: &Attributes) -> Result<Self> {
        Ok(match attributes.text("post_transform", "NONE")?.as_str() {
            "NONE" => Self::None,
            "LOGISTIC" => Self::Logistic,
            "SOFTMAX" => Self::Softmax,
            "SOFTMAX_ZERO" => Self::SoftmaxZero,
            other => {
                return Err(Error::not_implemented(format!(
                    "the post transform {other} is not supported"
                )));
            }
        })
    }

    fn apply(self, line: &mut [f32]) {
        match self {
            Self::None => {}
            Self::Logistic => line.iter_mut().for_each(|x| *x = sigmoid32(*x)),
            Self::Softmax => softmax_in_place(line),
            Self::SoftmaxZero => {
                // Zeros stay zero and take no part.
                let top = line.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let mut sum = 0.0;
                for x in line.iter_mut().filter(|x| x.abs() > 1e-7) {
                    *x = (*x - top).exp();
                    sum += *x;
                }
                line.iter_mut()
                    .filter(|x| x.abs() > 1e-7)
                    .for_each(|x| *x /= sum);
            }
        }
    }
}

/// The labels of a classifier's classes.
enum Labels {
    I64(Vec<i64>),
    Text(Vec<Arc<str>>),
}

impl Labels {
    fn of(attributes: &Attributes, ints: &str, strings: &str) -> Result<Self> {
        let texts = attributes.strings(strings)?;
        Ok(if texts.is_empty() {
            Self::I64(attributes.ints(ints)?)
        } else {
            Self::Text(texts)
        })
    }

    fn len(&self) -> usize {
        match self {
            Self::I64(v) => v.len(),
            Self::Text(v) => v.len(),
        }
    }

    /// The labels of the classes that won.
    fn pick(&self, winners: &[usize]) -> Result<Tensor> {
        let outside = || Error::invalid("the classifier has more scores than labels");
        let data = match self {
            Self::I64(v) => Data::I64(
                winners
                    .iter()
                    .map(|&i| v.get(i).copied().ok_or_else(outside))
                    .collect::<Result<_>>()?,
            ),
            Self::Text(v) => Data::Text(
                winners
                    .iter()
                    .map(|&i| v.get(i).cloned().ok_or_else(outside))
                    .collect::<Result<_>>()?,
            ),
        };
        Ok(Tensor::of(vec![winners.len()], data))
    }
}

/// The position of the largest score; the first one where several are equal.
fn winner(line: &[f32]) -> usize {
    let mut best = 0;
    for (at, x) in line.iter().enumerate() {
        if *x > line[best] {
            best = at;
        }
    }
    best
}
