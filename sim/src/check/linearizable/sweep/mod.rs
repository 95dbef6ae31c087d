//! The heavy engine: any number of open operations, any number pending for ever, and a look ahead.
//!
//! It keeps the same configurations as the [frontier](super::frontier), in sets that grow as
//! needed. In return for its larger constant it knows what the rest of the history still asks for:
//! what nobody waits for any more need not be kept, and a way that can not explain a reply yet to
//! come is dropped (needs unique written values; see `outlook` and `prune`). That is what copes with
//! outages that leave hundreds of operations open on one key.

mod bits;
mod config;
mod judge;
mod outlook;
mod plan;
mod prune;
mod search;
mod states;

pub(super) use self::judge::Judge;
pub(super) use self::plan::NEVER;
pub(super) use self::plan::Op;
pub(super) use self::plan::{Event, Plan};
pub(super) use self::search::Answer as SweepAnswer;
pub(super) use self::states::States;
