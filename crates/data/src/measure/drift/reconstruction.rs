//! PCA reconstruction error (NannyML's `DataReconstructionDriftCalculator`): how far rows lie from the few directions
//! in which the reference varies most. A change of the relations between columns shows, which no column alone tells.

use nalgebra::{DMatrix, SymmetricEigen};

use super::moments::{mean, variance};

/// The directions of a reference.
#[derive(Clone, Debug)]
pub struct Reconstruction {
    middle: Vec<f64>,
    scale: Vec<f64>,
    /// Directions, one per column, orthonormal.
    directions: DMatrix<f64>,
    /// Share of the variance that each kept direction explains, falling.
    pub explained: Vec<f64>,
}

impl Reconstruction {
    /// Learns from columns (equally long, finite) as many directions as explain more than `share` of the variance
    /// (NannyML: 0.65). `None` without columns or rows.
    pub fn fit(columns: &[Vec<f64>], share: f64) -> Option<Self> {
        let rows = columns.first()?.len();
        if rows == 0 {
            return None;
        }
        let middle: Vec<f64> = columns.iter().map(|column| mean(column)).collect();
        let scale: Vec<f64> = columns
            .iter()
            .map(|column| match variance(column, 0.0).sqrt() {
                0.0 => 1.0,
                spread => spread,
            })
            .collect();
        let width = columns.len();
        let normed: Vec<Vec<f64>> = (0..width)
            .map(|at| {
                columns[at]
                    .iter()
                    .map(|value| (value - middle[at]) / scale[at])
                    .collect()
            })
            .collect();
        let covariance = DMatrix::from_fn(width, width, |i, j| {
            let products: Vec<f64> = normed[i]
                .iter()
                .zip(&normed[j])
                .map(|(a, b)| a * b)
                .collect();
            mean(&products)
        });
        let SymmetricEigen {
            eigenvalues,
            eigenvectors,
        } = SymmetricEigen::new(covariance);
        let total: f64 = eigenvalues.iter().sum();
        let mut order: Vec<usize> = (0..width).collect();
        order.sort_by(|a, b| eigenvalues[*b].total_cmp(&eigenvalues[*a]));
        let (mut explained, mut reached) = (Vec::new(), 0.0);
        for &at in &order {
            if reached > share {
                break;
            }
            reached += eigenvalues[at] / total;
            explained.push(eigenvalues[at] / total);
        }
        let kept: Vec<_> = order[..explained.len()]
            .iter()
            .map(|at| eigenvectors.column(*at).into_owned())
            .collect();
        Some(Self {
            middle,
            scale,
            directions: DMatrix::from_columns(&kept),
            explained,
        })
    }

    /// Each row's distance from its reconstruction, in deviations of the reference.
    pub fn errors(&self, columns: &[Vec<f64>]) -> Vec<f64> {
        let rows = columns.first().map_or(0, Vec::len);
        let width = self.middle.len();
        let mut row = nalgebra::DVector::zeros(width);
        (0..rows)
            .map(|at| {
                for (entry, (column, (middle, scale))) in row
                    .iter_mut()
                    .zip(columns.iter().zip(self.middle.iter().zip(&self.scale)))
                {
                    *entry = (column[at] - middle) / scale;
                }
                let along = self.directions.tr_mul(&row);
                (&row - &self.directions * along).norm()
            })
            .collect()
    }
}

/// Replaces codes by how often each occurs in the reference, as NannyML encodes categories; what the reference lacks
/// is missing.
pub fn frequencies(reference: &[u32], codes: &[u32]) -> Vec<Option<f64>> {
    let mut counts = std::collections::HashMap::<u32, f64>::new();
    for code in reference {
        *counts.entry(*code).or_default() += 1.0 / reference.len() as f64;
    }
    codes.iter().map(|code| counts.get(code).copied()).collect()
}
