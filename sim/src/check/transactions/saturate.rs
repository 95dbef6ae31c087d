//! Serializability of registers beyond what is known at once: what follows, until nothing does.
//!
//! If one transaction read a register from a second one and a third one wrote it too, the third one
//! comes before the second or after the first. Where one of the two is ruled out by what is known,
//! the other is known. Every cycle that appears is a violation. What remains open is left to a run
//! (`run`). The problem itself is NP-complete (Papadimitriou 1979).

use super::book::number;
use super::cycle::{Step, any};
use super::graph::{FORCED, Graph, Kinds};
use super::levels::Anomaly;
use super::register::RegisterRead;
use super::run;
use super::tell::{Finding, Lore, Shows, finding, reason, saw};

/// More transactions are not looked at in this way: memory grows with their square.
pub(super) const TRANSACTIONS: usize = 10_000;
/// As many comparisons are made at most.
const WORK: u64 = 400_000_000;

/// What came out.
pub(super) enum Answer {
    /// There is an order.
    Holds,
    /// There is none.
    Breaks(Finding),
    /// Nobody knows.
    Open,
}

/// Two transactions in the order that a read forces upon them.
struct Forced {
    before: u32,
    after: u32,
    /// Who read, and what.
    reader: u32,
    write: u32,
    /// The third one.
    other: u32,
}

struct Saturation<'a> {
    lore: &'a Lore<'a>,
    base: &'a Graph,
    kinds: Kinds,
    reads: &'a [RegisterRead],
    /// Who finally writes each key, and with which write.
    writers: Vec<Vec<(u32, u32)>>,
    forced: Vec<Forced>,
    work: u64,
}

/// Judges registers by the edges of these kinds in `base`.
pub(super) fn check(lore: &Lore, base: &Graph, kinds: Kinds, reads: &[RegisterRead]) -> Answer {
    let book = lore.book;
    let mut writers = vec![Vec::new(); book.keys.len()];
    for (number, write) in (0..).zip(&book.writes) {
        if write.is_final && book.fates[write.txn as usize].is_in() {
            writers[write.key as usize].push((write.txn, number));
        }
    }
    let mut saturation =
        Saturation { lore, base, kinds, reads, writers, forced: Vec::new(), work: WORK };
    let mut graph = saturation.graph();
    if run::gets_to_the_end(book, &graph, reads, false) {
        return Answer::Holds;
    }
    if book.len() > TRANSACTIONS {
        return Answer::Open;
    }
    loop {
        let Some(order) = topological(&graph) else {
            return any(&graph, kinds | FORCED)
                .map_or(Answer::Open, |steps| Answer::Breaks(saturation.tell(&steps)));
        };
        let before = saturation.forced.len();
        saturation.derive(&graph, &order);
        if saturation.forced.len() == before {
            break;
        }
        graph = saturation.graph();
    }
    match !saturation.forced.is_empty() && run::gets_to_the_end(book, &graph, reads, false) {
        true => Answer::Holds,
        false => Answer::Open,
    }
}

/// Every node after those with edges to it; `None` if they run in circles.
fn topological(graph: &Graph) -> Option<Vec<u32>> {
    let count = graph.nodes();
    let mut waits = waits(graph);
    let mut order: Vec<u32> =
        (0..number(count)).filter(|&node| waits[node as usize] == 0).collect();
    let mut next = 0;
    while let Some(&node) = order.get(next) {
        next += 1;
        for edge in graph.edges(node) {
            let left = &mut waits[edge.to as usize];
            *left -= 1;
            if *left == 0 {
                order.push(edge.to);
            }
        }
    }
    (order.len() == count).then_some(order)
}

/// How many edges lead to each node.
pub(super) fn waits(graph: &Graph) -> Vec<u32> {
    let mut waits = vec![0_u32; graph.nodes()];
    for node in 0..number(graph.nodes()) {
        for edge in graph.edges(node) {
            waits[edge.to as usize] += 1;
        }
    }
    waits
}

/// For each node, as bits, the transactions before it.
struct Ancestors {
    words: usize,
    bits: Vec<u64>,
}

impl Ancestors {
    fn of(graph: &Graph, order: &[u32]) -> Ancestors {
        let words = graph.txns.div_ceil(64);
        let mut all = Ancestors { words, bits: vec![0; words * graph.nodes()] };
        for &node in order {
            let mut own = all.bits[node as usize * words..][..words].to_vec();
            if (node as usize) < graph.txns {
                own[node as usize / 64] |= 1 << (node % 64);
            }
            for edge in graph.edges(node) {
                let row = &mut all.bits[edge.to as usize * words..][..words];
                for (word, more) in row.iter_mut().zip(&own) {
                    *word |= more;
                }
            }
        }
        all
    }

    fn has(&self, node: u32, ancestor: u32) -> bool {
        let word = self.bits[node as usize * self.words + ancestor as usize / 64];
        word >> (ancestor % 64) & 1 == 1
    }
}

impl Saturation<'_> {
    /// What is known so far.
    fn graph(&self) -> Graph {
        let mut sketch = self.base.sketch_of(self.kinds);
        for (why, forced) in (0..).zip(&self.forced) {
            sketch.edge(forced.before, forced.after, FORCED, why);
        }
        sketch.build()
    }

    /// One round of consequences.
    fn derive(&mut self, graph: &Graph, order: &[u32]) {
        let known = Ancestors::of(graph, order);
        for read in self.reads {
            let Some(source) = self.lore.book.writes.get(read.write as usize) else { continue };
            let writers = &self.writers[read.key as usize];
            self.work = self.work.saturating_sub(writers.len() as u64);
            if self.work == 0 {
                return;
            }
            for &(other, _) in writers {
                if other == source.txn || other == read.txn {
                    continue;
                }
                let mut force = |before: u32, after: u32| {
                    if !known.has(after, before) {
                        let (reader, write) = (read.txn, read.write);
                        self.forced.push(Forced { before, after, reader, write, other });
                    }
                };
                if known.has(read.txn, other) {
                    force(other, source.txn);
                } else if known.has(other, source.txn) {
                    force(read.txn, other);
                }
            }
        }
    }

    /// A circle in sentences.
    fn tell(&self, steps: &[Step]) -> Finding {
        let book = self.lore.book;
        let mut txns: Vec<u32> = steps.iter().map(|step| step.from).collect();
        let mut name = |txn: u32| match txns.iter().position(|&known| known == txn) {
            Some(at) => at + 1,
            None => {
                txns.push(txn);
                txns.len()
            }
        };
        let mut reasons = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let (a, b) = (at + 1, (at + 1) % steps.len() + 1);
            if step.kind != FORCED {
                reasons.push(reason(self.lore, step, (a, b)));
                continue;
            }
            let forced = &self.forced[step.why as usize];
            let write = book.writes[forced.write as usize];
            let (reader, source, other) =
                (name(forced.reader), name(write.txn), name(forced.other));
            let read = saw(book, (reader, forced.reader), write.key, Shows::This(write.value));
            let key = book.keys[write.key as usize];
            let place = match forced.before == forced.other {
                true => format!("comes before T{reader} and so before T{source}"),
                false => format!("comes after T{source} and so after T{reader}"),
            };
            reasons.push(format!(
                "T{a} comes before T{b}, because {read}, which T{source} left there, and T{other}, \
                 which wrote k{key} too, {place}"
            ));
        }
        let sentence = format!("{}: T1 would come before itself", reasons.join("; "));
        let mut finding = finding(book, Anomaly::NotSerializable, &txns, &sentence);
        finding.explanation.details.extend(reasons);
        finding
    }
}
