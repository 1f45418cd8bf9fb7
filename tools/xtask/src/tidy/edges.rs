//! Edges between crates: stages point left only, and only the boundary knows HTTP.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::Finding;

/// The stages in the order of the life cycle; each may use what stands before it.
const ORDER: [&str; 12] = [
    "base",
    "store",
    "project",
    "data",
    "experiments",
    "training",
    "registry",
    "deployment",
    "monitoring",
    "improvement",
    "server",
    "cli",
];
/// Crates that serve HTTP, and who may use them.
const HTTP: [&str; 4] = ["axum", "tower-http", "hyper", "tonic"];
const MAY_SERVE: [&str; 2] = ["server", "cli"];
/// Leaves, which may use none of ours.
const LEAVES: [&str; 1] = ["ui-assets"];

pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for entry in std::fs::read_dir(root.join("crates"))? {
        let folder = entry?.path();
        let manifest = folder.join("Cargo.toml");
        if !manifest.exists() {
            continue;
        }
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(&manifest)?;
        let table: toml::Table = text
            .parse()
            .with_context(|| manifest.display().to_string())?;
        let used: Vec<&str> = ["dependencies", "build-dependencies"]
            .iter()
            .filter_map(|section| table.get(*section)?.as_table())
            .flat_map(|section| section.keys().map(String::as_str))
            .collect();
        for what in wrong(&name, &used) {
            findings.push(Finding {
                at: format!("crates/{name}/Cargo.toml"),
                what,
            });
        }
    }
    findings.sort_by(|a, b| a.at.cmp(&b.at));
    Ok(findings)
}

/// What is wrong with the dependencies of one crate; those of its tests are free.
fn wrong(name: &str, used: &[&str]) -> Vec<String> {
    let place = |crate_name: &str| ORDER.iter().position(|stage| *stage == crate_name);
    let mut wrong = Vec::new();
    for dependency in used {
        let ours = place(dependency);
        if LEAVES.contains(&name) && ours.is_some() {
            wrong.push(format!("a leaf may not use {dependency}"));
        }
        if let (Some(own), Some(other)) = (place(name), ours)
            && other >= own
        {
            wrong.push(format!(
                "{name} may not use {dependency}, which comes later in the life cycle"
            ));
        }
        if HTTP.contains(dependency) && !MAY_SERVE.contains(&name) {
            wrong.push(format!("only server and cli may use {dependency}"));
        }
    }
    if name == "base"
        && used
            .iter()
            .any(|dependency| ["tokio", "sqlx", "reqwest"].contains(dependency))
    {
        wrong.push("base does no input or output".to_owned());
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_to_the_right_is_named() {
        assert!(wrong("data", &["base", "store", "project", "arrow"]).is_empty());
        assert_eq!(wrong("data", &["registry"]).len(), 1);
        assert_eq!(wrong("training", &["axum"]).len(), 1);
        assert_eq!(wrong("ui-assets", &["base"]).len(), 1);
        assert!(wrong("cli", &["server", "axum"]).is_empty());
    }
}
