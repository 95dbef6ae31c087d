//! The planted bugs of [`Transfer`](super::Transfer).

use rehearsal_sim::bug::{BugInfo, PlantedBug};

/// One wrong decision each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A receiver counts packets instead of ticking them off.
    CountsDuplicates,
}

impl PlantedBug for Bug {
    const ALL: &'static [Bug] = &[Bug::CountsDuplicates];
    fn info(self) -> BugInfo {
        match self {
            Bug::CountsDuplicates => BugInfo {
                slug: "counts-duplicates",
                id: None,
                sentence: "a receiver counts packets instead of ticking them off, and takes a \
                           duplicate for one that is missing",
                source: "duplicate message suppression, Saltzer, Reed & Clark 1984, \"End-to-end \
                         arguments in system design\"",
                property: "received_once_and_whole",
                hunt: Some("transfer/lossy"),
            },
        }
    }
}
