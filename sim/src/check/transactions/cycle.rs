//! The search for cycles, by what they are made of.
//!
//! Whether there is a cycle of a kind is a question about strongly connected components, which take
//! linear time. Only where there is one, a short one is looked for, from a limited number of edges.

use std::collections::VecDeque;

use super::book::number;
use super::graph::{Edge, Graph, Kinds, ON, PROCESS, REAL_TIME, RW, Scope, Sketch, WR, WW};
use super::levels::{Cycle, Needs};

/// From as many edges of each kind a shortest cycle is looked for.
const TRIES: usize = 64;
/// As many edges a search may follow in sum; what is not found until then is told by a longer cycle,
/// or by one of a milder kind.
const EDGES: u64 = 30_000_000;

/// One step of a cycle, from a transaction to a transaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) kind: Kinds,
    /// The number of the write it is about, or [`NONE`](super::book::NONE).
    pub(super) why: u32,
}

/// A cycle and its name.
pub(super) struct Found {
    pub(super) cycle: Cycle,
    pub(super) needs: Needs,
    pub(super) steps: Vec<Step>,
}

/// At most one cycle of each kind, the worst kinds first. A kind that needs process order or real
/// time is looked for only where the same kind without them is not there.
pub(super) fn search(graph: &Graph) -> Vec<Found> {
    let all = WW | WR | RW | PROCESS | REAL_TIME;
    let knots = graph.components(all, None, &mut (0..graph.nodes()).map(number));
    if knots.is_empty() {
        return Vec::new();
    }
    let mut hunt = Hunt { knots: graph.scope(&knots), found: Vec::new() };
    let nodes: Vec<u32> = knots.into_iter().flatten().collect();
    for extra in [0, PROCESS, PROCESS | REAL_TIME] {
        hunt.simple(graph, &nodes, (WW | extra, WW), Cycle::G0);
        hunt.simple(graph, &nodes, (WW | WR | extra, WR), Cycle::G1c);
        hunt.missed(graph, &nodes, extra);
    }
    hunt.found.sort_by_key(|found| (found.cycle, found.needs));
    hunt.found
}

/// A short cycle over edges of these kinds.
pub(super) fn any(graph: &Graph, kinds: Kinds) -> Option<Vec<Step>> {
    let parts = graph.components(kinds, None, &mut (0..graph.nodes()).map(number));
    let scope = graph.scope(&parts);
    let mut starts = starts(graph, &parts, kinds, TRIES);
    starts.sort_by_key(|start| start.1.kind);
    let path = shortest(graph, &starts, kinds, &scope)?;
    Some(collapse(path, number(graph.txns), 1))
}

struct Hunt {
    knots: Scope,
    found: Vec<Found>,
}

impl Hunt {
    fn has(&self, cycle: Cycle) -> bool {
        self.found.iter().any(|found| found.cycle == cycle)
    }

    fn note(&mut self, steps: Vec<Step>) {
        let (cycle, needs) = name(&steps);
        if !self.has(cycle) {
            self.found.push(Found { cycle, needs, steps });
        }
    }

    /// Cycles over edges of `kinds` with at least one of kind `must`.
    fn simple(
        &mut self,
        graph: &Graph,
        nodes: &[u32],
        (kinds, must): (Kinds, Kinds),
        cycle: Cycle,
    ) {
        if self.has(cycle) {
            return;
        }
        let parts = graph.components(kinds, Some(&self.knots), &mut nodes.iter().copied());
        let starts = starts(graph, &parts, must, TRIES);
        let scope = graph.scope(&parts);
        let steps = shortest(graph, &starts, kinds, &scope);
        self.note_any(graph, steps);
    }

    fn note_any(&mut self, graph: &Graph, path: Option<Vec<(u32, Edge)>>) {
        if let Some(path) = path {
            self.note(collapse(path, number(graph.txns), 1));
        }
    }

    /// Cycles with reads that missed a write.
    fn missed(&mut self, graph: &Graph, nodes: &[u32], extra: Kinds) {
        let kinds = WW | WR | RW | extra;
        let parts = graph.components(kinds, Some(&self.knots), &mut nodes.iter().copied());
        let scope = graph.scope(&parts);
        let (twice, split) = split(graph, &parts, &scope, kinds);
        let starts_split = starts(&twice, &split, RW, usize::MAX);
        let within = twice.scope(&split);
        let mut mild = vec![true; parts.len()];
        for &(node, _) in &starts_split {
            mild[scope[node as usize / 2] as usize] = false;
        }
        let txns = number(twice.txns);
        if !self.has(Cycle::GSingle) {
            let path = shortest(&twice, &starts_split, kinds & !RW, &within);
            if let Some(path) = path {
                self.note(collapse(path, txns, 2));
            }
        }
        let has_forks = self.has(Cycle::GNonadjacent) || self.has(Cycle::LongFork);
        if !has_forks && !self.has(Cycle::GSingle) {
            let few = &starts_split[..starts_split.len().min(TRIES)];
            if let Some(path) = shortest(&twice, few, kinds, &within) {
                self.note(simplest(collapse(path, txns, 2)));
            }
        }
        if !self.has(Cycle::G2Item) {
            let mild: Vec<Vec<u32>> = parts
                .into_iter()
                .zip(mild)
                .filter(|(_, mild)| *mild)
                .map(|(part, _)| part)
                .collect();
            let steps = shortest(graph, &starts(graph, &mild, RW, TRIES), kinds, &scope);
            self.note_any(graph, steps);
        }
    }
}

/// The graph once more, with every node twice: reached by an edge of kind RW, or by another. RW
/// leads only from the latter, so that no cycle in it has two of them in a row. Returned with its
/// components.
fn split(graph: &Graph, parts: &[Vec<u32>], scope: &Scope, kinds: Kinds) -> (Graph, Vec<Vec<u32>>) {
    let mut sketch = Sketch::sized(graph.txns * 2, graph.nodes() * 2);
    for &node in parts.iter().flatten() {
        for edge in graph.edges(node) {
            if scope[node as usize] != scope[edge.to as usize] || edge.kind & (kinds | ON) == 0 {
                continue;
            }
            for missed in 0..2 {
                let to = match edge.kind {
                    RW if missed == 1 => continue,
                    RW => edge.to * 2 + 1,
                    ON => edge.to * 2 + missed,
                    _ => edge.to * 2,
                };
                sketch.edge(node * 2 + missed, to, edge.kind, edge.why);
            }
        }
    }
    let twice = sketch.build();
    let mut nodes = parts.iter().flatten().flat_map(|&node| [node * 2, node * 2 + 1]);
    let split = twice.components(kinds, None, &mut nodes);
    (twice, split)
}

/// Edges of a kind inside components, smallest components first.
fn starts(graph: &Graph, parts: &[Vec<u32>], kind: Kinds, limit: usize) -> Vec<(u32, Edge)> {
    let mut order: Vec<&Vec<u32>> = parts.iter().collect();
    order.sort_by_key(|part| part.len());
    let inside = order.into_iter().flat_map(|part| {
        part.iter().flat_map(move |&node| {
            let edges = graph.edges(node).iter();
            edges
                .filter(move |edge| edge.kind & kind != 0 && part.binary_search(&edge.to).is_ok())
                .map(move |edge| (node, *edge))
        })
    });
    inside.take(limit).collect()
}

/// The shortest way, counted in transactions, that begins with one of these edges and comes back to
/// where that edge began.
fn shortest(
    graph: &Graph,
    starts: &[(u32, Edge)],
    kinds: Kinds,
    scope: &Scope,
) -> Option<Vec<(u32, Edge)>> {
    if starts.is_empty() {
        return None;
    }
    let mut walk = Walk {
        distance: vec![u32::MAX; graph.nodes()],
        parent: vec![None; graph.nodes()],
        touched: Vec::new(),
        edges: EDGES,
    };
    let mut best: Option<Vec<(u32, Edge)>> = None;
    let mut best_length = u32::MAX;
    for (tried, start) in starts.iter().enumerate() {
        if best_length == 2 || walk.edges == 0 || (tried >= TRIES && best.is_some()) {
            break;
        }
        if let Some(length) = walk.back(graph, *start, kinds, scope, best_length) {
            best_length = length;
            best = Some(walk.path(*start));
        }
    }
    best
}

struct Walk {
    /// In transactions.
    distance: Vec<u32>,
    parent: Vec<Option<(u32, Edge)>>,
    touched: Vec<u32>,
    /// Edges that may still be followed.
    edges: u64,
}

impl Walk {
    /// How long the way back to the beginning of `start` is, if it is below `limit`.
    fn back(
        &mut self,
        graph: &Graph,
        (home, start): (u32, Edge),
        kinds: Kinds,
        scope: &Scope,
        limit: u32,
    ) -> Option<u32> {
        for node in self.touched.drain(..) {
            self.distance[node as usize] = u32::MAX;
            self.parent[node as usize] = None;
        }
        let mut queue = VecDeque::from([(start.to, 1)]);
        self.distance[start.to as usize] = 1;
        self.touched.push(start.to);
        while let Some((node, distance)) = queue.pop_front() {
            if distance >= limit {
                return None;
            }
            if node == home {
                return Some(distance);
            }
            if distance > self.distance[node as usize] {
                continue;
            }
            for edge in graph.edges(node) {
                self.edges = self.edges.saturating_sub(1);
                let is_inside = scope[edge.to as usize] == scope[node as usize];
                if edge.kind & (kinds | ON) == 0 || !is_inside {
                    continue;
                }
                let further = distance + u32::from(edge.kind != ON);
                let known = &mut self.distance[edge.to as usize];
                if further < *known {
                    if *known == u32::MAX {
                        self.touched.push(edge.to);
                    }
                    *known = further;
                    self.parent[edge.to as usize] = Some((node, *edge));
                    match edge.kind {
                        ON => queue.push_front((edge.to, further)),
                        _ => queue.push_back((edge.to, further)),
                    }
                }
            }
            if self.edges == 0 {
                return None;
            }
        }
        None
    }

    /// The edges of the way found last.
    fn path(&self, start: (u32, Edge)) -> Vec<(u32, Edge)> {
        let mut path = Vec::new();
        let mut node = start.0;
        while let Some((before, edge)) = self.parent[node as usize] {
            path.push((before, edge));
            node = before;
        }
        path.push(start);
        path.reverse();
        path
    }
}

/// Steps between transactions in place of edges between nodes; `copies` says how many nodes there
/// are to one node of the plain graph.
fn collapse(path: Vec<(u32, Edge)>, txns: u32, copies: u32) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (from, edge) in path {
        if from < txns {
            steps.push(Step {
                from: from / copies,
                to: edge.to / copies,
                kind: edge.kind,
                why: edge.why,
            });
        } else if let Some(step) = steps.last_mut() {
            step.to = edge.to / copies;
            step.why = edge.why;
        }
    }
    steps
}

/// Cuts a way that comes through one transaction twice: of the two circles it consists of, one has no
/// two missed writes in a row either.
fn simplest(mut steps: Vec<Step>) -> Vec<Step> {
    loop {
        let again = (0..steps.len()).find_map(|end| {
            (0..end).find(|&begin| steps[begin].from == steps[end].from).map(|begin| (begin, end))
        });
        let Some((begin, end)) = again else { return steps };
        let inner = steps[begin..end].to_vec();
        let outer = [&steps[end..], &steps[..begin]].concat();
        let is_apart = |steps: &[Step]| {
            (0..steps.len())
                .all(|at| (steps[at].kind, steps[(at + 1) % steps.len()].kind) != (RW, RW))
        };
        steps = if is_apart(&inner) { inner } else { outer };
    }
}

/// What a cycle is called.
fn name(steps: &[Step]) -> (Cycle, Needs) {
    let count = |kind: Kinds| steps.iter().filter(|step| step.kind == kind).count();
    let needs = match (count(REAL_TIME), count(PROCESS)) {
        (0, 0) => Needs::Data,
        (0, _) => Needs::Process,
        _ => Needs::RealTime,
    };
    let kind = |at: usize| steps[at % steps.len()].kind;
    let touch = (0..steps.len()).any(|at| kind(at) == RW && kind(at + 1) == RW);
    let is_fork = steps.len() == 4
        && (0..2).any(|at| [WR, RW, WR, RW].iter().enumerate().all(|(i, &k)| kind(at + i) == k));
    let cycle = match (count(RW), count(WR)) {
        (0, 0) => Cycle::G0,
        (0, _) => Cycle::G1c,
        (1, _) => Cycle::GSingle,
        _ if is_fork => Cycle::LongFork,
        _ if touch => Cycle::G2Item,
        _ => Cycle::GNonadjacent,
    };
    (cycle, needs)
}
