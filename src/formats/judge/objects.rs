//! Registers, queues, stacks, sets, counters and locks.

use std::collections::BTreeMap;

use rehearsal_sim::check::model::{
    Counter, CounterOp, CounterReply, Keyed, Lock, LockOp, LockReply, Many, QueueOp, QueueReply,
    Register, RegisterOp, RegisterReply, Set, SetOp, SetReply,
};
use rehearsal_sim::check::{Guarantee, Touch, sessions};
use rehearsal_sim::history::Call;
use rehearsal_sim::service::{Outcome, Sequential};

use super::{Case, Finding, Meaning, in_order, is_timeout, outcome, says_mismatch};
use crate::formats::{Ending, Operation, ReadError, Value};

use super::catalog::{Consistency, Dialect, Model};
use super::others::unkeyed;

/// What the operations of a history mean.
pub(super) struct Collected<M: Sequential> {
    pub(super) calls: Vec<Call<Keyed<M::Operation>, M::Reply>>,
    /// Whether objects have keys.
    pub(super) has_keys: bool,
}

impl Case<'_> {
    pub(super) fn register(&mut self) -> Result<Finding, ReadError> {
        let initial = self.question.initial.clone().filter(|value| !value.is_nil());
        let first = initial.map(|value| {
            let number = self.names.number(&value);
            (RegisterOp::Write(number), RegisterReply::Done)
        });
        if self.question.consistency == Consistency::Session {
            return self.register_sessions(first.as_ref());
        }
        self.keyed::<Register>(first.as_ref(), Case::register_meaning)
    }

    /// Judges the session guarantees.
    fn register_sessions(
        &mut self,
        first: Option<&(RegisterOp, RegisterReply)>,
    ) -> Result<Finding, ReadError> {
        let collected = self.collect::<Register>(first, Case::register_meaning)?;
        let has_keys = collected.has_keys;
        let history = in_order(collected.calls);
        let found = sessions(&history, |keyed: &Keyed<RegisterOp>, reply| {
            let touch = match (keyed.operation, reply) {
                (RegisterOp::Write(value), _) => Touch::Write(value),
                (RegisterOp::Read, Some(RegisterReply::Value(value))) => Touch::Read(*value),
                (RegisterOp::Cas { to, .. }, Some(RegisterReply::Done)) => Touch::Write(to),
                _ => Touch::Nothing,
            };
            (keyed.key, touch)
        });
        let broken = Guarantee::ALL.into_iter().filter(|guarantee| !found.keeps(*guarantee));
        let broken: Vec<&str> = broken.map(Guarantee::name).collect();
        if !broken.is_empty() {
            self.notes.push(format!("guarantees that are broken: {}", broken.join(", ")));
        }
        if !has_keys {
            // There is one register, and it has no name.
            self.names.unsaid.extend(["k0 ", " on k0"]);
        }
        let mut keys: Vec<u64> = history.calls.iter().map(|call| call.operation.key).collect();
        keys.sort_unstable();
        keys.dedup();
        Ok(self.finding(found.verdict, &history, keys.len()))
    }

    fn register_meaning(
        &mut self,
        operation: &Operation,
        argument: &Value,
        ending: &Ending,
    ) -> Result<Option<Meaning<Register>>, ReadError> {
        let asserts = self.dialect != Dialect::Jepsen;
        Ok(Some(match operation.f.as_str() {
            "read" | "r" | "get" => {
                let said = match ending {
                    Ending::Ok(value) if asserts || !value.is_nil() => value,
                    // Nothing is known of it.
                    _ => return Ok(None),
                };
                let value = self.optional(said);
                Meaning {
                    operation: RegisterOp::Read,
                    outcome: Outcome::Ok(RegisterReply::Value(value)),
                }
            }
            "write" | "w" | "put" | "set" => {
                if argument.is_nil() {
                    return Err(self.meaningless(operation, "this write has no value"));
                }
                let number = self.names.number(argument);
                let outcome = outcome(ending, |_| RegisterReply::Done);
                Meaning { operation: RegisterOp::Write(number), outcome }
            }
            "cas" | "compare-and-set" => {
                let Some([from, to]) = argument.items() else {
                    let what = "a cas has the value it expects and the one it writes: [0 4]";
                    return Err(self.meaningless(operation, what));
                };
                let (from, to) = (self.optional(from), self.names.number(to));
                let outcome = match self.cas_mismatch(ending) {
                    true => Outcome::Ok(RegisterReply::Mismatch),
                    false => outcome(ending, |_| RegisterReply::Done),
                };
                Meaning { operation: RegisterOp::Cas { from, to }, outcome }
            }
            _ => return Err(self.unknown(operation)),
        }))
    }

    /// Whether the end of a compare-and-set says that it found another value.
    pub(super) fn cas_mismatch(&self, ending: &Ending) -> bool {
        match ending {
            Ending::Ok(value) => *value == Value::Bool(false),
            Ending::Failed(error) => {
                let asserts = self.dialect == Dialect::Porcupine && !is_timeout(error);
                asserts || says_mismatch(error)
            }
            Ending::Unknown => false,
        }
    }

    fn optional(&mut self, value: &Value) -> Option<u64> {
        (!value.is_nil()).then(|| self.names.number(value))
    }

    /// Whether values are pairs of a key and a value, as Jepsen writes independent objects.
    fn has_tuples(&mut self) -> bool {
        if let Some(asked) = self.question.independent {
            return asked;
        }
        let operations = &self.recorded.operations;
        let is_read = |operation: &&Operation| matches!(operation.f.as_str(), "read" | "r" | "get");
        let is_pair = |value: &Value| value.items().is_some_and(|items| items.len() == 2);
        let found =
            operations.iter().any(|operation| is_read(&operation) && is_pair(&operation.argument))
                && operations
                    .iter()
                    .all(|operation| operation.key.is_none() && is_pair(&operation.argument));
        if found {
            let note = "values are taken as pairs [key value]: each key is an object of its own";
            self.notes.push(note.to_owned());
        }
        found
    }

    /// What the operations of a history mean, each with the object it was called on.
    pub(super) fn collect<M: Sequential>(
        &mut self,
        first: Option<&(M::Operation, M::Reply)>,
        meaning: impl Fn(
            &mut Self,
            &Operation,
            &Value,
            &Ending,
        ) -> Result<Option<Meaning<M>>, ReadError>,
    ) -> Result<Collected<M>, ReadError> {
        let tuples = self.has_tuples();
        let recorded = self.recorded;
        let mut calls: Vec<Call<Keyed<M::Operation>, M::Reply>> = Vec::new();
        let mut keys: BTreeMap<Option<Value>, u64> = BTreeMap::new();
        for operation in &recorded.operations {
            let (key, argument, ending) = match tuples {
                true => self.untuple(operation)?,
                false => {
                    (operation.key.clone(), operation.argument.clone(), operation.ending.clone())
                }
            };
            let Some(meaning) = meaning(self, operation, &argument, &ending)? else { continue };
            let number = key.as_ref().map_or(0, |key| self.names.number(key));
            keys.insert(key, number);
            let keyed = Keyed { key: number, operation: meaning.operation };
            calls.push(self.call(calls.len(), operation, keyed, meaning.outcome));
        }
        for key in keys.values() {
            if let Some((operation, reply)) = first {
                let keyed = Keyed { key: *key, operation: operation.clone() };
                let call = self.before(keyed, reply.clone());
                calls.push(call);
            }
        }
        Ok(Collected { calls, has_keys: keys.keys().any(Option::is_some) })
    }

    /// Judges a history in which each key is an object of its own.
    fn keyed<M: Sequential>(
        &mut self,
        first: Option<&(M::Operation, M::Reply)>,
        meaning: impl Fn(
            &mut Self,
            &Operation,
            &Value,
            &Ending,
        ) -> Result<Option<Meaning<M>>, ReadError>,
    ) -> Result<Finding, ReadError> {
        let collected = self.collect::<M>(first, meaning)?;
        if !collected.has_keys {
            self.names.unsaid.push(" on object 0");
            let plain = in_order(collected.calls.into_iter().map(unkeyed).collect());
            return Ok(self.objects::<M>(&plain, |_| 0));
        }
        let history = in_order(collected.calls);
        Ok(self.objects::<Many<M>>(&history, |operation| operation.key))
    }

    /// `[key value]`, taken apart.
    fn untuple(&self, operation: &Operation) -> Result<(Option<Value>, Value, Ending), ReadError> {
        let Some([key, argument]) = operation.argument.items() else {
            let what = "with independent keys, values are pairs [key value], and this is none";
            return Err(self.meaningless(operation, what));
        };
        let ending = match &operation.ending {
            Ending::Ok(value) => match value.items() {
                Some([_, value]) => Ending::Ok(value.clone()),
                _ => Ending::Ok(value.clone()),
            },
            other => other.clone(),
        };
        Ok((Some(key.clone()), argument.clone(), ending))
    }

    pub(super) fn queue<M>(&mut self) -> Result<Finding, ReadError>
    where
        M: Sequential<Operation = QueueOp, Reply = QueueReply>,
    {
        let first = match self.question.initial.clone() {
            None | Some(Value::Nil) => None,
            Some(value) => Some((QueueOp::Put(self.priority(&value)), QueueReply::Done)),
        };
        self.keyed::<M>(first.as_ref(), Case::queue_meaning)
    }

    /// The number of a value, which priority queues order by.
    fn priority(&mut self, value: &Value) -> u64 {
        self.names.number(value)
    }

    pub(super) fn queue_meaning<M>(
        &mut self,
        operation: &Operation,
        argument: &Value,
        ending: &Ending,
    ) -> Result<Option<Meaning<M>>, ReadError>
    where
        M: Sequential<Operation = QueueOp, Reply = QueueReply>,
    {
        let puts = ["enqueue", "enq", "put", "push", "add", "offer", "insert", "send"];
        let takes = [
            "dequeue",
            "deq",
            "take",
            "pop",
            "poll",
            "get",
            "rem",
            "remove",
            "removemax",
            "receive",
        ];
        let f = operation.f.as_str();
        if puts.contains(&f) {
            if argument.is_nil() {
                return Err(self.meaningless(operation, "there is no value to put"));
            }
            if self.model == Model::PriorityQueue && argument.number().is_none() {
                let what = "priorities are whole numbers from 0, or nobody knows which is greater";
                return Err(self.meaningless(operation, what));
            }
            let operation = QueueOp::Put(self.priority(argument));
            return Ok(Some(Meaning { operation, outcome: outcome(ending, |_| QueueReply::Done) }));
        }
        if !takes.contains(&f) {
            return Err(self.unknown(operation));
        }
        let outcome = match ending {
            Ending::Ok(value) if is_empty(value) => Outcome::Ok(QueueReply::Took(None)),
            Ending::Ok(value) => Outcome::Ok(QueueReply::Took(Some(self.names.number(value)))),
            Ending::Failed(_) => Outcome::Failed,
            Ending::Unknown => Outcome::Unknown,
        };
        Ok(Some(Meaning { operation: QueueOp::Take, outcome }))
    }

    pub(super) fn set(&mut self) -> Result<Finding, ReadError> {
        self.keyed::<Set>(None, Case::set_meaning)
    }

    pub(super) fn set_meaning(
        &mut self,
        operation: &Operation,
        argument: &Value,
        ending: &Ending,
    ) -> Result<Option<Meaning<Set>>, ReadError> {
        let said = |ending: &Ending| match ending {
            Ending::Ok(Value::Bool(was)) => Some(*was),
            _ => None,
        };
        let f = operation.f.as_str();
        if matches!(f, "read" | "r" | "get" | "elements") && argument.is_nil() {
            let Ending::Ok(value) = ending else { return Ok(None) };
            if value.is_nil() {
                return Ok(None);
            }
            let Some(items) = value.items() else {
                return Err(self.meaningless(operation, "this read got no list of elements"));
            };
            let mut elements = self.names.numbers(items);
            elements.dedup();
            let outcome = Outcome::Ok(SetReply::Elements(elements));
            return Ok(Some(Meaning { operation: SetOp::Read, outcome }));
        }
        if argument.is_nil() {
            return Err(self.meaningless(operation, "there is no element"));
        }
        let element = self.names.number(argument);
        let known = said(ending);
        let asked = match f {
            "add" | "insert" | "put" | "write" if known.is_some() => SetOp::Add(element),
            "add" | "insert" | "put" | "write" => SetOp::Put(element),
            "remove" | "delete" | "rem" | "del" => SetOp::Remove(element),
            "contains" | "member" | "has" | "read" => SetOp::Contains(element),
            _ => return Err(self.unknown(operation)),
        };
        let outcome = match (asked, ending, known) {
            (SetOp::Put(_), Ending::Ok(_), _) => Outcome::Ok(SetReply::Done),
            (_, Ending::Ok(_), Some(was)) => Outcome::Ok(SetReply::Was(was)),
            (_, Ending::Ok(_), None) => {
                let what = "its result is true or false: whether the element was there";
                return Err(self.meaningless(operation, what));
            }
            (_, Ending::Unknown, _) => Outcome::Unknown,
            (_, Ending::Failed(_), _) => Outcome::Failed,
        };
        Ok(Some(Meaning { operation: asked, outcome }))
    }

    pub(super) fn counter(&mut self) -> Result<Finding, ReadError> {
        let first = match &self.question.initial {
            Some(Value::Int(number)) => Some((CounterOp::Add(*number), CounterReply::Done)),
            _ => None,
        };
        self.keyed::<Counter>(first.as_ref(), Case::counter_meaning)
    }

    pub(super) fn counter_meaning(
        &mut self,
        operation: &Operation,
        argument: &Value,
        ending: &Ending,
    ) -> Result<Option<Meaning<Counter>>, ReadError> {
        let amount = match argument {
            Value::Int(number) => Some(*number),
            Value::Nil => Some(1),
            _ => None,
        };
        let wrong = |case: &Self| case.meaningless(operation, "this is no whole number to add");
        let got = |value: &Value| match value {
            Value::Int(number) => Some(*number),
            Value::List(items) => items.last().and_then(|last| match last {
                Value::Int(number) => Some(*number),
                _ => None,
            }),
            _ => None,
        };
        Ok(Some(match operation.f.as_str() {
            "read" | "r" | "get" => {
                let Ending::Ok(value) = ending else { return Ok(None) };
                let Some(number) = got(value) else { return Ok(None) };
                let outcome = Outcome::Ok(CounterReply::Value(number));
                Meaning { operation: CounterOp::Read, outcome }
            }
            "add" | "inc" | "increment" | "incr" => {
                let operation = CounterOp::Add(amount.ok_or_else(|| wrong(self))?);
                Meaning { operation, outcome: outcome(ending, |_| CounterReply::Done) }
            }
            "dec" | "decrement" | "subtract" | "sub" => {
                let amount = amount.and_then(i64::checked_neg).ok_or_else(|| wrong(self))?;
                let outcome = outcome(ending, |_| CounterReply::Done);
                Meaning { operation: CounterOp::Add(amount), outcome }
            }
            "add-and-get" | "increment-and-get" | "inc-and-get" => {
                let amount = amount.ok_or_else(|| wrong(self))?;
                let Some(reply) = (match ending {
                    Ending::Ok(value) => {
                        got(value).map(|total| Outcome::Ok(CounterReply::Value(total)))
                    }
                    Ending::Failed(_) => Some(Outcome::Failed),
                    Ending::Unknown => Some(Outcome::Unknown),
                }) else {
                    return Err(self.meaningless(operation, "this add-and-get got no number"));
                };
                Meaning { operation: CounterOp::AddAndGet(amount), outcome: reply }
            }
            _ => return Err(self.unknown(operation)),
        }))
    }

    pub(super) fn lock(&mut self) -> Result<Finding, ReadError> {
        if self.model == Model::Mutex {
            self.names.unsaid.push("(by 0)");
        }
        self.keyed::<Lock>(None, Case::lock_meaning)
    }

    fn lock_meaning(
        &mut self,
        operation: &Operation,
        argument: &Value,
        ending: &Ending,
    ) -> Result<Option<Meaning<Lock>>, ReadError> {
        // A mutex does not ask who gives it back.
        let holder = match (self.model, argument) {
            (Model::Mutex, _) => 0,
            (_, Value::Nil | Value::Bool(_)) => u64::from(self.names.client(&operation.process)),
            (_, holder) => self.names.number(holder),
        };
        let asked = match operation.f.as_str() {
            "acquire" | "lock" | "try-acquire" | "trylock" => LockOp::Acquire(holder),
            "release" | "unlock" => LockOp::Release(holder),
            _ => return Err(self.unknown(operation)),
        };
        let outcome = match ending {
            Ending::Ok(Value::Bool(false)) => Outcome::Ok(LockReply::Refused),
            Ending::Failed(error) if self.dialect == Dialect::Porcupine && !is_timeout(error) => {
                Outcome::Ok(LockReply::Refused)
            }
            _ => outcome(ending, |_| LockReply::Granted),
        };
        Ok(Some(Meaning { operation: asked, outcome }))
    }
}

/// Whether a take says that there was nothing.
fn is_empty(value: &Value) -> bool {
    value.is_nil() || value.name().is_some_and(|name| name == "empty" || name == "exhausted")
}
