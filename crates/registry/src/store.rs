//! Tables of the registry: each noun's SQL is in its own file.

pub(crate) mod approval;
pub(crate) mod evaluation;
pub(crate) mod model;
pub(crate) mod version;

/// The steps of this stage's tables.
pub const MIGRATIONS: &[&str] = &[model::MODEL_TABLES, evaluation::GATE_TABLES];
