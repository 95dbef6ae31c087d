//! The table `[primary-backup]`.

use rehearsal_sim::protocol::{self, Remark};
use rehearsal_sim::random::Stream;
use rehearsal_sim::time::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::parts::patience;

/// The parameters of primary and backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long a backup waits for a sign of the primary before it takes over; one that stands further
    /// back in the row waits as many times as long. And so long a primary waits for a backup before it
    /// goes on without it. A duration of several heartbeats. Default 200ms.
    pub failover: Span,
    /// How often a primary shows that it is there. Default 50ms.
    pub heartbeat: Span,
    /// How long a client waits for an answer before it asks the next server. Default 250ms.
    pub request_timeout: Span,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            failover: Span::millis(200),
            heartbeat: Span::millis(50),
            request_timeout: Span::millis(250),
        }
    }
}

impl protocol::Config for Config {
    fn review(&self, _: Span) -> Vec<Remark> {
        let keys = [
            ("failover", self.failover <= self.heartbeat, "is not above the heartbeat"),
            ("heartbeat", self.heartbeat == Span::ZERO, "is zero"),
            ("request_timeout", self.request_timeout == Span::ZERO, "is zero"),
        ];
        let wrong = keys.into_iter().filter(|(_, is_wrong, _)| *is_wrong);
        wrong
            .map(|(key, _, what)| Remark {
                is_error: true,
                key,
                message: format!("{key} {what}"),
                help: "leave the line out to get the default".to_owned(),
            })
            .collect()
    }

    fn vary(self, dice: &mut Stream, round_trip: Span) -> Config {
        let heartbeat = patience::vary(dice, round_trip);
        let failover = Span(heartbeat.0.saturating_mul(2 + dice.below(4)));
        Config { failover, heartbeat, request_timeout: patience::vary(dice, round_trip) }
    }
}
