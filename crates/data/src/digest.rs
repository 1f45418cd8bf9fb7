//! The digest of a table: BLAKE3 over names and values, the same for the same content whatever file it came from.
//!
//! A whole number has one form, be it stored as an integer or as a float, and missing is a value of its own. The
//! order of rows and columns counts; row groups, compression and encodings do not.

use arrow::array::{Array, AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use base::{Error, Result};

/// Above this a double no longer tells whole numbers apart.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// 64 hex digits over a batch of the six types of [`crate::columns`].
pub(crate) fn digest(batch: &RecordBatch) -> Result<String> {
    let mut hash = blake3::Hasher::new();
    let mut buffer = Vec::with_capacity(batch.num_rows() * 9 + 64);
    hash.update(&(batch.num_rows() as u64).to_le_bytes());
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        buffer.clear();
        put_text(&mut buffer, field.name());
        put_values(&mut buffer, column.as_ref())?;
        hash.update(&buffer);
    }
    Ok(hash.finalize().to_hex().to_string())
}

fn put_values(out: &mut Vec<u8>, column: &dyn Array) -> Result<()> {
    match column.data_type() {
        DataType::Boolean => put_each(out, column.as_boolean().iter(), |out, value| {
            out.extend([b'b', u8::from(value)]);
        }),
        DataType::Int64 => put_each(out, column.as_primitive::<Int64Type>().iter(), put_whole),
        DataType::Float64 => put_each(out, column.as_primitive::<Float64Type>().iter(), put_number),
        DataType::Utf8 => put_each(out, column.as_string::<i32>().iter(), put_text),
        DataType::Date32 => put_each(
            out,
            column.as_primitive::<Date32Type>().iter(),
            |out, value| {
                out.push(b'd');
                out.extend(value.to_le_bytes());
            },
        ),
        DataType::Timestamp(..) => put_each(
            out,
            column.as_primitive::<TimestampMicrosecondType>().iter(),
            |out, value| {
                out.push(b't');
                out.extend(value.to_le_bytes());
            },
        ),
        other => {
            return Err(Error::internal(format!(
                "a column of the type {other} has no digest"
            )));
        }
    }
    Ok(())
}

fn put_each<T>(
    out: &mut Vec<u8>,
    values: impl Iterator<Item = Option<T>>,
    put: impl Fn(&mut Vec<u8>, T),
) {
    for value in values {
        match value {
            Some(value) => put(out, value),
            None => out.push(b'0'),
        }
    }
}

fn put_whole(out: &mut Vec<u8>, value: i64) {
    out.push(b'i');
    out.extend(value.to_le_bytes());
}

fn put_number(out: &mut Vec<u8>, value: f64) {
    if value.fract() == 0.0 && value.abs() < WHOLE {
        return put_whole(out, value as i64);
    }
    out.push(b'f');
    let bits = if value.is_nan() {
        f64::NAN.to_bits()
    } else {
        value.to_bits()
    };
    out.extend(bits.to_le_bytes());
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.push(b's');
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};

    use super::*;

    fn of(column: ArrayRef) -> String {
        digest(&RecordBatch::try_from_iter([("x", column)]).unwrap()).unwrap()
    }

    #[test]
    fn the_same_values_have_the_same_digest_in_another_type() {
        let whole = of(Arc::new(Int64Array::from(vec![Some(1), None, Some(-3)])));
        assert_eq!(
            whole,
            of(Arc::new(Float64Array::from(vec![
                Some(1.0),
                None,
                Some(-3.0)
            ])))
        );
        assert_ne!(
            whole,
            of(Arc::new(Float64Array::from(vec![
                Some(1.0),
                Some(f64::NAN),
                Some(-3.0)
            ])))
        );
        assert_ne!(
            whole,
            of(Arc::new(StringArray::from(vec![
                Some("1"),
                None,
                Some("-3")
            ])))
        );
    }

    #[test]
    fn texts_cannot_run_into_each_other() {
        let one = of(Arc::new(StringArray::from(vec!["ab", "c"])));
        assert_ne!(one, of(Arc::new(StringArray::from(vec!["a", "bc"]))));
        assert_ne!(
            of(Arc::new(StringArray::from(vec![Some("")]))),
            of(Arc::new(StringArray::from(vec![None::<&str>])))
        );
    }
}
