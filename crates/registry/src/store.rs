//! Tables of the registry: each noun's SQL is in its own file.

pub(crate) mod model;

/// The steps of this stage's tables.
pub const MIGRATIONS: &[&str] = &[model::MODEL_TABLES];
