//! Short words for histories of transactions.

use rehearsal_sim::check::Verdict;
use rehearsal_sim::check::transactions::{
    Demand, Judgement, Level, Micro, Transaction, Transactions,
};
use rehearsal_sim::history::{Call, CallId};
use rehearsal_sim::service::Outcome;
use rehearsal_sim::time::SimTime;

/// Appends a value to a list.
pub(crate) fn a(key: u64, value: u64) -> Micro {
    Micro::Append { key, value }
}

/// Reads a list.
pub(crate) fn l(key: u64, values: &[u64]) -> Micro {
    Micro::ReadList { key, values: Some(values.to_vec()) }
}

/// Writes a register.
pub(crate) fn w(key: u64, value: u64) -> Micro {
    Micro::Write { key, value }
}

/// Reads a register.
pub(crate) fn r(key: u64, value: impl Into<Option<u64>>) -> Micro {
    Micro::Read { key, value: value.into() }
}

/// What a transaction was before anybody answered it.
pub(crate) fn asked(micros: &[Micro]) -> Transaction {
    let ask = |micro: &Micro| match *micro {
        Micro::ReadList { key, .. } => Micro::ReadList { key, values: None },
        Micro::Read { key, .. } => Micro::Read { key, value: None },
        ref write => write.clone(),
    };
    micros.iter().map(ask).collect()
}

/// Adds a transaction.
pub(crate) fn add(
    log: &mut Transactions,
    client: u32,
    (called, ended): (u64, Option<u64>),
    operation: Transaction,
    outcome: Outcome<Transaction>,
) {
    log.calls.push(Call {
        id: CallId(log.calls.len() as u64),
        client,
        operation,
        called: SimTime(called),
        ended: ended.map(SimTime),
        outcome,
    });
}

/// Committed transactions of a client each, all at the same time.
pub(crate) fn all_at_once(transactions: &[&[Micro]]) -> Transactions {
    let mut log = Transactions::default();
    for (client, micros) in (0..).zip(transactions) {
        add(&mut log, client, (0, Some(10)), asked(micros), Outcome::Ok(micros.to_vec()));
    }
    log
}

/// Committed transactions of a client each, one after the other.
pub(crate) fn in_a_row(transactions: &[&[Micro]]) -> Transactions {
    let mut log = all_at_once(transactions);
    for (at, call) in (0..).zip(&mut log.calls) {
        (call.called, call.ended) = (SimTime(at * 10), Some(SimTime(at * 10 + 5)));
    }
    log
}

/// The same by one client, at times that say nothing.
pub(crate) fn by_one_client(transactions: &[&[Micro]]) -> Transactions {
    let mut log = all_at_once(transactions);
    log.calls.iter_mut().for_each(|call| call.client = 7);
    log
}

pub(crate) fn demand(level: Level) -> Demand {
    Demand { level, has_real_time: true }
}

pub(crate) fn names(judgement: &Judgement) -> Vec<String> {
    judgement.findings.iter().map(|finding| finding.anomaly.name()).collect()
}

pub(crate) fn passes(judgement: &Judgement) -> bool {
    match &judgement.verdict {
        Verdict::Pass => true,
        Verdict::Fail(_) => false,
        Verdict::Inconclusive(why) => panic!("{why}"),
    }
}

/// `REHEARSAL_HISTORIES` asks for more of them.
pub(crate) fn wanted(default: u64) -> u64 {
    let text = std::env::var("REHEARSAL_HISTORIES").ok();
    text.map_or(default, |text| text.parse().expect("a number of histories"))
}

/// Numbers without pattern: splitmix64.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len() as u64)).unwrap()]
    }
}

/// A history, a line for each transaction.
pub(crate) fn show(log: &Transactions) -> String {
    let line = |call: &Call<Transaction, Transaction>| {
        let (what, how) = match &call.outcome {
            Outcome::Ok(steps) => (steps, "ok"),
            Outcome::Failed => (&call.operation, "failed"),
            Outcome::Unknown => (&call.operation, "unknown"),
        };
        let ended = call.ended.map(|ended| ended.0);
        format!("client{} {}..{ended:?} {how}: {what:?}\n", call.client, call.called.0)
    };
    log.calls.iter().map(line).collect()
}
