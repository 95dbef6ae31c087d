//! Read committed, read atomic and causal consistency by their axioms, in polynomial time.
//!
//! Biswas and Enea (*On the complexity of checking transactional consistency*, OOPSLA 2019) say when
//! one transaction that wrote a key must be committed before another one, because a third read the
//! key from the latter though it had seen the former. A level holds if all that together with the
//! order of sessions and with who read from whom has no circle. How few such pairs need to be looked
//! at is from AWDIT (Møldrup and Pavlogiannis, PLDI 2025): read committed and read atomic take
//! O(n^1.5) for n operations, causal consistency O(n k log n) for k sessions.

use super::book::{Book, NONE, number};
use super::cycle::{Step, any};
use super::graph::{FORCED, Graph, Kinds, ON, PROCESS, REAL_TIME, Sketch, WR, WW};
use super::levels::{Anomaly, Axiom, Needs};
use super::order;
use super::register::RegisterRead;
use super::tell::{Finding, Lore, Shows, finding, reason, saw};

/// Entries of vector clocks that may be kept at once: 4 bytes each.
const CLOCKS: usize = 100_000_000;

/// Whatever is known of the order before anything is forced.
const ORDERS: Kinds = PROCESS | WR | WW | REAL_TIME;

/// What the axioms look at.
pub(super) struct Facts {
    /// The transactions of each session, in order.
    pub(super) sessions: Vec<Vec<u32>>,
    /// In the order of transactions, and of steps in each.
    pub(super) reads: Vec<RegisterRead>,
    /// Pairs whose order is known otherwise, and the later write of each.
    pub(super) known: Vec<(u32, u32, u32)>,
    /// Whether a transaction sees all that ended before it was called, as strict levels demand.
    pub(super) sees_what_ended: bool,
}

/// A pair that must be in this order.
struct Forced {
    key: u32,
    before: u32,
    after: u32,
    /// The transaction whose reads show it.
    witness: u32,
}

struct Axioms<'a> {
    book: &'a Book<'a>,
    facts: &'a Facts,
    /// Where the reads of each transaction begin.
    starts: Vec<u32>,
    /// The keys each transaction writes, ascending.
    keys: Vec<Vec<u32>>,
    forced: Vec<Forced>,
    /// A key somebody found untouched after it had seen a transaction that wrote it: `after` is not
    /// set.
    untouched: Option<Forced>,
}

/// The sessions of a history: what each client did. A transaction that overlaps with the one before
/// it, or that nobody heard of again, begins a session of its own.
pub(super) fn sessions(book: &Book, needs: Needs, has_real_time: bool) -> Vec<Vec<u32>> {
    let mut txns: Vec<u32> = book.taken_part().collect();
    if needs == Needs::Data {
        return txns.into_iter().map(|txn| vec![txn]).collect();
    }
    txns.sort_by_key(|&txn| (book.call(txn).client, txn));
    let mut sessions: Vec<Vec<u32>> = Vec::new();
    let mut before: Option<u32> = None;
    for txn in txns {
        let call = book.call(txn);
        let follows = before.is_some_and(|before| {
            let earlier = book.call(before);
            let has_ended = earlier.ended.is_some_and(|ended| ended <= call.called);
            let is_over = matches!(earlier.outcome, crate::service::Outcome::Ok(_));
            earlier.client == call.client && is_over && (has_ended || !has_real_time)
        });
        match sessions.last_mut().filter(|_| follows) {
            Some(session) => session.push(txn),
            None => sessions.push(vec![txn]),
        }
        before = Some(txn);
    }
    sessions
}

/// What violates an axiom; the error says which budget ended.
pub(super) fn check(
    lore: &Lore,
    facts: &Facts,
    axiom: Axiom,
    needs: Needs,
) -> Result<Option<Finding>, String> {
    let mut axioms = Axioms::new(lore.book, facts);
    let anomaly = Anomaly::Axiom(axiom, needs);
    let visible = axioms.graph();
    if let Some(steps) = any(&visible, ORDERS) {
        return Ok(Some(axioms.tell(lore, anomaly, &steps)));
    }
    match axiom {
        Axiom::ReadCommitted => axioms.read_committed(),
        Axiom::ReadAtomic => axioms.read_atomic(),
        Axiom::Causal => axioms.causal(&visible)?,
    }
    if let Some(untouched) = &axioms.untouched {
        let key = lore.book.keys[untouched.key as usize];
        let sentence = format!(
            "T2 found nothing in k{key}, though it had seen T1{}, and T1 wrote k{key}",
            or_more(anomaly)
        );
        let txns = [untouched.before, untouched.witness];
        return Ok(Some(finding(lore.book, anomaly, &txns, &sentence)));
    }
    let steps = any(&axioms.graph(), ORDERS | FORCED);
    Ok(steps.map(|steps| axioms.tell(lore, anomaly, &steps)))
}

/// What may have been seen in place of a transaction itself, which is called T1 or T2.
fn or_more(anomaly: Anomaly) -> &'static str {
    match anomaly {
        Anomaly::Axiom(Axiom::Causal, _) => ", or what depends on that",
        _ => "",
    }
}

impl<'a> Axioms<'a> {
    fn new(book: &'a Book<'a>, facts: &'a Facts) -> Axioms<'a> {
        let mut starts = vec![0; book.len() + 1];
        for read in &facts.reads {
            starts[read.txn as usize + 1] += 1;
        }
        for txn in 0..book.len() {
            starts[txn + 1] += starts[txn];
        }
        let keys = (0..number(book.len()))
            .map(|txn| {
                let is_in = book.fates[txn as usize].is_in();
                let writes = book.writes_of(txn).filter(|_| is_in);
                let mut keys: Vec<u32> = writes.map(|w| book.writes[w as usize].key).collect();
                keys.sort_unstable();
                keys.dedup();
                keys
            })
            .collect();
        Axioms { book, facts, starts, keys, forced: Vec::new(), untouched: None }
    }

    fn reads(&self, txn: u32) -> &'a [RegisterRead] {
        let [from, to] = [self.starts[txn as usize], self.starts[txn as usize + 1]];
        &self.facts.reads[from as usize..to as usize]
    }

    /// Who wrote what was read; [`NONE`] if nobody did.
    fn writer(&self, read: &RegisterRead) -> u32 {
        self.book.writes.get(read.write as usize).map_or(NONE, |write| write.txn)
    }

    fn writes(&self, txn: u32, key: u32) -> bool {
        self.keys[txn as usize].binary_search(&key).is_ok()
    }

    fn graph(&self) -> Graph {
        let mut sketch = Sketch::new(self.book.len());
        for session in &self.facts.sessions {
            for pair in session.windows(2) {
                sketch.edge(pair[0], pair[1], PROCESS, NONE);
            }
        }
        for read in &self.facts.reads {
            if read.write != NONE {
                sketch.edge(self.writer(read), read.txn, WR, read.write);
            }
        }
        if self.facts.sees_what_ended {
            order::real_time(self.book, &mut sketch);
        }
        for &(before, after, why) in &self.facts.known {
            sketch.edge(before, after, WW, why);
        }
        for (why, forced) in (0..).zip(&self.forced) {
            sketch.edge(forced.before, forced.after, FORCED, why);
        }
        sketch.build()
    }

    /// `witness` has seen `before`, which writes the key, and read the key as `after` left it.
    fn force(&mut self, key: u32, before: u32, after: u32, witness: u32) {
        let forced = Forced { key, before, after, witness };
        match after {
            NONE if self.untouched.is_none() => self.untouched = Some(forced),
            NONE => {}
            _ if before != after && before != witness => self.forced.push(forced),
            _ => {}
        }
    }

    /// Each transaction's reads from the last to the first: for the first read from a writer, the
    /// next read of each key that writer wrote.
    fn read_committed(&mut self) {
        // For each key the writer of the next read of it, by transaction.
        let mut next = vec![(NONE, NONE); self.book.keys.len()];
        let mut first = vec![(NONE, 0); self.book.len()];
        for txn in self.book.committed().collect::<Vec<_>>() {
            let reads = self.reads(txn);
            for (at, read) in reads.iter().enumerate() {
                if let Some(place) = first.get_mut(self.writer(read) as usize)
                    && place.0 != txn
                {
                    *place = (txn, at);
                }
            }
            let mut later: Vec<u32> = Vec::new();
            for (at, read) in reads.iter().enumerate().rev() {
                let writer = self.writer(read);
                if writer != NONE && first[writer as usize] == (txn, at) {
                    for key in self.common(writer, &later) {
                        let (of, after) = next[key as usize];
                        if of == txn {
                            self.force(key, writer, after, txn);
                        }
                    }
                }
                let entry = &mut next[read.key as usize];
                let (of, after) = std::mem::replace(entry, (txn, writer));
                if of != txn {
                    later.push(read.key);
                } else if writer != NONE && after != writer {
                    self.force(read.key, writer, after, txn);
                }
            }
        }
    }

    /// Keys a transaction writes, those of `among` at least, found along the shorter of the two.
    fn common(&self, txn: u32, among: &[u32]) -> Vec<u32> {
        let own = &self.keys[txn as usize];
        match own.len() <= among.len() {
            true => own.clone(),
            false => among.iter().copied().filter(|&key| self.writes(txn, key)).collect(),
        }
    }

    fn read_atomic(&mut self) {
        let facts = self.facts;
        // For each key who wrote it last in a session.
        let mut last = vec![(NONE, NONE); self.book.keys.len()];
        for (number, session) in (0..).zip(&facts.sessions) {
            for &txn in session {
                let mut reads: Vec<(u32, u32)> =
                    self.reads(txn).iter().map(|read| (read.key, self.writer(read))).collect();
                reads.sort_unstable();
                reads.dedup();
                for &(key, after) in &reads {
                    let (of, before) = last[key as usize];
                    if of == number {
                        self.force(key, before, after, txn);
                    }
                }
                self.fractured(txn, &reads);
                for &key in &self.keys[txn as usize] {
                    last[key as usize] = (number, txn);
                }
            }
        }
    }

    /// Of what a transaction reads, all that others write whom it reads from.
    fn fractured(&mut self, txn: u32, reads: &[(u32, u32)]) {
        let mut writers: Vec<u32> = reads.iter().map(|read| read.1).collect();
        writers.sort_unstable();
        writers.dedup();
        for writer in writers.into_iter().filter(|&writer| writer != NONE) {
            if self.keys[writer as usize].len() > reads.len() {
                for &(key, after) in reads {
                    if self.writes(writer, key) {
                        self.force(key, writer, after, txn);
                    }
                }
                continue;
            }
            for key in self.keys[writer as usize].clone() {
                let begin = reads.partition_point(|read| read.0 < key);
                let of_key = reads[begin..].iter().take_while(|read| read.0 == key);
                for &(_, after) in of_key {
                    self.force(key, writer, after, txn);
                }
            }
        }
    }

    /// Vector clocks: of each session, how many transactions another one depends on.
    fn causal(&mut self, visible: &Graph) -> Result<(), String> {
        let facts = self.facts;
        let width = facts.sessions.len();
        let count = self.book.len();
        if visible.nodes().saturating_mul(width) > CLOCKS {
            return Err(format!(
                "causal consistency of {count} transactions in {width} sessions takes more than the \
                 budget of {CLOCKS} clock entries"
            ));
        }
        let mut place = vec![(NONE, 0_u32); count];
        for (session, txns) in (0..).zip(&facts.sessions) {
            for (at, &txn) in (0..).zip(txns) {
                place[txn as usize] = (session, at);
            }
        }
        let clocks = self.clocks(visible, &place, width);
        // Who writes each key, by session and place.
        let mut writers: Vec<Vec<(u32, u32, u32)>> = vec![Vec::new(); self.book.keys.len()];
        for (session, txns) in (0..).zip(&facts.sessions) {
            for (at, &txn) in (0..).zip(txns) {
                for &key in &self.keys[txn as usize] {
                    writers[key as usize].push((session, at, txn));
                }
            }
        }
        for read in &facts.reads {
            let after = self.writer(read);
            let seen = &clocks[read.txn as usize * width..][..width];
            let mut rest = &writers[read.key as usize][..];
            while let Some(&(session, ..)) = rest.first() {
                let (own, others) = rest.split_at(rest.partition_point(|w| w.0 == session));
                rest = others;
                let until = own.partition_point(|w| w.1 < seen[session as usize]);
                let Some(&(_, at, before)) = until.checked_sub(1).map(|last| &own[last]) else {
                    continue;
                };
                let known = |after: u32| clocks[after as usize * width + session as usize];
                // What is known anyway need not be forced.
                if after == NONE || known(after) <= at {
                    self.force(read.key, before, after, read.txn);
                }
            }
        }
        Ok(())
    }

    fn clocks(&self, visible: &Graph, place: &[(u32, u32)], width: usize) -> Vec<u32> {
        // Joints pass on what they are told.
        let count = visible.nodes();
        let visible_kinds: Kinds = PROCESS | WR | REAL_TIME | ON;
        let mut waits = vec![0_u32; count];
        let edges = |txn: usize| {
            visible.edges(number(txn)).iter().filter(move |edge| edge.kind & visible_kinds != 0)
        };
        for txn in 0..count {
            edges(txn).for_each(|edge| waits[edge.to as usize] += 1);
        }
        let mut ready: Vec<usize> = (0..count).filter(|&txn| waits[txn] == 0).collect();
        let mut clocks = vec![0_u32; count * width];
        while let Some(txn) = ready.pop() {
            let own = clocks[txn * width..][..width].to_vec();
            let (session, at) = place.get(txn).copied().unwrap_or((NONE, 0));
            for edge in edges(txn) {
                let clock = &mut clocks[edge.to as usize * width..][..width];
                for (entry, seen) in clock.iter_mut().zip(&own) {
                    *entry = (*entry).max(*seen);
                }
                if let Some(entry) = clock.get_mut(session as usize) {
                    *entry = (*entry).max(at + 1);
                }
                waits[edge.to as usize] -= 1;
                if waits[edge.to as usize] == 0 {
                    ready.push(edge.to as usize);
                }
            }
        }
        clocks
    }

    /// A circle in sentences.
    fn tell(&self, lore: &Lore, anomaly: Anomaly, steps: &[Step]) -> Finding {
        let mut txns: Vec<u32> = steps.iter().map(|step| step.from).collect();
        let mut reasons = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let (a, b) = (at + 1, (at + 1) % steps.len() + 1);
            if step.kind != FORCED {
                reasons.push(reason(lore, step, (a, b)));
                continue;
            }
            let forced = &self.forced[step.why as usize];
            let known = txns.iter().position(|&txn| txn == forced.witness);
            let witness = known.unwrap_or_else(|| {
                txns.push(forced.witness);
                txns.len() - 1
            });
            let key = self.book.keys[forced.key as usize];
            let value = self.facts.reads.iter().find_map(|read| {
                let is_it = (read.txn, read.key) == (forced.witness, forced.key);
                let write = self.book.writes.get(read.write as usize)?;
                (is_it && write.txn == forced.after).then_some(write.value)
            });
            let shows = Shows::This(value.unwrap_or_default());
            let name = (witness + 1, forced.witness);
            reasons.push(format!(
                "T{a} comes before T{b}, because {}, which T{b} left there, though it had seen T{a}{}, \
                 and T{a} wrote k{key} too",
                saw(self.book, name, forced.key, shows),
                or_more(anomaly)
            ));
        }
        let sentence = format!("{}: T1 would come before itself", reasons.join("; "));
        let mut finding = finding(self.book, anomaly, &txns, &sentence);
        finding.explanation.details.extend(reasons);
        finding
    }
}
