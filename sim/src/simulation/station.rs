//! Little's law as an exact identity: the integral of "how many are inside" over time equals the
//! sum of "how long each was inside", clipped to the run. Both sides are kept by different code and
//! compared at the end of every run.

use crate::time::SimTime;

/// A place that things enter and leave: the network, a disk, the system as a whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Station {
    inside: u64,
    changed: SimTime,
    integral: u128,
    sojourn: u128,
}

impl Station {
    #[inline]
    pub(crate) fn enter(&mut self, now: SimTime) {
        self.pass(now);
        self.inside += 1;
    }

    #[inline]
    pub(crate) fn leave(&mut self, now: SimTime, entered: SimTime) {
        self.pass(now);
        self.inside -= 1;
        self.sojourn += u128::from(now.since(entered).0);
    }

    #[inline]
    fn pass(&mut self, now: SimTime) {
        // Most steps send right after they received, at the same instant.
        if now == self.changed {
            return;
        }
        self.integral += u128::from(self.inside) * u128::from(now.since(self.changed).0);
        self.changed = now;
    }

    /// Closes the books at the end of the run over everything still inside.
    ///
    /// Panics when the two sides differ: then the simulator itself is wrong.
    pub(crate) fn close(
        mut self,
        what: &str,
        now: SimTime,
        still_inside: impl Iterator<Item = SimTime>,
    ) {
        let mut count = 0;
        for entered in still_inside {
            self.sojourn += u128::from(now.since(entered).0);
            count += 1;
        }
        self.pass(now);
        assert_eq!(self.inside, count, "{what}: {} are counted inside, {count} are", self.inside);
        assert_eq!(
            self.integral, self.sojourn,
            "Little's law for {what}: the integral of N is {} ns, the sum of the times is {} ns",
            self.integral, self.sojourn
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_agree() {
        let mut station = Station::default();
        station.enter(SimTime(3));
        station.enter(SimTime(5));
        station.leave(SimTime(9), SimTime(3));
        station.close("a test", SimTime(20), [SimTime(5)].into_iter());
    }

    #[test]
    #[should_panic(expected = "Little's law for a test")]
    fn a_wrong_entry_time_is_caught() {
        let mut station = Station::default();
        station.enter(SimTime(3));
        station.leave(SimTime(9), SimTime(4));
        station.close("a test", SimTime(20), std::iter::empty());
    }
}
