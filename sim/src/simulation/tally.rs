//! Numbers by name, for counters and gauges.

/// A few dozen numbers, in the order in which they were first asked for. Names differ in length or in
/// their first letters, so that going through them costs less than a tree of names.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Tally(Vec<(&'static str, i64)>);

impl Tally {
    /// The number of a name; `first` when there is none yet.
    #[inline]
    pub(crate) fn of(&mut self, name: &'static str, first: i64) -> &mut i64 {
        let place = self.0.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            self.0.push((name, first));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }

    pub(crate) fn get(&self, name: &str) -> Option<i64> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, i64)> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_names() {
        let mut tally = Tally::default();
        *tally.of("elections", 0) += 2;
        *tally.of("depth", -3) += 1;
        *tally.of("elections", 100) += 1;
        assert_eq!(tally.iter().collect::<Vec<_>>(), [("elections", 3), ("depth", -2)]);
        assert_eq!((tally.get("depth"), tally.get("width")), (Some(-2), None));
    }
}
