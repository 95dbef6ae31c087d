//! `[node.n3]`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{ClockTable, DiskTable, ProcessorTable};

/// What is different about one node, by its name: `[node.n3.clock]`. A key that is left out is as in
/// the table of all nodes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeTable {
    /// Its processor: the keys of `[processor]`.
    pub(crate) processor: Option<ProcessorTable>,
    /// Its clocks: the keys of `[clock]`.
    pub(crate) clock: Option<ClockTable>,
    /// Its disk: the keys of `[disk]`.
    pub(crate) disk: Option<DiskTable>,
}
