//! The planted bugs of [`Ping`](super::Ping).

use rehearsal_sim::bug::{BugInfo, PlantedBug};

/// One wrong decision each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A server echoes the token of the ping before.
    StaleAnswer,
}

impl PlantedBug for Bug {
    const ALL: &'static [Bug] = &[Bug::StaleAnswer];
    fn info(self) -> BugInfo {
        match self {
            Bug::StaleAnswer => BugInfo {
                slug: "stale-answer",
                id: None,
                sentence: "a server echoes the token of the ping before",
                source: "a reply buffer that is reused without being filled again",
                property: "answers_match",
                hunt: Some("ping/lossy"),
            },
        }
    }
}
