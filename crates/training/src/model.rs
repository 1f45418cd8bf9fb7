//! A fitted model: signature, preprocessing graph and estimator in one document, ready to predict raw columns.
//!
//! Invariants: a row's prediction does not depend on the rows beside it; a model read back from its JSON predicts the
//! same bits. Deliberately absent: the package around the document (see [`crate::package`]).

use arrow::array::RecordBatch;
use base::{Error, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::cell::{Cell, Reader, check, readers, wrong_value};
use crate::estimator::{Estimator, Scorer};
use crate::params::Params;
use crate::prep::{Plan, Prep};
use crate::signature::{InputKind, Signature};

/// The version of the document that we write.
pub const MODEL_VERSION: u32 = 1;
const FORMAT: &str = "ironloop.model";
/// Above this many rows several threads predict.
const MANY: usize = 4096;

/// How a model came to be, for people and for lineage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The candidate's id in the project file.
    pub candidate: String,
    /// Which algorithm.
    pub algorithm: String,
    /// The parameters that it was given.
    pub params: Params,
    /// The seed.
    pub seed: u64,
    /// How many rows it learnt from.
    pub rows: usize,
}

/// The document behind a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// `ironloop.model`.
    pub format: String,
    /// The version of this document.
    pub version: u32,
    /// What goes in and comes out.
    pub signature: Signature,
    /// What is made of the raw columns.
    pub prep: Prep,
    /// What was learnt.
    pub estimator: Estimator,
    /// How it came to be.
    pub origin: Origin,
}

/// A model that is ready to predict. Cloning copies it; share it behind an `Arc`.
#[derive(Clone, Debug)]
pub struct Model {
    document: Document,
    plan: Plan,
    scorer: Scorer,
}

impl Model {
    /// Puts a model together and makes it ready.
    pub fn new(
        signature: Signature,
        prep: Prep,
        estimator: Estimator,
        origin: Origin,
    ) -> Result<Self> {
        Self::ready(Document {
            format: FORMAT.to_owned(),
            version: MODEL_VERSION,
            signature,
            prep,
            estimator,
            origin,
        })
    }

    /// Reads a model from its document.
    pub fn from_json(text: &[u8]) -> Result<Self> {
        let document: Document = serde_json::from_slice(text)
            .map_err(|error| Error::from(error).at("the model's document"))?;
        Self::ready(document)
    }

    /// The model's document.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        Ok(serde_json::to_vec(&self.document)?)
    }

    /// The model as ONNX, with one `[N, 1]` input per raw column; see [`crate::onnx`].
    pub fn to_onnx(&self) -> Result<Vec<u8>> {
        crate::onnx::export(&self.document)
    }

    /// What the model takes and gives.
    pub fn signature(&self) -> &Signature {
        &self.document.signature
    }

    /// Everything that is known of the model.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// A number per row: the value, or the probability of the positive class. Columns are found by name; others are
    /// ignored. Refused with column, row and value: what is no value of the column's kind, an infinity, a missing
    /// value where the signature wants one.
    pub fn predict(&self, batch: &RecordBatch) -> Result<Vec<f64>> {
        let readers = readers(&self.document.signature, batch)?;
        let rows = batch.num_rows();
        let mut out = vec![0.0; rows];
        if rows > MANY {
            out.par_chunks_mut(MANY / 4)
                .enumerate()
                .try_for_each(|(chunk, out)| {
                    self.predict_rows(&readers, chunk * (MANY / 4), out)
                })?;
        } else {
            self.predict_rows(&readers, 0, &mut out)?;
        }
        Ok(out)
    }

    /// The predictions for some rows of `batch`, in their order.
    pub fn predict_some(&self, batch: &RecordBatch, rows: &[u32]) -> Result<Vec<f64>> {
        let readers = readers(&self.document.signature, batch)?;
        let mut room = self.room();
        rows.iter()
            .map(|row| {
                self.plan.load(
                    &self.document.signature,
                    &readers,
                    *row as usize,
                    &mut room.row,
                    &mut room.text,
                )?;
                Ok(self.finish(&mut room))
            })
            .collect()
    }

    fn predict_rows(&self, readers: &[Reader], first: usize, out: &mut [f64]) -> Result<()> {
        let mut room = self.room();
        for (row, out) in out.iter_mut().enumerate() {
            self.plan.load(
                &self.document.signature,
                readers,
                first + row,
                &mut room.row,
                &mut room.text,
            )?;
            *out = self.finish(&mut room);
        }
        Ok(())
    }

    /// The prediction for one row whose cells stand in the order of the signature's inputs: the way around Arrow for
    /// requests of one row. `room` comes from [`Model::room`] and can be used again.
    pub fn predict_cells(&self, cells: &[Cell<'_>], room: &mut Room) -> Result<f64> {
        let inputs = &self.document.signature.inputs;
        if cells.len() != inputs.len() {
            return Err(Error::invalid(format!(
                "the row has {} values, the model takes {}",
                cells.len(),
                inputs.len()
            )));
        }
        for (place, (input, cell)) in inputs.iter().zip(cells).enumerate() {
            let texts = input.kind == InputKind::Category;
            match cell {
                Cell::Text(text) if !texts && !text.is_empty() => {
                    return Err(wrong_value(input, 0, &format!("{text:?}")));
                }
                Cell::Number(value) if texts => {
                    return Err(wrong_value(input, 0, &value.to_string()));
                }
                _ => self.plan.put(place, check(input, 0, *cell)?, &mut room.row),
            }
        }
        Ok(self.finish(room))
    }

    /// Room for the work on one row.
    pub fn room(&self) -> Room {
        Room {
            row: vec![0.0; self.plan.width()],
            features: vec![0.0; self.plan.features()],
            text: String::new(),
        }
    }

    #[inline]
    fn finish(&self, room: &mut Room) -> f64 {
        self.plan.run(&mut room.row);
        self.scorer
            .score(self.plan.gather(&room.row), &mut room.features)
    }

    fn ready(document: Document) -> Result<Self> {
        if document.format != FORMAT || document.version != MODEL_VERSION {
            return Err(Error::invalid(format!(
                "the model is a {:?} of version {}",
                document.format, document.version
            ))
            .hint(format!(
                "this program reads {FORMAT:?} of version {MODEL_VERSION}"
            )));
        }
        let plan = Plan::new(&document.signature, &document.prep)?;
        if plan.features() == 0 {
            return Err(Error::invalid("the model looks at no column")
                .hint("name at least one feature in [features.…]"));
        }
        let scorer = Scorer::new(&document.estimator, plan.features())?;
        Ok(Self {
            document,
            plan,
            scorer,
        })
    }
}

/// Room for the work on one row; made once, used for many rows.
#[derive(Clone, Debug)]
pub struct Room {
    row: Vec<f64>,
    features: Vec<f32>,
    text: String,
}
