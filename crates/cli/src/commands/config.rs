//! `ironloop config show`: every setting and where its value comes from.

use base::Result;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::args::Global;
use crate::exit::Exit;
use crate::output::Output;
use crate::session::overrides;
use crate::settings::Sources;
use crate::show;

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// List every setting with its value and its source
    Show,
}

impl ConfigCommand {
    pub fn run(&self, global: &Global, output: &Output) -> Result<Exit> {
        let Self::Show = self;
        let sources = Sources::new(&overrides(global))?;
        sources.read()?;
        let explained = sources.explain();
        let all: Vec<Value> = explained
            .iter()
            .map(|(setting, value, source)| json!({ "setting": setting, "value": value, "source": source }))
            .collect();
        output.result(&json!({ "items": all }), |output| {
            let rows: Vec<Vec<String>> = explained
                .iter()
                .map(|(setting, value, source)| {
                    vec![
                        (*setting).to_owned(),
                        value.clone().unwrap_or_else(|| show::NONE.to_owned()),
                        source.clone(),
                    ]
                })
                .collect();
            output.table(&["setting", "value", "source"], &rows);
        });
        Ok(Exit::Ok)
    }
}
