//! Tries every order of a small history.

use std::collections::{BTreeMap, BTreeSet};

use rehearsal_sim::check::transactions::{Micro, Transactions};
use rehearsal_sim::history::Call;
use rehearsal_sim::service::Outcome;

/// Lists and registers by key; a register is a list of one element.
pub(crate) type State = BTreeMap<u64, Vec<u64>>;

type TxnCall = Call<Vec<Micro>, Vec<Micro>>;

/// What must stay in order besides the data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeps {
    Nothing,
    RealTime,
}

/// Does what a micro operation does; `false` if it read something else.
fn step(state: &mut State, micro: &Micro, is_known: bool) -> bool {
    match micro {
        Micro::Append { key, value } => state.entry(*key).or_default().push(*value),
        Micro::Write { key, value } => {
            state.insert(*key, vec![*value]);
        }
        Micro::ReadList { key, values } if is_known => {
            let found = state.get(key).map_or(&[][..], |list| list);
            return found == values.as_deref().unwrap_or_default();
        }
        Micro::Read { key, value } if is_known => {
            return state.get(key).and_then(|list| list.last()) == value.as_ref();
        }
        _ => {}
    }
    true
}

/// Whether one transaction after the other can give what was read.
pub(crate) fn is_serializable(log: &Transactions, keeps: Keeps) -> bool {
    let known: Vec<&TxnCall> =
        log.calls.iter().filter(|call| call.outcome != Outcome::Failed).collect();
    place(&known, keeps, 0, &State::new(), &mut BTreeSet::new())
}

fn place(
    known: &[&TxnCall],
    keeps: Keeps,
    placed: u32,
    state: &State,
    failed: &mut BTreeSet<(u32, State)>,
) -> bool {
    let is_ok = |call: &TxnCall| matches!(call.outcome, Outcome::Ok(_));
    let left = || (0..known.len()).filter(|i| placed >> i & 1 == 0);
    if !left().any(|i| is_ok(known[i])) {
        return true;
    }
    if !failed.insert((placed, state.clone())) {
        return false;
    }
    left().any(|i| {
        let call = known[i];
        let waits = left().any(|j| {
            keeps == Keeps::RealTime
                && is_ok(known[j])
                && known[j].ended.is_some_and(|ended| ended < call.called)
        });
        let mut after = state.clone();
        let micros = match &call.outcome {
            Outcome::Ok(reply) => reply,
            _ => &call.operation,
        };
        !waits
            && micros.iter().all(|micro| step(&mut after, micro, is_ok(call)))
            && place(known, keeps, placed | 1 << i, &after, failed)
    })
}

/// Whether some order of commits, each after reading some earlier state, gives what was read, where
/// nobody writes what was written since the state it read.
pub(crate) fn is_snapshot(log: &Transactions) -> bool {
    let known: Vec<&TxnCall> =
        log.calls.iter().filter(|call| call.outcome != Outcome::Failed).collect();
    commit(&known, 0, &mut vec![State::new()])
}

fn commit(known: &[&TxnCall], placed: u32, past: &mut Vec<State>) -> bool {
    let is_ok = |call: &TxnCall| matches!(call.outcome, Outcome::Ok(_));
    let left: Vec<usize> = (0..known.len()).filter(|i| placed >> i & 1 == 0).collect();
    if !left.iter().any(|&i| is_ok(known[i])) {
        return true;
    }
    for i in left {
        let call = known[i];
        let micros = match &call.outcome {
            Outcome::Ok(reply) => reply,
            _ => &call.operation,
        };
        let now = past.last().unwrap().clone();
        let can = past.iter().any(|snapshot| {
            let mut own = snapshot.clone();
            let is_fresh = |micro: &Micro| {
                micro.written().is_none() || snapshot.get(&micro.key()) == now.get(&micro.key())
            };
            micros.iter().all(|micro| step(&mut own, micro, is_ok(call)) && is_fresh(micro))
        });
        if can {
            let mut after = now;
            micros.iter().for_each(|micro| {
                step(&mut after, micro, false);
            });
            past.push(after);
            if commit(known, placed | 1 << i, past) {
                return true;
            }
            past.pop();
        }
    }
    false
}
