//! The 2,000 hours of `tests/fixtures/hours.csv`.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use data::{DatasetRef, FeatureColumn, FeatureKind, Prepared, Task};

/// The hours; with `busy_above`, the label is whether there were more trips than that.
pub fn hours(learn: usize, busy_above: Option<f64>) -> Prepared {
    let text = include_str!("../fixtures/hours.csv");
    let mut moments = Vec::new();
    let mut numbers: [Vec<Option<f64>>; 3] = Default::default();
    let mut label = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let moment: jiff::civil::DateTime = fields[0].parse().expect("a moment");
        moments.push(
            moment
                .to_zoned(jiff::tz::TimeZone::UTC)
                .expect("in range")
                .timestamp()
                .as_millisecond(),
        );
        for (column, field) in numbers.iter_mut().zip(&fields[1..4]) {
            column.push(field.parse().ok());
        }
        let count: f64 = fields[4].parse().expect("a count");
        label.push(busy_above.map_or(count, |limit| f64::from(u8::from(count > limit))));
    }
    let names = ["tmin", "tmax", "pn"];
    let mut fields = vec![Field::new(
        "ts",
        DataType::Timestamp(TimeUnit::Millisecond, None),
        true,
    )];
    fields.extend(names.map(|name| Field::new(name, DataType::Float64, true)));
    let mut columns: Vec<ArrayRef> = vec![Arc::new(TimestampMillisecondArray::from(moments))];
    columns.extend(numbers.map(|column| Arc::new(Float64Array::from(column)) as ArrayRef));
    let mut features = vec![FeatureColumn {
        name: "ts".to_owned(),
        kind: FeatureKind::Datetime,
    }];
    features.extend(names.map(|name| FeatureColumn {
        name: name.to_owned(),
        kind: FeatureKind::Numeric,
    }));
    let dataset = DatasetRef {
        name: "hours".to_owned(),
        version: 1,
        digest: "0".repeat(64),
    };
    Prepared {
        batch: RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .expect("columns of one length"),
        features,
        label_name: "count".to_owned(),
        task: if busy_above.is_some() {
            Task::Binary
        } else {
            Task::Regression
        },
        time_ms: None,
        today: None,
        slices: BTreeMap::new(),
        train: (0..learn as u32).collect(),
        holdout: (learn as u32..label.len() as u32).collect(),
        folds: Vec::new(),
        label,
        datasets: vec![dataset.clone()],
        dataset,
    }
}
