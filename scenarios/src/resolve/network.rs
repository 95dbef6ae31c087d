//! How messages travel: `[network]` and `[[network.link]]`.

use std::collections::BTreeSet;

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{LinkRule, Network, Order, Sharing, Wire};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::random::Chance;
use rehearsal_sim::time::Span;

use super::cast::{Cast, each};
use super::topology;
use super::world::law;
use crate::amounts::{Bandwidth, Size};
use crate::diagnose;
use crate::language::{LinkTable, NetworkTable, SharingName};
use crate::read::Desk;
use crate::tree::{Path, Tree};
use crate::values::Names;

pub(super) fn network(
    desk: &mut Desk<'_>,
    entry: Option<&Entry>,
    cast: Option<&Cast>,
) -> Option<Network> {
    let path = Path::of("network");
    let elsewhere = BTreeSet::from(["link".to_owned()]);
    let table = desk.read_without::<NetworkTable>(&path, &elsewhere, &["link"]);
    let is_wired = table.as_ref().is_some_and(|table| table.bandwidth.is_some());
    let links = links(desk, entry.zip(cast), &path.key("link"), is_wired);
    let topology = topology::topology(desk, cast);
    let table = table?;
    let wire = wire(desk, &path, (table.bandwidth, table.queue, table.sharing));
    Some(Network {
        latency: law(desk, &path.key("latency"), table.latency)
            .unwrap_or(Law::Constant(Span::millis(1))),
        loss: table.loss.unwrap_or(Chance::NEVER),
        duplicate: table.duplicate.unwrap_or(Chance::NEVER),
        order: table.order.map(Order::from).unwrap_or_default(),
        corrupt: table.corrupt.unwrap_or(Chance::NEVER),
        burst: table.burst.map(Into::into),
        wire: wire?,
        links: links?,
        topology: topology?,
        refuse: table.refuse.unwrap_or(false),
    })
}

/// The three keys of a wire; `Some(None)` where there is none.
pub(super) fn wire(
    desk: &mut Desk<'_>,
    at: &Path,
    keys: (Option<Bandwidth>, Option<Size>, Option<SharingName>),
) -> Option<Option<Wire>> {
    let (bandwidth, queue, sharing) = keys;
    let Some(bandwidth) = bandwidth else {
        for (key, is_written) in [("queue", queue.is_some()), ("sharing", sharing.is_some())] {
            if is_written {
                desk.say(diagnose::queue_without_bandwidth(desk.key_site(&at.key(key)), key));
                return None;
            }
        }
        return Some(None);
    };
    sends(desk, at, bandwidth)?;
    Some(Some(Wire {
        bandwidth: bandwidth.0,
        queue: queue.map(|queue| queue.0),
        sharing: sharing.map(Sharing::from).unwrap_or_default(),
    }))
}

fn sends(desk: &mut Desk<'_>, at: &Path, bandwidth: Bandwidth) -> Option<()> {
    if bandwidth.0 == 0 {
        desk.say(diagnose::no_bandwidth(desk.site(&at.key("bandwidth"))));
        return None;
    }
    Some(())
}

fn links(
    desk: &mut Desk<'_>,
    setting: Option<(&Entry, &Cast)>,
    path: &Path,
    is_wired: bool,
) -> Option<Vec<LinkRule>> {
    let mut rules = Some(Vec::new());
    let mut is_wired = is_wired;
    for at in super::items(desk, path)? {
        let table = desk.read::<LinkTable>(&at);
        is_wired |= table.as_ref().is_some_and(|table| table.bandwidth.is_some());
        let rule = table.and_then(|table| link(desk, setting?, &at, &table, is_wired));
        match (rule, &mut rules) {
            (Some(rule), Some(rules)) => rules.extend(rule),
            _ => rules = None,
        }
    }
    rules
}

/// One entry: a rule for its direction, or one for each of its two.
fn link(
    desk: &mut Desk<'_>,
    (entry, cast): (&Entry, &Cast),
    at: &Path,
    table: &LinkTable,
    is_wired: bool,
) -> Option<Vec<LinkRule>> {
    let messages = match &table.messages {
        Some(names) => kinds(desk, entry, names, &at.key("messages"))?,
        None => Vec::new(),
    };
    let ends = ends(desk, cast, at, table)?;
    let of_whole_links = [
        ("burst", table.burst.is_some()),
        ("bandwidth", table.bandwidth.is_some()),
        ("queue", table.queue.is_some()),
        ("sharing", table.sharing.is_some()),
    ];
    let whole = of_whole_links.iter().find(|(_, is_written)| *is_written);
    if let (Some((key, _)), Some(_)) = (whole, &table.messages) {
        desk.say(diagnose::kinds_of_a_wire(desk.key_site(&at.key(key)), key));
        return None;
    }
    if !is_wired {
        wire(desk, at, (table.bandwidth, table.queue, table.sharing))?;
    }
    if let Some(bandwidth) = table.bandwidth {
        sends(desk, at, bandwidth)?;
    }
    let rule = LinkRule {
        from: Vec::new(),
        to: Vec::new(),
        messages,
        latency: law(desk, &at.key("latency"), table.latency.clone()),
        loss: table.loss,
        duplicate: table.duplicate,
        order: table.order.map(Order::from),
        corrupt: table.corrupt,
        burst: table.burst.map(Into::into),
        bandwidth: table.bandwidth.map(|rate| rate.0),
        queue: table.queue.map(|queue| queue.0),
        sharing: table.sharing.map(Sharing::from),
    };
    if rule == (LinkRule { messages: rule.messages.clone(), ..LinkRule::default() }) {
        desk.say(diagnose::link_without_effect(desk.site(at)));
    }
    Some(ends.into_iter().map(|(from, to)| LinkRule { from, to, ..rule.clone() }).collect())
}

/// The numbers of kinds of messages.
pub(super) fn kinds(
    desk: &mut Desk<'_>,
    entry: &Entry,
    names: &Names,
    path: &Path,
) -> Option<Vec<usize>> {
    let mut kinds = Vec::new();
    for (name, at) in each(names, path) {
        match entry.messages.iter().position(|kind| *kind == name) {
            Some(kind) if kinds.contains(&kind) => {
                desk.say(diagnose::named_twice(desk.site(&at), name));
                return None;
            }
            Some(kind) => kinds.push(kind),
            None => {
                let known = entry.messages;
                desk.say(diagnose::unknown_occurrence(desk.site(&at), name, "message", known));
                return None;
            }
        }
    }
    if kinds.is_empty() {
        desk.say(diagnose::no_kinds(desk.site(path)));
        return None;
    }
    Some(kinds)
}

type Ends = (Vec<NodeId>, Vec<NodeId>);

fn ends(desk: &mut Desk<'_>, cast: &Cast, at: &Path, table: &LinkTable) -> Option<Vec<Ends>> {
    match (&table.between, &table.from, &table.to) {
        (Some(pair), None, None) => {
            let path = at.key("between");
            let [a, b] = pair.as_slice() else {
                desk.say(diagnose::between_needs_two(desk.site(&path), pair.len()));
                return None;
            };
            let one = |name: &String| Names { names: vec![name.clone()], is_list: false };
            let a = cast.nodes_of(desk, &one(a), &path.item(0));
            let b = cast.nodes_of(desk, &one(b), &path.item(1));
            let (a, b) = (a?, b?);
            // Within one role both directions are the same links.
            let back = (a != b).then(|| (b.clone(), a.clone()));
            Some([(a, b)].into_iter().chain(back).collect())
        }
        (None, Some(from), Some(to)) => {
            let from = cast.nodes_of(desk, from, &at.key("from"));
            let to = cast.nodes_of(desk, to, &at.key("to"));
            Some(vec![(from?, to?)])
        }
        (None, from, to) if table.messages.is_some() => {
            let mut some = |names: &Option<Names>, key: &str| match names {
                Some(names) => cast.nodes_of(desk, names, &at.key(key)),
                None => Some((0u32..).map(NodeId).take(cast.nodes.len()).collect()),
            };
            Some(vec![(some(from, "from")?, some(to, "to")?)])
        }
        _ => {
            let site = desk.site(at);
            let has_between = desk.tree.at(at).and_then(|tree: &Tree| tree.get("between"));
            let between = has_between.map(|tree| tree.key.clone());
            desk.say(diagnose::link_without_ends(between.unwrap_or(site)));
            None
        }
    }
}
