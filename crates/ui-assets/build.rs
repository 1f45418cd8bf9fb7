//! Chooses the folder that is embedded: `ui/dist` where it was built, else a placeholder page in `OUT_DIR`, so that
//! `cargo build` needs no Node.js.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

const PLACEHOLDER: &str = "<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Ironloop</title></head>
<body><h1>The pages are not built into this binary</h1>
<p>The APIs work. For the pages run <code>cargo xtask ui</code> (or <code>npm ci &amp;&amp; npm run build</code> in
<code>ui/</code>) and build again.</p></body></html>
";

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(required("CARGO_MANIFEST_DIR")?);
    let ui = manifest.join("../../ui");
    let dist = ui.join("dist");
    println!("cargo:rerun-if-changed=build.rs");
    // A path that does not exist would make Cargo run this script every time; its parent always exists.
    println!("cargo:rerun-if-changed={}", watched(&ui, &dist).display());

    let folder = if dist.join("index.html").is_file() {
        dist
    } else {
        println!(
            "cargo:warning=ui/dist is missing: the binary carries a placeholder page (cargo xtask ui builds the pages)"
        );
        let folder = PathBuf::from(required("OUT_DIR")?).join("placeholder");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("index.html"), PLACEHOLDER)?;
        folder
    };
    println!("cargo:rustc-env=IRONLOOP_UI_FOLDER={}", folder.display());
    Ok(())
}

fn watched<'a>(ui: &'a Path, dist: &'a Path) -> &'a Path {
    if dist.exists() { dist } else { ui }
}

fn required(name: &str) -> io::Result<String> {
    env::var(name).map_err(|_| io::Error::other(format!("{name} is not set; Cargo sets it")))
}
