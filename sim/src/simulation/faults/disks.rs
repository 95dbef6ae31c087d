//! Faults of disks, and the atlas that keeps damage within a budget.
//!
//! Damage takes away what a node may have promised. A cluster that keeps a majority of whole disks can
//! be held to all its promises; beyond that the only one left is to notice. So damage is counted by
//! node, and one that would leave no majority of undamaged nodes of the first role is withheld
//! (TigerBeetle's `ClusterFaultAtlas` does the same by block, which allows more).

use super::Struck;
use crate::plan::{Damage, DiskFault, Target};
use crate::protocol::{NodeId, Protocol};
use crate::random::Stream;
use crate::record::RowKind;
use crate::simulation::Simulation;
use crate::simulation::world::Tag;

impl<P: Protocol> Simulation<'_, P> {
    pub(super) fn disk_fault(
        &mut self,
        strike: usize,
        target: &Target,
        fault: &DiskFault,
    ) -> Option<Struck> {
        let mut dice = self.choices(strike);
        let found = self.resolve(target, strike, &mut dice);
        match fault {
            DiskFault::BitRot { records } => self.rot_all(found, *records, &mut dice),
            DiskFault::MisdirectedWrite => self.misdirect_all(found, &mut dice),
            DiskFault::Wipe => self.wipe_all(strike, found),
            _ => self.window(strike, found, fault, &mut dice),
        }
    }

    /// What lasts for a while.
    fn window(
        &mut self,
        strike: usize,
        nodes: Vec<NodeId>,
        fault: &DiskFault,
        dice: &mut Stream,
    ) -> Option<Struck> {
        if nodes.is_empty() {
            return None;
        }
        for id in &nodes {
            let disk = &mut self.nodes[id.index()].disk;
            match fault {
                DiskFault::Stall => disk.stall(true),
                DiskFault::Slow(_) => {
                    let law = self.laws.faults[self.strikes[strike].fault].own[0].clone();
                    disk.slow_down(strike, law);
                }
                DiskFault::Full => disk.fill_up(true),
                DiskFault::WriteError => disk.err(true),
                DiskFault::ReadError => disk.misread(strike, dice.next_u64()),
                DiskFault::BitRot { .. } | DiskFault::MisdirectedWrite | DiskFault::Wipe => {
                    unreachable!("they happen at once")
                }
            }
        }
        self.disks_hit.insert(strike, nodes.clone());
        let (kind, begins, ends) = words(fault);
        self.world.count("disk_windows", 1);
        let label = match fault {
            DiskFault::Slow(law) => format!("{} {law}", self.label(&nodes)),
            _ => self.label(&nodes),
        };
        let names = self.label(&nodes);
        Some(Struck {
            begins: format!("disks {begins}: {names}"),
            ends: format!("disks {ends}: {names}"),
            ..Struck::nodes(kind, label, nodes)
        })
    }

    /// The window of a strike is over.
    pub(super) fn disk_fault_ends(&mut self, strike: usize, fault: &DiskFault) {
        for id in self.disks_hit.remove(&strike).unwrap_or_default() {
            let disk = &mut self.nodes[id.index()].disk;
            match fault {
                DiskFault::Stall => {
                    disk.stall(false);
                    if disk.is_overdue() {
                        self.synced(id);
                    }
                }
                DiskFault::Slow(_) => disk.speed_up(strike),
                DiskFault::Full => disk.fill_up(false),
                DiskFault::WriteError => disk.err(false),
                DiskFault::ReadError => disk.read_well(strike),
                DiskFault::BitRot { .. } | DiskFault::MisdirectedWrite | DiskFault::Wipe => {}
            }
        }
    }

    fn rot_all(
        &mut self,
        mut nodes: Vec<NodeId>,
        records: u64,
        dice: &mut Stream,
    ) -> Option<Struck> {
        nodes.retain(|id| {
            if !self.may_damage(*id) {
                return false;
            }
            let rotten = self.nodes[id.index()].disk.rot_some(records, dice);
            if rotten > 0 {
                self.rotted(*id, rotten);
            }
            rotten > 0
        });
        self.at_once("bit-rot", nodes)
    }

    fn misdirect_all(&mut self, mut nodes: Vec<NodeId>, dice: &mut Stream) -> Option<Struck> {
        nodes.retain(|id| {
            self.may_damage(*id) && {
                let draw = dice.next_u64();
                self.nodes[id.index()].disk.misdirect(draw);
                self.world.digest(Tag::Damage, u64::from(id.0), 3, 0);
                self.world.count("writes_misdirected", 1);
                self.world.trace(RowKind::Fault, Some(*id), || {
                    "will write its next record to the place of another".to_owned()
                });
                true
            }
        });
        self.at_once("misdirected-write", nodes)
    }

    /// Disks are emptied; processes that run on them crash first.
    fn wipe_all(&mut self, strike: usize, mut nodes: Vec<NodeId>) -> Option<Struck> {
        nodes.retain(|id| {
            self.may_damage(*id) && {
                if self.nodes[id.index()].is_up() {
                    self.crash(*id);
                }
                self.wipe(*id);
                true
            }
        });
        self.hold(strike, &nodes);
        self.struck("wipe", nodes)
    }

    fn at_once(&self, kind: &'static str, nodes: Vec<NodeId>) -> Option<Struck> {
        let struck = self.struck(kind, nodes)?;
        Some(Struck { is_instant: true, ..struck })
    }

    /// Whether the plan's budget allows damage to the disk of a node. What it does not is counted.
    fn may_damage(&mut self, id: NodeId) -> bool {
        let servers = self.servers();
        let has_damage = |id: &NodeId| self.nodes[id.index()].disk.is_damaged();
        if self.plan.disk.damage == Damage::BeyondBudget
            || !servers.contains(&id)
            || has_damage(&id)
        {
            return true;
        }
        let damaged = servers.iter().filter(|id| has_damage(id)).count();
        let allowed = damaged < (servers.len() - 1) / 2;
        if !allowed {
            self.world.count("damage_withheld", 1);
        }
        allowed
    }
}

/// The kind of a window, and what happens to disks when it begins and ends.
fn words(fault: &DiskFault) -> (&'static str, &'static str, &'static str) {
    match fault {
        DiskFault::Stall => ("disk-stall", "stall", "go on"),
        DiskFault::Slow(_) => ("disk-slow", "become slow", "are as fast as before"),
        DiskFault::Full => ("disk-full", "are full", "have room again"),
        DiskFault::WriteError => ("write-error", "refuse every write", "write again"),
        DiskFault::ReadError => ("read-error", "read with errors", "read well again"),
        DiskFault::BitRot { .. } => ("bit-rot", "rot", "have rotted"),
        DiskFault::MisdirectedWrite => ("misdirected-write", "miss", "have missed"),
        DiskFault::Wipe => ("wipe", "are emptied", "were emptied"),
    }
}
