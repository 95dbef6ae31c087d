//! Registers whose written values are unique: clusters and zones.
//!
//! Where every value has one writer, it is known which operation each read reads from, and every
//! order keeps a write and its reads together (Gibbons and Korach, *Testing shared memories*, 1997,
//! section 4: O(n log n)). A cluster is a write and its reads. A compare-and-set that succeeded both
//! reads and writes, so that its two clusters are neighbours; a chain of such neighbours is a block.
//! Block A has to come before block B where an operation of A ended before one of B was called,
//! that is where the first end in A is before the last call in B. If these demands have a cycle,
//! they have one of two blocks: take the block of a cycle whose first end is the earliest of all; it
//! has to come before each other one, and so before the one that it has to follow. So it is enough
//! to sort the blocks and to look whether each may follow those before it.
//!
//! A compare-and-set that found another value is left out at first. Given an order, the blocks take
//! effect one after the other, each as early as it can; if a refused one was called after the value
//! it must not find came, and ended before that went, another order may still be better, and the
//! frontier has to find out.

use super::problem::{Op, Rule};

/// The end of time, for writes that never end.
const NEVER: u64 = u64::MAX;

/// What reads and writes one value. Times are one more than those of the history, so that the
/// initial value was written at zero.
#[derive(Clone, Copy)]
struct Cluster {
    /// When its writer was called and ended.
    called: u64,
    ended: u64,
    /// The first end of a read, and the last call of one.
    first_end: u64,
    last_call: u64,
    /// The value that the one which replaced it by compare-and-set wrote; zero if none did.
    next: u32,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nobody writes it.
    Orphan,
    /// A write that replaces whatever is there.
    Root,
    /// A compare-and-set.
    Link,
    /// A write that may have taken effect, if somebody reads it.
    MaybeRoot,
    /// A compare-and-set that may have, from the value with this number.
    MaybeLink(u32),
}

const EMPTY: Cluster =
    Cluster { called: 0, ended: 0, first_end: NEVER, last_call: 0, next: 0, kind: Kind::Orphan };

impl Cluster {
    fn is_read(&self) -> bool {
        self.first_end != NEVER
    }
}

/// A chain of clusters.
struct Block {
    /// Where it belongs among the others.
    key: (u64, bool),
    first_end: u64,
    last_call: u64,
    head: u32,
}

/// Why there is no answer yet.
enum Stop {
    /// The history has no order.
    Broken,
    /// This is no register with unique values.
    Alien,
}

/// Whether the history has an order; `None` if it takes another way to find out.
pub(super) fn decide(ops: &[Op], states: usize, initial: u32) -> Option<bool> {
    match order(ops, states, initial) {
        Err(Stop::Alien) => None,
        Err(Stop::Broken) => Some(false),
        Ok((clusters, blocks)) => are_refusals_placed(ops, &clusters, &blocks).then_some(true),
    }
}

fn order(ops: &[Op], states: usize, initial: u32) -> Result<(Vec<Cluster>, Vec<Block>), Stop> {
    let mut clusters = vec![EMPTY; states];
    clusters[initial as usize].kind = Kind::Root;
    // It counts only where values are unique.
    let mut is_broken = false;
    for op in ops {
        let (Some(called), Some(ended)) = (op.called.checked_add(1), end(op.ended, op.is_pending))
        else {
            return Err(Stop::Alien);
        };
        let (to, kind) = match op.rule {
            Rule::Apply(_) => return Err(Stop::Alien),
            Rule::Never => {
                is_broken = true;
                continue;
            }
            Rule::Refuse(_) => continue,
            Rule::Read(state) => {
                let cluster = &mut clusters[state as usize];
                cluster.first_end = cluster.first_end.min(ended);
                cluster.last_call = cluster.last_call.max(called);
                continue;
            }
            Rule::Blind(to) if op.is_pending => (to, Kind::MaybeRoot),
            Rule::Blind(to) => (to, Kind::Root),
            Rule::Maybe(from, to) => (to, Kind::MaybeLink(from)),
            Rule::Swap(from, to) => {
                let next = &mut clusters[from as usize].next;
                is_broken |= *next != 0;
                *next = to;
                (to, Kind::Link)
            }
        };
        let cluster = &mut clusters[to as usize];
        if cluster.kind != Kind::Orphan {
            return Err(Stop::Alien);
        }
        (cluster.called, cluster.ended, cluster.kind) = (called, ended, kind);
    }
    if is_broken {
        return Err(Stop::Broken);
    }
    settle_doubts(&mut clusters)?;
    let blocks = blocks(&clusters)?;
    let mut last_call = 0;
    for block in &blocks {
        if block.first_end < last_call {
            return Err(Stop::Broken);
        }
        last_call = last_call.max(block.last_call);
    }
    Ok((clusters, blocks))
}

/// An end, one later; `None` if it is too late to be told from never.
fn end(ended: u64, is_pending: bool) -> Option<u64> {
    match is_pending {
        true => Some(NEVER),
        false => ended.checked_add(2).map(|end| end - 1),
    }
}

/// Decides which writes of unknown outcome took effect: those that somebody read from, and those
/// that these read from.
fn settle_doubts(clusters: &mut [Cluster]) -> Result<(), Stop> {
    let is_needed = |cluster: &Cluster| cluster.is_read() || cluster.next != 0;
    let mut needed: Vec<u32> =
        (0..).zip(&*clusters).filter(|(_, c)| is_needed(c)).map(|(state, _)| state).collect();
    while let Some(state) = needed.pop() {
        match clusters[state as usize].kind {
            Kind::Orphan => return Err(Stop::Broken),
            Kind::Root | Kind::Link => {}
            Kind::MaybeRoot => clusters[state as usize].kind = Kind::Root,
            Kind::MaybeLink(from) => {
                clusters[state as usize].kind = Kind::Link;
                let next = &mut clusters[from as usize].next;
                if std::mem::replace(next, state) != 0 {
                    return Err(Stop::Broken);
                }
                needed.push(from);
            }
        }
    }
    Ok(())
}

/// The blocks in the order in which they have to be, if there is one.
fn blocks(clusters: &[Cluster]) -> Result<Vec<Block>, Stop> {
    let is_there = |cluster: &&Cluster| matches!(cluster.kind, Kind::Root | Kind::Link);
    let mut left = clusters.iter().filter(is_there).count();
    let mut blocks = Vec::with_capacity(left);
    for (head, cluster) in (0..).zip(clusters) {
        if cluster.kind != Kind::Root {
            continue;
        }
        let mut block = Block { key: (0, false), first_end: NEVER, last_call: 0, head };
        let mut state = head;
        loop {
            left -= 1;
            let cluster = &clusters[state as usize];
            if cluster.ended < block.last_call {
                return Err(Stop::Broken);
            }
            block.last_call = block.last_call.max(cluster.called);
            if cluster.first_end < block.last_call {
                return Err(Stop::Broken);
            }
            block.last_call = block.last_call.max(cluster.last_call);
            block.first_end = block.first_end.min(cluster.ended).min(cluster.first_end);
            state = cluster.next;
            if state == 0 {
                break;
            }
        }
        let is_forward = block.first_end < block.last_call;
        block.key = (block.first_end.min(block.last_call), is_forward);
        blocks.push(block);
    }
    if left != 0 {
        // Compare-and-sets that only follow each other.
        return Err(Stop::Broken);
    }
    blocks.sort_by_key(|block| block.key);
    Ok(blocks)
}

/// Whether every refused compare-and-set has a place when each block takes effect as early as it
/// can.
fn are_refusals_placed(ops: &[Op], clusters: &[Cluster], blocks: &[Block]) -> bool {
    let refusals = || ops.iter().filter(|op| matches!(op.rule, Rule::Refuse(_)));
    if refusals().next().is_none() {
        return true;
    }
    // When each value comes and goes. What never comes is never there.
    let mut spans = vec![(NEVER, NEVER); clusters.len()];
    let (mut now, mut before) = (0, None);
    for block in blocks {
        let mut state = block.head;
        while state != 0 {
            let cluster = &clusters[state as usize];
            now = now.max(cluster.called);
            spans[state as usize].0 = now;
            if let Some(before) = before.replace(state) {
                spans[before as usize].1 = now;
            }
            now = now.max(cluster.last_call);
            state = cluster.next;
        }
    }
    refusals().all(|op| {
        let Rule::Refuse(state) = op.rule else { return true };
        let (came, went) = spans[state as usize];
        !(came < op.called.saturating_add(1) && op.ended.saturating_add(1) < went)
    })
}
