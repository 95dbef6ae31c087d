//! Faults of disks.

use rehearsal_sim::plan::{DiskFault, Fault};
use serde::de::DeserializeOwned;

use super::Setting;
use crate::diagnose;
use crate::language::{BitRot, DiskSlow, FaultTable};
use crate::read::Desk;
use crate::resolve::world;
use crate::tree::Path;
use crate::values::Names;

/// The kinds of faults that are read here.
pub(super) const KINDS: [&str; 8] = [
    "disk_stall",
    "disk_slow",
    "disk_full",
    "write_error",
    "read_error",
    "bit_rot",
    "misdirected_write",
    "wipe",
];

pub(super) fn fault(
    desk: &mut Desk<'_>,
    setting: Setting<'_>,
    kind: &str,
    path: &Path,
    table: &FaultTable,
) -> Option<Fault> {
    match kind {
        "disk_slow" => {
            let DiskSlow { nodes, sync_latency } = inner(desk, path, &table.disk_slow)?;
            let law = world::law(desk, &path.key("sync_latency"), Some(sync_latency.clone()));
            of(desk, setting, nodes, &path.key("nodes"), DiskFault::Slow(law?))
        }
        "bit_rot" => {
            let BitRot { nodes, records } = inner(desk, path, &table.bit_rot)?;
            let records = records.unwrap_or(1);
            if records == 0 {
                desk.say(diagnose::rot_of_nothing(desk.site(&path.key("records"))));
                return None;
            }
            of(desk, setting, nodes, &path.key("nodes"), DiskFault::BitRot { records })
        }
        _ => {
            let (names, fault) = match kind {
                "disk_stall" => (&table.disk_stall, DiskFault::Stall),
                "disk_full" => (&table.disk_full, DiskFault::Full),
                "write_error" => (&table.write_error, DiskFault::WriteError),
                "read_error" => (&table.read_error, DiskFault::ReadError),
                "misdirected_write" => (&table.misdirected_write, DiskFault::MisdirectedWrite),
                _ => (&table.wipe, DiskFault::Wipe),
            };
            of(desk, setting, names.as_ref()?, path, fault)
        }
    }
}

/// A table inside of a fault. Serde would take a list for one.
fn inner<'t, T: DeserializeOwned>(
    desk: &mut Desk<'_>,
    path: &Path,
    table: &'t Option<T>,
) -> Option<&'t T> {
    let tree = desk.tree.at(path)?;
    if tree.table().is_none() {
        desk.say(diagnose::table_expected(tree, path));
        return None;
    }
    table.as_ref()
}

fn of(
    desk: &mut Desk<'_>,
    setting: Setting<'_>,
    names: &Names,
    path: &Path,
    fault: DiskFault,
) -> Option<Fault> {
    let target = setting.cast.target(desk, names, path)?;
    Some(Fault::Disk { target, fault })
}
