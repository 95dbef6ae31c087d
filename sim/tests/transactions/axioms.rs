//! The axioms of weak levels by trying every order of commits, as they stand in Biswas and Enea,
//! OOPSLA 2019, figure 3.

use rehearsal_sim::check::transactions::{Micro, Transactions};
use rehearsal_sim::service::Outcome;

/// A committed transaction: its client, and its steps that matter to others.
struct Txn<'a> {
    client: u32,
    steps: &'a [Micro],
}

impl Txn<'_> {
    fn writes(&self, key: u64) -> bool {
        self.steps.iter().any(|step| step.key() == key && step.written().is_some())
    }

    /// Reads of what others wrote, in order: key and value.
    fn reads(&self) -> Vec<(u64, Option<u64>)> {
        let mut own = Vec::new();
        let mut reads = Vec::new();
        for step in self.steps {
            match *step {
                Micro::Write { key, .. } => own.push(key),
                Micro::Read { key, value } if !own.contains(&key) => reads.push((key, value)),
                _ => {}
            }
        }
        reads
    }
}

/// What must be seen of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Must {
    ReadCommitted,
    ReadAtomic,
    Causal,
}

/// Whether a history whose transactions all committed, each of which agrees with itself and reads
/// only final writes of others, satisfies an axiom.
pub(crate) fn holds(log: &Transactions, must: Must, with_sessions: bool) -> bool {
    let txns: Vec<Txn> = log
        .calls
        .iter()
        .filter_map(|call| match &call.outcome {
            Outcome::Ok(steps) => Some(Txn { client: call.client, steps }),
            _ => None,
        })
        .collect();
    let count = txns.len();
    let writer = |key: u64, value: u64| {
        let is_it = |step: &Micro| step.key() == key && step.written() == Some(value);
        txns.iter().position(|txn| txn.steps.iter().any(is_it))
    };
    // Reads from, session, and what both lead to.
    let mut from = vec![vec![false; count]; count];
    let mut one = vec![vec![false; count]; count];
    for later in 0..count {
        for (key, value) in txns[later].reads() {
            if let Some(earlier) = value.map(|value| writer(key, value).unwrap()) {
                from[earlier][later] = true;
            }
        }
        for earlier in 0..count {
            let is_session = with_sessions && earlier < later;
            let follows = is_session && txns[earlier].client == txns[later].client;
            one[earlier][later] = from[earlier][later] || follows;
        }
    }
    let mut all = one.clone();
    for middle in 0..count {
        for a in 0..count {
            for b in 0..count {
                all[a][b] |= all[a][middle] && all[middle][b];
            }
        }
    }
    // (earlier, later) pairs that the order of commits must keep; later may be "nobody".
    let mut pairs = Vec::new();
    for reader in 0..count {
        let reads = txns[reader].reads();
        for (at, &(key, value)) in reads.iter().enumerate() {
            let source = value.map(|value| writer(key, value).unwrap());
            for other in (0..count).filter(|&other| other != reader && Some(other) != source) {
                let is_seen = match must {
                    Must::ReadCommitted => reads[..at].iter().any(|&(key, value)| {
                        value.is_some_and(|value| writer(key, value) == Some(other))
                    }),
                    Must::ReadAtomic => one[other][reader],
                    Must::Causal => all[other][reader],
                };
                if is_seen && txns[other].writes(key) {
                    pairs.push((other, source));
                }
            }
        }
    }
    for (earlier, row) in one.iter().enumerate() {
        let after = (0..count).filter(|&later| row[later]);
        pairs.extend(after.map(|later| (earlier, Some(later))));
    }
    let mut order: Vec<usize> = Vec::new();
    can_order(&pairs, count, &mut order)
}

/// Tries every order in turn.
fn can_order(pairs: &[(usize, Option<usize>)], count: usize, order: &mut Vec<usize>) -> bool {
    if order.len() == count {
        return true;
    }
    (0..count).filter(|next| !order.contains(next)).collect::<Vec<_>>().into_iter().any(|next| {
        let is_late = |&(earlier, later): &(usize, Option<usize>)| match later {
            None => true,
            Some(later) => later == next && !order.contains(&earlier),
        };
        if pairs.iter().any(is_late) {
            return false;
        }
        order.push(next);
        let can = can_order(pairs, count, order);
        order.pop();
        can
    })
}
