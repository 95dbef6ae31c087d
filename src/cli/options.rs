//! Options that several subcommands share.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;

use rehearsal_scenarios::{Loaded, Request};
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
    /// How many configurations a history checker may explore per object before the run counts as
    /// inconclusive
    #[arg(long, value_name = "N", default_value_t = Watch::QUIET.check_budget,
          value_parser = number, allow_negative_numbers = true)]
    pub(crate) check_budget: u64,
}

impl Scenario {
    /// Loads the scenario; prints its warnings and notes.
    pub(crate) fn load(&self, catalog: &[Entry]) -> Result<Loaded, Failure> {
        let request = Request { source: &self.source, set: &self.set, bug: &self.bug };
        match rehearsal_scenarios::load(&request, catalog) {
            Ok(loaded) => {
                if !loaded.remarks.is_empty() {
                    say::err(&format!("{}\n", loaded.remarks.render(true).trim_end()));
                }
                Ok(loaded)
            }
            Err(report) => Err(Failure::Diagnosed(report.render(true))),
        }
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
        words.extend(self.bug.iter().map(|bug| option("--bug", bug)));
        if self.check_budget != Watch::QUIET.check_budget {
            words.push(format!("--check-budget {}", self.check_budget));
        }
        words
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
    fn numbers_are_whole() {
        assert_eq!(number("10_000"), Ok(10_000));
        assert_eq!(number("18446744073709551615"), Ok(u64::MAX));
        for wrong in ["", "_", "abc", "-1", "+1", "1.5", "18446744073709551616"] {
            assert!(number(wrong).is_err(), "{wrong}");
        }
    }
}
