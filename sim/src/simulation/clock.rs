//! The clocks of a node that are wrong: how they map simulated time to what they show.
//!
//! Both run on whole nanoseconds with the millionths carried along, so that no change of their speed
//! loses time. A timer rings at the first instant at which the clock shows its time.

use crate::skew::{Drift, Offset};
use crate::time::{LocalTime, SimTime, Span};

/// What wall clocks show at the start of a run when they are right: 2001-09-09 01:46:40 UTC, 10^9 s
/// after 1970. So there is time before it for those that are slow.
pub(crate) const WALL_START: u64 = 1_000_000_000_000_000_000;

const MILLION: u64 = 1_000_000;
/// However many faults bend a clock, it does not run faster or slower than this.
const SLOWEST: i64 = -900_000;
const FASTEST: i64 = 1_000_000;

/// A clock with a speed.
#[derive(Clone, Copy, Debug)]
struct Dial {
    /// It shows `shows` and `rest` millionths of a nanosecond at this instant ...
    since: SimTime,
    shows: u64,
    rest: u64,
    /// ... and goes on by so many nanoseconds in a million.
    speed: u64,
}

impl Dial {
    fn new(speed: u64) -> Dial {
        Dial { since: SimTime::ZERO, shows: 0, rest: 0, speed }
    }

    /// What it shows, with the millionths.
    fn read(&self, at: SimTime) -> (u64, u64) {
        let passed = u128::from(at.since(self.since).0) * u128::from(self.speed);
        let all = u128::from(self.rest) + passed;
        let shows = u128::from(self.shows) + all / u128::from(MILLION);
        #[allow(clippy::cast_possible_truncation, reason = "less than a million")]
        let rest = (all % u128::from(MILLION)) as u64;
        (u64::try_from(shows).unwrap_or(u64::MAX), rest)
    }

    /// The first instant, from the last change of speed on, at which it shows a time.
    fn when(&self, shows: u64) -> SimTime {
        let Some(more) = shows.checked_sub(self.shows).filter(|more| *more > 0) else {
            return self.since;
        };
        let millionths = u128::from(more) * u128::from(MILLION) - u128::from(self.rest);
        let passes = millionths.div_ceil(u128::from(self.speed));
        self.since.after(Span(u64::try_from(passes).unwrap_or(u64::MAX)))
    }

    /// It goes on at another speed.
    fn turn(&mut self, at: SimTime, speed: u64) {
        (self.shows, self.rest) = self.read(at);
        (self.since, self.speed) = (at, speed);
    }
}

/// The monotonic clock and the wall clock of one node.
#[derive(Clone, Debug)]
pub(crate) struct Clocks {
    /// Runs by the time in which the node did not stand still.
    monotonic: Dial,
    /// Runs by simulated time.
    wall: Dial,
    /// The sum of all drifts, in parts per million.
    drift: i64,
    /// The sum of all offsets and jumps, in nanoseconds.
    offset: i64,
    /// Faults that hold the wall clock, and what it shows meanwhile.
    holds: u32,
    held_at: LocalTime,
}

impl Clocks {
    pub(crate) fn new(Offset(offset): Offset, Drift(drift): Drift) -> Clocks {
        let drift = i64::from(drift);
        let dial = Dial::new(speed(drift));
        let held_at = LocalTime(0);
        Clocks { monotonic: dial, wall: dial, drift, offset, holds: 0, held_at }
    }

    /// What the monotonic clock shows when the node ran for so long.
    pub(crate) fn monotonic(&self, ran: SimTime) -> LocalTime {
        LocalTime(self.monotonic.read(ran).0)
    }

    /// How long the node must have run for the monotonic clock to show a time.
    pub(crate) fn when(&self, shows: LocalTime) -> SimTime {
        self.monotonic.when(shows.0)
    }

    /// What the wall clock shows.
    pub(crate) fn wall(&self, now: SimTime) -> LocalTime {
        if self.holds > 0 { self.held_at } else { self.running_wall(now) }
    }

    fn running_wall(&self, now: SimTime) -> LocalTime {
        let right = WALL_START.saturating_add(self.wall.read(now).0);
        LocalTime(right.saturating_add_signed(self.offset))
    }

    /// Both clocks run faster by a drift from now on. Timers have to be scheduled anew.
    pub(crate) fn bend(&mut self, ran: SimTime, now: SimTime, Drift(by): Drift) {
        self.drift += i64::from(by);
        self.monotonic.turn(ran, speed(self.drift));
        self.wall.turn(now, speed(self.drift));
    }

    /// The wall clock jumps.
    pub(crate) fn jump(&mut self, Offset(by): Offset) {
        self.offset = self.offset.saturating_add(by);
    }

    /// The wall clock stands still, until it was let go as often.
    pub(crate) fn hold(&mut self, now: SimTime) {
        self.held_at = self.wall(now);
        self.holds += 1;
    }

    pub(crate) fn let_go(&mut self) {
        self.holds -= 1;
    }
}

fn speed(drift: i64) -> u64 {
    MILLION.saturating_add_signed(drift.clamp(SLOWEST, FASTEST))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// check:N9: after 30 s two clocks at 200 ppm either way are 12 ms apart.
    #[test]
    fn two_clocks_drift_apart_by_12_ms_in_30_s() {
        let at = |ppm| Clocks::new(Offset(0), Drift(ppm)).monotonic(SimTime(30 * SECOND)).0;
        assert_eq!(at(200), 30_006_000_000);
        assert_eq!(at(200) - at(-200), 12_000_000);
        let wall = |ppm| Clocks::new(Offset(0), Drift(ppm)).wall(SimTime(30 * SECOND)).0;
        assert_eq!(wall(200) - wall(-200), 12_000_000);
        assert_eq!(wall(0), WALL_START + 30 * SECOND);
    }

    #[test]
    fn a_held_wall_clock_jumps_when_it_goes_on() {
        let mut clocks = Clocks::new(Offset(-7), Drift(0));
        let wall = |clocks: &Clocks, now| clocks.wall(SimTime(now)).0 as i64 - WALL_START as i64;
        assert_eq!(wall(&clocks, 5), -2, "a slow clock shows a time before the run");
        clocks.hold(SimTime(10));
        clocks.hold(SimTime(15));
        clocks.jump(Offset(100));
        clocks.let_go();
        assert_eq!(wall(&clocks, 20), 3);
        clocks.let_go();
        assert_eq!(wall(&clocks, 20), 113);
        assert_eq!(clocks.monotonic(SimTime(20)).0, 20, "jumps are of the wall clock alone");
    }

    proptest! {
        /// Bent at any instants, a monotonic clock never goes back, loses less than a nanosecond in
        /// all, and shows a time for the first time when it says it will.
        #[test]
        fn clocks_are_monotonic_and_timers_exact(
            start in -100_000i32..=100_000,
            bends in proptest::collection::vec((0u64..5_000_000, -100_000i32..=100_000), 0..20),
            goals in proptest::collection::vec(0u64..20_000_000, 1..20),
        ) {
            let mut clocks = Clocks::new(Offset(0), Drift(start));
            let (mut now, mut drift, mut exact) = (0u64, i64::from(start), 0i128);
            let mut last = 0;
            for (wait, by) in bends {
                exact += i128::from(wait) * i128::from(speed(drift));
                now += wait;
                let shows = clocks.monotonic(SimTime(now)).0;
                prop_assert!(shows >= last);
                prop_assert_eq!(i128::from(shows), exact / 1_000_000);
                clocks.bend(SimTime(now), SimTime(now), Drift(by));
                drift += i64::from(by);
                prop_assert_eq!(clocks.monotonic(SimTime(now)).0, shows, "a bend is no jump");
                last = shows;
            }
            for goal in goals {
                let rings = clocks.when(LocalTime(last + goal));
                prop_assert!(clocks.monotonic(rings).0 >= last + goal);
                if rings.0 > now {
                    prop_assert!(clocks.monotonic(SimTime(rings.0 - 1)).0 < last + goal);
                } else {
                    prop_assert_eq!(goal, 0);
                }
            }
        }
    }
}
