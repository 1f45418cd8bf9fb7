//! Where the files of a version lie, found from what a caller calls its source.
//!
//! A source may point into a run or logged model that the caller names, at another version, or at object storage of
//! the caller's own. It may not make this server or its clients read a file of some machine or a web address: `file:`,
//! paths and `http:` are refused, and so is every address with a way up (`..`), however it is encoded.

use base::{Error, LoggedModelId, Result, RunId};
use store::Db;

use crate::version::NewVersion;

/// What MLflow's client gives as the source of a prompt, which has no files.
const PROMPT_SOURCES: [&str; 2] = ["dummy-source", "prompt-template"];
/// Object storage that clients read with their own credentials.
pub const REMOTE: [&str; 7] = ["s3", "gs", "wasbs", "abfss", "dbfs", "r2", "oci"];

/// Schemes whose addresses name a host that would be connected to.
const WITH_HOST: [&str; 8] = [
    "http",
    "https",
    "ftp",
    "sftp",
    "hdfs",
    "viewfs",
    "mlflow-artifacts",
    "kubernetes",
];

/// Refuses, in MLflow's words, an address that leads to a host which the server was not set up with.
pub fn refuse_other_hosts(uri: &str, field: &str) -> Result<()> {
    match uri.split_once("://") {
        Some((scheme, host))
            if WITH_HOST.contains(&scheme.to_ascii_lowercase().as_str())
                && !host.is_empty()
                && !host.starts_with('/') =>
        {
            Err(Error::invalid(format!(
                "'{field}' cannot use the '{scheme}' scheme: the '{scheme}' scheme addresses a host other than the tracking server's configured artifact storage, so the server would connect to the host named in the URI."
            )))
        }
        _ => Ok(()),
    }
}

/// Where the files of `new` lie.
pub(crate) async fn storage_of(db: &Db, new: &NewVersion) -> Result<String> {
    let source = new.source.trim_end_matches('/');
    refuse_way_up(source)?;
    let prompt = new
        .tags
        .iter()
        .any(|tag| tag.key == "mlflow.prompt.is_prompt" && tag.value == "true");
    if prompt && PROMPT_SOURCES.contains(&source) {
        return Ok(source.to_owned());
    }
    refuse_other_owner(new, source)?;
    if let Some(rest) = source.strip_prefix("models:/") {
        return storage_of_model(db, source, rest.trim_start_matches('/')).await;
    }
    if let Some(rest) = source.strip_prefix("runs:/") {
        return storage_of_run(db, source, rest).await;
    }
    for root in roots(db, new).await? {
        if source == root
            || source
                .strip_prefix(root.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        {
            return Ok(source.to_owned());
        }
    }
    refuse_other_hosts(source, "source")?;
    if let Some(named) = not_within(new, source) {
        return Err(Error::invalid(format!(
            "Invalid model version source: '{}'. {named}",
            shown(&new.source)
        )));
    }
    let scheme = source.split_once("://").map(|(scheme, _)| scheme);
    if scheme.is_some_and(|scheme| REMOTE.contains(&scheme)) {
        return Ok(source.to_owned());
    }
    Err(Error::invalid(format!("Invalid model version source: '{}'.", shown(&new.source)))
        .hint("use models:/<model id>, runs:/<run id>/<path>, or an address inside the artifacts of the run or logged model that is named with it"))
}

/// MLflow's words for a source that lies outside what was named with it.
fn not_within(new: &NewVersion, source: &str) -> Option<String> {
    let field = if new.model_id.is_some() {
        "model_id"
    } else {
        "run_id"
    };
    let scheme = source.split_once(':').map(|(scheme, _)| scheme);
    match scheme {
        Some("mlflow-artifacts") => Some(format!(
            "The {field} request parameter must identify the resource that contains the source."
        )),
        None | Some("file") => Some(format!(
            "To use a local path as a model version source, the {field} request parameter has to be specified and the local path has to be contained within the artifact directory of the run specified by the {field}."
        )),
        _ => None,
    }
}

/// A run or logged model that is named beside the source must be the one that the source names.
fn refuse_other_owner(new: &NewVersion, source: &str) -> Result<()> {
    let run = source
        .strip_prefix("runs:/")
        .map(|rest| rest.split('/').next().unwrap_or_default());
    let model = source
        .strip_prefix("models:/")
        .filter(|rest| rest.starts_with("m-") && !rest.contains(['/', '@']));
    let other = |named: Option<&str>, given: Option<&str>| {
        named.is_some_and(|named| given.is_some_and(|given| given != named))
    };
    let field = if other(run, new.run_id.as_ref().map(AsRef::as_ref)) {
        "run_id"
    } else if other(model, new.model_id.as_ref().map(AsRef::as_ref)) {
        "model_id"
    } else {
        return Ok(());
    };
    Err(Error::invalid(format!(
        "Invalid model version source: '{}'. The {field} request parameter must identify the resource that contains the source.",
        shown(source)
    )))
}

async fn storage_of_model(db: &Db, source: &str, rest: &str) -> Result<String> {
    let unknown = || {
        Error::invalid(format!(
            "Invalid model version source: '{}'. It names no model.",
            shown(source)
        ))
    };
    if let Some((name, version)) = rest.split_once('/') {
        let number: i64 = version.parse().map_err(|_| unknown())?;
        return Ok(crate::version::version(db, name, number).await?.storage);
    }
    if let Some((name, alias)) = rest.split_once('@') {
        return Ok(crate::alias::alias(db, name, alias).await?.storage);
    }
    let id: LoggedModelId = rest.parse().map_err(|_| unknown())?;
    Ok(experiments::get_logged_model(db, &id).await?.artifact_uri)
}

async fn storage_of_run(db: &Db, source: &str, rest: &str) -> Result<String> {
    let (run, path) = rest.split_once('/').unwrap_or((rest, ""));
    let id: RunId = run.parse().map_err(|_| {
        Error::invalid(format!(
            "Invalid model version source: '{}'. It names no run.",
            shown(source)
        ))
    })?;
    let root = experiments::get_run(db, &id).await?.artifact_uri;
    Ok(if path.is_empty() {
        root
    } else {
        format!("{root}/{path}")
    })
}

/// Adds what the source says about the logged model, and what that says about its run.
pub(crate) async fn complete(db: &Db, new: &mut NewVersion) -> Result<()> {
    if new.model_id.is_none() {
        let id = new
            .source
            .strip_prefix("models:/")
            .filter(|rest| rest.starts_with("m-") && !rest.contains(['/', '@']));
        new.model_id = id.and_then(|id| id.parse().ok());
    }
    if let (Some(id), None) = (&new.model_id, &new.run_id) {
        new.run_id = experiments::get_logged_model(db, id).await?.source_run_id;
    }
    Ok(())
}

/// The tag by which MLflow's client finds the versions of a logged model.
const VERSIONS_TAG: &str = "mlflow.modelVersions";

/// Notes the new version on the logged model that it came from.
pub(crate) async fn tell_logged_model(
    db: &Db,
    id: &LoggedModelId,
    name: &str,
    version: i64,
) -> Result<()> {
    let model = experiments::get_logged_model(db, id).await?;
    let noted = experiments::tag_value(&model.tags, VERSIONS_TAG)
        .and_then(|text| serde_json::from_str(text).ok());
    let mut versions: Vec<serde_json::Value> = noted.unwrap_or_default();
    versions.push(serde_json::json!({ "name": name, "version": version }));
    let tag = experiments::Tag::new(VERSIONS_TAG, serde_json::to_string(&versions)?);
    experiments::set_logged_model_tags(db, id, vec![tag]).await?;
    Ok(())
}

/// The artifacts that a caller may point into: of the run and the logged model that it names.
async fn roots(db: &Db, new: &NewVersion) -> Result<Vec<String>> {
    let mut roots = Vec::new();
    if let Some(id) = &new.run_id {
        roots.push(experiments::get_run(db, id).await?.artifact_uri);
    }
    if let Some(id) = &new.model_id {
        roots.push(experiments::get_logged_model(db, id).await?.artifact_uri);
    }
    Ok(roots)
}

fn refuse_way_up(source: &str) -> Result<()> {
    // `%252e` is an encoded `%2e`: nobody needs a per cent sign in a source, so all of them are refused.
    let up = source
        .split(['/', '\\', '?', '#'])
        .any(|segment| segment == "..");
    if source.is_empty()
        || up
        || source.contains(['%', '\\', '?', '#'])
        || source.chars().any(char::is_control)
    {
        return Err(Error::invalid(format!(
            "Invalid model version source: '{}'. If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present. Please provide an absolute path.",
            shown(source)
        ))
        .hint("a source is an absolute address without '..', '%', '?', '#' and backslashes"));
    }
    Ok(())
}

fn shown(source: &str) -> String {
    source.chars().take(200).collect()
}
