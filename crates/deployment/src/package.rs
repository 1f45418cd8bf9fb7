//! A model version's files as they are stored: read once, checked by digest, and never changed.
//!
//! The layout is MLflow's: `MLmodel` names the flavours and the signature, the files lie beside it.

use std::collections::BTreeMap;

use base::{Error, Result};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use store::Blobs;

/// A package larger than this is not served.
const MAX_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// A column that the package's signature names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// MLflow's name of its type: `double`, `string`, `datetime`, …
    pub kind: String,
    /// Whether callers must give it.
    pub required: bool,
}

/// A package in memory.
pub struct Package {
    files: BTreeMap<String, bytes::Bytes>,
    described: MlModel,
    /// `sha256:` and the digest over names and contents of all files.
    pub digest: String,
}

/// What we read of `MLmodel`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MlModel {
    flavors: BTreeMap<String, BTreeMap<String, Value>>,
    signature: Option<MlSignature>,
    saved_input_example_info: Option<BTreeMap<String, Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MlSignature {
    inputs: Option<String>,
}

impl Package {
    /// Reads all files of `folder`.
    pub async fn read(blobs: &Blobs, folder: &str) -> Result<Self> {
        let found = blobs.list_all(folder).await?;
        let size: u64 = found.iter().map(|file| file.size).sum();
        if size > MAX_BYTES {
            return Err(Error::too_large(format!(
                "the model's files are {size} bytes, more than {MAX_BYTES}"
            )));
        }
        let mut files = BTreeMap::new();
        let prefix = format!("{folder}/");
        for file in found {
            let name = file
                .path
                .strip_prefix(&prefix)
                .unwrap_or(&file.path)
                .to_owned();
            files.insert(
                name,
                blobs
                    .get_bytes(&file.path)
                    .await
                    .map_err(|error| error.at(&file.path))?,
            );
        }
        Self::of(files)
    }

    /// A package of these files.
    pub fn of(files: BTreeMap<String, bytes::Bytes>) -> Result<Self> {
        let text = files.get("MLmodel").ok_or_else(|| {
            Error::invalid("the version has no MLmodel file, so it is no model that can be served")
                .hint("log it with mlflow.<flavour>.log_model or train it with Ironloop")
        })?;
        let text = std::str::from_utf8(text).map_err(|_| Error::invalid("MLmodel is not UTF-8"))?;
        let described = serde_saphyr::from_str(text)
            .map_err(|error| Error::invalid(format!("MLmodel cannot be read: {error}")))?;
        let mut hash = Sha256::new();
        for (name, bytes) in &files {
            for part in [name.as_bytes(), bytes] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        }
        Ok(Self {
            files,
            described,
            digest: format!("sha256:{}", hex::encode(hash.finalize())),
        })
    }

    /// The names of its flavours, for messages.
    pub fn flavours(&self) -> String {
        let names: Vec<&str> = self.described.flavors.keys().map(String::as_str).collect();
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    }

    /// The document of our own model, if this is one.
    pub fn native(&self) -> Result<Option<&[u8]>> {
        if self.described.flavors.contains_key("ironloop") {
            self.flavour_file("ironloop", "model.ironloop.json")
                .map(Some)
        } else {
            Ok(None)
        }
    }

    /// The ONNX file, if it has one.
    pub fn onnx(&self) -> Result<Option<&[u8]>> {
        if self.described.flavors.contains_key("onnx") {
            self.flavour_file("onnx", "model.onnx").map(Some)
        } else {
            Ok(None)
        }
    }

    fn flavour_file(&self, flavour: &str, usual: &str) -> Result<&[u8]> {
        let named = self
            .described
            .flavors
            .get(flavour)
            .and_then(|flavour| flavour.get("data"))
            .and_then(Value::as_str);
        let name = named.unwrap_or(usual);
        // MLflow keeps an ONNX model that was saved with external data in a folder.
        self.file(name).ok_or_else(|| {
            Error::invalid(format!(
                "the model's file {name:?} of flavour {flavour} is missing"
            ))
            .hint("log the model as one file, without external data")
        })
    }

    /// A file by its name inside the package.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(AsRef::as_ref)
    }

    /// The name of MLflow's saved input example.
    pub fn example(&self) -> Option<&[u8]> {
        let named = self
            .described
            .saved_input_example_info
            .as_ref()
            .and_then(|info| info.get("artifact_path"))
            .and_then(Value::as_str);
        named.and_then(|name| self.file(name))
    }

    /// The columns of the signature; `None` where there is no signature, or one of tensors.
    pub fn columns(&self) -> Result<Option<Vec<Column>>> {
        let Some(text) = self
            .described
            .signature
            .as_ref()
            .and_then(|signature| signature.inputs.as_deref())
        else {
            return Ok(None);
        };
        let listed: Vec<Value> = serde_json::from_str(text)
            .map_err(|error| Error::from(error).at("the signature's inputs"))?;
        let column = |value: &Value| {
            let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
            let kind = text("type").filter(|kind| kind != "tensor")?;
            Some(Column {
                name: text("name")?,
                kind,
                required: value
                    .get("required")
                    .and_then(Value::as_bool)
                    .unwrap_or(true),
            })
        };
        Ok(listed.iter().map(column).collect())
    }
}
