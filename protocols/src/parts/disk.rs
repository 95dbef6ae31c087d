//! What a server makes of its disk when it starts, where every server is needed.
//!
//! A half-written record at the end was never durable: nobody was told of it, and it is cut off. A
//! record that was durable and is unreadable may have been promised; a server that can not ask others
//! what it said stands aside for good.

use rehearsal_sim::effects::Effects;
use rehearsal_sim::protocol::{Protocol, Reach, Standing, Survivor};

/// The rank of a server with a damaged disk.
pub const DAMAGED: &str = "damaged";

/// What a server with a damaged disk shows.
pub const STANDING_ASIDE: Standing = Standing { rank: DAMAGED, epoch: 0 };

/// The records of a disk, oldest first; `None` where one that was durable is unreadable.
pub fn restore<'a, P: Protocol>(
    disk: &'a [Survivor<P::Record>],
    fx: &mut Effects<'_, P>,
) -> Option<Vec<&'a P::Record>> {
    if damage(disk) > 0 {
        return None;
    }
    let intact = |survivor: &'a Survivor<P::Record>| match survivor {
        Survivor::Intact(record) => Some(record),
        _ => None,
    };
    let records: Vec<&P::Record> = disk.iter().filter_map(intact).collect();
    if records.len() < disk.len() {
        fx.truncate(records.len());
    }
    Some(records)
}

/// How many records of a disk were durable once and are unreadable: all that are unreadable, but for
/// a half-written one at the very end.
pub fn damage<R>(disk: &[Survivor<R>]) -> u64 {
    let durable = match disk {
        [durable @ .., Survivor::Torn] => durable,
        all => all,
    };
    durable.iter().filter(|record| !matches!(record, Survivor::Intact(_))).count() as u64
}

/// Says which server is missing, where all of them are needed.
pub fn missing_server<P: Protocol>(reach: &Reach<'_, P>, role: P::Role) -> Option<String> {
    let all = (0u32..).zip(reach.roles).filter(|(_, other)| **other == role);
    let ids: Vec<_> = all.map(|(id, _)| rehearsal_sim::protocol::NodeId(id)).collect();
    let count = ids.len();
    let why = |id| match (reach.standing)(id).rank {
        _ if !(reach.up)(id) => Some("is down"),
        DAMAGED => Some("has a damaged disk"),
        _ => None,
    };
    let found = ids.iter().zip(1..).find_map(|(id, place)| Some((place, why(*id)?)));
    found.map(|(place, why)| format!("all {count} servers are needed, and number {place} {why}"))
}
