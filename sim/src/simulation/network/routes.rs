//! Places, the links between them, and the routes that lead over these.

use std::collections::BTreeSet;

use petgraph::algo::dijkstra;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{EdgeRef, Reversed};

use super::laws::LinkLaw;
use crate::plan::{PlaceLink, Topology};
use crate::protocol::NodeId;

/// The places of a plan, compiled once and shared by every seed.
#[derive(Debug)]
pub(super) struct TopologyLaws {
    /// Where each node stands.
    place_of: Vec<usize>,
    places: usize,
    pub(super) edges: Vec<Edge>,
    /// While nothing is cut.
    pub(super) routes: Routes,
}

/// A link from one place to another.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) law: LinkLaw,
    /// The mean latency in nanoseconds, then one for the link itself: no route is free, so that none
    /// runs in a circle.
    weight: u128,
}

impl TopologyLaws {
    pub(super) fn compile(topology: &Topology, nodes: usize, base: &LinkLaw) -> TopologyLaws {
        let mut place_of = vec![0; nodes];
        for (number, place) in topology.places.iter().enumerate() {
            place.nodes.iter().for_each(|node| place_of[node.index()] = number);
        }
        let edge = |link: &PlaceLink| {
            let law = LinkLaw::of_places(link, base);
            let weight = u128::from(law.latency.mean().map_or(1 << 62, |mean| mean.0)) << 32 | 1;
            Edge { from: link.from, to: link.to, law, weight }
        };
        let edges: Vec<Edge> = topology.links.iter().map(edge).collect();
        let places = topology.places.len();
        let routes = Routes::find(places, &edges, &BTreeSet::new());
        TopologyLaws { place_of, places, edges, routes }
    }

    pub(super) fn place_of(&self, node: NodeId) -> usize {
        self.place_of[node.index()]
    }

    /// The routes over the links that are not cut.
    pub(super) fn routes_without(&self, cut: &BTreeSet<usize>) -> Routes {
        Routes::find(self.places, &self.edges, cut)
    }
}

/// From each place the link that a message to another place takes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Routes {
    places: usize,
    /// By the place it is at, then the one it goes to.
    next: Vec<Option<usize>>,
}

impl Routes {
    fn find(places: usize, edges: &[Edge], cut: &BTreeSet<usize>) -> Routes {
        let whole = || edges.iter().enumerate().filter(|(number, _)| !cut.contains(number));
        let mut graph = DiGraph::<(), u128, usize>::default();
        (0..places).for_each(|_| {
            graph.add_node(());
        });
        for (_, edge) in whole() {
            graph.add_edge(NodeIndex::new(edge.from), NodeIndex::new(edge.to), edge.weight);
        }
        let mut next = vec![None; places * places];
        for to in 0..places {
            // How far every place is from there. What comes back is only ever asked by place: the
            // order of its table can not reach a run.
            let far = dijkstra(Reversed(&graph), NodeIndex::new(to), None, |edge| *edge.weight());
            let far = |place: usize| far.get(&NodeIndex::new(place)).copied();
            // Backwards, so that of equally short routes the first link of the plan stays.
            for (number, edge) in whole().collect::<Vec<_>>().into_iter().rev() {
                let by_this = far(edge.to).map(|rest| rest + edge.weight);
                if edge.from != to && by_this.is_some() && by_this == far(edge.from) {
                    next[edge.from * places + to] = Some(number);
                }
            }
        }
        Routes { places, next }
    }

    /// The link to take at a place on the way to another; `None` where no route leads there.
    pub(super) fn next(&self, at: usize, to: usize) -> Option<usize> {
        self.next[at * self.places + to]
    }
}
