//! Our own models: the preprocessing graph and estimator that training wrote, computed by the code that trained.

use arrow::array::RecordBatch;
use base::Result;
use training::{InputKind, Model};

use super::Runtime;
use crate::predict::{Output, Values};
use crate::status::{Signature, Tensor};

/// A model of `training`.
pub struct Native {
    model: Model,
    signature: Signature,
}

impl Native {
    /// Reads the model's document.
    pub fn new(document: &[u8]) -> Result<Self> {
        let model = Model::from_json(document)?;
        let signature = described(model.signature());
        Ok(Self { model, signature })
    }
}

impl Runtime for Native {
    fn engine(&self) -> &'static str {
        "native"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn predict(&self, batch: &RecordBatch) -> Result<Vec<Output>> {
        let values = Values::F64(self.model.predict(batch)?);
        Ok(vec![Output {
            name: self.signature.outputs[0].name.clone(),
            width: 1,
            values,
        }])
    }
}

fn described(signature: &training::Signature) -> Signature {
    let inputs = signature
        .inputs
        .iter()
        .map(|input| Tensor {
            name: input.name.clone(),
            datatype: input.v2_type().to_owned(),
            width: 1,
            nullable: input.nullable,
            meaning: match input.kind {
                InputKind::Category => Some("category".to_owned()),
                InputKind::Datetime => Some("datetime".to_owned()),
                InputKind::Numeric | InputKind::Bool => None,
            },
        })
        .collect();
    let output = Tensor {
        name: signature.output.clone(),
        datatype: "FP64".to_owned(),
        width: 1,
        nullable: false,
        meaning: None,
    };
    Signature {
        inputs,
        outputs: vec![output],
    }
}
