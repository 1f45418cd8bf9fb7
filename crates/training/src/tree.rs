//! Trees as we store and serve them, whatever engine grew them.
//!
//! A row goes left where `value < threshold` and, where the value is missing (NaN), the way the node says. Both
//! children of a node are neighbours. The sum of the leaves is taken in 64 bits, in the order of the trees.
//!
//! Deliberately absent: splits on sets of categories (categories become numbers before a tree sees them).

use base::{Error, Result};
use serde::{Deserialize, Serialize};

/// One tree, a column per property of its nodes; node 0 is the root.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    /// Which feature the node looks at; 0 at a leaf.
    pub feature: Vec<u32>,
    /// The threshold of a node, the value of a leaf.
    pub value: Vec<f32>,
    /// The left child; the right one follows it. 0 at a leaf.
    pub left: Vec<u32>,
    /// 1 where a missing value goes left.
    pub missing_left: Vec<u8>,
}

impl Tree {
    /// How many nodes, leaves included.
    pub fn len(&self) -> usize {
        self.value.len()
    }

    /// A tree without nodes; it is not a valid one.
    pub fn is_empty(&self) -> bool {
        self.value.is_empty()
    }

    /// Whether `node` is a leaf.
    pub fn is_leaf(&self, node: usize) -> bool {
        self.left[node] == 0
    }

    /// Refuses a tree that could not be walked: lists of different lengths, a child before its parent or beyond the
    /// end, a feature that is not there.
    fn check(&self, features: usize) -> Result<()> {
        let len = self.len();
        let even =
            self.feature.len() == len && self.left.len() == len && self.missing_left.len() == len;
        let walkable = (0..len).all(|node| {
            let left = self.left[node] as usize;
            left == 0 || (left > node && left + 1 < len && (self.feature[node] as usize) < features)
        });
        if len > 0 && even && walkable && self.value.iter().all(|value| value.is_finite()) {
            Ok(())
        } else {
            Err(Error::invalid("a tree of this model is malformed"))
        }
    }
}

/// Trees made ready to walk.
#[derive(Clone, Debug)]
pub(crate) struct Walker {
    nodes: Vec<Node>,
    roots: Vec<u32>,
}

/// 16 bytes, so that four share a cache line. A leaf leads to itself: its threshold is beyond every value.
#[derive(Clone, Copy, Debug)]
struct Node {
    feature: u32,
    left: u32,
    threshold: f32,
    leaf: f32,
}

/// The highest bit of a node's feature says that missing goes left.
const MISSING_LEFT: u32 = 1 << 31;
/// How many trees are walked side by side, so that the waits for memory overlap.
const ABREAST: usize = 8;

impl Walker {
    /// Makes `trees` over `features` features ready.
    pub fn new(trees: &[Tree], features: usize) -> Result<Self> {
        let total: usize = trees.iter().map(Tree::len).sum();
        if total >= MISSING_LEFT as usize {
            return Err(Error::too_large(format!("a model of {total} nodes")));
        }
        let mut nodes = Vec::with_capacity(total);
        let mut roots = Vec::with_capacity(trees.len());
        for tree in trees {
            tree.check(features)?;
            let root = nodes.len() as u32;
            roots.push(root);
            nodes.extend((0..tree.len()).map(|node| tree.node(node, root)));
        }
        Ok(Self { nodes, roots })
    }

    /// The sum of the leaves that `row` falls into.
    #[inline]
    pub fn sum(&self, row: &[f32]) -> f64 {
        let mut total = 0.0;
        let mut groups = self.roots.chunks_exact(ABREAST);
        for group in groups.by_ref() {
            let mut at = [0u32; ABREAST];
            at.copy_from_slice(group);
            loop {
                let mut moved = 0;
                for place in &mut at {
                    let next = self.nodes[*place as usize].next(row);
                    moved |= next ^ *place;
                    *place = next;
                }
                if moved == 0 {
                    break;
                }
            }
            for place in at {
                total += f64::from(self.nodes[place as usize].leaf);
            }
        }
        for root in groups.remainder() {
            let mut place = *root;
            loop {
                let next = self.nodes[place as usize].next(row);
                if next == place {
                    break;
                }
                place = next;
            }
            total += f64::from(self.nodes[place as usize].leaf);
        }
        total
    }
}

impl Node {
    #[inline]
    fn next(&self, row: &[f32]) -> u32 {
        let value = row[(self.feature & !MISSING_LEFT) as usize];
        let left = value < self.threshold || (value.is_nan() && self.feature & MISSING_LEFT != 0);
        self.left + u32::from(!left)
    }
}

impl Tree {
    fn node(&self, node: usize, root: u32) -> Node {
        if self.is_leaf(node) {
            return Node {
                feature: MISSING_LEFT,
                left: root + node as u32,
                threshold: f32::INFINITY,
                leaf: self.value[node],
            };
        }
        let missing = if self.missing_left[node] == 0 {
            0
        } else {
            MISSING_LEFT
        };
        Node {
            feature: self.feature[node] | missing,
            left: root + self.left[node],
            threshold: self.value[node],
            leaf: 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `x0 < 1 ? (missing x1 goes right: x1 < 5 ? 10 : 20) : 30`, missing x0 goes left.
    fn small() -> Tree {
        Tree {
            feature: vec![0, 1, 0, 0, 0],
            value: vec![1.0, 5.0, 30.0, 10.0, 20.0],
            left: vec![1, 3, 0, 0, 0],
            missing_left: vec![1, 0, 0, 0, 0],
        }
    }

    // proves S41
    #[test]
    fn a_missing_value_goes_the_way_that_its_node_says() {
        let walker = Walker::new(&vec![small(); 9], 2).expect("a good tree");
        for (row, leaf) in [
            ([0.0, 0.0], 10.0),
            ([0.0, 5.0], 20.0),
            ([f32::NAN, f32::NAN], 20.0),
            ([1.0, 0.0], 30.0),
        ] {
            assert_eq!(walker.sum(&row), 9.0 * leaf, "{row:?}");
        }
    }

    // proves S41
    #[test]
    fn a_tree_that_would_be_walked_for_ever_is_refused() {
        let mut circle = small();
        circle.left[1] = 1;
        let mut outside = small();
        outside.left[1] = 4;
        let mut unknown = small();
        unknown.feature[1] = 2;
        for bad in [circle, outside, unknown, Tree::default()] {
            assert!(Walker::new(&[bad], 2).is_err());
        }
    }
}
