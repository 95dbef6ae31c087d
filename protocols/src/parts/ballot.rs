//! The numbers of proposals in Paxos: a round, and the node that proposes in it (Lamport, *The
//! Part-Time Parliament*, ACM TOCS 1998, section 2.2).
//!
//! ```text
//!   1.n1 < 1.n2 < 1.n3 < 2.n1 < 2.n2 ...      whoever is refused goes to a round above
//! ```
//!
//! No two nodes have a ballot in common, and a node that never uses a round twice, in whatever life,
//! proposes one value in each.

use std::fmt;

use rehearsal_sim::protocol::NodeId;

/// A ballot. The order is that of the rounds, then that of the nodes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ballot {
    /// The round, from 1; 0 is below all ballots.
    pub round: u64,
    /// Who proposes in it.
    pub node: NodeId,
}

impl Ballot {
    /// Below all others: nothing was promised yet.
    pub const ZERO: Ballot = Ballot { round: 0, node: NodeId(0) };

    /// One number for it, in the same order: 2003 for the third node's in round 2. A cluster has no
    /// more than a thousand nodes.
    #[must_use]
    pub fn number(self) -> u64 {
        if self.round == 0 {
            0
        } else {
            self.round.saturating_mul(1_000) + u64::from(self.node.0) + 1
        }
    }

    /// What it is made of, for digests.
    pub(crate) fn words(self) -> [u64; 2] {
        [self.round, u64::from(self.node.0)]
    }
}

/// `2.n3`, once traces have put names for numbers.
impl fmt::Debug for Ballot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.round {
            0 => f.write_str("none"),
            round => write!(f, "{round}.{:?}", self.node),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_come_first_and_numbers_keep_the_order() {
        let of = |round, node| Ballot { round, node: NodeId(node) };
        let ballots = [Ballot::ZERO, of(1, 0), of(1, 998), of(2, 0), of(2, 2)];
        assert!(ballots.is_sorted());
        assert_eq!(ballots.map(Ballot::number), [0, 1_001, 1_999, 2_001, 2_003]);
        assert_eq!(format!("{:?} {:?}", of(2, 2), Ballot::ZERO), "2.NodeId(2) none");
    }
}
