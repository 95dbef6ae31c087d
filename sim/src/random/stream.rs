//! Named streams: one ChaCha8 sequence per (seed, purpose, owner).

use std::fmt;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::{Chance, Seed, scale, width};
use crate::time::{Span, SpanRange};

/// What a stream is drawn for. The numbers are part of every recorded run and never change; a new
/// purpose takes a new number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum Purpose {
    /// Spans the engine draws for armed timers; owner: the node.
    Timer = 1,
    /// A node's own draws; owner: the node.
    Pick = 2,
    /// When the workload calls next; owner: the client.
    Arrival = 3,
    /// Which kind of operation it calls; owner: the client.
    Mix = 4,
    /// On which key; owner: the client.
    Key = 5,
    /// How long it thinks between two calls; owner: the client.
    Think = 6,
    /// How long a disk takes and how it fails; owner: the node.
    Disk = 7,
    /// When and whom drawn faults strike; owner: the fault's place in the scenario.
    Fault = 8,
    /// Which families of faults a run switches on, and its drawn sizes and limits.
    Swarm = 9,
    /// Choices inside an operation; owner: the client.
    Ask = 10,
    /// How long a processor takes for an input; owner: the node.
    Processor = 20,
    /// How wrong a node's clock is; owner: the node.
    Clock = 21,
    /// How long a process takes to start; owner: the node.
    Start = 22,
    /// How long a process stays up and down in a loop of crashes; owner: the strike and the node.
    Loop = 23,
    /// What a crash leaves of the writes under way; owner: the node.
    Remains = 32,
    /// As `Timer`, for a protocol around another one; owner: the node.
    OuterTimer = 33,
    /// As `Pick`, for a protocol around another one; owner: the node.
    OuterPick = 34,
}

/// A sequence of random draws that belongs to one purpose and one owner.
///
/// The generator is made at the first draw: a stream that is never used costs a few words and no
/// time. Draws whose value nobody needs are only counted. Two streams are equal when they will give
/// the same draws.
#[derive(Clone)]
pub struct Stream {
    seed: Seed,
    purpose: Purpose,
    owner: u32,
    /// Draws that were consumed without being made, since the last that was.
    skipped: u64,
    generator: Option<Box<Generator>>,
}

/// Bytes that are generated ahead: sixteen draws.
const AHEAD: usize = 128;

/// So many draws are worth a leap: it throws away what is ahead, here and in the cipher.
const FAR: u64 = 100;

/// The cipher, and the next stretch of its output.
#[derive(Clone)]
struct Generator {
    /// Where the next draw stands in `ahead`; its end when that is used up.
    next: usize,
    ahead: [u8; AHEAD],
    cipher: ChaCha8Rng,
}

impl Generator {
    #[inline]
    fn next_u64(&mut self) -> u64 {
        if self.next == AHEAD {
            self.refill();
        }
        let bytes = self.ahead[self.next..].first_chunk().expect("whole draws are ahead");
        self.next += size_of::<u64>();
        u64::from_le_bytes(*bytes)
    }

    /// Passes over draws: through those that are ahead where there are few, else in one leap.
    fn pass(&mut self, mut draws: u64) {
        if draws > FAR {
            let word = 2 * u128::from(self.drawn() + draws);
            self.cipher.set_word_pos(word);
            self.next = AHEAD;
            return;
        }
        loop {
            let ahead = (AHEAD - self.next) / size_of::<u64>();
            match usize::try_from(draws).expect("few draws") {
                few if few <= ahead => {
                    self.next += few * size_of::<u64>();
                    return;
                }
                _ => draws -= ahead as u64,
            }
            self.refill();
        }
    }

    #[inline(never)]
    fn refill(&mut self) {
        self.cipher.fill_bytes(&mut self.ahead);
        self.next = 0;
    }

    /// Draws made so far, and those before the one that it was set to.
    fn drawn(&self) -> u64 {
        let words = u64::try_from(self.cipher.get_word_pos()).expect("nobody draws 2^63 numbers");
        words / 2 - ((AHEAD - self.next) / size_of::<u64>()) as u64
    }
}

/// Fills the key of the cipher behind the seed, so that our streams differ from those of anything
/// else that is keyed by a small number.
const KEY_REST: &[u8; 24] = b"rehearsal: named streams";

impl Stream {
    /// The stream of `purpose` that belongs to `owner`, at its beginning.
    pub const fn new(seed: Seed, purpose: Purpose, owner: u32) -> Stream {
        Stream { seed, purpose, owner, skipped: 0, generator: None }
    }

    /// The next draw: 64 uniform bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        match &mut self.generator {
            Some(generator) if self.skipped == 0 => generator.next_u64(),
            Some(_) => self.catch_up(),
            None => self.first(),
        }
    }

    /// Consumes a draw whose value does not matter.
    #[inline]
    pub fn skip(&mut self) {
        self.skipped += 1;
    }

    /// Makes the next draw behind those that were skipped.
    #[cold]
    fn catch_up(&mut self) -> u64 {
        let skipped = std::mem::take(&mut self.skipped);
        let generator = self.generator.as_mut().expect("it was made for the first draw");
        generator.pass(skipped);
        generator.next_u64()
    }

    /// Makes the generator: the key is the seed, the nonce is purpose and owner.
    #[cold]
    fn first(&mut self) -> u64 {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.0.to_le_bytes());
        key[8..].copy_from_slice(KEY_REST);
        let mut cipher = ChaCha8Rng::from_seed(key);
        cipher.set_stream(u64::from(self.purpose as u32) << 32 | u64::from(self.owner));
        self.generator = Some(Box::new(Generator { next: AHEAD, ahead: [0; AHEAD], cipher }));
        self.catch_up()
    }

    /// A number in `0..n`, every one exactly as likely; panics when `n` is zero.
    ///
    /// Multiply and shift; a draw that would favour some numbers is repeated, which happens with
    /// probability below n/2^64 (Lemire 2019, "Fast random integer generation in an interval").
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "there is no number below 0 to draw");
        loop {
            let draw = self.next_u64();
            let low = draw.wrapping_mul(n);
            if low >= n || low >= n.wrapping_neg() % n {
                return scale(draw, n);
            }
        }
    }

    /// A span of `lo..hi`, `hi` exclusive; `lo` when the range is fixed.
    ///
    /// A fixed range consumes a draw like any other: replacing a range by a fixed span, as making a
    /// scenario smaller does, moves no later draw.
    #[inline]
    pub fn span_in(&mut self, range: SpanRange) -> Span {
        match width(range) {
            0 | 1 => {
                self.skip();
                range.lo
            }
            width => Span(range.lo.0 + self.below(width)),
        }
    }

    /// Whether an event of this probability happens. Always consumes one draw.
    #[inline]
    pub fn chance(&mut self, chance: Chance) -> bool {
        chance.hits(self.next_u64())
    }

    /// Puts `items` into a random order, each as likely (Fisher and Yates, from the end).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }

    /// An index into a slice of `len` elements; panics when there are none.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("what is below a usize is a usize")
    }

    /// How many draws were consumed so far.
    pub fn drawn(&self) -> u64 {
        self.generator.as_ref().map_or(0, |generator| generator.drawn()) + self.skipped
    }

    /// All that decides the draws to come.
    fn identity(&self) -> (Seed, Purpose, u32, u64) {
        (self.seed, self.purpose, self.owner, self.drawn())
    }
}

impl PartialEq for Stream {
    fn eq(&self, other: &Stream) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Stream {}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("seed", &self.seed)
            .field("purpose", &self.purpose)
            .field("owner", &self.owner)
            .field("drawn", &self.drawn())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stream(purpose: Purpose, owner: u32) -> Stream {
        Stream::new(Seed(42), purpose, owner)
    }

    fn first(n: usize, mut stream: Stream) -> Vec<u64> {
        (0..n).map(|_| stream.next_u64()).collect()
    }

    #[test]
    fn the_first_draws_never_change() {
        assert_eq!(
            first(8, stream(Purpose::Timer, 0)),
            [
                4_300_275_212_509_499_169,
                7_452_928_588_967_641_802,
                11_444_729_209_227_822_225,
                298_097_088_176_188_839,
                899_444_917_823_805_623,
                13_069_512_420_487_339_737,
                7_974_421_463_650_996_534,
                11_900_753_571_933_726_225
            ]
        );
        assert_eq!(
            first(2, stream(Purpose::Swarm, u32::MAX)),
            [6_596_176_975_436_556_389, 14_384_878_909_652_026_040]
        );
    }

    #[test]
    fn purpose_numbers_never_change() {
        use Purpose::*;
        let all = [Timer, Pick, Arrival, Mix, Key, Think, Disk, Fault, Swarm, Ask];
        let numbers: Vec<u32> = all.into_iter().map(|purpose| purpose as u32).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }

    #[test]
    fn seed_purpose_and_owner_each_make_another_stream() {
        let streams = [
            stream(Purpose::Timer, 1),
            stream(Purpose::Timer, 2),
            stream(Purpose::Pick, 1),
            Stream::new(Seed(43), Purpose::Timer, 1),
        ];
        for (i, one) in streams.iter().enumerate() {
            for other in &streams[..i] {
                let (a, b) = (first(64, one.clone()), first(64, other.clone()));
                assert!(a.iter().all(|draw| !b.contains(draw)), "{one:?} meets {other:?}");
            }
        }
    }

    #[test]
    fn streams_do_not_feel_each_others_use() {
        let alone = first(100, stream(Purpose::Pick, 3));
        let (mut pick, mut timer) = (stream(Purpose::Pick, 3), stream(Purpose::Timer, 3));
        let mixed: Vec<u64> = (0..100)
            .map(|i| {
                for _ in 0..i % 7 {
                    timer.next_u64();
                }
                pick.next_u64()
            })
            .collect();
        assert_eq!(alone, mixed);
    }

    #[test]
    fn a_clone_goes_on_where_the_original_stood() {
        let mut original = stream(Purpose::Fault, 9);
        assert_eq!((original.drawn(), original.generator.is_none()), (0, true));
        for n in 1..200 {
            original.next_u64();
            assert_eq!(original.drawn(), n);
        }
        let mut copy = original.clone();
        assert_eq!(copy, original);
        assert_eq!(copy.next_u64(), original.next_u64());
        copy.next_u64();
        assert_ne!(copy, original);
        assert!(format!("{copy:?}").ends_with("purpose: Fault, owner: 9, drawn: 201 }"));
    }

    /// Skipping is drawing without looking, at the first draw, in the middle and at the end.
    #[test]
    fn skipped_draws_are_draws() {
        let all = first(200, stream(Purpose::Timer, 3));
        let mut skipping = stream(Purpose::Timer, 3);
        for (nth, draw) in (0u64..).zip(&all) {
            assert_eq!(skipping.drawn(), nth);
            if nth % 7 < 3 || nth % 31 == 0 {
                skipping.skip();
            } else {
                assert_eq!(skipping.next_u64(), *draw);
            }
        }
        let all_of = first(3_000, stream(Purpose::Timer, 3));
        for far in [1, 15, 16, 17, 99, 100, 101, 1_000, 2_500] {
            let mut leaping = stream(Purpose::Timer, 3);
            assert_eq!(leaping.next_u64(), all_of[0]);
            (0..far).for_each(|_| leaping.skip());
            assert_eq!(leaping.next_u64(), all_of[far + 1]);
            assert_eq!(leaping.drawn(), far as u64 + 2);
        }
        let mut plain = stream(Purpose::Timer, 3);
        let mut skipped = plain.clone();
        plain.next_u64();
        skipped.skip();
        assert_eq!(plain, skipped);
        assert_eq!((plain.next_u64(), skipped.next_u64()), (all[1], all[1]));
    }

    /// The same words as from the cipher itself, which generates nothing ahead and skips nothing.
    fn plain(seed: u64, purpose: Purpose, owner: u32) -> ChaCha8Rng {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..].copy_from_slice(b"rehearsal: named streams");
        let mut cipher = ChaCha8Rng::from_seed(key);
        cipher.set_stream(u64::from(purpose as u32) << 32 | u64::from(owner));
        cipher
    }

    #[derive(Clone, Debug)]
    enum Move {
        Next(u8),
        Skip(u8),
        /// Goes on with a copy and drops the original.
        Clone,
        Equal,
    }

    fn moves() -> impl Strategy<Value = Vec<Move>> {
        let count = || prop_oneof![4 => 1u8..3, 1 => 1u8..40];
        let one = prop_oneof![
            4 => count().prop_map(Move::Next),
            3 => count().prop_map(Move::Skip),
            1 => Just(Move::Clone),
            1 => Just(Move::Equal),
        ];
        proptest::collection::vec(one, 0..60)
    }

    proptest! {
        /// However draws, skips and copies follow each other, the n-th draw is the n-th of the cipher.
        #[test]
        fn a_stream_is_its_cipher(seed: u64, owner: u32, moves in moves()) {
            let mut stream = Stream::new(Seed(seed), Purpose::Disk, owner);
            let mut cipher = plain(seed, Purpose::Disk, owner);
            let mut drawn = 0;
            for step in moves {
                match step {
                    Move::Next(n) => for _ in 0..n {
                        prop_assert_eq!(stream.next_u64(), cipher.next_u64());
                        drawn += 1;
                    },
                    Move::Skip(n) => for _ in 0..n {
                        stream.skip();
                        cipher.next_u64();
                        drawn += 1;
                    },
                    Move::Clone => stream = stream.clone(),
                    Move::Equal => {
                        let mut same = Stream::new(Seed(seed), Purpose::Disk, owner);
                        (0..drawn).for_each(|_| same.skip());
                        prop_assert_eq!(&same, &stream);
                        same.next_u64();
                        prop_assert_ne!(&same, &stream);
                    }
                }
                prop_assert_eq!(stream.drawn(), drawn);
            }
        }
    }

    /// Without the rejection two of three residues would have a quarter each and one a half.
    #[test]
    fn ranges_are_unbiased_even_when_they_are_huge() {
        let mut stream = stream(Purpose::Pick, 0);
        let mut residues = [0_u32; 3];
        for _ in 0..30_000 {
            residues[usize::try_from(stream.below(3 << 62) % 3).unwrap()] += 1;
        }
        assert!(residues.iter().all(|n| n.abs_diff(10_000) < 330), "{residues:?}");
        assert!((35_000..45_000).contains(&stream.drawn()), "a quarter of the draws is repeated");
    }

    #[test]
    fn small_ranges_are_even() {
        let mut stream = stream(Purpose::Pick, 1);
        let mut seen = [0_u32; 10];
        for _ in 0..100_000 {
            seen[stream.index(10)] += 1;
        }
        assert!(seen.iter().all(|n| n.abs_diff(10_000) < 400), "{seen:?}");
    }

    #[test]
    #[should_panic(expected = "there is no number below 0 to draw")]
    fn nothing_is_below_zero() {
        stream(Purpose::Pick, 0).below(0);
    }

    #[test]
    fn spans_stay_in_their_range_and_fixed_ones_consume_a_draw() {
        let mut stream = stream(Purpose::Timer, 5);
        let range = SpanRange { lo: Span(10), hi: Span(13) };
        let mut seen = [false; 3];
        for _ in 0..100 {
            seen[usize::try_from(stream.span_in(range).0 - 10).unwrap()] = true;
        }
        assert_eq!(seen, [true; 3]);
        assert_eq!(stream.span_in(Span(7).into()), Span(7));
        assert_eq!(stream.drawn(), 101);
    }

    #[test]
    fn chances_come_true_as_often_as_they_say() {
        let mut stream = stream(Purpose::Fault, 0);
        let quarter = Chance::from_f64(0.25).unwrap();
        let hits = (0..40_000).filter(|_| stream.chance(quarter)).count();
        assert!(hits.abs_diff(10_000) < 350, "{hits}");
        assert!(stream.chance(Chance::ALWAYS) && !stream.chance(Chance::NEVER));
        assert_eq!(stream.drawn(), 40_002);
    }

    #[test]
    fn shuffles_reach_every_order_equally() {
        let mut stream = stream(Purpose::Pick, 2);
        let mut seen = std::collections::BTreeMap::<[u8; 4], u32>::new();
        for _ in 0..48_000 {
            let mut items = [0, 1, 2, 3];
            stream.shuffle(&mut items);
            *seen.entry(items).or_default() += 1;
        }
        assert_eq!(seen.len(), 24);
        assert!(seen.values().all(|n| n.abs_diff(2_000) < 180), "{seen:?}");
        stream.shuffle(&mut [0_u8; 0]);
        stream.shuffle(&mut [0]);
        assert_eq!(stream.drawn(), 3 * 48_000, "the empty and the single need no draw");
    }
}
