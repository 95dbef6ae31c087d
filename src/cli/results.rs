//! The folder of a run's results: written aside, then renamed, so that nothing half-written is ever
//! found under its name.

use std::io;
use std::path::{Path, PathBuf};

use rehearsal_reports::Reproduce;
use rehearsal_sim::record::{Head, Record};
use serde::Serialize;

use super::{Failure, interrupt};

/// The one JSON object that `--json` prints and `run.json` holds.
#[derive(Serialize)]
pub(crate) struct Output<'a> {
    #[serde(flatten)]
    head: &'a Head,
    /// Relative to the results folder, sorted.
    files: &'a [String],
    host: Host,
}

/// What depends on the machine; the only part in which two equal runs may differ.
#[derive(Serialize, Clone, Copy)]
pub(crate) struct Host {
    /// Time the run took, without reports.
    pub(crate) wall_ns: u64,
    /// Threads used.
    pub(crate) threads: usize,
    /// The operating system.
    pub(crate) os: &'static str,
}

impl Host {
    pub(crate) fn new(wall_ns: u64, threads: usize) -> Host {
        Host { wall_ns, threads, os: std::env::consts::OS }
    }
}

/// The results of a run on disk.
pub(crate) struct Results {
    pub(crate) report: PathBuf,
    /// The JSON object, as `run.json` holds it.
    pub(crate) json: String,
}

/// Writes the results of a run below `out`: `<topic>-<name>/<seed>-<digest8>/`, and `latest`.
pub(crate) fn write(
    out: &Path,
    name: &str,
    record: &Record,
    host: Host,
    reproduce: &str,
) -> Result<Results, Failure> {
    let topic = out.join(name.replace('/', "-"));
    let leaf = format!("{}-{}", record.head.seed, &record.head.digest[..8]);
    let folder = topic.join(&leaf);
    let aside = topic.join(format!(".{leaf}.tmp-{}", std::process::id()));
    let page = rehearsal_reports::report(
        record,
        &Reproduce { run: reproduce.to_owned(), ..Reproduce::default() },
    );
    let mut files = vec!["report.html".to_owned(), "run.json".to_owned()];
    let trace = trace_text(record);
    if !trace.is_empty() {
        files.push("trace.txt".to_owned());
    }
    let json = json(record, &files, host);
    let write_all = || -> io::Result<()> {
        std::fs::create_dir_all(&aside)?;
        std::fs::write(aside.join("report.html"), &page)?;
        std::fs::write(aside.join("run.json"), format!("{json}\n"))?;
        if !trace.is_empty() {
            std::fs::write(aside.join("trace.txt"), &trace)?;
        }
        replace_folder(&aside, &folder)?;
        point_latest(&topic, &leaf)
    };
    interrupt::guard_folder(Some(aside.clone()));
    let written = write_all();
    interrupt::guard_folder(None);
    if let Err(error) = written {
        let _ = std::fs::remove_dir_all(&aside);
        return Err(Failure::said(
            format!("can not write the results to {}: {error}", folder.display()),
            "choose another folder with --out DIR",
        ));
    }
    Ok(Results { report: folder.join("report.html"), json })
}

/// The JSON object of a run.
pub(crate) fn json(record: &Record, files: &[String], host: Host) -> String {
    serde_json::to_string(&Output { head: &record.head, files, host })
        .expect("a record is plain data")
}

/// Puts a finished folder in the place of an older one of the same name.
fn replace_folder(aside: &Path, folder: &Path) -> io::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::rename(aside, folder)
}

/// Lets `latest` beside the results point to the newest; a file with its name where the system has
/// no symbolic links.
fn point_latest(topic: &Path, leaf: &str) -> io::Result<()> {
    let latest = topic.join("latest");
    let aside = topic.join(format!(".latest.tmp-{}", std::process::id()));
    let _ = std::fs::remove_file(&aside);
    #[cfg(unix)]
    std::os::unix::fs::symlink(leaf, &aside)?;
    #[cfg(not(unix))]
    std::fs::write(&aside, leaf)?;
    std::fs::rename(&aside, &latest)
}

/// The trace as text, when there is a violation to look at: a line per row.
fn trace_text(record: &Record) -> String {
    if record.head.violations.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    if record.trace.omitted > 0 {
        let trace = &record.trace;
        text += &format!("# {} rows are left out; kept: {}\n", trace.omitted, trace.window);
    }
    for row in &record.trace.rows {
        let node = row.node.map_or("-", |id| record.nodes[id as usize].name.as_str());
        let at = rehearsal_sim::time::SimTime(row.at_ns);
        let kind = format!("{:?}", row.kind).to_lowercase();
        let line = format!("{at} {node:<8} {kind:<9} {} {}", row.address, row.text);
        text += line.trim_end();
        text.push('\n');
    }
    text
}
