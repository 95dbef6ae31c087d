//! Laws put together: of measured quantiles, of measured samples, of other laws.

use std::sync::Arc;

use super::cumulative::{Pieces, between};
use super::sampler::{Sampler, Shape};
use super::{Part, Quantile};
use crate::random::scale;

/// A table of quantiles, linear in between.
#[derive(Debug)]
pub(super) struct Quantiles {
    pieces: Pieces,
    /// Where each piece begins and ends, in nanoseconds.
    spans: Box<[(u64, u64)]>,
}

impl Quantiles {
    pub(super) fn new(rows: &[Quantile]) -> Quantiles {
        let (first, last) = (rows[0], rows[rows.len() - 1]);
        let flat = (!first.up_to.is_never()).then_some((first.span.0, first.span.0));
        let lines = rows.windows(2).map(|two| (two[0].span.0, two[1].span.0));
        let bounds = rows.iter().filter(|row| !row.up_to.is_never() && row.up_to != last.up_to);
        Quantiles {
            pieces: Pieces::new(bounds.map(|row| row.up_to.below()).collect()),
            spans: flat.into_iter().chain(lines).collect(),
        }
    }

    #[inline]
    fn draw(&self, bits: u64) -> u64 {
        let (piece, along) = self.pieces.locate(bits);
        let (low, high) = self.spans[piece];
        between(low, high, along)
    }

    fn mean_units(&self) -> Option<u128> {
        self.pieces.mean(|piece| {
            let (low, high) = self.spans[piece];
            Some((u128::from(low) + u128::from(high)) << 15)
        })
    }
}

/// Measured spans, in order, each as likely.
#[derive(Debug)]
pub(super) struct Samples(Box<[u64]>);

impl Samples {
    pub(super) fn new(mut spans: Vec<u64>) -> Samples {
        spans.sort();
        Samples(spans.into())
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation)] // below the number of samples
    fn draw(&self, bits: u64) -> u64 {
        self.0[scale(bits, self.0.len() as u64) as usize]
    }

    fn mean_units(&self) -> u128 {
        let sum: u128 = self.0.iter().map(|span| u128::from(*span)).sum();
        (sum << 16) / self.0.len() as u128
    }
}

/// One of several laws, each with its share.
#[derive(Debug)]
pub(super) struct Mixture {
    pieces: Pieces,
    parts: Box<[Sampler]>,
}

impl Mixture {
    pub(super) fn new(parts: &[Part]) -> Mixture {
        // The last part takes the rest: the shares add up to one but for rounding.
        let bounds = parts[..parts.len() - 1].iter().scan(0_u64, |sum, part| {
            *sum = sum.saturating_add(part.share.below());
            Some(*sum)
        });
        Mixture {
            pieces: Pieces::new(bounds.collect()),
            parts: parts.iter().map(|part| part.law.compile()).collect(),
        }
    }

    #[inline]
    fn draw(&self, bits: u64) -> u64 {
        let (part, along) = self.pieces.locate(bits);
        self.parts[part].draw(along)
    }

    fn mean_units(&self) -> Option<u128> {
        self.pieces.mean(|part| self.parts[part].mean_units())
    }
}

/// What is neither drawn straight nor from one table.
#[derive(Debug)]
pub(super) enum Compound {
    Pareto(super::tail::Pareto),
    Quantiles(Quantiles),
    Samples(Samples),
    Mixture(Mixture),
}

impl Compound {
    pub(super) fn shape(self) -> Shape {
        Shape::Compound(Arc::new(self))
    }

    /// As [`Sampler::draw`].
    #[inline(never)]
    pub(super) fn draw(&self, bits: u64) -> u64 {
        match self {
            Compound::Pareto(pareto) => pareto.draw(bits),
            Compound::Quantiles(quantiles) => quantiles.draw(bits),
            Compound::Samples(samples) => samples.draw(bits),
            Compound::Mixture(mixture) => mixture.draw(bits),
        }
    }

    pub(super) fn mean_units(&self) -> Option<u128> {
        match self {
            Compound::Pareto(pareto) => pareto.mean_units(),
            Compound::Quantiles(quantiles) => quantiles.mean_units(),
            Compound::Samples(samples) => Some(samples.mean_units()),
            Compound::Mixture(mixture) => mixture.mean_units(),
        }
    }
}
