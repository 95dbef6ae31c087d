//! The world around the nodes: `[supervisor]`, and the laws of all tables.

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{Limits, Supervisor};
use rehearsal_sim::time::Span;

use crate::diagnose;
use crate::language::{LimitsTable, SupervisorTable};
use crate::read::Desk;
use crate::tree::Path;

pub(super) fn supervisor(desk: &mut Desk<'_>) -> Option<Supervisor> {
    let path = Path::of("supervisor");
    let restart_after = desk.read::<SupervisorTable>(&path)?.restart_after;
    if restart_after == Some(Span::ZERO) {
        desk.say(diagnose::restart_at_once(desk.site(&path.key("restart_after"))));
        return None;
    }
    Some(Supervisor { restart_after })
}

pub(super) fn limits(desk: &mut Desk<'_>) -> Option<Limits> {
    let path = Path::of("limits");
    let LimitsTable { in_flight, waiting } = desk.read(&path)?;
    for (key, limit) in [("in_flight", in_flight), ("waiting", waiting)] {
        if limit == Some(0) {
            desk.say(diagnose::limit_of_nothing(desk.site(&path.key(key))));
            return None;
        }
    }
    let usual = Limits::default();
    Some(Limits {
        in_flight: in_flight.unwrap_or(usual.in_flight),
        waiting: waiting.unwrap_or(usual.waiting),
    })
}

/// A law that was written, once it is found to make sense.
pub(super) fn law(desk: &mut Desk<'_>, path: &Path, law: Option<Law>) -> Option<Law> {
    let law = law?;
    if let Err(why) = law.check() {
        desk.say(diagnose::senseless(desk.site(path), &why));
    }
    Some(law)
}
