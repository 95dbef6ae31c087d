//! When one configuration makes another superfluous, and when one has no future.
//!
//! Why an operation that nobody waits for need not be kept: let A and B be configurations in the
//! same state, everything settled in B settled in A, and let m be spent in A but not in B. Suppose
//! every reply that can only be explained in a state m leads to, or in one that comes about from
//! there without a blind write, has been explained in A. Then A can follow whatever B does: when B
//! uses m, A stays where it is until B's next blind write brings both together again. What B places
//! in between is settled in A, or legal everywhere, or legal everywhere but in certain states; for
//! the last kind it is checked that A is never in such a state meanwhile.

use super::config::Config;
use super::outlook::Shunned;
use super::search::{Place, Search};
use super::states::UNSEEN;
use crate::service::Sequential;

/// At most this many states are examined to see that a configuration has no future.
const EXAMINED: usize = 64;

impl<M: Sequential> Search<'_, '_, M> {
    /// Whether whatever can still become of `less` can become of `more`, too.
    pub(super) fn dominates(&self, more: &Config, less: &Config) -> bool {
        if more.state != less.state
            || less.settled.without(&more.settled).any(|slot| self.due.has(slot))
        {
            return false;
        }
        let mut until = 0;
        for slot in more.spent.without(&less.spent) {
            let Some(op) = self.slots[slot] else { return false };
            if !self.is_unwatched(more, op) {
                return false;
            }
            until = until.max(self.plan.ops[op].returned);
        }
        for &(class, used) in &more.used {
            if used > less.used(class) {
                if !self.is_unwatched(more, self.classes.list[class].op) {
                    return false;
                }
                until = usize::MAX;
            }
        }
        until == 0 || !self.is_bothered(more, until)
    }

    /// Whether the open operation `op` need not be kept for later in `config`.
    pub(super) fn is_dispensable(&self, config: &Config, op: usize) -> bool {
        self.is_unwatched(config, op) && !self.is_bothered(config, self.plan.ops[op].returned)
    }

    /// Whether nobody whose reply is still to be explained waits for what `op` leads to.
    fn is_unwatched(&self, config: &Config, op: usize) -> bool {
        let Some(outlook) = &self.outlook else { return false };
        outlook.targets[op].iter().all(|&target| {
            let watch = outlook.below[target];
            watch.last_return < self.now
                || watch.last_call <= self.now
                    && !self.unsettled(config).any(|waiting| {
                        outlook.wants[waiting].is_some_and(|state| outlook.is_below(target, state))
                    })
        })
    }

    /// Whether some reply still to be explained can not be given in a state in which `config` may
    /// be before the event `until`.
    fn is_bothered(&self, config: &Config, until: usize) -> bool {
        let Some(outlook) = &self.outlook else { return true };
        let end = outlook.shunned.partition_point(|shunned| shunned.born < until);
        let rest = outlook.shunned[..end].get(self.settled_shuns..).unwrap_or_default();
        rest.iter().any(|&Shunned { state, by, .. }| {
            let is_waiting = by.last_return >= self.now
                && (by.last_call > self.now
                    || self.unsettled(config).any(|op| outlook.shuns[op] == Some(state)));
            is_waiting && self.can_reach(config, state, until)
        })
    }

    /// Whether a reply still to be explained waits for one of `roots`, or for a state that comes
    /// about from it, and none of the operations left leads there.
    pub(super) fn is_hopeless(&self, config: &Config, roots: &[usize]) -> bool {
        let Some(outlook) = &self.outlook else { return false };
        roots.iter().filter(|&&root| root != UNSEEN).any(|&root| {
            let (begin, end) = outlook.span[root];
            outlook.below[root].last_return >= self.now
                && outlook.order[begin..end.min(begin + EXAMINED)].iter().any(|&state| {
                    self.is_needed(config, state) && !self.can_reach(config, state, usize::MAX)
                })
        })
    }

    /// Whether a reply still to be explained can be given in `state` only.
    fn is_needed(&self, config: &Config, state: usize) -> bool {
        let Some(outlook) = &self.outlook else { return false };
        let watch = outlook.needs[state];
        watch.last_return >= self.now
            && (watch.last_call > self.now
                || self.unsettled(config).any(|op| outlook.wants[op] == Some(state)))
    }

    /// Whether the operations left may lead from `config` to `state`, where blind writes called
    /// from the event `until` on do not count. Errs on the side of yes.
    fn can_reach(&self, config: &Config, mut state: usize, until: usize) -> bool {
        let Some(outlook) = &self.outlook else { return true };
        loop {
            if state == config.state || self.has_maker(config, state, until) {
                return true;
            }
            match &outlook.parent[state] {
                Some((parent, ops)) if ops.iter().any(|&op| self.is_left(config, op)) => {
                    state = *parent;
                }
                _ => return false,
            }
        }
    }

    /// Whether a blind write that leads to `state` is left.
    fn has_maker(&self, config: &Config, state: usize, until: usize) -> bool {
        let Some(outlook) = &self.outlook else { return true };
        let makers = &outlook.makers[state];
        let next = makers.partition_point(|&call| call <= self.now);
        if makers.get(next).is_some_and(|&call| call < until) {
            return true;
        }
        let goal = |slot: usize| self.slots[slot].and_then(|op| self.states.goals[op]);
        next > 0 && self.open.without(&config.spent).any(|slot| goal(slot) == Some(state))
            || outlook.classes[state].iter().any(|&class| {
                let called = self.classes.list[class].calls.partition_point(|&call| call < until);
                config.used(class) < called
            })
    }

    /// Whether `op` may still take effect, now or later.
    fn is_left(&self, config: &Config, op: usize) -> bool {
        if let Some(class) = self.classes.of[op] {
            return config.used(class) < self.classes.list[class].calls.len();
        }
        match self.places[op] {
            Place::Ahead => true,
            Place::Open(slot) => !config.spent.has(slot),
            Place::Over => false,
        }
    }

    /// The open operations that still have to take effect in `config`.
    fn unsettled<'a>(&'a self, config: &'a Config) -> impl Iterator<Item = usize> + 'a {
        self.open.without(&config.settled).filter_map(|slot| self.slots[slot])
    }
}
