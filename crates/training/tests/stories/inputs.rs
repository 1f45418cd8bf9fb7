//! What a model makes of rows as they come: right ones, strange ones and wrong ones.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, new_null_array,
};
use arrow::datatypes::{DataType, Field, Schema};
use base::Kind;
use data::Task;
use project::Algorithm;
use proptest::prelude::*;
use training::{Cell, Model, Params};

use crate::sample::{ALL, candidate, prepared, rows};

fn model(algorithm: Algorithm, task: Task) -> Model {
    let data = prepared(600, task);
    training::fit(&candidate(algorithm), &Params::new(), &data, &data.train, 7).expect("fits")
}

/// The batch with `column` replaced.
fn with(batch: &RecordBatch, name: &str, column: ArrayRef) -> RecordBatch {
    let fields: Vec<Field> = batch
        .schema()
        .fields()
        .iter()
        .map(|field| {
            if field.name() == name {
                Field::new(name, column.data_type().clone(), true)
            } else {
                (**field).clone()
            }
        })
        .collect();
    let columns = batch
        .schema()
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, old)| {
            if field.name() == name {
                column.clone()
            } else {
                old.clone()
            }
        })
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("columns of one length")
}

fn refusal(model: &Model, batch: &RecordBatch) -> String {
    let error = model.predict(batch).expect_err("the batch is refused");
    assert_eq!(error.kind(), Kind::Invalid);
    error.message().to_owned()
}

// proves S41 S46
#[test]
fn a_batch_is_predicted_as_its_rows_are_one_by_one() {
    let (batch, _) = rows(300, 5, true);
    for (algorithm, task) in ALL {
        let model = model(algorithm, task);
        let together = model.predict(&batch).expect("predicts");
        for (row, together) in together.iter().enumerate() {
            let alone = model.predict(&batch.slice(row, 1)).expect("predicts");
            assert_eq!(
                alone[0].to_bits(),
                together.to_bits(),
                "{algorithm:?}, row {row}"
            );
        }
    }
}

// proves S46
#[test]
fn many_rows_on_several_threads_are_predicted_as_few_rows_are() {
    let model = model(Algorithm::GradientBoosting, Task::Regression);
    let (batch, _) = rows(10_000, 6, true);
    let together = model.predict(&batch).expect("predicts");
    for first in (0..10_000).step_by(1000) {
        let part = model.predict(&batch.slice(first, 1000)).expect("predicts");
        assert_eq!(part, together[first..first + 1000]);
    }
}

// proves S41
#[test]
fn a_model_read_back_from_its_document_predicts_the_same_bits() {
    let (batch, _) = rows(500, 8, true);
    for (algorithm, task) in ALL {
        let model = model(algorithm, task);
        let text = model.to_json().expect("JSON");
        let again = Model::from_json(&text).expect("a good document");
        let bits = |model: &Model| -> Vec<u64> {
            model
                .predict(&batch)
                .expect("predicts")
                .iter()
                .map(|value| value.to_bits())
                .collect()
        };
        assert_eq!(bits(&model), bits(&again), "{algorithm:?}");
        assert_eq!(model.document(), again.document());
        assert_eq!(text, again.to_json().expect("JSON"));
    }
}

// proves S41
#[test]
fn columns_are_found_by_name_in_any_order_and_others_are_ignored() {
    let model = model(Algorithm::GradientBoosting, Task::Regression);
    let (batch, _) = rows(50, 9, false);
    let turned = batch.project(&[3, 1, 0, 2]).expect("four columns");
    let mut fields: Vec<Field> = turned
        .schema()
        .fields()
        .iter()
        .map(|field| (**field).clone())
        .collect();
    fields.insert(0, Field::new("unrelated", DataType::Int64, true));
    let mut columns = turned.columns().to_vec();
    columns.insert(0, new_null_array(&DataType::Int64, 50));
    let wide = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .expect("columns of one length");
    assert_eq!(
        model.predict(&wide).expect("predicts"),
        model.predict(&batch).expect("predicts")
    );
}

// proves S41 S46
#[test]
fn what_a_model_cannot_use_is_refused_with_column_row_and_value() {
    let model = model(Algorithm::RandomForest, Task::Regression);
    let (batch, _) = rows(4, 2, false);
    let numbers = |values: Vec<f64>| -> ArrayRef { Arc::new(Float64Array::from(values)) };
    let infinite = with(
        &batch,
        "temperature",
        numbers(vec![1.0, f64::INFINITY, 3.0, 4.0]),
    );
    assert_eq!(
        refusal(&model, &infinite),
        "column \"temperature\", row 1: inf is not a finite number"
    );
    let huge = with(&batch, "temperature", numbers(vec![1.0, 2.0, -1e300, 4.0]));
    assert!(refusal(&model, &huge).starts_with("column \"temperature\", row 2: -1"));
    let text = with(
        &batch,
        "temperature",
        Arc::new(StringArray::from(vec!["1", "2", "warm", "4"])),
    );
    assert_eq!(
        refusal(&model, &text),
        "column \"temperature\", row 0: \"1\" is not a number"
    );
    let flag = with(&batch, "open", Arc::new(Int64Array::from(vec![0, 1, 1, 2])));
    assert_eq!(
        refusal(&model, &flag),
        "column \"open\", row 3: 2 is not a bool"
    );
    let moment = with(
        &batch,
        "at",
        Arc::new(StringArray::from(vec![
            "2012-01-01T00:00:00",
            "2012-01-01",
            "yesterday",
            "",
        ])),
    );
    assert_eq!(
        refusal(&model, &moment),
        "column \"at\", row 2: \"yesterday\" is not a datetime"
    );
    let unknown = with(&batch, "at", new_null_array(batch.column(0).data_type(), 4));
    assert_eq!(
        refusal(&model, &unknown),
        "column \"at\", row 0: the value is missing"
    );
    let without = batch.project(&[0, 1, 3]).expect("three columns");
    let error = model.predict(&without).expect_err("a column is missing");
    assert_eq!(
        error.message(),
        "the column \"carrier\" (category) is missing"
    );
    assert!(
        error
            .hint_text()
            .is_some_and(|hint| hint.contains("the request has at, temperature, open"))
    );
}

// proves S41
#[test]
fn missing_and_unknown_values_have_a_defined_handling() {
    for (algorithm, task) in ALL {
        let model = model(algorithm, task);
        let (batch, _) = rows(1, 2, false);
        let gone = with(
            &batch,
            "temperature",
            Arc::new(Float64Array::from(vec![f64::NAN])),
        );
        let null = with(&batch, "temperature", new_null_array(&DataType::Float64, 1));
        let untyped = with(&batch, "temperature", new_null_array(&DataType::Null, 1));
        let expected = model.predict(&gone).expect("NaN is missing");
        assert!(expected[0].is_finite());
        assert_eq!(model.predict(&null).expect("null is missing"), expected);
        assert_eq!(
            model
                .predict(&untyped)
                .expect("a column of nulls is missing"),
            expected
        );
        let carrier = |name: &str| -> Vec<f64> {
            let batch = with(&batch, "carrier", Arc::new(StringArray::from(vec![name])));
            model.predict(&batch).expect("predicts")
        };
        assert_eq!(carrier("never seen"), carrier("neither"), "{algorithm:?}");
        assert_eq!(
            carrier(""),
            model
                .predict(&with(&batch, "carrier", new_null_array(&DataType::Utf8, 1)))
                .expect("predicts")
        );
    }
}

// proves S46
#[test]
fn the_way_around_arrow_gives_the_same_answer_and_the_same_refusals() {
    let model = model(Algorithm::GradientBoosting, Task::Binary);
    let mut room = model.room();
    let (batch, _) = rows(1, 3, false);
    let batch = with(&batch, "carrier", Arc::new(StringArray::from(vec!["c3"])));
    let batch = with(
        &batch,
        "temperature",
        Arc::new(Float64Array::from(vec![21.5])),
    );
    let batch = with(
        &batch,
        "at",
        Arc::new(Int64Array::from(vec![1_325_376_000_000])),
    );
    let batch = with(&batch, "open", Arc::new(Int64Array::from(vec![1])));
    let cells = [
        Cell::Number(1_325_376_000_000.0),
        Cell::Number(21.5),
        Cell::Text("c3"),
        Cell::Number(1.0),
    ];
    let direct = model.predict_cells(&cells, &mut room).expect("predicts");
    assert_eq!(model.predict(&batch).expect("predicts"), [direct]);
    let mut wrong = cells;
    wrong[1] = Cell::Text("warm");
    assert!(model.predict_cells(&wrong, &mut room).is_err());
    wrong[1] = Cell::Number(f64::NEG_INFINITY);
    assert!(model.predict_cells(&wrong, &mut room).is_err());
    assert!(model.predict_cells(&cells[..3], &mut room).is_err());
    assert_eq!(
        model
            .predict_cells(&cells, &mut room)
            .expect("predicts")
            .to_bits(),
        direct.to_bits()
    );
}

// proves S41
#[test]
fn a_parameter_or_task_that_an_algorithm_does_not_know_is_refused_by_name() {
    let data = prepared(100, Task::Regression);
    let fit = |algorithm, name: &str, value: serde_json::Value| {
        let params = Params::from([(name.to_owned(), value)]);
        training::fit(&candidate(algorithm), &params, &data, &data.train, 1)
            .expect_err("refused")
            .message()
            .to_owned()
    };
    assert_eq!(
        fit(Algorithm::RandomForest, "tress", 5.into()),
        "the algorithm random_forest has no parameter \"tress\""
    );
    assert!(
        fit(Algorithm::RandomForest, "trees", 2.5.into())
            .contains("trees = 2.5 is not a whole number")
    );
    assert!(
        fit(Algorithm::GradientBoosting, "learning_rate", (-1).into())
            .contains("learning_rate = -1 is out of range")
    );
    assert!(fit(Algorithm::Ridge, "l2", "strong".into()).contains("\"strong\" is not a number"));
    assert!(
        fit(Algorithm::LogisticRegression, "l2", 1.into())
            .contains("predicts yes or no, but the label is a number")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    // proves S46
    #[test]
    fn any_finite_row_is_answered_and_alike_in_every_batch(
        values in prop::collection::vec((any::<f32>(), "[a-z0-9]{0,4}", -4_000_000_000_000_i64..4_000_000_000_000, any::<Option<bool>>()), 1..30),
    ) {
        static MODEL: std::sync::LazyLock<Model> = std::sync::LazyLock::new(|| model(Algorithm::GradientBoosting, Task::Regression));
        let numbers: Vec<f64> = values.iter().map(|row| f64::from(row.0)).map(|value| if value.is_infinite() { 0.5 } else { value }).collect();
        let texts: Vec<&str> = values.iter().map(|row| row.1.as_str()).collect();
        let moments: Vec<i64> = values.iter().map(|row| row.2).collect();
        let flags: Vec<Option<i64>> = values.iter().map(|row| row.3.map(i64::from)).collect();
        let schema = Schema::new(vec![
            Field::new("temperature", DataType::Float64, true),
            Field::new("carrier", DataType::Utf8, true),
            Field::new("at", DataType::Int64, true),
            Field::new("open", DataType::Int64, true),
        ]);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Float64Array::from(numbers)),
            Arc::new(StringArray::from(texts)),
            Arc::new(Int64Array::from(moments)),
            Arc::new(Int64Array::from(flags)),
        ];
        let batch = RecordBatch::try_new(Arc::new(schema), columns).expect("columns of one length");
        let together = MODEL.predict(&batch).expect("predicts");
        prop_assert!(together.iter().all(|value| value.is_finite()));
        for (row, together) in together.iter().enumerate() {
            prop_assert_eq!(MODEL.predict(&batch.slice(row, 1)).expect("predicts")[0].to_bits(), together.to_bits());
        }
    }
}
