//! What is said about one history: text, JSON, a page.

use std::fmt::Write as _;

use rehearsal_reports::order::{self, Fact};
use rehearsal_sim::check::{Explanation, Verdict};
use serde_json::json;

use super::{badge, strip};
use crate::cli::Exit;
use crate::cli::print::{BOLD, DIM, PLAIN, counted, grouped, rounded};
use crate::cli::say::clean;
use crate::formats::judge::{Finding, Model};
use crate::formats::{Clock, Format};

/// The widest line of a text.
const WIDTH: usize = 100;

/// A history and what was found out about it.
pub(super) struct Checked {
    pub(super) file: String,
    pub(super) format: Format,
    pub(super) has_real_time: bool,
    pub(super) clock: Clock,
    pub(super) finding: Finding,
    pub(super) wall_ns: u64,
}

impl Checked {
    pub(super) fn exit(&self) -> Exit {
        match self.finding.verdict {
            Verdict::Pass => Exit::Held,
            Verdict::Fail(_) => Exit::Violated,
            Verdict::Inconclusive(_) => Exit::Inconclusive,
        }
    }

    /// What was demanded, of which model.
    fn claim(&self) -> String {
        let claim = format!("{} {}", self.finding.demand, self.finding.model.info().name);
        claim.trim().to_owned()
    }

    /// One line among many.
    pub(super) fn line(&self, width: usize) -> String {
        let verdict = &self.finding.verdict;
        let why = match verdict {
            Verdict::Pass => String::new(),
            Verdict::Fail(explanation) => format!("  {}", clean(&explanation.sentence)),
            Verdict::Inconclusive(why) => format!("  {}", clean(why)),
        };
        format!("{}  {:<width$}{why}\n", badge(verdict), self.file)
    }

    /// Everything.
    pub(super) fn text(&self) -> String {
        let finding = &self.finding;
        let mut out = String::new();
        let mut line = |text: String| writeln!(out, "{text}").expect("a string takes text");
        line(format!("{}  {BOLD}{}{PLAIN}: {}", badge(&finding.verdict), self.file, self.claim()));
        line(format!("judged        {}", self.judged()));
        line(format!("read as       {}{}", self.format.info().name, self.order()));
        if let Some(dialect) = finding.dialect {
            line(format!("dialect       {}: {}", dialect.name(), dialect.sentence()));
        }
        for note in &finding.notes {
            line(format!("note          {}", clean(note)));
        }
        match &finding.verdict {
            Verdict::Pass => {}
            Verdict::Inconclusive(why) => {
                line(format!("\n{}", wrapped(&clean(why))));
                line("more work is allowed with --budget N".to_owned());
            }
            Verdict::Fail(explanation) => out += &self.explained(explanation),
        }
        out
    }

    fn judged(&self) -> String {
        let finding = &self.finding;
        let mut judged = format!(
            "{} of {}",
            counted(finding.operations, "operation"),
            match finding.processes {
                1 => "1 process".to_owned(),
                processes => format!("{processes} processes"),
            }
        );
        if finding.objects > 1 {
            judged += &format!(" on {}", counted(finding.objects, self.noun()));
        }
        if finding.open > 0 {
            judged += &format!(", {} of them without a known end", finding.open);
        }
        if !finding.by.is_empty() {
            judged += &format!("; decided by {}", finding.by);
        }
        format!("{judged} {DIM}in {}{PLAIN}", rounded(self.wall_ns))
    }

    /// What operations work on.
    fn noun(&self) -> &'static str {
        match self.finding.model {
            Model::ListAppend | Model::RwRegister => "key",
            _ => "object",
        }
    }

    /// What orders operations.
    fn order(&self) -> &'static str {
        match (self.has_real_time, self.clock) {
            (false, _) => "; the order of each process is known, and no real time",
            (true, Clock::Nanoseconds | Clock::Stamps) => "",
            (true, Clock::Lines | Clock::Events) => "; the order of its lines is the order of time",
        }
    }

    fn explained(&self, explanation: &Explanation) -> String {
        let mut out = format!("\n{}\n", wrapped(&clean(&explanation.sentence)));
        if !explanation.expected.is_empty() && !explanation.sentence.contains(&explanation.expected)
        {
            let expected = format!("expected: {}", clean(&explanation.expected));
            writeln!(out, "{}", wrapped(&expected)).expect("a string takes text");
        }
        // Bars show operations; transactions have names as well, which the details say.
        if explanation.bars.is_empty() || explanation.sentence.contains("T1") {
            for detail in &explanation.details {
                writeln!(out, "  {}", clean(detail)).expect("a string takes text");
            }
        }
        if explanation.bars.is_empty() {
            return out;
        }
        out.push('\n');
        out += &strip::draw(&explanation.bars, &self.finding.moments, &self.finding.clients);
        out
    }

    /// A page with a picture.
    pub(super) fn page(&self) -> String {
        let finding = &self.finding;
        let fact = |name: &str, value: String, detail: String| Fact {
            name: name.to_owned(),
            value,
            detail,
        };
        let mut facts = vec![
            fact("operations", grouped(finding.operations), format!("{} open", finding.open)),
            fact("processes", grouped(finding.processes), String::new()),
        ];
        if finding.objects > 1 {
            facts.push(fact(&format!("{}s", self.noun()), grouped(finding.objects), String::new()));
        }
        let mut notes = vec![format!("Read as {}{}.", self.format.info().name, self.order())];
        if let Some(dialect) = finding.dialect {
            notes.push(format!("Dialect {}: {}.", dialect.name(), dialect.sentence()));
        }
        notes.extend(finding.notes.iter().cloned());
        order::page(&order::Checked {
            file: self.file.clone(),
            claim: self.claim(),
            verdict: finding.verdict.clone(),
            facts,
            notes,
            words: order::Words {
                moments: finding.moments.clone(),
                clients: finding.clients.clone(),
            },
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    /// One JSON object on one line.
    pub(super) fn json(&self) -> String {
        let finding = &self.finding;
        let (verdict, why, explanation) = match &finding.verdict {
            Verdict::Pass => ("pass", None, None),
            Verdict::Inconclusive(why) => ("inconclusive", Some(why.as_str()), None),
            Verdict::Fail(explanation) => ("fail", None, Some(explanation)),
        };
        let explanation = explanation.map(|explanation| {
            let bars = explanation.bars.iter().enumerate().map(|(which, bar)| {
                let mut bar = serde_json::to_value(bar).expect("a bar is plain data");
                bar["client"] = json!(finding.clients.get(which));
                let (called, ended) = finding.moments.get(which).cloned().unwrap_or_default();
                bar["called"] = json!(called);
                bar["ended"] = json!(ended);
                bar
            });
            json!({
                "sentence": explanation.sentence,
                "expected": explanation.expected,
                "details": explanation.details,
                "operations": bars.collect::<Vec<_>>(),
            })
        });
        json!({
            "file": self.file,
            "format": self.format.info().name,
            "model": finding.model.info().name,
            "demand": finding.demand,
            "dialect": finding.dialect.map(|dialect| dialect.name()),
            "verdict": verdict,
            "why": why,
            "explanation": explanation,
            "operations": finding.operations,
            "open": finding.open,
            "processes": finding.processes,
            "objects": finding.objects,
            "real_time": self.has_real_time,
            "notes": finding.notes,
            "host": { "wall_ns": self.wall_ns },
        })
        .to_string()
    }
}

/// A text in lines of a hundred columns at most, as far as its words allow.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > WIDTH {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out
}
