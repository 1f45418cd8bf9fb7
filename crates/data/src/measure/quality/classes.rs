//! Decisions between two or more classes, from the table of truth against prediction.

use crate::measure::{Context, Metric, compute};
use crate::prepare::Task;

/// `table[t][p]`: rows whose class is `t` and whose prediction is `p`.
#[derive(Clone, Debug, PartialEq)]
pub struct Confusion {
    table: Vec<Vec<f64>>,
}

/// How the values of classes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Average {
    /// Each class counts the same.
    Macro,
    /// Each class counts by its rows.
    Weighted,
    /// All rows in one table; equals the accuracy.
    Micro,
}

/// Precision, recall and F of one class. 0 where the denominator is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OfClass {
    /// TP / (TP + FP).
    pub precision: f64,
    /// TP / (TP + FN).
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
    /// Rows of the class.
    pub support: f64,
}

impl Confusion {
    /// Counts pairs of class numbers below `classes`.
    pub fn new(truth: &[usize], predicted: &[usize], classes: usize) -> Self {
        let mut table = vec![vec![0.0; classes]; classes];
        for (&t, &p) in truth.iter().zip(predicted) {
            if t < classes && p < classes {
                table[t][p] += 1.0;
            }
        }
        Self { table }
    }

    /// The table itself.
    pub fn table(&self) -> &[Vec<f64>] {
        &self.table
    }

    fn rows(&self) -> f64 {
        self.table.iter().flatten().sum()
    }

    fn hits(&self) -> f64 {
        (0..self.table.len())
            .map(|class| self.table[class][class])
            .sum()
    }

    /// (rows of the class, rows predicted as the class) per class.
    fn margins(&self) -> Vec<(f64, f64)> {
        (0..self.table.len())
            .map(|class| {
                let truth = self.table[class].iter().sum();
                (truth, self.table.iter().map(|row| row[class]).sum())
            })
            .collect()
    }

    /// Share of right decisions.
    pub fn accuracy(&self) -> f64 {
        self.hits() / self.rows()
    }

    /// Mean recall of the classes that occur.
    pub fn balanced_accuracy(&self) -> f64 {
        let recalls: Vec<f64> = self
            .of_classes()
            .iter()
            .filter(|class| class.support > 0.0)
            .map(|class| class.recall)
            .collect();
        recalls.iter().sum::<f64>() / recalls.len() as f64
    }

    /// Cohen's kappa: agreement beyond chance.
    pub fn kappa(&self) -> f64 {
        let n = self.rows();
        let by_chance: f64 = self.margins().iter().map(|(t, p)| t * p).sum::<f64>() / n;
        1.0 - (n - self.hits()) / (n - by_chance)
    }

    /// Matthews' correlation (Gorodkin's R_k for more than two classes); 0 if a margin is empty.
    pub fn mcc(&self) -> f64 {
        let (n, margins) = (self.rows(), self.margins());
        let dot = |f: fn(&(f64, f64)) -> f64| margins.iter().map(f).sum::<f64>();
        let both = dot(|(t, p)| t * p);
        let limit = (n * n - dot(|(_, p)| p * p)) * (n * n - dot(|(t, _)| t * t));
        if limit == 0.0 {
            0.0
        } else {
            (self.hits() * n - both) / limit.sqrt()
        }
    }

    /// Each class against the rest.
    pub fn of_classes(&self) -> Vec<OfClass> {
        self.margins()
            .into_iter()
            .enumerate()
            .map(|(class, (support, predicted))| {
                let hits = self.table[class][class];
                OfClass {
                    precision: ratio(hits, predicted),
                    recall: ratio(hits, support),
                    f1: ratio(2.0 * hits, support + predicted),
                    support,
                }
            })
            .collect()
    }

    /// Precision, recall and F over all classes.
    pub fn average(&self, average: Average) -> OfClass {
        let classes = self.of_classes();
        let n = self.rows();
        if average == Average::Micro {
            let share = self.accuracy();
            return OfClass {
                precision: share,
                recall: share,
                f1: share,
                support: n,
            };
        }
        let weighted = |value: fn(&OfClass) -> f64| -> f64 {
            classes
                .iter()
                .map(|class| match average {
                    Average::Weighted => value(class) * class.support / n,
                    _ => value(class) / classes.len() as f64,
                })
                .sum()
        };
        OfClass {
            precision: weighted(|class| class.precision),
            recall: weighted(|class| class.recall),
            f1: weighted(|class| class.f1),
            support: n,
        }
    }

    /// F with recall `beta` times as important as precision, of one class.
    pub fn f_beta(&self, class: usize, beta: f64) -> f64 {
        let of = self.of_classes()[class];
        let square = beta * beta;
        ratio(
            (1.0 + square) * of.precision * of.recall,
            square * of.precision + of.recall,
        )
    }
}

fn ratio(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a / b }
}

/// Mean of −ln p(the true class); each row of `p` is brought to the sum 1 and kept off 0.
pub fn log_loss(truth: &[usize], p: &[Vec<f64>]) -> f64 {
    let loss: f64 = truth
        .iter()
        .zip(p)
        .map(|(class, row)| {
            let clipped = |value: f64| value.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
            let all: f64 = row.iter().copied().map(clipped).sum();
            -(clipped(row[*class]) / all).ln()
        })
        .sum();
    loss / truth.len() as f64
}

/// Share of rows whose class is among the `k` most probable; of equally probable classes the later wins.
pub fn top_k_accuracy(truth: &[usize], p: &[Vec<f64>], k: usize) -> f64 {
    let hits = truth
        .iter()
        .zip(p)
        .filter(|(class, row)| {
            let own = row[**class];
            let ahead = row
                .iter()
                .enumerate()
                .filter(|(other, value)| **value > own || (**value == own && *other > **class))
                .count();
            ahead < k
        })
        .count();
    hits as f64 / truth.len() as f64
}

/// ROC AUC of each class against the rest.
pub fn roc_auc_per_class(truth: &[usize], p: &[Vec<f64>], classes: usize) -> Vec<f64> {
    (0..classes)
        .map(|class| {
            let yes: Vec<f64> = truth.iter().map(|t| f64::from(*t == class)).collect();
            let score: Vec<f64> = p.iter().map(|row| row[class]).collect();
            auc(&yes, &score)
        })
        .collect()
}

/// Mean ROC AUC over all ordered pairs of classes (Hand & Till 2001).
pub fn roc_auc_one_vs_one(truth: &[usize], p: &[Vec<f64>], classes: usize) -> f64 {
    let mut values = Vec::new();
    for a in 0..classes {
        for b in (0..classes).filter(|b| *b != a) {
            let (yes, score): (Vec<f64>, Vec<f64>) = truth
                .iter()
                .zip(p)
                .filter(|(t, _)| **t == a || **t == b)
                .map(|(t, row)| (f64::from(*t == a), row[a]))
                .unzip();
            values.push(auc(&yes, &score));
        }
    }
    values.iter().sum::<f64>() / values.len() as f64
}

fn auc(truth: &[f64], score: &[f64]) -> f64 {
    compute(Metric::RocAuc, truth, score, &Context::new(Task::Binary)).unwrap_or(f64::NAN)
}
