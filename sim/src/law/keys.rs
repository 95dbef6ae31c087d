//! Laws over keys: which of a numbered set of objects is asked for.

use std::fmt;
use std::sync::Arc;

use crate::random::scale;

/// Which key an operation works on: a whole number in `0..count`.
///
/// In a scenario it is the number of keys, or a table of one key:
///
/// ```toml
/// keys = 100                                                  # or { uniform = { count = 100 } }
/// keys = { zipf = { count = 100, exponent = 0.99 } }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum KeyLaw {
    /// Each key as likely.
    Uniform {
        /// How many keys there are, 1 to 10 million.
        count: u64,
    },
    /// Popular keys and rare ones: key `k` is drawn in proportion to `1 / (k + 1)^exponent`, so that
    /// key 0 is the most popular.
    Zipf {
        /// How many keys there are, 1 to 10 million. A table of 8 bytes per key is built.
        count: u64,
        /// How uneven they are, 0 to 10: at 0 all keys are alike, at 1 the second is half as popular
        /// as the first. YCSB's default is 0.99.
        exponent: f64,
    },
}

const MOST_KEYS: u64 = 10_000_000;

impl KeyLaw {
    /// How many keys there are.
    pub fn count(&self) -> u64 {
        let (KeyLaw::Uniform { count } | KeyLaw::Zipf { count, .. }) = self;
        *count
    }

    /// Says what is wrong with the law, if anything, and what to write instead.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=MOST_KEYS).contains(&self.count()) {
            return Err(format!(
                "the number of keys must be from 1 to 10 million, not {}",
                self.count()
            ));
        }
        match self {
            KeyLaw::Zipf { exponent, .. } if !(0.0..=10.0).contains(exponent) => Err(format!(
                "the exponent of a zipf law must be from 0 (all keys alike) to 10, not {exponent}: \
                 0.99 is a usual choice"
            )),
            _ => Ok(()),
        }
    }

    /// Makes the integers that draws are taken from: worth doing once per plan, not once per run.
    /// Panics on a law that [`KeyLaw::check`] refuses.
    pub fn compile(&self) -> KeySampler {
        if let Err(why) = self.check() {
            panic!("an unchecked law of keys: {why}");
        }
        KeySampler(match *self {
            KeyLaw::Uniform { count } => Shape::Uniform(count),
            KeyLaw::Zipf { count, exponent } => Shape::Table(Arc::new(zipf(count, exponent))),
        })
    }
}

impl fmt::Display for KeyLaw {
    /// For people: `100 keys`, `100 keys, zipf 0.99`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyLaw::Uniform { count } => write!(f, "{count} keys"),
            KeyLaw::Zipf { count, exponent } => write!(f, "{count} keys, zipf {exponent}"),
        }
    }
}

/// A [`KeyLaw`] ready to draw from. Cloning shares the table behind it.
#[derive(Clone, Debug)]
pub struct KeySampler(Shape);

#[derive(Clone, Debug)]
enum Shape {
    Uniform(u64),
    Table(Arc<Cumulative>),
}

impl KeySampler {
    /// The key at `bits / 2^64` of the law: a draw, when `bits` are 64 uniform bits. Never falls as
    /// `bits` grow.
    #[inline]
    pub fn draw(&self, bits: u64) -> u64 {
        match &self.0 {
            Shape::Uniform(count) => scale(bits, *count),
            Shape::Table(table) => table.draw(bits),
        }
    }
}

/// Cumulative probabilities in units of 2^-64.
struct Cumulative {
    /// The `k`-th: the probability of a key up to and including `k`. The last key has none, its
    /// would be one. Never falling.
    bounds: Box<[u64]>,
    /// Where to look: all bounds with smaller leading bits than `h` are before `guide[h]`.
    guide: Box<[u32]>,
    guide_bits: u32,
}

impl Cumulative {
    fn new(bounds: Vec<u64>) -> Cumulative {
        let guide_bits = (bounds.len() + 1).ilog2().saturating_add(3).clamp(10, 16);
        let starts = (0..=1_u64 << guide_bits).scan(0, |at, slot| {
            let slot_of = |bound: u64| bound >> (64 - guide_bits);
            while bounds.get(*at).is_some_and(|bound| slot_of(*bound) < slot) {
                *at += 1;
            }
            Some(u32::try_from(*at).expect("at most 10 million keys"))
        });
        Cumulative { guide: starts.collect(), bounds: bounds.into(), guide_bits }
    }

    /// How many bounds are not above `bits`.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // at most 16 bits
    fn draw(&self, bits: u64) -> u64 {
        let slot = (bits >> (64 - self.guide_bits)) as usize;
        let (from, to) = (self.guide[slot] as usize, self.guide[slot + 1] as usize);
        (from + self.bounds[from..to].partition_point(|bound| *bound <= bits)) as u64
    }
}

impl fmt::Debug for Cumulative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cumulative({} keys)", self.bounds.len() + 1)
    }
}

/// The one place where floats occur: `libm` alone, summed in the order of the keys, so that the
/// integers are the same everywhere.
#[allow(clippy::float_arithmetic)]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // from 0 to 1, and it saturates
fn zipf(count: u64, exponent: f64) -> Cumulative {
    let sums: Vec<f64> = (1..=count)
        .scan(0.0, |sum, rank| {
            *sum += libm::pow(rank as f64, -exponent);
            Some(*sum)
        })
        .collect();
    let (total, others) = sums.split_last().expect("at least one key");
    let unit = 2.0 * (1_u64 << 63) as f64;
    Cumulative::new(others.iter().map(|sum| (sum / total * unit) as u64).collect())
}
