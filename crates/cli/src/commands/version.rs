//! `ironloop version`: this program's, and the server's where one runs.

use base::Result;
use serde_json::{Value, json};

use crate::args::Global;
use crate::client::Client;
use crate::exit::Exit;
use crate::output::Output;
use crate::session::settings;
use crate::show;

pub async fn run(global: &Global, output: &Output) -> Result<Exit> {
    let settings = settings(global)?;
    let address = settings
        .server
        .clone()
        .or_else(|| server::running_server(&settings.home).map(|server| server.address));
    let server = match address {
        Some(address) => Client::at(&address, None)?.get("/version").await?,
        None => Value::Null,
    };
    let all = json!({ "ironloop": env!("CARGO_PKG_VERSION"), "server": server });
    output.result(&all, |output| {
        output.facts(&[
            ("ironloop", env!("CARGO_PKG_VERSION").to_owned()),
            (
                "server",
                if all["server"].is_null() {
                    "none runs".to_owned()
                } else {
                    show::text(&all, "server.version")
                },
            ),
        ]);
    });
    Ok(Exit::Ok)
}
