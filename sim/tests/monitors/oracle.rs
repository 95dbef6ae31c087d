//! Tries every order of a small history of any model, remembering what can not be continued.

use std::collections::BTreeSet;

use rehearsal_sim::history::{Call, History};
use rehearsal_sim::service::{Outcome, Sequential};
use rehearsal_sim::time::SimTime;

/// One operation that may have to be placed.
struct Op<'h, M: Sequential> {
    operation: &'h M::Operation,
    reply: Option<&'h M::Reply>,
    /// The operations that ended before this one was called.
    before: u32,
}

/// Whether a history of one object has an order in real time that explains every reply.
pub(crate) fn is_linearizable<M: Sequential>(log: &History<M::Operation, M::Reply>) -> bool {
    let is_before = |a: &Call<M::Operation, M::Reply>, b: &Call<M::Operation, M::Reply>| {
        matches!(a.outcome, Outcome::Ok(_))
            && a.ended.unwrap_or(SimTime(u64::MAX)).max(a.called) < b.called
    };
    has_order::<M>(log, is_before)
}

/// Whether a history of one object has an order that explains every reply and keeps what is before
/// what.
pub(crate) fn has_order<M: Sequential>(
    log: &History<M::Operation, M::Reply>,
    is_before: impl Fn(&Call<M::Operation, M::Reply>, &Call<M::Operation, M::Reply>) -> bool,
) -> bool {
    let known: Vec<_> = log.calls.iter().filter(|c| c.outcome != Outcome::Failed).collect();
    assert!(known.len() <= 32, "too large for trying every order");
    let ops: Vec<Op<M>> = known
        .iter()
        .map(|call| Op {
            operation: &call.operation,
            reply: match &call.outcome {
                Outcome::Ok(reply) => Some(reply),
                _ => None,
            },
            before: known.iter().enumerate().fold(0, |mask, (other, earlier)| {
                mask | u32::from(is_before(earlier, call)) << other
            }),
        })
        .collect();
    let must = ops
        .iter()
        .enumerate()
        .fold(0, |mask, (index, op)| mask | u32::from(op.reply.is_some()) << index);
    search(&ops, must, 0, &M::initial(), &mut BTreeSet::new())
}

/// Whether the operations not in `placed` can follow `state`.
fn search<M: Sequential>(
    ops: &[Op<M>],
    must: u32,
    placed: u32,
    state: &M::State,
    failed: &mut BTreeSet<(u32, M::State)>,
) -> bool {
    if must & !placed == 0 {
        return true;
    }
    if failed.contains(&(placed, state.clone())) {
        return false;
    }
    for (index, op) in ops.iter().enumerate() {
        if placed >> index & 1 == 1 || op.before & must & !placed != 0 {
            continue;
        }
        let (after, reply) = M::apply(state, op.operation);
        if op.reply.is_none_or(|must| *must == reply)
            && search(ops, must, placed | 1 << index, &after, failed)
        {
            return true;
        }
    }
    failed.insert((placed, state.clone()));
    false
}
