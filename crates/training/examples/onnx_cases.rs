//! Writes models as ONNX, with rows and what we predict for them: `cargo run --example onnx_cases -- FOLDER`.
//! `tests/onnx` lets a real ONNX runtime predict the same rows.

use std::path::Path;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Float64Type, TimestampMicrosecondType};
use serde_json::{Value, json};

#[path = "../tests/stories/sample.rs"]
mod sample;

fn main() -> base::Result<()> {
    let folder = std::env::args()
        .nth(1)
        .ok_or_else(|| base::Error::invalid("which folder?"))?;
    for (algorithm, task) in sample::ALL {
        let data = sample::prepared(2000, task);
        let model = training::fit(
            &sample::candidate(algorithm),
            &training::Params::new(),
            &data,
            &data.train,
            7,
        )?;
        // Other rows than those learnt from: before 1970 too, with categories that nobody has seen.
        let (rows, _) = sample::rows(1000, 5, true);
        let case = Path::new(&folder).join(format!("{}-{task:?}", algorithm.as_str()));
        std::fs::create_dir_all(&case)?;
        std::fs::write(case.join("model.onnx"), model.to_onnx()?)?;
        let expected = json!({"columns": columns(&rows), "expected": model.predict(&rows)?});
        std::fs::write(case.join("rows.json"), serde_json::to_vec(&expected)?)?;
    }
    Ok(())
}

/// The rows as ONNX wants them: moments in milliseconds, bools as 0 and 1, nothing for missing.
fn columns(rows: &RecordBatch) -> Value {
    let moments = rows.column(0).as_primitive::<TimestampMicrosecondType>();
    let temperatures = rows.column(1).as_primitive::<Float64Type>();
    let (carriers, open) = (
        rows.column(2).as_string::<i32>(),
        rows.column(3).as_boolean(),
    );
    json!({
        "at": moments.iter().map(|at| at.map(|at| at.div_euclid(1000))).collect::<Vec<_>>(),
        "temperature": temperatures.iter().collect::<Vec<_>>(),
        "carrier": carriers.iter().collect::<Vec<_>>(),
        "open": (0..open.len()).map(|row| open.is_valid(row).then(|| u8::from(open.value(row)))).collect::<Vec<_>>(),
    })
}
