//! Numbers for values: each distinct value gets the next number.

use std::hash::{Hash, Hasher};

/// A hash that is the same on every machine and in every run. Only the layout of tables depends on
/// it, never an answer.
#[derive(Default)]
struct Fixed(u64);

impl Fixed {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(26) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for Fixed {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.mix(word.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
        }
        for byte in words.remainder() {
            self.mix(u64::from(*byte));
        }
    }
    fn write_u8(&mut self, n: u8) {
        self.mix(u64::from(n));
    }
    fn write_u32(&mut self, n: u32) {
        self.mix(u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.mix(n);
    }
    fn write_usize(&mut self, n: usize) {
        self.mix(n as u64);
    }
}

/// Numbered values: open addressing over a list.
pub(super) struct Interner<T> {
    items: Vec<T>,
    /// The upper half of the hash, and the number plus one; zero is free.
    cells: Vec<u64>,
}

impl<T> Default for Interner<T> {
    fn default() -> Interner<T> {
        Interner { items: Vec::new(), cells: Vec::new() }
    }
}

const NUMBER: u64 = 0xffff_ffff;

impl<T: Hash + Eq> Interner<T> {
    /// The number of a value that may be new.
    pub(super) fn number(&mut self, item: T) -> u32 {
        if self.items.len() * 2 >= self.cells.len() {
            self.grow();
        }
        let (cell, tag) = self.cell(&item);
        match self.cells[cell] & NUMBER {
            0 => {
                let number = u32::try_from(self.items.len()).expect("fewer than 2^32 values");
                self.cells[cell] = tag | (u64::from(number) + 1);
                self.items.push(item);
                number
            }
            found => index(found - 1),
        }
    }

    /// The number of a value that is known.
    pub(super) fn find(&self, item: &T) -> Option<u32> {
        if self.cells.is_empty() {
            return None;
        }
        let (cell, _) = self.cell(item);
        (self.cells[cell] & NUMBER).checked_sub(1).map(index)
    }

    /// The value with this number.
    pub(super) fn get(&self, number: u32) -> &T {
        &self.items[number as usize]
    }

    /// How many numbers are in use.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Where a value is or belongs, and the part of its hash that is kept.
    fn cell(&self, item: &T) -> (usize, u64) {
        let hash = hash(item);
        let mask = self.cells.len() - 1;
        let tag = hash & !NUMBER;
        let mut at = index(hash & NUMBER) as usize & mask;
        loop {
            let cell = self.cells[at];
            let is_it = || cell & !NUMBER == tag && self.items[index(cell - 1) as usize] == *item;
            if cell & NUMBER == 0 || is_it() {
                return (at, tag);
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let size = (self.cells.len() * 4).max(64);
        let mask = size - 1;
        let mut cells = vec![0; size];
        for (number, item) in (1..).zip(&self.items) {
            let hash = hash(item);
            let mut at = index(hash & NUMBER) as usize & mask;
            while cells[at] != 0 {
                at = (at + 1) & mask;
            }
            cells[at] = hash & !NUMBER | number;
        }
        self.cells = cells;
    }
}

fn hash<T: Hash>(item: &T) -> u64 {
    let mut hasher = Fixed::default();
    item.hash(&mut hasher);
    hasher.finish()
}

/// The lower half.
fn index(word: u64) -> u32 {
    u32::try_from(word & NUMBER).expect("masked to 32 bits")
}

/// A memo from pairs of numbers to numbers.
#[derive(Default)]
pub(super) struct Memo {
    /// The key plus one, zero is free; the value.
    cells: Vec<(u64, u32)>,
    used: usize,
}

impl Memo {
    fn cell(&self, key: u64) -> usize {
        let mask = self.cells.len() - 1;
        let mut at = index(key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        while self.cells[at].0 != 0 && self.cells[at].0 != key + 1 {
            at = (at + 1) & mask;
        }
        at
    }

    pub(super) fn get(&self, a: u32, b: u32) -> Option<u32> {
        if self.cells.is_empty() {
            return None;
        }
        let (found, value) = self.cells[self.cell(u64::from(a) << 32 | u64::from(b))];
        (found != 0).then_some(value)
    }

    pub(super) fn insert(&mut self, a: u32, b: u32, value: u32) {
        if self.used * 2 >= self.cells.len() {
            let size = (self.cells.len() * 4).max(64);
            let old = std::mem::replace(&mut self.cells, vec![(0, 0); size]);
            for (key, value) in old.into_iter().filter(|cell| cell.0 != 0) {
                let at = self.cell(key - 1);
                self.cells[at] = (key, value);
            }
        }
        let key = u64::from(a) << 32 | u64::from(b);
        let at = self.cell(key);
        self.used += usize::from(self.cells[at].0 == 0);
        self.cells[at] = (key + 1, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_one_number_and_different_values_have_two() {
        let mut interner = Interner::default();
        for round in 0..2 {
            for value in 0..5_000_u64 {
                let number = interner.number((value, vec![value % 7; 3]));
                assert_eq!(u64::from(number), value, "round {round}");
            }
        }
        assert_eq!(interner.len(), 5_000);
        assert_eq!(interner.get(17), &(17, vec![3; 3]));
        assert_eq!(interner.find(&(18, vec![4; 3])), Some(18));
        assert_eq!(interner.find(&(18, vec![5; 3])), None);
        assert_eq!(Interner::<u64>::default().find(&1), None);
    }

    #[test]
    fn a_memo_remembers_every_pair() {
        let mut memo = Memo::default();
        assert_eq!(memo.get(1, 2), None);
        for a in 0..70 {
            for b in 0..70 {
                memo.insert(a, b, a * 100 + b);
            }
        }
        memo.insert(3, 4, 9);
        assert_eq!((memo.get(69, 1), memo.get(3, 4), memo.get(70, 1)), (Some(6901), Some(9), None));
    }
}
