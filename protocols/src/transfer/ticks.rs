//! Which packets of a file have come.

use std::collections::BTreeSet;

/// A list of packets to be ticked off. What has come without a gap takes no room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ticks {
    below: u32,
    beyond: BTreeSet<u32>,
}

impl Ticks {
    /// Ticks a packet off; `false` when it was ticked off before.
    pub(crate) fn tick(&mut self, packet: u32) -> bool {
        if packet < self.below || !self.beyond.insert(packet) {
            return false;
        }
        while self.beyond.remove(&self.below) {
            self.below += 1;
        }
        true
    }

    /// Ticks off the first packet that is missing, whichever came: only the planted bug does this.
    pub(crate) fn tick_next(&mut self) -> bool {
        self.tick(self.below)
    }

    /// The first packet that is missing: all before it have come.
    pub(crate) fn below(&self) -> u32 {
        self.below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_ticked_off_once_in_any_order() {
        let mut ticks = Ticks::default();
        let ticked: Vec<bool> = [1, 3, 1, 0, 0, 2, 3, 4].map(|packet| ticks.tick(packet)).into();
        assert_eq!(ticked, [true, true, false, true, false, true, false, true]);
        assert_eq!((ticks.below(), ticks.beyond.len()), (5, 0));
    }
}
