//! Where logs part: hints that save a leader from going back entry by entry (end of Section 5.3).
//!
//! ```text
//!   index      1  2  3  4  5  6  7
//!   leader     1  1  4  4  5  5  6        prev=6@5 is refused with conflict=2 from=3
//!   follower   1  1  2  2  2  2           the leader has nothing of term 2: it goes on at 3
//! ```
//!
//! One refusal a conflicting term, instead of one an entry.

use super::Server;
use crate::parts::machine::Machine;

impl<M: Machine> Server<M> {
    /// The term of a follower's entry at an index, and the first index of that term in its log.
    pub(super) fn conflict_at(&self, index: u64) -> Option<(u64, u64)> {
        let term = self.log.term_at(index).filter(|_| index > 0)?;
        let is_same = |index: &u64| self.log.term_at(*index) == Some(term);
        (1..=index).rev().take_while(is_same).last().map(|first| (term, first))
    }

    /// Where a leader goes on that was refused `prev_index` because of this term: behind its own last
    /// entry of the term, or else where the follower's first one stands.
    pub(super) fn behind_conflict(&self, prev_index: u64, (term, first): (u64, u64)) -> u64 {
        let is_later = |index: &u64| self.log.term_at(*index).is_some_and(|other| other > term);
        let last = (1..prev_index).rev().find(|index| !is_later(index)).unwrap_or(0);
        if self.log.term_at(last) == Some(term) { last + 1 } else { first }
    }
}
