//! Serializability and snapshot isolation by trying every order: for small histories, with a budget.
//!
//! Both are NP-complete where the order of versions is not known (Papadimitriou 1979; Biswas and
//! Enea, OOPSLA 2019).

use std::collections::{BTreeMap, BTreeSet};

use super::book::{Book, Fate, NONE, number};
use super::levels::{Anomaly, Level};
use super::tell::{Finding, finding};
use super::words::Micro;

/// More transactions are not tried.
pub(super) const TRANSACTIONS: usize = 20;
/// As many steps may be tried.
const STEPS: u64 = 1_000_000;

/// What must be kept besides the data.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeps {
    Nothing,
    Process,
    RealTime,
}

/// What each key holds: of registers a write, of lists the number of a sequence.
type State = Vec<u32>;

struct Search<'a> {
    book: &'a Book<'a>,
    txns: Vec<u32>,
    /// For each transaction, as bits, those that must come before it.
    before: Vec<u32>,
    /// Sequences of appends: which one an append makes of which.
    sequences: BTreeMap<(u32, u32), u32>,
    values: Vec<Vec<u64>>,
    failed: BTreeSet<(u32, State)>,
    steps: u64,
}

/// What rules out every order; the error says that the budget ended.
pub(super) fn check(
    book: &Book,
    level: Level,
    has_real_time: bool,
) -> Result<Option<Finding>, String> {
    let keeps = match level {
        Level::StrongSessionSerializable | Level::StrongSessionSnapshotIsolation => Keeps::Process,
        Level::StrictSerializable | Level::StrongSnapshotIsolation if has_real_time => {
            Keeps::RealTime
        }
        Level::StrictSerializable | Level::StrongSnapshotIsolation => Keeps::Process,
        _ => Keeps::Nothing,
    };
    let is_snapshot = matches!(
        level,
        Level::SnapshotIsolation
            | Level::StrongSessionSnapshotIsolation
            | Level::StrongSnapshotIsolation
    );
    let all = 0..number(book.len());
    let txns: Vec<u32> = all.filter(|&txn| book.fates[txn as usize] != Fate::Aborted).collect();
    if txns.len() > TRANSACTIONS {
        return Err(format!(
            "{} transactions are more than the {TRANSACTIONS} of which every order is tried",
            txns.len()
        ));
    }
    let mut search = Search::new(book, txns, keeps, has_real_time);
    let start = vec![NONE; book.keys.len()];
    let is_explained = match is_snapshot {
        true => search.snapshots(0, &mut vec![(start, 0)]),
        false => search.orders(0, &start),
    };
    match is_explained {
        true => Ok(None),
        false if search.steps == 0 => {
            Err(format!("the budget of {STEPS} steps ended before every order was tried"))
        }
        false => {
            let (anomaly, what) = match is_snapshot {
                true => (Anomaly::NotSnapshotIsolation, "order of the commits and snapshots"),
                false => (Anomaly::NotSerializable, "order"),
            };
            let sentence = format!(
                "no {what} of these {} transactions explains their reads",
                search.txns.len()
            );
            Ok(Some(finding(book, anomaly, &search.txns, &sentence)))
        }
    }
}

impl<'a> Search<'a> {
    fn new(book: &'a Book<'a>, txns: Vec<u32>, keeps: Keeps, has_real_time: bool) -> Search<'a> {
        let comes_first = |earlier: u32, later: u32| {
            let (one, other) = (book.call(earlier), book.call(later));
            let ended = one.ended.filter(|_| book.fates[earlier as usize] == Fate::Committed);
            match keeps {
                Keeps::Nothing => false,
                Keeps::RealTime => ended.is_some_and(|ended| ended < other.called),
                Keeps::Process => {
                    let is_over = ended.is_some_and(|ended| ended <= other.called);
                    one.client == other.client
                        && earlier < later
                        && book.fates[earlier as usize] == Fate::Committed
                        && (is_over || !has_real_time)
                }
            }
        };
        let bits = |later: &u32| {
            let first =
                |(at, earlier): (usize, &u32)| u32::from(comes_first(*earlier, *later)) << at;
            txns.iter().enumerate().map(first).sum()
        };
        let before = txns.iter().map(bits).collect();
        Search {
            book,
            before,
            txns,
            sequences: BTreeMap::new(),
            values: Vec::new(),
            failed: BTreeSet::new(),
            steps: STEPS,
        }
    }

    fn is_known(&self, at: usize) -> bool {
        self.book.fates[self.txns[at] as usize] == Fate::Committed
    }

    /// What is left to place: all that is known to have committed.
    fn is_done(&self, placed: u32) -> bool {
        (0..self.txns.len()).all(|at| placed >> at & 1 == 1 || !self.is_known(at))
    }

    /// Those whose turn may be next. One that may have never happened need not be placed.
    fn next(&self, placed: u32) -> Vec<usize> {
        let is_free = |&at: &usize| placed >> at & 1 == 0 && (self.before[at] & !placed) == 0;
        (0..self.txns.len()).filter(is_free).collect()
    }

    fn orders(&mut self, placed: u32, state: &State) -> bool {
        if self.is_done(placed) {
            return true;
        }
        if self.steps == 0 || !self.failed.insert((placed, state.clone())) {
            return false;
        }
        for at in self.next(placed) {
            let mut after = state.clone();
            if self.run(at, &mut after) && self.orders(placed | 1 << at, &after) {
                return true;
            }
        }
        false
    }

    /// `past` holds every state so far, and what was placed when it was reached.
    fn snapshots(&mut self, placed: u32, past: &mut Vec<(State, u32)>) -> bool {
        if self.is_done(placed) {
            return true;
        }
        for at in self.next(placed) {
            if self.steps == 0 {
                return false;
            }
            let now = past[past.len() - 1].0.clone();
            let fits = |search: &mut Search, (state, seen): &(State, u32)| {
                let mut own = state.clone();
                let changes = search.run(at, &mut own);
                let is_recent = search.before[at] & !seen == 0;
                let is_untouched =
                    (0..own.len()).all(|key| own[key] == state[key] || state[key] == now[key]);
                (changes && is_recent && is_untouched).then_some((own, state.clone()))
            };
            let snapshots = past.clone();
            let Some((own, state)) = snapshots.iter().rev().find_map(|one| fits(self, one)) else {
                continue;
            };
            let mix = |key: usize| if own[key] == state[key] { now[key] } else { own[key] };
            past.push(((0..now.len()).map(mix).collect(), placed | 1 << at));
            if self.snapshots(placed | 1 << at, past) {
                return true;
            }
            past.pop();
        }
        false
    }

    /// Runs a transaction on a state; `false` if it read something else.
    fn run(&mut self, at: usize, state: &mut State) -> bool {
        self.steps = self.steps.saturating_sub(1);
        let txn = self.txns[at];
        let keys = self.book.keys_of(txn);
        for (micro, &key) in self.book.micros(txn).iter().zip(keys) {
            let held = &mut state[key as usize];
            match micro {
                Micro::Write { value, .. } => {
                    *held = self.book.write_of(key, *value).unwrap_or(NONE);
                }
                Micro::Append { value, .. } => {
                    let write = self.book.write_of(key, *value).unwrap_or(NONE);
                    *held = self.append(*held, write);
                }
                _ if !self.is_known(at) => {}
                Micro::Read { value, .. } => {
                    let writes = &self.book.writes;
                    if writes.get(*held as usize).map(|write| write.value) != *value {
                        return false;
                    }
                }
                Micro::ReadList { values, .. } => {
                    let found = self.values.get(*held as usize).map_or(&[][..], |list| list);
                    if found != values.as_deref().unwrap_or_default() {
                        return false;
                    }
                }
            }
        }
        true
    }

    fn append(&mut self, sequence: u32, write: u32) -> u32 {
        let next = number(self.values.len());
        let known = *self.sequences.entry((sequence, write)).or_insert(next);
        if known == next {
            let mut list = self.values.get(sequence as usize).cloned().unwrap_or_default();
            list.push(self.book.writes[write as usize].value);
            self.values.push(list);
        }
        known
    }
}
