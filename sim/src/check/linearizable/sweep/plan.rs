//! The operations of one object and their events in the order of time.

use std::collections::BTreeMap;

use crate::history::Call;
use crate::service::{Accepts, Outcome, Sequential};
use crate::time::SimTime;

/// The event number of a return that never comes.
pub(in crate::check::linearizable) const NEVER: usize = usize::MAX;

/// What one operation has to be placed as.
pub(in crate::check::linearizable) struct Op<'h, M: Sequential> {
    pub(in crate::check::linearizable) call: &'h Call<M::Operation, M::Reply>,
    /// The reply it must give; `None` when nobody knows, and then it need not be placed at all.
    pub(in crate::check::linearizable) reply: Option<&'h M::Reply>,
    pub(in crate::check::linearizable) is_read: bool,
    pub(in crate::check::linearizable) is_blind: bool,
    /// Gives the reply it must give from every state.
    pub(in crate::check::linearizable) is_legal: bool,
    /// In which states it gives that reply.
    pub(in crate::check::linearizable) accepts: Accepts<M::State>,
    /// The number of the event of its call.
    pub(in crate::check::linearizable) called: usize,
    /// The number of the event of its return, or [`NEVER`].
    pub(in crate::check::linearizable) returned: usize,
}

impl<M: Sequential> Op<'_, M> {
    /// Whether it can be placed everywhere but in certain states, and changes nothing.
    pub(in crate::check::linearizable) fn is_refusal(&self) -> bool {
        matches!(self.accepts, Accepts::NotIn(_))
    }
}

/// What happens at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::check::linearizable) enum Event {
    /// An operation may take effect from now on.
    Call(usize),
    /// An operation must have taken effect by now.
    Return(usize),
}

/// One object's share of a history.
pub(in crate::check::linearizable) struct Plan<'h, M: Sequential> {
    pub(in crate::check::linearizable) ops: Vec<Op<'h, M>>,
    pub(in crate::check::linearizable) events: Vec<Event>,
}

impl<'h, M: Sequential> Plan<'h, M> {
    /// Leaves out what certainly had no effect and the reads whose reply nobody knows. At equal
    /// times calls come before returns: only a strictly earlier end orders two operations.
    pub(in crate::check::linearizable) fn new(
        calls: &[&'h Call<M::Operation, M::Reply>],
    ) -> Plan<'h, M> {
        let mut ops = Vec::new();
        let mut timeline = Vec::new();
        for call in calls {
            let Some(op) = op::<M>(call) else { continue };
            let index = ops.len();
            timeline.push((call.called, Event::Call(index)));
            if op.reply.is_some() {
                let ended = call.ended.unwrap_or(SimTime(u64::MAX)).max(call.called);
                timeline.push((ended, Event::Return(index)));
            }
            ops.push(op);
        }
        timeline.sort();
        for (number, (_, event)) in timeline.iter().enumerate() {
            match *event {
                Event::Call(op) => ops[op].called = number,
                Event::Return(op) => ops[op].returned = number,
            }
        }
        let events = timeline.into_iter().map(|(_, event)| event).collect();
        Plan { ops, events }
    }
}

fn op<'h, M: Sequential>(call: &'h Call<M::Operation, M::Reply>) -> Option<Op<'h, M>> {
    let operation = &call.operation;
    let is_read = M::is_read(operation);
    let reply = match &call.outcome {
        Outcome::Ok(reply) => Some(reply),
        Outcome::Failed => return None,
        Outcome::Unknown if is_read => return None,
        Outcome::Unknown => None,
    };
    let accepts = match reply {
        None => Accepts::Everywhere,
        Some(reply) if M::is_always_legal(operation) => {
            match M::apply(&M::initial(), operation).1 == *reply {
                true => Accepts::Everywhere,
                false => Accepts::Nowhere,
            }
        }
        Some(reply) => M::accepts(operation, reply),
    };
    Some(Op {
        call,
        reply,
        is_read,
        is_blind: M::is_blind_write(operation),
        is_legal: accepts == Accepts::Everywhere,
        accepts,
        called: 0,
        returned: NEVER,
    })
}

/// Operations pending for ever that are interchangeable: each may take effect once, at any time
/// after its call, or never.
pub(in crate::check::linearizable) struct Class {
    /// Stands for all of them.
    pub(in crate::check::linearizable) op: usize,
    /// The events of their calls, ascending.
    pub(in crate::check::linearizable) calls: Vec<usize>,
}

/// The operations pending for ever.
pub(in crate::check::linearizable) struct Classes {
    pub(in crate::check::linearizable) list: Vec<Class>,
    /// The class of each operation that has one.
    pub(in crate::check::linearizable) of: Vec<Option<usize>>,
}

impl Classes {
    /// Sorts the operations pending for ever into classes: blind writes by where they lead, the
    /// others by what they are.
    pub(in crate::check::linearizable) fn new<M: Sequential>(
        plan: &Plan<M>,
        goals: &[Option<usize>],
    ) -> Classes {
        let mut found = BTreeMap::new();
        let mut list: Vec<Class> = Vec::new();
        let mut of = vec![None; plan.ops.len()];
        for (index, op) in plan.ops.iter().enumerate().filter(|(_, op)| op.reply.is_none()) {
            let goal = goals[index];
            let operation = goal.is_none().then_some(&op.call.operation);
            let class = *found.entry((goal, operation)).or_insert_with(|| {
                list.push(Class { op: index, calls: Vec::new() });
                list.len() - 1
            });
            list[class].calls.push(op.called);
            of[index] = Some(class);
        }
        for class in &mut list {
            class.calls.sort();
        }
        Classes { list, of }
    }
}
