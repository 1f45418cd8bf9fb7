//! `ironloop completions`: a script for a shell.

use std::io::Write as _;

use base::Result;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::exit::Exit;

#[derive(Debug, Args)]
pub struct Completions {
    /// For which shell
    shell: Shell,
}

impl Completions {
    pub fn run(&self) -> Result<Exit> {
        let mut command = crate::args::Args::command();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "ironloop", &mut script);
        std::io::stdout().write_all(&script)?;
        Ok(Exit::Ok)
    }
}
