//! The world around the nodes: `[supervisor]`, and the laws of all tables.

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::Supervisor;
use rehearsal_sim::time::Span;

use crate::diagnose;
use crate::language::SupervisorTable;
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

/// A law that was written, once it is found to make sense.
pub(super) fn law(desk: &mut Desk<'_>, path: &Path, law: Option<Law>) -> Option<Law> {
    let law = law?;
    if let Err(why) = law.check() {
        desk.say(diagnose::senseless(desk.site(path), &why));
    }
    Some(law)
}
