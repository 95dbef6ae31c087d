//! What happens around disks: room that ends, writes that fail, what crashes leave of them, and
//! processes that end themselves because of it.

use super::Simulation;
use super::causes::Causes;
use super::disk::Remains;
use super::event::Event;
use super::queue::EventQueue;
use super::world::Tag;
use crate::protocol::{Input, NodeId, Protocol, Survivor};
use crate::random::{Purpose, Seed, Stream};
use crate::record::RowKind;

impl<P: Protocol> Simulation<'_, P> {
    /// Gives disks the room that the plan gives them.
    pub(super) fn limit_disks(&mut self) {
        for (id, node) in (0u32..).zip(&mut self.nodes) {
            if let Some(records) = self.plan.disk_of(NodeId(id)).capacity {
                node.disk.limit(records);
            }
        }
    }

    /// A disk refused a sync. The node hears of it, once it does not stand still.
    #[cold]
    pub(super) fn writes_failed(&mut self, id: NodeId, lost: u64) {
        self.world.digest(Tag::WriteFailed, u64::from(id.0), lost, 0);
        self.world.count("writes_failed", lost);
        self.world.causes(|causes| causes.wrote(id, lost));
        self.world.trace(RowKind::Sync, Some(id), || match lost {
            1 => "refuses 1 write, which is lost".to_owned(),
            _ => format!("refuses {lost} writes, which are lost"),
        });
        self.step(id, Input::WriteFailed { lost });
    }

    /// A node starts and reads its disk; where some of it is unreadable for now, that is told.
    pub(super) fn misread(&mut self, id: NodeId, read: &[Survivor<P::Record>]) {
        let unread = self.nodes[id.index()].disk.differences(read);
        if unread > 0 {
            self.world.digest(Tag::Damage, u64::from(id.0), 4, unread);
            self.world.count("records_misread", unread);
            self.world.trace(RowKind::Fault, Some(id), || match unread {
                1 => "can not read 1 record of its disk".to_owned(),
                _ => format!("can not read {unread} records of its disk"),
            });
        }
    }

    /// A node hears that writes failed: those that it handed over since are lost, too.
    #[cold]
    pub(super) fn told(&mut self, id: NodeId, lost: u64) -> Input<P> {
        let more = self.nodes[id.index()].disk.told(self.world.now);
        self.world.count("writes_failed", more);
        Input::WriteFailed { lost: lost + more }
    }

    /// What the crash at this instant leaves of the writes under way on a disk. Its draws are keyed
    /// by the instant: an earlier crash, more or less, does not move them.
    #[cold]
    pub(super) fn remains(&mut self, id: NodeId) -> Remains {
        let (now, disk) = (self.world.now, self.plan.disk_of(id));
        let seed = Seed(self.seed.0 ^ now.0.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut draws = Stream::new(seed, Purpose::Remains, self.laws.owners[id.index()]);
        let node = &mut self.nodes[id.index()];
        let remains = node.disk.keep_some(now, disk.survives, disk.torn, &mut draws);
        if remains != Remains::default() {
            let torn = u64::from(remains.torn);
            self.world.digest(Tag::Remains, u64::from(id.0), remains.kept, torn);
            self.world.count("writes_survived", remains.kept);
            self.world.count("writes_torn", torn);
        }
        remains
    }

    /// Durable records of a node have become unreadable.
    pub(super) fn rotted(&mut self, id: NodeId, records: u64) {
        self.world.digest(Tag::Damage, u64::from(id.0), 1, records);
        self.world.count("records_damaged", records);
        self.world.trace(RowKind::Fault, Some(id), || match records {
            1 => "has bit rot: 1 record on its disk is unreadable".to_owned(),
            _ => format!("has bit rot: {records} records on its disk are unreadable"),
        });
    }

    /// The disk of a node that is down is emptied.
    pub(super) fn wipe(&mut self, id: NodeId) {
        let records = self.nodes[id.index()].disk.wipe();
        self.world.digest(Tag::Damage, u64::from(id.0), 2, records as u64);
        self.world.count("disks_wiped", 1);
        self.world.trace(RowKind::Fault, Some(id), || match records {
            1 => "has its disk wiped, with 1 record".to_owned(),
            _ => format!("has its disk wiped, with {records} records"),
        });
    }

    /// The process whose step was carried out ends itself.
    #[cold]
    pub(super) fn exit(&mut self, id: NodeId) {
        let reason = self.exiting.take().expect("it said why");
        let lost = self.die(id);
        self.world.digest(Tag::Exit, u64::from(id.0), lost.writes, 0);
        self.world.count("exits", 1);
        self.world.causes(Causes::comes_from_within);
        self.world.trace(RowKind::Fault, Some(id), || format!("ends itself: {reason}{lost}"));
        self.bury(id);
        if let (Some(after), false) = (self.plan.supervisor.restart_after, self.world.by_hand) {
            let incarnation = self.nodes[id.index()].incarnation;
            let at = self.world.now.after(after);
            self.queue.push(at, Event::StartAgain(id, incarnation));
        }
    }

    /// The supervisor starts a process again that ended itself, unless somebody did so before.
    pub(super) fn start_again(&mut self, id: NodeId, incarnation: u64) {
        let node = &self.nodes[id.index()];
        if !node.is_up() && node.incarnation == incarnation {
            self.restart(id);
        }
    }
}
