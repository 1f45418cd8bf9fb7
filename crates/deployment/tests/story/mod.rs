//! A shop with one model in two versions, for the stories of serving.

#![allow(dead_code, reason = "each story uses a part of it")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeListArray, Float32Array, Float64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use deployment::{Request, Serving};
use experiments::NewLoggedModel;
use project::Project;
use registry::NewVersion;
use serde_json::Value;
use store::{Blobs, Db, Migrations};

pub const ENDPOINT: &str = "fees-api";

pub fn migrations() -> Migrations {
    Migrations::default()
        .with("project", project::MIGRATIONS)
        .with("data", data::MIGRATIONS)
        .with("experiments", experiments::MIGRATIONS)
        .with("registry", registry::MIGRATIONS)
        .with("deployment", deployment::MIGRATIONS)
}

/// Everything a story needs; the folder goes when it is dropped.
pub struct Shop {
    pub db: Db,
    pub blobs: Blobs,
    pub folder: tempfile::TempDir,
    pub project: Project,
    pub serving: Serving,
}

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx")
}

impl Shop {
    /// Two registered versions of `fees`; version 1 is the champion. Nothing is deployed. `deployment` are the lines
    /// of the deployment's section after its model.
    pub async fn open(db: Db, deployment: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path().join("artifacts").to_str().unwrap()).unwrap();
        let text = format!(
            "schema = 1\n[project]\nname = \"fees\"\ntitle = \"Fees\"\nowner = \"ann\"\n\
             [[criterion]]\nid = \"fast\"\nkind = \"system\"\nmetric = \"latency_p99_ms\"\nop = \"<=\"\nvalue = 5000.0\n\
             [[criterion]]\nid = \"impossible\"\nkind = \"system\"\nmetric = \"latency_p99_ms\"\nop = \"<=\"\nvalue = 0.0\n\
             [deployment.{ENDPOINT}]\nmodel = \"fees@champion\"\n{deployment}\n"
        );
        let (project, _) = project::apply(&db, &text, folder.path(), "ann")
            .await
            .unwrap();
        registry::create_model(&db, "fees", "", vec![])
            .await
            .unwrap();
        let serving = serving(&db, &blobs, folder.path());
        let shop = Self {
            db,
            blobs,
            folder,
            project,
            serving,
        };
        shop.register("logistic").await;
        shop.register("lightgbm").await;
        shop.champion(1).await;
        shop
    }

    /// Registers a package that holds the stored ONNX model `name`.
    pub async fn register(&self, name: &str) -> i64 {
        let onnx = std::fs::read(fixtures().join(format!("{name}.onnx"))).unwrap();
        self.register_files(name, &[("MLmodel", b"flavors:\n  onnx:\n    data: model.onnx\n    onnx_version: 1.23.2\n  python_function:\n    loader_module: mlflow.onnx\n"), ("model.onnx", &onnx)]).await
    }

    pub async fn register_files(&self, name: &str, files: &[(&str, &[u8])]) -> i64 {
        let experiment = experiments::experiment_named(&self.db, "fees")
            .await
            .unwrap();
        let new = NewLoggedModel {
            experiment_id: experiment.id,
            name: name.to_owned(),
            model_type: String::new(),
            source_run_id: None,
            params: vec![],
            tags: vec![],
        };
        let logged = experiments::create_logged_model(&self.db, new)
            .await
            .unwrap();
        let folder = experiments::blob_path(&logged.artifact_uri).unwrap();
        for (file, bytes) in files {
            self.blobs
                .put_bytes(&format!("{folder}/{file}"), bytes.to_vec())
                .await
                .unwrap();
        }
        let source = format!("models:/{}", logged.id);
        let new = NewVersion {
            name: "fees".to_owned(),
            source,
            user: "ann".to_owned(),
            model_id: Some(logged.id),
            ..NewVersion::default()
        };
        registry::create_version(&self.db, new)
            .await
            .unwrap()
            .version
    }

    pub async fn champion(&self, version: i64) {
        registry::set_alias(&self.db, "fees", "champion", version, "ann")
            .await
            .unwrap();
    }

    pub async fn deploy(&self) -> base::Result<deployment::Revision> {
        self.serving
            .deploy(&self.project, ENDPOINT, None, "ann")
            .await
    }

    /// As after a restart of the process: nothing in memory.
    pub async fn restart(&mut self) {
        self.serving = serving(&self.db, &self.blobs, self.folder.path());
        self.serving.restore().await.unwrap();
    }
}

pub fn serving(db: &Db, blobs: &Blobs, folder: &Path) -> Serving {
    Serving::new(
        db.clone(),
        blobs.clone(),
        folder.join("tables").to_str().unwrap(),
        db.clock().clone(),
    )
}

/// The stored rows of a model and the probabilities that ONNX Runtime gave them.
pub fn case(name: &str) -> (RecordBatch, Vec<f64>) {
    let stored: Value =
        serde_json::from_slice(&std::fs::read(fixtures().join(format!("{name}.json"))).unwrap())
            .unwrap();
    let rows = stored["inputs"]["x"].as_array().unwrap();
    let values: Vec<Option<f64>> = rows
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(Value::as_f64)
        .collect();
    let expected = stored["outputs"]["probabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row[1].as_f64().unwrap())
        .collect();
    (table(values, 6), expected)
}

/// A batch of one wide input called `x`.
pub fn table(values: Vec<Option<f64>>, width: i32) -> RecordBatch {
    let values: Float32Array = values
        .into_iter()
        .map(|value| value.map(|x| x as f32))
        .collect();
    let item = Arc::new(Field::new("element", DataType::Float32, true));
    let list: ArrayRef = Arc::new(FixedSizeListArray::new(item, width, Arc::new(values), None));
    RecordBatch::try_new(
        Arc::new(Schema::new(vec![Field::new(
            "x",
            list.data_type().clone(),
            true,
        )])),
        vec![list],
    )
    .unwrap()
}

/// The first row, with an id.
pub fn one_row(id: &str) -> Request {
    let (batch, _) = case("logistic");
    Request {
        ids: vec![Some(id.to_owned())],
        ..Request::new(batch.slice(0, 1))
    }
}

pub fn column<'b>(batch: &'b RecordBatch, name: &str) -> &'b ArrayRef {
    batch
        .column_by_name(name)
        .unwrap_or_else(|| panic!("no column {name} in {:?}", batch.schema()))
}

pub fn floats(batch: &RecordBatch, name: &str) -> Vec<f64> {
    column(batch, name)
        .as_any()
        .downcast_ref::<Float64Array>()
        .unwrap()
        .values()
        .to_vec()
}
