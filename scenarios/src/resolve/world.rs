//! The world around the nodes: `[network]`, `[[network.link]]`, `[disk]` and `[supervisor]`.

use std::collections::BTreeSet;

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{Damage, Disk, LinkRule, Network, Order, Supervisor};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::random::Chance;
use rehearsal_sim::time::Span;

use super::cast::Cast;
use crate::diagnose;
use crate::language::{DiskTable, LinkTable, NetworkTable, SupervisorTable};
use crate::read::Desk;
use crate::tree::{Path, Tree};
use crate::values::Names;

pub(super) fn network(desk: &mut Desk<'_>, cast: Option<&Cast>) -> Option<Network> {
    let path = Path::of("network");
    let elsewhere = BTreeSet::from(["link".to_owned()]);
    let table = desk.read_without::<NetworkTable>(&path, &elsewhere, &["link"]);
    let links = links(desk, cast, &path.key("link"));
    let table = table?;
    Some(Network {
        latency: law(desk, &path.key("latency"), table.latency)
            .unwrap_or(Law::Constant(Span::millis(1))),
        loss: table.loss.unwrap_or(Chance::NEVER),
        duplicate: table.duplicate.unwrap_or(Chance::NEVER),
        order: table.order.map(Order::from).unwrap_or_default(),
        links: links?,
    })
}

pub(super) fn disk(desk: &mut Desk<'_>) -> Option<Disk> {
    let path = Path::of("disk");
    let table = desk.read::<DiskTable>(&path)?;
    let sync_latency = law(desk, &path.key("sync_latency"), table.sync_latency)
        .unwrap_or(Law::Constant(Span::micros(200)));
    if table.capacity == Some(0) {
        desk.say(diagnose::no_capacity(desk.site(&path.key("capacity"))));
        return None;
    }
    Some(Disk {
        sync_latency,
        survives: table.survives.unwrap_or(Chance::NEVER),
        torn: table.torn.unwrap_or(Chance::NEVER),
        capacity: table.capacity,
        damage: table.damage.map(Damage::from).unwrap_or_default(),
    })
}

pub(super) fn supervisor(desk: &mut Desk<'_>) -> Option<Supervisor> {
    let path = Path::of("supervisor");
    let restart_after = desk.read::<SupervisorTable>(&path)?.restart_after;
    if restart_after == Some(Span::ZERO) {
        desk.say(diagnose::restart_at_once(desk.site(&path.key("restart_after"))));
        return None;
    }
    Some(Supervisor { restart_after })
}

/// A law that was written, once it is found to make sense.
pub(super) fn law(desk: &mut Desk<'_>, path: &Path, law: Option<Law>) -> Option<Law> {
    let law = law?;
    if let Err(why) = law.check() {
        desk.say(diagnose::senseless(desk.site(path), &why));
    }
    Some(law)
}

fn links(desk: &mut Desk<'_>, cast: Option<&Cast>, path: &Path) -> Option<Vec<LinkRule>> {
    let mut rules = Some(Vec::new());
    for at in super::items(desk, path)? {
        let rule = desk.read::<LinkTable>(&at).and_then(|table| link(desk, cast?, &at, &table));
        match (rule, &mut rules) {
            (Some(rule), Some(rules)) => rules.extend(rule),
            _ => rules = None,
        }
    }
    rules
}

/// One entry: a rule for its direction, or one for each of its two.
fn link(desk: &mut Desk<'_>, cast: &Cast, at: &Path, table: &LinkTable) -> Option<Vec<LinkRule>> {
    let ends = ends(desk, cast, at, table)?;
    let rule = LinkRule {
        from: Vec::new(),
        to: Vec::new(),
        latency: law(desk, &at.key("latency"), table.latency.clone()),
        loss: table.loss,
        duplicate: table.duplicate,
        order: table.order.map(Order::from),
    };
    let is_idle = rule.latency.is_none()
        && rule.loss.is_none()
        && rule.duplicate.is_none()
        && rule.order.is_none();
    if is_idle {
        desk.say(diagnose::link_without_effect(desk.site(at)));
    }
    Some(ends.into_iter().map(|(from, to)| LinkRule { from, to, ..rule.clone() }).collect())
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
        _ => {
            let site = desk.site(at);
            let has_between = desk.tree.at(at).and_then(|tree: &Tree| tree.get("between"));
            let between = has_between.map(|tree| tree.key.clone());
            desk.say(diagnose::link_without_ends(between.unwrap_or(site)));
            None
        }
    }
}
