//! How many spans cover each slot.

use std::ops::Range;

/// A slot that nobody asks for again.
const GONE: i32 = i32::MAX / 2;

/// Counts for ranges of slots, from which spans are taken away one by one. A segment tree: each node
/// has the least count below it, without what is taken away from ranges that contain it whole.
pub(super) struct Cover {
    /// The first leaf; a power of two.
    base: usize,
    least: Vec<i32>,
    added: Vec<i32>,
}

impl Cover {
    /// The count of each slot; those at zero are gone at once.
    pub(super) fn new(counts: &[i32]) -> Cover {
        let base = counts.len().next_power_of_two();
        let mut least = vec![GONE; 2 * base];
        for (leaf, &count) in least[base..].iter_mut().zip(counts) {
            *leaf = if count == 0 { GONE } else { count };
        }
        for node in (1..base).rev() {
            least[node] = least[2 * node].min(least[2 * node + 1]);
        }
        Cover { base, least, added: vec![0; 2 * base] }
    }

    /// Takes away a span; adds to `bare` the slots that no span covers any more, ascending.
    pub(super) fn remove(&mut self, span: Range<u32>, bare: &mut Vec<u32>) {
        let span = span.start as usize..span.end as usize;
        self.descend(1, 0..self.base, 0, &span, bare);
    }

    /// Takes a span away below a node; `above` is what is taken away from ranges around it.
    fn descend(
        &mut self,
        node: usize,
        below: Range<usize>,
        above: i32,
        span: &Range<usize>,
        bare: &mut Vec<u32>,
    ) {
        if below.end <= span.start || span.end <= below.start {
            return;
        }
        if span.start <= below.start && below.end <= span.end {
            self.least[node] -= 1;
            self.added[node] -= 1;
            self.strip(node, below, above, bare);
            return;
        }
        let inner = above + self.added[node];
        let middle = below.start.midpoint(below.end);
        self.descend(2 * node, below.start..middle, inner, span, bare);
        self.descend(2 * node + 1, middle..below.end, inner, span, bare);
        self.join(node);
    }

    /// Finds the bare slots below a node.
    fn strip(&mut self, node: usize, below: Range<usize>, above: i32, bare: &mut Vec<u32>) {
        if self.least[node] + above != 0 {
            return;
        }
        if node >= self.base {
            bare.extend(u32::try_from(below.start));
            self.least[node] = GONE;
            return;
        }
        let inner = above + self.added[node];
        let middle = below.start.midpoint(below.end);
        self.strip(2 * node, below.start..middle, inner, bare);
        self.strip(2 * node + 1, middle..below.end, inner, bare);
        self.join(node);
    }

    fn join(&mut self, node: usize) {
        self.least[node] = self.least[2 * node].min(self.least[2 * node + 1]) + self.added[node];
    }
}
