//! Counts per bucket as steps. Straight lines between buckets would draw slopes across the edges
//! of faults that never happened.

use super::axis::real;

/// Pieces of a line: gaps lie between them.
pub(crate) type Pieces = Vec<Vec<(f64, f64)>>;

/// More steps than this can not be told apart in a picture; neighbours are merged.
const MOST_STEPS: usize = 352;

/// How many buckets become one step, and how wide a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    merge: usize,
    bucket_ns: u64,
    end_ns: u64,
}

impl Steps {
    /// Steps for `buckets` buckets of `bucket_ns`, up to the end of the run.
    pub(crate) fn new(buckets: usize, bucket_ns: u64, end_ns: u64) -> Steps {
        Steps { merge: buckets.div_ceil(MOST_STEPS).max(1), bucket_ns: bucket_ns.max(1), end_ns }
    }

    /// The width of one step.
    pub(crate) fn width_ns(self) -> u64 {
        self.bucket_ns.saturating_mul(self.merge as u64)
    }

    /// How many buckets one step covers.
    pub(crate) fn merged(self) -> usize {
        self.merge
    }

    /// Events per second in each step. The last step may be cut short by the end of the run, and is
    /// counted over the time that it had.
    pub(crate) fn rates(self, counts: &[u64]) -> Vec<f64> {
        let sum = |chunk: &[u64]| chunk.iter().copied().fold(0, u64::saturating_add);
        let sums = counts.chunks(self.merge).map(sum);
        let spans = (0_u64..).map(|i| self.edges(i));
        sums.zip(spans)
            .map(|(sum, (from, to))| real(sum) * 1e9 / real(to.saturating_sub(from).max(1)))
            .collect()
    }

    /// One value per step out of the values of its buckets; `pick` is given them sorted.
    pub(crate) fn pick(
        self,
        values: &[Option<u64>],
        pick: impl Fn(&[u64]) -> u64,
    ) -> Vec<Option<f64>> {
        let one = |chunk: &[Option<u64>]| {
            let mut some: Vec<u64> = chunk.iter().flatten().copied().collect();
            some.sort();
            (!some.is_empty()).then(|| real(pick(&some).max(1)))
        };
        values.chunks(self.merge).map(one).collect()
    }

    /// The line through the steps, with gaps where there is no value.
    pub(crate) fn line(self, values: impl IntoIterator<Item = Option<f64>>) -> Pieces {
        let mut pieces = Pieces::new();
        let mut open = false;
        for (i, value) in (0_u64..).zip(values) {
            let (from, to) = self.edges(i);
            if from >= self.end_ns {
                break;
            }
            let Some(value) = value else {
                open = false;
                continue;
            };
            if !open {
                pieces.push(Vec::new());
            }
            open = true;
            let piece = pieces.last_mut().expect("a piece was opened");
            push_level(piece, real(from), real(to), value);
        }
        pieces
    }

    fn edges(self, step: u64) -> (u64, u64) {
        let from = step.saturating_mul(self.width_ns());
        (from, from.saturating_add(self.width_ns()).min(self.end_ns))
    }
}

/// Adds a level stretch; one that continues the last only makes it longer.
fn push_level(piece: &mut Vec<(f64, f64)>, from: f64, to: f64, value: f64) {
    match piece.last_mut() {
        Some(last) if last.1.to_bits() == value.to_bits() => last.0 = to,
        _ => piece.extend([(from, value), (to, value)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_split_the_line_and_equal_steps_join() {
        let steps = Steps::new(5, 10, 45);
        let line = steps.line([Some(1.0), Some(1.0), None, Some(2.0), Some(3.0), Some(9.0)]);
        let expected = vec![
            vec![(0.0, 1.0), (20.0, 1.0)],
            vec![(30.0, 2.0), (40.0, 2.0), (40.0, 3.0), (45.0, 3.0)],
        ];
        assert_eq!(line, expected);
    }

    #[test]
    fn many_buckets_are_merged_without_losing_counts() {
        let steps = Steps::new(1000, 1_000_000_000, 1_000_000_000_000);
        assert_eq!(steps.merged(), 3);
        let rates = steps.rates(&[3; 1000]);
        assert_eq!((rates.len(), rates[0], rates[333]), (334, 3.0, 3.0));
    }

    #[test]
    fn a_step_cut_short_is_not_a_drop() {
        let steps = Steps::new(2, 10, 15);
        assert_eq!(steps.rates(&[10, 5]), [1e9, 1e9]);
    }
}
