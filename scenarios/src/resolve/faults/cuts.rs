//! Faults that cut links: partitions of all shapes.

use std::collections::BTreeMap;

use rehearsal_sim::plan::{Fault, Network, Target};
use rehearsal_sim::protocol::NodeId;

use crate::diagnose;
use crate::language::OneWay;
use crate::read::Desk;
use crate::resolve::cast::{Cast, name_of};
use crate::resolve::topology;
use crate::source::Site;
use crate::tree::{Path, Tree};
use crate::values::Names;

/// The targets against all other nodes of the first role. What "the others" of a rank are is known
/// only when the fault strikes; they are ranks, too.
pub(super) fn isolate(
    desk: &mut Desk<'_>,
    cast: &Cast,
    path: &Path,
    target: Target,
) -> Option<Fault> {
    let others = match &target {
        Target::Leader => Target::Followers,
        Target::Followers => Target::Leader,
        Target::Nodes(nodes) => {
            let others: Vec<NodeId> =
                cast.of_role(0).into_iter().filter(|node| !nodes.contains(node)).collect();
            if others.is_empty() {
                desk.say(diagnose::isolated_from_nobody(desk.site(path), cast.roles[0].plural));
                return None;
            }
            Target::Nodes(others)
        }
        _ => Target::Others,
    };
    Some(Fault::Partition(vec![vec![target], vec![others]]))
}

pub(super) fn partition(
    desk: &mut Desk<'_>,
    cast: &Cast,
    path: &Path,
    groups: &[Vec<String>],
) -> Option<Fault> {
    if groups.len() < 2 {
        desk.say(diagnose::one_group(desk.site(path), groups.len()));
        return None;
    }
    let mut read: Vec<Option<Vec<Target>>> = Vec::new();
    for (index, names) in groups.iter().enumerate() {
        let names = Names { names: names.clone(), is_list: true };
        read.push(cast.targets(desk, &names, &path.item(index)));
    }
    let groups: Vec<Vec<Target>> = read.into_iter().collect::<Option<_>>()?;
    let mut complete = true;
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    for (index, group) in groups.iter().enumerate() {
        let members = members(cast, group);
        if let Some((name, earlier)) =
            members.iter().find_map(|name| Some((name, *first.get(name)?)))
        {
            let site = spot(desk, &path.item(index), name);
            let there = spot(desk, &path.item(earlier), name);
            desk.say(diagnose::in_two_groups(site, there, name));
            complete = false;
        }
        for name in members {
            first.entry(name).or_insert(index);
        }
    }
    complete.then_some(Fault::Partition(groups))
}

/// Everybody in a group, nodes and ranks, as a scenario names them.
fn members(cast: &Cast, group: &[Target]) -> Vec<String> {
    let mut members = Vec::new();
    for target in group {
        match target {
            Target::Nodes(nodes) => {
                members.extend(nodes.iter().map(|node| cast.name(*node).to_owned()));
            }
            other => members.extend(name_of(other).map(str::to_owned)),
        }
    }
    members
}

/// Where a group names somebody; the whole group where it is by a role.
fn spot(desk: &Desk<'_>, group: &Path, name: &str) -> Site {
    let names = desk.tree.at(group).and_then(Tree::list).unwrap_or_default();
    match names.iter().position(|written| written.as_str() == Some(name)) {
        Some(index) => desk.site(&group.item(index)),
        None => desk.site(group),
    }
}

pub(super) fn one_way(
    desk: &mut Desk<'_>,
    cast: &Cast,
    path: &Path,
    ends: &OneWay,
) -> Option<Fault> {
    // Serde would take a list for a table.
    if let Some(tree) = desk.tree.at(path)
        && tree.table().is_none()
    {
        desk.say(diagnose::one_way_is_a_table(tree.site.clone()));
        return None;
    }
    let from = cast.target(desk, &ends.from, &path.key("from"));
    let to = cast.target(desk, &ends.to, &path.key("to"));
    let (from, to) = (from?, to?);
    let is_single = |target: &Target| match target {
        Target::Nodes(nodes) => nodes.len() == 1,
        Target::Leader | Target::It | Target::Peer => true,
        _ => false,
    };
    if from == to && is_single(&from) {
        desk.say(diagnose::one_way_to_itself(desk.site(&path.key("to"))));
        return None;
    }
    Some(Fault::OneWay { from, to })
}

pub(super) fn ring(desk: &mut Desk<'_>, path: &Path, is_ring: bool) -> Option<Fault> {
    if !is_ring {
        desk.say(diagnose::ring_is_true(desk.site(path)));
        return None;
    }
    Some(Fault::Ring)
}

/// The links between two places, in both directions.
pub(super) fn cut(
    desk: &mut Desk<'_>,
    network: &Network,
    path: &Path,
    places: &[String],
) -> Option<Fault> {
    let Some(topology) = &network.topology else {
        desk.say(diagnose::cut_without_topology(desk.key_site(path)));
        return None;
    };
    let [a, b] = places else {
        desk.say(diagnose::between_two_places(desk.site(path)));
        return None;
    };
    let names: Vec<String> = topology.places.iter().map(|place| place.name.clone()).collect();
    let a = topology::place(desk, a, &path.item(0), &names)?;
    let b = topology::place(desk, b, &path.item(1), &names)?;
    let is_cut = |ends: (usize, usize)| ends == (a, b) || ends == (b, a);
    let links = topology.links.iter().enumerate();
    let links: Vec<usize> =
        links.filter(|(_, link)| is_cut((link.from, link.to))).map(|(number, _)| number).collect();
    if links.is_empty() {
        desk.say(diagnose::cut_of_no_link(desk.site(path), &names[a], &names[b]));
        return None;
    }
    Some(Fault::CutLinks(links))
}
