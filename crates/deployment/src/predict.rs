//! One request and its answer, free of any wire format.

use arrow::array::RecordBatch;

/// Rows to answer.
#[derive(Clone, Debug)]
pub struct Request {
    /// Raw columns, as the signature names them; more columns than that are logged and otherwise ignored.
    pub batch: RecordBatch,
    /// The caller's own id of each row; empty means none, and an id is made for each row without one.
    pub ids: Vec<Option<String>>,
    /// A revision asked for by number; otherwise the traffic's shares decide.
    pub revision: Option<i64>,
    /// Whether this is a prediction that is remembered. A probe is answered and leaves no trace in the log.
    pub kind: RequestKind,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequestKind {
    /// A decision: it is logged.
    #[default]
    Prediction,
    /// A test of the endpoint: it is not.
    Probe,
}

impl Request {
    /// Rows without ids, for whatever revision the shares choose.
    pub fn new(batch: RecordBatch) -> Self {
        Self {
            batch,
            ids: Vec::new(),
            revision: None,
            kind: RequestKind::Prediction,
        }
    }
}

/// What a model said of the rows of one request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The id of each row's prediction: the caller's, or ours.
    pub ids: Vec<String>,
    /// The number of each row: the value (regression) or the probability of the positive class.
    pub values: Vec<f64>,
    /// All named outputs, `values` among them.
    pub outputs: Vec<Output>,
    /// The revision that answered.
    pub revision: i64,
    /// Its registered model.
    pub model: String,
    /// That model's version.
    pub version: i64,
}

/// One named output of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// As the signature names it.
    pub name: String,
    /// Numbers per row: 1 for a value, the number of classes for probabilities.
    pub width: usize,
    /// Row after row, `width` of them each.
    pub values: Values,
}

/// The values of an [`Output`].
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Numbers computed in 64 bits.
    F64(Vec<f64>),
    /// Numbers computed in 32 bits.
    F32(Vec<f32>),
    /// Whole numbers, such as class labels.
    I64(Vec<i64>),
    /// Texts, such as class labels.
    Text(Vec<String>),
}
