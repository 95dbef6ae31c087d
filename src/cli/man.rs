//! `rehearsal man`: the manual pages.

use std::io;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_mangen::Man;

use super::results::{shown, write_file};
use super::{Exit, Failure, interrupt, say};

/// What `man` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Write a page for the program and one for each subcommand into this folder, instead of
    /// printing the first
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    out: Option<PathBuf>,
}

pub(crate) fn main(args: &Args) -> Result<Exit, Failure> {
    let mut command = super::command();
    command.build();
    let Some(folder) = &args.out else {
        say::out(&page(&command).1)?;
        return Ok(Exit::Held);
    };
    let parts = command.get_subcommands();
    let pages: Vec<(String, String)> = [&command].into_iter().chain(parts).map(page).collect();
    interrupt::hold(|| write(folder, &pages)).map_err(|error| {
        Failure::said(
            format!("can not write manual pages to {}: {}", shown(folder), say::why(&error)),
            "choose another place with --out DIR",
        )
    })?;
    say::out(&format!("wrote {} manual pages to {}\n", pages.len(), shown(folder)))?;
    Ok(Exit::Held)
}

/// A page, with the name of its file.
fn page(command: &Command) -> (String, String) {
    let mut text = Vec::new();
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let man = Man::new(command.clone()).source(format!("rehearsal {}", env!("CARGO_PKG_VERSION")));
    man.render(&mut text).expect("memory takes bytes");
    (format!("{name}.1"), String::from_utf8_lossy(&text).into_owned())
}

fn write(folder: &Path, pages: &[(String, String)]) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    pages.iter().try_for_each(|(name, text)| write_file(&folder.join(name), text.as_bytes()))
}
