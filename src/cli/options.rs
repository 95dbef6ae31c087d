//! Options that several subcommands share.

use std::ffi::OsStr;
use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

use rehearsal_scenarios::{Loaded, MOST_POINTS, Report, Request, Variants};
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::Watch;
use rehearsal_sim::record::{Head, ViolationKind};

use super::{Failure, say};

/// Which scenario, and what to change in it.
#[derive(clap::Args, Debug, Clone)]
pub(crate) struct Scenario {
    /// A bundled scenario (`list scenarios` shows them) or the path of a scenario file
    #[arg(value_name = "SCENARIO", value_hint = clap::ValueHint::FilePath)]
    pub(crate) source: String,
    /// Change a setting of the scenario: `--set network.loss=0.05`, `--set duration=5s` (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Plant a bug, by name or number; `list bugs` shows them (repeatable)
    #[arg(long, value_name = "BUG")]
    pub(crate) bug: Vec<String>,
    /// Add an axis to the matrix, or replace one: `--matrix network.loss=0,0.01` (repeatable)
    #[arg(long, value_name = "KEY=A,B")]
    pub(crate) matrix: Vec<String>,
    /// One point of the matrix, by its number from 1
    #[arg(long, value_name = "N", value_parser = point, allow_negative_numbers = true)]
    pub(crate) point: Option<u32>,
    /// How many configurations a history checker may explore per object before the run counts as
    /// inconclusive
    #[arg(long, value_name = "N", default_value_t = Watch::QUIET.check_budget,
          value_parser = number, allow_negative_numbers = true)]
    pub(crate) check_budget: u64,
}

impl Scenario {
    /// Loads the scenario; prints its warnings and notes.
    pub(crate) fn load(&self, catalog: &[Entry]) -> Result<Loaded, Failure> {
        let loaded = rehearsal_scenarios::load(&self.request(), catalog)
            .map_err(|report| diagnosed(&report))?;
        remark(&loaded.remarks);
        Ok(loaded)
    }

    /// Loads every point of the scenario's matrix, or the one that was asked for; prints warnings
    /// and notes.
    pub(crate) fn load_all(&self, catalog: &[Entry]) -> Result<Variants, Failure> {
        let variants = rehearsal_scenarios::load_all(&self.request(), catalog)
            .map_err(|report| diagnosed(&report))?;
        remark(&variants.remarks);
        Ok(variants)
    }

    fn request(&self) -> Request<'_> {
        let Scenario { source, set, bug, matrix, point, .. } = self;
        Request { source, set, bug, matrix, point: *point }
    }

    /// The same scenario at one point of its matrix.
    pub(crate) fn at(&self, point: Option<u32>) -> Scenario {
        Scenario { point, ..self.clone() }
    }

    /// The command line that runs this again: `rehearsal run raft/leader-crash --seed 7`.
    pub(crate) fn reproduce(&self, head: &Head) -> String {
        let mut words = self.words("run");
        words.insert(3, format!("--seed {}", head.seed));
        if head.violations.iter().any(|found| found.kind == ViolationKind::Nondeterminism) {
            words.push("--twice".to_owned());
        }
        words.join(" ")
    }

    /// The words of a command line about this scenario: program, verb, file, and what is changed.
    pub(crate) fn words(&self, verb: &str) -> Vec<String> {
        let mut words = vec![program().to_owned(), verb.to_owned(), file(&self.source)];
        words.extend(self.set.iter().map(|set| option("--set", set)));
        words.extend(self.matrix.iter().map(|axis| option("--matrix", axis)));
        words.extend(self.point.map(|point| format!("--point {point}")));
        words.extend(self.bug.iter().map(|bug| option("--bug", bug)));
        if self.check_budget != Watch::QUIET.check_budget {
            words.push(format!("--check-budget {}", self.check_budget));
        }
        words
    }

    /// The command line that runs all points of the matrix again with these seeds.
    pub(crate) fn again(&self, seeds: &Range<u64>) -> String {
        let mut words = self.words("run");
        words.insert(3, format!("--seeds {}..{}", seeds.start, seeds.end));
        words.join(" ")
    }
}

fn diagnosed(report: &Report) -> Failure {
    Failure::Diagnosed(report.render(true))
}

/// Prints warnings and notes.
fn remark(remarks: &Report) {
    if !remarks.is_empty() {
        say::err(&format!("{}\n", remarks.render(true).trim_end()));
    }
}

static PROGRAM: OnceLock<String> = OnceLock::new();

/// Remembers what the user calls this program, for command lines that we offer. A crate of one's
/// own has its own name.
pub(super) fn remember_program(called: &OsStr) {
    let stem = Path::new(called).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    PROGRAM.get_or_init(|| quote(&stem.unwrap_or_else(|| "rehearsal".to_owned())));
}

/// What the user calls this program.
pub(crate) fn program() -> &'static str {
    PROGRAM.get().map_or("rehearsal", String::as_str)
}

/// The path of a file as a word of a command line that is no option.
pub(crate) fn file(path: &str) -> String {
    if path.starts_with('-') { quote(&format!("./{path}")) } else { quote(path) }
}

/// An option with its value, as words of a command line.
pub(crate) fn option(name: &str, value: &str) -> String {
    let between = if value.starts_with('-') { '=' } else { ' ' };
    format!("{name}{between}{}", quote(value))
}

/// Reads a whole number: `2000000`, `2_000_000`.
pub(crate) fn number(text: &str) -> Result<u64, String> {
    let plain = text.replace('_', "");
    let is_number = !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_digit());
    plain.parse().ok().filter(|_| is_number).ok_or_else(|| {
        format!("it is no whole number; write one from 0 to {}, like 42 or 10_000", u64::MAX)
    })
}

/// Reads a range of seeds: `0..200`, `5..=7`, or one number.
pub(crate) fn seeds(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| {
        number(text).map_err(|_| {
            format!("`{text}` is no seed; write --seeds 0..200, a number below 2^64 at each end")
        })
    };
    let range = match text.split_once("..") {
        None => only(number(text)?)?,
        Some((first, last)) => match last.strip_prefix('=') {
            Some(last) => number(first)?..only(number(last)?)?.end,
            None => number(first)?..number(last)?,
        },
    };
    if range.start == range.end {
        return Err(format!("the range {text} has no seeds: its end is not among them"));
    }
    if range.is_empty() {
        return Err(format!("the range {text} has no seeds; write the smaller number first"));
    }
    Ok(range)
}

/// One seed as a range. The last of all has none, as a range ends before its end.
pub(crate) fn only(seed: u64) -> Result<Range<u64>, String> {
    let end = seed.checked_add(1);
    end.map(|end| seed..end).ok_or_else(|| {
        format!(
            "seed {seed} is the last of all, and in no range; `run --seed {seed}` runs it alone"
        )
    })
}

/// Reads a seed.
pub(crate) fn seed(text: &str) -> Result<u64, String> {
    number(text).map_err(|_| {
        format!("it is no seed; write a whole number from 0 to {}, like 42 or 10_000", u64::MAX)
    })
}

/// Reads the number of a point.
pub(crate) fn point(text: &str) -> Result<u32, String> {
    let number = number(text).ok().and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| {
        format!("it is no point; points are numbered from 1, to {MOST_POINTS} at most")
    })
}

/// Quotes a word for a POSIX shell, where it needs it.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quote("network.loss=0.05"), "network.loss=0.05");
        assert_eq!(quote("title=it's"), r"'title=it'\''s'");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(file("-x.toml"), "./-x.toml");
        assert_eq!(option("--set", "-a=1"), "--set=-a=1");
    }

    #[test]
    fn seeds_are_ranges() {
        assert_eq!(seeds("0..200"), Ok(0..200));
        assert_eq!(seeds("5..=7"), Ok(5..8));
        assert_eq!(seeds("41"), Ok(41..42));
        for wrong in ["", "7..7", "9..3", "a..b", "-1..3", "1.."] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
        let last = u64::MAX;
        assert_eq!(seeds(&format!("{}..{last}", last - 2)), Ok(last - 2..last));
        for none in [last.to_string(), format!("{}..={last}", last - 2), format!("0..={last}")] {
            assert!(seeds(&none).unwrap_err().contains("is the last of all"), "{none}");
        }
        assert_eq!(seed("18446744073709551615"), Ok(last));
        assert!(seed("18446744073709551616").is_err());
    }

    #[test]
    fn numbers_are_whole() {
        assert_eq!(number("10_000"), Ok(10_000));
        assert_eq!(number("18446744073709551615"), Ok(u64::MAX));
        for wrong in ["", "_", "abc", "-1", "+1", "1.5", "18446744073709551616"] {
            assert!(number(wrong).is_err(), "{wrong}");
        }
    }
}
