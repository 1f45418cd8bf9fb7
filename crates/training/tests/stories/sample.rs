//! Made-up rows with every kind of column, for tests and for the ONNX cases.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use data::{DatasetRef, FeatureColumn, FeatureKind, Prepared, Task};
use project::{Algorithm, CandidateSpec};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// `count` rows; about one value in twelve is missing. The last of 12 carriers is rare.
pub fn rows(count: usize, seed: u64, unknown_carriers: bool) -> (RecordBatch, Vec<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut moments = Vec::new();
    let mut temperatures = Vec::new();
    let mut carriers: Vec<Option<String>> = Vec::new();
    let mut open = Vec::new();
    let mut label = Vec::new();
    for row in 0..count {
        let at = 1_293_840_000_000_000 + row as i64 * 3_600_000_000 * 7
            - 40 * 365 * 86_400_000_000 * i64::from(seed % 2 == 1);
        let hour = (at / 3_600_000_000).rem_euclid(24) as f64;
        let temperature: f64 = rng.random_range(-10.0..35.0);
        let carrier = (rng.random::<f64>().powi(2) * 12.0) as usize;
        let is_open = rng.random_bool(0.7);
        let known = |rng: &mut ChaCha8Rng| rng.random_bool(11.0 / 12.0);
        let noise: f64 = rng.random_range(-5.0..5.0);
        label.push(
            50.0 + 20.0 * (hour / 24.0 * 6.0).sin()
                + temperature
                + 8.0 * carrier as f64 * f64::from(u8::from(is_open))
                + noise,
        );
        moments.push(at);
        temperatures.push(known(&mut rng).then_some(temperature));
        let name = if unknown_carriers && row % 9 == 0 {
            format!("new-{row}")
        } else {
            format!("c{carrier}")
        };
        carriers.push(known(&mut rng).then_some(name));
        open.push(known(&mut rng).then_some(is_open));
    }
    let schema = Schema::new(vec![
        Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, None), true),
        Field::new("temperature", DataType::Float64, true),
        Field::new("carrier", DataType::Utf8, true),
        Field::new("open", DataType::Boolean, true),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(TimestampMicrosecondArray::from(moments)),
        Arc::new(Float64Array::from(temperatures)),
        Arc::new(StringArray::from(carriers)),
        Arc::new(BooleanArray::from(open)),
    ];
    (
        RecordBatch::try_new(Arc::new(schema), columns).expect("columns of one length"),
        label,
    )
}

/// Rows ready to learn from, with three time-ordered folds.
pub fn prepared(count: usize, task: Task) -> Prepared {
    let (batch, mut label) = rows(count, 4, false);
    if task == Task::Binary {
        for value in &mut label {
            *value = f64::from(u8::from(*value > 75.0));
        }
    }
    let feature = |name: &str, kind| FeatureColumn {
        name: name.to_owned(),
        kind,
    };
    let rows: Vec<u32> = (0..count as u32).collect();
    let quarter = count / 4;
    let folds = (1..4)
        .map(|fold| {
            (
                rows[..quarter * fold].to_vec(),
                rows[quarter * fold..quarter * (fold + 1)].to_vec(),
            )
        })
        .collect();
    let dataset = DatasetRef {
        name: "made-up".to_owned(),
        version: 1,
        digest: "0".repeat(64),
    };
    Prepared {
        features: vec![
            feature("at", FeatureKind::Datetime),
            feature("temperature", FeatureKind::Numeric),
            feature("carrier", FeatureKind::Category),
            feature("open", FeatureKind::Bool),
        ],
        label_name: "value".to_owned(),
        label,
        task,
        time_ms: None,
        today: None,
        slices: BTreeMap::new(),
        train: rows,
        holdout: Vec::new(),
        folds,
        datasets: vec![dataset.clone()],
        dataset,
        batch,
    }
}

/// A candidate of `algorithm` without a space.
pub fn candidate(algorithm: Algorithm) -> CandidateSpec {
    CandidateSpec {
        id: algorithm.as_str().to_owned(),
        algorithm,
        params: BTreeMap::new(),
        space: BTreeMap::new(),
        run: None,
        env: None,
    }
}

/// Every algorithm of ours with every task that it can do.
pub const ALL: [(Algorithm, Task); 6] = [
    (Algorithm::Ridge, Task::Regression),
    (Algorithm::LogisticRegression, Task::Binary),
    (Algorithm::RandomForest, Task::Regression),
    (Algorithm::RandomForest, Task::Binary),
    (Algorithm::GradientBoosting, Task::Regression),
    (Algorithm::GradientBoosting, Task::Binary),
];
