//! What goes wrong: `[[fault]]`.

mod cuts;
mod disks;
mod machines;
mod weather;
mod when;

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::{Fault, Network, PlannedFault, Target, When};
use rehearsal_sim::time::Span;

use super::cast::Cast;
use super::timeline;
use crate::diagnose;
use crate::language::{FAULT_KINDS, FaultTable, INSTANT_KINDS};
use crate::read::Desk;
use crate::tree::{Path, Tree};
use crate::values::Names;

/// A fault and the table it was written in.
pub(super) struct Written {
    pub(super) planned: PlannedFault,
    pub(super) at: Path,
    /// Whether every node it hits was called by name: only then is a contradiction a mistake.
    pub(super) by_name: bool,
}

/// What faults are read against.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) entry: &'a Entry,
    pub(super) cast: &'a Cast,
    pub(super) duration: Option<Span>,
    pub(super) heal: Option<Span>,
    /// `None` while it is not known for its mistakes.
    pub(super) network: Option<&'a Network>,
}

pub(super) fn faults(
    desk: &mut Desk<'_>,
    setting: Option<Setting<'_>>,
) -> Option<Vec<PlannedFault>> {
    let mut written = Vec::new();
    let mut complete = true;
    for at in super::items(desk, &Path::of("fault"))? {
        let table = desk.read::<FaultTable>(&at);
        match table.and_then(|table| one(desk, setting, &at, &table)) {
            Some(fault) => written.push(fault),
            None => complete = false,
        }
    }
    if let Some(Setting { cast, .. }) = setting {
        timeline::check(desk, cast, &written);
    }
    complete.then(|| written.into_iter().map(|fault| fault.planned).collect())
}

fn one(
    desk: &mut Desk<'_>,
    setting: Option<Setting<'_>>,
    at: &Path,
    table: &FaultTable,
) -> Option<Written> {
    let kind = kind(desk, at)?;
    let lasts = lasts(desk, at, kind, table);
    let fits = weather::scope_fits(desk, at, kind, table);
    let when = when::when(desk, setting, at, table);
    let setting = setting?;
    let path = at.key(kind);
    let fault = fault(desk, setting, kind, at, table)?;
    let ((), when, lasts) = (fits?, when?, lasts?);
    targets_make_sense(desk, &path, &fault, &when)?;
    when::in_time(desk, setting, at, &when, &fault)?;
    let by_name = written_names(table)
        .is_some_and(|names| names.names.iter().all(|name| setting.cast.node(name).is_some()));
    let planned = PlannedFault { when, lasts, fault };
    Some(Written { planned, at: at.clone(), by_name })
}

/// Whom a fault means may depend on what triggered it, or on the other groups of a partition: where
/// there are none, nobody is meant.
fn targets_make_sense(desk: &mut Desk<'_>, path: &Path, fault: &Fault, when: &When) -> Option<()> {
    let targets = fault.targets();
    if targets.contains(&&Target::It) && !matches!(when, When::On(_)) {
        desk.say(diagnose::it_without_on(desk.site(path)));
        return None;
    }
    let is_message = matches!(when, When::On(trigger) if trigger.occurrence.is_of_a_message());
    if targets.contains(&&Target::Peer) && !is_message {
        desk.say(diagnose::peer_without_message(desk.site(path)));
        return None;
    }
    if targets.contains(&&Target::Others) && !matches!(fault, Fault::Partition(_)) {
        desk.say(diagnose::others_without_groups(desk.site(path)));
        return None;
    }
    Some(())
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
    if let (true, Some(span)) = (INSTANT_KINDS.contains(&kind), table.lasts) {
        desk.say(diagnose::lasting_crash(desk.key_site(&at.key("for")), kind, span));
        return None;
    }
    if table.restart_after.is_some() && !matches!(kind, "crash" | "power_off" | "wipe") {
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
    setting: Setting<'_>,
    kind: &str,
    at: &Path,
    table: &FaultTable,
) -> Option<Fault> {
    let (cast, path) = (setting.cast, &at.key(kind));
    let mut target = |names: &Option<Names>| cast.target(desk, names.as_ref()?, path);
    match kind {
        "crash" => target(&table.crash).map(Fault::Crash),
        "power_off" => target(&table.power_off).map(Fault::PowerOff),
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
            cuts::isolate(desk, cast, path, target)
        }
        "partition" => cuts::partition(desk, cast, path, table.partition.as_deref()?),
        "one_way" => cuts::one_way(desk, cast, path, table.one_way.as_ref()?),
        "bridge" => target(&table.bridge).map(Fault::Bridge),
        "ring" => cuts::ring(desk, path, table.ring?),
        "cut" => cuts::cut(desk, setting.network?, path, table.cut.as_deref()?),
        "swizzle" => weather::swizzle(desk, setting, path, table.swizzle.as_ref()?),
        "slow" | "crash_loop" | "clock_jump" | "clock_drift" | "clock_offset" | "clock_freeze"
        | "fire" => machines::fault(desk, setting, kind, path, table),
        kind if disks::KINDS.contains(&kind) => disks::fault(desk, setting, kind, path, table),
        kind => weather::weather(desk, setting, at, kind, table),
    }
}

fn written_names(table: &FaultTable) -> Option<&Names> {
    table.crash.as_ref().or(table.restart.as_ref()).or(table.pause.as_ref())
}
