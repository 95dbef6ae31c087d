//! When a fault strikes: `at`, `every`, `on`.

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{Fault, Occurrence, Trigger, When};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::time::{SimTime, Span};

use super::Setting;
use crate::diagnose;
use crate::language::{FaultTable, OnTable};
use crate::read::Desk;
use crate::resolve::world;
use crate::tree::Path;
use crate::values::Names;

pub(super) fn when(
    desk: &mut Desk<'_>,
    setting: Option<Setting<'_>>,
    at: &Path,
    table: &FaultTable,
) -> Option<When> {
    if table.on.is_none() && table.after.is_some() {
        desk.say(diagnose::after_without_on(desk.key_site(&at.key("after"))));
        return None;
    }
    let is_once = table.on.is_none() && table.every.is_none();
    for (key, written) in [("times", table.times.is_some()), ("until", table.until.is_some())] {
        if is_once && written {
            desk.say(diagnose::repeats_without_every(desk.key_site(&at.key(key)), key));
            return None;
        }
    }
    if table.times == Some(0) {
        desk.say(diagnose::never_strikes(desk.site(&at.key("times"))));
        return None;
    }
    if let (Some(until), Some(from)) = (table.until, table.at)
        && until <= from
    {
        desk.say(diagnose::until_before_at(desk.site(&at.key("until")), from));
        return None;
    }
    let instant = |span: Span| SimTime(span.0);
    match (table.at, &table.every, &table.on) {
        (_, Some(_), Some(_)) => {
            let (every, on) = (at.key("every"), at.key("on"));
            desk.say(diagnose::every_and_on(desk.key_site(&on), desk.key_site(&every)));
            None
        }
        (Some(span), None, None) => Some(When::At(instant(span))),
        (None, None, None) => {
            desk.say(diagnose::fault_without_time(desk.site(at)));
            None
        }
        (first, Some(every), None) => {
            let path = at.key("every");
            let gap = world::law(desk, &path, Some(every.clone()))?;
            if gap == Law::Constant(Span::ZERO) {
                desk.say(diagnose::gap_of_no_length(desk.site(&path)));
                return None;
            }
            let until = table.until.map(instant);
            Some(When::Every { first: first.map(instant), gap, times: table.times, until })
        }
        (from, None, Some(on)) => {
            let occurrence = occurrence(desk, setting?, &at.key("on"), on)?;
            let after = world::law(desk, &at.key("after"), table.after.clone());
            Some(When::On(Trigger {
                occurrence,
                nth: on.nth.unwrap_or(1),
                times: table.times.unwrap_or(1),
                from: from.map_or(SimTime::ZERO, instant),
                until: table.until.map(instant),
                after: after.unwrap_or(Law::Constant(Span::ZERO)),
            }))
        }
    }
}

/// The one thing that a fault waits for.
fn occurrence(
    desk: &mut Desk<'_>,
    setting: Setting<'_>,
    path: &Path,
    on: &OnTable,
) -> Option<Occurrence> {
    if on.nth == Some(0) {
        desk.say(diagnose::counted_from_one(desk.site(&path.key("nth"))));
        return None;
    }
    let written = [
        ("event", on.event.is_some()),
        ("message", on.message.is_some()),
        ("delivered", on.delivered.is_some()),
        ("rank", on.rank.is_some()),
        ("sync", on.sync.is_some()),
    ];
    let written: Vec<&str> = written.iter().filter(|(_, is)| *is).map(|(key, _)| *key).collect();
    let [what] = written[..] else {
        desk.say(match written.get(1) {
            None => diagnose::on_nothing(desk.site(path)),
            Some(second) => diagnose::on_two_things(desk.key_site(&path.key(second))),
        });
        return None;
    };
    let is_message = matches!(what, "message" | "delivered");
    let strangers = [
        ("node", on.node.is_some() && is_message),
        ("from", on.from.is_some() && !is_message),
        ("to", on.to.is_some() && !is_message),
    ];
    if let Some((key, _)) = strangers.iter().find(|(_, is)| *is) {
        desk.say(diagnose::place_of_on(desk.key_site(&path.key(key)), key, what));
        return None;
    }
    let entry = setting.entry;
    let mut nodes = |names: &Option<Names>, key: &str| -> Option<Vec<NodeId>> {
        names
            .as_ref()
            .map_or(Some(Vec::new()), |names| setting.cast.nodes_of(desk, names, &path.key(key)))
    };
    let (on_nodes, from, to) =
        (nodes(&on.node, "node")?, nodes(&on.from, "from")?, nodes(&on.to, "to")?);
    let mut index = |name: &Option<String>, known: &[&str], kind: &str| {
        let name = name.as_deref().unwrap_or_default();
        let found = known.iter().position(|known| *known == name);
        if found.is_none() {
            let site = desk.site(&path.key(what));
            desk.say(diagnose::unknown_occurrence(site, name, kind, known));
        }
        found
    };
    Some(match what {
        "event" => {
            Occurrence::Noted { kind: index(&on.event, entry.events, "event")?, on: on_nodes }
        }
        "message" => {
            Occurrence::Sent { kind: index(&on.message, entry.messages, "message")?, from, to }
        }
        "delivered" => {
            let kind = index(&on.delivered, entry.messages, "message")?;
            Occurrence::Delivered { kind, from, to }
        }
        "rank" => {
            let rank = entry.ranks[index(&on.rank, entry.ranks, "rank")?].to_owned();
            Occurrence::Rank { rank, on: on_nodes }
        }
        _ => {
            if on.sync == Some(false) {
                desk.say(diagnose::sync_is_true(desk.site(&path.key("sync"))));
                return None;
            }
            Occurrence::SyncBegins { on: on_nodes }
        }
    })
}

/// A fault that can never strike is told of, and one that would strike in a world that has healed is
/// a mistake.
pub(super) fn in_time(
    desk: &mut Desk<'_>,
    setting: Setting<'_>,
    at: &Path,
    when: &When,
    fault: &Fault,
) -> Option<()> {
    let first = match when {
        When::At(at) => *at,
        When::Every { first, .. } => first.unwrap_or(SimTime::ZERO),
        When::On(trigger) => trigger.from,
    };
    let site = desk.site(&at.key("at"));
    if let Some(duration) = setting.duration
        && Span(first.0) >= duration
    {
        desk.say(diagnose::fault_after_end(site, duration));
        return Some(());
    }
    if let Some(heal) = setting.heal
        && Span(first.0) >= heal
        && !fault.repairs()
    {
        desk.say(diagnose::fault_after_heal(site, heal));
        return None;
    }
    Some(())
}
