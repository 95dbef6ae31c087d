//! Faults that change the network for a while.

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{Change, Ends, Fault, Scope, Target, Weather};

use super::Setting;
use crate::amounts::Bandwidth;
use crate::diagnose;
use crate::language::{ClogEnds, FaultTable, ONE_PLACE_KEYS};
use crate::read::Desk;
use crate::resolve::network::kinds;
use crate::resolve::world;
use crate::tree::Path;
use crate::values::Names;

/// The kinds that may be about some messages only.
const WEATHER: [&str; 7] =
    ["loss", "latency", "duplicate", "corrupt", "burst", "bandwidth", "clog"];

/// The keys that say whom a change is about belong to changes.
pub(super) fn scope_fits(
    desk: &mut Desk<'_>,
    at: &Path,
    kind: &str,
    table: &FaultTable,
) -> Option<()> {
    let written = [
        ("from", table.from.is_some()),
        ("to", table.to.is_some()),
        ("between", table.between.is_some()),
        ("messages", table.messages.is_some()),
    ];
    for (key, _) in written.into_iter().filter(|(_, is_written)| *is_written) {
        let fits = match kind {
            "clog" => !ONE_PLACE_KEYS.contains(&key),
            "bandwidth" => key != "messages",
            kind => WEATHER.contains(&kind),
        };
        if !fits {
            desk.say(diagnose::scope_of_no_change(desk.key_site(&at.key(key)), key, kind));
            return None;
        }
    }
    if let (Some(_), true) = (&table.between, table.from.is_some() || table.to.is_some()) {
        desk.say(diagnose::scope_twice(desk.key_site(&at.key("between"))));
        return None;
    }
    Some(())
}

/// A change of the network for the messages that the table is about.
pub(super) fn weather(
    desk: &mut Desk<'_>,
    setting: Setting<'_>,
    at: &Path,
    kind: &str,
    table: &FaultTable,
) -> Option<Fault> {
    let path = at.key(kind);
    let scope = match &table.clog {
        Some(clog) if kind == "clog" => {
            clogged(desk, setting, &path, clog).map(|ends| Scope { ends, messages: Vec::new() })
        }
        _ => ends(desk, setting, at, table).map(|ends| Scope { ends, messages: Vec::new() }),
    };
    let messages = match &table.messages {
        Some(names) => kinds(desk, setting.entry, names, &at.key("messages"))?,
        None => Vec::new(),
    };
    let change = match kind {
        "loss" => Change::Loss(table.loss?),
        "latency" => Change::Latency(latency(desk, &path, table)?),
        "duplicate" => Change::Duplicate(table.duplicate?),
        "corrupt" => Change::Corrupt(table.corrupt?),
        "burst" => Change::Burst(table.burst?.into()),
        "bandwidth" => Change::Bandwidth(bandwidth(desk, &path, table.bandwidth?)?),
        "clog" => Change::Clog,
        other => unreachable!("{other} is no change of the network"),
    };
    let scope = Scope { messages, ..scope? };
    // The two oldest kinds have a form of their own where they are about everything.
    Some(match (change, scope == Scope::default()) {
        (Change::Loss(chance), true) => Fault::Loss(chance),
        (Change::Latency(law), true) => Fault::Latency(law),
        (change, _) => Fault::Weather(Weather { change, scope }),
    })
}

fn latency(desk: &mut Desk<'_>, path: &Path, table: &FaultTable) -> Option<Law> {
    world::law(desk, path, table.latency.clone())
}

fn bandwidth(desk: &mut Desk<'_>, path: &Path, Bandwidth(rate): Bandwidth) -> Option<u64> {
    if rate == 0 {
        desk.say(diagnose::no_bandwidth(desk.site(path)));
        return None;
    }
    Some(rate)
}

fn ends(desk: &mut Desk<'_>, setting: Setting<'_>, at: &Path, table: &FaultTable) -> Option<Ends> {
    let mut targets = |names: &Option<Names>, key: &str| match names {
        Some(names) => setting.cast.targets(desk, names, &at.key(key)),
        None => Some(Vec::new()),
    };
    if table.from.is_some() || table.to.is_some() {
        let (from, to) = (targets(&table.from, "from"), targets(&table.to, "to"));
        return Some(Ends::Directed { from: from?, to: to? });
    }
    let Some(pair) = &table.between else { return Some(Ends::All) };
    let path = at.key("between");
    let [a, b] = pair.as_slice() else {
        desk.say(diagnose::between_needs_two(desk.site(&path), pair.len()));
        return None;
    };
    let mut end = |name: &String, index: usize| {
        let name = Names { names: vec![name.clone()], is_list: false };
        setting.cast.targets(desk, &name, &path.item(index))
    };
    let (a, b) = (end(a, 0), end(b, 1));
    Some(Ends::Between(a?, b?))
}

fn clogged(
    desk: &mut Desk<'_>,
    setting: Setting<'_>,
    path: &Path,
    clog: &ClogEnds,
) -> Option<Ends> {
    match clog {
        ClogEnds::At(names) => setting.cast.targets(desk, names, path).map(Ends::At),
        ClogEnds::OneWay(ends) => {
            let from = setting.cast.targets(desk, &ends.from, &path.key("from"));
            let to = setting.cast.targets(desk, &ends.to, &path.key("to"));
            Some(Ends::Directed { from: from?, to: to? })
        }
    }
}

pub(super) fn swizzle(
    desk: &mut Desk<'_>,
    setting: Setting<'_>,
    path: &Path,
    names: &Names,
) -> Option<Fault> {
    let targets: Vec<Target> = setting.cast.targets(desk, names, path)?;
    Some(Fault::Swizzle(targets))
}
