//! Laws over keys: which of a numbered set of objects is asked for.

use std::fmt;
use std::sync::Arc;

use super::cumulative::Cumulative;
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
            Shape::Table(table) => table.find(bits) as u64,
        }
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
