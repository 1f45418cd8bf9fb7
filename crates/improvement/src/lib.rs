//! improvement
