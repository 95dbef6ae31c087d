//! The world around the nodes: `[disk]`, and the laws of all tables.

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::Disk;
use rehearsal_sim::time::Span;

use crate::diagnose;
use crate::language::DiskTable;
use crate::read::Desk;
use crate::tree::Path;

pub(super) fn disk(desk: &mut Desk<'_>) -> Option<Disk> {
    let path = Path::of("disk");
    let table = desk.read::<DiskTable>(&path)?;
    let sync_latency = law(desk, &path.key("sync_latency"), table.sync_latency)
        .unwrap_or(Law::Constant(Span::micros(200)));
    Some(Disk { sync_latency })
}

/// A law that was written, once it is found to make sense.
pub(super) fn law(desk: &mut Desk<'_>, path: &Path, law: Option<Law>) -> Option<Law> {
    let law = law?;
    if let Err(why) = law.check() {
        desk.say(diagnose::senseless(desk.site(path), &why));
    }
    Some(law)
}
