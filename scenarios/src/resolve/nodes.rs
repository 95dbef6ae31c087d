//! What nodes are like: `[processor]`, `[clock]`, `[disk]`, and the nodes that differ, `[node.n3]`.

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{Clock, Damage, Disk, Processor};
use rehearsal_sim::time::Span;

use super::cast::Cast;
use super::world::law;
use crate::diagnose;
use crate::language::{ClockTable, DiskTable, NodeTable, ProcessorTable};
use crate::read::Desk;
use crate::tree::Path;

/// What all nodes are like that say nothing else.
pub(super) struct Common {
    pub(super) processor: Processor,
    pub(super) clock: Clock,
    pub(super) disk: Disk,
}

pub(super) fn common(desk: &mut Desk<'_>) -> Option<Common> {
    let at = Path::of;
    let tables = (
        desk.read::<ProcessorTable>(&at("processor")),
        desk.read::<ClockTable>(&at("clock")),
        desk.read::<DiskTable>(&at("disk")),
    );
    let (processor, clock, disk) = tables;
    let Common { processor: instant, clock: right, disk: plain } = Common::default();
    Some(Common {
        processor: self::processor(desk, &at("processor"), processor?, &instant),
        clock: self::clock(&clock?, right),
        disk: self::disk(desk, &at("disk"), disk?, &plain),
    })
}

impl Default for Common {
    fn default() -> Common {
        Common {
            processor: Processor::default(),
            clock: Clock::default(),
            disk: Disk::new(Law::Constant(Span::micros(200))),
        }
    }
}

/// Gives the nodes that differ what is their own, key by key.
pub(super) fn own(desk: &mut Desk<'_>, cast: &mut Cast, common: Option<&Common>) -> Option<()> {
    let wrong = Common::default(); // where it could not be read, there is no plan anyway
    let common = common.unwrap_or(&wrong);
    let path = Path::of("node");
    desk.table_value(&path)?;
    let tree = desk.tree;
    let mut complete = Some(());
    for name in tree.at(&path).and_then(|tree| tree.table()).into_iter().flat_map(|t| t.keys()) {
        let at = path.key(name);
        let Some(id) = cast.node(name) else {
            desk.say(diagnose::unknown_node(desk.key_site(&at), name, cast));
            complete = None;
            continue;
        };
        let Some(table) = desk.read::<NodeTable>(&at) else {
            complete = None;
            continue;
        };
        let node = &mut cast.nodes[id.index()];
        node.processor = table
            .processor
            .map(|table| processor(desk, &at.key("processor"), table, &common.processor));
        node.clock = table.clock.map(|table| clock(&table, common.clock));
        node.disk = table.disk.map(|table| disk(desk, &at.key("disk"), table, &common.disk));
    }
    complete
}

fn processor(desk: &mut Desk<'_>, at: &Path, table: ProcessorTable, base: &Processor) -> Processor {
    Processor {
        step: law(desk, &at.key("step"), table.step).or_else(|| base.step.clone()),
        queue: table.queue.or(base.queue),
        cold_start: law(desk, &at.key("cold_start"), table.cold_start)
            .or_else(|| base.cold_start.clone()),
    }
}

fn clock(table: &ClockTable, base: Clock) -> Clock {
    Clock { offset: table.offset.unwrap_or(base.offset), drift: table.drift.unwrap_or(base.drift) }
}

fn disk(desk: &mut Desk<'_>, at: &Path, table: DiskTable, base: &Disk) -> Disk {
    let sync_latency = law(desk, &at.key("sync_latency"), table.sync_latency);
    if table.capacity == Some(0) {
        desk.say(diagnose::no_capacity(desk.site(&at.key("capacity"))));
    }
    Disk {
        sync_latency: sync_latency.unwrap_or_else(|| base.sync_latency.clone()),
        survives: table.survives.unwrap_or(base.survives),
        torn: table.torn.unwrap_or(base.torn),
        capacity: table.capacity.or(base.capacity),
        damage: table.damage.map_or(base.damage, Damage::from),
    }
}
