//! Linear models.

use std::sync::Arc;

use base::{Error, Result};

use super::{Labels, PostTransform, winner};
use crate::onnx::attributes::Attributes;
use crate::onnx::ops::{Kernel, one, sigmoid32};
use crate::onnx::tensor::{Data, Tensor, elements};

struct Linear {
    /// Row after row, one per target.
    coefficients: Vec<f32>,
    intercepts: Vec<f32>,
    targets: usize,
}

impl Linear {
    fn of(attributes: &Attributes, targets: usize) -> Result<Self> {
        let coefficients = attributes.floats("coefficients")?;
        if targets == 0 || coefficients.is_empty() || coefficients.len() % targets != 0 {
            return Err(Error::invalid(format!(
                "{} coefficients do not fit {targets} targets",
                coefficients.len()
            )));
        }
        let mut intercepts = attributes.floats("intercepts")?;
        intercepts.resize(targets, 0.0);
        Ok(Self {
            coefficients,
            intercepts,
            targets,
        })
    }

    fn scores(&self, x: &Tensor) -> Result<(usize, Vec<f32>)> {
        let (rows, width) = x.table()?;
        if width * self.targets != self.coefficients.len() {
            return Err(Error::invalid(format!(
                "the model has {} coefficients a target, got {width} features",
                self.coefficients.len() / self.targets
            )));
        }
        elements(&[rows, self.targets])?;
        let numbers = x.to_f32()?;
        let mut scores = Vec::with_capacity(rows * self.targets);
        for row in numbers.chunks(width) {
            for (line, intercept) in self.coefficients.chunks(width).zip(&self.intercepts) {
                // The sum is kept in 64 bits: the order of additions then does not show in the answer.
                let sum: f64 = row
                    .iter()
                    .zip(line)
                    .map(|(x, c)| f64::from(*x) * f64::from(*c))
                    .sum();
                scores.push((sum + f64::from(*intercept)) as f32);
            }
        }
        Ok((rows, scores))
    }
}

pub fn regressor(attributes: &Attributes) -> Result<Kernel> {
    let targets = usize::try_from(attributes.int("targets", 1)?).unwrap_or(0);
    let model = Linear::of(attributes, targets)?;
    let post = PostTransform::of(attributes)?;
    Ok(Box::new(move |inputs| {
        let (rows, mut scores) = model.scores(inputs.get(0)?)?;
        scores.chunks_mut(targets).for_each(|line| post.apply(line));
        one(Tensor::of(vec![rows, targets], Data::F32(scores)))
    }))
}

/// Two classes may come with the coefficients of the second one only.
pub fn classifier(attributes: &Attributes) -> Result<Kernel> {
    let labels = Labels::of(attributes, "classlabels_ints", "classlabels_strings")?;
    let intercepts = attributes.floats("intercepts")?.len();
    let single = labels.len() == 2 && intercepts == 1;
    let model = Linear::of(attributes, if single { 1 } else { labels.len() })?;
    let post = PostTransform::of(attributes)?;
    let classes = labels.len();
    Ok(Box::new(move |inputs| {
        let (rows, mut scores) = model.scores(inputs.get(0)?)?;
        let winners: Vec<usize> = if single {
            scores.iter().map(|&x| usize::from(x > 0.0)).collect()
        } else {
            scores.chunks(classes).map(winner).collect()
        };
        if single {
            scores = scores
                .iter()
                .flat_map(|&x| {
                    if post == PostTransform::Logistic {
                        [sigmoid32(-x), sigmoid32(x)]
                    } else {
                        [-x, x]
                    }
                })
                .collect();
        } else {
            scores.chunks_mut(classes).for_each(|line| post.apply(line));
        }
        Ok(vec![
            Arc::new(labels.pick(&winners)?),
            Arc::new(Tensor::of(vec![rows, classes], Data::F32(scores))),
        ])
    }))
}
