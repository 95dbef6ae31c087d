//! The digest over every kernel event of a run: two runs with equal digests did the same.

use std::fmt;

/// A running 64-bit digest. It is a check of determinism, not a cryptographic identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Digest {
        Digest(0x9e37_79b9_7f4a_7c15)
    }
}

impl Digest {
    /// Takes a word in. Multiplying to 128 bits and folding the halves mixes every bit of the word
    /// into every bit of the state, at the price of one multiplication.
    #[inline]
    pub fn word(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * 0xe703_7ed1_a0b4_28db;
        #[allow(clippy::cast_possible_truncation, reason = "folding takes both halves")]
        let folded = (product as u64) ^ ((product >> 64) as u64);
        self.0 = folded.rotate_left(23) ^ word;
    }

    /// Takes two words in at the price of one. The second must not be the constant below: the
    /// engine's own words have a small number in their highest byte.
    #[inline(always)]
    pub(crate) fn pair(&mut self, a: u64, b: u64) {
        let product = u128::from(self.0 ^ a) * u128::from(b ^ 0xe703_7ed1_a0b4_28db);
        #[allow(clippy::cast_possible_truncation, reason = "folding takes both halves")]
        let folded = (product as u64) ^ ((product >> 64) as u64);
        self.0 = folded.rotate_left(23) ^ b;
    }

    /// Its present value.
    pub(crate) fn value(self) -> u64 {
        self.0
    }

    /// Takes a text in, as its bytes in UTF-8.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Takes bytes in: how many there are, then eight at a time.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut eight = [0; 8];
            eight[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(eight));
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    /// No bit of a pair is lost, and neither is the order.
    #[test]
    fn every_bit_of_a_pair_counts() {
        let of = |a: u64, b: u64| {
            let mut digest = Digest::default();
            digest.pair(a, b);
            digest.0
        };
        let mut seen: Vec<u64> =
            (0..56).flat_map(|bit| [of(1 << bit, 0), of(0, 1 << bit)]).collect();
        seen.extend([of(0, 0), of(3, 5), of(5, 3)]);
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }

    #[test]
    fn bytes_count_with_their_length() {
        let of = |bytes: &[u8]| {
            let mut digest = Digest::default();
            digest.bytes(bytes);
            digest.to_string()
        };
        let mut text = Digest::default();
        text.text("nine is 9");
        assert_eq!(text.to_string(), of(b"nine is 9"));
        assert_ne!(of(b""), of(b"\0"));
        assert_ne!(of(b"12345678"), of(b"12345678\0"));
    }

    #[test]
    fn order_and_content_both_count() {
        let of = |words: &[u64]| {
            let mut digest = Digest::default();
            words.iter().for_each(|word| digest.word(*word));
            digest
        };
        assert_eq!(of(&[1, 2, 3]), of(&[1, 2, 3]));
        assert_ne!(of(&[1, 2, 3]), of(&[1, 3, 2]));
        assert_ne!(of(&[1, 2, 3]), of(&[1, 2]));
        assert_ne!(of(&[0]), of(&[0, 0]));
        assert_eq!(of(&[1, 2, 3]).to_string(), "a933875b6c41d6bf");
    }
}
