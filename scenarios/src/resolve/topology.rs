//! Where nodes stand: `[topology]` and `[[topology.link]]`.

use std::collections::{BTreeMap, BTreeSet};

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{Place, PlaceLink, Topology};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::random::Chance;
use rehearsal_sim::time::Span;

use super::cast::{Cast, each};
use super::network::wire;
use super::world::law;
use crate::diagnose;
use crate::language::{PlaceLinkTable, TopologyTable};
use crate::read::Desk;
use crate::tree::{Path, Tree};
use crate::values::Names;

/// `Some(None)` where there is none, `None` where it is wrong.
pub(super) fn topology(desk: &mut Desk<'_>, cast: Option<&Cast>) -> Option<Option<Topology>> {
    let path = Path::of("topology");
    if desk.tree.at(&path).is_none() {
        return Some(None);
    }
    let elsewhere = BTreeSet::from(["link".to_owned()]);
    let table = desk.read_without::<TopologyTable>(&path, &elsewhere, &["link"])?;
    let places = places(desk, cast?, &path.key("places"), &table.places);
    let names: Vec<String> = table.places.keys().cloned().collect();
    groups(desk, cast?, &path.key("groups"), &table, &names)?;
    let links = links(desk, &path.key("link"), &names);
    let topology = Topology { places: places?, links: links? };
    apart(desk, &path.key("places"), &topology);
    Some(Some(topology))
}

fn places(
    desk: &mut Desk<'_>,
    cast: &Cast,
    path: &Path,
    written: &BTreeMap<String, Names>,
) -> Option<Vec<Place>> {
    let mut stands: BTreeMap<NodeId, &str> = BTreeMap::new();
    let mut places = Vec::new();
    for (name, names) in written {
        let at = path.key(name);
        if !cast.is_free(name) {
            desk.say(diagnose::place_like_a_node(desk.key_site(&at), name));
            return None;
        }
        // A place without nodes is a switch.
        let nodes = match names.names.is_empty() {
            true => Vec::new(),
            false => cast.nodes_of(desk, names, &at)?,
        };
        for node in &nodes {
            if let Some(other) = stands.insert(*node, name) {
                let node = cast.name(*node);
                desk.say(diagnose::at_two_places(desk.site(&at), node, name, other));
                return None;
            }
        }
        places.push(Place { name: name.clone(), nodes });
    }
    let mut all = (0u32..).map(NodeId).take(cast.nodes.len());
    if let Some(node) = all.find(|node| !stands.contains_key(node)) {
        desk.say(diagnose::at_no_place(desk.site(path), cast.name(node)));
        return None;
    }
    Some(places)
}

/// Groups are names for targets; here it is only seen to that they make sense.
fn groups(
    desk: &mut Desk<'_>,
    cast: &Cast,
    path: &Path,
    table: &TopologyTable,
    places: &[String],
) -> Option<()> {
    for (name, members) in table.groups.iter().flatten() {
        let at = path.key(name);
        if !cast.is_free(name) || places.contains(name) {
            desk.say(diagnose::place_like_a_node(desk.key_site(&at), name));
            return None;
        }
        for (member, at) in each(members, &at) {
            place(desk, member, &at, places)?;
        }
    }
    Some(())
}

pub(super) fn place(
    desk: &mut Desk<'_>,
    name: &str,
    at: &Path,
    places: &[String],
) -> Option<usize> {
    let found = places.iter().position(|place| place == name);
    if found.is_none() {
        desk.say(diagnose::unknown_place(desk.site(at), name, places));
    }
    found
}

fn links(desk: &mut Desk<'_>, path: &Path, places: &[String]) -> Option<Vec<PlaceLink>> {
    let mut links: Option<Vec<PlaceLink>> = Some(Vec::new());
    for at in super::items(desk, path)? {
        let read = desk.read::<PlaceLinkTable>(&at).and_then(|table| {
            let ends = ends(desk, &at, &table, places)?;
            link(desk, &at, table, &ends)
        });
        match (read, &mut links) {
            (Some(read), Some(links)) => {
                let ends = |link: &PlaceLink| (link.from, link.to);
                if links.iter().any(|link| read.iter().any(|new| ends(new) == ends(link))) {
                    desk.say(diagnose::place_link_twice(desk.site(&at)));
                    return None;
                }
                links.extend(read);
            }
            _ => links = None,
        }
    }
    links
}

fn link(
    desk: &mut Desk<'_>,
    at: &Path,
    table: PlaceLinkTable,
    ends: &[(usize, usize)],
) -> Option<Vec<PlaceLink>> {
    let wire = wire(desk, at, (table.bandwidth, table.queue, table.sharing))?;
    let latency = law(desk, &at.key("latency"), table.latency);
    let one = |(from, to): &(usize, usize)| PlaceLink {
        from: *from,
        to: *to,
        latency: latency.clone().unwrap_or(Law::Constant(Span::millis(1))),
        loss: table.loss.unwrap_or(Chance::NEVER),
        corrupt: table.corrupt.unwrap_or(Chance::NEVER),
        burst: table.burst.map(Into::into),
        wire,
    };
    Some(ends.iter().map(one).collect())
}

fn ends(
    desk: &mut Desk<'_>,
    at: &Path,
    table: &PlaceLinkTable,
    places: &[String],
) -> Option<Vec<(usize, usize)>> {
    let (key, pair) = match (&table.between, &table.from, &table.to) {
        (Some(pair), None, None) => {
            let path = at.key("between");
            let [a, b] = pair.as_slice() else {
                desk.say(diagnose::between_two_places(desk.site(&path)));
                return None;
            };
            let a = place(desk, a, &path.item(0), places)?;
            ("between", [a, place(desk, b, &path.item(1), places)?])
        }
        (None, Some(from), Some(to)) => {
            let from = place(desk, from, &at.key("from"), places)?;
            ("to", [from, place(desk, to, &at.key("to"), places)?])
        }
        _ => {
            desk.say(diagnose::between_two_places(desk.site(at)));
            return None;
        }
    };
    let [a, b] = pair;
    if a == b {
        desk.say(diagnose::place_linked_to_itself(desk.site(&at.key(key))));
        return None;
    }
    let back = (key == "between").then_some((b, a));
    Some([(a, b)].into_iter().chain(back).collect())
}

/// Nodes whose places have no route between them are told of: it is legal, and rarely meant.
fn apart(desk: &mut Desk<'_>, path: &Path, topology: &Topology) {
    let places = &topology.places;
    let stands = |place: &usize| !places[*place].nodes.is_empty();
    for from in (0..places.len()).filter(stands) {
        let mut reached = vec![false; places.len()];
        let mut border = vec![from];
        while let Some(place) = border.pop() {
            if !std::mem::replace(&mut reached[place], true) {
                let on = topology.links.iter().filter(|link| link.from == place);
                border.extend(on.map(|link| link.to));
            }
        }
        if let Some(to) = (0..places.len()).filter(stands).find(|to| !reached[*to]) {
            let site = desk.key_site(&path.key(&places[from].name));
            desk.say(diagnose::no_route(site, &places[from].name, &places[to].name));
        }
    }
}

/// The nodes of a place or of a group of places, as far as the text makes sense.
pub(super) fn nodes_at(tree: &Tree, name: &str) -> Option<Vec<String>> {
    let topology = tree.get("topology")?;
    let members = |table: &str, name: &str| -> Option<Vec<String>> {
        let written = topology.get(table)?.get(name)?;
        let one = written.as_str().map(|name| vec![name.to_owned()]);
        let all = |list: &[Tree]| list.iter().filter_map(Tree::as_str).map(str::to_owned).collect();
        one.or_else(|| written.list().map(all))
    };
    members("places", name).or_else(|| {
        let places = members("groups", name)?;
        Some(places.iter().filter_map(|place| members("places", place)).flatten().collect())
    })
}
