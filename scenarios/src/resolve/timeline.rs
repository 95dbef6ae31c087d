//! Faults on named nodes that contradict each other: who is crashed when.
//!
//! Only what is certain is an error. A node that may be down because "leader" or "followers"
//! crashed is uncertain from then on, and whoever names it gets the benefit of the doubt.

use rehearsal_sim::plan::{Fault, Target, When};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::time::SimTime;

use super::cast::Cast;
use super::faults::Written;
use crate::diagnose;
use crate::read::Desk;
use crate::source::Site;

/// A node that is down, from the fault that did it.
struct Down {
    since: SimTime,
    /// When it starts again by itself.
    until: Option<SimTime>,
    site: Site,
}

/// When a fault strikes, if that is known beforehand.
fn certain(fault: &Written) -> Option<SimTime> {
    match fault.planned.when {
        When::At(at) => Some(at),
        _ => None,
    }
}

/// Nothing is certain where processes die or restart at times that only the run knows.
pub(super) fn check(desk: &mut Desk<'_>, cast: &Cast, faults: &[Written]) {
    let mut down: Vec<Option<Down>> = cast.nodes.iter().map(|_| None).collect();
    let mut uncertain = false;
    let is_of_lives = |fault: &&Written| {
        matches!(
            fault.planned.fault,
            Fault::Crash(_) | Fault::PowerOff(_) | Fault::Restart(_) | Fault::CrashLoop { .. }
        )
    };
    if faults.iter().filter(is_of_lives).any(|fault| certain(fault).is_none()) {
        return;
    }
    let mut order: Vec<(SimTime, &Written)> =
        faults.iter().filter_map(|fault| Some((certain(fault)?, fault))).collect();
    order.sort_by_key(|(at, _)| *at);
    for (at, fault) in order {
        for node in &mut down {
            node.take_if(|down| down.until.is_some_and(|until| until <= at));
        }
        match &fault.planned.fault {
            Fault::Crash(Target::Nodes(nodes)) => crash(desk, cast, fault, nodes, &mut down),
            Fault::Crash(_) | Fault::PowerOff(_) | Fault::CrashLoop { .. } | Fault::Disk { .. } => {
                uncertain = true;
            }
            Fault::Restart(Target::Nodes(nodes)) => {
                restart(desk, cast, fault, nodes, &mut down, uncertain);
            }
            Fault::Pause(Target::Nodes(nodes)) if fault.by_name => {
                pause(desk, cast, fault, nodes, &down);
            }
            _ => {}
        }
    }
}

fn crash(
    desk: &mut Desk<'_>,
    cast: &Cast,
    fault: &Written,
    nodes: &[NodeId],
    down: &mut [Option<Down>],
) {
    let path = fault.at.key("crash");
    let Some(since) = certain(fault) else { return };
    let until = fault.planned.lasts.and_then(|lasts| since.0.checked_add(lasts.0)).map(SimTime);
    for (index, node) in nodes.iter().enumerate() {
        let site = desk.site(&path.item(index));
        let name = cast.name(*node);
        match &down[node.index()] {
            Some(earlier) if fault.by_name => {
                let earlier = (earlier.site.clone(), earlier.until);
                desk.say(diagnose::crash_of_crashed(site, name, since, earlier));
            }
            _ => down[node.index()] = Some(Down { since, until, site }),
        }
    }
}

fn restart(
    desk: &mut Desk<'_>,
    cast: &Cast,
    fault: &Written,
    nodes: &[NodeId],
    down: &mut [Option<Down>],
    uncertain: bool,
) {
    let path = fault.at.key("restart");
    for (index, node) in nodes.iter().enumerate() {
        let was_down = down[node.index()].take().is_some();
        if !was_down && !uncertain && fault.by_name {
            let site = desk.site(&path.item(index));
            let at = certain(fault).unwrap_or(SimTime::ZERO);
            desk.say(diagnose::restart_of_running(site, cast.name(*node), at));
        }
    }
}

fn pause(
    desk: &mut Desk<'_>,
    cast: &Cast,
    fault: &Written,
    nodes: &[NodeId],
    down: &[Option<Down>],
) {
    let path = fault.at.key("pause");
    for (index, node) in nodes.iter().enumerate() {
        if let Some(earlier) = &down[node.index()] {
            let site = desk.site(&path.item(index));
            let earlier = (earlier.site.clone(), earlier.since);
            desk.say(diagnose::pause_of_crashed(site, cast.name(*node), earlier));
        }
    }
}
