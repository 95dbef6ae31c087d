//! Registers: one order of the transactions that explains what they read, if one is found easily.
//!
//! Transactions run one after the other, in the order of their calls or of their ends, as far as
//! that is possible: one that would overwrite what another one has yet to read waits. Where only
//! snapshots are asked for, those others may instead take their snapshot then, and commit later,
//! before anybody else writes what they write. Whatever gets to the end is a proof; what does not,
//! says nothing.

use super::book::{Book, NONE, number};
use super::graph::Graph;
use super::register::RegisterRead;
use super::saturate::waits;

/// As many steps of looking for the next transaction are made at most.
const WORK: u64 = 100_000_000;

struct Run<'a> {
    book: &'a Book<'a>,
    graph: &'a Graph,
    reads: &'a [RegisterRead],
    /// Where the reads of each transaction begin.
    starts: Vec<usize>,
    /// How many reads there are yet to come of each key that nobody has written, and of each write.
    left: Vec<usize>,
    /// The transactions that read each of those.
    readers: Vec<Vec<u32>>,
    /// The write each key holds.
    held: Vec<u32>,
    /// The transaction that has its snapshot and is to write the key.
    locks: Vec<u32>,
    /// Whether each transaction has read what it reads.
    has_snapshot: Vec<bool>,
    /// The place of each transaction in the order that is tried.
    rank: Vec<u32>,
    /// By rank.
    ready: Vec<u32>,
    joints: Vec<u32>,
    waits: Vec<u32>,
    work: u64,
}

/// Whether one of the runs gets to the end: by the edges of `graph`, one transaction after the
/// other, or, with `snapshots`, with what they read taken earlier than what they write.
pub(super) fn gets_to_the_end(
    book: &Book,
    graph: &Graph,
    reads: &[RegisterRead],
    snapshots: bool,
) -> bool {
    let by_call: Vec<u32> = (0..number(book.len())).collect();
    let mut order = by_call.clone();
    order.sort_by_key(|&txn| (book.call(txn).ended.is_none(), book.call(txn).ended));
    let mut by_end = vec![0; order.len()];
    (0..).zip(order).for_each(|(rank, txn)| by_end[txn as usize] = rank);
    [by_call, by_end].into_iter().any(|rank| Run::new(book, graph, reads, rank).runs(snapshots))
}

impl<'a> Run<'a> {
    fn new(
        book: &'a Book<'a>,
        graph: &'a Graph,
        reads: &'a [RegisterRead],
        rank: Vec<u32>,
    ) -> Run<'a> {
        let keys = book.keys.len();
        let mut starts = vec![0; book.len() + 1];
        reads.iter().for_each(|read| starts[read.txn as usize + 1] += 1);
        (0..book.len()).for_each(|txn| starts[txn + 1] += starts[txn]);
        let mut run = Run {
            book,
            graph,
            reads,
            starts,
            left: vec![0; keys + book.writes.len()],
            readers: vec![Vec::new(); keys + book.writes.len()],
            held: vec![NONE; keys],
            locks: vec![NONE; keys],
            has_snapshot: vec![false; book.len()],
            rank,
            ready: Vec::new(),
            joints: Vec::new(),
            waits: waits(graph),
            work: WORK,
        };
        for read in reads {
            let slot = run.slot(read.key, read.write);
            run.left[slot] += 1;
            run.readers[slot].push(read.txn);
        }
        let begin = 0..number(graph.nodes());
        begin
            .filter(|&node| run.waits[node as usize] == 0)
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|node| run.is_ready(node));
        run
    }

    fn slot(&self, key: u32, write: u32) -> usize {
        match write {
            NONE => key as usize,
            write => self.held.len() + write as usize,
        }
    }

    fn reads_of(&self, txn: u32) -> &'a [RegisterRead] {
        &self.reads[self.starts[txn as usize]..self.starts[txn as usize + 1]]
    }

    fn keys_written(&self, txn: u32) -> impl Iterator<Item = u32> + use<'a> {
        let book = self.book;
        let is_in = book.fates[txn as usize].is_in();
        book.writes_of(txn).filter(move |_| is_in).map(move |w| book.writes[w as usize].key)
    }

    fn is_ready(&mut self, node: u32) {
        if node as usize >= self.graph.txns {
            return self.joints.push(node);
        }
        let rank = &self.rank;
        let place = self.ready.partition_point(|&o| rank[o as usize] < rank[node as usize]);
        self.ready.insert(place, node);
    }

    fn runs(mut self, snapshots: bool) -> bool {
        let mut placed = 0;
        loop {
            let node = match self.joints.pop() {
                Some(joint) => joint,
                None => match self.free() {
                    Some(at) => self.ready.remove(at),
                    None if snapshots && self.take_snapshot() => continue,
                    None => return placed == self.graph.nodes(),
                },
            };
            placed += 1;
            if (node as usize) < self.graph.txns && !self.commit(node) {
                return false;
            }
            for edge in self.graph.edges(node) {
                self.waits[edge.to as usize] -= 1;
                if self.waits[edge.to as usize] == 0 {
                    self.is_ready(edge.to);
                }
            }
        }
    }

    /// The first one whose turn may be next.
    fn free(&mut self) -> Option<usize> {
        for at in 0..self.ready.len() {
            let txn = self.ready[at];
            self.work = self.work.saturating_sub(1 + self.reads_of(txn).len() as u64);
            if self.work == 0 {
                return None;
            }
            if self.keys_written(txn).all(|key| self.may_write(txn, key)) {
                return Some(at);
            }
        }
        None
    }

    /// Whether nobody else has yet to read what a key holds, or is to write it first.
    fn may_write(&self, txn: u32, key: u32) -> bool {
        let held = self.held[key as usize];
        let is_here = |read: &&RegisterRead| (read.key, read.write) == (key, held);
        let own = match self.has_snapshot[txn as usize] {
            true => 0,
            false => self.reads_of(txn).iter().filter(is_here).count(),
        };
        let lock = self.locks[key as usize];
        self.left[self.slot(key, held)] == own && (lock == NONE || lock == txn)
    }

    /// Notes that a transaction has read; `false` if it could not have read this now.
    fn read(&mut self, txn: u32) -> bool {
        for read in self.reads_of(txn) {
            if self.held[read.key as usize] != read.write {
                return false;
            }
            let slot = self.slot(read.key, read.write);
            self.left[slot] -= 1;
        }
        true
    }

    fn commit(&mut self, txn: u32) -> bool {
        if !self.has_snapshot[txn as usize] && !self.read(txn) {
            return false;
        }
        self.has_snapshot[txn as usize] = true;
        let is_in = self.book.fates[txn as usize].is_in();
        for write in self.book.writes_of(txn).filter(|_| is_in) {
            let key = self.book.writes[write as usize].key as usize;
            self.held[key] = write;
            self.locks[key] = NONE;
        }
        true
    }

    /// Lets somebody take its snapshot for whom others wait.
    fn take_snapshot(&mut self) -> bool {
        let wanted = self.ready.iter().find_map(|&txn| {
            self.keys_written(txn).find_map(|key| {
                let slot = self.slot(key, self.held[key as usize]);
                let mut others = self.readers[slot].iter().copied();
                others.find(|&other| other != txn && self.may_take_snapshot(other))
            })
        });
        // What was looked at for it is about as much.
        self.work = self.work.saturating_sub(self.ready.len() as u64);
        let Some(txn) = wanted.filter(|_| self.work > 0) else { return false };
        self.has_snapshot[txn as usize] = true;
        for key in self.keys_written(txn) {
            self.locks[key as usize] = txn;
        }
        self.read(txn)
    }

    fn may_take_snapshot(&self, txn: u32) -> bool {
        let is_here = |read: &RegisterRead| self.held[read.key as usize] == read.write;
        !self.has_snapshot[txn as usize]
            && self.reads_of(txn).iter().all(is_here)
            && self.keys_written(txn).all(|key| self.locks[key as usize] == NONE)
    }
}
