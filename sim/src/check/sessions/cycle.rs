//! Cycles in what clients saw.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// From each node the edges: where to, and the two touches that say so.
type Edges = BTreeMap<usize, Vec<(usize, usize, usize)>>;

/// As many cycles are named at most.
const CYCLES: usize = 16;

/// Some cycles that have no node in common, each a shortest one through some node: the touches of
/// their edges. None if and only if the graph has no cycle.
pub(super) fn cycles(edges: &Edges) -> Vec<Vec<(usize, usize)>> {
    let mut found = Vec::new();
    let mut gone = BTreeSet::new();
    while found.len() < CYCLES {
        let left = rest(edges, &gone);
        let Some(cycle) = on_a_cycle(edges, &left).and_then(|node| through(edges, &left, node))
        else {
            break;
        };
        gone.extend(cycle.iter().map(|(node, ..)| *node));
        found.push(cycle.into_iter().map(|(_, earlier, later)| (earlier, later)).collect());
    }
    found
}

/// A node on a cycle: each node that is left has an edge towards it, so walking back ends in one.
fn on_a_cycle(edges: &Edges, left: &BTreeSet<usize>) -> Option<usize> {
    let mut before = BTreeMap::new();
    for (from, to) in edges.iter().filter(|(from, _)| left.contains(from)) {
        before.extend(to.iter().map(|edge| (edge.0, *from)));
    }
    let mut seen = BTreeSet::new();
    let mut node = *left.first()?;
    while seen.insert(node) {
        node = *before.get(&node)?;
    }
    Some(node)
}

fn nodes(edges: &Edges) -> impl Iterator<Item = usize> {
    edges.iter().flat_map(|(from, to)| std::iter::once(*from).chain(to.iter().map(|edge| edge.0)))
}

/// The nodes that are left when those without an edge towards them are taken away again and again.
fn rest(edges: &Edges, gone: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut left: BTreeSet<usize> = nodes(edges).filter(|node| !gone.contains(node)).collect();
    let mut degrees: BTreeMap<usize, usize> = BTreeMap::new();
    for (_, to) in edges.iter().filter(|(from, _)| left.contains(from)) {
        for (to, ..) in to {
            *degrees.entry(*to).or_default() += 1;
        }
    }
    let mut bare: Vec<usize> =
        left.iter().filter(|node| !degrees.contains_key(node)).copied().collect();
    while let Some(node) = bare.pop() {
        left.remove(&node);
        for (to, ..) in edges.get(&node).into_iter().flatten() {
            if let Some(degree) = degrees.get_mut(to) {
                *degree -= 1;
                if *degree == 0 && left.contains(to) {
                    bare.push(*to);
                }
            }
        }
    }
    left
}

/// A shortest cycle through a node, as edges with where they lead; breadth first.
fn through(
    edges: &Edges,
    left: &BTreeSet<usize>,
    start: usize,
) -> Option<Vec<(usize, usize, usize)>> {
    let mut came: BTreeMap<usize, (usize, usize, usize)> = BTreeMap::new();
    let mut todo = VecDeque::from([start]);
    while let Some(node) = todo.pop_front() {
        for &(to, earlier, later) in edges.get(&node).into_iter().flatten() {
            if !left.contains(&to) || came.contains_key(&to) {
                continue;
            }
            came.insert(to, (node, earlier, later));
            if to == start {
                return Some(walk_back(&came, start));
            }
            todo.push_back(to);
        }
    }
    None
}

/// The edges of a cycle, in their order.
fn walk_back(
    came: &BTreeMap<usize, (usize, usize, usize)>,
    start: usize,
) -> Vec<(usize, usize, usize)> {
    let mut cycle = Vec::new();
    let mut node = start;
    loop {
        let (from, earlier, later) = came[&node];
        cycle.push((node, earlier, later));
        node = from;
        if node == start {
            cycle.reverse();
            return cycle;
        }
    }
}
