//! **Quorum intersection across changes of the voters**: no two decisions can be taken by majorities
//! that share nobody, "for it to be impossible for two leaders to be elected for the same term" while
//! servers go by different configurations (Section 6; thesis, 4.1 and Figure 4.3).
//!
//! A configuration is *in force* while a node goes by it whose log has every committed entry. Another
//! node can not win an election with its configuration, however old that is, nor commit anything: that is
//! why it is safe that servers which were away go by configurations of long ago. Whenever a node goes
//! over to another configuration, that must share a voter, quorum by quorum, with all that are in force.
//!
//! TLA+: in Vanlightly's specification of Raft reconfiguration the bug of 2015 is
//! `IncludeThesisBug`; what is judged here fails before two leaders are elected. State: a mirror of the
//! logs, and the configuration of each node. Cost: nothing for most events; for a change of the
//! configuration, a step for each node.

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;

use super::configurations::Configurations;
use super::mirror::Mirror;
use crate::events::consensus::Event;

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "configurations_meet",
    sentence: "every two configurations that are in force share a voter in all of their quorums",
    citation: "Ongaro & Ousterhout 2014, Section 6; Ongaro's dissertation, 4.1 and 4.3",
    new: |cluster| {
        Box::new(ConfigurationsMeet {
            cluster: cluster.clone(),
            mirror: Mirror::new(cluster.names.len()),
            configurations: Configurations::new(cluster),
            committed: (0, 0),
            takes_part: vec![false; cluster.names.len()],
        })
    },
};

#[derive(Clone, Debug)]
struct ConfigurationsMeet {
    cluster: Cluster,
    mirror: Mirror,
    configurations: Configurations,
    /// The last committed entry: its index, and the digest of the log up to there.
    committed: (u64, u64),
    /// Whether a node has started, and found its disk whole.
    takes_part: Vec<bool>,
}

impl ConfigurationsMeet {
    /// Whether a node has all that is committed, and so might win an election.
    fn has_all(&self, node: NodeId) -> bool {
        let (index, prefix) = self.committed;
        let base = self.mirror.base(node).index;
        index < base
            || index == 0
            || self.mirror.cell(node, index).is_some_and(|c| c.prefix == prefix)
    }

    fn in_force(&self, node: NodeId) -> bool {
        self.takes_part[node.index()]
            && !self.configurations.of(node).is_empty()
            && self.has_all(node)
    }

    /// Compares what a node goes by now with what is in force elsewhere.
    fn compare(&self, node: NodeId) -> Result<(), Breach> {
        let mine = self.configurations.of(node);
        let voters = u32::try_from(self.cluster.voters).expect("node ids are 32 bits");
        let others =
            (0..voters).map(NodeId).filter(|other| *other != node && self.in_force(*other));
        let found = others.into_iter().find(|other| {
            let theirs = self.configurations.of(*other);
            mine != theirs && !mine.always_meets(theirs)
        });
        let Some(other) = found.filter(|_| self.in_force(node)) else { return Ok(()) };
        let (name, others_name) = (self.cluster.name(node), self.cluster.name(other));
        let theirs = self.configurations.of(other);
        let message = format!(
            "{name} goes by the voters {mine:?} and {others_name} by {theirs:?}: \
             a quorum of the one need not share a voter with a quorum of the other"
        );
        Err(Breach { message, nodes: vec![other, node] })
    }
}

impl Monitor<Event> for ConfigurationsMeet {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        self.mirror.read(note);
        self.configurations.read(note);
        match *note.event {
            Event::Restored { .. } => self.takes_part[note.node.index()] = true,
            Event::FoundDamage { .. } => self.takes_part[note.node.index()] = false,
            Event::Committed { index, leader: true, .. } if index > self.committed.0 => {
                if let Some(cell) = self.mirror.cell(note.node, index) {
                    self.committed = (index, cell.prefix);
                }
            }
            Event::Configured { .. } => return self.compare(note.node),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{appended, breach, committed, configured, feed, restored};
    use super::*;

    /// All three start, and go by the four voters n1 to n4.
    fn started(then: &[(u32, Event)]) -> Vec<(u32, Event)> {
        let starts = (0..3).map(|node| (node, restored(&[])));
        let four = (0..3).map(|node| (node, configured(&[0, 1, 2, 3])));
        starts.chain(four).chain(then.iter().cloned()).collect()
    }

    /// Ongaro's example of 2015: n1 adds n5, n2 removes n1. Before n2 has committed anything in its
    /// term, n1's change is still in force.
    #[test]
    fn two_changes_on_two_branches_must_meet() {
        let notes = started(&[
            (0, appended(1, 1)),
            (0, configured(&[0, 1, 2, 3, 4])),
            (1, appended(1, 2)),
            (1, configured(&[1, 2, 3])),
        ]);
        assert_eq!(breach(&INVARIANT, &notes).nodes, [NodeId(0), NodeId(1)]);
    }

    #[test]
    fn what_can_not_win_any_more_is_not_in_force() {
        let notes = started(&[
            (0, appended(1, 1)),
            (0, configured(&[0, 1, 2, 3, 4])),
            (1, appended(1, 2)),
            (2, appended(1, 2)),
            (1, committed(1, 2)),
            (1, appended(2, 2)),
            (1, configured(&[1, 2, 3])),
        ]);
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn a_swap_in_one_step_is_a_breach() {
        let notes = started(&[(0, appended(1, 1)), (0, configured(&[0, 4, 5]))]);
        let message = "n1 goes by the voters n1,n5,n6 and n2 by n1,n2,n3,n4: \
                       a quorum of the one need not share a voter with a quorum of the other";
        assert_eq!(breach(&INVARIANT, &notes).message, message);
    }

    #[test]
    fn who_knows_of_no_configuration_decides_nothing() {
        let notes = started(&[(2, configured(&[])), (1, configured(&[])), (0, configured(&[5]))]);
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }
}
