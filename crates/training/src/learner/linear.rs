//! Ridge and logistic regression by the normal equations.
//!
//! Both minimise the sum over rows of the loss plus a penalty on the squared weights, not on the intercept, with
//! scikit-learn's scaling: `‖y − Xw − b‖² + l2 ‖w‖²`, and `Σ log loss + l2/2 ‖w‖²`.

use base::{Error, Result};
use nalgebra::{DMatrix, DVector};

use super::{Learner, Matrix};
use crate::estimator::{Estimator, Link};
use crate::params::{Params, number};
use crate::prep::Style;

/// `algorithm = "ridge"`.
pub(super) struct Ridge;

/// `algorithm = "logistic_regression"`.
pub(super) struct Logistic;

impl Learner for Ridge {
    fn style(&self) -> Style {
        Style::Linear
    }

    fn defaults(&self) -> &'static [(&'static str, f64)] {
        &[("l2", 1.0)]
    }

    fn fit(
        &self,
        matrix: &Matrix,
        label: &[f64],
        params: &Params,
        _seed: u64,
    ) -> Result<Estimator> {
        let l2 = penalty(params)?;
        let (x, means) = centred(matrix);
        let mean = label.iter().sum::<f64>() / label.len() as f64;
        let y = DVector::from_iterator(label.len(), label.iter().map(|truth| truth - mean));
        let mut normal = x.tr_mul(&x);
        add_to_diagonal(&mut normal, l2);
        let weights = solve(normal, &x.tr_mul(&y))?;
        Ok(Estimator::Linear {
            intercept: mean - weights.dot(&means),
            weights: weights.as_slice().to_vec(),
            link: Link::Identity,
        })
    }
}

impl Learner for Logistic {
    fn style(&self) -> Style {
        Style::Linear
    }

    fn defaults(&self) -> &'static [(&'static str, f64)] {
        &[("l2", 1.0)]
    }

    fn fit(
        &self,
        matrix: &Matrix,
        label: &[f64],
        params: &Params,
        _seed: u64,
    ) -> Result<Estimator> {
        let l2 = penalty(params)?;
        let (x, means) = centred(matrix);
        // The intercept is the last column; the penalty leaves it out.
        let x = x.insert_column(matrix.columns, 1.0);
        let weights = newton(&x, label, l2)?;
        let slopes = weights.rows(0, matrix.columns);
        let intercept = weights[matrix.columns] - slopes.dot(&means);
        Ok(Estimator::Linear {
            intercept,
            weights: slopes.as_slice().to_vec(),
            link: Link::Logistic,
        })
    }
}

/// Newton's method with halved steps: the objective is convex, so a step that does not go down is only too long.
fn newton(x: &DMatrix<f64>, label: &[f64], l2: f64) -> Result<DVector<f64>> {
    const ROUNDS: usize = 100;
    let slopes = x.ncols() - 1;
    let share = (label.iter().sum::<f64>() / label.len() as f64).clamp(1e-6, 1.0 - 1e-6);
    let mut weights = DVector::zeros(x.ncols());
    weights[slopes] = (share / (1.0 - share)).ln();
    let mut loss = objective(x, label, &weights, l2);
    for _ in 0..ROUNDS {
        let (gradient, hessian) = derivatives(x, label, &weights, l2);
        if gradient.amax() < 1e-9 * label.len() as f64 {
            break;
        }
        let step = solve(hessian, &gradient)?;
        let mut length = 1.0;
        let better = loop {
            let next = &weights - &step * length;
            let next_loss = objective(x, label, &next, l2);
            if next_loss <= loss {
                break Some((next, next_loss));
            }
            length /= 2.0;
            if length < 1e-9 {
                break None;
            }
        };
        let Some((next, next_loss)) = better else {
            break;
        };
        let gained = loss - next_loss;
        (weights, loss) = (next, next_loss);
        if gained <= 1e-13 * loss.abs() {
            break;
        }
    }
    Ok(weights)
}

fn objective(x: &DMatrix<f64>, label: &[f64], weights: &DVector<f64>, l2: f64) -> f64 {
    let scores = x * weights;
    // log(1 + e^s) − y s without overflow.
    let loss: f64 = scores
        .iter()
        .zip(label)
        .map(|(s, y)| s.max(0.0) + (-s.abs()).exp().ln_1p() - y * s)
        .sum();
    loss + 0.5 * l2 * weights.rows(0, weights.len() - 1).norm_squared()
}

fn derivatives(
    x: &DMatrix<f64>,
    label: &[f64],
    weights: &DVector<f64>,
    l2: f64,
) -> (DVector<f64>, DMatrix<f64>) {
    let slopes = x.ncols() - 1;
    let chances = (x * weights).map(|score| Link::Logistic.apply(score));
    let errors = DVector::from_iterator(label.len(), chances.iter().zip(label).map(|(p, y)| p - y));
    let mut gradient = x.tr_mul(&errors);
    let mut scaled = x.clone();
    for (mut row, chance) in scaled.row_iter_mut().zip(&chances) {
        row *= chance * (1.0 - chance);
    }
    let mut hessian = x.tr_mul(&scaled);
    for place in 0..slopes {
        gradient[place] += l2 * weights[place];
        hessian[(place, place)] += l2;
    }
    // Keeps the intercept's curvature above zero where every row is certain.
    hessian[(slopes, slopes)] += 1e-9;
    (gradient, hessian)
}

/// The matrix with its columns' means taken out, and the means.
fn centred(matrix: &Matrix) -> (DMatrix<f64>, DVector<f64>) {
    let mut x = DMatrix::from_row_slice(matrix.rows, matrix.columns, &matrix.values);
    let means = DVector::from_iterator(matrix.columns, x.column_iter().map(|column| column.mean()));
    for (mut column, mean) in x.column_iter_mut().zip(means.iter()) {
        column.add_scalar_mut(-mean);
    }
    (x, means)
}

fn add_to_diagonal(matrix: &mut DMatrix<f64>, value: f64) {
    for place in 0..matrix.nrows() {
        matrix[(place, place)] += value;
    }
}

/// Solves a symmetric system; where columns depend on each other and nothing is penalised, the least solution.
fn solve(matrix: DMatrix<f64>, right: &DVector<f64>) -> Result<DVector<f64>> {
    if let Some(cholesky) = matrix.clone().cholesky() {
        let solution = cholesky.solve(right);
        if solution.iter().all(|value| value.is_finite()) {
            return Ok(solution);
        }
    }
    let scale = matrix.amax();
    let inverse = matrix
        .pseudo_inverse(1e-12 * scale.max(f64::MIN_POSITIVE))
        .map_err(|reason| {
            Error::internal(format!(
                "the equations of the linear model cannot be solved: {reason}"
            ))
        })?;
    Ok(inverse * right)
}

fn penalty(params: &Params) -> Result<f64> {
    number(params, "l2", 1.0, 0.0, f64::MAX)
}
