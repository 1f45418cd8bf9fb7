//! Trees as one `TreeEnsembleRegressor`.

use super::{Attribute, Graph};
use crate::tree::Tree;

/// The sum of the leaves of `trees`, in 32 bits.
pub(super) fn sum(graph: &mut Graph, features: &str, trees: &[Tree]) -> String {
    let mut ids = Ids::default();
    for (number, tree) in trees.iter().enumerate() {
        for node in 0..tree.len() {
            ids.push(number as i64, tree, node);
        }
    }
    let targets = vec![0; ids.leaf_weights.len()];
    graph.node(
        "TreeEnsembleRegressor",
        &[features],
        &[
            Attribute::Int("n_targets", 1),
            Attribute::Ints("nodes_treeids", ids.trees),
            Attribute::Ints("nodes_nodeids", ids.nodes),
            Attribute::Ints("nodes_featureids", ids.features),
            Attribute::Ints("nodes_truenodeids", ids.lefts),
            Attribute::Ints("nodes_falsenodeids", ids.rights),
            Attribute::Ints("nodes_missing_value_tracks_true", ids.missing),
            Attribute::Floats("nodes_values", ids.values),
            Attribute::Strings("nodes_modes", ids.modes),
            Attribute::Ints("target_treeids", ids.leaf_trees),
            Attribute::Ints("target_nodeids", ids.leaf_nodes),
            Attribute::Ints("target_ids", targets),
            Attribute::Floats("target_weights", ids.leaf_weights),
        ],
    )
}

/// The operator's lists, side by side.
#[derive(Default)]
struct Ids {
    trees: Vec<i64>,
    nodes: Vec<i64>,
    features: Vec<i64>,
    lefts: Vec<i64>,
    rights: Vec<i64>,
    missing: Vec<i64>,
    values: Vec<f32>,
    modes: Vec<Vec<u8>>,
    leaf_trees: Vec<i64>,
    leaf_nodes: Vec<i64>,
    leaf_weights: Vec<f32>,
}

impl Ids {
    fn push(&mut self, number: i64, tree: &Tree, node: usize) {
        let leaf = tree.is_leaf(node);
        self.trees.push(number);
        self.nodes.push(node as i64);
        self.features.push(i64::from(tree.feature[node]));
        self.lefts.push(i64::from(tree.left[node]));
        self.rights.push(if leaf {
            0
        } else {
            i64::from(tree.left[node]) + 1
        });
        self.missing.push(i64::from(tree.missing_left[node]));
        self.values.push(if leaf { 0.0 } else { tree.value[node] });
        self.modes.push(if leaf {
            b"LEAF".to_vec()
        } else {
            b"BRANCH_LT".to_vec()
        });
        if leaf {
            self.leaf_trees.push(number);
            self.leaf_nodes.push(node as i64);
            self.leaf_weights.push(tree.value[node]);
        }
    }
}
