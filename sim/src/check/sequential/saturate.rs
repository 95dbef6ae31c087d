//! What must come before what, for registers whose values are all different.
//!
//! If a read found what a write had written, then every other write of that register comes before
//! the one or after the other: a write that comes before the read comes before the write it found,
//! and a write that comes after that write comes after the read. With each client's own order these
//! two rules are applied until they give nothing new (the saturation of Biswas and Enea, *On the
//! complexity of checking transactional consistency*, 2019, for single operations).
//!
//! For each operation and each line it is kept how many operations of the line come before it.

use std::collections::BTreeMap;

use super::lines::{Lines, Op};
use crate::check::cycle::{Edges, cycles};
use crate::service::{Accepts, Sequential};

/// With more lines than this nothing is saturated.
const LINES: usize = 256;

/// Why one operation comes before another.
pub(super) const WHY: [&str; 4] = [
    "its client called it first",
    "the latter found it",
    "the latter was found after it",
    "it did not find the latter yet",
];

/// What follows.
pub(super) enum Saturated {
    /// These come before each other in a circle, each for a reason.
    Cycle(Vec<(usize, usize)>),
    /// This operation saw what nobody wrote.
    Nowhere(usize),
    /// What must come before each operation.
    Order(Before),
    /// There is nothing to saturate, or too much.
    Unknown,
}

/// For each operation how many of each line come before it, and what it does to its register.
pub(super) struct Before {
    width: usize,
    counts: Vec<u32>,
    /// What each operation sees; `None` for those on other objects.
    pub(super) seen: Vec<Option<Seen>>,
    pub(super) is_write: Vec<bool>,
}

impl Before {
    pub(super) fn of(&self, op: usize) -> &[u32] {
        &self.counts[op * self.width..(op + 1) * self.width]
    }
}

/// What a register's operation sees.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// It does not look.
    Anything,
    /// What nobody had written.
    Initial,
    /// What this operation wrote.
    By(usize),
}

/// One register.
struct Register {
    /// What each of its operations sees, where that is known.
    seen: Vec<(usize, Seen)>,
    /// Its writes in each line, by place.
    writes: Vec<Vec<(u32, usize)>>,
}

/// An edge: from, to, and why.
type Edge = (usize, usize, usize);

/// Saturates as long as that takes at most about so many steps.
pub(super) fn saturate<M: Sequential>(lines: &Lines<M>, steps: u64) -> Saturated {
    if lines.lines.len() > LINES {
        return Saturated::Unknown;
    }
    let mut registers = Vec::new();
    let mut by_object: Vec<Vec<usize>> = vec![Vec::new(); lines.objects];
    for (number, op) in lines.ops.iter().enumerate() {
        by_object[op.object].push(number);
    }
    for ops in by_object {
        match register(lines, &ops) {
            Ok(register) => registers.extend(register),
            Err(nowhere) => return Saturated::Nowhere(nowhere),
        }
    }
    if registers.is_empty() {
        return Saturated::Unknown;
    }
    let mut edges = first_edges(lines, &registers);
    let mut left = steps;
    loop {
        let Some(mut before) = spread(lines, &edges) else {
            return Saturated::Cycle(circle(lines, &edges));
        };
        let known = edges.len();
        for register in &registers {
            infer(lines, register, &before, &mut edges);
        }
        let round = (edges.len() as u64).saturating_mul(lines.lines.len() as u64);
        left = left.saturating_sub(round);
        if edges.len() == known || left == 0 {
            describe(&registers, &mut before);
            return Saturated::Order(before);
        }
    }
}

/// Notes what the operations do to their registers.
fn describe(registers: &[Register], before: &mut Before) {
    for register in registers {
        for &(op, seen) in &register.seen {
            before.seen[op] = Some(seen);
        }
        for &(_, op) in register.writes.iter().flatten() {
            before.is_write[op] = true;
        }
    }
}

/// An object's operations as those of a register with different values; `None` if it is none, an
/// error if an operation saw what nobody wrote.
fn register<M: Sequential>(lines: &Lines<M>, ops: &[usize]) -> Result<Option<Register>, usize> {
    let initial = M::initial();
    let mut writers: BTreeMap<M::State, usize> = BTreeMap::new();
    let mut writes = vec![Vec::new(); lines.lines.len()];
    let mut seeing = Vec::new();
    for &number in ops {
        let Some((needs, leaves)) = effect::<M>(&lines.ops[number]) else { return Ok(None) };
        if let Some(state) = leaves {
            if state == initial || writers.insert(state, number).is_some() {
                return Ok(None);
            }
            let Op { line, place, .. } = lines.ops[number];
            writes[line].push((place, number));
        }
        seeing.push((number, needs));
    }
    let mut seen = Vec::new();
    for (number, needs) in seeing {
        let what = match needs {
            None => Seen::Anything,
            Some(state) if state == initial => Seen::Initial,
            Some(state) => match writers.get(&state) {
                Some(writer) => Seen::By(*writer),
                None => return Err(number),
            },
        };
        seen.push((number, what));
    }
    Ok(Some(Register { seen, writes }))
}

/// The state that an operation needs to see, if it looks, and the one that it leaves, if it writes.
type Effect<S> = (Option<S>, Option<S>);

/// What an operation of a register does; `None` if it is none.
fn effect<M: Sequential>(op: &Op<M>) -> Option<Effect<M::State>> {
    let operation = &op.call.operation;
    if M::is_blind_write(operation) {
        let (after, reply) = M::apply(&M::initial(), operation);
        return op.reply.is_none_or(|must| *must == reply).then_some((None, Some(after)));
    }
    if M::is_always_legal(operation) {
        return None;
    }
    match M::accepts(operation, op.reply?) {
        Accepts::In(state) => {
            let after = M::apply(&state, operation).0;
            let leaves = (after != state).then_some(after);
            Some((Some(state), leaves))
        }
        Accepts::Everywhere | Accepts::NotIn(_) if op.is_look => Some((None, None)),
        _ => None,
    }
}

/// Each client's order, and who found what.
fn first_edges<M: Sequential>(lines: &Lines<M>, registers: &[Register]) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (line, ops) in lines.lines.iter().enumerate() {
        edges.extend(ops.windows(2).map(|pair| (pair[0], pair[1], 0)));
        if let (Some((before, count)), Some(first)) = (lines.after[line], ops.first())
            && let Some(last) = count.checked_sub(1)
        {
            edges.push((lines.lines[before][last as usize], *first, 0));
        }
    }
    for register in registers {
        for &(reader, seen) in &register.seen {
            if let Seen::By(writer) = seen {
                edges.push((writer, reader, 1));
            }
        }
    }
    edges
}

/// Counts what comes before each operation; `None` if there is a cycle.
fn spread<M: Sequential>(lines: &Lines<M>, edges: &[Edge]) -> Option<Before> {
    let (count, width) = (lines.ops.len(), lines.lines.len());
    let mut degrees = vec![0u32; count];
    let mut starts = vec![0usize; count + 1];
    for &(from, to, _) in edges {
        degrees[to] += 1;
        starts[from + 1] += 1;
    }
    for at in 0..count {
        starts[at + 1] += starts[at];
    }
    let mut targets = vec![0usize; edges.len()];
    let mut fill = starts.clone();
    for &(from, to, _) in edges {
        targets[fill[from]] = to;
        fill[from] += 1;
    }
    let mut counts = vec![0u32; count * width];
    let mut ready: Vec<usize> = (0..count).filter(|op| degrees[*op] == 0).collect();
    let mut done = 0;
    while let Some(op) = ready.pop() {
        done += 1;
        let own = lines.ops[op].line;
        for &to in &targets[starts[op]..starts[op + 1]] {
            for line in 0..width {
                let mut before = counts[op * width + line];
                if line == own {
                    before = before.max(lines.ops[op].place + 1);
                }
                let known = &mut counts[to * width + line];
                *known = before.max(*known);
            }
            degrees[to] -= 1;
            if degrees[to] == 0 {
                ready.push(to);
            }
        }
    }
    (done == count).then(|| Before {
        width,
        counts,
        seen: vec![None; count],
        is_write: vec![false; count],
    })
}

/// Applies the two rules once.
fn infer<M: Sequential>(
    lines: &Lines<M>,
    register: &Register,
    before: &Before,
    edges: &mut Vec<Edge>,
) {
    let is_before = |op: usize, other: usize| {
        let Op { line, place, .. } = lines.ops[op];
        before.of(other)[line] > place
    };
    for &(reader, seen) in &register.seen {
        for (line, writes) in register.writes.iter().enumerate() {
            // The last write of the line that comes before the reader.
            let end = before.of(reader)[line];
            let count = writes.partition_point(|(place, _)| *place < end);
            let last = writes[..count].last().map(|(_, write)| *write);
            match (seen, last) {
                // A circle of two: it comes before the reader, which does not see it yet.
                (Seen::Initial, Some(write)) => edges.push((reader, write, 3)),
                (Seen::By(writer), Some(write)) if write != writer && !is_before(write, writer) => {
                    edges.push((write, writer, 2));
                }
                _ => {}
            }
            // The first write of the line that comes after what the reader saw.
            let next = match seen {
                Seen::Anything => continue,
                Seen::Initial => writes.iter().find(|(_, write)| *write != reader),
                Seen::By(writer) => {
                    let first = writes.partition_point(|(_, write)| !is_before(writer, *write));
                    writes[first..].iter().find(|(_, write)| *write != reader)
                }
            };
            if let Some(&(_, write)) = next
                && !is_before(reader, write)
            {
                edges.push((reader, write, 3));
            }
        }
    }
}

/// A short circle: each operation with the reason why it comes before the next.
fn circle<M: Sequential>(lines: &Lines<M>, edges: &[Edge]) -> Vec<(usize, usize)> {
    let mut graph: Edges = BTreeMap::new();
    for &(from, to, why) in edges {
        graph.entry(from).or_default().push((to, from, why));
    }
    let mut found = cycles(&graph);
    found.sort_by_key(Vec::len);
    debug_assert!(!found.is_empty() || lines.ops.is_empty(), "what can not be spread is a cycle");
    found.into_iter().next().unwrap_or_default()
}
