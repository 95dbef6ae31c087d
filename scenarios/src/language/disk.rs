//! `[disk]`.

use rehearsal_sim::law::Law;
use schemars::JsonSchema;
use serde::Deserialize;

/// How disks behave.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiskTable {
    /// How long a sync takes: the time until everything handed over so far is durable.
    #[schemars(extend("default" = "200us"))]
    pub(crate) sync_latency: Option<Law>,
}
