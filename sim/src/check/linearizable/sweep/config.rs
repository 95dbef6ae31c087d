//! A configuration: one way in which the past of an object may have gone.

use std::collections::BTreeMap;

use super::bits::Bits;

/// One way in which the past may have gone.
///
/// An open operation is *unsettled* (it still has to take effect), *spent* (it took effect, and the
/// state may show it), or *settled but not spent*: it may have taken effect where nobody sees it,
/// and may as well take effect visibly later, whichever turns out to be needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Config {
    pub(super) state: usize,
    /// The slots of open operations that may count as placed.
    pub(super) settled: Bits,
    /// The slots among them that can not take effect any more.
    pub(super) spent: Bits,
    /// How many operations of each class pending for ever took effect; classes without are absent.
    pub(super) used: Vec<(usize, usize)>,
}

impl Config {
    pub(super) fn new(state: usize) -> Config {
        Config { state, settled: Bits::default(), spent: Bits::default(), used: Vec::new() }
    }

    /// How many operations of `class` took effect.
    pub(super) fn used(&self, class: usize) -> usize {
        match self.used.binary_search_by_key(&class, |entry| entry.0) {
            Ok(at) => self.used[at].1,
            Err(_) => 0,
        }
    }

    pub(super) fn spend(&mut self, class: usize) {
        match self.used.binary_search_by_key(&class, |entry| entry.0) {
            Ok(at) => self.used[at].1 += 1,
            Err(at) => self.used.insert(at, (class, 1)),
        }
    }
}

/// Configurations none of which makes another one superfluous.
#[derive(Default)]
pub(super) struct Antichain {
    items: Vec<Option<Config>>,
    by_state: BTreeMap<usize, Vec<usize>>,
}

impl Antichain {
    /// How many configurations `config` has to be compared with.
    pub(super) fn peers(&self, config: &Config) -> u64 {
        self.by_state.get(&config.state).map_or(0, |peers| peers.len() as u64)
    }

    /// Adds `config` unless another one makes it superfluous, and drops those that it makes
    /// superfluous itself. Gives its number.
    pub(super) fn insert(
        &mut self,
        config: Config,
        dominates: impl Fn(&Config, &Config) -> bool,
    ) -> Option<usize> {
        let peers = self.by_state.entry(config.state).or_default();
        let items = &mut self.items;
        let is_less = |&peer: &usize| items[peer].as_ref().is_some_and(|p| dominates(p, &config));
        if peers.iter().any(is_less) {
            return None;
        }
        peers.retain(|&peer| {
            let keep = items[peer].as_ref().is_some_and(|p| !dominates(&config, p));
            if !keep {
                items[peer] = None;
            }
            keep
        });
        peers.push(items.len());
        items.push(Some(config));
        Some(items.len() - 1)
    }

    /// The configuration with this number, unless it was dropped.
    pub(super) fn get(&self, number: usize) -> Option<&Config> {
        self.items[number].as_ref()
    }

    /// What is left, in the order of insertion.
    pub(super) fn into_configs(self) -> Vec<Config> {
        self.items.into_iter().flatten().collect()
    }
}
