//! `rehearsal completions`: the command line's words, for shells that complete them.

use clap_complete::{Shell, generate};

use super::{Exit, Failure, options, say};

/// What `completions` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The shell that will read them: put what is printed into its folder of completions, as
    /// ~/.local/share/bash-completion/completions/PROGRAM for bash
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn main(args: &Args) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    generate(args.shell, &mut super::command(), options::program(), &mut text);
    say::out(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Held)
}
