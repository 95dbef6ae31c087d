//! Who votes in a replicated log: its configuration.
//!
//! A majority decides, and two majorities of one set of voters always share a voter. While the set is
//! being changed by joint consensus there are two sets, and a decision needs a majority of each
//! (Ongaro & Ousterhout 2014, Section 6).

use std::fmt;
use std::sync::Arc;

use rehearsal_sim::protocol::NodeId;

use crate::events::consensus::Voter;
use crate::parts::digest;

/// A set of voters, in the order of their ids. Copies share it.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Members(Arc<[NodeId]>);

impl Members {
    /// The set of these nodes, whatever their order and however often they are named.
    pub fn of(nodes: impl IntoIterator<Item = NodeId>) -> Members {
        let nodes: std::collections::BTreeSet<NodeId> = nodes.into_iter().collect();
        Members(nodes.into_iter().collect())
    }

    /// The nodes, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.0.iter().copied()
    }

    /// The nodes, but for one of them.
    pub fn beside(self, one: NodeId) -> impl Iterator<Item = NodeId> {
        let Members(nodes) = self;
        (0..nodes.len()).map(move |place| nodes[place]).filter(move |node| *node != one)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a node is one of them.
    pub fn contains(&self, node: NodeId) -> bool {
        self.0.binary_search(&node).is_ok()
    }

    /// The smallest number that is more than half of them.
    pub fn majority(&self) -> usize {
        self.len() / 2 + 1
    }

    /// The same and another one.
    #[must_use]
    pub fn with(&self, node: NodeId) -> Members {
        Members::of(self.iter().chain([node]))
    }

    /// The same without one of them.
    #[must_use]
    pub fn without(&self, node: NodeId) -> Members {
        Members::of(self.iter().filter(|member| *member != node))
    }

    /// Whether a majority of them is as asked; never of an empty set.
    pub fn has_majority(&self, is: impl Fn(NodeId) -> bool) -> bool {
        self.iter().filter(|node| is(*node)).count() >= self.majority()
    }

    /// Whether every majority of the one shares a voter with every majority of the other: exactly
    /// when two that share nobody would need more voters than both sets have between them.
    pub fn always_meets(&self, other: &Members) -> bool {
        let both = self.iter().filter(|node| other.contains(*node)).count();
        // The fewest of the shared voters that each majority can not do without.
        let least = |set: &Members| set.majority().saturating_sub(set.len() - both);
        least(self) + least(other) > both
    }
}

/// `n1,n2,n3`.
impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.iter().map(|node| Voter(node).to_string()).collect();
        f.write_str(&names.join(","))
    }
}

/// Who decides: the voters and, while a change by joint consensus is under way, the voters until then
/// as well.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Configuration {
    /// The voters, or those that shall be: C_new.
    pub voters: Members,
    /// While both decide, the voters until now: C_old.
    pub outgoing: Option<Members>,
}

impl Configuration {
    /// One set of voters.
    pub fn of(voters: Members) -> Configuration {
        Configuration { voters, outgoing: None }
    }

    /// The sets of voters of which a decision needs a majority each.
    pub fn sets(&self) -> impl Iterator<Item = &Members> {
        [Some(&self.voters), self.outgoing.as_ref()].into_iter().flatten()
    }

    /// Everybody who votes.
    pub fn everybody(&self) -> Members {
        Members::of(self.sets().flat_map(Members::iter))
    }

    /// Whether a node votes.
    pub fn contains(&self, node: NodeId) -> bool {
        self.sets().any(|set| set.contains(node))
    }

    /// Whether nobody votes: the configuration of a node that knows of none.
    pub fn is_empty(&self) -> bool {
        self.voters.is_empty()
    }

    /// Whether a majority of every set is as asked; never where nobody votes.
    pub fn has_quorum(&self, is: impl Fn(NodeId) -> bool) -> bool {
        self.sets().all(|set| set.has_majority(&is))
    }

    /// Whether every quorum of the one shares a voter with every quorum of the other. A quorum holds a
    /// majority of every set, so one pair of sets whose majorities meet is enough.
    pub fn always_meets(&self, other: &Configuration) -> bool {
        self.sets().any(|mine| other.sets().any(|theirs| mine.always_meets(theirs)))
    }

    /// A stable digest.
    pub fn digest(&self) -> u64 {
        self.sets().fold(digest::EMPTY, |sum, set| {
            let sum = digest::mix(sum, set.len() as u64);
            set.iter().fold(sum, |sum, node| digest::mix(sum, u64::from(node.0)))
        })
    }

    /// Bytes on the wire: eight a voter.
    pub fn size(&self) -> u32 {
        self.sets().map(|set| u32::try_from(set.len()).unwrap_or(u32::MAX).saturating_mul(8)).sum()
    }
}

/// `n1,n2,n3`, and `n1,n2,n3 to n1,n4` while both decide.
impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outgoing {
            Some(outgoing) => write!(f, "{outgoing:?} to {:?}", self.voters),
            None => write!(f, "{:?}", self.voters),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(bits: u32) -> Members {
        Members::of((0..6).filter(|node| bits >> node & 1 == 1).map(NodeId))
    }

    /// Every pair of sets among six nodes, against the definition.
    #[test]
    fn majorities_meet_as_the_definition_says() {
        let majorities = |set: u32| {
            (0u32..64).filter(move |votes| (votes & set).count_ones() * 2 > set.count_ones())
        };
        for one in 1..64 {
            for other in 1..64 {
                let meets = majorities(one).all(|a| majorities(other).all(|b| a & b & 63 != 0));
                assert_eq!(members(one).always_meets(&members(other)), meets, "{one:b} {other:b}");
            }
        }
    }

    #[test]
    fn two_sets_need_a_majority_each() {
        let joint = Configuration { voters: members(0b11000), outgoing: Some(members(0b00111)) };
        let votes = |bits: u32| joint.has_quorum(|node| bits >> node.0 & 1 == 1);
        assert!(votes(0b11011) && !votes(0b00111) && !votes(0b11001) && !votes(0b01111));
        assert!(joint.always_meets(&Configuration::of(members(0b00111))));
        assert!(joint.always_meets(&Configuration::of(members(0b11000))));
        assert!(!Configuration::of(members(0b11000)).always_meets(&Configuration::of(members(7))));
        assert!(!Configuration::default().has_quorum(|_| true), "nobody decides nothing");
        assert_eq!(format!("{joint:?}"), "n1,n2,n3 to n4,n5");
    }
}
