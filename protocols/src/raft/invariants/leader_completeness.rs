//! **Leader Completeness**: if a log entry is committed in a given term, then that entry will be
//! present in the logs of the leaders for all higher-numbered terms (Figure 3; Section 5.4.3).
//!
//! TLA+: `LeaderCompleteness`; Ongaro's proof (thesis, Appendix B) states it over the history
//! variables `elections` and `allLogs`.
//!
//! The observer keeps the committed log as a ghost. An entry is committed from the moment at which
//! a majority has *stored* it in the term of the leader that made it (Section 5.4.2), not when
//! somebody finds out. The ghost also grows when a leader announces a commit, which catches leaders
//! that announce too early. Cost: one comparison an election, a count over the voters for each
//! `Stored`, and one step for each committed entry. Which majority that is, the configuration says by
//! which the leader of the term counts.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;

use super::configurations::Configurations;
use super::mirror::Mirror;
use crate::events::consensus::Event;
use crate::invariants::before;
use crate::parts::configuration::Configuration;

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "leader_completeness",
    sentence: "a leader has every entry that was committed in an earlier term",
    citation: "Ongaro & Ousterhout 2014, Figure 3 and Section 5.4.3",
    new: |cluster| {
        Box::new(LeaderCompleteness {
            cluster: cluster.clone(),
            mirror: Mirror::new(cluster.names.len()),
            committed: Vec::new(),
            committed_in: BTreeMap::new(),
            stored: vec![(0, 0); cluster.names.len()],
            leader: None,
            configurations: Configurations::new(cluster),
            tenures: BTreeMap::new(),
        })
    },
};

#[derive(Clone, Debug)]
struct LeaderCompleteness {
    cluster: Cluster,
    mirror: Mirror,
    /// The ghost: the prefix digest at each committed index.
    committed: Vec<u64>,
    /// The last index that was committed in each term or before it.
    committed_in: BTreeMap<u64, u64>,
    /// The latest `Stored` of each node: term and index.
    stored: Vec<(u64, u64)>,
    /// The leader of the highest term, while it leads.
    leader: Option<(u64, NodeId)>,
    configurations: Configurations,
    /// By which configuration the leader of each term counts, or counted last.
    tenures: BTreeMap<u64, Configuration>,
}

impl LeaderCompleteness {
    /// The highest index that a quorum has stored in this term, as the leader of the term counts.
    fn stored_by_quorum(&self, term: u64) -> u64 {
        let Some(configuration) = self.tenures.get(&term) else { return 0 };
        let has = |node: NodeId, n: u64| {
            let (in_term, index) = self.stored[node.index()];
            in_term == term && index >= n
        };
        let indexes = self.stored.iter().filter(|stored| stored.0 == term).map(|stored| stored.1);
        let holds = |n: &u64| configuration.has_quorum(|voter| has(voter, *n));
        indexes.filter(holds).max().unwrap_or(0)
    }

    /// Everything up to `index` in the log of `node` is committed, in this term.
    fn commit(&mut self, node: NodeId, index: u64, term: u64) -> Result<(), Breach> {
        let known = (self.committed.len() as u64).min(index);
        if known > 0 && !self.has(node, known) {
            let name = self.cluster.name(node);
            let message = format!(
                "entry {index} of {name} was committed in term {term}, \
                 but other entries were committed before it or in its place"
            );
            return Err(Breach { message, nodes: vec![node] });
        }
        for index in known + 1..=index {
            let Some(cell) = self.mirror.cell(node, index) else { break };
            self.committed.push(cell.prefix);
        }
        let earlier = self.committed_in.range(..=term).next_back().map_or(0, |(_, index)| *index);
        self.committed_in.insert(term, index.max(earlier));
        for (_, later) in self.committed_in.range_mut(term + 1..) {
            if *later >= index {
                break;
            }
            *later = index;
        }
        // A leader of a later term may be in office already, when votes outran this commit.
        match self.leader {
            Some((leads, leader)) if leads > term => self.require(leader, leads, index),
            _ => Ok(()),
        }
    }

    /// Whether a node's log agrees with the ghost up to an index, or to the end of its snapshot, where
    /// that stands for the index.
    fn has(&self, node: NodeId, index: u64) -> bool {
        let index = index.max(self.mirror.base(node).index);
        if index > self.committed.len() as u64 {
            return true; // log matching and state machine safety judge the snapshot
        }
        self.mirror.cell(node, index).map(|cell| cell.prefix)
            == self.committed.get(before(index)).copied()
    }

    fn require(&self, leader: NodeId, term: u64, index: u64) -> Result<(), Breach> {
        if index == 0 || self.has(leader, index) {
            return Ok(());
        }
        let name = self.cluster.name(leader);
        let last = self.mirror.last_index(leader);
        let message = format!(
            "{name} leads term {term} without everything up to entry {index}, \
             which was committed in an earlier term; its log ends at {last}"
        );
        Err(Breach { message, nodes: vec![leader] })
    }
}

impl Monitor<Event> for LeaderCompleteness {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        self.mirror.read(note);
        let node = note.node;
        match *note.event {
            Event::Configured { ref configuration } => {
                self.configurations.read(note);
                if let Some((term, leader)) = self.leader
                    && leader == node
                {
                    self.tenures.insert(term, configuration.clone());
                }
                Ok(())
            }
            Event::BecameLeader { term, .. } => {
                self.tenures.insert(term, self.configurations.of(node).clone());
                if self.leader.is_none_or(|(leads, _)| leads <= term) {
                    self.leader = Some((term, node));
                }
                let earlier = self.committed_in.range(..term).next_back();
                earlier.map_or(Ok(()), |(_, index)| self.require(node, term, *index))
            }
            Event::SteppedDown { .. } | Event::Restored { .. } | Event::FoundDamage { .. } => {
                if self.leader.is_some_and(|(_, leader)| leader == node) {
                    self.leader = None;
                }
                Ok(())
            }
            // A note of an earlier term was held by the disk for so long that it says nothing about
            // the latest one any more.
            Event::Stored { index, term } if (term, index) > self.stored[node.index()] => {
                self.stored[node.index()] = (term, index);
                let index = self.stored_by_quorum(term).min(index);
                match self.mirror.cell(node, index) {
                    Some(cell) if index > 0 && cell.term == term => self.commit(node, index, term),
                    _ => Ok(()),
                }
            }
            Event::Committed { index, term, leader: true } => self.commit(node, index, term),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{appended, breach, committed, feed, leads, restored, stored};
    use super::*;

    #[test]
    fn a_leader_with_every_committed_entry_is_fine() {
        let notes = [
            (0, leads(1, 0, 0)),
            (0, appended(1, 1)),
            (1, appended(1, 1)),
            (0, stored(1, 1)),
            (1, stored(1, 1)),
            (0, committed(1, 1)),
            (0, appended(2, 1)), // on n1 alone, so never committed
            (1, leads(2, 1, 1)),
            (1, appended(2, 2)),
        ];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn what_a_majority_stored_binds_leaders_before_anybody_announced_it() {
        let notes = [
            (0, leads(1, 0, 0)),
            (0, appended(1, 1)),
            (1, appended(1, 1)),
            (0, stored(1, 1)),
            (1, stored(1, 1)),
            (2, leads(2, 0, 0)),
        ];
        let message = "n3 leads term 2 without everything up to entry 1, \
                       which was committed in an earlier term; its log ends at 0";
        assert_eq!(breach(&INVARIANT, &notes).message, message);
    }

    #[test]
    fn an_announced_commit_that_a_crash_forgot_is_a_breach() {
        let notes = [
            (0, leads(1, 0, 0)),
            (0, appended(1, 1)),
            (1, appended(1, 1)),
            (0, stored(1, 1)),
            (0, committed(1, 1)), // n2 had acknowledged before its disk was done
            (1, restored(&[])),
            (1, leads(2, 0, 0)),
        ];
        assert_eq!(breach(&INVARIANT, &notes).nodes, [NodeId(1)]);
    }

    #[test]
    fn a_damaged_leader_leads_nobody_and_what_it_stored_still_counts() {
        let damage = (0, Event::FoundDamage { records: 1 });
        let notes = [
            (0, leads(2, 0, 0)),
            (0, appended(1, 2)),
            (0, stored(1, 2)),
            damage,
            (1, appended(1, 2)),
            (1, stored(1, 2)), // with what n1 had stored before, a majority
            (2, leads(3, 0, 0)),
        ];
        assert_eq!(breach(&INVARIANT, &notes).nodes, [NodeId(2)]);
        // n1 has no log to be compared with a commit of an earlier term that comes to light late.
        let (damaged, late) = (notes[3].clone(), (1, committed(1, 1)));
        let notes = [(0, leads(2, 0, 0)), damaged, (1, appended(1, 1)), late];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn a_commit_that_comes_after_the_next_election_is_compared_with_that_leader() {
        let notes =
            [(0, leads(1, 0, 0)), (0, appended(1, 1)), (2, leads(2, 0, 0)), (0, committed(1, 1))];
        assert_eq!(breach(&INVARIANT, &notes).nodes, [NodeId(2)]);
    }

    /// Figure 8: an entry of an earlier term on a majority of disks is not committed yet.
    #[test]
    fn an_old_entry_on_a_majority_may_still_be_overwritten() {
        let notes = [
            (0, leads(2, 0, 0)),
            (0, appended(1, 2)),
            (0, stored(1, 2)),
            (0, restored(&[2])),
            (2, leads(3, 0, 0)),
            (2, appended(1, 3)),
            (2, stored(1, 3)),
            (0, leads(4, 1, 2)),
            (1, appended(1, 2)),
            (1, stored(1, 4)), // the entry of term 2, accepted in term 4
            (2, leads(5, 1, 3)),
            (1, Event::Truncated { from: 1 }),
            (1, appended(1, 3)),
        ];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn two_commits_in_one_place_are_a_breach() {
        let notes =
            [(0, appended(1, 1)), (0, committed(1, 1)), (1, appended(1, 2)), (1, committed(1, 2))];
        assert_eq!(breach(&INVARIANT, &notes).nodes, [NodeId(1)]);
    }
}
