//! Who is there: the nodes of the cluster, and the names that mean some of them.

use rehearsal_sim::catalog::{Entry, RoleInfo};
use rehearsal_sim::plan::{PlannedNode, Target};
use rehearsal_sim::protocol::NodeId;
use serde_json::Value;

use super::topology;
use crate::diagnose;
use crate::read::Desk;
use crate::tree::{Data, Path, Tree};
use crate::values::Names;

/// More nodes than this are a slip of the finger.
const MOST_NODES: u64 = 1000;

/// The nodes of a scenario.
pub(crate) struct Cast {
    pub(crate) roles: Vec<RoleInfo>,
    pub(crate) nodes: Vec<PlannedNode>,
    /// The ranks that nodes can have.
    ranks: &'static [&'static str],
}

/// Names of those who are looked up when a fault strikes, beside the ranks of the protocol.
const LOOKED_UP: [(&str, Target); 8] = [
    ("leader", Target::Leader),
    ("followers", Target::Followers),
    ("minority", Target::Minority),
    ("majority", Target::Majority),
    ("any", Target::Any),
    ("others", Target::Others),
    ("it", Target::It),
    ("peer", Target::Peer),
];

/// What a target that is looked up is called; none for nodes.
pub(crate) fn name_of(target: &Target) -> Option<&str> {
    match target {
        Target::Nodes(_) => None,
        Target::Rank(rank) => Some(rank),
        other => LOOKED_UP.iter().find(|(_, known)| known == other).map(|(name, _)| *name),
    }
}

impl Cast {
    /// Reads `[cluster]`.
    pub(crate) fn read(desk: &mut Desk<'_>, entry: &Entry) -> Option<Cast> {
        let roles = (entry.roles)();
        let table = Path::of("cluster");
        desk.table_value(&table)?;
        let before = desk.findings.len();
        let plurals: Vec<&str> = roles.iter().map(|role| role.plural).collect();
        let tree = desk.tree;
        for key in tree.at(&table).and_then(Tree::table).into_iter().flat_map(|t| t.keys()) {
            if !plurals.contains(&key.as_str()) {
                desk.say(diagnose::unknown_key(tree, &table, key, &plurals));
            }
        }
        let counts: Vec<Option<u64>> =
            roles.iter().enumerate().map(|(at, role)| count(desk, at, role)).collect();
        if desk.findings.len() > before {
            return None;
        }
        let counts: Vec<u64> = counts.into_iter().collect::<Option<_>>()?;
        let total = counts.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
        if total > MOST_NODES {
            let (largest, _) = roles.iter().zip(&counts).max_by_key(|(_, count)| **count)?;
            let site = desk.site(&table.key(largest.plural));
            desk.say(diagnose::too_many_nodes(site, total, MOST_NODES));
            return None;
        }
        let nodes = named(&roles, &counts);
        Some(Cast { roles, nodes, ranks: entry.ranks })
    }

    /// How many nodes there are of each role.
    pub(crate) fn counts(&self) -> Vec<u32> {
        let of = |role| self.nodes.iter().filter(|node| node.role == role).count();
        let roles = 0..self.roles.len();
        roles.map(|role| u32::try_from(of(role)).expect("there are few nodes")).collect()
    }

    pub(crate) fn name(&self, node: NodeId) -> &str {
        &self.nodes[node.index()].name
    }

    pub(crate) fn node(&self, name: &str) -> Option<NodeId> {
        self.ids().find(|id| self.name(*id) == name)
    }

    fn ids(&self) -> impl Iterator<Item = NodeId> {
        (0u32..).map(NodeId).take(self.nodes.len())
    }

    pub(crate) fn of_role(&self, role: usize) -> Vec<NodeId> {
        self.ids().filter(|id| self.nodes[id.index()].role == role).collect()
    }

    /// The nodes that the workload calls operations on.
    pub(crate) fn called(&self) -> usize {
        self.nodes.iter().filter(|node| self.roles[node.role].takes_calls).count()
    }

    /// `n1..n5, client1..client4`.
    pub(crate) fn summary(&self) -> String {
        let ranges: Vec<String> = (0..self.roles.len())
            .filter_map(|role| {
                let nodes = self.of_role(role);
                let (first, last) = (self.name(*nodes.first()?), self.name(*nodes.last()?));
                Some(if first == last { first.to_owned() } else { format!("{first}..{last}") })
            })
            .collect();
        ranges.join(", ")
    }

    /// What could have been meant by a name that nobody has.
    pub(crate) fn near(&self, name: &str) -> Option<String> {
        // `server2` is what people write for the node `n2`.
        if let Some(first) = self.roles.first()
            && let Some(number) = name.strip_prefix(first.singular)
            && let Some(node) = self.node(&format!("n{}", number.trim_matches(['-', '_', ' '])))
        {
            return Some(self.name(node).to_owned());
        }
        let plurals = self.roles.iter().map(|role| role.plural);
        let names = self.nodes.iter().map(|node| node.name.as_str());
        let ranks = self.ranks.iter().copied();
        let names = names.chain(plurals).chain(LOOKED_UP.map(|(name, _)| name)).chain(ranks);
        crate::suggest::nearest(name, names).map(str::to_owned)
    }

    /// Whom a name means that is looked up when a fault strikes.
    fn looked_up(&self, name: &str) -> Option<Target> {
        let known = LOOKED_UP.into_iter().find(|(known, _)| *known == name);
        let rank = || self.ranks.contains(&name).then(|| Target::Rank(name.to_owned()));
        known.map(|(_, target)| target).or_else(rank)
    }

    /// Whether a name means nobody yet.
    pub(super) fn is_free(&self, name: &str) -> bool {
        self.named(name).is_none() && self.looked_up(name).is_none()
    }

    /// The nodes of a node's name or a role's plural.
    fn named(&self, name: &str) -> Option<Vec<NodeId>> {
        let role = || self.roles.iter().position(|role| role.plural == name);
        self.node(name).map(|node| vec![node]).or_else(|| Some(self.of_role(role()?)))
    }

    /// The nodes that a name means: a node's name, a role's plural, a place of the topology or a group
    /// of places.
    fn lookup(&self, desk: &mut Desk<'_>, name: &str, at: &Path) -> Option<Vec<NodeId>> {
        if let Some(nodes) = self.named(name) {
            if nodes.is_empty() {
                desk.say(diagnose::nobody_of_role(desk.site(at), name));
                return None;
            }
            return Some(nodes);
        }
        if let Some(members) = topology::nodes_at(desk.tree, name) {
            let mut nodes: Vec<NodeId> =
                members.iter().filter_map(|name| self.named(name)).flatten().collect();
            nodes.sort_unstable();
            nodes.dedup();
            if nodes.is_empty() {
                desk.say(diagnose::nobody_at(desk.site(at), name));
                return None;
            }
            return Some(nodes);
        }
        desk.say(diagnose::unknown_node(desk.site(at), name, self));
        None
    }

    /// Nodes by name or role; no ranks, because links are fixed before anybody has one.
    pub(crate) fn nodes_of(
        &self,
        desk: &mut Desk<'_>,
        names: &Names,
        path: &Path,
    ) -> Option<Vec<NodeId>> {
        let mut nodes = Vec::new();
        for (name, at) in each(names, path) {
            if self.node(name).is_none() && self.looked_up(name).is_some() {
                desk.say(diagnose::rank_of_link(desk.site(&at), name));
                return None;
            }
            nodes.extend(self.lookup(desk, name, &at)?);
        }
        if nodes.is_empty() {
            desk.say(diagnose::nobody_named(desk.site(path)));
            return None;
        }
        nodes.sort_unstable();
        nodes.dedup();
        Some(nodes)
    }

    /// The targets that names mean: all named nodes as one, and each rank as one. Says which name
    /// comes twice.
    pub(crate) fn targets(
        &self,
        desk: &mut Desk<'_>,
        names: &Names,
        path: &Path,
    ) -> Option<Vec<Target>> {
        let mut nodes: Vec<NodeId> = Vec::new();
        let mut ranks = Vec::new();
        for (name, at) in each(names, path) {
            let rank = self.looked_up(name);
            let found = match &rank {
                Some(_) => Vec::new(),
                None => self.lookup(desk, name, &at)?,
            };
            let again = found.iter().find(|node| nodes.contains(node));
            if rank.as_ref().is_some_and(|rank| ranks.contains(rank)) {
                desk.say(diagnose::named_twice(desk.site(&at), name));
                return None;
            }
            if let Some(node) = again {
                desk.say(diagnose::named_twice(desk.site(&at), self.name(*node)));
                return None;
            }
            nodes.extend(found);
            ranks.extend(rank);
        }
        let named = (!nodes.is_empty()).then_some(Target::Nodes(nodes));
        let targets: Vec<Target> = named.into_iter().chain(ranks).collect();
        if targets.is_empty() {
            desk.say(diagnose::nobody_named(desk.site(path)));
            return None;
        }
        Some(targets)
    }

    /// The one target that names mean.
    pub(crate) fn target(&self, desk: &mut Desk<'_>, names: &Names, path: &Path) -> Option<Target> {
        let mut targets = self.targets(desk, names, path)?;
        if targets.len() > 1 {
            desk.say(diagnose::mixed_target(desk.site(path)));
            return None;
        }
        targets.pop()
    }
}

/// Each name with its place.
pub(crate) fn each<'a>(
    names: &'a Names,
    path: &'a Path,
) -> impl Iterator<Item = (&'a str, Path)> + 'a {
    names.names.iter().enumerate().map(|(index, name)| {
        (name.as_str(), if names.is_list { path.item(index) } else { path.clone() })
    })
}

fn count(desk: &mut Desk<'_>, at: usize, role: &RoleInfo) -> Option<u64> {
    let path = Path::of("cluster").key(role.plural);
    let Some(tree) = desk.tree.at(&path) else { return Some(u64::from(role.default_count)) };
    let Data::Scalar(Value::Number(number)) = &tree.data else {
        desk.say(diagnose::misread(
            desk.tree,
            &path,
            "invalid type: this, expected a number of nodes",
            &[],
        ));
        return None;
    };
    match number.as_u64() {
        Some(0) if at == 0 => {
            desk.say(diagnose::no_nodes_of_first_role(tree.site.clone(), role));
            None
        }
        Some(count) => Some(count),
        None => {
            desk.say(diagnose::no_count(tree.site.clone(), &number.to_string()));
            None
        }
    }
}

fn named(roles: &[RoleInfo], counts: &[u64]) -> Vec<PlannedNode> {
    let mut nodes = Vec::new();
    for (role, (info, count)) in roles.iter().zip(counts).enumerate() {
        let prefix = if role == 0 { "n" } else { info.singular };
        nodes
            .extend((1..=*count).map(|number| PlannedNode::new(format!("{prefix}{number}"), role)));
    }
    nodes
}
