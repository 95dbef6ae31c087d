//! What a hunt found, as a table for people, as Markdown, and as JSON.

use std::fmt::Write as _;

use rehearsal_sim::record::ViolationKind;
use serde::Serialize;

use super::statistics::{Ratio, Share};
use crate::cli::print;

/// The table.
#[derive(Serialize)]
pub(super) struct Table {
    pub(super) version: &'static str,
    /// The first seed, and the one behind the last.
    pub(super) seeds: [u64; 2],
    /// Whether each bug was hunted no further than its first find.
    pub(super) until_found: bool,
    pub(super) rows: Vec<Row>,
}

/// A bug.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) protocol: &'static str,
    pub(super) bug: &'static str,
    pub(super) id: Option<&'static str>,
    pub(super) sentence: &'static str,
    pub(super) source: &'static str,
    pub(super) scenario: String,
    /// The property that is known to catch it.
    pub(super) expected: &'static str,
    /// The property that most seeds broke.
    pub(super) property: Option<String>,
    pub(super) kind: Option<ViolationKind>,
    /// Every property that was broken, and by how many seeds.
    pub(super) caught_by: Vec<(String, u64)>,
    pub(super) outcome: Outcome,
    /// How many seeds ran.
    pub(super) seeds: u64,
    /// How many of them found it.
    pub(super) found: u64,
    pub(super) inconclusive: u64,
    /// The lowest seed that found it.
    pub(super) first_seed: Option<u64>,
    pub(super) rate: Share,
    /// How often the planted decision was taken, and in how many seeds.
    pub(super) evaluations: u64,
    pub(super) reached: u64,
    pub(super) shortest: Option<Shortest>,
    /// Families of faults with which it is found more often than without.
    pub(super) triggers: Vec<Ratio>,
    /// Families with which it is found less often.
    pub(super) suppressors: Vec<Ratio>,
}

/// How the hunt for a bug ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// A seed found it.
    Found,
    /// The planted decision was taken, and nothing came of it.
    NotFound,
    /// The planted decision was never taken: nothing is proved.
    NeverReached,
}

/// The smallest plan that shows the bug.
#[derive(Serialize)]
pub(super) struct Shortest {
    /// The seed that was made smaller.
    pub(super) seed: u64,
    pub(super) fault_operations: u64,
    pub(super) servers: u64,
    pub(super) clients: u64,
    pub(super) operations: u64,
    pub(super) events: u64,
}

impl Row {
    fn first(&self) -> String {
        self.first_seed.map_or_else(|| "-".to_owned(), |seed| seed.to_string())
    }

    /// Every property that was broken, the one that most seeds broke first; where there are several,
    /// with the number of seeds that broke each.
    fn caught(&self, quote: &str) -> String {
        match self.outcome {
            Outcome::Found => {}
            Outcome::NotFound => return "not found".to_owned(),
            Outcome::NeverReached => return "never reached".to_owned(),
        }
        let is_first = |name: &str| self.property.as_deref() == Some(name);
        let mut all: Vec<&(String, u64)> = self.caught_by.iter().collect();
        all.sort_by_key(|(name, seeds)| (!is_first(name), std::cmp::Reverse(*seeds)));
        let count = |seeds: u64| match all.len() {
            1 => String::new(),
            _ => format!(" {}", print::grouped(seeds)),
        };
        let word =
            |(name, seeds): &&(String, u64)| format!("{quote}{name}{quote}{}", count(*seeds));
        all.iter().map(word).collect::<Vec<_>>().join(", ")
    }

    /// Names the property that is known to break, where no seed broke it: others were faster.
    fn known_to_break(&self) -> String {
        let is_expected = |(name, _): &(String, u64)| name == self.expected;
        match self.outcome == Outcome::Found && !self.caught_by.iter().any(is_expected) {
            true => format!(" By hand it breaks `{}`, too.", self.expected),
            false => String::new(),
        }
    }

    fn kind(&self) -> &'static str {
        match self.kind {
            None => "",
            Some(ViolationKind::Safety) => "safety",
            Some(ViolationKind::Liveness) => "liveness",
            Some(ViolationKind::Expectation) => "expectation",
            Some(ViolationKind::Panic) => "panic",
            Some(ViolationKind::Nondeterminism) => "nondeterminism",
        }
    }

    fn rate(&self) -> String {
        let Share { share, low, high } = self.rate;
        let percent = |part: f64| format!("{:.1}", part * 100.0);
        format!("{} % ({}..{})", percent(share), percent(low), percent(high))
    }

    fn plan(&self) -> String {
        let shortest = self.shortest.as_ref();
        shortest.map_or_else(|| "-".to_owned(), |found| found.fault_operations.to_string())
    }
}

/// The strongest few: `crash x4.2, loss x2.0`.
fn families(ratios: &[Ratio], most: usize) -> String {
    let shown = ratios.iter().take(most);
    let words: Vec<String> = shown.map(|one| format!("{} x{:.1}", one.family, one.ratio)).collect();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}

const MOST_FAMILIES: usize = 3;

impl Table {
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).expect("a table is plain data") + "\n"
    }

    /// The same for files that people compare: a line for each number.
    pub(super) fn pretty(&self) -> String {
        serde_json::to_string_pretty(self).expect("a table is plain data") + "\n"
    }

    fn cells(&self, quote: &str) -> (Vec<&'static str>, Vec<Vec<String>>) {
        let head = vec![
            "bug",
            "hunted with",
            "caught by",
            "kind",
            "first seed",
            "found in (99 %)",
            "decisions",
            "shortest plan",
            "triggers",
            "suppressors",
        ];
        let row = |row: &Row| {
            vec![
                row.bug.to_owned(),
                row.scenario.clone(),
                row.caught(quote),
                row.kind().to_owned(),
                row.first(),
                row.rate(),
                print::grouped(row.evaluations),
                row.plan(),
                families(&row.triggers, MOST_FAMILIES),
                families(&row.suppressors, MOST_FAMILIES),
            ]
        };
        (head, self.rows.iter().map(row).collect())
    }

    /// Columns for a terminal.
    pub(super) fn text(&self) -> String {
        let (head, rows) = self.cells("");
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([head[column].len()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        let line = |cells: Vec<&str>| {
            let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
        };
        let mut out = format!("{}{}{}", print::BOLD, line(head.clone()), print::PLAIN);
        for row in &rows {
            out += &line(row.iter().map(String::as_str).collect());
        }
        out
    }

    /// The page.
    pub(super) fn markdown(&self) -> String {
        let (head, rows) = self.cells("`");
        let [from, to] = self.seeds;
        let mut out = format!(
            "# Planted bugs\n\n\
             Every checker proves itself on bugs that it must catch. Each row is a wrong decision that was\n\
             planted into a protocol, and hunted with the seeds {from}..{to} of the scenario beside it:\n\
             which properties caught it (where several did, in how many seeds each), with which seed\n\
             first, in how many of the seeds (with the 99 % interval of Wilson), how often the wrong\n\
             decision was taken in all of them, how many fault operations the smallest plan has that\n\
             `shrink` made of the first find, and with which families of faults it is found that many\n\
             times as often as without (at 99.99 %, over the days on which each family is on or off by\n\
             a coin of its own). The same protocols without a bug are silent.\n\
             [hunting.md](hunting.md) tells how to do this again; `planted-bugs.json` has every number.\n\n"
        );
        let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
        out += &line(head.clone());
        out += &format!("|{}\n", "---|".repeat(head.len()));
        for row in &rows {
            let mut cells: Vec<String> = row.clone();
            for name in [0, 1] {
                cells[name] = format!("`{}`", cells[name]);
            }
            out += &line(cells.iter().map(String::as_str).collect());
        }
        out.push('\n');
        for row in &self.rows {
            let id = row.id.map(|id| format!(" ({id})")).unwrap_or_default();
            let known = row.known_to_break();
            let _ = writeln!(out, "- `{}`{id}: {}. {}.{known}", row.bug, row.sentence, row.source);
        }
        out
    }
}
