//! `rehearsal new`: a starter scenario for a protocol.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use rehearsal_sim::catalog::Entry;

use super::{Exit, Failure};

/// What `new` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The protocol (see `rehearsal list protocols`)
    protocol: String,
    /// The file to write [default: PROTOCOL.toml]; `-` prints
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn main(catalog: &[Entry], args: &Args) -> Result<Exit, Failure> {
    let Some(entry) = catalog.iter().find(|entry| entry.name == args.protocol) else {
        let names: Vec<&str> = catalog.iter().map(|entry| entry.name).collect();
        return Err(Failure::said(
            format!("there is no protocol \"{}\"", args.protocol),
            format!("the protocols are {}", names.join(", ")),
        ));
    };
    let text = rehearsal_scenarios::starter(entry);
    let path = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.toml", entry.name)));
    if path.as_os_str() == "-" {
        print!("{text}");
        return Ok(Exit::Held);
    }
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        Failure::said(
            format!("can not write {}: {error}", path.display()),
            "nothing is ever overwritten; choose another file with --out FILE",
        )
    })?;
    anstream::println!("wrote {0}; try: rehearsal run {0}", path.display());
    Ok(Exit::Held)
}
