//! Ensembles of decision trees.
//!
//! The parallel arrays of ONNX become one array of nodes with direct indexes; every index is checked, and every
//! node is reached at most once, so that a walk always ends in a leaf.

use std::collections::HashMap;
use std::sync::Arc;

use base::{Error, Result};

use super::{Labels, PostTransform, winner};
use crate::onnx::attributes::Attributes;
use crate::onnx::ops::{Kernel, one, sigmoid32};
use crate::onnx::tensor::{Data, Tensor, elements};

/// Rows that walk one tree together, so that its nodes stay in the cache.
const BLOCK: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Leq,
    Lt,
    Gte,
    Gt,
    Eq,
    Neq,
    Leaf,
}

#[derive(Clone, Copy)]
struct Node {
    threshold: f64,
    feature: u32,
    /// The branch taken when the test holds; for a leaf, where its weights begin.
    yes: u32,
    /// The branch taken otherwise; for a leaf, where its weights end.
    no: u32,
    mode: Mode,
    missing_is_yes: bool,
}

struct Forest {
    nodes: Vec<Node>,
    roots: Vec<u32>,
    /// Target (or class) and weight.
    weights: Vec<(u32, f64)>,
    features: usize,
}

/// How the trees' values become one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aggregate {
    Sum,
    Average,
    Min,
    Max,
}

impl Forest {
    /// `prefix` is `target` or `class`: the names of the weights' attributes begin with it.
    fn of(attributes: &Attributes, prefix: &str) -> Result<Self> {
        let trees = attributes.ints("nodes_treeids")?;
        let count = trees.len();
        let column = |name: &str| -> Result<Vec<i64>> {
            let values = attributes.ints(name)?;
            if values.len() == count {
                Ok(values)
            } else {
                Err(Error::invalid(format!(
                    "{name} has {} values for {count} nodes",
                    values.len()
                )))
            }
        };
        let (ids, features) = (column("nodes_nodeids")?, column("nodes_featureids")?);
        let (yes, no) = (column("nodes_truenodeids")?, column("nodes_falsenodeids")?);
        let modes = attributes.strings("nodes_modes")?;
        let thresholds = attributes.numbers("nodes_values")?;
        if modes.len() != count || thresholds.len() != count {
            return Err(Error::invalid(format!(
                "nodes_modes and nodes_values need {count} values"
            )));
        }
        let missing = attributes.ints("nodes_missing_value_tracks_true")?;
        let index: HashMap<(i64, i64), u32> = trees
            .iter()
            .zip(&ids)
            .enumerate()
            .map(|(i, (&t, &n))| ((t, n), i as u32))
            .collect();
        if index.len() != count {
            return Err(Error::invalid("two nodes of one tree have the same id"));
        }
        let find = |tree: i64, node: i64| {
            index
                .get(&(tree, node))
                .copied()
                .ok_or_else(|| Error::invalid(format!("tree {tree} has no node {node}")))
        };
        let mut nodes = Vec::with_capacity(count);
        for i in 0..count {
            let mode = mode(&modes[i])?;
            let leaf = mode == Mode::Leaf;
            nodes.push(Node {
                threshold: thresholds[i],
                feature: if leaf {
                    0
                } else {
                    u32::try_from(features[i]).map_err(|_| {
                        Error::invalid(format!("there is no feature {}", features[i]))
                    })?
                },
                yes: if leaf { 0 } else { find(trees[i], yes[i])? },
                no: if leaf { 0 } else { find(trees[i], no[i])? },
                mode,
                missing_is_yes: missing.get(i).is_some_and(|&flag| flag != 0),
            });
        }
        let weights = leaf_weights(attributes, prefix, &mut nodes, find)?;
        let roots = roots(&nodes)?;
        let features = nodes
            .iter()
            .filter(|n| n.mode != Mode::Leaf)
            .map(|n| n.feature as usize + 1)
            .max()
            .unwrap_or(0);
        Ok(Self {
            nodes,
            roots,
            weights,
            features,
        })
    }

    /// The weights of the leaf that `row` falls into.
    fn leaf(&self, root: u32, row: &[f64]) -> &[(u32, f64)] {
        let mut node = &self.nodes[root as usize];
        while node.mode != Mode::Leaf {
            let x = row[node.feature as usize];
            let holds = match node.mode {
                Mode::Leq => x <= node.threshold,
                Mode::Lt => x < node.threshold,
                Mode::Gte => x >= node.threshold,
                Mode::Gt => x > node.threshold,
                Mode::Eq => x == node.threshold,
                Mode::Neq => x != node.threshold,
                Mode::Leaf => true,
            } || (node.missing_is_yes && x.is_nan());
            node = &self.nodes[if holds { node.yes } else { node.no } as usize];
        }
        &self.weights[node.yes as usize..node.no as usize]
    }

    /// The sum (or smallest, or largest) of the weights per row and target, and which of them were touched.
    fn scores(&self, x: &Tensor, targets: usize, how: Aggregate) -> Result<(usize, Vec<f64>)> {
        let (rows, width) = x.table()?;
        if width < self.features {
            return Err(Error::invalid(format!(
                "the trees read {} features, got {width}",
                self.features
            )));
        }
        elements(&[rows, targets])?;
        let start = match how {
            Aggregate::Min => f64::INFINITY,
            Aggregate::Max => f64::NEG_INFINITY,
            _ => 0.0,
        };
        let numbers = x.to_f64()?;
        let mut scores = vec![start; rows * targets];
        for block in (0..rows).step_by(BLOCK) {
            for &root in &self.roots {
                for row in block..rows.min(block + BLOCK) {
                    for &(target, weight) in
                        self.leaf(root, &numbers[row * width..(row + 1) * width])
                    {
                        let score = &mut scores[row * targets + target as usize];
                        *score = match how {
                            Aggregate::Min => score.min(weight),
                            Aggregate::Max => score.max(weight),
                            _ => *score + weight,
                        };
                    }
                }
            }
        }
        if how == Aggregate::Average {
            let trees = self.roots.len() as f64;
            for x in &mut scores {
                *x /= trees;
            }
        }
        Ok((rows, scores))
    }
}

fn mode(text: &str) -> Result<Mode> {
    Ok(match text {
        "BRANCH_LEQ" => Mode::Leq,
        "BRANCH_LT" => Mode::Lt,
        "BRANCH_GTE" => Mode::Gte,
        "BRANCH_GT" => Mode::Gt,
        "BRANCH_EQ" => Mode::Eq,
        "BRANCH_NEQ" => Mode::Neq,
        "LEAF" => Mode::Leaf,
        other => {
            return Err(Error::not_implemented(format!(
                "the node mode {other} is not supported"
            )));
        }
    })
}

fn leaf_weights(
    attributes: &Attributes,
    prefix: &str,
    nodes: &mut [Node],
    find: impl Fn(i64, i64) -> Result<u32>,
) -> Result<Vec<(u32, f64)>> {
    let column = |name: &str| attributes.ints(&format!("{prefix}_{name}"));
    let (trees, ids, targets) = (column("treeids")?, column("nodeids")?, column("ids")?);
    let values = attributes.numbers(&format!("{prefix}_weights"))?;
    if trees.len() != values.len() || ids.len() != values.len() || targets.len() != values.len() {
        return Err(Error::invalid(format!(
            "the {prefix} attributes differ in length"
        )));
    }
    let mut of_leaf: Vec<(u32, u32, f64)> = Vec::with_capacity(values.len());
    for i in 0..values.len() {
        let target = u32::try_from(targets[i])
            .map_err(|_| Error::invalid(format!("there is no {prefix} {}", targets[i])))?;
        let leaf = find(trees[i], ids[i])?;
        // Weights on inner nodes are written by some converters and mean nothing.
        if nodes[leaf as usize].mode == Mode::Leaf {
            of_leaf.push((leaf, target, values[i]));
        }
    }
    of_leaf.sort_by_key(|&(leaf, _, _)| leaf);
    for (at, &(leaf, _, _)) in of_leaf.iter().enumerate() {
        let node = &mut nodes[leaf as usize];
        if node.no == 0 {
            node.yes = at as u32;
        }
        node.no = at as u32 + 1;
    }
    Ok(of_leaf
        .into_iter()
        .map(|(_, target, weight)| (target, weight))
        .collect())
}

/// Nodes that no other node leads to; all others must be led to once.
fn roots(nodes: &[Node]) -> Result<Vec<u32>> {
    let mut reached = vec![0_u32; nodes.len()];
    for node in nodes.iter().filter(|node| node.mode != Mode::Leaf) {
        reached[node.yes as usize] += 1;
        if node.no != node.yes {
            reached[node.no as usize] += 1;
        }
    }
    if reached.iter().any(|&times| times > 1) {
        return Err(Error::invalid("two branches lead to one node of a tree"));
    }
    let roots: Vec<u32> = (0..nodes.len())
        .filter(|&i| reached[i] == 0)
        .map(|i| i as u32)
        .collect();
    // With one way to each node, whatever the roots do not reach goes round in circles.
    let mut open = roots.clone();
    let mut seen = 0;
    while let Some(at) = open.pop() {
        seen += 1;
        let node = nodes[at as usize];
        if node.mode != Mode::Leaf {
            open.push(node.yes);
            if node.no != node.yes {
                open.push(node.no);
            }
        }
    }
    if seen == nodes.len() {
        Ok(roots)
    } else {
        Err(Error::invalid("a tree of the model goes round in circles"))
    }
}

pub fn regressor(attributes: &Attributes) -> Result<Kernel> {
    let forest = Forest::of(attributes, "target")?;
    let targets = target_count(attributes.int("n_targets", 1)?, &forest)?;
    let base = attributes.numbers("base_values")?;
    let post = PostTransform::of(attributes)?;
    let how = match attributes.text("aggregate_function", "SUM")?.as_str() {
        "SUM" => Aggregate::Sum,
        "AVERAGE" => Aggregate::Average,
        "MIN" => Aggregate::Min,
        "MAX" => Aggregate::Max,
        other => {
            return Err(Error::invalid(format!(
                "the aggregate function {other} is not known"
            )));
        }
    };
    Ok(Box::new(move |inputs| {
        let (rows, mut scores) = forest.scores(inputs.get(0)?, targets, how)?;
        for line in scores.chunks_mut(targets) {
            line.iter_mut().zip(&base).for_each(|(x, b)| *x += b);
        }
        let mut values: Vec<f32> = scores.iter().map(|&x| x as f32).collect();
        values.chunks_mut(targets).for_each(|line| post.apply(line));
        one(Tensor::of(vec![rows, targets], Data::F32(values)))
    }))
}

fn target_count(declared: i64, forest: &Forest) -> Result<usize> {
    let used = forest
        .weights
        .iter()
        .map(|&(target, _)| target as usize + 1)
        .max()
        .unwrap_or(1);
    match usize::try_from(declared) {
        Ok(declared) if declared >= used && declared > 0 => Ok(declared),
        _ => Err(Error::invalid(format!(
            "the trees have {used} targets, {declared} are declared"
        ))),
    }
}

/// A classifier of two classes may keep weights of one class only: then one score decides.
pub fn classifier(attributes: &Attributes) -> Result<Kernel> {
    let forest = Forest::of(attributes, "class")?;
    let labels = Labels::of(attributes, "classlabels_int64s", "classlabels_strings")?;
    let classes = target_count(labels.len() as i64, &forest)?;
    let base = attributes.numbers("base_values")?;
    let post = PostTransform::of(attributes)?;
    let first = forest.weights.first().map_or(0, |&(class, _)| class);
    let single = classes == 2 && forest.weights.iter().all(|&(class, _)| class == first);
    let positive = forest.weights.iter().all(|&(_, weight)| weight >= 0.0);
    Ok(Box::new(move |inputs| {
        let (rows, mut scores) = forest.scores(inputs.get(0)?, classes, Aggregate::Sum)?;
        let mut values: Vec<f32> = Vec::with_capacity(scores.len());
        let mut winners = Vec::with_capacity(rows);
        for line in scores.chunks_mut(classes) {
            if single {
                let score = (line[first as usize]
                    + base
                        .get(usize::from(base.len() == 2))
                        .copied()
                        .unwrap_or(0.0)) as f32;
                winners.push(usize::from(score > if positive { 0.5 } else { 0.0 }));
                values.extend(two_classes(score, positive, post));
            } else {
                line.iter_mut().zip(&base).for_each(|(x, b)| *x += b);
                let begin = values.len();
                values.extend(line.iter().map(|&x| x as f32));
                winners.push(winner(&values[begin..]));
                post.apply(&mut values[begin..]);
            }
        }
        Ok(vec![
            Arc::new(labels.pick(&winners)?),
            Arc::new(Tensor::of(vec![rows, classes], Data::F32(values))),
        ])
    }))
}

/// Scores of both classes from that of the second one.
fn two_classes(score: f32, positive: bool, post: PostTransform) -> [f32; 2] {
    match post {
        _ if positive => [1.0 - score, score],
        PostTransform::Logistic => [sigmoid32(-score), sigmoid32(score)],
        _ => [-score, score],
    }
}
