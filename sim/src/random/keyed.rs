//! Keyed draws: a random function of what is being decided, without any state.
//!
//! The function is Philox2x64-7 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy
//! as 1, 2, 3"): seven rounds of multiply and exchange turn a 128-bit counter into 128 random bits
//! under a 64-bit key. It is a bijection of counters, so that different counters never meet. The
//! authors find that six rounds pass the whole of BigCrush; the seventh is their margin. Why not
//! more, or narrower words: `docs/decisions/0004-keyed-draws-by-philox2x64.md`.

use super::Seed;

/// What a keyed draw decides about a copy of a message. The numbers are part of every recorded run
/// and never change; a new purpose takes a new number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum KeyedPurpose {
    /// Whether a fault loses it.
    Loss = 1,
    /// How long it takes, and whether the network itself loses it.
    Delay = 2,
    /// Whether the network makes another copy of it.
    Duplicate = 3,
    /// How much later that other copy comes.
    DuplicateDelay = 4,
    /// Whether it is held back so that later ones overtake it, and how long.
    Reorder = 5,
    /// Whether it is corrupted, and where.
    Corrupt = 6,
    /// Whether a burst of losses begins or ends with it, and whether that loses it.
    Burst = 7,
    /// The same for the bursts that a fault brings.
    FaultBurst = 8,
    /// How long the word takes that it was turned away.
    Refusal = 9,
}

/// The keyed draws of one run.
///
/// A draw is a function of the seed and of six numbers, and of nothing that happened before. The
/// numbers are placed side by side in the 128-bit counter, which makes the mapping injective:
///
/// ```text
/// word 0: from (32 bits) | to (32)   word 1: nth (32) | kind (16) | purpose (8) | copy (8)
/// ```
///
/// ```
/// use rehearsal_sim::random::{Keyed, KeyedPurpose, Seed};
///
/// let keyed = Keyed::new(Seed(42));
/// let delay = keyed.draw(KeyedPurpose::Delay, 0, 1, 3, 7, 0);
/// assert_eq!(delay, keyed.draw(KeyedPurpose::Delay, 0, 1, 3, 7, 0));
/// assert_ne!(delay, keyed.draw(KeyedPurpose::Delay, 1, 0, 3, 7, 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyed {
    key: u64,
}

impl Keyed {
    /// The keyed draws of the run that follows from `seed`.
    pub const fn new(seed: Seed) -> Keyed {
        Keyed { key: seed.0 }
    }

    /// 64 uniform bits for one decision about one copy of a message: the `nth` of its `kind` on the
    /// link from node `from` to node `to`; `copy` is 0 for the original.
    #[inline]
    pub fn draw(
        &self,
        purpose: KeyedPurpose,
        from: u32,
        to: u32,
        kind: u16,
        nth: u32,
        copy: u8,
    ) -> u64 {
        self.pair(purpose, from, to, kind, nth, copy)[0]
    }

    /// Two independent draws for one decision, for example whether and where; the first is that of
    /// [`Keyed::draw`].
    #[inline]
    pub fn pair(
        &self,
        purpose: KeyedPurpose,
        from: u32,
        to: u32,
        kind: u16,
        nth: u32,
        copy: u8,
    ) -> [u64; 2] {
        philox(counter(purpose, from, to, kind, nth, copy), self.key)
    }

    /// The same as [`Keyed::pair`], from numbers that lie side by side already: `from` and `to` in
    /// `link`, the others in `which`, with zeros in the place of the purpose.
    #[inline(always)]
    pub(crate) fn of_copy(&self, purpose: KeyedPurpose, link: u64, which: u64) -> [u64; 2] {
        philox([link, which | (purpose as u64) << PURPOSE], self.key)
    }
}

/// Where the purpose stands in the second word.
const PURPOSE: u32 = 8;

/// Places what a draw is keyed by side by side.
#[inline]
const fn counter(
    purpose: KeyedPurpose,
    from: u32,
    to: u32,
    kind: u16,
    nth: u32,
    copy: u8,
) -> [u64; 2] {
    let link = (from as u64) << 32 | to as u64;
    let which = (nth as u64) << 32 | (kind as u64) << 16 | copy as u64;
    [link, which | (purpose as u64) << PURPOSE]
}

/// Philox2x64-7. The key of a round is that of the one before plus the golden ratio.
#[inline(always)]
#[allow(clippy::cast_possible_truncation, reason = "the halves of a product")]
fn philox([mut a, mut b]: [u64; 2], mut key: u64) -> [u64; 2] {
    for _ in 0..7 {
        let product = u128::from(a) * 0xD2B7_4407_B1CE_6E93;
        [a, b] = [(product >> 64) as u64 ^ key ^ b, product as u64];
        key = key.wrapping_add(0x9E37_79B9_7F4A_7C15);
    }
    [a, b]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::KeyedPurpose::*;
    use super::*;

    const PURPOSES: [KeyedPurpose; 9] =
        [Loss, Delay, Duplicate, DuplicateDelay, Reorder, Corrupt, Burst, FaultBurst, Refusal];

    /// The three lines `philox2x64 7` of `tests/kat_vectors` in the authors' Random123 library.
    #[test]
    fn philox_gives_its_authors_known_answers() {
        assert_eq!(philox([0; 2], 0), [0xb41d_a69f_bfef_c666, 0x511e_9ce1_a553_4056]);
        assert_eq!(philox([u64::MAX; 2], u64::MAX), [0xa469_6cc0_4462_015d, 0x7247_82da_e171_69e9]);
        let pi = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344];
        assert_eq!(
            philox(pi, 0xa409_3822_299f_31d0),
            [0x98ed_1534_392b_f372, 0x6752_8b15_6888_2fd5]
        );
    }

    #[test]
    fn known_draws_never_change() {
        let keyed = Keyed::new(Seed(42));
        let draws: Vec<u64> = PURPOSES.map(|purpose| keyed.draw(purpose, 0, 1, 2, 3, 0)).into();
        assert_eq!(
            draws,
            [
                12_682_309_339_160_427_942,
                13_437_047_659_520_497_325,
                4_333_712_155_038_421_070,
                13_308_703_559_292_345_026,
                13_459_739_321_221_657_823,
                16_374_041_090_570_072_724,
                8_123_922_403_152_935_030,
                1_845_512_605_494_730_772,
                15_755_610_193_497_869_105,
            ]
        );
        assert_eq!(
            Keyed::new(Seed(1 << 32)).pair(Loss, 4, 3, 2, 1, 1),
            [10_355_496_590_549_243_321, 9_983_794_012_010_947_131]
        );
    }

    #[test]
    fn purpose_numbers_never_change() {
        assert_eq!(PURPOSES.map(|purpose| purpose as u8), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    proptest! {
        /// Everything a draw is keyed by can be read back from its counter.
        #[test]
        fn the_counter_loses_nothing(
            purpose in prop::sample::select(&PURPOSES[..]),
            from: u32, to: u32, kind: u16, nth: u32, copy: u8,
        ) {
            let [link, which] = counter(purpose, from, to, kind, nth, copy);
            let [f, t] = [from, to].map(u32::to_be_bytes);
            prop_assert_eq!(link.to_be_bytes(), [f[0], f[1], f[2], f[3], t[0], t[1], t[2], t[3]]);
            let (n, [k0, k1]) = (nth.to_be_bytes(), kind.to_be_bytes());
            let expected = [n[0], n[1], n[2], n[3], k0, k1, purpose as u8, copy];
            prop_assert_eq!(which.to_be_bytes(), expected);
            let keyed = Keyed::new(Seed(u64::from(nth)));
            let zeroed = which & !(0xFF << PURPOSE);
            prop_assert_eq!(
                keyed.of_copy(purpose, link, zeroed),
                keyed.pair(purpose, from, to, kind, nth, copy)
            );
        }
    }

    #[test]
    fn every_argument_counts() {
        let keyed = Keyed::new(Seed(7));
        let mut draws = vec![
            keyed.draw(Loss, 1, 2, 3, 4, 5),
            keyed.draw(Delay, 1, 2, 3, 4, 5),
            keyed.draw(Loss, 2, 1, 3, 4, 5),
            keyed.draw(Loss, 9, 2, 3, 4, 5),
            keyed.draw(Loss, 1, 9, 3, 4, 5),
            keyed.draw(Loss, 1, 2, 9, 4, 5),
            keyed.draw(Loss, 1, 2, 3, 9, 5),
            keyed.draw(Loss, 1, 2, 3, 4, 9),
            Keyed::new(Seed(8)).draw(Loss, 1, 2, 3, 4, 5),
            Keyed::new(Seed(7 | 1 << 40)).draw(Loss, 1, 2, 3, 4, 5),
        ];
        draws.sort();
        draws.dedup();
        assert_eq!(draws.len(), 10);
    }

    /// Neighbouring counters and neighbouring seeds give bits without pattern: each of the 128 bits
    /// is set half of the time.
    #[test]
    fn neighbours_share_no_bits() {
        let mut set = [0_u32; 128];
        for nth in 0..5_000 {
            let [low, high] = Keyed::new(Seed(u64::from(nth % 50))).pair(Delay, 0, 1, 0, nth, 0);
            let bits = u128::from(high) << 64 | u128::from(low);
            for (i, count) in set.iter_mut().enumerate() {
                *count += u32::from(bits >> i & 1 == 1);
            }
        }
        assert!(set.iter().all(|n| n.abs_diff(2_500) < 160), "{set:?}");
    }
}
