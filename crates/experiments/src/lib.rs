//! Experiments: what was tried, with which params, and what came of it.
//!
//! The nouns are MLflow's (experiment, run, metric, param, tag, dataset input, logged model) with MLflow's rules, since
//! its unmodified client is the way in for people's own scripts. Invariants:
//! - An id, once given out, stays; deleting only marks (`lifecycle_stage`), and a deleted run refuses writes.
//! - A param never changes its value; a metric is a series of points, and the latest one is kept beside it.
//! - [`log_batch`] is all or nothing.
//! - Text from outside reaches SQL only as a bound value: [`filter`] parses it into a tree first.
//!
//! Deliberately absent: how a run is executed, wire types, and bytes of artifacts (only their addresses are here).

pub mod check;
mod experiment;
pub mod filter;
mod import;
mod input;
mod logged_model;
mod metric;
mod run;
mod search;
mod store;
mod tag;
mod trace;

pub use experiment::{
    Experiment, ExperimentSearch, Lifecycle, NewExperiment, ViewType, create_experiment,
    delete_experiment, delete_experiment_tag, experiment_by_name, experiment_named, get_experiment,
    rename_experiment, restore_experiment, search_experiments, set_experiment_tag,
};
pub use import::{
    Imported, ImportedExperiment, ImportedLoggedModel, ImportedRun, import_experiment,
    import_logged_model, import_run,
};
pub use input::{
    DatasetInput, DatasetRef, DatasetSummary, ModelInput, ModelOutput, log_input, log_inputs,
    log_outputs, search_datasets,
};
pub use logged_model::{
    LoggedModel, LoggedModelMetric, LoggedModelSearch, LoggedModelStatus, ModelOrder,
    NewLoggedModel, create_logged_model, delete_logged_model, delete_logged_model_tag,
    finalize_logged_model, get_logged_model, log_logged_model_params, search_logged_models,
    set_logged_model_tags,
};
pub use metric::{
    HistoryPage, Metric, MetricPoint, log_metric, metric_history, metric_history_sample,
};
pub use run::{
    Batch, NewRun, Param, Run, RunStatus, RunUpdate, artifact_path, blob_path, create_run,
    delete_run, delete_tag, end_run, get_run, log_batch, log_param, restore_run, set_tags,
    update_run,
};
pub use search::{Search, search_runs};
pub use store::MIGRATIONS;
pub use tag::{Tag, tag_value};
pub use trace::{
    Assessment, SOURCE_RUN, Span, SpanBatch, TRACE_NAME, Trace, TraceDoom, TraceSearch, TraceState,
    create_assessment, delete_assessment, delete_trace_tag, delete_traces, get_assessment,
    get_trace, get_traces, link_traces, log_spans, search_traces, set_trace_tag, spans_of,
    start_trace, update_assessment,
};
