//! `rehearsal check`: histories from elsewhere, judged.

mod said;
mod strip;

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rehearsal_scenarios::nearest;
use rehearsal_sim::check::{Budget, Verdict};

use self::said::Checked;
use super::options;
use super::print::counted;
use super::results::{probe_file, put_file, shown};
use super::{Exit, Failure, print, say};
use crate::formats::judge::{self, Consistency, Dialect, Finding, MODELS, Model, Question};
use crate::formats::{self, Format, ReadError, Recorded, Value};

/// The longest file that is read, in bytes: a hundred million operations take more memory than most
/// machines have.
const LONGEST: u64 = 4_000_000_000;
/// How deep folders are searched for histories.
const DEEPEST: usize = 16;
/// What the files of a folder end with that are taken for histories.
const ENDINGS: [&str; 8] = ["edn", "json", "jsonl", "log", "txt", "hist", "history", "dbcop"];

/// What `check` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Histories, or folders of them; `-` reads one from standard input
    #[arg(value_name = "FILE", required = true, value_hint = clap::ValueHint::AnyPath)]
    files: Vec<PathBuf>,
    /// What the operations mean; `list models` shows what there is [default: what the history says,
    /// or its operations leave as the one choice]
    #[arg(long, value_name = "MODEL", value_parser = model)]
    model: Option<Model>,
    /// The format, where it is not to be recognised from the content; `list formats` shows them
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    format: Option<Format>,
    /// What is demanded [default: linearizable]
    #[arg(long, value_name = "NAME", value_parser = consistency)]
    consistency: Option<Consistency>,
    /// What a failed compare-and-set and a read of nil say: `jepsen`: nothing, `porcupine`: that
    /// another value, or none, was there [default: what the format's own checker takes them for]
    #[arg(long, value_name = "NAME", value_parser = dialect)]
    dialect: Option<Dialect>,
    /// What every object holds at first: a number, or a string in double quotes
    #[arg(long, value_name = "VALUE", value_parser = value, allow_negative_numbers = true)]
    initial: Option<Value>,
    /// Values are pairs [key value], each key an object of its own, as Jepsen's independent tests
    /// write them
    #[arg(long)]
    independent: bool,
    /// How many configurations may be looked at per object before the history counts as inconclusive
    #[arg(long, value_name = "N", default_value_t = Budget::default().configurations,
          value_parser = options::number, allow_negative_numbers = true)]
    budget: u64,
    /// Print one JSON object a history instead of text
    #[arg(long)]
    json: bool,
    /// Write a page with a picture of what is wrong
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    html: Option<PathBuf>,
}

pub(crate) fn main(args: &Args) -> Result<Exit, Failure> {
    if let Some(page) = &args.html {
        probe_file(page)?;
    }
    let files = files(&args.files)?;
    if args.html.is_some() && files.len() != 1 {
        return Err(Failure::said(
            format!("--html draws one history, and these are {}", files.len()),
            "name one file",
        ));
    }
    let question = Question {
        model: args.model,
        consistency: args.consistency.unwrap_or(Consistency::Linearizable),
        dialect: args.dialect,
        initial: args.initial.clone(),
        independent: args.independent.then_some(true),
        budget: Budget { configurations: args.budget },
    };
    match &files[..] {
        [file] => one(args, file, &question),
        _ => many(args, &files, &question),
    }
}

/// One history: all there is to say.
fn one(args: &Args, file: &Path, question: &Question) -> Result<Exit, Failure> {
    let checked = check(args, file, question)?;
    if let Some(page) = &args.html {
        put_file(page, checked.page())?;
    }
    if args.json {
        say::out(&format!("{}\n", checked.json()))?;
    } else {
        let mut text = checked.text();
        if let Some(page) = &args.html {
            text += &format!("picture       {}\n", shown(page));
        }
        say::out(&text)?;
    }
    Ok(checked.exit())
}

/// Several: a line each, and how many of each verdict.
fn many(args: &Args, files: &[PathBuf], question: &Question) -> Result<Exit, Failure> {
    let (mut held, mut violated, mut open, mut wrong) = (0, 0, 0, 0);
    let width = files.iter().map(|file| shown(file).chars().count()).max().unwrap_or(0).min(60);
    for file in files {
        match check(args, file, question) {
            Ok(checked) => {
                match checked.finding.verdict {
                    Verdict::Pass => held += 1,
                    Verdict::Fail(_) => violated += 1,
                    Verdict::Inconclusive(_) => open += 1,
                }
                match args.json {
                    true => say::out(&format!("{}\n", checked.json()))?,
                    false => say::out(&checked.line(width))?,
                }
            }
            Err(failure) => {
                wrong += 1;
                failure.print();
            }
        }
    }
    if !args.json {
        let mut parts = vec![format!("{held} held"), format!("{violated} violated")];
        parts.extend((open > 0).then(|| format!("{open} inconclusive")));
        parts.extend((wrong > 0).then(|| format!("{wrong} could not be read")));
        let histories = counted(files.len() as u64, "file");
        say::out(&format!("\n{histories}: {}\n", parts.join(", ")))?;
    }
    Ok(match (wrong, violated, open) {
        (1.., _, _) => Exit::Usage,
        (0, 1.., _) => Exit::Violated,
        (0, 0, 1..) => Exit::Inconclusive,
        _ => Exit::Held,
    })
}

fn check(args: &Args, file: &Path, question: &Question) -> Result<Checked, Failure> {
    let text = text_of(file)?;
    let recorded =
        formats::read(&text, args.format).map_err(|error| malformed(file, &text, &error))?;
    let begun = std::time::Instant::now();
    let finding =
        judge::judge(&text, &recorded, question).map_err(|error| malformed(file, &text, &error))?;
    let wall_ns = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
    Ok(checked(file, &recorded, finding, wall_ns))
}

fn checked(file: &Path, recorded: &Recorded, finding: Finding, wall_ns: u64) -> Checked {
    let name = match is_stdin(file) {
        true => "standard input".to_owned(),
        false => shown(file),
    };
    Checked {
        file: name,
        format: recorded.format,
        has_real_time: recorded.has_real_time,
        clock: recorded.clock,
        finding,
        wall_ns,
    }
}

fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

fn text_of(file: &Path) -> Result<String, Failure> {
    let unreadable = |why: String| {
        Failure::said(format!("can not read {}: {why}", shown(file)), "name a file with a history")
    };
    let mut bytes = Vec::new();
    let read = match is_stdin(file) {
        true => std::io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes),
        false => {
            fs::File::open(file).and_then(|opened| opened.take(LONGEST + 1).read_to_end(&mut bytes))
        }
    };
    read.map_err(|error| unreadable(say::why(&error)))?;
    if bytes.len() as u64 > LONGEST {
        return Err(unreadable(format!("it is longer than {LONGEST} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        unreadable(format!("it is no text in UTF-8, from line {line} on"))
    })
}

/// What is wrong in a file, with the line it stands in.
fn malformed(file: &Path, text: &str, error: &ReadError) -> Failure {
    let name = if is_stdin(file) { "standard input".to_owned() } else { shown(file) };
    let line = text.lines().nth(error.line as usize - 1).unwrap_or_default();
    let mut what = format!("{name}:{}:{}: {}", error.line, error.column, error.what);
    // The neighbourhood of the column, where a line is long.
    let from = (error.column as usize).saturating_sub(60);
    let near: String = line.chars().skip(from).take(90).collect();
    if !near.trim().is_empty() {
        let at = error.column as usize - 1 - from;
        what += &format!("\n  | {}\n  | {}^", say::clean(&near), " ".repeat(at));
    }
    Failure::said(what, error.help.clone())
}

/// The files that were named, and those in the folders that were.
fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() || is_stdin(path) {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        walk(path, 0, &mut files).map_err(|error| {
            let why = say::why(&error);
            Failure::said(format!("can not look into {}: {why}", shown(path)), "name its files")
        })?;
        if files.len() == before {
            let endings = ENDINGS.map(|ending| format!(".{ending}")).join(", ");
            return Err(Failure::said(
                format!("there are no histories in {}", shown(path)),
                format!("in folders, files are looked for that end with {endings}; name others"),
            ));
        }
    }
    Ok(files)
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    entries.sort();
    for path in entries {
        let is_link = path.symlink_metadata().is_ok_and(|found| found.is_symlink());
        if path.is_dir() {
            if depth < DEEPEST && !is_link {
                walk(&path, depth + 1, files)?;
            }
        } else if path
            .extension()
            .is_some_and(|found| ENDINGS.iter().any(|ending| found == *ending))
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Finds what is meant by a name, or says what there is.
fn named<T>(found: Option<T>, what: &str, name: &str, all: &[&str]) -> Result<T, String> {
    found.ok_or_else(|| match nearest(name, all.iter().copied()) {
        Some(near) => format!("there is no such {what}; did you mean `{near}`?"),
        None => format!("there is no such {what}; there are {}", all.join(", ")),
    })
}

fn model(name: &str) -> Result<Model, String> {
    let all: Vec<&str> = MODELS.iter().map(|info| info.name).collect();
    named(Model::named(name), "model", name, &all)
}

fn format(name: &str) -> Result<Format, String> {
    let all: Vec<&str> = formats::ALL.iter().map(|info| info.name).collect();
    named(Format::named(name), "format", name, &all)
}

fn dialect(name: &str) -> Result<Dialect, String> {
    named(Dialect::named(name), "dialect", name, &["jepsen", "porcupine"])
}

fn consistency(name: &str) -> Result<Consistency, String> {
    named(Consistency::named(name), "consistency", name, Consistency::NAMES)
}

/// Reads the value of an option, as EDN.
fn value(text: &str) -> Result<Value, String> {
    formats::value(text).map_err(|error| format!("{}; write 0 or '\"text\"'", error.what))
}

/// How a verdict is called in the summary.
fn badge(verdict: &Verdict) -> String {
    use rehearsal_sim::record::Judgement;
    print::badge(match verdict {
        Verdict::Pass => Judgement::Pass,
        Verdict::Fail(_) => Judgement::Fail,
        Verdict::Inconclusive(_) => Judgement::Inconclusive,
    })
}
