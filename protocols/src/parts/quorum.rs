//! Quorums of Paxos that need not be majorities: one to prepare, one to accept.
//!
//! What is safe about majorities is that any two of them share a node. Paxos needs less: that whoever
//! prepares hears of at least one node of every set that may have accepted. So with n acceptors the two
//! quorums need only be more than n together (Howard, Malkhi & Spiegelman, *Flexible Paxos: Quorum
//! Intersection Revisited*, OPODIS 2016, section 3).

use rehearsal_sim::protocol::{NodeId, Protocol, Reach, Remark, Role as _};
use rehearsal_sim::random::Stream;

/// How many nodes are needed for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quorums {
    /// To prepare a ballot.
    pub prepare: u32,
    /// To choose a value.
    pub accept: u32,
}

impl Quorums {
    /// Of so many acceptors, where the config says so and else a majority.
    #[must_use]
    pub fn of(prepare: Option<u32>, accept: Option<u32>, count: u32) -> Quorums {
        let majority = count / 2 + 1;
        Quorums { prepare: prepare.unwrap_or(majority), accept: accept.unwrap_or(majority) }
    }

    /// What is wrong with them in a cluster of so many acceptors. `unsafe_quorums` allows those that do
    /// not intersect.
    pub(crate) fn review(self, count: u32, unsafe_quorums: bool) -> Vec<Remark> {
        let remark = |key, message: String, help: String| {
            vec![Remark { is_error: true, key, message, help }]
        };
        for (key, size) in [("prepare_quorum", self.prepare), ("accept_quorum", self.accept)] {
            if size == 0 || size > count {
                let message = format!("a quorum of {size} of {count} acceptors");
                return remark(key, message, format!("write a number from 1 to {count}"));
            }
        }
        if self.prepare + self.accept > count || unsafe_quorums {
            return Vec::new();
        }
        let Quorums { prepare, accept } = self;
        let message = format!(
            "a quorum of {prepare} that prepares and one of {accept} that accepts need not share any \
             of {count} acceptors: two values can be chosen"
        );
        let help = format!(
            "they must be more than {count} together: prepare_quorum = {}, or unsafe_quorums = true to \
             see it happen",
            count + 1 - accept
        );
        remark("prepare_quorum", message, help)
    }

    /// Draws quorums that intersect, majorities half of the time.
    pub(crate) fn vary(dice: &mut Stream, count: u32) -> (Option<u32>, Option<u32>) {
        if dice.below(2) == 0 || count == 0 {
            return (None, None);
        }
        let draw = |dice: &mut Stream, from: u32| {
            from + u32::try_from(dice.below(u64::from(count - from) + 1)).unwrap_or_default()
        };
        let accept = draw(dice, 1);
        (Some(draw(dice, count + 1 - accept)), Some(accept))
    }

    /// The larger one: who shall go on for ever needs both.
    pub(crate) fn larger(self) -> usize {
        self.prepare.max(self.accept) as usize
    }
}

/// Explains why no `needed` nodes of `role` can talk to the same one of `centres`, if that is so. Those
/// of the rank `unfit` take no part.
pub(crate) fn missing<P: Protocol>(
    reach: &Reach<'_, P>,
    (role, unfit): (P::Role, &str),
    centres: P::Role,
    needed: usize,
) -> Option<String> {
    let of = |wanted: P::Role| {
        let all = (0u32..).zip(reach.roles).filter(move |(_, role)| **role == wanted);
        all.map(|(id, _)| NodeId(id))
    };
    let linked = |a: NodeId, b: NodeId| a == b || ((reach.passes)(a, b) && (reach.passes)(b, a));
    let takes_part = |id: NodeId| (reach.up)(id) && (reach.standing)(id).rank != unfit;
    let reached =
        |centre: NodeId| of(role).filter(|id| takes_part(*id) && linked(centre, *id)).count();
    let best = of(centres).filter(|id| takes_part(*id)).map(reached).max().unwrap_or(0);
    (best < needed).then(|| {
        let (count, plural) = (of(role).count(), role.info().plural);
        format!("a quorum of {needed} of {count} {plural} is needed, at most {best} are up and connected")
    })
}

#[cfg(test)]
mod tests {
    use rehearsal_sim::random::{Purpose, Seed};

    use super::*;

    #[test]
    fn majorities_are_the_default_and_intersect() {
        for count in 1..9 {
            let quorums = Quorums::of(None, None, count);
            assert_eq!(quorums.review(count, false), [], "{count}");
        }
        assert_eq!(Quorums::of(None, None, 4), Quorums { prepare: 3, accept: 3 });
    }

    #[test]
    fn quorums_that_need_not_meet_are_refused_unless_asked_for() {
        let key = |prepare, accept, allowed| {
            let remarks = Quorums { prepare, accept }.review(5, allowed);
            remarks.first().map(|remark| remark.key)
        };
        assert_eq!(key(4, 2, false), None);
        assert_eq!(key(3, 2, false), Some("prepare_quorum"));
        assert_eq!(key(3, 2, true), None);
        assert_eq!(key(6, 2, true), Some("prepare_quorum"));
        assert_eq!(key(5, 0, true), Some("accept_quorum"));
    }

    #[test]
    fn drawn_quorums_are_legal() {
        let mut dice = Stream::new(Seed(1), Purpose::Pick, 0);
        let mut flexible = 0;
        for _ in 0..1_000 {
            for count in 1..8 {
                let (prepare, accept) = Quorums::vary(&mut dice, count);
                flexible += u32::from(prepare.is_some());
                assert_eq!(Quorums::of(prepare, accept, count).review(count, false), []);
            }
        }
        assert!(flexible > 3_000, "{flexible}");
    }
}
