//! Where candidates are tried: a smaller scenario is kept when the same property fails in it.

use std::collections::BTreeSet;

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::Plan;
use rehearsal_sim::record::{Record, Violation, ViolationKind};

use super::draft::Draft;
use super::{Budget, Ended, Runner, Size, Spent};
use crate::load::{Loaded, Request, load_text};
use crate::report::Severity;

/// What has to fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Goal {
    pub(super) property: String,
    pub(super) kind: ViolationKind,
}

impl Goal {
    pub(super) fn of(violation: &Violation) -> Goal {
        Goal { property: violation.property.clone(), kind: violation.kind }
    }

    /// The violation of a run that is the one in question.
    pub(super) fn violation<'r>(&self, record: &'r Record) -> Option<&'r Violation> {
        let is_it = |one: &&Violation| one.property == self.property && one.kind == self.kind;
        record.head.violations.iter().find(is_it)
    }
}

/// The smallest scenario so far.
pub(super) struct Best {
    pub(super) draft: Draft,
    pub(super) plan: Plan,
    pub(super) record: Record,
}

impl Best {
    /// How many fault operations there were.
    pub(super) fn fault_operations(&self) -> u64 {
        Size::of(&self.plan, &self.record).fault_operations
    }

    /// When the run was over.
    pub(super) fn end(&self) -> u64 {
        self.record.head.virtual_ns
    }
}

/// A search under way.
pub(super) struct Bench<'a> {
    pub(super) entry: Entry,
    catalog: &'a [Entry],
    name: &'a str,
    pub(super) goal: Goal,
    /// Warnings of the scenario as it was: a smaller one must not have more. It stays inside of what
    /// its protocol was made for.
    warnings: usize,
    runner: &'a mut dyn Runner,
    budget: Budget,
    pub(super) spent: Spent,
    /// What was tried and did not fail.
    tried: BTreeSet<String>,
    pub(super) best: Best,
    /// Why there is no going on.
    pub(super) ended: Option<Ended>,
}

impl<'a> Bench<'a> {
    pub(super) fn new(
        (name, catalog): (&'a str, &'a [Entry]),
        loaded: &Loaded,
        (draft, record): (Draft, Record),
        goal: Goal,
        (budget, runner): (Budget, &'a mut dyn Runner),
    ) -> Bench<'a> {
        let best = Best { draft, plan: loaded.plan.clone(), record };
        Bench {
            entry: loaded.entry,
            catalog,
            name,
            goal,
            warnings: warnings(loaded),
            runner,
            budget,
            spent: Spent { runs: 1, events: best.record.head.events },
            tried: BTreeSet::new(),
            best,
            ended: None,
        }
    }

    /// Tries a candidate, and keeps it when it fails as it should. `false` as well when the budget is
    /// spent: whoever tries ends soon.
    pub(super) fn attempt(&mut self, draft: &Draft) -> bool {
        self.attempt_if(draft, |_, _| true)
    }

    /// The same for candidates that are smaller only if something is true of what they turn out to
    /// be: of the smallest so far, and of the candidate.
    pub(super) fn attempt_if(
        &mut self,
        draft: &Draft,
        is_smaller: impl Fn(&Best, &Best) -> bool,
    ) -> bool {
        if self.ended.is_some() || *draft == self.best.draft {
            return false;
        }
        let text = draft.text();
        if self.tried.contains(&text) {
            return false;
        }
        let kept = self.attempt_text(draft, &text, is_smaller);
        if !kept && self.ended.is_none() {
            self.tried.insert(text);
        }
        kept
    }

    /// Tries the scenario without a value; `false` as well where there is none.
    pub(super) fn attempt_without(&mut self, path: &[&str]) -> bool {
        let draft = self.best.draft.without(path);
        draft.is_some_and(|draft| self.attempt(&draft))
    }

    fn attempt_text(
        &mut self,
        draft: &Draft,
        text: &str,
        is_smaller: impl Fn(&Best, &Best) -> bool,
    ) -> bool {
        let Ok(loaded) = load_text(text.as_bytes(), &Request::of(self.name), self.catalog) else {
            return false;
        };
        if warnings(&loaded) > self.warnings {
            return false;
        }
        if self.spent.runs >= self.budget.runs || self.spent.events >= self.budget.events {
            self.ended = Some(Ended::Budget);
            return false;
        }
        let Some(record) = self.runner.run(&loaded.plan) else {
            self.ended = Some(Ended::Stopped);
            return false;
        };
        self.spent.runs += 1;
        self.spent.events = self.spent.events.saturating_add(record.head.events);
        if self.goal.violation(&record).is_none() {
            return false;
        }
        let next = Best { draft: draft.clone(), plan: loaded.plan, record };
        if !is_smaller(&self.best, &next) {
            return false;
        }
        self.best = next;
        self.tell();
        true
    }

    /// Tells how far the search is.
    pub(super) fn tell(&mut self) {
        let size = self.size();
        self.runner.smaller(&self.best.draft.text(), &size, self.spent);
    }

    /// The smallest so far in numbers.
    pub(super) fn size(&self) -> Size {
        Size::of(&self.best.plan, &self.best.record)
    }

    /// The violation of the smallest so far.
    pub(super) fn violation(&self) -> &Violation {
        self.goal.violation(&self.best.record).expect("only what fails is kept")
    }

    /// The smallest so far with its trace, if there is time for it.
    pub(super) fn trace(&mut self) -> Option<Record> {
        let traced = self.runner.trace(&self.best.plan)?;
        self.goal.violation(&traced).is_some().then_some(traced)
    }
}

fn warnings(loaded: &Loaded) -> usize {
    let findings = loaded.remarks.findings().iter();
    findings.filter(|finding| finding.severity() == Severity::Warning).count()
}
