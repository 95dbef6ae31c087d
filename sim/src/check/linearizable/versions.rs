//! States that are sequences, told apart by where they are in the sequences that replies show.
//!
//! An object that is appended to has one version after the other, and a reply that shows one shows
//! all before it. A state that matters is a beginning of what some reply shows: a range of the
//! sorted replies, and a length. So an append is a comparison of what it adds with what comes next,
//! and no sequence is ever built.

use super::intern::Interner;
use super::problem::UNSEEN;

/// The versions of one object.
pub(super) struct Versions {
    /// What replies show, one after the other; a beginning of another one is left out.
    shown: Vec<u64>,
    /// Where each of them begins and ends, in the order of what they are.
    spans: Vec<(usize, usize)>,
    /// The first of those that begin with a version, and its length.
    nodes: Interner<(u32, u32)>,
    /// The end of those that begin with a version.
    ends: Vec<u32>,
    /// What each symbol adds, one after the other, and where each begins and ends.
    added: Vec<u64>,
    symbols: Vec<(usize, usize)>,
}

impl Versions {
    /// The versions that these sequences show.
    pub(super) fn new<'a>(shown: impl Iterator<Item = &'a [u64]>) -> Versions {
        let mut sorted: Vec<&[u64]> = shown.collect();
        sorted.sort();
        let mut versions = Versions {
            shown: Vec::new(),
            spans: Vec::new(),
            nodes: Interner::default(),
            ends: Vec::new(),
            added: Vec::new(),
            symbols: Vec::new(),
        };
        for (index, one) in sorted.iter().enumerate() {
            if sorted.get(index + 1).is_none_or(|next| !next.starts_with(one)) {
                let begin = versions.shown.len();
                versions.shown.extend_from_slice(one);
                versions.spans.push((begin, versions.shown.len()));
            }
        }
        versions
    }

    /// Adds what the next symbol appends.
    pub(super) fn add(&mut self, added: &[u64]) {
        let begin = self.added.len();
        self.added.extend_from_slice(added);
        self.symbols.push((begin, self.added.len()));
    }

    /// How many numbers are in use.
    pub(super) fn len(&self) -> usize {
        self.nodes.len() + 1
    }

    /// The number of a version; [`UNSEEN`] if no reply shows it.
    pub(super) fn find(&mut self, sequence: &[u64]) -> u32 {
        match self.range(0, self.spans.len(), 0, sequence) {
            Some((begin, end)) => self.node(begin, end, sequence.len()),
            None => UNSEEN,
        }
    }

    /// Where an append leads from a version.
    pub(super) fn append(&mut self, state: u32, symbol: u32) -> u32 {
        let node = state - 1;
        let (begin, length) = *self.nodes.get(node);
        let (from, to) = self.symbols[symbol as usize];
        let (begin, end) = (begin as usize, self.ends[node as usize] as usize);
        let length = length as usize;
        let found = match end - begin {
            1 => {
                self.rest(begin, length).starts_with(&self.added[from..to]).then_some((begin, end))
            }
            _ => self.range(begin, end, length, &self.added[from..to]),
        };
        match found {
            Some((begin, end)) => self.node(begin, end, length + to - from),
            None => UNSEEN,
        }
    }

    fn rest(&self, index: usize, length: usize) -> &[u64] {
        let (begin, end) = self.spans[index];
        &self.shown[(begin + length).min(end)..end]
    }

    /// Those of the sequences from `begin` to `end` that go on with `next` after `length` numbers.
    fn range(
        &self,
        begin: usize,
        end: usize,
        length: usize,
        next: &[u64],
    ) -> Option<(usize, usize)> {
        let (mut low, mut high) = (begin, end);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.rest(middle, length) < next {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        let first = low;
        high = end;
        while low < high {
            let middle = low + (high - low) / 2;
            match self.rest(middle, length).starts_with(next) {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        (first < low).then_some((first, low))
    }

    fn node(&mut self, begin: usize, end: usize, length: usize) -> u32 {
        let number = |n: usize| u32::try_from(n).expect("a history fits into memory");
        let node = self.nodes.number((number(begin), number(length)));
        if node as usize == self.ends.len() {
            self.ends.push(number(end));
        }
        node + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_the_beginnings_of_what_is_shown() {
        let shown: [&[u64]; 4] = [&[1, 2, 3], &[1], &[1, 2, 4], &[7]];
        let mut versions = Versions::new(shown.into_iter());
        for added in [&[2][..], &[3], &[2, 4], &[9]] {
            versions.add(added);
        }
        let empty = versions.find(&[]);
        let one = versions.find(&[1]);
        assert!(empty != UNSEEN && one != UNSEEN && empty != one);
        let two = versions.append(one, 0);
        assert_eq!(two, versions.find(&[1, 2]));
        assert_eq!(versions.append(two, 1), versions.find(&[1, 2, 3]));
        assert_eq!(versions.append(one, 2), versions.find(&[1, 2, 4]));
        assert_eq!(versions.append(one, 1), UNSEEN);
        assert_eq!(versions.append(two, 3), UNSEEN);
        assert_eq!(versions.find(&[1, 3]), UNSEEN);
        let seven = versions.find(&[7]);
        assert_eq!(versions.append(seven, 0), UNSEEN);
    }

    #[test]
    fn where_nothing_is_shown_nothing_is_seen() {
        let mut versions = Versions::new(std::iter::empty());
        assert_eq!(versions.find(&[]), UNSEEN);
        assert_eq!(versions.len(), 1);
    }
}
