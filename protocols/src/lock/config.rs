//! The table `[lock]`.

use rehearsal_sim::protocol::{self, Remark};
use rehearsal_sim::random::Stream;
use rehearsal_sim::time::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::parts::patience;

/// The table `[lock]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long a client waits for an answer, or for a lock that somebody else has, before it asks
    /// again; each further time twice as long, up to eight times. Above zero; best above the round
    /// trip and the time of a disk write. Default 100ms.
    pub timeout: Span,
    /// How long a lock belongs to its holder, by the clock of the server that granted it. Best above
    /// several timeouts: whoever is slower has worked in vain. Default 1s.
    pub lease: Span,
}

impl Default for Config {
    fn default() -> Config {
        Config { timeout: Span::millis(100), lease: Span::secs(1) }
    }
}

impl protocol::Config for Config {
    fn review(&self, round_trip: Span) -> Vec<Remark> {
        let mut remarks = patience::review(self.timeout, round_trip);
        if self.lease <= round_trip * 3 {
            remarks.push(Remark {
                is_error: false,
                key: "lease",
                message: format!(
                    "it takes three round trips of {round_trip} to count under a lock, and it is \
                     lost after {}",
                    self.lease
                ),
                help: "take a longer lease".to_owned(),
            });
        }
        remarks
    }

    fn vary(self, dice: &mut Stream, round_trip: Span) -> Config {
        let timeout = patience::vary(dice, round_trip);
        let lease = patience::orders(dice, (round_trip.0 * 4).max(timeout.0), timeout.0 * 4);
        Config { timeout, lease: Span(lease.div_ceil(1_000_000) * 1_000_000) }
    }
}
