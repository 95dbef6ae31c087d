//! Lists that are appended to and read whole: a read tells the whole order of versions before it.
//!
//! After Kingsbury and Alvaro, *Elle: Inferring Isolation Anomalies from Experimental Observations*
//! (VLDB 2020). The longest read of a list is its order of versions; every other read must be a
//! beginning of it. An append that committed and was never read comes after all that were.

use super::axioms::Facts;
use super::book::{Book, Fate, NONE, number};
use super::graph::{Graph, Group, RW, Sketch, WR, WW};
use super::levels::{Anomaly, Level};
use super::register::RegisterRead;
use super::tell::{Finding, finding};
use super::words::{Micro, list};

/// A read of a list before the transaction appended to it itself.
#[derive(Clone, Copy)]
struct ListRead<'a> {
    txn: u32,
    /// Its place among the micro operations.
    at: u32,
    key: u32,
    values: &'a [u64],
}

/// What is known of one list.
#[derive(Default)]
struct List<'a> {
    longest: &'a [u64],
    /// Who read that.
    reader: u32,
    /// The appends in the order of the longest read, without those that did not take effect.
    chain: Vec<u32>,
    /// The places in the longest read of elements that are not in the chain, ascending.
    dead: Vec<u32>,
    /// For each place in the chain the next one of another transaction.
    next: Vec<u32>,
    /// Who was the first to read a version and then append; by length of the chain before it.
    updated: Vec<u32>,
    /// Committed appends that nobody read.
    tail: Option<Group>,
    /// How many transactions made those.
    tail_length: usize,
    /// Some read is not a beginning of the longest, which then says nothing of what nobody read.
    is_torn: bool,
}

impl List<'_> {
    /// How many elements of the chain a beginning of the longest read holds.
    fn place(&self, length: usize) -> usize {
        length - self.dead.partition_point(|&at| (at as usize) < length)
    }
}

/// The judge of one history.
pub(super) struct Lists<'a> {
    pub(super) book: Book<'a>,
    lists: Vec<List<'a>>,
    reads: Vec<ListRead<'a>>,
    /// Reads after own appends that began without a read: only their order is looked at.
    late: Vec<ListRead<'a>>,
    /// For each write the one before it in the order of versions.
    pub(super) previous: Vec<u32>,
    /// For each write its place in the longest read of its list.
    pub(super) places: Vec<u32>,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Lists<'a> {
    pub(super) fn new(book: Book<'a>) -> Lists<'a> {
        let lists = book.keys.iter().map(|_| List { reader: NONE, ..List::default() }).collect();
        let writes = book.writes.len();
        let mut judge = Lists {
            book,
            lists,
            reads: Vec::new(),
            late: Vec::new(),
            previous: vec![NONE; writes],
            places: vec![NONE; writes],
            findings: Vec::new(),
        };
        judge.collect();
        judge.order();
        judge
    }

    /// One finding of each anomaly is enough.
    fn note(&mut self, anomaly: Anomaly, txns: &[u32], sentence: impl Fn() -> String) {
        if !self.findings.iter().any(|finding| finding.anomaly == anomaly) {
            self.findings.push(finding(&self.book, anomaly, txns, &sentence()));
        }
    }

    /// Gathers the reads, and compares each transaction with itself.
    fn collect(&mut self) {
        let mut slots = vec![(NONE, 0); self.lists.len()];
        let mut known: Vec<(Option<&'a [u64]>, Vec<u64>)> = Vec::new();
        for txn in self.book.committed().collect::<Vec<_>>() {
            known.clear();
            for (at, micro) in self.book.micros(txn).iter().enumerate() {
                let key = self.book.keys_of(txn)[at];
                let slot = &mut slots[key as usize];
                if slot.0 != txn {
                    *slot = (txn, known.len());
                    known.push((None, Vec::new()));
                }
                let state = &mut known[slot.1];
                match micro {
                    Micro::Append { value, .. } => state.1.push(*value),
                    Micro::ReadList { values, .. } => {
                        let values = values.as_deref().unwrap_or_default();
                        let read = ListRead { txn, at: number(at), key, values };
                        self.compare(read, state);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Compares a read with what the transaction itself has read and appended before.
    fn compare(&mut self, read: ListRead<'a>, (base, own): &mut (Option<&'a [u64]>, Vec<u64>)) {
        let ListRead { txn, key, values, .. } = read;
        let is_like_before = match base {
            Some(base) => {
                values.len() == base.len() + own.len()
                    && values.starts_with(base)
                    && values.ends_with(own)
            }
            None => values.ends_with(own),
        };
        let (name, known) = (self.book.keys[key as usize], *base);
        if !is_like_before {
            self.note(Anomaly::Internal, &[txn], || {
                let expected = match known {
                    Some(base) => list(&[base, &own[..]].concat()),
                    None => format!("a list that ends with {}", list(own)),
                };
                format!(
                    "T1 read k{name} = {}, where its own earlier steps leave {expected}",
                    list(values)
                )
            });
        }
        let list = &mut self.lists[key as usize];
        if values.len() > list.longest.len() || list.reader == NONE {
            (list.longest, list.reader) = (values, txn);
        }
        let is_new = base.is_none() || !is_like_before;
        match own.is_empty() || !is_like_before {
            true if is_new => self.reads.push(read),
            false if is_new => self.late.push(read),
            _ => {}
        }
        if is_new && is_like_before && !own.is_empty() {
            // What it read before its own elements.
            *base = Some(&values[..values.len() - own.len()]);
        } else if is_new {
            (*base, *own) = (Some(values), Vec::new());
        }
    }

    /// The order of versions of each list.
    fn order(&mut self) {
        for key in 0..number(self.lists.len()) {
            let longest = self.lists[key as usize].longest;
            let mut writes = Vec::with_capacity(longest.len());
            for (at, &value) in longest.iter().enumerate() {
                let write = self.book.write_of(key, value);
                writes.push(write.unwrap_or(NONE));
                self.place(key, at, value, write);
            }
            let is_dead = |&write: &u32| {
                write == NONE
                    || !self.book.fates[self.book.writes[write as usize].txn as usize].is_in()
            };
            let list = &mut self.lists[key as usize];
            list.dead = (0..).zip(&writes).filter(|(_, w)| is_dead(w)).map(|(at, _)| at).collect();
            writes.retain(|write| !is_dead(write));
            list.chain = writes;
            let writer = |at: usize| self.book.writes[list.chain[at] as usize].txn;
            let mut next = vec![number(list.chain.len()); list.chain.len()];
            for at in (0..list.chain.len().saturating_sub(1)).rev() {
                let is_own = writer(at) == writer(at + 1);
                next[at] = if is_own { next[at + 1] } else { number(at + 1) };
                self.previous[list.chain[at + 1] as usize] = list.chain[at];
            }
            list.next = next;
            list.updated = vec![NONE; list.chain.len() + 1];
            self.dirty_update(key);
        }
        self.own_order();
        let (reads, late) = (std::mem::take(&mut self.reads), std::mem::take(&mut self.late));
        for read in reads.iter().chain(&late) {
            self.check_read(*read);
        }
        self.reads = reads;
    }

    /// Notes that the element at a place of the longest read of a list was written so.
    fn place(&mut self, key: u32, at: usize, value: u64, write: Option<u32>) {
        let (name, reader) = (self.book.keys[key as usize], self.lists[key as usize].reader);
        let Some(write) = write else {
            return self.note(Anomaly::Garbage, &[reader], || {
                format!("T1 read {value} in k{name}, which nobody appended")
            });
        };
        self.book.saw(write);
        if self.places[write as usize] != NONE {
            return self.note(Anomaly::DuplicateElements, &[reader], || {
                format!("T1 read k{name} with {value} in it twice; it was appended once")
            });
        }
        self.places[write as usize] = number(at);
        let writer = self.book.writes[write as usize].txn;
        if self.book.fates[writer as usize] == Fate::Aborted {
            // Whoever read the shortest list that holds it would do; the longest is at hand.
            self.note(Anomaly::AbortedRead, &[writer, reader], || {
                format!("T2 read {value} in k{name}, which T1 appended, and T1 failed")
            });
        }
    }

    fn dirty_update(&mut self, key: u32) {
        let list = &self.lists[key as usize];
        let Some((dead, after)) = list.dead.iter().find_map(|&at| {
            let after = list.chain.get(list.place(at as usize + 1))?;
            let dead = self.book.write_of(key, list.longest[at as usize])?;
            Some((dead, *after))
        }) else {
            return;
        };
        let (dead, after) = (self.book.writes[dead as usize], self.book.writes[after as usize]);
        if dead.txn == after.txn || self.book.fates[dead.txn as usize] != Fate::Aborted {
            return;
        }
        let name = self.book.keys[key as usize];
        self.note(Anomaly::DirtyUpdate, &[dead.txn, after.txn], || {
            format!(
                "T2 appended {} to k{name} after {}, which T1 appended, and T1 failed",
                after.value, dead.value
            )
        });
    }

    /// What one transaction appended to a list must be there in its own order.
    fn own_order(&mut self) {
        let mut before = vec![NONE; self.lists.len()];
        for (number, write) in (0..).zip(self.book.writes.clone()) {
            let earlier = std::mem::replace(&mut before[write.key as usize], number);
            let first = self.places.get(earlier as usize).copied().unwrap_or(NONE);
            let second = self.places[number as usize];
            let Some(earlier) = self.book.writes.get(earlier as usize).copied() else { continue };
            if earlier.txn != write.txn || second == NONE || first < second {
                continue;
            }
            let (name, reader) =
                (self.book.keys[write.key as usize], self.lists[write.key as usize].reader);
            self.note(Anomaly::IncompatibleOrder, &[write.txn, reader], || {
                let how = if first == NONE { "without" } else { "before" };
                format!(
                    "T2 read k{name} with {} {how} {}, and T1 had appended {} first",
                    write.value, earlier.value, earlier.value
                )
            });
        }
    }

    /// Compares a read with the order of versions.
    fn check_read(&mut self, read: ListRead) {
        let ListRead { txn, at, key, values } = read;
        let (longest, reader) = (self.lists[key as usize].longest, self.lists[key as usize].reader);
        let name = self.book.keys[key as usize];
        if !longest.starts_with(values) {
            self.lists[key as usize].is_torn = true;
            let at = values.iter().zip(longest).position(|(a, b)| a != b).unwrap_or(0);
            self.note(Anomaly::IncompatibleOrder, &[reader, txn], || {
                format!(
                    "T1 read k{name} = {} and T2 read k{name} = {}: element {} is {} in one and {} in \
                     the other, so that neither is the beginning of the other",
                    list(longest),
                    list(values),
                    at + 1,
                    longest[at],
                    values[at]
                )
            });
            self.check_strays(txn, key, values);
            return;
        }
        let is_later = |write: &u32| {
            let place = self.places[*write as usize] as usize;
            let write = &self.book.writes[*write as usize];
            write.key == key && write.at > at && place < values.len()
        };
        let from_later = self.book.writes_of(txn).find(is_later);
        if let Some(write) = from_later {
            let value = self.book.writes[write as usize].value;
            self.note(Anomaly::FutureRead, &[txn], || {
                format!(
                    "T1 read k{name} = {} with {value} in it, which it appended only later",
                    list(values)
                )
            });
        }
    }

    /// A read that is not a beginning of the longest: its elements one by one.
    fn check_strays(&mut self, txn: u32, key: u32, values: &[u64]) {
        let name = self.book.keys[key as usize];
        let mut sorted = values.to_vec();
        sorted.sort();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            self.note(Anomaly::DuplicateElements, &[txn], || {
                format!("T1 read k{name} with {} in it twice; it was appended once", pair[0])
            });
        }
        for &value in values {
            let Some(write) = self.book.write_of(key, value) else {
                self.note(Anomaly::Garbage, &[txn], || {
                    format!("T1 read {value} in k{name}, which nobody appended")
                });
                continue;
            };
            self.book.saw(write);
            let writer = self.book.writes[write as usize].txn;
            if self.book.fates[writer as usize] == Fate::Aborted {
                self.note(Anomaly::AbortedRead, &[writer, txn], || {
                    format!("T2 read {value} in k{name}, which T1 appended, and T1 failed")
                });
            }
        }
    }
}

/// The dependencies.
impl Lists<'_> {
    /// Whether a history without anomalies is certainly of a level. Whatever order the graph leaves
    /// open explains every read. Snapshots also ask for the order of appends that nobody read.
    pub(super) fn is_decided(&self, level: Level) -> bool {
        let is_ordered = || self.lists.iter().all(|list| list.tail_length < 2);
        match level {
            Level::StrongSessionSnapshotIsolation | Level::StrongSnapshotIsolation => false,
            Level::SnapshotIsolation => is_ordered(),
            _ => true,
        }
    }

    /// What the axioms of weak levels look at: who read whose version of each list, and the order of
    /// the versions.
    pub(super) fn facts(&self, sessions: Vec<Vec<u32>>) -> Facts {
        let place_of = |read: &ListRead| {
            let list = &self.lists[read.key as usize];
            list.longest.starts_with(read.values).then(|| list.place(read.values.len()))
        };
        let read_of = |read: &ListRead| {
            let last = place_of(read)?.checked_sub(1);
            let write = last.map_or(NONE, |at| self.lists[read.key as usize].chain[at]);
            Some(RegisterRead { txn: read.txn, key: read.key, write })
        };
        let writer = |write: u32| self.book.writes[write as usize].txn;
        let pairs = self.lists.iter().flat_map(|list| list.chain.windows(2));
        Facts {
            sessions,
            reads: self.reads.iter().filter_map(read_of).collect(),
            sees_what_ended: false,
            known: pairs.map(|pair| (writer(pair[0]), writer(pair[1]), pair[1])).collect(),
        }
    }

    pub(super) fn edges(&mut self, sketch: &mut Sketch) {
        self.tails(sketch);
        for list in &self.lists {
            let writer = |write: u32| self.book.writes[write as usize].txn;
            for (at, &next) in list.next.iter().enumerate() {
                if next as usize == at + 1 && at + 1 < list.chain.len() {
                    let after = list.chain[at + 1];
                    sketch.edge(writer(list.chain[at]), writer(after), WW, after);
                }
            }
            if let (Some(last), Some(tail)) = (list.chain.last(), &list.tail) {
                tail.follow(sketch, writer(*last), WW);
            }
        }
        for read in std::mem::take(&mut self.reads) {
            self.read_edges(sketch, &read);
        }
    }

    /// The appends that took effect and that nobody read.
    fn tails(&mut self, sketch: &mut Sketch) {
        let mut members: Vec<Vec<(u32, u32)>> = vec![Vec::new(); self.lists.len()];
        for (number, write) in (0..).zip(&self.book.writes) {
            let is_unread = self.places[number as usize] == NONE;
            if is_unread && self.book.fates[write.txn as usize].is_in() {
                let list = &mut members[write.key as usize];
                let known = &self.lists[write.key as usize];
                self.previous[number as usize] = known.chain.last().copied().unwrap_or(NONE);
                if list.last().is_none_or(|last| last.0 != write.txn) {
                    list.push((write.txn, number));
                }
            }
        }
        for (list, members) in self.lists.iter_mut().zip(members) {
            list.tail_length = members.len();
            if !members.is_empty() && list.reader != NONE && !list.is_torn {
                list.tail = Some(Group::new(sketch, members));
            }
        }
    }

    fn read_edges(&mut self, sketch: &mut Sketch, read: &ListRead) {
        let list = &self.lists[read.key as usize];
        if !list.longest.starts_with(read.values) {
            return;
        }
        let place = list.place(read.values.len());
        let writer = |write: u32| self.book.writes[write as usize].txn;
        let last = place.checked_sub(1).map(|at| list.chain[at]);
        let next = place.checked_sub(1).map_or(0, |at| list.next[at] as usize);
        if let Some(last) = last {
            sketch.edge(writer(last), read.txn, WR, last);
        }
        match list.chain.get(next) {
            Some(&write) => sketch.edge(read.txn, writer(write), RW, write),
            None => {
                if let Some(tail) = &list.tail {
                    tail.follow(sketch, read.txn, RW);
                }
            }
        }
        let name = self.book.keys[read.key as usize];
        let is_alive = read
            .values
            .len()
            .checked_sub(1)
            .is_none_or(|at| list.dead.binary_search(&number(at)).is_err());
        if let Some(write) = last.map(|last| self.book.writes[last as usize])
            && is_alive
            && !write.is_final
            && write.txn != read.txn
        {
            let value = write.value;
            self.note(Anomaly::IntermediateRead, &[write.txn, read.txn], || {
                format!("T2 read k{name} up to {value}, and T1, which appended that, went on to append to k{name}")
            });
        }
        self.lost_update(read, place);
    }

    /// Two transactions that read one version of a list and both appended to it.
    fn lost_update(&mut self, read: &ListRead, place: usize) {
        let mut own = self.book.writes_of(read.txn);
        if !own.any(|write| self.book.writes[write as usize].key == read.key) {
            return;
        }
        let first = &mut self.lists[read.key as usize].updated[place];
        if *first == NONE || *first == read.txn {
            *first = read.txn;
            return;
        }
        let (first, name) = (*first, self.book.keys[read.key as usize]);
        self.note(Anomaly::LostUpdate, &[first, read.txn], || {
            format!(
                "T1 and T2 both read k{name} = {} and both appended to it, neither after the other",
                list(read.values)
            )
        });
    }
}

/// The graph of a history of lists, with whatever orders it besides its data.
pub(super) fn graph(judge: &mut Lists, more: impl Fn(&Book, &mut Sketch)) -> Graph {
    let mut sketch = Sketch::new(judge.book.len());
    judge.edges(&mut sketch);
    more(&judge.book, &mut sketch);
    sketch.build()
}
