//! A table from what is hashed to small numbers; its order is never looked at.

const FREE: u32 = u32::MAX;

/// Open addressing over numbers that stand for entries kept elsewhere.
#[derive(Default)]
pub(super) struct Table {
    slots: Vec<u32>,
    filled: usize,
}

/// Spreads two words over all bits.
pub(super) fn mix(a: u64, b: u64) -> u64 {
    let mut z = a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_add(0x632b_e59b_d9b4_e019);
    z = (z ^ (z >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    z = (z ^ (z >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 32)
}

impl Table {
    /// The number whose entry is the one looked for.
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let number = self.slots[self.place(hash, is_it)];
        (number != FREE).then_some(number)
    }

    /// Enters a number unless an entry like it is there already, which is then returned.
    pub(super) fn enter(
        &mut self,
        hash: u64,
        number: u32,
        is_it: impl Fn(u32) -> bool,
        hash_of: impl Fn(u32) -> u64,
    ) -> Option<u32> {
        if (self.filled + 1) * 2 > self.slots.len() {
            let old = std::mem::take(&mut self.slots);
            self.slots = vec![FREE; (old.len() * 2).max(64)];
            for number in old.into_iter().filter(|&number| number != FREE) {
                let place = self.place(hash_of(number), |_| false);
                self.slots[place] = number;
            }
        }
        let place = self.place(hash, is_it);
        if self.slots[place] != FREE {
            return Some(self.slots[place]);
        }
        self.slots[place] = number;
        self.filled += 1;
        None
    }

    fn place(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> usize {
        let mask = self.slots.len() - 1;
        #[allow(clippy::cast_possible_truncation, reason = "only the low bits are used")]
        let mut place = hash as usize & mask;
        while self.slots[place] != FREE && !is_it(self.slots[place]) {
            place = (place + 1) & mask;
        }
        place
    }
}
