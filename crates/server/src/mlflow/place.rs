//! Paths and addresses of artifacts that come from outside: what may be read, written and pointed to.

use base::{Error, Result};

/// A relative path that stays below its root, however often it is decoded.
pub(super) fn safe_path(path: &str) -> Result<&str> {
    // MLflow's whole message.
    let invalid = || Error::invalid("Invalid path");
    let mut decoded = path.to_owned();
    loop {
        if climbs(&decoded) {
            return Err(invalid());
        }
        let again = percent_encoding::percent_decode_str(&decoded)
            .decode_utf8_lossy()
            .into_owned();
        if again == decoded {
            return Ok(path.trim_end_matches('/'));
        }
        decoded = again;
    }
}

fn climbs(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    path.starts_with('/')
        || drive
        || path.contains(['\\', '#'])
        || path.split_once("://").is_some()
        || path.chars().any(char::is_control)
        || path.split('/').any(|part| part == ".." || part == ".")
}

/// An artifact location that a caller chose for an experiment: inside what this server keeps, below the root that
/// the server was started with, or in object storage. Files of a machine and web addresses are refused.
pub(super) fn artifact_location(location: &str, root: &str) -> Result<String> {
    let trimmed = location.trim_end_matches('/');
    refuse_as_mlflow(trimmed)?;
    let refused = || {
        Error::invalid(format!("Invalid artifact_location: '{}'", location.chars().take(200).collect::<String>()))
            .hint("leave it out: the server chooses a place; or name one that begins with mlflow-artifacts:/ or s3://")
    };
    let rest = match trimmed.split_once(':') {
        Some(("mlflow-artifacts", rest)) => rest,
        Some(("dbfs", rest)) if rest.starts_with('/') => rest,
        Some((scheme, rest)) if registry::REMOTE.contains(&scheme) && rest.starts_with("//") => {
            rest
        }
        _ if below(trimmed, root) => trimmed,
        _ => return Err(refused()),
    };
    let way_up = safe_path(rest.trim_start_matches('/')).is_err();
    if trimmed.is_empty() || way_up || trimmed.contains(['?', '#']) {
        return Err(refused());
    }
    Ok(trimmed.to_owned())
}

/// What MLflow refuses too, in its words.
fn refuse_as_mlflow(location: &str) -> Result<()> {
    let scheme = location.split_once(':').map_or("", |(scheme, _)| scheme);
    if location.contains('#') && !scheme.is_empty() {
        return Err(Error::invalid(
            "'artifact_location' URL can't include fragments or params.",
        ));
    }
    if location
        .split_once('?')
        .is_some_and(|(_, query)| query.contains(".."))
    {
        return Err(Error::invalid("Invalid query string"));
    }
    registry::refuse_other_hosts(location, "artifact_location")?;
    if scheme == "runs" {
        return Err(Error::invalid(format!(
            "Artifact location cannot be a runs:/ URI. Given: '{location}'"
        )));
    }
    if location.len() > LONGEST {
        return Err(Error::invalid(format!(
            "Invalid artifact path length. The length of the artifact path cannot be greater than {LONGEST} characters."
        )));
    }
    Ok(())
}

/// A longer place is refused.
const LONGEST: usize = 2048;

fn below(location: &str, root: &str) -> bool {
    let root = root.trim_end_matches('/');
    !root.is_empty()
        && location
            .strip_prefix(root)
            .is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leaves_its_root_in_any_encoding() {
        for bad in [
            "../x",
            "a/../b",
            "a/..",
            "..",
            "/etc/passwd",
            "a\\..\\b",
            "%2e%2e/x",
            "a/%252e%252e/b",
            "%2fetc",
            "c:/x",
            "a\0b",
            "a%00b",
            "./a",
            "%5c..%5cx",
        ] {
            assert!(safe_path(bad).is_err(), "{bad:?} was accepted");
        }
        for good in [
            "",
            "model/MLmodel",
            "a b/é.txt",
            "50%.txt",
            "a..b",
            "..a",
            "model/",
        ] {
            assert!(safe_path(good).is_ok(), "{good:?} was refused");
        }
    }

    #[test]
    fn an_artifact_location_is_ours_the_roots_or_object_storage() {
        let root = "/data/mlruns";
        for bad in [
            "file:///etc",
            "file:/etc",
            "http://example.org/a",
            "https://x",
            "/etc",
            "/data/mlruns/../x",
            "/data/mlruns2/x",
            "mlflow-artifacts:/../x",
            "mlflow-artifacts:/a/%2e%2e/b",
            "s3://b/a?x#y",
            "s3:/b",
            "",
            "ftp://x/y",
            "mlflow-artifacts://host:5000/mine",
            "hdfs://host/x",
        ] {
            assert!(
                artifact_location(bad, root).is_err(),
                "{bad:?} was accepted"
            );
        }
        for good in ["mlflow-artifacts:/mine", "s3://bucket/p", "/data/mlruns/7"] {
            assert!(
                artifact_location(good, root).is_ok(),
                "{good:?} was refused"
            );
        }
    }
}
