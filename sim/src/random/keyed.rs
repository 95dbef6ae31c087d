//! Keyed draws: a random function of what is being decided, without any state.
//!
//! The function is Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy
//! as 1, 2, 3"): ten rounds of multiply and exchange turn a 128-bit counter into 128 random bits
//! under a 64-bit key. It is a bijection of counters, so that different counters never meet.

use super::Seed;

/// What a keyed draw decides about a copy of a message. The numbers are part of every recorded run
/// and never change; a new purpose takes a new number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum KeyedPurpose {
    /// Whether it is lost.
    Loss = 1,
    /// How long it takes.
    Delay = 2,
    /// Whether the network makes another copy of it.
    Duplicate = 3,
    /// How much later that other copy comes.
    DuplicateDelay = 4,
    /// Whether it is held back so that later ones overtake it, and how long.
    Reorder = 5,
    /// Whether it is corrupted, and where.
    Corrupt = 6,
    /// Whether a burst of losses begins or ends with it.
    Burst = 7,
}

/// The keyed draws of one run.
///
/// A draw is a function of the seed and of six numbers, and of nothing that happened before. The
/// numbers are placed side by side in the 128-bit counter, which makes the mapping injective:
///
/// ```text
/// word 0: from   word 1: to   word 2: nth   word 3: kind (16 bits) | purpose (8) | copy (8)
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
    key: [u32; 2],
}

impl Keyed {
    /// The keyed draws of the run that follows from `seed`.
    pub const fn new(seed: Seed) -> Keyed {
        Keyed { key: halves(seed.0) }
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
        let [a, b, c, d] = philox(counter(purpose, from, to, kind, nth, copy), self.key);
        [u64::from(b) << 32 | u64::from(a), u64::from(d) << 32 | u64::from(c)]
    }
}

/// Places what a draw is keyed by side by side.
const fn counter(
    purpose: KeyedPurpose,
    from: u32,
    to: u32,
    kind: u16,
    nth: u32,
    copy: u8,
) -> [u32; 4] {
    [from, to, nth, (kind as u32) << 16 | (purpose as u32) << 8 | copy as u32]
}

/// Philox4x32-10.
#[inline]
fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let ([mut a, mut b, mut c, mut d], [mut k, mut l]) = (counter, key);
    for _ in 0..10 {
        let [low_a, high_a] = halves(u64::from(a) * 0xD251_1F53);
        let [low_c, high_c] = halves(u64::from(c) * 0xCD9E_8D57);
        [a, b, c, d] = [high_c ^ b ^ k, low_c, high_a ^ d ^ l, low_a];
        k = k.wrapping_add(0x9E37_79B9);
        l = l.wrapping_add(0xBB67_AE85);
    }
    [a, b, c, d]
}

/// The low and the high half of a word.
const fn halves(word: u64) -> [u32; 2] {
    [(word & 0xFFFF_FFFF) as u32, (word >> 32) as u32]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::KeyedPurpose::*;
    use super::*;

    const PURPOSES: [KeyedPurpose; 7] =
        [Loss, Delay, Duplicate, DuplicateDelay, Reorder, Corrupt, Burst];

    /// The three lines `philox4x32 10` of `tests/kat_vectors` in the authors' Random123 library.
    #[test]
    fn philox_gives_its_authors_known_answers() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        let pi = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        assert_eq!(
            philox(pi, [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn known_draws_never_change() {
        let keyed = Keyed::new(Seed(42));
        let draws: Vec<u64> = PURPOSES.map(|purpose| keyed.draw(purpose, 0, 1, 2, 3, 0)).into();
        assert_eq!(
            draws,
            [
                17_281_054_929_193_597_376,
                12_502_453_698_214_722_870,
                9_404_909_468_521_927_899,
                6_703_295_329_846_978_668,
                16_977_419_242_961_824_193,
                9_985_809_623_064_539_661,
                8_392_273_773_824_592_633
            ]
        );
        assert_eq!(
            Keyed::new(Seed(1 << 32)).pair(Loss, 4, 3, 2, 1, 1),
            [17_649_814_165_681_908_324, 4_989_114_370_643_278_645]
        );
    }

    #[test]
    fn purpose_numbers_never_change() {
        assert_eq!(PURPOSES.map(|purpose| purpose as u8), [1, 2, 3, 4, 5, 6, 7]);
    }

    proptest! {
        /// Everything a draw is keyed by can be read back from its counter.
        #[test]
        fn the_counter_loses_nothing(
            purpose in prop::sample::select(&PURPOSES[..]),
            from: u32, to: u32, kind: u16, nth: u32, copy: u8,
        ) {
            let [w0, w1, w2, w3] = counter(purpose, from, to, kind, nth, copy);
            prop_assert_eq!([w0, w1, w2], [from, to, nth]);
            let [k0, k1] = kind.to_be_bytes();
            prop_assert_eq!(w3.to_be_bytes(), [k0, k1, purpose as u8, copy]);
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
