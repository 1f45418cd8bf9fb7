//! Isotonic regression: the rising step function nearest to the points (pool adjacent violators).

/// A rising function, linear between its knots and constant outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Isotonic {
    /// Where the knots are, rising.
    pub x: Vec<f64>,
    /// Their values, never falling.
    pub y: Vec<f64>,
}

impl Isotonic {
    /// Fits means of `y` over equal `x`, each weighted by its rows (scikit-learn's `IsotonicRegression`). `None` without
    /// points.
    pub fn fit(x: &[f64], y: &[f64]) -> Option<Self> {
        let mut points: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        // One point per place: (place, sum, rows).
        let mut places: Vec<(f64, f64, f64)> = Vec::new();
        for (x, y) in points {
            match places.last_mut() {
                Some(last) if last.0 == x => {
                    last.1 += y;
                    last.2 += 1.0;
                }
                _ => places.push((x, y, 1.0)),
            }
        }
        // Blocks: (sum, rows, how many places).
        let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
        for (_, sum, rows) in &places {
            let mut block = (*sum, *rows, 1);
            while let Some(before) = blocks.last() {
                if before.0 / before.1 < block.0 / block.1 {
                    break;
                }
                block = (block.0 + before.0, block.1 + before.1, block.2 + before.2);
                blocks.pop();
            }
            blocks.push(block);
        }
        let values: Vec<f64> = blocks
            .iter()
            .flat_map(|(sum, rows, places)| std::iter::repeat_n(sum / rows, *places))
            .collect();
        // Inside a flat stretch only its ends matter.
        let keep = |at: usize| {
            at == 0
                || at + 1 == values.len()
                || values[at] != values[at - 1]
                || values[at] != values[at + 1]
        };
        let (x, y) = (0..values.len())
            .filter(|at| keep(*at))
            .map(|at| (places[at].0, values[at]))
            .unzip();
        (!places.is_empty()).then_some(Self { x, y })
    }

    /// The value at a place.
    pub fn at(&self, x: f64) -> f64 {
        let above = self.x.partition_point(|knot| *knot < x);
        if above == 0 {
            return self.y[0];
        }
        if above == self.x.len() {
            return self.y[above - 1];
        }
        let (x0, x1) = (self.x[above - 1], self.x[above]);
        let (y0, y1) = (self.y[above - 1], self.y[above]);
        y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    }
}
