//! Registers that are read and overwritten: who read from whom is known, the order of versions only
//! in part.
//!
//! After Kingsbury and Alvaro, *Elle* (VLDB 2020), section 4: what nobody wrote comes before all that
//! was written, and what a transaction writes comes after what it read from the same register.

use super::book::{Book, NONE, number};
use super::graph::{Graph, Group, RW, Sketch, WR, WW};
use super::levels::Anomaly;
use super::tell::{Finding, finding};
use super::words::Micro;

/// What a transaction read from a register before it wrote it itself.
#[derive(Clone, Copy)]
pub(super) struct RegisterRead {
    pub(super) txn: u32,
    pub(super) key: u32,
    /// The number of the write; [`NONE`] if it found nothing.
    pub(super) write: u32,
}

/// The judge of one history.
pub(super) struct Registers<'a> {
    pub(super) book: Book<'a>,
    /// In the order of transactions, and of steps in each.
    pub(super) reads: Vec<RegisterRead>,
    /// For each write the one its transaction had read, if it follows from that.
    pub(super) previous: Vec<u32>,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Registers<'a> {
    pub(super) fn new(book: Book<'a>) -> Registers<'a> {
        let previous = vec![NONE; book.writes.len()];
        let mut judge = Registers { book, reads: Vec::new(), previous, findings: Vec::new() };
        judge.collect();
        judge
    }

    fn note(&mut self, anomaly: Anomaly, txns: &[u32], sentence: impl Fn() -> String) {
        if !self.findings.iter().any(|finding| finding.anomaly == anomaly) {
            self.findings.push(finding(&self.book, anomaly, txns, &sentence()));
        }
    }

    /// Gathers the reads, and compares each transaction with itself.
    fn collect(&mut self) {
        let mut slots = vec![(NONE, 0); self.book.keys.len()];
        // What each register holds for the transaction, and whether it wrote that itself.
        let mut known: Vec<(Option<u64>, bool)> = Vec::new();
        for txn in self.book.committed().collect::<Vec<_>>() {
            known.clear();
            for (at, micro) in self.book.micros(txn).iter().enumerate() {
                let key = self.book.keys_of(txn)[at];
                let slot = &mut slots[key as usize];
                let is_first = slot.0 != txn;
                if is_first {
                    *slot = (txn, known.len());
                    known.push((None, false));
                }
                let place = slot.1;
                let found = match *micro {
                    Micro::Read { value, .. } => value,
                    _ => micro.written(),
                };
                let (expected, is_own) = known[place];
                let is_same = is_first || expected == found;
                if micro.written().is_none() && !(is_own && is_same) {
                    if !is_same {
                        let name = self.book.keys[key as usize];
                        self.note(Anomaly::Internal, &[txn], || {
                            format!(
                                "T1 read k{name} = {}, where its own earlier steps leave {}",
                                word(found),
                                word(expected)
                            )
                        });
                    }
                    self.read(txn, number(at), key, found);
                }
                let is_own = micro.written().is_some() || is_own && is_same;
                known[place] = (found, is_own);
            }
        }
    }

    /// A read that its own transaction does not explain.
    fn read(&mut self, txn: u32, at: u32, key: u32, found: Option<u64>) {
        let name = self.book.keys[key as usize];
        let Some(value) = found else {
            return self.reads.push(RegisterRead { txn, key, write: NONE });
        };
        let Some(number) = self.book.write_of(key, value) else {
            return self.note(Anomaly::Garbage, &[txn], || {
                format!("T1 read k{name} = {value}, which nobody wrote")
            });
        };
        self.book.saw(number);
        let write = self.book.writes[number as usize];
        if write.txn == txn {
            if write.at > at {
                self.note(Anomaly::FutureRead, &[txn], || {
                    format!("T1 read k{name} = {value}, which it wrote only later")
                });
            }
            return;
        }
        if !self.book.fates[write.txn as usize].is_in() {
            return self.note(Anomaly::AbortedRead, &[write.txn, txn], || {
                format!("T2 read k{name} = {value}, which T1 wrote, and T1 failed")
            });
        }
        if !write.is_final {
            self.note(Anomaly::IntermediateRead, &[write.txn, txn], || {
                format!("T2 read k{name} = {value}, which T1 wrote and then overwrote itself")
            });
        }
        self.reads.push(RegisterRead { txn, key, write: number });
    }

    /// The final write of a transaction to a key.
    fn final_write(&self, txn: u32, key: u32) -> Option<u32> {
        self.book.writes_of(txn).find(|&write| {
            let write = &self.book.writes[write as usize];
            write.key == key && write.is_final
        })
    }

    fn edges(&mut self, sketch: &mut Sketch) {
        // By the version that was read: of a key that nobody wrote, or of a write.
        let keys = self.book.keys.len();
        let slot = |read: &RegisterRead| match read.write {
            NONE => read.key as usize,
            write => keys + write as usize,
        };
        let mut after: Vec<Vec<(u32, u32)>> = vec![Vec::new(); keys + self.book.writes.len()];
        let mut read_at_all = vec![false; keys];
        for read in self.reads.clone() {
            read_at_all[read.key as usize] |= read.write == NONE;
            let Some(own) = self.final_write(read.txn, read.key) else { continue };
            self.lost_update(&read, &after[slot(&read)]);
            after[slot(&read)].push((read.txn, own));
            if read.write != NONE {
                self.previous[own as usize] = read.write;
            }
        }
        self.cyclic_versions(&mut after);
        // Whatever was written comes after nothing at all.
        after.iter_mut().take(keys).for_each(Vec::clear);
        for (number, write) in (0..).zip(&self.book.writes) {
            let is_in = self.book.fates[write.txn as usize].is_in();
            if write.is_final && is_in && read_at_all[write.key as usize] {
                after[write.key as usize].push((write.txn, number));
            }
        }
        let groups: Vec<Group> = after
            .into_iter()
            .map(|mut members| {
                members.dedup_by_key(|member| member.0);
                Group::new(sketch, members)
            })
            .collect();
        for read in &self.reads {
            if let Some(write) = self.book.writes.get(read.write as usize) {
                sketch.edge(write.txn, read.txn, WR, read.write);
            }
            groups[slot(read)].follow(sketch, read.txn, RW);
        }
        for (number, write) in (0..).zip(&self.book.writes) {
            groups[keys + number].follow(sketch, write.txn, WW);
        }
    }

    /// Two transactions that read one version of a register and both overwrote it.
    fn lost_update(&mut self, read: &RegisterRead, others: &[(u32, u32)]) {
        let Some(&(other, _)) = others.first().filter(|other| other.0 != read.txn) else { return };
        let name = self.book.keys[read.key as usize];
        let value = self.book.writes.get(read.write as usize).map(|write| write.value);
        self.note(Anomaly::LostUpdate, &[other, read.txn], || {
            let value = word(value);
            format!("T1 and T2 both read k{name} = {value} and both overwrote it, neither after the other")
        });
    }

    /// Versions that follow each other in a circle say nothing about the order.
    fn cyclic_versions(&mut self, after: &mut [Vec<(u32, u32)>]) {
        let keys = self.book.keys.len();
        let mut sketch = Sketch::new(self.book.writes.len());
        for (before, members) in (0..).zip(&after[keys..]) {
            for &(_, write) in members {
                sketch.edge(before, write, WW, write);
            }
        }
        let graph = sketch.build();
        let count = number(self.book.writes.len());
        for circle in graph.components(WW, None, &mut (0..count)) {
            let txns: Vec<u32> = circle.iter().map(|&w| self.book.writes[w as usize].txn).collect();
            let key = self.book.keys[self.book.writes[circle[0] as usize].key as usize];
            self.note(Anomaly::CyclicVersions, &txns[..txns.len().min(8)], || {
                format!(
                    "each of {} transactions read k{key} as another of them left it and overwrote \
                     it, in a circle",
                    txns.len()
                )
            });
            for write in circle {
                after[keys + write as usize].clear();
            }
        }
    }
}

fn word(value: Option<u64>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| value.to_string())
}

/// The graph of a history of registers, with whatever orders it besides its data.
pub(super) fn graph(judge: &mut Registers, more: impl Fn(&Book, &mut Sketch)) -> Graph {
    let mut sketch = Sketch::new(judge.book.len());
    judge.edges(&mut sketch);
    more(&judge.book, &mut sketch);
    sketch.build()
}
