//! `ironloop up`: the server in the foreground, until it is interrupted.

use std::net::{IpAddr, SocketAddr};

use base::{Error, Result};
use clap::Args;
use serde_json::json;

use crate::args::Global;
use crate::exit::Exit;
use crate::output::Output;
use crate::session::overrides;
use crate::settings::{DEFAULT_LISTEN, Sources};

#[derive(Debug, Args)]
pub struct Up {
    /// Where to listen [env: IRONLOOP_LISTEN] [default: 127.0.0.1:5000]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// The address part of --listen, as `mlflow server` has it
    #[arg(long, value_name = "ADDR", conflicts_with = "listen")]
    host: Option<String>,
    /// The port part of --listen, as `mlflow server` has it
    #[arg(long, value_name = "PORT", conflicts_with = "listen")]
    port: Option<u16>,
    /// The control plane's database: sqlite:///PATH or postgresql://USER@HOST/NAME [default: ironloop.db in the home]
    #[arg(long, value_name = "URI")]
    backend_store_uri: Option<String>,
    /// What a new experiment's artifact location begins with [default: mlflow-artifacts:/]
    #[arg(long, value_name = "URI")]
    default_artifact_root: Option<String>,
    /// Where artifacts that pass through the server are kept: a folder or s3://BUCKET/PREFIX [default: artifacts in the home]
    #[arg(long, value_name = "URI")]
    artifacts_destination: Option<String>,
}

impl Up {
    pub async fn run(self, global: &Global, output: &Output) -> Result<Exit> {
        let mut overrides = overrides(global);
        overrides.listen = self.listen()?.map(|listen| listen.to_string());
        overrides.backend_store_uri = self.backend_store_uri;
        overrides.default_artifact_root = self.default_artifact_root;
        overrides.artifacts_destination = self.artifacts_destination;
        let settings = Sources::new(&overrides)?.read()?;
        let app = server::App::open(settings.server_config()?).await?;
        announce(&app, output);
        server::serve(app, interrupted()).await?;
        Ok(Exit::Ok)
    }

    fn listen(&self) -> Result<Option<SocketAddr>> {
        if let Some(text) = &self.listen {
            return Ok(Some(address(text)?));
        }
        if self.host.is_none() && self.port.is_none() {
            return Ok(None);
        }
        let mut listen = address(DEFAULT_LISTEN)?;
        if let Some(host) = &self.host {
            let host = if host == "localhost" {
                "127.0.0.1"
            } else {
                host
            };
            let ip: IpAddr = host
                .trim_matches(['[', ']'])
                .parse()
                .map_err(|_| not_an_address(host))?;
            listen.set_ip(ip);
        }
        if let Some(port) = self.port {
            listen.set_port(port);
        }
        Ok(Some(listen))
    }
}

fn address(text: &str) -> Result<SocketAddr> {
    let numbers = text.replace("localhost:", "127.0.0.1:");
    numbers.parse().map_err(|_| not_an_address(text))
}

fn not_an_address(text: &str) -> Error {
    Error::invalid(format!("{text:?} is not an address to listen on"))
        .hint("use ADDR:PORT, such as 127.0.0.1:5000 or [::1]:5000")
}

fn announce(app: &server::App, output: &Output) {
    if output.is_json() {
        output.result(
            &json!({ "address": app.address, "home": app.home, "pid": std::process::id() }),
            |_| {},
        );
        return;
    }
    output.line(format!(
        "Ironloop {} answers at {}",
        env!("CARGO_PKG_VERSION"),
        app.address
    ));
    output.facts(&[
        ("state", app.home.display().to_string()),
        (
            "MLflow clients",
            format!("export MLFLOW_TRACKING_URI={}", app.address),
        ),
        ("stop", "Ctrl-C".to_owned()),
    ]);
    if app.clock.is_manual() {
        output.line(format!(
            "this home replays time: its clock stands at {}; delete {} to return to real time",
            app.clock.now(),
            app.home.join("clock").display()
        ));
    }
}

/// Resolves at Ctrl-C or when the service manager says stop.
pub async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
