//! Stores that run transactions at random: one that is right, and others that are not.

use rehearsal_sim::check::transactions::{Micro, Transaction, Transactions};
use rehearsal_sim::service::Outcome;
use rehearsal_sim::time::SimTime;

use crate::history::{Dice, add, asked};
use crate::oracle::State;

/// How a store keeps transactions apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Each at one instant.
    Serializable,
    /// Each reads a snapshot and commits at one instant, whatever has happened in between.
    Snapshot,
    /// As before, but fails if what it writes was written in between.
    SnapshotIsolation,
    /// Each step takes effect by itself, and stays even if the transaction fails.
    Uncommitted,
}

/// What a random history is made of.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) clients: u64,
    pub(crate) transactions: u64,
    pub(crate) keys: u64,
    pub(crate) steps: u64,
    pub(crate) is_list: bool,
    /// Of a hundred transactions as many have an outcome nobody knows, and as many fail.
    pub(crate) doubt: u64,
}

struct Draft {
    client: u32,
    called: u64,
    ended: u64,
    /// When each step, and at last the commit, takes effect.
    instants: Vec<u64>,
    steps: Transaction,
    is_lost: bool,
    has_failed: bool,
    snapshot: State,
    writes: Vec<(u64, u64)>,
}

fn draft(dice: &mut Dice, shape: Shape, serial: &mut u64, clocks: &mut [u64]) -> Draft {
    let client = dice.below(shape.clients);
    let clock = &mut clocks[usize::try_from(client).unwrap()];
    let called = *clock + dice.below(3);
    let ended = called + 1 + dice.below(12);
    *clock = ended + 1;
    let count = 1 + dice.below(shape.steps);
    let mut steps = Vec::new();
    for _ in 0..count {
        let key = dice.below(shape.keys);
        *serial += 1;
        steps.push(match (dice.chance(50), shape.is_list) {
            (true, true) => Micro::Append { key, value: *serial },
            (true, false) => Micro::Write { key, value: *serial },
            (false, true) => Micro::ReadList { key, values: None },
            (false, false) => Micro::Read { key, value: None },
        });
    }
    let mut instants: Vec<u64> =
        (0..=count).map(|_| called + dice.below(ended - called + 1)).collect();
    instants.sort_unstable();
    let is_lost = dice.chance(shape.doubt);
    Draft {
        client: u32::try_from(client).unwrap(),
        called,
        ended,
        instants,
        steps,
        is_lost,
        has_failed: dice.chance(if is_lost { 50 } else { shape.doubt }),
        snapshot: State::new(),
        writes: Vec::new(),
    }
}

fn read(state: &State, micro: &mut Micro) {
    match micro {
        Micro::ReadList { key, values } => *values = state.get(key).cloned(),
        Micro::Read { key, value } => {
            *value = state.get(key).and_then(|list| list.last()).copied();
        }
        _ => {}
    }
}

fn write(state: &mut State, micro: &Micro) {
    match *micro {
        Micro::Append { key, value } => state.entry(key).or_default().push(value),
        Micro::Write { key, value } => {
            state.insert(key, vec![value]);
        }
        _ => {}
    }
}

/// Runs random transactions on a store.
pub(crate) fn run(dice: &mut Dice, kind: Kind, shape: Shape) -> (Transactions, State) {
    let mut clocks = vec![0; usize::try_from(shape.clients).unwrap()];
    let mut serial = 0;
    let mut drafts: Vec<Draft> =
        (0..shape.transactions).map(|_| draft(dice, shape, &mut serial, &mut clocks)).collect();
    drafts.sort_by_key(|draft| draft.called);
    let mut events: Vec<(u64, u64, usize, usize)> = Vec::new();
    for (number, draft) in drafts.iter().enumerate() {
        for (step, at) in draft.instants.iter().enumerate() {
            events.push((*at, dice.next() >> 8, number, step));
        }
    }
    // Steps of one transaction stay in their order.
    events.sort();
    let mut next = vec![0; drafts.len()];
    let mut state = State::new();
    for (.., number, _) in events {
        let step = next[number];
        next[number] += 1;
        advance(&mut state, &mut drafts[number], step, kind);
    }
    let mut log = Transactions::default();
    for draft in drafts {
        let (outcome, ended) = match (draft.is_lost, draft.has_failed) {
            (true, _) => (Outcome::Unknown, None),
            (_, true) => (Outcome::Failed, Some(draft.ended)),
            _ => (Outcome::Ok(draft.steps.clone()), Some(draft.ended)),
        };
        add(&mut log, draft.client, (draft.called, ended), asked(&draft.steps), outcome);
    }
    (log, state)
}

/// One step of a transaction, or, after the last one, its commit.
fn advance(state: &mut State, draft: &mut Draft, step: usize, kind: Kind) {
    let is_commit = step == draft.steps.len();
    match kind {
        Kind::Uncommitted if !is_commit => {
            read(state, &mut draft.steps[step]);
            write(state, &draft.steps[step]);
        }
        Kind::Serializable if is_commit => {
            let mut after = state.clone();
            for micro in &mut draft.steps {
                read(&after, micro);
                write(&mut after, micro);
            }
            if !draft.has_failed {
                *state = after;
            }
        }
        Kind::Snapshot | Kind::SnapshotIsolation if !is_commit => {
            if step == 0 {
                draft.snapshot = state.clone();
                draft.writes = state.iter().map(|(key, list)| (*key, last(list))).collect();
            }
            read(&draft.snapshot, &mut draft.steps[step]);
            write(&mut draft.snapshot, &draft.steps[step]);
        }
        Kind::Snapshot | Kind::SnapshotIsolation => {
            let before = |key: u64| draft.writes.iter().find(|entry| entry.0 == key).map(|e| e.1);
            let is_stale = draft.steps.iter().any(|micro| {
                let now = state.get(&micro.key()).map(|list| last(list));
                micro.written().is_some() && now != before(micro.key())
            });
            draft.has_failed |= is_stale && kind == Kind::SnapshotIsolation;
            if !draft.has_failed {
                draft.steps.iter().for_each(|micro| write(state, micro));
            }
        }
        _ => {}
    }
}

fn last(list: &[u64]) -> u64 {
    list.last().copied().unwrap_or(0)
}

/// Adds a transaction, after all others, that reads everything as the others left it.
pub(crate) fn read_all(log: &mut Transactions, state: &State, shape: Shape) {
    // Longer than any takes that nobody heard of again.
    let end = log.calls.iter().map(|call| call.ended.unwrap_or(SimTime(call.called.0 + 20)).0);
    let end = end.max().unwrap_or(0);
    let mut steps: Transaction = (0..shape.keys)
        .map(|key| match shape.is_list {
            true => Micro::ReadList { key, values: None },
            false => Micro::Read { key, value: None },
        })
        .collect();
    steps.iter_mut().for_each(|step| read(state, step));
    add(log, 99, (end + 1, Some(end + 2)), asked(&steps), Outcome::Ok(steps));
}
