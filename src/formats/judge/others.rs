//! Jepsen's checks that ask no sequential model, or not it alone: sets and queues by what is lost,
//! counters by their bounds, identifiers, banks, long forks, logs.

use std::collections::BTreeMap;
use std::fmt;

use rehearsal_sim::check::bank::{Bank, BankOp, BankReply, bank};
use rehearsal_sim::check::log::{Batch, LogOp, LogRules, LogStep, log};
use rehearsal_sim::check::long_fork::{causal_reverse, long_fork};
use rehearsal_sim::check::model::{Counter, Keyed, Queue, QueueOp, QueueReply, Set};
use rehearsal_sim::check::{
    Problems, Verdict, counter_bounds, final_set, set_full, total_queue, unique_ids,
};
use rehearsal_sim::history::{Call, History};
use rehearsal_sim::service::{Outcome, Sequential};

use super::catalog::Model;
use super::objects::Collected;
use super::{Case, Finding, Meaning, in_order};
use crate::formats::{Ending, Operation, ReadError, Value};

/// The calls on one object.
type Calls<M> = Vec<Call<<M as Sequential>::Operation, <M as Sequential>::Reply>>;

/// An operation that hands out an identifier.
#[derive(Clone)]
struct Generate;

impl fmt::Debug for Generate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("generate")
    }
}

impl Case<'_> {
    /// Judges each object by itself: of several violations the first is told.
    fn each<M: Sequential>(
        &mut self,
        collected: Collected<M>,
        check: impl Fn(&History<M::Operation, M::Reply>) -> (Verdict, Vec<String>),
    ) -> Finding {
        let mut by_key: BTreeMap<u64, Calls<M>> = BTreeMap::new();
        let mut all = Vec::new();
        for call in collected.calls {
            all.push(erased(&call));
            by_key.entry(call.operation.key).or_default().push(unkeyed(call));
        }
        let objects = by_key.len();
        let mut verdict = Verdict::Pass;
        for (_, calls) in by_key {
            let (found, notes) = check(&in_order(calls));
            self.notes.extend(notes.iter().map(|note| self.names.tell(note)));
            // The first that is broken is told, or else the first that could not be judged.
            match (&verdict, &found) {
                (Verdict::Pass, _) | (Verdict::Inconclusive(_), Verdict::Fail(_)) => {
                    verdict = found;
                }
                _ => {}
            }
        }
        let mut finding = self.finding(verdict, &History { calls: all }, objects);
        finding.demand = String::new();
        finding
    }

    pub(super) fn set_full(&mut self) -> Result<Finding, ReadError> {
        let collected = self.collect::<Set>(None, Case::set_meaning)?;
        Ok(self.each(collected, |history| {
            let found = set_full::<Set>(history, false);
            let counts = [
                ("stable", found.stable),
                ("lost", found.lost.len()),
                ("stale", found.stale.len()),
                ("never read", found.never_read.len()),
                ("duplicated", found.duplicated.len()),
                ("unexpected", found.unexpected.len()),
            ];
            (found.verdict, vec![counted("elements", found.attempted, &counts)])
        }))
    }

    pub(super) fn final_set(&mut self) -> Result<Finding, ReadError> {
        let collected = self.collect::<Set>(None, Case::set_meaning)?;
        Ok(self.each(collected, |history| {
            let found = final_set::<Set>(history);
            let counts = [
                ("acknowledged", found.acknowledged),
                ("in the last read", found.present),
                ("lost", found.lost.len()),
                ("unexpected", found.unexpected.len()),
                ("recovered", found.recovered.len()),
            ];
            (found.verdict, vec![counted("elements", found.attempted, &counts)])
        }))
    }

    pub(super) fn counter_bounds(&mut self) -> Result<Finding, ReadError> {
        let collected = self.collect::<Counter>(None, Case::counter_meaning)?;
        Ok(self.each(collected, |history| {
            let found = counter_bounds::<Counter>(history);
            (found.verdict, vec![format!("reads: {}", found.reads.len())])
        }))
    }

    /// A drain takes everything that is left.
    pub(super) fn total_queue(&mut self) -> Result<Finding, ReadError> {
        let recorded = self.recorded;
        let mut calls: Vec<Call<Keyed<QueueOp>, QueueReply>> = Vec::new();
        for operation in &recorded.operations {
            let mut meanings: Vec<Meaning<Queue>> = Vec::new();
            if operation.f == "drain" {
                let take = |outcome| Meaning { operation: QueueOp::Take, outcome };
                match &operation.ending {
                    Ending::Ok(value) => {
                        for item in value.items().unwrap_or_default() {
                            let took = QueueReply::Took(Some(self.names.number(item)));
                            meanings.push(take(Outcome::Ok(took)));
                        }
                        meanings.push(take(Outcome::Ok(QueueReply::Took(None))));
                    }
                    Ending::Failed(_) => {}
                    Ending::Unknown => meanings.push(take(Outcome::Unknown)),
                }
            } else {
                let (argument, ending) = (&operation.argument, &operation.ending);
                meanings.extend(self.queue_meaning::<Queue>(operation, argument, ending)?);
            }
            let key = operation.key.as_ref().map_or(0, |key| self.names.number(key));
            for meaning in meanings {
                let keyed = Keyed { key, operation: meaning.operation };
                calls.push(self.call(calls.len(), operation, keyed, meaning.outcome));
            }
        }
        Ok(self.each(Collected::<Queue> { calls, has_keys: false }, |history| {
            let found = total_queue::<Queue>(history);
            let counts = [
                ("acknowledged", found.acknowledged),
                ("taken", found.taken),
                ("lost", found.lost.len()),
                ("unexpected", found.unexpected.len()),
                ("duplicated", found.duplicated.len()),
                ("recovered", found.recovered.len()),
            ];
            (found.verdict, vec![counted("values", found.attempted, &counts)])
        }))
    }

    pub(super) fn unique_ids(&mut self) -> Result<Finding, ReadError> {
        let recorded = self.recorded;
        let mut calls = Vec::new();
        for operation in &recorded.operations {
            let outcome = match &operation.ending {
                Ending::Ok(value) if !value.is_nil() => Outcome::Ok(self.names.number(value)),
                Ending::Ok(_) => {
                    return Err(self.meaningless(operation, "this operation got no identifier"));
                }
                Ending::Failed(_) => Outcome::Failed,
                Ending::Unknown => Outcome::Unknown,
            };
            let call = self.call(calls.len(), operation, Generate, outcome);
            calls.push(call);
        }
        let history = in_order(calls);
        let found = unique_ids(&history, |_| true, |_, id: &u64| Some(*id));
        let counts = [("handed out", found.acknowledged), ("twice", found.duplicated.len())];
        self.notes.push(counted("identifiers", found.attempted, &counts));
        Ok(self.plain(found.verdict, &history))
    }

    /// What was found by a check that demands what it demands.
    fn plain<O, R>(&self, verdict: Verdict, history: &History<O, R>) -> Finding {
        Finding { demand: String::new(), ..self.finding(verdict, history, 1) }
    }

    /// What was found by a check that names its problems.
    fn problems<O, R>(&mut self, problems: &Problems, history: &History<O, R>) -> Finding {
        for problem in &problems.list {
            let allowed = if problem.is_allowed { ", allowed" } else { "" };
            self.notes.push(format!("{}: {}{allowed}", problem.name, problem.count));
        }
        self.plain(problems.verdict(), history)
    }

    pub(super) fn bank(&mut self) -> Result<Finding, ReadError> {
        let recorded = self.recorded;
        let mut calls = Vec::new();
        for operation in &recorded.operations {
            let asked = match operation.f.as_str() {
                "read" => BankOp::Read,
                "transfer" => self.transfer(operation)?,
                _ => return Err(self.unknown(operation)),
            };
            let outcome = match &operation.ending {
                Ending::Failed(_) => Outcome::Failed,
                Ending::Unknown => Outcome::Unknown,
                Ending::Ok(value) if asked == BankOp::Read => {
                    Outcome::Ok(BankReply::Balances(self.balances(operation, value)?))
                }
                Ending::Ok(_) => Outcome::Ok(BankReply::Done),
            };
            let call = self.call(calls.len(), operation, asked, outcome);
            calls.push(call);
        }
        let history = in_order(calls);
        let rules = Bank {
            accounts: Vec::new(),
            total: self.question.total,
            may_be_negative: self.question.may_be_negative,
        };
        let problems = bank(&history, &rules);
        Ok(self.problems(&problems, &history))
    }

    fn transfer(&mut self, operation: &Operation) -> Result<BankOp, ReadError> {
        let part = |name| operation.argument.get(name).filter(|value| !value.is_nil());
        match (part("from"), part("to"), part("amount")) {
            (Some(from), Some(to), Some(Value::Int(amount))) => {
                Ok(BankOp::Transfer { from: self.key(from), to: self.key(to), amount: *amount })
            }
            _ => {
                let what = "a transfer has :from, :to and :amount";
                Err(self.meaningless(operation, what))
            }
        }
    }

    fn balances(
        &mut self,
        operation: &Operation,
        value: &Value,
    ) -> Result<Vec<(u64, Option<i64>)>, ReadError> {
        let Value::Map(pairs) = value else {
            let what = "a read of a bank gets a map of accounts and what is in them";
            return Err(self.meaningless(operation, what));
        };
        let balance = |value: &Value| match value {
            Value::Int(balance) => Some(Some(*balance)),
            Value::Nil => Some(None),
            _ => None,
        };
        let mut balances = Vec::new();
        for (account, value) in pairs {
            let Some(balance) = balance(value) else {
                return Err(self.meaningless(operation, "a balance is a whole number"));
            };
            balances.push((self.key(account), balance));
        }
        Ok(balances)
    }

    /// The number of a key; JSON has them as strings.
    fn key(&mut self, key: &Value) -> u64 {
        match key {
            Value::Text(text) => match text.parse() {
                Ok(number) => self.names.number(&Value::Int(number)),
                Err(_) => self.names.number(key),
            },
            _ => self.names.number(key),
        }
    }

    pub(super) fn long_fork(&mut self) -> Result<Finding, ReadError> {
        let history = self.transactions_history()?;
        let problems = long_fork(&history);
        Ok(self.problems(&problems, &history))
    }

    pub(super) fn causal_reverse(&mut self) -> Result<Finding, ReadError> {
        let collected = self.collect::<Set>(None, Case::set_meaning)?;
        let history = in_order(collected.calls.into_iter().map(unkeyed).collect());
        let problems = causal_reverse(&history);
        Ok(self.problems(&problems, &history))
    }

    pub(super) fn log(&mut self) -> Result<Finding, ReadError> {
        let recorded = self.recorded;
        let mut calls = Vec::new();
        for operation in &recorded.operations {
            let Some(asked) = self.log_op(operation, &operation.argument)? else { continue };
            let outcome = match &operation.ending {
                Ending::Failed(_) => Outcome::Failed,
                Ending::Unknown => Outcome::Unknown,
                Ending::Ok(value) => match self.log_op(operation, value)? {
                    Some(got) => Outcome::Ok(got),
                    None => continue,
                },
            };
            let call = self.call(calls.len(), operation, asked, outcome);
            calls.push(call);
        }
        let history = in_order(calls);
        let problems = log(&history, LogRules::of(&history, recorded.has_real_time));
        Ok(self.problems(&problems, &history))
    }

    fn log_op(&mut self, operation: &Operation, value: &Value) -> Result<Option<LogOp>, ReadError> {
        let keys = |case: &mut Self| {
            value.items().unwrap_or_default().iter().map(|key| case.key(key)).collect()
        };
        match operation.f.as_str() {
            "assign" => return Ok(Some(LogOp::Assign(keys(self)))),
            "subscribe" => return Ok(Some(LogOp::Subscribe(keys(self)))),
            "crash" | "debug-topic-partitions" => return Ok(None),
            _ => {}
        }
        let Some(steps) = value.items() else {
            let what = "sends and polls are a list of steps, and this is none";
            return Err(self.meaningless(operation, what));
        };
        let steps = steps.iter().map(|step| self.log_step(operation, step));
        Ok(Some(LogOp::Steps(steps.collect::<Result<_, _>>()?)))
    }

    /// `[:send 3 7]`, `[:send 3 [12 7]]`, `[:poll]`, `[:poll {3 [[12 7]]}]`.
    fn log_step(&mut self, operation: &Operation, step: &Value) -> Result<LogStep, ReadError> {
        let wrong = |case: &Self| {
            let shown = super::super::source::shown(&step.edn());
            case.meaningless(operation, format!("this is neither a send nor a poll: `{shown}`"))
        };
        let items = step.items().unwrap_or_default();
        match (items.first().and_then(Value::name), items) {
            (Some("send"), [_, key, value]) => {
                let key = self.key(key);
                let (offset, value) = self.record(value);
                Ok(LogStep::Send { key, value, offset })
            }
            (Some("poll"), [_] | [_, Value::Nil]) => Ok(LogStep::Poll(Vec::new())),
            (Some("poll"), [_, Value::Map(pairs)]) => {
                let mut batches = Vec::new();
                for (key, records) in pairs {
                    let Some(records) = records.items() else { return Err(wrong(self)) };
                    let key = self.key(key);
                    let records = records.iter().map(|record| self.record(record)).collect();
                    batches.push(Batch { key, records });
                }
                Ok(LogStep::Poll(batches))
            }
            _ => Err(wrong(self)),
        }
    }

    /// `[offset value]`, or a value alone.
    fn record(&mut self, record: &Value) -> (Option<u64>, u64) {
        match record.items() {
            Some([offset, value]) => (offset.number(), self.names.number(value)),
            _ => (None, self.names.number(record)),
        }
    }

    /// Whether a model is one of those here, and what came of it.
    pub(super) fn other(&mut self) -> Result<Finding, ReadError> {
        match self.model {
            Model::SetFull => self.set_full(),
            Model::FinalSet => self.final_set(),
            Model::CounterBounds => self.counter_bounds(),
            Model::TotalQueue => self.total_queue(),
            Model::UniqueIds => self.unique_ids(),
            Model::Bank => self.bank(),
            Model::LongFork => self.long_fork(),
            Model::CausalReverse => self.causal_reverse(),
            _ => self.log(),
        }
    }
}

fn erased<O, R>(call: &Call<O, R>) -> Call<(), ()> {
    Call {
        id: call.id,
        client: call.client,
        operation: (),
        called: call.called,
        ended: call.ended,
        outcome: Outcome::Unknown,
    }
}

/// A call without its key.
pub(super) fn unkeyed<O, R>(call: Call<Keyed<O>, R>) -> Call<O, R> {
    Call {
        id: call.id,
        client: call.client,
        operation: call.operation.operation,
        called: call.called,
        ended: call.ended,
        outcome: call.outcome,
    }
}

/// `elements: 7; 5 stable, 2 lost`.
fn counted(what: &str, all: usize, counts: &[(&str, usize)]) -> String {
    let parts = counts.iter().filter(|(_, count)| *count > 0);
    let parts: Vec<String> = parts.map(|(name, count)| format!("{count} {name}")).collect();
    match parts[..] {
        [] => format!("{what}: {all}"),
        _ => format!("{what}: {all}; {}", parts.join(", ")),
    }
}
