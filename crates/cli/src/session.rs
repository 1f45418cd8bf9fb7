//! What a command works with: the settings, a server to talk to and the project it is about.

use std::path::{Path, PathBuf};

use base::{Error, Result};

use crate::args::Global;
use crate::client::{Client, path, read_text};
use crate::output::Output;
use crate::settings::{Overrides, Settings, Sources};
use crate::show;

/// The name of a project file.
pub const PROJECT_FILE: &str = "ironloop.toml";

/// One command's surroundings.
#[derive(Debug)]
pub struct Session {
    pub client: Client,
    pub output: Output,
    project: Option<String>,
}

impl Session {
    /// Connects to the server that the global options, the environment and the home's file lead to.
    pub async fn open(global: &Global, output: &Output) -> Result<Self> {
        let settings = settings(global)?;
        Ok(Self {
            client: Client::connect(&settings).await?,
            output: output.clone(),
            project: global.project.clone(),
        })
    }

    /// The project: `--project`, or that of the project file here, or the only one there is.
    pub async fn project(&self) -> Result<String> {
        if let Some(name) = &self.project {
            return Ok(name.clone());
        }
        if Path::new(PROJECT_FILE).exists() {
            return project_name(Path::new(PROJECT_FILE));
        }
        let projects = self.client.get("/projects").await?;
        match show::list(&projects, "items") {
            [one] => Ok(show::text(one, "name")),
            [] => Err(Error::not_found("there is no project yet").hint(format!(
                "write a {PROJECT_FILE} (`ironloop init DATA`) and run `ironloop apply`"
            ))),
            many => {
                let names: Vec<String> = many
                    .iter()
                    .map(|project| show::text(project, "name"))
                    .collect();
                Err(Error::invalid("which project is meant?")
                    .hint(format!("say --project with one of {}", names.join(", "))))
            }
        }
    }

    /// An address below the project's.
    pub async fn at(&self, segments: &[&str]) -> Result<String> {
        let project = self.project().await?;
        Ok(format!(
            "{}{}",
            path(&["projects", &project]),
            path(segments)
        ))
    }
}

/// The settings as the global options, the environment, the home's file and the defaults say.
pub fn settings(global: &Global) -> Result<Settings> {
    Sources::new(&overrides(global))?.read()
}

/// The global options as a source of settings.
pub fn overrides(global: &Global) -> Overrides {
    Overrides {
        home: global.home.clone(),
        server: global.server.clone(),
        user: global.user.clone(),
        ..Overrides::default()
    }
}

fn project_name(file: &Path) -> Result<String> {
    let table: toml::Table = read_text(file)?
        .parse()
        .map_err(|error: toml::de::Error| Error::invalid(error.to_string()).at(file.display()))?;
    table
        .get("project")
        .and_then(|project| project.get("name"))
        .and_then(toml::Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| Error::invalid("project.name is missing").at(file.display()))
}

/// The folder that the relative paths of a project file count from.
pub fn folder_of(file: &Path) -> Result<PathBuf> {
    let whole = std::path::absolute(file)?;
    Ok(whole
        .parent()
        .map_or_else(|| PathBuf::from("/"), Path::to_path_buf))
}
