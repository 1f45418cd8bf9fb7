//! What a server is made of, opened from a few settings.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use base::{Clock, Error, Kind, Result};
use data::Data;
use deployment::Serving;
use monitoring::Monitoring;
use store::{Backend, Blobs, Db, Migrations};

use crate::home::{HomeLock, ServerFile, write_server_file};
use crate::jobs::Poke;

/// How to open a server. [`Config::at`] fills in the defaults.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder that holds all state; made where it is missing.
    pub home: PathBuf,
    /// Where to listen; port 0 takes a free one. Loopback only.
    pub listen: SocketAddr,
    /// `sqlite:PATH` or `postgres://…`; `ironloop.db` in the home where absent.
    pub backend_store_uri: Option<String>,
    /// Where artifacts that pass through this server are kept: a folder or `s3://bucket/prefix`; `artifacts` in
    /// the home where absent.
    pub artifacts_destination: Option<String>,
    /// What a new experiment's artifact location begins with; `mlflow-artifacts:/` where absent.
    pub default_artifact_root: Option<String>,
    /// The source of time.
    pub clock: Clock,
}

impl Config {
    /// The defaults for `home`: a free port, the system's clock, everything inside the folder.
    pub fn at(home: impl Into<PathBuf>) -> Self {
        Self {
            home: home.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            backend_store_uri: None,
            artifacts_destination: None,
            default_artifact_root: None,
            clock: Clock::system(),
        }
    }
}

/// An open server: what every handler gets. Cloning is cheap.
#[derive(Clone)]
pub struct App {
    /// The control plane's database.
    pub db: Db,
    /// Artifacts.
    pub blobs: Blobs,
    /// The source of time.
    pub clock: Clock,
    /// The folder that holds all state.
    pub home: PathBuf,
    /// Where this server listens: `http://127.0.0.1:5000`.
    pub address: String,
    /// Where Delta tables are: a folder or `s3://…`.
    pub tables_root: String,
    /// What a new experiment's artifact location begins with.
    pub artifact_root: String,
    /// Datasets and their versions.
    pub data: Data,
    /// The endpoints that serve.
    pub serving: Serving,
    /// Windows, checks and alerts of what serves.
    pub monitoring: Monitoring,
    /// Wakes the workers when a job was asked for.
    pub poke: Poke,
    pub(crate) listener: Arc<Mutex<Option<TcpListener>>>,
    _lock: Arc<HomeLock>,
}

impl App {
    /// Takes the home, opens everything in it and binds the address. Nothing is answered until [`crate::serve`].
    pub async fn open(config: Config) -> Result<Self> {
        check_loopback(config.listen)?;
        let lock = HomeLock::take(&config.home)?;
        let home = std::path::absolute(&config.home)?;
        let (listener, address) = bind(config.listen)?;

        let db = Db::open(&database_url(&config, &home), config.clock.clone()).await?;
        migrations().run(&db).await?;
        let artifacts = config
            .artifacts_destination
            .clone()
            .unwrap_or_else(|| home.join("artifacts").display().to_string());
        let blobs = Blobs::open(&artifacts)?;
        let tables_root = home.join("tables").display().to_string();
        let data = Data::new(db.clone(), &tables_root)?;
        let serving = Serving::new(
            db.clone(),
            blobs.clone(),
            &tables_root,
            config.clock.clone(),
        );
        serving.restore().await?;
        let monitoring = Monitoring::new(db.clone(), blobs.clone(), data.clone(), serving.clone());
        // On SQLite this process is the only worker there can be, so whatever runs was left by one that died.
        store::requeue_lost_jobs(&db, db.backend() == Backend::Sqlite).await?;
        write_server_file(
            &home,
            &ServerFile {
                pid: std::process::id(),
                address: address.clone(),
            },
        )?;

        Ok(Self {
            db,
            blobs,
            clock: config.clock.clone(),
            home,
            address,
            tables_root,
            data,
            serving,
            monitoring,
            artifact_root: config
                .default_artifact_root
                .clone()
                .unwrap_or_else(|| "mlflow-artifacts:/".to_owned()),
            poke: Poke::default(),
            listener: Arc::new(Mutex::new(Some(listener))),
            _lock: Arc::new(lock),
        })
    }
}

/// The tables of every stage, in the order of the life cycle.
pub fn migrations() -> Migrations {
    Migrations::default()
        .with("project", project::MIGRATIONS)
        .with("data", data::MIGRATIONS)
        .with("experiments", experiments::MIGRATIONS)
        .with("registry", registry::MIGRATIONS)
        .with("deployment", deployment::MIGRATIONS)
        .with("monitoring", monitoring::MIGRATIONS)
        .with("improvement", improvement::MIGRATIONS)
}

/// Without logins, whoever reaches the port may do anything: only this machine may reach it.
pub fn check_loopback(listen: SocketAddr) -> Result<()> {
    if listen.ip().is_loopback() {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{listen} can be reached from other machines, and this version has no logins"
    ))
    .hint("listen on 127.0.0.1 or [::1]; put a proxy with authentication in front to share it"))
}

fn bind(listen: SocketAddr) -> Result<(TcpListener, String)> {
    let listener = TcpListener::bind(listen).map_err(|error| {
        let kind = match error.kind() {
            std::io::ErrorKind::AddrInUse => Kind::Conflict,
            std::io::ErrorKind::PermissionDenied => Kind::Forbidden,
            _ => Kind::Unavailable,
        };
        Error::new(kind, format!("cannot listen on {listen}: {error}"))
            .hint("choose another port with --listen 127.0.0.1:PORT (port 0 takes a free one)")
    })?;
    listener.set_nonblocking(true)?;
    let address = format!("http://{}", listener.local_addr()?);
    Ok((listener, address))
}

/// The database's address; MLflow writes an absolute SQLite path with four slashes and a relative one with three.
fn database_url(config: &Config, home: &std::path::Path) -> String {
    let Some(uri) = &config.backend_store_uri else {
        return format!("sqlite:{}", home.join("ironloop.db").display());
    };
    if let Some(path) = uri.strip_prefix("sqlite:///") {
        return format!("sqlite:{path}");
    }
    if let Some((scheme, rest)) = uri.split_once("://")
        && scheme.starts_with("postgresql+")
    {
        return format!("postgresql://{rest}");
    }
    uri.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_databases_are_read_as_mlflow_writes_them() {
        let url = |text: &str| {
            let mut config = Config::at("/h");
            config.backend_store_uri = Some(text.to_owned());
            database_url(&config, &config.home)
        };
        assert_eq!(url("sqlite:////var/x.db"), "sqlite:/var/x.db");
        assert_eq!(url("sqlite:///x.db"), "sqlite:x.db");
        assert_eq!(url("sqlite:x.db"), "sqlite:x.db");
        assert_eq!(url("postgresql+psycopg2://u@h/d"), "postgresql://u@h/d");
        assert_eq!(url("postgres://u@h/d"), "postgres://u@h/d");
        assert_eq!(
            database_url(&Config::at("/h"), "/h".as_ref()),
            "sqlite:/h/ironloop.db"
        );
    }

    #[test]
    fn only_loopback_is_listened_on() {
        for good in ["127.0.0.1:5000", "[::1]:5000", "127.8.0.1:0"] {
            assert!(check_loopback(good.parse().unwrap()).is_ok(), "{good}");
        }
        for bad in ["0.0.0.0:5000", "[::]:5000", "192.168.1.2:80"] {
            assert!(check_loopback(bad.parse().unwrap()).is_err(), "{bad}");
        }
    }
}
