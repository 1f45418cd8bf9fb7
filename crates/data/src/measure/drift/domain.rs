//! Domain classifier: can a model tell the reference's rows from the current ones? Its ROC AUC is 0.5 if not, 1 if always.
//!
//! The model is logistic regression on each column's value and on the square of it (columns are brought to mean 0
//! and deviation 1), fitted by Newton's method with a small ridge; scores are out of fold. So it sees shifts,
//! spreads and their combinations over columns, and needs no tuning. Field tools use LightGBM (NannyML) or SGD on
//! words (Evidently): their AUC is another number, their threshold (0.55 to 0.65) the same.

use nalgebra::{DMatrix, DVector};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use crate::measure::{Context, Metric, compute};
use crate::prepare::Task;

use super::moments::{deviation, mean};

/// ROC AUC of five folds, pooled. Rows are equally long and finite. NaN where a side has fewer rows than folds.
pub fn domain_auc(reference: &[Vec<f64>], current: &[Vec<f64>], seed: u64) -> f64 {
    const FOLDS: usize = 5;
    if reference.len() < FOLDS || current.len() < FOLDS {
        return f64::NAN;
    }
    let truth: Vec<f64> = std::iter::repeat_n(0.0, reference.len())
        .chain(std::iter::repeat_n(1.0, current.len()))
        .collect();
    let rows = features(reference, current);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Each side is spread evenly over the folds.
    let mut fold = vec![0; truth.len()];
    for side in [0..reference.len(), reference.len()..truth.len()] {
        let mut places: Vec<usize> = side.collect();
        places.shuffle(&mut rng);
        for (turn, place) in places.into_iter().enumerate() {
            fold[place] = turn % FOLDS;
        }
    }
    let mut score = vec![0.0; truth.len()];
    for held_out in 0..FOLDS {
        let train: Vec<usize> = (0..truth.len())
            .filter(|place| fold[*place] != held_out)
            .collect();
        let weights = fit(&rows, &truth, &train);
        for place in (0..truth.len()).filter(|place| fold[*place] == held_out) {
            score[place] = sigmoid((rows.row(place) * &weights)[0]);
        }
    }
    compute(Metric::RocAuc, &truth, &score, &Context::new(Task::Binary)).unwrap_or(f64::NAN)
}

/// One, then each column and its square, in units of their deviation.
fn features(reference: &[Vec<f64>], current: &[Vec<f64>]) -> DMatrix<f64> {
    let columns = reference.first().map_or(0, Vec::len);
    let n = reference.len() + current.len();
    let mut rows = DMatrix::from_element(n, 1 + 2 * columns, 1.0);
    for column in 0..columns {
        let values: Vec<f64> = reference
            .iter()
            .chain(current)
            .map(|row| row[column])
            .collect();
        let normed = normed(&values);
        let squares: Vec<f64> = normed.iter().map(|value| value * value).collect();
        for (place, (value, square)) in normed.iter().zip(self::normed(&squares)).enumerate() {
            rows[(place, 1 + 2 * column)] = *value;
            rows[(place, 2 + 2 * column)] = square;
        }
    }
    rows
}

fn normed(values: &[f64]) -> Vec<f64> {
    let middle = mean(values);
    let spread = deviation(values).max(f64::MIN_POSITIVE);
    values
        .iter()
        .map(|value| ((value - middle) / spread).clamp(-10.0, 10.0))
        .collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Weights of a logistic regression on some rows.
fn fit(rows: &DMatrix<f64>, truth: &[f64], train: &[usize]) -> DVector<f64> {
    let width = rows.ncols();
    let mut weights = DVector::zeros(width);
    for _ in 0..8 {
        let mut gradient = -1e-3 * &weights;
        let mut hessian = DMatrix::from_diagonal_element(width, width, 1e-3);
        for &place in train {
            let row = rows.row(place).transpose();
            let p = sigmoid(row.dot(&weights));
            gradient += &row * (truth[place] - p);
            hessian.ger((p * (1.0 - p)).max(1e-9), &row, &row, 1.0);
        }
        let Some(step) = hessian.cholesky().map(|whole| whole.solve(&gradient)) else {
            break;
        };
        weights += &step;
        if step.amax() < 1e-6 {
            break;
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use rand::Rng as _;

    use super::*;

    // proves S50
    #[test]
    fn a_shift_of_the_mean_or_of_the_spread_is_told_apart_and_nothing_else() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut sample = |middle: f64, spread: f64| -> Vec<Vec<f64>> {
            (0..600)
                .map(|_| {
                    let noise: f64 = (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
                    vec![middle + spread * noise, rng.random()]
                })
                .collect()
        };
        let reference = sample(0.0, 1.0);
        let (same, moved, wider) = (sample(0.0, 1.0), sample(1.0, 1.0), sample(0.0, 2.0));
        assert!((domain_auc(&reference, &same, 1) - 0.5).abs() < 0.06);
        assert!(domain_auc(&reference, &moved, 1) > 0.7);
        assert!(domain_auc(&reference, &wider, 1) > 0.65);
    }
}
