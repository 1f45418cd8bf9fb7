//! Tables of models, versions and aliases.

/// The first step.
pub(crate) const MODEL_TABLES: &str = "";
