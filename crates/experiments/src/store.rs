//! Tables of experiments.
/// Steps.
pub const MIGRATIONS: &[&str] = &[];
