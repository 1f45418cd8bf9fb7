//! Making rows ready: the label and the rule of today in SQL, the rest on columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Field, Schema};
use base::{Error, Result};
use project::{FeatureSet, FeatureSpec, FeatureType, Label, LabelType, ProjectFile};

use super::{FeatureColumn, FeatureKind, Prepared, Task};
use crate::columns::{arrow_error, cast, column, numbers, times, timestamp, words};
use crate::dataset::DatasetRef;
use crate::split::Rows;
use crate::view::quoted;

/// Where rows of a view come from and what they are made into.
pub(crate) struct Plan<'a> {
    file: &'a ProjectFile,
    label: &'a Label,
    sets: Vec<&'a FeatureSet>,
}

impl<'a> Plan<'a> {
    /// What the project file asks for. The error says which section is missing or asks for too much.
    pub(crate) fn new(file: &'a ProjectFile) -> Result<Self> {
        let label = file.label.as_ref().ok_or_else(|| {
            Error::invalid("the project file has no [label]")
                .hint("say what is predicted: [label] with name, from, sql and horizon")
        })?;
        let wanted: Vec<&str> = match &file.train {
            Some(train) => train.features.iter().map(String::as_str).collect(),
            None => file.features.keys().map(String::as_str).collect(),
        };
        let sets: Vec<&FeatureSet> = wanted
            .iter()
            .map(|name| {
                file.features
                    .get(*name)
                    .ok_or_else(|| Error::not_found(format!("no [features.{name}] exists")))
            })
            .collect::<Result<_>>()?;
        if sets.is_empty() {
            return Err(Error::invalid("the project file has no [features.…]")
                .hint("say what the model may look at"));
        }
        if let Some(set) = sets.iter().find(|set| set.from != label.from) {
            return Err(Error::not_implemented(format!(
                "features {:?} come from {:?} and the label from {:?}",
                set.name, set.from, label.from
            ))
            .hint("take both from one view: join the datasets there"));
        }
        Ok(Self { file, label, sets })
    }

    /// The view or dataset that is read.
    pub(crate) fn from(&self) -> &'a str {
        &self.label.from
    }

    /// The query that computes label and baseline, row by row.
    pub(crate) fn query(&self) -> String {
        let today = self
            .file
            .charter
            .as_ref()
            .and_then(|charter| charter.today_sql.as_deref());
        // The line breaks end a comment that an expression may close with.
        let today = today
            .map(|sql| format!(", ({sql}\n) as today"))
            .unwrap_or_default();
        format!(
            "select ({}\n) as label{today} from {}",
            self.label.sql,
            quoted(&self.label.from)
        )
    }

    /// Makes rows ready. `answers` is what [`Plan::query`] gave for the rows; `now_ms` decides which labels are known.
    pub(crate) fn prepare(
        &self,
        (batch, datasets): (RecordBatch, Vec<DatasetRef>),
        answers: &RecordBatch,
        now_ms: i64,
    ) -> Result<Prepared> {
        if answers.num_rows() != batch.num_rows() {
            return Err(Error::invalid(
                "label.sql or charter.today_sql does not give one value per row",
            )
            .hint("use no aggregates there"));
        }
        let time_name = self.time_column()?;
        let times = times(column(&batch, time_name)?)
            .map_err(|error| error.at(format_args!("column {time_name:?}")))?;
        let unknown = times.iter().filter(|time| time.is_none()).count();
        if unknown > 0 {
            return Err(Error::invalid(format!(
                "{unknown} rows of {:?} have no time in column {time_name:?}",
                self.from()
            ))
            .hint(format!(
                "leave them out in the view: where {time_name} is not null"
            )));
        }
        let times: Vec<i64> = times.into_iter().flatten().collect();
        let (batch, answers, times) = in_order_of_time(batch, answers.clone(), times)?;
        let (label, task) = self.label_values(&answers, &times, now_ms)?;
        let today = answers
            .column_by_name("today")
            .map(|column| numbers(column).map_err(|error| error.at("charter.today_sql")));
        let (batch, features) = self.features(batch)?;
        let parts = match &self.file.split {
            Some(split) => {
                let window = self.file.train.as_ref().and_then(|train| train.window);
                Rows {
                    time_ms: &times,
                    label: &label,
                }
                .split(split, self.label.horizon, window)?
            }
            None => {
                return Err(Error::invalid("the project file has no [split]")
                    .hint("say which rows are held out: [split] with by and holdout"));
            }
        };
        Ok(Prepared {
            slices: self.slices(&batch)?,
            batch,
            features,
            label_name: self.label.name.clone(),
            label,
            task,
            time_ms: Some(times),
            today: today.transpose()?,
            train: parts.train,
            holdout: parts.holdout,
            folds: parts.folds,
            dataset: datasets
                .first()
                .cloned()
                .ok_or_else(|| Error::internal("a view without datasets"))?,
            datasets,
        })
    }

    fn time_column(&self) -> Result<&'a str> {
        self.sets
            .iter()
            .find_map(|set| set.time.as_deref())
            .ok_or_else(|| {
                Error::invalid(format!(
                    "[features.{}] names no time column",
                    self.sets[0].name
                ))
                .hint("write time = \"…\": rows are parted by time")
            })
    }

    /// The truth where it is known by now: a row younger than the horizon has no label yet.
    fn label_values(
        &self,
        answers: &RecordBatch,
        times: &[i64],
        now_ms: i64,
    ) -> Result<(Vec<f64>, Task)> {
        let place = |error: Error| error.at(format_args!("label {:?}", self.label.name));
        let answer = column(answers, "label")?;
        let task = match self.label.kind {
            Some(LabelType::Bool) => Task::Binary,
            None if answer.data_type() == &DataType::Boolean => Task::Binary,
            Some(LabelType::Number) | None => Task::Regression,
        };
        let mut values = numbers(answer).map_err(place)?;
        if task == Task::Binary
            && let Some(odd) = values
                .iter()
                .find(|value| !value.is_nan() && **value != 0.0 && **value != 1.0)
        {
            return Err(place(
                Error::invalid(format!("{odd} is neither yes nor no"))
                    .hint("make label.sql a condition"),
            ));
        }
        let horizon = self.label.horizon.as_millis() as i64;
        for (value, time) in values.iter_mut().zip(times) {
            if time.saturating_add(horizon) > now_ms || !value.is_finite() {
                *value = f64::NAN;
            }
        }
        Ok((values, task))
    }

    /// The inputs, each as a column of its own name and kind.
    fn features(&self, batch: RecordBatch) -> Result<(RecordBatch, Vec<FeatureColumn>)> {
        let barred = self.file.barred();
        let schema = batch.schema();
        let mut columns: Vec<(String, ArrayRef)> = schema
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .zip(batch.columns().iter().cloned())
            .collect();
        let mut features: Vec<FeatureColumn> = Vec::new();
        for spec in self.sets.iter().flat_map(|set| &set.feature) {
            let place = |error: Error| error.at(format_args!("feature {:?}", spec.name));
            if features.iter().any(|other| other.name == spec.name) {
                return Err(place(Error::invalid("is there twice")));
            }
            let source = source_column(spec).map_err(place)?;
            if barred.contains(source) || barred.contains(spec.name.as_str()) {
                return Err(place(
                    Error::invalid(format!("column {source:?} is barred by use = \"never\""))
                        .hint("take the feature out"),
                ));
            }
            let kind = feature_kind(spec.kind);
            let values = as_kind(column(&batch, source).map_err(place)?, kind).map_err(place)?;
            match columns.iter_mut().find(|(name, _)| *name == spec.name) {
                Some(_) if source != spec.name => {
                    return Err(place(
                        Error::invalid(format!("has the name of another column than {source:?}"))
                            .hint("give it another name"),
                    ));
                }
                Some((_, column)) => *column = values,
                None => columns.push((spec.name.clone(), values)),
            }
            features.push(FeatureColumn {
                name: spec.name.clone(),
                kind,
            });
        }
        let fields: Vec<Field> = columns
            .iter()
            .map(|(name, column)| Field::new(name, column.data_type().clone(), true))
            .collect();
        let columns = columns.into_iter().map(|(_, column)| column).collect();
        let batch =
            RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(arrow_error)?;
        Ok((batch, features))
    }

    fn slices(&self, batch: &RecordBatch) -> Result<BTreeMap<String, Vec<String>>> {
        let barred = self.file.barred();
        let slice = |name: String| {
            if barred.contains(name.as_str()) {
                return Err(
                    Error::invalid(format!("slice {name:?} is barred by use = \"never\""))
                        .hint("take the slice out"),
                );
            }
            let values = words(
                column(batch, &name).map_err(|error| error.at(format_args!("slice {name:?}")))?,
            )?;
            let values = values
                .into_iter()
                .map(|value| value.unwrap_or_else(|| "(missing)".to_owned()))
                .collect();
            Ok((name, values))
        };
        self.file.slices().into_iter().map(slice).collect()
    }
}

fn in_order_of_time(
    batch: RecordBatch,
    answers: RecordBatch,
    times: Vec<i64>,
) -> Result<(RecordBatch, RecordBatch, Vec<i64>)> {
    if times.is_sorted() {
        return Ok((batch, answers, times));
    }
    let mut order: Vec<u32> = (0..times.len() as u32).collect();
    order.sort_by_key(|&row| times[row as usize]);
    let times = order.iter().map(|&row| times[row as usize]).collect();
    let order = UInt32Array::from(order);
    let batch = take_record_batch(&batch, &order).map_err(arrow_error)?;
    let answers = take_record_batch(&answers, &order).map_err(arrow_error)?;
    Ok((batch, answers, times))
}

/// The column that a feature is; an expression is not computed yet.
fn source_column(spec: &FeatureSpec) -> Result<&str> {
    let Some(sql) = spec.sql.as_deref().map(str::trim) else {
        return Ok(&spec.name);
    };
    let bare = sql
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(sql);
    let is_name = !bare.is_empty()
        && bare.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !bare.starts_with(|c: char| c.is_ascii_digit());
    if is_name {
        return Ok(bare);
    }
    Err(Error::not_implemented(format!(
        "sql = {sql:?} is an expression, which features cannot be yet"
    ))
    .hint("compute it in the view and name the column here"))
}

fn feature_kind(kind: FeatureType) -> FeatureKind {
    match kind {
        FeatureType::F32 | FeatureType::F64 | FeatureType::I64 => FeatureKind::Numeric,
        FeatureType::Category => FeatureKind::Category,
        FeatureType::Datetime => FeatureKind::Datetime,
        FeatureType::Bool => FeatureKind::Bool,
    }
}

fn as_kind(column: &ArrayRef, kind: FeatureKind) -> Result<ArrayRef> {
    match kind {
        FeatureKind::Numeric
            if column.data_type() == &DataType::Utf8 && column.null_count() < column.len() =>
        {
            Err(Error::invalid("holds text where a number belongs")
                .hint("cast it in the view, or write type = \"category\""))
        }
        FeatureKind::Numeric if column.data_type().is_temporal() => {
            Err(Error::invalid("holds times where a number belongs")
                .hint("write type = \"datetime\""))
        }
        FeatureKind::Numeric => cast(column, &DataType::Float64),
        FeatureKind::Category => cast(column, &DataType::Utf8),
        FeatureKind::Datetime if column.data_type().is_numeric() => {
            Err(Error::invalid("holds numbers where a time belongs")
                .hint("cast it to a timestamp in the view"))
        }
        FeatureKind::Datetime => cast(column, &timestamp()),
        FeatureKind::Bool => cast(column, &DataType::Boolean),
    }
}
