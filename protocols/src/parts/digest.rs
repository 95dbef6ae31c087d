//! A small stable digest: the same words give the same number on every machine and in every
//! version, which derived `Hash` does not promise.
//!
//! It is not cryptographic. Two different commands collide with odds of 2^-64 a pair, and nobody in
//! a simulation searches for collisions on purpose.

/// The digest of nothing.
pub const EMPTY: u64 = 0;

/// Extends a digest by one word. The order of the words matters.
///
/// The mixing is that of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014, Figure 16): every bit of the
/// input reaches every bit of the output.
#[must_use]
pub const fn mix(digest: u64, word: u64) -> u64 {
    let mut z = digest.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ word;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The digest of a few words.
#[must_use]
pub fn of(words: &[u64]) -> u64 {
    words.iter().fold(EMPTY, |digest, word| mix(digest, *word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_stable_and_depend_on_order() {
        assert_eq!(of(&[1, 2]), mix(mix(EMPTY, 1), 2));
        assert_ne!(of(&[1, 2]), of(&[2, 1]));
        assert_ne!(of(&[0]), of(&[0, 0]));
        assert_eq!(of(&[0]), 0xe220_a839_7b1d_cdaf, "SplitMix64's first output for seed 0");
    }
}
