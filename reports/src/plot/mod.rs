//! The pictures, one file each. A new one is a file here and a line in [`ALL`].

mod latency;
mod percentiles;
mod standings;
mod throughput;

use rehearsal_sim::record::Record;

/// Every picture, in the order of the page.
pub const ALL: &[Plot] = &[
    Plot { name: "throughput", title: "Throughput, operations per second", draw: throughput::draw },
    Plot { name: "latency", title: "Latency over time", draw: latency::draw },
    Plot { name: "standings", title: "Ranks and epochs", draw: standings::draw },
    Plot { name: "percentiles", title: "Latency by percentile", draw: percentiles::draw },
];

/// A picture of a record.
#[derive(Clone, Copy, Debug)]
pub struct Plot {
    /// Its name: file, anchor in the page, prefix of the identifiers within.
    pub name: &'static str,
    /// The heading above it.
    pub title: &'static str,
    /// Draws it.
    pub draw: fn(&Record) -> Drawing,
}

/// What became of a picture.
#[derive(Clone, Debug)]
pub enum Drawing {
    /// A picture and its caption.
    Figure {
        /// The `svg` element.
        svg: String,
        /// One sentence or two: what to look for, and what was left out.
        caption: String,
    },
    /// There is nothing to draw; the sentence says why.
    Nothing(&'static str),
}

/// Why plots over time are missing from a run that broke at once.
const ENDED_AT_ZERO: &str = "The run ended at time 0: there is nothing to draw over time.";

/// Why a plot of latencies is missing: a logarithmic axis has no zero.
const ALL_ZERO: &str = "All latencies are zero: there is no curve to draw.";
/// What a caption adds where some latencies are zero.
const SOME_ZERO: &str = " Latencies of zero stand at the foot: the axis has no zero.";
