//! Settings of the server and of the client, and where each value comes from.
//!
//! Command line over environment (`IRONLOOP_…`) over file (`config.toml` in the home) over default. The home itself
//! and the server's address cannot come from the file: the file is in the home.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use base::{Error, Result};
use figment::providers::{Env, Format as _, Toml};
use figment::value::{Dict, Map};
use figment::{Figment, Metadata, Profile, Provider};
use serde::{Deserialize, Serialize};

/// Where state is kept when nobody says otherwise.
pub const DEFAULT_HOME: &str = ".ironloop";
/// MLflow's own port, so that clients find us where they look.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:5000";

/// Every setting, resolved.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The folder that holds all state.
    pub home: PathBuf,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// The control plane's database.
    #[serde(default)]
    pub backend_store_uri: Option<String>,
    /// Where artifacts that pass through the server are kept.
    #[serde(default)]
    pub artifacts_destination: Option<String>,
    /// What a new experiment's artifact location begins with.
    #[serde(default)]
    pub default_artifact_root: Option<String>,
    /// A server to talk to instead of the home's own.
    #[serde(default)]
    pub server: Option<String>,
    /// Who acts.
    #[serde(default)]
    pub user: Option<String>,
}

/// What the command line said; `None` leaves a setting to the other sources.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Overrides {
    pub home: Option<PathBuf>,
    pub listen: Option<String>,
    pub backend_store_uri: Option<String>,
    pub artifacts_destination: Option<String>,
    pub default_artifact_root: Option<String>,
    pub server: Option<String>,
    pub user: Option<String>,
}

/// The settings by name, as `config show` lists them.
pub const KEYS: [&str; 7] = [
    "home",
    "listen",
    "backend_store_uri",
    "artifacts_destination",
    "default_artifact_root",
    "server",
    "user",
];

/// One source of values, with the name that `config show` prints.
struct Layer {
    name: &'static str,
    values: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// Where settings come from, before they are read.
#[derive(Debug)]
pub struct Sources(Figment);

impl Sources {
    /// Command line, environment, the home's file and defaults, in this order.
    pub fn new(overrides: &Overrides) -> Result<Self> {
        let environment = || {
            Env::prefixed("IRONLOOP_")
                .map(|key| {
                    if key == "url" {
                        "server".into()
                    } else {
                        key.into()
                    }
                })
                .only(&KEYS)
                .lowercase(true)
        };
        let line = Layer {
            name: "command line",
            values: given(overrides)?,
        };
        let mut defaults = Dict::new();
        defaults.insert("home".to_owned(), DEFAULT_HOME.into());
        defaults.insert("listen".to_owned(), DEFAULT_LISTEN.into());
        let defaults = Layer {
            name: "default",
            values: defaults,
        };

        let first = Figment::from(&defaults).merge(environment()).merge(&line);
        let home: PathBuf = first
            .extract_inner("home")
            .map_err(|error| setting_error(&error))?;
        let file = home.join("config.toml");
        check_file(&file)?;
        let all = Figment::from(&defaults)
            .merge(Toml::file(&file))
            .merge(environment())
            .merge(&line);
        Ok(Self(all))
    }

    /// The settings, read.
    pub fn read(&self) -> Result<Settings> {
        self.0.extract().map_err(|error| setting_error(&error))
    }

    /// Each setting with its value and where it comes from.
    pub fn explain(&self) -> Vec<(&'static str, Option<String>, String)> {
        KEYS.into_iter()
            .map(|key| {
                let value = self.0.find_value(key).ok();
                let text = value
                    .as_ref()
                    .and_then(|value| value.as_str().map(str::to_owned));
                let source = value.and_then(|value| {
                    self.0
                        .get_metadata(value.tag())
                        .map(|metadata| describe(metadata, key))
                });
                (key, text, source.unwrap_or_else(|| "default".to_owned()))
            })
            .collect()
    }
}

fn describe(metadata: &Metadata, key: &str) -> String {
    match &metadata.source {
        Some(figment::Source::File(path)) => format!("file {}", path.display()),
        _ if metadata.name.contains("environment") => {
            let name = if key == "server" { "url" } else { key };
            format!("environment IRONLOOP_{}", name.to_uppercase())
        }
        _ => metadata.name.to_string(),
    }
}

fn given(overrides: &Overrides) -> Result<Dict> {
    let value = serde_json::to_value(overrides)?;
    let mut given = Dict::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        if let Some(text) = value.as_str() {
            given.insert(key.clone(), text.into());
        }
    }
    Ok(given)
}

/// The file sits in the home and so cannot say where the home is.
fn check_file(file: &Path) -> Result<()> {
    let Ok(text) = std::fs::read_to_string(file) else {
        return Ok(());
    };
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| Error::invalid(error.to_string()).at(file.display()))?;
    for key in table.keys() {
        if key == "home" || !KEYS.contains(&key.as_str()) {
            return Err(
                Error::invalid(format!("{key:?} is not a setting of {}", file.display()))
                    .hint(format!("known are {}", KEYS[1..].join(", "))),
            );
        }
    }
    Ok(())
}

fn setting_error(error: &figment::Error) -> Error {
    Error::invalid(format!("a setting cannot be read: {error}"))
        .hint("`ironloop config show` tells where each comes from")
}

impl Settings {
    /// How to open a server with these settings.
    pub fn server_config(&self) -> Result<server::Config> {
        Ok(server::Config {
            home: self.home.clone(),
            listen: self.listen,
            backend_store_uri: self.backend_store_uri.clone(),
            artifacts_destination: self.artifacts_destination.clone(),
            default_artifact_root: self.default_artifact_root.clone(),
            clock: server::clock_of(&self.home)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_wins_over_the_file_and_the_file_over_the_default() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(
            home.path().join("config.toml"),
            "listen = '127.0.0.1:6000'\nuser = 'dana'\n",
        )
        .unwrap();
        let mut overrides = Overrides {
            home: Some(home.path().to_owned()),
            ..Overrides::default()
        };
        let sources = Sources::new(&overrides).unwrap();
        assert_eq!(sources.read().unwrap().listen.port(), 6000);
        let explained = sources.explain();
        let source = |key: &str| {
            explained
                .iter()
                .find(|(name, ..)| *name == key)
                .map(|(.., source)| source.clone())
                .unwrap()
        };
        assert!(
            source("listen").starts_with("file "),
            "{}",
            source("listen")
        );
        assert_eq!(source("home"), "command line");
        assert_eq!(source("backend_store_uri"), "default");

        overrides.listen = Some("127.0.0.1:7000".to_owned());
        let settings = Sources::new(&overrides).unwrap().read().unwrap();
        assert_eq!(
            (settings.listen.port(), settings.user.as_deref()),
            (7000, Some("dana"))
        );
    }

    #[test]
    fn an_unknown_setting_in_the_file_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(
            home.path().join("config.toml"),
            "lisen = '127.0.0.1:6000'\n",
        )
        .unwrap();
        let overrides = Overrides {
            home: Some(home.path().to_owned()),
            ..Overrides::default()
        };
        let error = Sources::new(&overrides).unwrap_err();
        assert!(error.message().contains("lisen"), "{error}");
    }
}
