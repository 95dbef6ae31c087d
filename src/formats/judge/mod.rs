//! Histories of the neutral form, judged: a model says what operations mean, a consistency what is
//! demanded of them.

mod catalog;
mod infer;
mod kv;
mod names;
mod objects;
mod others;
mod text;
mod transactions;

pub use catalog::{Consistency, Dialect, MODELS, Model, ModelInfo};

pub use rehearsal_sim::check::transactions::Level;
use std::collections::BTreeMap;

use rehearsal_sim::check::{
    Bar, Budget, Engine, Explanation, Verdict, decided_by, linearizable_by, sequential_by,
};
use rehearsal_sim::history::{Call, CallId, History};
use rehearsal_sim::service::{Outcome, Sequential};
use rehearsal_sim::time::SimTime;

use self::names::Names;
use super::source::Source;
use super::{Ending, Operation, ReadError, Recorded, Value};

/// What is asked of a history.
#[derive(Clone, Debug)]
pub struct Question {
    /// What its operations mean; where it is `None`, what the history says, or leaves as the one
    /// possibility.
    pub model: Option<Model>,
    /// What is demanded of it.
    pub consistency: Consistency,
    /// How strictly transactions are to be kept apart; by default as strictly as the history can
    /// tell.
    pub level: Option<Level>,
    /// What a failed compare-and-set and an empty read say; by default what the format's own
    /// checker takes them for.
    pub dialect: Option<Dialect>,
    /// What every object holds at first.
    pub initial: Option<Value>,
    /// Whether values are pairs of a key and a value; `None` finds out.
    pub independent: Option<bool>,
    /// What is in all accounts of a bank together; where it is `None`, the first read tells.
    pub total: Option<i64>,
    /// Whether accounts of a bank may be overdrawn.
    pub may_be_negative: bool,
    /// How much work may be done.
    pub budget: Budget,
}

impl Default for Question {
    fn default() -> Question {
        Question {
            model: None,
            consistency: Consistency::Linearizable,
            level: None,
            dialect: None,
            initial: None,
            independent: None,
            total: None,
            may_be_negative: false,
            budget: Budget::default(),
        }
    }
}

/// What was found out about a history.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The verdict, in the words of the file.
    pub verdict: Verdict,
    /// The model it was judged by.
    pub model: Model,
    /// What was demanded of it: `linearizable`, `snapshot-isolation`.
    pub demand: String,
    /// What a failed compare-and-set and an empty read were taken for, where the model has them.
    pub dialect: Option<Dialect>,
    /// How many operations were judged.
    pub operations: u64,
    /// How many of them nobody knows the end of.
    pub open: u64,
    /// Of how many processes.
    pub processes: u64,
    /// On how many independent objects.
    pub objects: u64,
    /// What else there is to say: what was passed over, and what was taken for what.
    pub notes: Vec<String>,
    /// The algorithms that decided, where there is a choice.
    pub by: String,
    /// What to call the moments of the picture's operations: call and end, in the order of its bars.
    pub moments: Vec<(String, Option<String>)>,
    /// What to call their clients.
    pub clients: Vec<String>,
}

/// Judges a history that was read from `text`.
///
/// # Errors
///
/// With its place in the text, if an operation means nothing in the model, or no model is named and
/// the operations leave no one choice.
pub fn judge(text: &str, recorded: &Recorded, question: &Question) -> Result<Finding, ReadError> {
    let source = Source::new(text);
    let model = match question.model {
        Some(model) => model,
        None => infer::model(&source, recorded)?,
    };
    let told = recorded.manifest.as_ref().and_then(|manifest| manifest.dialect.as_deref());
    let by_format = Dialect::of(recorded.format);
    let dialect = question.dialect.or_else(|| told.and_then(Dialect::named)).unwrap_or(by_format);
    let mut case = Case {
        source: &source,
        recorded,
        question,
        model,
        dialect,
        names: Names::new(recorded),
        notes: Vec::new(),
    };
    case.names.has_options = matches!(model, Model::Register | Model::Mutex | Model::Lock);
    case.remark();
    let mut finding = case.judge()?;
    if let Verdict::Fail(explanation) = &finding.verdict {
        let moment = |time| case.names.moment(time);
        let bars = explanation.bars.iter();
        finding.moments =
            bars.clone().map(|bar| (moment(bar.called_ns), bar.ended_ns.map(moment))).collect();
        let client = |client: u32| case.names.tell(&format!("client{client}"));
        finding.clients = bars.map(|bar| client(bar.client)).collect();
    }
    finding.notes = case.notes;
    Ok(finding)
}

/// A history on trial.
struct Case<'a> {
    source: &'a Source<'a>,
    recorded: &'a Recorded,
    question: &'a Question,
    model: Model,
    dialect: Dialect,
    names: Names,
    notes: Vec<String>,
}

/// What an operation means in a model: what was called, on which object, and what came of it.
struct Meaning<M: Sequential> {
    operation: M::Operation,
    outcome: Outcome<M::Reply>,
}

impl Case<'_> {
    fn remark(&mut self) {
        if self.recorded.skipped > 0 {
            let note = format!(
                "passed over: {} lines or events that are not of clients",
                self.recorded.skipped
            );
            self.notes.push(note);
        }
    }

    /// The error that an operation means nothing in the model.
    fn meaningless(&self, operation: &Operation, what: impl Into<String>) -> ReadError {
        let help = self.model.info().vocabulary;
        self.source.error(operation.called.at, what, help)
    }

    /// The error that a model has no such operation.
    fn unknown(&self, operation: &Operation) -> ReadError {
        let name = self.model.info().name;
        let what = format!("{name} has no operation `{}`", super::source::shown(&operation.f));
        self.meaningless(operation, what)
    }

    fn judge(&mut self) -> Result<Finding, ReadError> {
        if self.question.consistency == Consistency::Session && self.model != Model::Register {
            let what = "session guarantees are judged of registers";
            return Err(self.source.error(
                0,
                what,
                "add --model register, or demand something else",
            ));
        }
        match self.model {
            Model::Register => self.register(),
            Model::Kv => self.kv(),
            Model::Queue => self.queue::<rehearsal_sim::check::model::Queue>(),
            Model::Stack => self.queue::<rehearsal_sim::check::model::Stack>(),
            Model::PriorityQueue => self.queue::<rehearsal_sim::check::model::PriorityQueue>(),
            Model::Set => self.set(),
            Model::Counter => self.counter(),
            Model::Mutex | Model::Lock => self.lock(),
            Model::ListAppend | Model::RwRegister => self.transactions(),
            _ => self.other(),
        }
    }

    /// A call of a history, from what an operation means.
    fn call<O, R>(
        &mut self,
        id: usize,
        from: &Operation,
        operation: O,
        outcome: Outcome<R>,
    ) -> Call<O, R> {
        let outcome_known = !matches!(outcome, Outcome::Unknown);
        Call {
            id: CallId(id as u64),
            client: self.names.client(&from.process),
            operation,
            called: self.names.time(from.called),
            ended: from.ended.filter(|_| outcome_known).map(|moment| self.names.time(moment)),
            outcome,
        }
    }

    /// Judges a history of a sequential model, object by object.
    fn objects<M: Sequential>(
        &mut self,
        history: &History<M::Operation, M::Reply>,
        object: impl Fn(&M::Operation) -> u64 + Copy,
    ) -> Finding {
        let budget = self.question.budget;
        let demanded = match self.recorded.has_real_time {
            true => self.question.consistency,
            // Only the order of each process is known.
            false => Consistency::Sequential,
        };
        if demanded != self.question.consistency {
            let note = "there is no real time in this history: it is judged as sequential, not as \
                        linearizable";
            self.notes.push(note.to_owned());
        }
        let verdict = match demanded {
            Consistency::Sequential => sequential_by::<M>(history, object, budget),
            _ => linearizable_by::<M>(history, object, budget),
        };
        let verdict = match verdict {
            Verdict::Fail(mut explanation) => {
                surround::<M>(&mut explanation, history, object);
                Verdict::Fail(explanation)
            }
            other => other,
        };
        let mut objects: Vec<u64> =
            history.calls.iter().map(|call| object(&call.operation)).collect();
        objects.sort_unstable();
        objects.dedup();
        let by = match demanded {
            Consistency::Linearizable => engines::<M>(history, object, budget),
            _ => String::new(),
        };
        Finding {
            demand: demanded.name().to_owned(),
            by,
            ..self.finding(verdict, history, objects.len())
        }
    }

    /// What was found, in the words of the file.
    fn finding<O, R>(&self, verdict: Verdict, history: &History<O, R>, objects: usize) -> Finding {
        let mut processes: Vec<u32> = history.calls.iter().map(|call| call.client).collect();
        processes.sort_unstable();
        processes.dedup();
        let open = history.calls.iter().filter(|call| call.ended.is_none()).count();
        Finding {
            verdict: self.names.verdict(verdict),
            model: self.model,
            demand: self.question.consistency.name().to_owned(),
            dialect: self.model.info().has_dialects.then_some(self.dialect),
            operations: history.calls.len() as u64,
            open: open as u64,
            processes: processes.len() as u64,
            objects: objects as u64,
            notes: Vec::new(),
            by: String::new(),
            moments: Vec::new(),
            clients: Vec::new(),
        }
    }

    /// What every object holds at first, as a call before all others.
    fn before<O, R>(&mut self, operation: O, reply: R) -> Call<O, R> {
        let client = self.names.client(&super::Process::Name("initially".to_owned()));
        let (called, ended) = (SimTime(0), Some(SimTime(1)));
        Call { id: CallId(0), client, operation, called, ended, outcome: Outcome::Ok(reply) }
    }
}

/// One operation alone is shown with as many others.
const OTHERS: usize = 8;

/// Where one operation is what is left of a broken history, adds the last ones on its object before
/// it ended: nobody sees by one bar what is wrong.
fn surround<M: Sequential>(
    explanation: &mut Explanation,
    history: &History<M::Operation, M::Reply>,
    object: impl Fn(&M::Operation) -> u64,
) {
    let [alone] = &explanation.bars[..] else { return };
    let is_alone = |call: &&Call<M::Operation, M::Reply>| {
        call.client == alone.client && call.called.0 == alone.called_ns
    };
    let Some(blamed) = history.calls.iter().find(is_alone) else { return };
    let until = blamed.ended.unwrap_or(blamed.called);
    let mut around: Vec<_> = history.calls.iter().collect();
    around.retain(|call| {
        let is_there = object(&call.operation) == object(&blamed.operation);
        is_there && call.called <= until && call.outcome != Outcome::Failed && call.id != blamed.id
    });
    let bar = |call: &&Call<M::Operation, M::Reply>| Bar {
        client: call.client,
        text: match &call.outcome {
            Outcome::Ok(reply) => format!("{:?} -> {reply:?}", call.operation),
            _ => format!("{:?} -> unknown", call.operation),
        },
        called_ns: call.called.0,
        ended_ns: call.ended.map(|ended| ended.0),
        ..Bar::default()
    };
    let mut bars: Vec<Bar> = around.iter().rev().take(OTHERS).map(bar).collect();
    bars.push(Bar { is_blamed: true, ..alone.clone() });
    bars.sort_by_key(|bar| bar.called_ns);
    explanation.bars = bars;
}

/// Longer histories are not asked again which engine decided.
const MOST_ASKED: usize = 20_000;

/// The engines that decided about the objects of a history.
fn engines<M: Sequential>(
    history: &History<M::Operation, M::Reply>,
    object: impl Fn(&M::Operation) -> u64,
    budget: Budget,
) -> String {
    if history.calls.len() > MOST_ASKED {
        return String::new();
    }
    let mut objects: BTreeMap<u64, Vec<_>> = BTreeMap::new();
    for call in &history.calls {
        objects.entry(object(&call.operation)).or_default().push(call);
    }
    let mut found: Vec<&str> = Vec::new();
    for calls in objects.values() {
        let decided = |engine| decided_by::<M>(engine, calls, budget).is_some();
        let engine = match () {
            () if decided(Engine::Monitor) => "a monitor",
            () if decided(Engine::Zones) => "zones",
            () => "a search",
        };
        if !found.contains(&engine) {
            found.push(engine);
        }
    }
    found.sort_unstable();
    found.join(" and ")
}

/// Numbers calls in the order of their times, which is the order they have in a history.
fn in_order<O, R>(mut calls: Vec<Call<O, R>>) -> History<O, R> {
    calls.sort_by_key(|call| call.called);
    for (number, call) in calls.iter_mut().enumerate() {
        call.id = CallId(number as u64);
    }
    History { calls }
}

/// Whether an error says that nobody knows.
fn is_timeout(error: &Value) -> bool {
    let text = error.edn();
    ["timed-out", "timeout", "timed out"].iter().any(|word| text.contains(word))
}

/// Whether an error says that something else was there.
fn says_mismatch(error: &Value) -> bool {
    error.name() == Some("mismatch")
}

/// The outcome of an operation whose failure says nothing but that it had no effect.
fn outcome<R>(ending: &Ending, ok: impl FnOnce(&Value) -> R) -> Outcome<R> {
    match ending {
        Ending::Ok(value) => Outcome::Ok(ok(value)),
        Ending::Failed(_) => Outcome::Failed,
        Ending::Unknown => Outcome::Unknown,
    }
}
