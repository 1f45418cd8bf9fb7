//! Where things are: the repository, the build, and a folder outside the clone for what is installed.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

/// The root of the repository: the one that cargo runs us for, since two clones may share one build.
pub fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest
        .ancestors()
        .nth(2)
        .unwrap_or(&manifest)
        .to_path_buf()
}

/// What is installed for the tests is kept outside the clone, so that the next clone on this machine finds it:
/// `IRONLOOP_CACHE`, else the user's cache folder, else `.cache` in the repository.
pub fn cache() -> PathBuf {
    let variable = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    variable("IRONLOOP_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|folder| folder.join("ironloop")))
        .or_else(|| variable("HOME").map(|folder| folder.join(".cache/ironloop")))
        .unwrap_or_else(|| root().join(".cache"))
}

/// Where Cargo puts what it builds; respects `CARGO_TARGET_DIR` and the configuration.
pub fn target() -> Result<PathBuf> {
    let output = Command::new(cargo())
        .args(["metadata", "--no-deps", "--format-version", "1", "--quiet"])
        .current_dir(root())
        .output()
        .context("cargo metadata")?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .context("cargo metadata names no target folder")
}

/// The cargo that runs us.
pub fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// A short name for the content of `parts`.
pub fn digest(parts: &[String]) -> String {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Files below `folder` with one of `extensions`, sorted; what is built or installed is left out.
pub fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    const SKIPPED: [&str; 7] = [
        "target",
        "node_modules",
        "dist",
        ".git",
        ".cache",
        ".venv",
        "__pycache__",
    ];
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if path.is_dir() && !path.is_symlink() {
                if !SKIPPED.contains(&name.as_ref()) {
                    folders.push(path);
                }
            } else if path
                .extension()
                .is_some_and(|e| extensions.iter().any(|wanted| e == *wanted))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
