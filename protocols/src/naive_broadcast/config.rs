//! The table `[naive-broadcast]`.

use rehearsal_sim::protocol::{self, Remark};
use rehearsal_sim::random::Stream;
use rehearsal_sim::time::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::parts::patience;

/// The parameters of naive broadcast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long a client waits for an answer before it asks again, perhaps another server; each further
    /// time twice as long, up to eight times. Above zero. Default 250ms.
    pub timeout: Span,
}

impl Default for Config {
    fn default() -> Config {
        Config { timeout: Span::millis(250) }
    }
}

impl protocol::Config for Config {
    fn review(&self, round_trip: Span) -> Vec<Remark> {
        patience::review(self.timeout, round_trip)
    }
    fn vary(self, dice: &mut Stream, round_trip: Span) -> Config {
        Config { timeout: patience::vary(dice, round_trip) }
    }
}
