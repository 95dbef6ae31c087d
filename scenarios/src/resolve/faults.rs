//! What goes wrong: `[[fault]]`.

use std::collections::BTreeMap;

use rehearsal_sim::plan::{Fault, PlannedFault, Target};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::time::{SimTime, Span};

use super::cast::Cast;
use super::{timeline, world};
use crate::diagnose;
use crate::language::{FAULT_KINDS, FaultTable, OneWay};
use crate::read::Desk;
use crate::source::Site;
use crate::tree::{Path, Tree};
use crate::values::Names;

/// A fault and the table it was written in.
pub(super) struct Written {
    pub(super) planned: PlannedFault,
    pub(super) at: Path,
    /// Whether every node it hits was called by name: only then is a contradiction a mistake.
    pub(super) by_name: bool,
}

pub(super) fn faults(
    desk: &mut Desk<'_>,
    cast: Option<&Cast>,
    duration: Option<Span>,
) -> Option<Vec<PlannedFault>> {
    let mut written = Vec::new();
    let mut complete = true;
    for at in super::items(desk, &Path::of("fault"))? {
        match desk.read::<FaultTable>(&at).and_then(|table| one(desk, cast, &at, &table, duration))
        {
            Some(fault) => written.push(fault),
            None => complete = false,
        }
    }
    if let Some(cast) = cast {
        timeline::check(desk, cast, &written);
    }
    complete.then(|| written.into_iter().map(|fault| fault.planned).collect())
}

fn one(
    desk: &mut Desk<'_>,
    cast: Option<&Cast>,
    at: &Path,
    table: &FaultTable,
    duration: Option<Span>,
) -> Option<Written> {
    let kind = kind(desk, at)?;
    let lasts = lasts(desk, at, kind, table);
    if let Some(duration) = duration
        && table.at >= duration
    {
        desk.say(diagnose::fault_after_end(desk.site(&at.key("at")), duration));
    }
    let cast = cast?;
    let path = at.key(kind);
    let fault = fault(desk, cast, kind, &path, table)?;
    let by_name = written_names(table)
        .is_some_and(|names| names.names.iter().all(|name| cast.node(name).is_some()));
    let planned = PlannedFault { at: SimTime(table.at.0), lasts: lasts?, fault };
    Some(Written { planned, at: at.clone(), by_name })
}

/// The one key that says what goes wrong.
fn kind(desk: &mut Desk<'_>, at: &Path) -> Option<&'static str> {
    let tree = desk.tree;
    let written = |kind: &str| tree.at(at).and_then(|table| table.get(kind));
    let mut kinds: Vec<&'static str> =
        FAULT_KINDS.into_iter().filter(|kind| written(kind).is_some()).collect();
    kinds.sort_by_key(|kind| written(kind).map(|tree: &Tree| tree.key.clone()));
    match kinds.as_slice() {
        [] => {
            desk.say(diagnose::fault_without_kind(desk.site(at)));
            None
        }
        [kind] => Some(kind),
        [first, second, ..] => {
            let (a, b) = (desk.key_site(&at.key(first)), desk.key_site(&at.key(second)));
            desk.say(diagnose::two_faults((first, a), (second, b)));
            None
        }
    }
}

/// `for` and `restart_after` are one thing to the plan; the language keeps apart what lasts and
/// what comes back. `None` when they are used wrongly.
fn lasts(desk: &mut Desk<'_>, at: &Path, kind: &str, table: &FaultTable) -> Option<Option<Span>> {
    if let (true, Some(span)) = (matches!(kind, "crash" | "restart"), table.lasts) {
        desk.say(diagnose::lasting_crash(desk.key_site(&at.key("for")), kind, span));
        return None;
    }
    if table.restart_after.is_some() && kind != "crash" {
        let site = desk.key_site(&at.key("restart_after"));
        desk.say(diagnose::restart_after_without_crash(site, kind));
        return None;
    }
    if table.lasts == Some(Span::ZERO) {
        desk.say(diagnose::fault_of_no_length(desk.site(&at.key("for"))));
        return None;
    }
    Some(table.lasts.or(table.restart_after))
}

fn fault(
    desk: &mut Desk<'_>,
    cast: &Cast,
    kind: &str,
    path: &Path,
    table: &FaultTable,
) -> Option<Fault> {
    let mut target = |names: &Option<Names>| cast.target(desk, names.as_ref()?, path);
    match kind {
        "crash" => target(&table.crash).map(Fault::Crash),
        "pause" => target(&table.pause).map(Fault::Pause),
        "restart" => {
            let target = target(&table.restart)?;
            if !matches!(target, Target::Nodes(_)) {
                desk.say(diagnose::restart_of_rank(desk.site(path)));
                return None;
            }
            Some(Fault::Restart(target))
        }
        "isolate" => {
            let target = target(&table.isolate)?;
            isolate(desk, cast, path, target)
        }
        "partition" => partition(desk, cast, path, table.partition.as_deref()?),
        "one_way" => one_way(desk, cast, path, table.one_way.as_ref()?),
        "loss" => table.loss.map(Fault::Loss),
        "latency" => world::law(desk, path, table.latency.clone()).map(Fault::Latency),
        other => unreachable!("{other} is no kind of fault"),
    }
}

/// The targets against all other nodes of the first role. What "the others" of a rank are is known
/// only when the fault strikes; they are ranks, too.
fn isolate(desk: &mut Desk<'_>, cast: &Cast, path: &Path, target: Target) -> Option<Fault> {
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
    };
    Some(Fault::Partition(vec![vec![target], vec![others]]))
}

fn partition(
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
            Target::Leader => members.push("leader".to_owned()),
            Target::Followers => members.push("followers".to_owned()),
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

fn one_way(desk: &mut Desk<'_>, cast: &Cast, path: &Path, ends: &OneWay) -> Option<Fault> {
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
        Target::Leader => true,
        Target::Followers => false,
    };
    if from == to && is_single(&from) {
        desk.say(diagnose::one_way_to_itself(desk.site(&path.key("to"))));
        return None;
    }
    Some(Fault::OneWay { from, to })
}

fn written_names(table: &FaultTable) -> Option<&Names> {
    table.crash.as_ref().or(table.restart.as_ref()).or(table.pause.as_ref())
}
