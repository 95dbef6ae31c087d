//! Numbers for values: each distinct value gets the next number.

use std::hash::{Hash, Hasher};

/// A hash that is the same on every machine and in every run. Only the layout of tables depends on
/// it, never an answer.
#[derive(Default)]
struct Fixed(u64);

impl Fixed {
    /// The last word is left as it is, so that values that follow each other are neighbours.
    fn mix(&mut self, word: u64) {
        self.0 = self.0.rotate_left(26).wrapping_mul(SCATTER) ^ word;
    }
}

const SCATTER: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for Fixed {
    fn finish(&self) -> u64 {
        self.0
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
    /// The upper half of the scattered hash, and the number plus one; zero is free.
    cells: Vec<u64>,
    /// Whether neighbours are scattered. They are not at first, which is kind to caches; values
    /// that differ in high bits only need it.
    is_scattered: bool,
}

/// A longer walk through full cells shows that values have to be scattered.
const WALK: usize = 64;

impl<T> Default for Interner<T> {
    fn default() -> Interner<T> {
        Interner { items: Vec::new(), cells: Vec::new(), is_scattered: false }
    }
}

const NUMBER: u64 = 0xffff_ffff;

impl<T: Hash + Eq> Interner<T> {
    /// With room for so many values.
    pub(super) fn with_capacity(count: usize) -> Interner<T> {
        let mut interner = Interner { items: Vec::with_capacity(count), ..Interner::default() };
        interner.cells = vec![0; (count * 2).next_power_of_two().max(64)];
        interner
    }

    /// The number of a value that may be new.
    pub(super) fn number(&mut self, item: T) -> u32 {
        if self.items.len() * 2 >= self.cells.len() {
            self.rebuild(self.cells.len() * 4);
        }
        loop {
            let (cell, tag, walk) = self.cell(&item);
            if walk > WALK && !self.is_scattered {
                self.is_scattered = true;
                self.rebuild(self.cells.len());
                continue;
            }
            if let Some(found) = (self.cells[cell] & NUMBER).checked_sub(1) {
                return index(found);
            }
            let number = u32::try_from(self.items.len()).expect("fewer than 2^32 values");
            self.cells[cell] = tag | (u64::from(number) + 1);
            self.items.push(item);
            return number;
        }
    }

    /// The number of a value that is known.
    pub(super) fn find(&self, item: &T) -> Option<u32> {
        if self.cells.is_empty() {
            return None;
        }
        let (cell, ..) = self.cell(item);
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

    /// Where a hash belongs, and the part of it that is kept.
    fn place(&self, hash: u64) -> (usize, u64) {
        let scattered = hash.wrapping_mul(SCATTER);
        let place = if self.is_scattered { scattered >> 20 } else { hash };
        (index(place & NUMBER) as usize & (self.cells.len() - 1), scattered & !NUMBER)
    }

    /// Where a value is or belongs, the part of its hash that is kept, and how far it was.
    fn cell(&self, item: &T) -> (usize, u64, usize) {
        let mask = self.cells.len() - 1;
        let (mut at, tag) = self.place(hash(item));
        let mut walk = 0;
        loop {
            let cell = self.cells[at];
            let is_it = || cell & !NUMBER == tag && self.items[index(cell - 1) as usize] == *item;
            if cell & NUMBER == 0 || is_it() {
                return (at, tag, walk);
            }
            at = (at + 1) & mask;
            walk += 1;
        }
    }

    fn rebuild(&mut self, size: usize) {
        self.cells = vec![0; size.max(64)];
        let mask = self.cells.len() - 1;
        for (number, item) in (1..).zip(&self.items) {
            let (mut at, tag) = self.place(hash(item));
            while self.cells[at] != 0 {
                at = (at + 1) & mask;
            }
            self.cells[at] = tag | number;
        }
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
    fn values_that_differ_in_high_bits_only_are_scattered() {
        let mut interner = Interner::with_capacity(2_000);
        for round in 0..2 {
            for value in 0..2_000_u32 {
                assert_eq!(interner.number(u64::from(value) << 40), value, "round {round}");
            }
        }
        assert!(interner.is_scattered);
        assert_eq!(interner.find(&(7 << 40)), Some(7));
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
