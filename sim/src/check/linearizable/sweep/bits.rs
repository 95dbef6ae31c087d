//! A small set of numbers: 64 in place, more on the heap.

/// A set of slot numbers that grows as needed; equal sets have equal representations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits {
    low: u64,
    /// The words after the first; never ends with an empty word.
    high: Vec<u64>,
}

impl Bits {
    fn word(&self, index: usize) -> u64 {
        match index {
            0 => self.low,
            _ => self.high.get(index - 1).copied().unwrap_or(0),
        }
    }

    pub(super) fn has(&self, bit: usize) -> bool {
        self.word(bit / 64) >> (bit % 64) & 1 == 1
    }

    pub(super) fn insert(&mut self, bit: usize) {
        let mask = 1 << (bit % 64);
        match bit / 64 {
            0 => self.low |= mask,
            word => {
                if self.high.len() < word {
                    self.high.resize(word, 0);
                }
                self.high[word - 1] |= mask;
            }
        }
    }

    pub(super) fn remove(&mut self, bit: usize) {
        let mask = !(1 << (bit % 64));
        match bit / 64 {
            0 => self.low &= mask,
            word if word <= self.high.len() => {
                self.high[word - 1] &= mask;
                while self.high.last() == Some(&0) {
                    self.high.pop();
                }
            }
            _ => {}
        }
    }

    /// The numbers that are in this set and not in `other`, ascending.
    pub(super) fn without<'a>(&'a self, other: &'a Bits) -> impl Iterator<Item = usize> + 'a {
        (0..=self.high.len()).flat_map(move |index| {
            let mut word = self.word(index) & !other.word(index);
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
                word &= word - 1;
                Some(index * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_beyond_one_word_behave_like_sets() {
        let mut set = Bits::default();
        for bit in [0, 63, 64, 200] {
            set.insert(bit);
            assert!(set.has(bit));
        }
        assert!(!set.has(65) && !set.has(1000));
        let mut other = Bits::default();
        other.insert(63);
        assert_eq!(other.without(&set).next(), None);
        assert_eq!(set.without(&other).collect::<Vec<_>>(), [0, 64, 200]);
        for bit in [0, 64, 200, 999] {
            set.remove(bit);
        }
        assert_eq!(set, other);
    }
}
