//! `[swarm]`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::values::Names;

/// Draws another bad day for every seed: which families of faults strike, how often and how hard,
/// how many nodes there are, how fast the network is, and the protocol's own limits. What is drawn is
/// added to what the scenario says; its own faults, workload and expectations stay.
///
/// Drawn faults strike until `heal` (left out, after 60 % of `duration`); nodes that are down then
/// start again. A drawn day is an ordinary scenario: `run` writes it beside its results as
/// `drawn.toml`, and running that file gives the same digest.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SwarmTable {
    /// How often each profile is drawn; weights relative to each other.
    pub(crate) profiles: Option<Profiles>,
    /// The families that may strike. Left out, all that a protocol with quorums has to survive.
    pub(crate) families: Option<Names>,
    /// Families that never strike.
    pub(crate) without: Option<Names>,
    /// How many nodes of the protocol's first role there may be; each is as likely.
    #[schemars(extend("default" = [1, 2, 3, 4, 5, 6, 7]))]
    pub(crate) sizes: Option<Vec<u32>>,
    /// Whether the protocol's own limits (batches, timeouts) are drawn.
    #[schemars(extend("default" = true))]
    pub(crate) limits: Option<bool>,
    /// Probes of the protocol, and metrics of the world, that a sweep over 1000 seeds or more has to
    /// reach at least once, `["split_vote", "writes_torn"]`: days that never come near a rare
    /// situation prove nothing about it.
    pub(crate) reaches: Option<Names>,
}

/// Weights of the profiles. Left out, one is 0, unless all are.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profiles {
    /// Each family is on with a chance of one half.
    #[schemars(extend("default" = 60))]
    pub(crate) swarm: Option<u32>,
    /// Every family is on.
    #[schemars(extend("default" = 15))]
    pub(crate) everything: Option<u32>,
    /// As `swarm`, and faults strike at points of the protocol: after an event, at a message.
    #[schemars(extend("default" = 20))]
    pub(crate) points: Option<u32>,
    /// Nothing goes wrong.
    #[schemars(extend("default" = 5))]
    pub(crate) calm: Option<u32>,
}
