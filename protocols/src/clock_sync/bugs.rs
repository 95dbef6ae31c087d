//! Wrong decisions that can be planted.

use rehearsal_sim::bug::{BugInfo, PlantedBug};

/// One wrong decision each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A client adds the whole round trip to the server's time.
    WholeRoundTrip,
}

impl PlantedBug for Bug {
    const ALL: &'static [Bug] = &[Bug::WholeRoundTrip];
    fn info(self) -> BugInfo {
        match self {
            Bug::WholeRoundTrip => BugInfo {
                slug: "whole-round-trip",
                id: None,
                sentence: "a client of Cristian's method adds the whole round trip, not half of it",
                source: "Cristian 1989: the answer is as old as its own way, not as both",
                property: "error_within_half_the_round_trip",
                hunt: Some("clock-sync/half-the-round-trip"),
            },
        }
    }
}
