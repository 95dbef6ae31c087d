//! `rehearsal report`: pages drawn again from stored records, one run or a whole folder of them.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use rehearsal_reports::index::{Index, Shelf};

use super::results::{shown, write_file};
use super::{Exit, Failure, interrupt, print, say, stored, survey};

/// What `report` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// A run's folder, or a folder above: `results/raft-leader-crash/latest`, `results`
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    folder: PathBuf,
    /// The file to write [default: DIR/report.html for one run, else DIR/index.html]; `-` prints
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    out: Option<PathBuf>,
}

pub(crate) fn main(args: &Args) -> Result<Exit, Failure> {
    let folder = resolve(&args.folder)?;
    is_drawn_once(&folder)?;
    let record = folder.join(stored::NAME);
    if record.symlink_metadata().is_ok() {
        let stored = stored::read(&record).map_err(|flaw| flaw.into_failure(&record))?;
        let page = rehearsal_reports::report(&stored.record, &stored.reproduce);
        let file = args.out.clone().unwrap_or_else(|| folder.join("report.html"));
        return put(&file, &page, "report", "");
    }
    if folder.join("run.json").is_file() {
        return Err(Failure::said(
            format!("{} has no {}", shown(&folder), stored::NAME),
            "its page can not be drawn again without; run the scenario again",
        ));
    }
    index(&folder, args)
}

/// The pages of matrices and comparisons are not drawn again, and sweeps have none: such a folder
/// keeps numbers, no records.
fn is_drawn_once(folder: &Path) -> Result<(), Failure> {
    let [what, file] = if folder.join("matrix.json").is_file() {
        ["the results of a matrix", "report.html"]
    } else if folder.join("compare.json").is_file() {
        ["a comparison", "report.html"]
    } else if folder.join("sweep.json").is_file() {
        ["a sweep", "sweep.json"]
    } else {
        return Ok(());
    };
    Err(Failure::said(
        format!("{} holds {what}, which keep no record to draw from", shown(folder)),
        format!("look at its {file}; a folder above it can have a page that links to it"),
    ))
}

/// Writes one page over all runs below a folder.
fn index(folder: &Path, args: &Args) -> Result<Exit, Failure> {
    let file = args.out.clone().unwrap_or_else(|| folder.join("index.html"));
    let base = if args.out.is_some() { way(&file, folder)? } else { String::new() };
    let found = survey::look(folder, &base)?;
    if found.shelves.is_empty() {
        return Err(match found.unreadable.as_slice() {
            [] => Failure::said(
                format!("there are no results in {}", shown(folder)),
                "`run` writes them to `results`; name that folder, or one in it",
            ),
            [first, ..] => Failure::said(
                format!(
                    "no result in {} can be read; {}: {}",
                    shown(folder),
                    say::clean(&first.file),
                    first.why
                ),
                "run the scenario again; that writes a new one",
            ),
        });
    }
    let exit = put(
        &file,
        &rehearsal_reports::index::index(&found),
        "index",
        &format!(" ({})", contents(&found)),
    )?;
    if let Some(first) = found.unreadable.first() {
        say::err(&format!(
            "{} could not be read, and the page says so; {}: {}\n",
            print::counted(found.unreadable.len() as u64, "file"),
            say::clean(&first.file),
            first.why
        ));
    }
    Ok(exit)
}

/// What an index links to: `4 runs, 1 sweep`.
fn contents(found: &Index) -> String {
    let all = |of: fn(&Shelf) -> usize| found.shelves.iter().map(|shelf| of(shelf) as u64).sum();
    let kinds: [(u64, &str); 3] = [
        (all(|shelf| shelf.runs.len()), "run"),
        (all(|shelf| shelf.sweeps.len()), "sweep"),
        (all(|shelf| shelf.pages.len()), "comparison"),
    ];
    let some = kinds.into_iter().filter(|(count, _)| *count > 0);
    some.map(|(count, noun)| print::counted(count, noun)).collect::<Vec<_>>().join(", ")
}

/// Writes a page, or prints it; then tells where it is.
fn put(file: &Path, page: &str, what: &str, more: &str) -> Result<Exit, Failure> {
    if file.as_os_str() == "-" {
        say::out(page)?;
        return Ok(Exit::Held);
    }
    let refused = |why: String| {
        Failure::said(format!("can not write {}: {why}", shown(file)), "choose another --out FILE")
    };
    if !may_write(file).map_err(|error| refused(say::why(&error)))? {
        return Err(refused("there is another file of this name".to_owned()));
    }
    interrupt::hold(|| write_file(file, page.as_bytes()))
        .map_err(|error| refused(say::why(&error)))?;
    say::out(&format!("{what:<13} {}{more}\n", shown(file)))?;
    Ok(Exit::Held)
}

/// Only a page that we wrote is ever overwritten.
fn may_write(file: &Path) -> io::Result<bool> {
    match file.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(_) => {
            let mut start = Vec::new();
            fs::File::open(file)?.take(4_096).read_to_end(&mut start)?;
            Ok(start.is_empty() || rehearsal_reports::is_page(&start))
        }
    }
}

/// The folder that was meant: a record stands for its folder, and `latest` for what it points to,
/// where it is a file as well.
pub(super) fn resolve(named: &Path) -> Result<PathBuf, Failure> {
    let found = match named.metadata() {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(match fs::read_link(named) {
                Ok(target) => Failure::said(
                    format!("{} points to {}, which is gone", shown(named), shown(&target)),
                    "name another run's folder",
                ),
                Err(_) => Failure::said(
                    format!("there is no folder {}", shown(named)),
                    "name a run's folder, like results/raft-leader-crash/latest, or one above it",
                ),
            });
        }
        Err(error) => {
            return Err(Failure::said(
                format!("can not read {}: {}", shown(named), say::why(&error)),
                "name another folder",
            ));
        }
    };
    if found.is_dir() {
        return Ok(named.to_owned());
    }
    if named.file_name().is_some_and(|name| name == stored::NAME) {
        let parent = named.parent().filter(|parent| !parent.as_os_str().is_empty());
        return Ok(parent.unwrap_or(Path::new(".")).to_owned());
    }
    if named.file_name().is_some_and(|name| name == "latest") {
        let folder = survey::pointed(named).map(|leaf| named.with_file_name(leaf));
        if let Some(folder) = folder.filter(|folder| folder.is_dir()) {
            return Ok(folder);
        }
    }
    Err(Failure::said(
        format!("{} is a file", shown(named)),
        "name the folder of a run, or one above it",
    ))
}

/// The way from a page to a folder, as the beginning of a link: `../results/`.
fn way(file: &Path, folder: &Path) -> Result<String, Failure> {
    if file.as_os_str() == "-" {
        return Ok(String::new());
    }
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let from = parent.unwrap_or(Path::new(".")).canonicalize().map_err(|error| {
        Failure::said(
            format!("can not write {}: {}", shown(file), say::why(&error)),
            "make its folder first, or choose another --out FILE",
        )
    })?;
    let to = folder.canonicalize().map_err(|error| {
        Failure::said(
            format!("can not read {}: {}", shown(folder), say::why(&error)),
            "name another folder",
        )
    })?;
    relative(&from, &to).ok_or_else(|| {
        Failure::said(
            format!("no link leads from {} to {}", shown(&from), shown(&to)),
            "choose an --out FILE on the same drive",
        )
    })
}

/// How to get from one folder to another, both absolute; `None` between drives.
fn relative(from: &Path, to: &Path) -> Option<String> {
    let (from, to): (Vec<Component>, Vec<Component>) =
        (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let absolute =
        |parts: &[Component]| parts.iter().any(|part| !matches!(part, Component::Normal(_)));
    if absolute(&from[shared..]) || absolute(&to[shared..]) {
        return None;
    }
    let mut link = "../".repeat(from.len() - shared);
    for part in &to[shared..] {
        link += &survey::part_of_link(part.as_os_str());
        link.push('/');
    }
    Some(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_between_folders() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to)).unwrap();
        assert_eq!(way("/a/b", "/a/b"), "");
        assert_eq!(way("/a", "/a/b c/d"), "b%20c/d/");
        assert_eq!(way("/a/x/y", "/a/b"), "../../b/");
        assert_eq!(relative(Path::new("a"), Path::new("/a")), None);
    }
}
