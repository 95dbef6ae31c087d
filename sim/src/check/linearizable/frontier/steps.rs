//! What a sweep asks, and what it answers.

/// Who knows what a symbol does.
pub(in crate::check::linearizable) trait Steps {
    /// Where a symbol leads from a state; `None` if it can not give its reply there.
    fn ask(&mut self, state: u32, symbol: u32) -> Option<u32>;
    /// How many numbers of states are in use.
    fn states(&self) -> usize;
    /// Whether a step to a state that no reply depends on can as well be taken later.
    fn can_wait(&self) -> bool;
}

/// What came out of a return.
pub(in crate::check::linearizable) enum Step {
    /// It has a place.
    Placed,
    /// It has none.
    Broken,
    /// The budget ended.
    Spent,
}

/// The open operations in a set, lowest first.
pub(super) fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (set != 0).then(|| set.trailing_zeros() as usize)?;
        set &= set - 1;
        Some(bit)
    })
}
