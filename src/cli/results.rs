//! The folder of a run's results: written aside, then renamed, so that nothing half-written is ever
//! found under its name.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rehearsal_reports::Reproduce;
use rehearsal_scenarios::Drawn;
use rehearsal_sim::record::{Head, Record};
use serde::Serialize;

use super::{Failure, interrupt, options, say, stored};

/// The scenario that a swarm drew, as a file that can be run.
pub(crate) const DRAWN: &str = "drawn.toml";
/// The smallest scenario that fails like a run, as a file that can be run.
pub(crate) const MINIMAL: &str = "minimal.toml";
/// The longest name of a folder, in bytes; systems allow 255.
const LONGEST_NAME: usize = 120;
/// How often two runs that write the same folder may get in each other's way.
const TRIES: usize = 100;

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
    /// The line that runs the smallest scenario that fails the same, if one was found before.
    pub(crate) minimal: Option<String>,
    /// The JSON object, as `run.json` holds it.
    pub(crate) json: String,
}

/// Where the results of a scenario go: `<out>/<topic>-<name>`.
pub(crate) struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    /// The shelf of a scenario below `out`. Says at once, and not after a long run, when nothing
    /// can be written there.
    pub(crate) fn below(out: &Path, name: &str) -> Result<Shelf, Failure> {
        let shelf = Shelf { folder: out.join(folder_name(name)) };
        interrupt::hold(|| shelf.probe()).map_err(|error| shelf.unwritable(&error))?;
        let latest = shelf.folder.join("latest");
        if latest.symlink_metadata().is_ok_and(|found| found.is_dir()) {
            return Err(Failure::said(
                format!("{} is a folder", shown(&latest)),
                "a link to the newest results goes there; move the folder away, or choose another \
                 place with --out DIR",
            ));
        }
        Ok(shelf)
    }

    /// Where everything about the scenario goes.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the smallest scenario that fails like a run lies, beside the results of that run.
    pub(crate) fn minimal(&self, seed: u64, digest: &str) -> PathBuf {
        self.folder.join(leaf(seed, digest)).join(MINIMAL)
    }

    /// Makes and removes a folder as deep on the way as there are folders already.
    fn probe(&self) -> io::Result<()> {
        let there = |folder: &&Path| folder.symlink_metadata().is_ok();
        let deepest = self.folder.ancestors().find(there).unwrap_or(Path::new("."));
        let probe = deepest.join(format!(".probe.tmp-{}", unique()));
        std::fs::create_dir(&probe)?;
        std::fs::remove_dir(&probe)
    }

    /// Writes the results of a run into `<seed>-<digest8>/`, and lets `latest` point there.
    pub(crate) fn put(
        &self,
        record: &Record,
        drawn: Option<&Drawn>,
        host: Host,
        reproduce: &str,
    ) -> Result<Results, Failure> {
        let leaf = leaf(record.head.seed, &record.head.digest);
        // What was found by `shrink` belongs to the same run, and stays.
        let minimal = self.minimal(record.head.seed, &record.head.digest);
        let smallest = std::fs::read(&minimal).ok();
        let minimal = smallest.as_ref().map(|_| run_line(&minimal));
        let reproduce = Reproduce { run: reproduce.to_owned(), minimal, replay: None };
        let mut files = vec![
            ("report.html", rehearsal_reports::report(record, &reproduce).into_bytes()),
            (stored::NAME, stored::encode(record, &reproduce)),
        ];
        if let Some(drawn) = drawn {
            files.push((DRAWN, drawn.text.clone().into_bytes()));
        }
        files.extend(smallest.map(|text| (MINIMAL, text)));
        let trace = trace_text(record);
        if !trace.is_empty() {
            files.push(("trace.txt", trace.into_bytes()));
        }
        let mut names: Vec<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
        names.push("run.json".to_owned());
        names.sort();
        let json = json(record, &names, host);
        files.push(("run.json", format!("{json}\n").into_bytes()));
        interrupt::hold(|| self.write(&leaf, &files)).map_err(|error| self.unwritable(&error))?;
        let report = self.folder.join(leaf).join("report.html");
        Ok(Results { report, json, minimal: reproduce.minimal })
    }

    /// Writes a page over many runs, with what belongs to it, into the folder `leaf`, and lets
    /// `latest` point there; gives back where the page is.
    pub(crate) fn put_page(
        &self,
        leaf: &str,
        files: &[(&str, Vec<u8>)],
    ) -> Result<PathBuf, Failure> {
        interrupt::hold(|| self.write(leaf, files)).map_err(|error| self.unwritable(&error))?;
        Ok(self.folder.join(leaf).join("report.html"))
    }

    fn write(&self, leaf: &str, files: &[(&str, Vec<u8>)]) -> io::Result<()> {
        let aside = self.folder.join(format!(".{leaf}.tmp-{}", unique()));
        let write_all = || {
            std::fs::create_dir_all(&aside)?;
            for (name, bytes) in files {
                std::fs::write(aside.join(name), bytes)?;
            }
            replace(&aside, &self.folder.join(leaf))
        };
        if let Err(error) = write_all() {
            let _ = std::fs::remove_dir_all(&aside);
            return Err(error);
        }
        point_latest(&self.folder, leaf)
    }

    fn unwritable(&self, error: &io::Error) -> Failure {
        let why = match error.kind() {
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                "a file is in the way".to_owned()
            }
            _ => say::why(error),
        };
        Failure::said(
            format!("can not write results to {}: {why}", shown(&self.folder)),
            "choose another place with --out DIR",
        )
    }
}

/// The folder of a run: `<seed>-<digest8>`.
fn leaf(seed: u64, digest: &str) -> String {
    format!("{seed}-{}", &digest[..8])
}

/// `raft/leader-crash` as the name of one folder: whatever the scenario is called, the results stay
/// below the folder the user named.
fn folder_name(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_.+".contains(c) { c } else { '-' };
    let mut folder: String = name.trim_start_matches('.').chars().map(plain).collect();
    let fits = (0..=LONGEST_NAME.min(folder.len())).rev().find(|at| folder.is_char_boundary(*at));
    folder.truncate(fits.unwrap_or(0));
    if folder.is_empty() { "scenario".to_owned() } else { folder }
}

/// Puts one file in place, all of it or nothing, and for good.
pub(crate) fn put_file(path: &Path, text: impl AsRef<[u8]>) -> Result<(), Failure> {
    interrupt::hold(|| write_file(path, text.as_ref()))
        .map_err(|error| unwritable_file(path, &error))
}

/// Says at once, and not after a long run, when [`put_file`] could not put a file there.
pub(crate) fn probe_file(path: &Path) -> Result<(), Failure> {
    let aside = aside(path);
    let probe = || {
        if path.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        std::fs::File::create_new(&aside)?;
        std::fs::remove_file(&aside)
    };
    interrupt::hold(probe).map_err(|error| unwritable_file(path, &error))
}

fn aside(path: &Path) -> PathBuf {
    path.with_file_name(format!(".file.tmp-{}", unique()))
}

fn unwritable_file(path: &Path, error: &io::Error) -> Failure {
    let (why, help) = match error.kind() {
        ErrorKind::NotFound => ("its folder does not exist".to_owned(), "make the folder first"),
        _ => (say::why(error), "choose another place for it"),
    };
    Failure::said(format!("can not write {}: {why}", shown(path)), help)
}

/// The command line that runs a scenario file.
pub(crate) fn run_line(file: &Path) -> String {
    format!("{} run {}", options::program(), options::file(&file.display().to_string()))
}

/// A path for people.
pub(crate) fn shown(path: &Path) -> String {
    say::clean(&path.display().to_string())
}

/// Distinct for every call of every process on this machine.
fn unique() -> String {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}", std::process::id(), CALLS.fetch_add(1, Ordering::Relaxed))
}

/// The JSON object of a run.
pub(crate) fn json(record: &Record, files: &[String], host: Host) -> String {
    serde_json::to_string(&Output { head: &record.head, files, host })
        .expect("a record is plain data")
}

/// Writes a file in one go, and for good: whoever looks finds the old one or the new one.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = aside(path);
    let write = || {
        let mut file = std::fs::File::create_new(&aside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&aside, path)
    };
    write().inspect_err(|_| {
        let _ = std::fs::remove_file(&aside);
    })?;
    sync_folder_of(path)
}

/// Puts the name of a file or folder on disk: one that is new or was renamed is found after a crash
/// only when the folder it lies in is on disk as well.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent().filter(|_| cfg!(unix)) else { return Ok(()) };
    let here = folder.as_os_str().is_empty();
    let folder = std::fs::File::open(if here { Path::new(".") } else { folder });
    match folder.and_then(|folder| folder.sync_all()) {
        // A folder that may be written to need not be readable, and some systems sync files only.
        Err(error) if CAN_NOT_SYNC.contains(&error.kind()) => Ok(()),
        done => done,
    }
}

const CAN_NOT_SYNC: [ErrorKind; 3] =
    [ErrorKind::PermissionDenied, ErrorKind::InvalidInput, ErrorKind::Unsupported];

/// Puts a finished folder in the place of an older one of the same name. Another run may be doing
/// the same; then the last one stays.
fn replace(aside: &Path, folder: &Path) -> io::Result<()> {
    let older = aside.with_file_name(format!(".older.tmp-{}", unique()));
    for _ in 0..TRIES {
        let moved = is_folder(folder)?;
        if moved {
            match std::fs::rename(folder, &older) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                moved => moved?,
            }
        }
        let replaced = std::fs::rename(aside, folder);
        if moved {
            std::fs::remove_dir_all(&older)?;
        }
        match replaced {
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {}
            done => return done,
        }
    }
    Err(io::Error::new(ErrorKind::ResourceBusy, "others keep writing the same results"))
}

/// Whether there is a folder of this name; a file in its place is an error.
fn is_folder(path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => Ok(true),
        Ok(_) => Err(ErrorKind::NotADirectory.into()),
        Err(_) => Ok(false),
    }
}

/// Lets `latest` beside the results point to the newest; a file with its name where the system has
/// no symbolic links.
fn point_latest(folder: &Path, leaf: &str) -> io::Result<()> {
    let aside = folder.join(format!(".latest.tmp-{}", unique()));
    #[cfg(unix)]
    std::os::unix::fs::symlink(leaf, &aside)?;
    #[cfg(not(unix))]
    std::fs::write(&aside, leaf)?;
    std::fs::rename(&aside, folder.join("latest")).inspect_err(|_| {
        let _ = std::fs::remove_file(&aside);
    })
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
    for row in record.trace.rows() {
        let node = row.node.map_or("-", |id| record.nodes[id as usize].name.as_str());
        let at = rehearsal_sim::time::SimTime(row.at_ns);
        let (kind, address, says) = (row.kind.name(), row.address(), row.text());
        let _ = write!(text, "{at} {node:<8} {kind:<9} {address} {}", say::clean(&says));
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_stay_where_they_are() {
        assert_eq!(folder_name("raft/leader-crash"), "raft-leader-crash");
        assert_eq!(folder_name("../../etc/x y"), "-..-etc-x-y");
        assert_eq!(folder_name(".."), "scenario");
        assert_eq!(folder_name("/absolute\\path\n"), "-absolute-path-");
        assert_eq!(folder_name("straße/größe 5µs"), "straße-größe-5µs");
        let long = folder_name(&"ß".repeat(500));
        assert_eq!(long.len(), LONGEST_NAME);
    }

    #[test]
    fn a_folder_takes_the_place_of_its_older_self() {
        let place = tempfile::tempdir().unwrap();
        let (aside, folder) = (place.path().join("aside"), place.path().join("folder"));
        for round in ["one", "two"] {
            std::fs::create_dir(&aside).unwrap();
            std::fs::write(aside.join(round), "").unwrap();
            replace(&aside, &folder).unwrap();
        }
        assert!(folder.join("two").exists() && !folder.join("one").exists());
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
