//! Rankings: one list of items per user, the most recommended first, each relevant or not.

/// Metrics of the first k places, as means over users.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AtK {
    /// Share of relevant items among the first k (or all, if a list is shorter).
    pub precision: f64,
    /// Share of the relevant items that are among the first k.
    pub recall: f64,
    /// Harmonic mean of both means.
    pub f1: f64,
    /// Share of users with a relevant item among the first k.
    pub hit_rate: f64,
    /// 1 / place of the first relevant item among the first k, else 0.
    pub reciprocal_rank: f64,
    /// Σ over relevant places i ≤ k of precision at i, over the number of relevant items.
    pub average_precision: f64,
    /// Discounted gain Σ rel / log₂(place + 1) over that of the best order.
    pub ndcg: f64,
}

/// What a user without a relevant item does to the means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutRelevant {
    /// Such users are left out.
    Drop,
    /// They count with 0.
    Zero,
}

/// Orders items by falling score; equal scores keep their order.
pub fn by_score(items: &[(f64, bool)]) -> Vec<bool> {
    let mut order: Vec<&(f64, bool)> = items.iter().collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    order.into_iter().map(|item| item.1).collect()
}

/// Means over users; NaN if none is left.
pub fn at_k(users: &[Vec<bool>], k: usize, without: WithoutRelevant) -> AtK {
    let kept: Vec<&Vec<bool>> = users
        .iter()
        .filter(|list| without == WithoutRelevant::Zero || list.contains(&true))
        .collect();
    let mean = |value: &dyn Fn(&[bool]) -> f64| -> f64 {
        kept.iter()
            .map(|list| {
                if list.contains(&true) {
                    value(list)
                } else {
                    0.0
                }
            })
            .sum::<f64>()
            / kept.len() as f64
    };
    let top = |list: &[bool]| list.len().min(k);
    let hits = move |list: &[bool]| list[..top(list)].iter().filter(|yes| **yes).count() as f64;
    let all = |list: &[bool]| list.iter().filter(|yes| **yes).count() as f64;
    let gain = |place: usize| 1.0 / (place as f64 + 2.0).log2();
    let precision = mean(&|list| hits(list) / top(list).max(1) as f64);
    let recall = mean(&|list| hits(list) / all(list));
    AtK {
        precision,
        recall,
        f1: if precision + recall == 0.0 {
            0.0
        } else {
            2.0 * precision * recall / (precision + recall)
        },
        hit_rate: mean(&|list| f64::from(hits(list) > 0.0)),
        reciprocal_rank: mean(&|list| {
            list[..top(list)]
                .iter()
                .position(|yes| *yes)
                .map_or(0.0, |place| 1.0 / (place as f64 + 1.0))
        }),
        average_precision: mean(&|list| {
            let mut seen = 0.0;
            let mut total = 0.0;
            for (place, _) in list[..top(list)]
                .iter()
                .enumerate()
                .filter(|(_, yes)| **yes)
            {
                seen += 1.0;
                total += seen / (place as f64 + 1.0);
            }
            total / all(list)
        }),
        ndcg: mean(&|list| {
            let reached: f64 = (0..top(list)).filter(|place| list[*place]).map(gain).sum();
            let best: f64 = (0..k.min(all(list) as usize)).map(gain).sum();
            reached / best
        }),
    }
}
