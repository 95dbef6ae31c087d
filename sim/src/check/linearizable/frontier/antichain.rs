//! Configurations, and sets of them none of which makes another one superfluous.

/// One way in which the past may have gone.
///
/// An open operation is *unsettled* (it still has to take effect), *spent* (it took effect, and the
/// state may show it), or *settled but not spent*: it may have taken effect where nobody sees it,
/// and may as well take effect visibly later, whichever turns out to be needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Config<const W: usize> {
    pub(super) state: u32,
    /// The open operations that may count as placed, a bit each.
    pub(super) settled: u64,
    /// Those among them that can not take effect any more.
    pub(super) spent: u64,
    /// How many operations of each class pending for ever took effect, in lanes.
    pub(super) used: [u64; W],
}

/// The state of a configuration that was dropped.
const DROPPED: u32 = u32::MAX;

impl<const W: usize> Config<W> {
    pub(super) fn new(state: u32) -> Config<W> {
        Config { state, settled: 0, spent: 0, used: [0; W] }
    }

    pub(super) fn is_dropped(&self) -> bool {
        self.state == DROPPED
    }

    /// Whether whatever can still become of `less`, which is in the same state, can become of this.
    fn dominates(&self, less: &Config<W>, guards: &[u64; W]) -> bool {
        less.settled & !self.settled == 0
            && self.spent & !less.spent == 0
            && (0..W).all(|word| {
                // Each lane's difference keeps its guard, the highest bit, unless it is negative.
                let guard = guards[word];
                ((less.used[word] | guard) - self.used[word]) & guard == guard
            })
    }
}

const NONE: u32 = u32::MAX;

/// Configurations none of which makes another one superfluous.
#[derive(Default)]
pub(super) struct Antichain<const W: usize> {
    pub(super) items: Vec<Config<W>>,
    /// The item of the same state that was added before, by item.
    links: Vec<u32>,
    /// The last item of each state, and the round in which it was added.
    heads: Vec<(u32, u32)>,
    round: u32,
}

impl<const W: usize> Antichain<W> {
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.links.clear();
        match self.round.checked_add(1) {
            Some(next) => self.round = next,
            None => {
                self.round = 1;
                self.heads.clear();
            }
        }
    }

    /// Adds `config` unless another one makes it superfluous, and drops those that it makes
    /// superfluous itself. Gives its number, and counts comparisons.
    pub(super) fn insert(
        &mut self,
        config: Config<W>,
        guards: &[u64; W],
        comparisons: &mut u64,
    ) -> Option<u32> {
        let state = config.state as usize;
        if state >= self.heads.len() {
            self.heads.resize(state + 1, (0, NONE));
        }
        let (round, head) = self.heads[state];
        let head = if round == self.round { head } else { NONE };
        let mut at = head;
        while at != NONE {
            *comparisons += 1;
            let peer = &self.items[at as usize];
            if !peer.is_dropped() && peer.dominates(&config, guards) {
                return None;
            }
            at = self.links[at as usize];
        }
        at = head;
        while at != NONE {
            let peer = &mut self.items[at as usize];
            if !peer.is_dropped() && config.dominates(peer, guards) {
                peer.state = DROPPED;
            }
            at = self.links[at as usize];
        }
        let number = u32::try_from(self.items.len()).expect("the budget is smaller");
        self.items.push(config);
        self.links.push(head);
        self.heads[state] = (self.round, number);
        Some(number)
    }
}

/// Where the counter of a class is among the words of a configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane {
    word: usize,
    shift: u32,
    mask: u64,
}

impl Lane {
    pub(super) fn get<const W: usize>(self, used: &[u64; W]) -> u64 {
        used[self.word] >> self.shift & self.mask
    }
    pub(super) fn add<const W: usize>(self, used: &mut [u64; W]) {
        used[self.word] += 1 << self.shift;
    }
}

/// Lanes for counters with these greatest values, and their guards; `None` if they do not fit.
pub(super) fn lanes<const W: usize>(greatest: &[u64]) -> Option<(Vec<Lane>, [u64; W])> {
    let mut guards = [0; W];
    let mut lanes = Vec::with_capacity(greatest.len());
    let (mut word, mut shift) = (0, 0);
    for most in greatest {
        let width = 64 - most.leading_zeros();
        if shift + width + 1 > 64 {
            (word, shift) = (word + 1, 0);
        }
        if word >= W || width >= 63 {
            return None;
        }
        lanes.push(Lane { word, shift, mask: (1 << width) - 1 });
        guards[word] |= 1 << (shift + width);
        shift += width + 1;
    }
    Some((lanes, guards))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_compared_lane_by_lane() {
        let (lanes, guards) = lanes::<2>(&[1, 100, 1 << 40, 3, 7]).unwrap();
        let config = |counts: [u64; 5]| {
            let mut config = Config::<2>::new(1);
            for (lane, count) in lanes.iter().zip(counts) {
                config.used[lane.word] += count << lane.shift;
                assert_eq!(lane.get(&config.used), count);
            }
            config
        };
        let some = config([1, 50, 1 << 40, 2, 7]);
        for (counts, is_less) in [
            ([1, 50, 1 << 40, 2, 7], true),
            ([0, 0, 0, 0, 0], true),
            ([1, 51, 0, 0, 0], false),
            ([0, 0, 0, 3, 0], false),
            ([0, 49, 1 << 39, 1, 6], true),
        ] {
            assert_eq!(config(counts).dominates(&some, &guards), is_less, "{counts:?}");
        }
        assert!(super::lanes::<1>(&[1 << 40, 1 << 40]).is_none());
    }

    #[test]
    fn what_is_superfluous_is_dropped() {
        let mut all = Antichain::<0>::default();
        let mut comparisons = 0;
        for _ in 0..2 {
            all.clear();
            let mut add = |settled, spent| {
                let config = Config { state: 3, settled, spent, used: [] };
                all.insert(config, &[], &mut comparisons)
            };
            assert_eq!(add(0b01, 0), Some(0));
            assert_eq!(add(0b10, 0), Some(1));
            assert_eq!(add(0b10, 0b10), None);
            assert_eq!(add(0b11, 0), Some(2));
            let kept: Vec<bool> = all.items.iter().map(|item| !item.is_dropped()).collect();
            assert_eq!(kept, [false, false, true]);
        }
        assert!(comparisons > 0);
    }
}
