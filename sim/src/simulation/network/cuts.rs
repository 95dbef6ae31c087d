//! Cuts: who does not hear whom.

use crate::protocol::NodeId;

/// One active cut, by the fault that made it.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) fault: usize,
    pub(super) shape: CutShape,
}

/// Which messages a cut stops.
#[derive(Debug)]
pub(crate) enum CutShape {
    /// Per node its group; messages pass within a group, and from and to nodes in none.
    Groups(Vec<Option<u32>>),
    /// Per node whether it is a cut sender, and whether it is a cut receiver.
    OneWay { from: Vec<bool>, to: Vec<bool> },
    /// Per node a mark for each sender that it does not hear; empty for those that hear everybody.
    Deaf(Vec<Vec<bool>>),
}

impl CutShape {
    pub(super) fn severs(&self, from: NodeId, to: NodeId) -> bool {
        match self {
            CutShape::Groups(group) => match (group[from.index()], group[to.index()]) {
                (Some(a), Some(b)) => a != b,
                _ => false,
            },
            CutShape::Deaf(deaf) => deaf[to.index()].get(from.index()).copied().unwrap_or(false),
            CutShape::OneWay { from: senders, to: receivers } => {
                senders[from.index()] && receivers[to.index()]
            }
        }
    }
}
