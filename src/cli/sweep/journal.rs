//! The journal of a sweep: every finished seed as a line on disk, so that a sweep that was
//! interrupted, killed or cut off goes on where it was.
//!
//! Lines are appended and synced in batches. Each carries a checksum of itself: what a crash left
//! half-written at the end is cut off, what is damaged elsewhere is passed over, and the seeds
//! concerned are run again. The first line says whose results these are.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use fs4::TryLockError;
use rehearsal_sim::record::Judgement;
use rehearsal_sim::simulation::Digest;
use serde::{Deserialize, Serialize};

use super::row::Row;
use crate::cli::{Failure, results, say};

/// Bytes that may wait for the disk.
const BATCH: usize = 1 << 20;
/// What stands before and behind the checksum of a line, and at its end.
const BEFORE: &str = "{\"check\":\"";
const BEHIND: &str = "\",\"line\":";
const END: &str = "}\n";
/// Hexadecimal digits of a checksum.
const CHECK: usize = 16;

/// Whose results a journal holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Owner {
    /// Over everything that determines the results, except the seeds.
    pub(super) key: String,
    /// The scenario's name or path, for people.
    pub(super) scenario: String,
    /// The version of the simulator.
    pub(super) version: String,
    /// Over the program itself: a protocol of one's own changes without a version.
    pub(super) build: String,
}

/// A line of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    offset: u64,
    length: usize,
    /// How the run ended.
    pub(super) verdict: Judgement,
    /// Whether it was repeated.
    pub(super) repeated: bool,
}

/// What is read of every line when a sweep goes on.
#[derive(Deserialize)]
struct Outline {
    seed: u64,
    verdict: Judgement,
    repeated: bool,
}

/// What was found in a journal.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Where each seed's row stands.
    pub(super) known: BTreeMap<u64, Place>,
    /// Lines that are damaged.
    pub(super) damaged: u64,
    /// Up to where the lines are whole.
    end: u64,
    owner: Option<Owner>,
}

/// A journal that is being written, by this process alone.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Where the next line begins, those that wait among the lines before it.
    end: u64,
    waiting: Vec<u8>,
    /// Rows written and synced since it was opened.
    pub(super) kept: u64,
    rows_waiting: u64,
}

impl Journal {
    /// Opens the journal in a folder, which is made where it is missing, and reads what is there.
    /// With `resume` that is kept, and must be the owner's.
    pub(super) fn open(
        folder: &Path,
        owner: &Owner,
        resume: bool,
    ) -> Result<(Journal, Found), Failure> {
        let path = folder.join("journal.jsonl");
        let open = || {
            std::fs::create_dir_all(folder)?;
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)
        };
        let file = open().map_err(|error| unwritable(&path, &error))?;
        match fs4::FileExt::try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::said(
                    format!("another sweep is writing {}", results::shown(&path)),
                    "wait for its end, or choose another place with --out DIR",
                ));
            }
            // Some network file systems have no locks; then nobody is protected from himself.
            Err(TryLockError::Error(_)) => {}
        }
        let found = scan(&file).map_err(|error| unwritable(&path, &error))?;
        if resume {
            found.check_owner(&path, owner)?;
        }
        let mut journal =
            Journal { path, file, end: found.end, waiting: Vec::new(), kept: 0, rows_waiting: 0 };
        let begun = journal.begin(owner, resume && found.owner.is_some());
        begun.map_err(|error| unwritable(&journal.path, &error))?;
        Ok((journal, found))
    }

    fn begin(&mut self, owner: &Owner, keeps: bool) -> io::Result<()> {
        if !keeps {
            self.end = 0;
        }
        self.file.set_len(self.end)?;
        self.file.seek(SeekFrom::Start(self.end))?;
        if !keeps {
            let text = serde_json::to_string(owner).expect("an owner is plain data");
            self.push(&line(&text));
        }
        self.sync()?;
        // It may be new, with the folders of the sweep, of the scenario and of all results.
        self.path.ancestors().take(4).try_for_each(results::sync_folder_of)
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a row as [`text`] wrote it. It is on disk after the next [`Journal::sync`].
    pub(super) fn append(&mut self, row: &Row, text: &str) -> Result<Place, Failure> {
        let place = Place {
            offset: self.end,
            length: text.len(),
            verdict: row.verdict,
            repeated: row.repeated,
        };
        self.push(text);
        self.rows_waiting += 1;
        if self.waiting.len() >= BATCH {
            self.keep()?;
        }
        Ok(place)
    }

    fn push(&mut self, text: &str) {
        self.waiting.extend_from_slice(text.as_bytes());
        self.end += text.len() as u64;
    }

    /// Puts everything on disk, for good.
    pub(super) fn keep(&mut self) -> Result<(), Failure> {
        self.sync().map_err(|error| unwritable(&self.path, &error))
    }

    /// Writes what waits to its place, so that one more try after a failure repairs what that left.
    fn sync(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.file.seek(SeekFrom::Start(self.written()))?;
        self.file.write_all(&self.waiting)?;
        self.file.sync_data()?;
        self.waiting.clear();
        self.kept += std::mem::take(&mut self.rows_waiting);
        Ok(())
    }

    /// Up to where the lines are in the file.
    fn written(&self) -> u64 {
        self.end - self.waiting.len() as u64
    }

    /// Reads a row again.
    pub(super) fn read(&mut self, place: &Place) -> Result<Row, Failure> {
        if place.offset >= self.written() {
            self.keep()?;
        }
        let mut bytes = vec![0; place.length];
        let read = self
            .file
            .seek(SeekFrom::Start(place.offset))
            .and_then(|_| self.file.read_exact(&mut bytes));
        read.map_err(|error| unreadable(&self.path, &say::why(&error)))?;
        let row = body(&bytes).and_then(|text| serde_json::from_str(text).ok());
        row.ok_or_else(|| unreadable(&self.path, "a line changed while it was in use"))
    }
}

impl Found {
    /// Results of another scenario or another program are not mixed with new ones.
    fn check_owner(&self, path: &Path, owner: &Owner) -> Result<(), Failure> {
        let Some(found) = self.owner.as_ref().filter(|found| *found != owner) else {
            return Ok(());
        };
        let path = results::shown(path);
        if found.key == owner.key && found.version == owner.version {
            return Err(Failure::said(
                format!("{path} was written by another build of this program"),
                "its runs may differ from those of this build; leave --resume away to start afresh",
            ));
        }
        Err(Failure::said(
            format!("{path} belongs to another sweep, of {}", say::clean(&found.scenario)),
            "choose another place with --out DIR, or leave --resume away to start afresh",
        ))
    }
}

/// A row as a line of a journal.
pub(super) fn text(row: &Row) -> String {
    line(&serde_json::to_string(row).expect("a row is plain data"))
}

fn line(body: &str) -> String {
    format!("{BEFORE}{}{BEHIND}{body}{END}", check(body))
}

fn check(body: &str) -> String {
    let mut digest = Digest::default();
    digest.text(body);
    digest.to_string()
}

/// What a whole line says; `None` when it is damaged.
fn body(line: &[u8]) -> Option<&str> {
    let rest = std::str::from_utf8(line).ok()?.strip_prefix(BEFORE)?;
    let (sum, rest) = rest.split_at_checked(CHECK)?;
    let body = rest.strip_prefix(BEHIND)?.strip_suffix(END)?;
    (check(body) == sum).then_some(body)
}

/// Reads all lines. Of several about one seed the last counts: it was run again for a reason.
fn scan(mut file: &File) -> io::Result<Found> {
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut found = Found::default();
    let (mut line, mut offset) = (Vec::new(), 0);
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return Ok(found); // the end, or a line that a crash cut off
        }
        let text = body(&line);
        if offset == 0 {
            found.owner = text.and_then(|text| serde_json::from_str(text).ok());
            if found.owner.is_none() {
                return Ok(found); // nobody knows whose lines these are
            }
        } else if let Some(row) = text.and_then(|text| serde_json::from_str::<Outline>(text).ok()) {
            let Outline { seed, verdict, repeated } = row;
            found.known.insert(seed, Place { offset, length, verdict, repeated });
        } else {
            found.damaged += 1;
        }
        offset += length as u64;
        found.end = offset;
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::said(
        format!("can not write {}: {}", results::shown(path), say::why(error)),
        "make room there, or choose another place with --out DIR; --resume goes on with what is kept",
    )
}

fn unreadable(path: &Path, why: &str) -> Failure {
    Failure::said(
        format!("can not read {} any more: {why}", results::shown(path)),
        "leave it alone while a sweep is running; --resume goes on with what is whole",
    )
}

#[cfg(test)]
mod tests {
    use rehearsal_scenarios::{Request, load_text};
    use rehearsal_sim::plan::Watch;

    use super::*;

    fn owner() -> Owner {
        let own = |text: &str| text.to_owned();
        Owner { key: own("k"), scenario: own("s"), version: own("1"), build: own("b") }
    }

    /// Rows as runs leave them, one that failed among them.
    fn rows() -> Vec<Row> {
        let text = b"protocol = \"ping\"\nduration = \"200ms\"\nbug = \"stale-answer\"\n\
                     [workload]\nrate = \"20/s\"\n";
        let catalog = rehearsal_protocols::catalog::CATALOG;
        let loaded = load_text(text, &Request::of("a test"), catalog).expect("it is valid");
        let row = |seed| Row::of((loaded.entry.run)(&loaded.plan, seed, &Watch::QUIET), seed == 2);
        (0..6).map(row).collect()
    }

    fn open(folder: &Path, resume: bool) -> Result<(Journal, Found), Failure> {
        Journal::open(folder, &owner(), resume)
    }

    /// Writes the rows and gives back the bytes of the journal.
    fn written(folder: &Path, rows: &[Row]) -> Vec<u8> {
        let (mut journal, _) = open(folder, false).unwrap();
        for row in rows {
            let place = journal.append(row, &text(row)).unwrap();
            assert_eq!(journal.read(&place).unwrap(), *row, "to the last bit");
        }
        std::fs::read(journal.path()).unwrap()
    }

    #[test]
    fn whatever_is_cut_off_the_rest_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let rows = rows();
        assert!(rows.iter().any(|row| row.head.is_some()), "one that failed");
        let bytes = written(folder.path(), &rows);
        let path = folder.path().join("journal.jsonl");
        for keep in (0..bytes.len()).step_by(67).chain([bytes.len() - 1, bytes.len()]) {
            std::fs::write(&path, &bytes[..keep]).unwrap();
            let whole = bytes[..keep].iter().filter(|byte| **byte == b'\n').count();
            let (mut journal, found) = open(folder.path(), true).unwrap();
            assert_eq!(found.known.len(), whole.saturating_sub(1), "{keep} bytes are kept");
            for (seed, place) in &found.known {
                assert_eq!(journal.read(place).unwrap(), rows[usize::try_from(*seed).unwrap()]);
            }
            // And it is written on behind them.
            let place = journal.append(&rows[5], &text(&rows[5])).unwrap();
            assert_eq!(journal.read(&place).unwrap(), rows[5]);
            drop(journal);
            let again = open(folder.path(), true).unwrap().1;
            assert!(again.known.contains_key(&5) && again.damaged == 0);
        }
    }

    /// A disk that is full takes a part of a batch. Once there is room again it is written whole.
    #[test]
    fn a_batch_that_was_written_in_part_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let rows = rows();
        let (mut journal, _) = open(folder.path(), false).unwrap();
        let places: Vec<Place> =
            rows.iter().map(|row| journal.append(row, &text(row)).unwrap()).collect();
        let part = &journal.waiting[..journal.waiting.len() / 2];
        journal.file.write_all(part).unwrap();
        journal.keep().unwrap();
        for (row, place) in rows.iter().zip(&places) {
            assert_eq!(journal.read(place).unwrap(), *row);
        }
        assert_eq!(journal.kept, rows.len() as u64);
        drop(journal);
        let found = open(folder.path(), true).unwrap().1;
        assert_eq!((found.damaged, found.known.len()), (0, rows.len()));
    }

    #[test]
    fn a_damaged_line_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = written(folder.path(), &rows());
        let third = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(2).unwrap().0;
        bytes[third - 20] ^= 1;
        std::fs::write(folder.path().join("journal.jsonl"), &bytes).unwrap();
        let (_, found) = open(folder.path(), true).unwrap();
        assert_eq!((found.damaged, found.known.len()), (1, 5));
    }

    #[test]
    fn what_belongs_to_others_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), &rows());
        for (other, says) in [
            (Owner { build: "c".to_owned(), ..owner() }, "another build"),
            (Owner { key: "l".to_owned(), ..owner() }, "belongs to another sweep"),
        ] {
            let Err(Failure::Said { what, .. }) = Journal::open(folder.path(), &other, true) else {
                panic!("{other:?} is taken in");
            };
            assert!(what.contains(says), "{what}");
        }
        let (journal, found) = open(folder.path(), false).unwrap();
        assert_eq!(found.known.len(), 6, "it says what it throws away");
        let Err(Failure::Said { what, .. }) = open(folder.path(), true) else { panic!("two") };
        assert!(what.contains("another sweep is writing"), "{what}");
        drop(journal);
        assert_eq!(open(folder.path(), true).unwrap().1.known.len(), 0, "it began afresh");
    }
}
