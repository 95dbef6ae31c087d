//! `rehearsal new`: a starter scenario for a protocol.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use rehearsal_sim::catalog::Entry;

use super::results::shown;
use super::{Exit, Failure, interrupt, options, say};

/// What `new` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The protocol (`list protocols` shows them)
    protocol: String,
    /// The file to write [default: PROTOCOL.toml]; `-` prints
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    out: Option<PathBuf>,
}

pub(crate) fn main(catalog: &[Entry], args: &Args) -> Result<Exit, Failure> {
    let Some(entry) = catalog.iter().find(|entry| entry.name == args.protocol) else {
        let names: Vec<&str> = catalog.iter().map(|entry| entry.name).collect();
        return Err(Failure::said(
            format!("there is no protocol `{}`", say::clean(&args.protocol)),
            format!("the protocols are {}", names.join(", ")),
        ));
    };
    let text = rehearsal_scenarios::starter(entry);
    let path = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.toml", entry.name)));
    if path.as_os_str() == "-" {
        say::out(&text)?;
        return Ok(Exit::Held);
    }
    interrupt::hold(|| create(&path, &text)).map_err(|error| refused(&path, &error))?;
    let word = options::file(&path.to_string_lossy());
    say::out(&format!("wrote {}; try: {} run {word}\n", shown(&path), options::program()))?;
    Ok(Exit::Held)
}

/// Makes a file that was not there before, or nothing.
fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes()).inspect_err(|_| {
        let _ = std::fs::remove_file(path);
    })
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    let (why, help) = match error.kind() {
        ErrorKind::AlreadyExists => (
            "there is something of this name already".to_owned(),
            "nothing is ever overwritten; choose another name with --out FILE",
        ),
        ErrorKind::NotFound => (
            "its folder does not exist".to_owned(),
            "make the folder first, or choose another one with --out FILE",
        ),
        _ => (say::why(error), "choose another place with --out FILE"),
    };
    Failure::said(format!("can not write {}: {why}", shown(path)), help)
}
