//! A small shop whose sales the stories are about, and where to find the bikes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use data::Data;
use project::Project;
use store::{Db, Migrations};

pub(crate) fn migrations() -> Migrations {
    Migrations::default()
        .with("project", project::MIGRATIONS)
        .with("data", data::MIGRATIONS)
}

/// A project on a folder of its own.
pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) db: Db,
    pub(crate) data: Data,
}

impl Home {
    pub(crate) fn new(db: Db) -> Self {
        deltalake_needs_tls();
        let folder = tempfile::tempdir().unwrap();
        let data = Data::new(db.clone(), folder.path().join("tables").to_str().unwrap()).unwrap();
        Self { folder, db, data }
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) async fn project(&self, text: &str) -> Project {
        project::apply(&self.db, text, self.folder.path(), "de")
            .await
            .unwrap()
            .0
    }
}

/// The server's main function does this; Delta's engine asks for it even where no network is used.
fn deltalake_needs_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

pub(crate) fn bikes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/bikes")
}

pub(crate) const SHOP: &str = r#"
schema = 1
[project]
name = "shop"
owner = "de"

[charter]
problem = "Queues"
decision = "Open a second till"
today_sql = "before"
feasible = { min_rows = 5, max_missing = 0.5, max_label_delay = "2d" }

[dataset.sales]
source = { kind = "file", path = "sales*.csv" }
time = "at"
columns = { email = { use = "never" } }

[[expect]]
dataset = "sales"
id = "known-amount"
check = "between"
column = "amount"
min = 0
severity = "error"

[[expect]]
dataset = "sales"
id = "once"
check = "unique"
columns = ["at", "shop"]
severity = "error"

[[expect]]
dataset = "sales"
id = "fresh"
check = "max_age"
value = "2d"
severity = "warn"

[view.days]
from = ["sales"]
sql = "select at, shop, email, amount, lag(amount) over (partition by shop order by at) as before from sales where amount is not null"

[features.day]
from = "days"
time = "at"
feature = [{ name = "at", type = "datetime" }, { name = "shop", type = "category" }, { name = "last", sql = "before", type = "f32" }]

[label]
name = "amount"
from = "days"
sql = "amount"
horizon = "1d"

[split]
by = "time"
holdout = "2d"
validate = { folds = 2, gap = "0s" }
"#;

/// Ten days to 2026-01-04 in two shops, and one day that has not come yet: the clock stands at 2026-01-05T08:00Z.
pub(crate) fn sales() -> String {
    let mut text = "at,shop,email,amount\n".to_owned();
    for day in 0..11 {
        let date = if day < 10 {
            format!("2025-12-{}", 22 + day)
        } else {
            "2026-01-06".to_owned()
        };
        for shop in ["north", "south"] {
            let amount = if day == 3 && shop == "south" {
                String::new()
            } else {
                (100 + day * 10 + shop.len()).to_string()
            };
            writeln!(text, "{date}T10:00:00,{shop},a@example.org,{amount}").unwrap();
        }
    }
    text
}
