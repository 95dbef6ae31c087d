//! Faults that hit processors, clocks and timers.

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::Fault;

use super::Setting;
use crate::diagnose;
use crate::language::FaultTable;
use crate::read::Desk;
use crate::resolve::world::law;
use crate::tree::Path;

/// The kinds, with how each may look.
const KINDS: [(&str, &str); 7] = [
    ("slow", "{ nodes = \"leader\", step = \"5ms\" }"),
    ("crash_loop", "{ nodes = \"n2\", up = \"1s\", down = \"200ms\" }"),
    ("clock_jump", "{ nodes = \"n2\", by = \"-5s\" }"),
    ("clock_drift", "{ nodes = \"n2\", by = \"500ppm\" }"),
    ("clock_offset", "{ nodes = \"n2\", by = \"2s\" }"),
    ("clock_freeze", "\"n2\""),
    ("fire", "{ nodes = \"n2\", timer = \"Election\" }"),
];

/// The fault of a kind; `None` when it is wrong, or of another family.
pub(super) fn fault(
    desk: &mut Desk<'_>,
    setting: Setting<'_>,
    kind: &str,
    path: &Path,
    table: &FaultTable,
) -> Option<Fault> {
    let (_, example) = KINDS.iter().find(|(known, _)| *known == kind)?;
    // Serde would take a list for a table.
    if let Some(tree) = desk.tree.at(path)
        && tree.list().is_some()
        && kind != "clock_freeze"
    {
        let site = tree.site.clone();
        desk.say(diagnose::kind_is_a_table(site, kind, example));
        return None;
    }
    let target = |desk: &mut Desk<'_>, names| {
        let at = if kind == "clock_freeze" { path.clone() } else { path.key("nodes") };
        setting.cast.target(desk, names, &at)
    };
    match kind {
        "slow" => {
            let slow = table.slow.as_ref()?;
            let nodes = target(desk, &slow.nodes)?;
            let step = law(desk, &path.key("step"), Some(slow.step.clone()))?;
            Some(Fault::Slow { nodes, step })
        }
        "crash_loop" => {
            let turns = table.crash_loop.as_ref()?;
            let nodes = target(desk, &turns.nodes)?;
            let up = law(desk, &path.key("up"), Some(turns.up.clone()))?;
            let down = law(desk, &path.key("down"), Some(turns.down.clone()))?;
            Some(Fault::CrashLoop { nodes, up, down })
        }
        "clock_jump" => {
            let jump = table.clock_jump.as_ref()?;
            Some(Fault::ClockJump { nodes: target(desk, &jump.nodes)?, by: jump.by })
        }
        "clock_offset" => {
            let shift = table.clock_offset.as_ref()?;
            Some(Fault::ClockOffset { nodes: target(desk, &shift.nodes)?, by: shift.by })
        }
        "clock_drift" => {
            let drift = table.clock_drift.as_ref()?;
            Some(Fault::ClockDrift { nodes: target(desk, &drift.nodes)?, by: drift.by })
        }
        "clock_freeze" => target(desk, table.clock_freeze.as_ref()?).map(Fault::ClockFreeze),
        _ => {
            let fire = table.fire.as_ref()?;
            let nodes = target(desk, &fire.nodes);
            let timer = timer(desk, setting.entry, &fire.timer, &path.key("timer"));
            Some(Fault::Fire { nodes: nodes?, timer: timer? })
        }
    }
}

/// The place of a kind of timer in the protocol's list.
fn timer(desk: &mut Desk<'_>, entry: &Entry, name: &str, at: &Path) -> Option<usize> {
    let found = entry.timers.iter().position(|known| *known == name);
    if found.is_none() {
        desk.say(diagnose::unknown_occurrence(desk.site(at), name, "timer", entry.timers));
    }
    found
}
