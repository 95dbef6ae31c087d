//! Options that several subcommands share.

use rehearsal_scenarios::{Loaded, Request};
use rehearsal_sim::catalog::Entry;

use super::Failure;

/// Which scenario, and what to change in it.
#[derive(clap::Args, Debug, Clone)]
pub(crate) struct Scenario {
    /// A bundled scenario (see `rehearsal list scenarios`) or a path to a scenario file
    #[arg(value_name = "SCENARIO")]
    pub(crate) source: String,
    /// Change a setting: `--set network.loss=0.05` (TOML, else a bare string; repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Plant a bug, by name or number: `--bug vote-not-persisted`, `--bug bug:E4` (repeatable)
    #[arg(long, value_name = "BUG")]
    pub(crate) bug: Vec<String>,
    /// How many configurations a history checker may explore per object before it gives up
    #[arg(long, value_name = "N", default_value_t = 2_000_000)]
    pub(crate) check_budget: u64,
}

impl Scenario {
    /// Loads the scenario; prints its warnings and notes.
    pub(crate) fn load(&self, catalog: &[Entry]) -> Result<Loaded, Failure> {
        let request = Request { source: &self.source, set: &self.set, bug: &self.bug };
        match rehearsal_scenarios::load(&request, catalog) {
            Ok(loaded) => {
                if !loaded.remarks.is_empty() {
                    anstream::eprintln!("{}", loaded.remarks.render(true).trim_end());
                }
                Ok(loaded)
            }
            Err(report) => Err(Failure::Diagnosed(report.render(true))),
        }
    }

    /// The command line that runs this again: `rehearsal run raft/leader-crash --seed 7`.
    pub(crate) fn reproduce(&self, seed: u64) -> String {
        let mut words = vec!["rehearsal".to_owned(), "run".to_owned(), quote(&self.source)];
        words.push(format!("--seed {seed}"));
        words.extend(self.set.iter().map(|set| format!("--set {}", quote(set))));
        words.extend(self.bug.iter().map(|bug| format!("--bug {}", quote(bug))));
        words.join(" ")
    }
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
    use super::quote;

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quote("network.loss=0.05"), "network.loss=0.05");
        assert_eq!(quote("title=it's"), r"'title=it'\''s'");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("a b"), "'a b'");
    }
}
