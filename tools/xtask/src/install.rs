//! What the checks need beyond Rust, installed where it is missing.
//!
//! System packages come from Debian, the Python environment from PyPI and pages' packages from npm. The environment
//! is named after the content of its requirements, so a change makes a new one and a warm machine finds the old.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::place;
use crate::runner::{command, read, run, succeeds};

/// Makes sure that `program` is there, from the Debian packages `packages`.
pub fn program(program: &str, packages: &[&str]) -> Result<()> {
    if exists(program) {
        return Ok(());
    }
    apt(packages)?;
    if exists(program) {
        return Ok(());
    }
    bail!(
        "{program} is still missing after installing {}",
        packages.join(" ")
    )
}

/// Installs Debian packages; needs to be root or to have sudo.
pub fn apt(packages: &[&str]) -> Result<()> {
    if !exists("apt-get") {
        bail!(
            "{} must be installed by hand: this system has no apt-get",
            packages.join(" ")
        );
    }
    let mut prefix = vec!["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    if !is_root()? {
        prefix.insert(0, "sudo");
    }
    let apt = |args: &[&str]| run(&mut command(prefix[0], prefix[1..].iter().chain(args)));
    apt(&["update", "-qq"])?;
    apt(&[
        &["install", "-y", "-qq", "--no-install-recommends"],
        packages,
    ]
    .concat())
}

/// Whether we may do anything.
pub fn is_root() -> Result<bool> {
    Ok(read(&mut command("id", ["-u"]))? == "0")
}

pub fn exists(program: &str) -> bool {
    succeeds(&mut command("sh", ["-c", &format!("command -v {program}")]))
}

/// cargo-nextest, built from crates.io only where it is missing.
pub fn nextest() -> Result<()> {
    if succeeds(&mut command(place::cargo(), ["nextest", "--version"])) {
        return Ok(());
    }
    run(
        command(place::cargo(), ["install", "--locked", "cargo-nextest"])
            .env_remove("CARGO_TARGET_DIR"),
    )
}

/// Node.js 20 or later, with npm.
pub fn node() -> Result<()> {
    program("node", &["nodejs", "npm"])?;
    program("npm", &["npm"])?;
    let version = read(&mut command("node", ["--version"]))?;
    let major: u32 = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse().ok())
        .unwrap_or(0);
    if major >= 20 {
        return Ok(());
    }
    // An old distribution's Node.js: npm has newer ones as packages.
    let folder = place::cache().join("node");
    run(
        command("npm", ["install", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder)
            .arg("node@22"),
    )?;
    add_to_path(&folder.join("node_modules/.bin"))
}

/// Puts `folder` first on the path of everything that is started from here on.
fn add_to_path(folder: &Path) -> Result<()> {
    PATHS
        .lock()
        .map_err(|_| anyhow::anyhow!("the path is lost"))?
        .push(folder.to_path_buf());
    Ok(())
}

static PATHS: std::sync::Mutex<Vec<PathBuf>> = std::sync::Mutex::new(Vec::new());

/// `PATH` with what was installed here first.
pub fn path() -> std::ffi::OsString {
    let own = PATHS.lock().map(|paths| paths.clone()).unwrap_or_default();
    let all = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(own.into_iter().chain(std::env::split_paths(&all))).unwrap_or(all)
}

/// Packages of a folder with a `package-lock.json`, unless the lock has been installed before.
pub fn npm(folder: &Path) -> Result<()> {
    let lock = std::fs::read_to_string(folder.join("package-lock.json"))
        .with_context(|| format!("{} has no package-lock.json", folder.display()))?;
    let mark = folder.join("node_modules/.ironloop-lock");
    let digest = place::digest(&[lock]);
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == digest) {
        return Ok(());
    }
    run(command("npm", ["ci", "--no-audit", "--no-fund"])
        .current_dir(folder)
        .env("PATH", path()))?;
    Ok(std::fs::write(mark, digest)?)
}

/// A Python environment with every `requirements.txt` of the repository; the answer is its `bin`.
pub fn python() -> Result<PathBuf> {
    program("python3", &["python3", "python3-venv"])?;
    let files = requirements();
    let mut parts = vec![read(&mut command("python3", ["--version"]))?];
    for file in files.iter().chain([&old_client()]) {
        parts.push(std::fs::read_to_string(file)?);
    }
    let folder = place::cache().join(format!("python-{}", place::digest(&parts)));
    let bin = folder.join("bin");
    let whole = folder.join("whole");
    if !whole.exists() {
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(place::cache())?;
        environment(&folder)?;
        let mut pip = command(
            bin.join("python"),
            [
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ],
        );
        for file in &files {
            pip.arg("-r").arg(file);
        }
        run(&mut pip)?;
        run(command(
            bin.join("python"),
            [
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--target",
            ],
        )
        .arg(folder.join(OLD_CLIENT))
        .arg("-r")
        .arg(old_client()))?;
        std::fs::write(whole, "")?;
    }
    add_to_path(&bin)?;
    Ok(bin)
}

/// Where an old MLflow client lies in the environment: it cannot be beside the new one.
pub const OLD_CLIENT: &str = "old-client";

fn old_client() -> PathBuf {
    place::root().join("tests/mlflow/old-client.txt")
}

fn environment(folder: &Path) -> Result<()> {
    let venv = || {
        command("python3", ["-m", "venv"])
            .arg(folder)
            .status()
            .is_ok_and(|status| status.success())
    };
    if venv() {
        return Ok(());
    }
    apt(&["python3-venv"])?;
    if venv() {
        Ok(())
    } else {
        bail!("python3 -m venv does not work")
    }
}

/// Ours and that of each suite under `tests/`.
fn requirements() -> Vec<PathBuf> {
    let root = place::root();
    let mut files = vec![root.join("tools/xtask/requirements.txt")];
    let mut suites: Vec<PathBuf> = std::fs::read_dir(root.join("tests"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("requirements.txt"))
        .filter(|file| file.exists())
        .collect();
    suites.sort();
    files.append(&mut suites);
    files
}
