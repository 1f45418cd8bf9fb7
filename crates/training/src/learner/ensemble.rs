//! Random forest and gradient boosting: the engine is hessboost, what we keep of it are our own trees.
//!
//! Features and label are rounded to 32 bits before the engine sees them, so a threshold means the same in training,
//! in serving and in the ONNX export. The engine gives the same trees on any number of threads.

use base::{Error, Result};
use hessboost::config::GrowPolicy;
use hessboost::prelude::{
    BoostedModel, DMatrix, HessboostError, Objective, RegLoss, TrainingParams, TreeMethod, train,
};

use super::{Learner, Matrix};
use crate::estimator::{Estimator, Link};
use crate::params::{Params, number, whole};
use crate::prep::Style;
use crate::tree::Tree;

/// `algorithm = "random_forest"`: the mean of trees that each saw a part of the rows and, at each node, a part of the
/// columns. For yes or no the mean is a probability.
pub(super) struct Forest {
    pub link: Link,
}

/// `algorithm = "gradient_boosting"`: each tree corrects the sum of those before it.
pub(super) struct Boosting {
    pub link: Link,
}

const FOREST: &[(&str, f64)] = &[
    ("trees", 100.0),
    ("max_depth", 12.0),
    ("min_leaf", 5.0),
    ("columns", 0.8),
    ("rows", 0.632),
];

const BOOSTING: &[(&str, f64)] = &[
    ("trees", 200.0),
    ("learning_rate", 0.1),
    ("leaves", 31.0),
    ("max_depth", 32.0),
    ("min_leaf", 20.0),
    ("l2", 1.0),
    ("columns", 1.0),
    ("rows", 1.0),
];

/// The default of `name` in a table of them.
fn default(table: &[(&str, f64)], name: &str) -> f64 {
    table
        .iter()
        .find(|(known, _)| *known == name)
        .map_or(0.0, |(_, value)| *value)
}

impl Learner for Forest {
    fn style(&self) -> Style {
        Style::Trees
    }

    fn defaults(&self) -> &'static [(&'static str, f64)] {
        FOREST
    }

    fn fit(&self, matrix: &Matrix, label: &[f64], params: &Params, seed: u64) -> Result<Estimator> {
        let get = |name, least, most| number(params, name, default(FOREST, name), least, most);
        let count = |name, least, most| whole(params, name, default(FOREST, name), least, most);
        let trained = TrainingParams::builder()
            .objective(Objective::SquaredError(RegLoss::default()))
            .tree_method(TreeMethod::Hist)
            .num_parallel_tree(count("trees", 1.0, 5000.0)?)
            .max_depth(count("max_depth", 1.0, 64.0)?)
            .min_child_weight(get("min_leaf", 1.0, 1e9)?)
            .colsample_bynode(get("columns", 0.01, 1.0)?)
            .subsample(get("rows", 0.01, 1.0)?)
            .eta(1.0)
            .lambda(0.0)
            .seed(seed)
            .build()
            .map_err(refused)?;
        let model = grow(&trained, matrix, label, 1)?;
        Ok(ours(&model, self.link))
    }
}

impl Learner for Boosting {
    fn style(&self) -> Style {
        Style::Trees
    }

    fn defaults(&self) -> &'static [(&'static str, f64)] {
        BOOSTING
    }

    fn fit(&self, matrix: &Matrix, label: &[f64], params: &Params, seed: u64) -> Result<Estimator> {
        let get = |name, least, most| number(params, name, default(BOOSTING, name), least, most);
        let count = |name, least, most| whole(params, name, default(BOOSTING, name), least, most);
        let min_leaf = get("min_leaf", 1.0, 1e9)?;
        let (objective, weight) = match self.link {
            Link::Logistic => (Objective::BinaryLogistic(RegLoss::default()), spread(label)),
            Link::Identity | Link::Probability => {
                (Objective::SquaredError(RegLoss::default()), 1.0)
            }
        };
        let trained = TrainingParams::builder()
            .objective(objective)
            .tree_method(TreeMethod::Hist)
            .grow_policy(GrowPolicy::LossGuide)
            .max_leaves(count("leaves", 2.0, 65_536.0)?)
            .max_depth(count("max_depth", 1.0, 64.0)?)
            // The engine counts curvature, which is 1 per row for squared error and p (1 − p) for log loss.
            .min_child_weight(min_leaf * weight)
            .eta(get("learning_rate", 1e-4, 1.0)?)
            .lambda(get("l2", 0.0, f64::from(f32::MAX))?)
            .colsample_bytree(get("columns", 0.01, 1.0)?)
            .subsample(get("rows", 0.01, 1.0)?)
            .seed(seed)
            .build()
            .map_err(refused)?;
        let model = grow(&trained, matrix, label, count("trees", 1.0, 20_000.0)?)?;
        Ok(ours(&model, self.link))
    }
}

/// The label's variance, for yes or no.
fn spread(label: &[f64]) -> f64 {
    let share = label.iter().sum::<f64>() / label.len().max(1) as f64;
    (share * (1.0 - share)).max(1e-6)
}

fn grow(
    params: &TrainingParams,
    matrix: &Matrix,
    label: &[f64],
    rounds: usize,
) -> Result<BoostedModel> {
    let values: Vec<f32> = matrix.values.iter().map(|value| *value as f32).collect();
    let label: Vec<f32> = label.iter().map(|truth| *truth as f32).collect();
    let data = DMatrix::from_dense_vec(values, matrix.rows, matrix.columns)
        .and_then(|data| data.with_labels(&label))
        .map_err(refused)?;
    train(params, &data, rounds).map_err(refused)
}

fn refused(error: HessboostError) -> Error {
    Error::invalid(format!("the trees cannot be grown: {error}")).because(error)
}

fn ours(model: &BoostedModel, link: Link) -> Estimator {
    Estimator::Trees {
        base: f64::from(model.base_score()),
        link,
        trees: model.trees().iter().map(renumber).collect(),
    }
}

/// The engine's tree with its nodes in breadth-first order, so that a node's children are neighbours.
fn renumber(tree: &hessboost::tree::RegTree) -> Tree {
    let nodes = tree.nodes();
    let mut ours = Tree::default();
    let mut order = vec![0usize];
    let mut next = 0;
    while next < order.len() {
        let node = &nodes[order[next]];
        let leaf = node.is_leaf();
        ours.feature.push(if leaf { 0 } else { node.split_feature });
        ours.value.push(if leaf {
            node.leaf_value
        } else {
            node.split_cond
        });
        ours.left.push(if leaf { 0 } else { order.len() as u32 });
        ours.missing_left.push(u8::from(!leaf && node.default_left));
        if !leaf {
            order.extend([node.left as usize, node.right as usize]);
        }
        next += 1;
    }
    ours
}

#[cfg(test)]
mod tests {

    use rand::{Rng as _, SeedableRng as _};

    use super::*;
    use crate::estimator::Scorer;

    fn noisy(rows: usize) -> (Matrix, Vec<f64>) {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(11);
        let columns = 4;
        let mut values = Vec::new();
        let mut label = Vec::new();
        for _ in 0..rows {
            let row: Vec<f64> = (0..columns)
                .map(|_| {
                    if rng.random_bool(0.1) {
                        f64::NAN
                    } else {
                        rng.random_range(-3.0..3.0)
                    }
                })
                .collect();
            let known = |place: usize| if row[place].is_nan() { 0.5 } else { row[place] };
            label.push(known(0) * 2.0 + known(1).powi(2) + rng.random_range(-0.5..0.5));
            values.extend(row);
        }
        (
            Matrix {
                rows,
                columns,
                values,
            },
            label,
        )
    }

    /// The engine's own predictions beside those of our trees.
    fn largest_difference(
        params: &TrainingParams,
        link: Link,
        label: &[f64],
        matrix: &Matrix,
        rounds: usize,
    ) -> f64 {
        let model = grow(params, matrix, label, rounds).expect("grows");
        let scorer = Scorer::new(&ours(&model, link), matrix.columns).expect("a good estimator");
        let mut room = vec![0.0; matrix.columns];
        let values: Vec<f32> = matrix.values.iter().map(|value| *value as f32).collect();
        values
            .chunks(matrix.columns)
            .map(|row| {
                let engine = f64::from(model.predict_row(row, ..).expect("predicts"));
                let own = scorer.score(row.iter().map(|value| f64::from(*value)), &mut room);
                (engine - own).abs() / own.abs().max(1.0)
            })
            .fold(0.0, f64::max)
    }

    // proves S41
    #[test]
    fn our_trees_predict_what_the_engine_predicts() {
        let (matrix, label) = noisy(1500);
        let squared = TrainingParams::builder()
            .tree_method(TreeMethod::Hist)
            .grow_policy(GrowPolicy::LossGuide)
            .max_leaves(31)
            .eta(0.1);
        let off = largest_difference(
            &squared.build().expect("good"),
            Link::Identity,
            &label,
            &matrix,
            100,
        );
        assert!(
            off < 2e-6,
            "boosting for a number is {off} away from its engine"
        );

        let yes: Vec<f64> = label
            .iter()
            .map(|value| f64::from(u8::from(*value > 2.0)))
            .collect();
        let logistic = TrainingParams::builder()
            .objective(Objective::BinaryLogistic(RegLoss::default()))
            .tree_method(TreeMethod::Hist);
        let off = largest_difference(
            &logistic.build().expect("good"),
            Link::Logistic,
            &yes,
            &matrix,
            100,
        );
        assert!(
            off < 2e-6,
            "boosting for yes or no is {off} away from its engine"
        );

        let forest = TrainingParams::builder()
            .tree_method(TreeMethod::Hist)
            .num_parallel_tree(50)
            .eta(1.0)
            .lambda(0.0)
            .subsample(0.6);
        let off = largest_difference(
            &forest.build().expect("good"),
            Link::Identity,
            &label,
            &matrix,
            1,
        );
        assert!(off < 2e-6, "a forest is {off} away from its engine");
    }

    // proves S41
    #[test]
    fn the_same_seed_gives_the_same_trees_and_another_seed_others() {
        let (matrix, label) = noisy(600);
        let forest = Forest {
            link: Link::Identity,
        };
        let grow = |seed| {
            forest
                .fit(&matrix, &label, &Params::new(), seed)
                .expect("fits")
        };
        assert_eq!(grow(3), grow(3));
        assert_ne!(grow(3), grow(4));
    }
}
