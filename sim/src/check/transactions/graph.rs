//! Which transaction must come before which, and the circles in that.
//!
//! Besides transactions there are joints: nodes that stand for "all of these", so that a relation
//! between many and many takes as many edges as nodes. A path through joints is one step from a
//! transaction to a transaction; its kind is that of the edge it begins with.

use super::book::{NONE, number};

/// Kinds of edges, as bits.
pub(super) type Kinds = u8;
/// The later one overwrote what the earlier one wrote.
pub(super) const WW: Kinds = 1;
/// The later one read what the earlier one wrote.
pub(super) const WR: Kinds = 2;
/// The later one overwrote what the earlier one read.
pub(super) const RW: Kinds = 4;
/// One process did both, one after the other.
pub(super) const PROCESS: Kinds = 8;
/// The earlier one ended before the later one was called.
pub(super) const REAL_TIME: Kinds = 16;
/// The later one overwrote, for otherwise a read would not have found what it did.
pub(super) const FORCED: Kinds = 64;
/// From a joint onwards.
pub(super) const ON: Kinds = 32;

#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) to: u32,
    /// The number of the write it is about, or [`NONE`].
    pub(super) why: u32,
    pub(super) kind: Kinds,
}

/// A graph in the making.
pub(super) struct Sketch {
    txns: usize,
    nodes: usize,
    edges: Vec<(u32, Edge)>,
}

impl Sketch {
    pub(super) fn new(txns: usize) -> Sketch {
        Sketch { txns, nodes: txns, edges: Vec::with_capacity(txns * 4) }
    }

    /// With room for all its nodes from the beginning.
    pub(super) fn sized(txns: usize, nodes: usize) -> Sketch {
        Sketch { txns, nodes, edges: Vec::new() }
    }

    pub(super) fn joint(&mut self) -> u32 {
        self.nodes += 1;
        number(self.nodes - 1)
    }

    /// An edge between two different nodes; nothing follows from itself.
    pub(super) fn edge(&mut self, from: u32, to: u32, kind: Kinds, why: u32) {
        if from != to {
            self.edges.push((from, Edge { to, why, kind }));
        }
    }

    pub(super) fn build(self) -> Graph {
        let mut starts = vec![0_u32; self.nodes + 2];
        for (from, _) in &self.edges {
            starts[*from as usize + 2] += 1;
        }
        for node in 2..starts.len() {
            starts[node] += starts[node - 1];
        }
        let mut edges = vec![Edge { to: 0, why: NONE, kind: 0 }; self.edges.len()];
        for (from, edge) in &self.edges {
            let place = &mut starts[*from as usize + 1];
            edges[*place as usize] = *edge;
            *place += 1;
        }
        starts.pop();
        Graph { txns: self.txns, starts, edges }
    }
}

/// "All of these but itself": whoever is one of them can be linked to the others.
pub(super) struct Group {
    /// Member and the write it is a member by, ordered by member.
    members: Vec<(u32, u32)>,
    /// Joints before which the members up to a place, or from a place on, stand.
    upto: Vec<u32>,
    from: Vec<u32>,
}

impl Group {
    /// `members` ascend and differ.
    pub(super) fn new(sketch: &mut Sketch, members: Vec<(u32, u32)>) -> Group {
        let mut group = Group { upto: Vec::new(), from: Vec::new(), members };
        if group.members.len() < 2 {
            return group;
        }
        for (place, &(member, why)) in group.members.iter().enumerate() {
            for joints in [&mut group.upto, &mut group.from] {
                let joint = sketch.joint();
                sketch.edge(joint, member, ON, why);
                joints.push(joint);
            }
            if place > 0 {
                sketch.edge(group.upto[place], group.upto[place - 1], ON, NONE);
                sketch.edge(group.from[place - 1], group.from[place], ON, NONE);
            }
        }
        group
    }

    /// Every member but `node` itself comes after `node`.
    pub(super) fn follow(&self, sketch: &mut Sketch, node: u32, kind: Kinds) {
        let last = self.members.len().wrapping_sub(1);
        if let [(member, why)] = self.members[..] {
            return sketch.edge(node, member, kind, why);
        }
        match self.members.binary_search_by_key(&node, |member| member.0) {
            Ok(place) => {
                if place > 0 {
                    sketch.edge(node, self.upto[place - 1], kind, NONE);
                }
                if place < last {
                    sketch.edge(node, self.from[place + 1], kind, NONE);
                }
            }
            Err(_) if self.members.is_empty() => {}
            Err(_) => sketch.edge(node, self.upto[last], kind, NONE),
        }
    }
}

/// The finished graph.
pub(super) struct Graph {
    /// Nodes below this number are transactions, the others joints.
    pub(super) txns: usize,
    starts: Vec<u32>,
    edges: Vec<Edge>,
}

/// For each node the component it is in, or [`NONE`]; edges between components are not looked at.
pub(super) type Scope = Vec<u32>;

impl Graph {
    /// The same nodes with the edges of these kinds alone.
    pub(super) fn of_kinds(&self, kinds: Kinds) -> Graph {
        self.sketch_of(kinds).build()
    }

    /// The same, to be added to.
    pub(super) fn sketch_of(&self, kinds: Kinds) -> Sketch {
        let mut sketch = Sketch::sized(self.txns, self.nodes());
        for node in 0..number(self.nodes()) {
            for edge in self.edges(node).iter().filter(|edge| edge.kind & (kinds | ON) != 0) {
                sketch.edge(node, edge.to, edge.kind, edge.why);
            }
        }
        sketch
    }

    pub(super) fn nodes(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn edges(&self, node: u32) -> &[Edge] {
        let node = node as usize;
        &self.edges[self.starts[node] as usize..self.starts[node + 1] as usize]
    }

    /// The strongly connected components of two nodes or more among `nodes`, over edges of `kinds`
    /// that stay inside `scope` (Tarjan 1972, without recursion).
    pub(super) fn components(
        &self,
        kinds: Kinds,
        scope: Option<&Scope>,
        nodes: &mut dyn Iterator<Item = u32>,
    ) -> Vec<Vec<u32>> {
        let count = self.nodes();
        let mut search = Search {
            index: vec![NONE; count],
            low: vec![0; count],
            open: Vec::new(),
            next: 0,
            found: Vec::new(),
        };
        let inside = |from: u32, edge: &Edge| {
            edge.kind & (kinds | ON) != 0
                && scope.is_none_or(|scope| scope[from as usize] == scope[edge.to as usize])
        };
        let mut path: Vec<(u32, u32)> = Vec::new();
        for root in nodes {
            if search.index[root as usize] != NONE {
                continue;
            }
            search.enter(root);
            path.push((root, self.starts[root as usize]));
            while let Some((node, at)) = path.last_mut() {
                let node = *node;
                if *at == self.starts[node as usize + 1] {
                    path.pop();
                    search.leave(node, path.last().map(|step| step.0));
                    continue;
                }
                let edge = &self.edges[*at as usize];
                *at += 1;
                if !inside(node, edge) {
                    continue;
                }
                if search.index[edge.to as usize] == NONE {
                    search.enter(edge.to);
                    path.push((edge.to, self.starts[edge.to as usize]));
                } else {
                    let low = search.low[edge.to as usize];
                    search.lower(node, low);
                }
            }
        }
        search.found
    }

    /// Which node is in which of these components.
    pub(super) fn scope(&self, components: &[Vec<u32>]) -> Scope {
        let mut scope = vec![NONE; self.nodes()];
        for (number, component) in (0..).zip(components) {
            for &node in component {
                scope[node as usize] = number;
            }
        }
        scope
    }
}

/// A component that is done has this as its lowest reachable index, which lowers nothing.
const CLOSED: u32 = NONE;

struct Search {
    index: Vec<u32>,
    low: Vec<u32>,
    open: Vec<u32>,
    next: u32,
    found: Vec<Vec<u32>>,
}

impl Search {
    fn enter(&mut self, node: u32) {
        self.index[node as usize] = self.next;
        self.low[node as usize] = self.next;
        self.next += 1;
        self.open.push(node);
    }

    fn lower(&mut self, node: u32, low: u32) {
        let known = &mut self.low[node as usize];
        *known = (*known).min(low);
    }

    fn leave(&mut self, node: u32, parent: Option<u32>) {
        let low = self.low[node as usize];
        if let Some(parent) = parent {
            self.lower(parent, low);
        }
        if low != self.index[node as usize] {
            return;
        }
        let start = self.open.iter().rposition(|&other| other == node).unwrap_or(0);
        for &member in &self.open[start..] {
            self.low[member as usize] = CLOSED;
        }
        if self.open.len() - start > 1 {
            let mut component = self.open[start..].to_vec();
            component.sort();
            self.found.push(component);
        }
        self.open.truncate(start);
    }
}
