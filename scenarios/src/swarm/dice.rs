//! Draws of a swarm, in the units that scenarios are written in.

use rehearsal_sim::law::Law;
use rehearsal_sim::random::{Purpose, Seed, Stream};
use rehearsal_sim::time::Span;
use serde_json::{Value, json};

/// The draws of one subject of one seed: a family, a limit. Subjects do not move each other's draws.
pub(super) struct Dice(Stream);

impl Dice {
    pub(super) fn of(seed: u64, subject: u32) -> Dice {
        Dice(Stream::new(Seed(seed), Purpose::Swarm, subject))
    }

    pub(super) fn stream(&mut self) -> &mut Stream {
        &mut self.0
    }

    /// Whether something with this chance in percent is so.
    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.0.below(100) < chance
    }

    pub(super) fn of_these<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.0.index(items.len())]
    }

    /// Which of these weights.
    pub(super) fn weighted(&mut self, weights: &[u32]) -> usize {
        let total = weights.iter().map(|weight| u64::from(*weight)).sum();
        let mut point = self.0.below(total);
        let hit = |weight: &u32| {
            let is_hit = point < u64::from(*weight);
            point = point.saturating_sub(u64::from(*weight));
            is_hit
        };
        weights.iter().position(hit).expect("the point is below the sum of the weights")
    }

    /// Between two numbers, each order of magnitude as likely as another, rounded to two digits: few
    /// of a thousand are near the top, as few are near the bottom.
    pub(super) fn log(&mut self, from: u64, to: u64) -> u64 {
        let span = libm::log(to as f64 / from as f64);
        let point = self.0.next_u64() as f64 / 18_446_744_073_709_551_616.0;
        let number = from as f64 * libm::exp(span * point);
        #[allow(clippy::cast_possible_truncation, reason = "between two whole numbers")]
        let number = libm::round(number) as u64;
        rounded(number.clamp(from, to))
    }

    /// A span between two, of two digits.
    pub(super) fn span(&mut self, from: Span, to: Span) -> Span {
        Span(self.log(from.0, to.0))
    }

    /// A chance between two, given in millionths.
    pub(super) fn chance(&mut self, from: u64, to: u64) -> Value {
        json!(self.log(from, to) as f64 / 1e6)
    }

    /// Spans around this one, as the time from one strike to the next.
    pub(super) fn gaps(&mut self, from: Span, to: Span) -> Value {
        law(&Law::Exponential { mean: self.span(from, to) })
    }
}

fn rounded(number: u64) -> u64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    number / unit * unit
}

pub(super) fn law(law: &Law) -> Value {
    serde_json::to_value(law).expect("a law is plain data")
}

pub(super) fn text(span: Span) -> Value {
    serde_json::to_value(span).expect("a span is a text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_of_magnitude_are_alike() {
        let mut dice = Dice::of(7, 1);
        let mut of_ten = [0; 4];
        for _ in 0..4_000 {
            let drawn = dice.log(1, 10_000);
            assert!((1..=10_000).contains(&drawn));
            of_ten[(drawn.ilog10() as usize).min(3)] += 1;
        }
        assert!(of_ten.iter().all(|count| (850..1_150).contains(count)), "{of_ten:?}");
        assert_eq!(rounded(123_456), 120_000);
        assert_eq!(rounded(7), 7);
    }

    #[test]
    fn weights_are_shares() {
        let mut dice = Dice::of(7, 2);
        let mut counts = [0; 3];
        (0..3_000).for_each(|_| counts[dice.weighted(&[60, 0, 40])] += 1);
        assert_eq!(counts[1], 0);
        assert!((1_700..1_900).contains(&counts[0]), "{counts:?}");
    }
}
