//! Metrics beyond those that gates name ([`super::Metric`]): of several classes, curves, calibration, errors of
//! numbers, rankings and groups. Equal to scikit-learn's, fairlearn's and Evidently's (see `tests/quality_golden.rs`).
//!
//! Where the field has a fault we do not follow it: a relative error divides by the size of the truth (Evidently
//! divides by its value, so negative targets explode), and a metric at rank k is the one of the first k places
//! (Evidently labels NDCG and MRR one rank too high).

pub mod calibration;
pub mod classes;
pub mod curves;
pub mod fairness;
pub mod numbers;
pub mod ranking;
