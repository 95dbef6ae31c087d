//! Small histories of a register without pattern, correct ones and spoilt ones.

use rehearsal_sim::service::Outcome;

use crate::model::{Dice, Do, Log, Reply, Value, apply, note, settle};

/// A history of a correct register: each operation takes effect at an instant of its span.
pub(crate) fn correct(dice: &mut Dice, (clients, count): (u64, u64), unique: bool) -> Log {
    let width = 1 + dice.below(8);
    let weights = [1 + dice.below(4), 1 + dice.below(3), dice.below(4), dice.below(3)];
    let doubt = 1 + dice.below(4);
    let mut clocks = [0; 16];
    let mut drafts = Vec::new();
    for serial in 1..=count {
        let client = usize::try_from(dice.below(clients)).unwrap();
        let called = clocks[client] + dice.below(3);
        let ended = called + dice.below(width);
        clocks[client] = ended + dice.below(2);
        let value = |dice: &mut Dice| match unique {
            true => 1 + dice.below(serial),
            false => dice.below(2),
        };
        let new = if unique { serial } else { dice.below(2) };
        let mut kind = dice.below(weights.iter().sum());
        let operation = match weights.iter().position(|weight| {
            let is_it = kind < *weight;
            kind = kind.saturating_sub(*weight);
            is_it
        }) {
            Some(0) => Do::Get,
            Some(1) => Do::Put(new),
            Some(2) => Do::Cas(value(dice), new),
            _ => Do::Append(new),
        };
        let fate = dice.below(40) / doubt;
        let effect = match fate {
            0..2 => called + dice.below(30),
            _ => called + dice.below(ended - called + 1),
        };
        let client = u32::try_from(client).unwrap();
        drafts.push((effect, dice.next(), client, operation, called, ended, fate));
    }
    drafts.sort();
    let mut log = Log::default();
    let mut state: Value = None;
    for (_, luck, client, operation, called, ended, fate) in drafts {
        let (after, reply) = apply(&state, operation);
        let (took, outcome, ended) = match fate {
            0 => (luck % 3 > 0, Outcome::Unknown, None),
            1 => (luck % 3 > 0, Outcome::Unknown, Some(ended)),
            2 if luck % 2 == 0 => (false, Outcome::Failed, Some(ended)),
            _ => (true, Outcome::Ok(reply), Some(ended)),
        };
        if took {
            state = after;
        }
        note(&mut log, client, operation, (called, ended), outcome);
    }
    settle(&mut log);
    log
}

/// Changes a reply, a span or an outcome here and there.
pub(crate) fn spoil(dice: &mut Dice, log: &mut Log) {
    let replies: Vec<Reply> = log
        .calls
        .iter()
        .filter_map(|call| match &call.outcome {
            Outcome::Ok(reply) => Some(reply.clone()),
            _ => None,
        })
        .collect();
    for _ in 0..3 + dice.below(6) {
        let index = usize::try_from(dice.below(log.calls.len() as u64)).unwrap();
        let other = usize::try_from(dice.next() % replies.len().max(1) as u64).unwrap();
        let call = &mut log.calls[index];
        match (dice.below(6), &call.outcome, call.operation.1) {
            (0..3, Outcome::Ok(_), Do::Get) => {
                let found = replies.get(other).filter(|reply| matches!(reply, Reply::Is(_)));
                let made = apply(&None, Do::Put(dice.below(6))).0;
                call.outcome = Outcome::Ok(found.cloned().unwrap_or(Reply::Is(made)));
            }
            (0..3, Outcome::Ok(_), Do::Cas(..)) => {
                call.outcome = Outcome::Ok(Reply::Swapped(dice.chance(50)));
            }
            (3..5, Outcome::Ok(_), _) => call.ended = Some(call.called),
            (_, Outcome::Unknown, _) if dice.chance(50) => call.outcome = Outcome::Failed,
            _ => {}
        }
    }
    settle(log);
}
