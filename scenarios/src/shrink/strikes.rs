//! Faults that strike again and again, or on occasion, as the single strikes that they were.

use rehearsal_sim::record::{Record, Strike, Turn};
use serde_json::{Map, Value, json};

use super::bench::Bench;
use super::draft::{span, written};

type Table = Map<String, Value>;

/// The keys that say when.
const WHEN: [&str; 6] = ["at", "every", "on", "after", "times", "until"];
/// Kinds whose value is a table with `nodes`.
const WITH_NODES: [&str; 8] = [
    "slow",
    "crash_loop",
    "clock_jump",
    "clock_drift",
    "clock_offset",
    "fire",
    "disk_slow",
    "bit_rot",
];
/// Kinds whose value names whom they hit.
pub(super) const WITH_NAMES: [&str; 14] = [
    "crash",
    "power_off",
    "restart",
    "pause",
    "isolate",
    "swizzle",
    "bridge",
    "clock_freeze",
    "disk_stall",
    "disk_full",
    "write_error",
    "read_error",
    "misdirected_write",
    "wipe",
];

/// Nodes by name.
pub(super) struct Names<'r> {
    record: &'r Record,
    /// Each role in the singular and the plural.
    roles: Vec<(&'static str, &'static str)>,
}

impl<'r> Names<'r> {
    pub(super) fn of(bench: &'r Bench<'_>) -> Names<'r> {
        let roles = (bench.entry.roles)();
        let roles = roles.iter().map(|role| (role.singular, role.plural)).collect();
        Names { record: &bench.best.record, roles }
    }

    fn list(&self, group: &[u32]) -> Vec<&str> {
        group.iter().map(|node| self.record.nodes[*node as usize].name.as_str()).collect()
    }

    /// Some nodes as the value of a key: all of a role by its name, one by its own, else a list.
    fn value(&self, group: &[u32]) -> Value {
        for (singular, plural) in &self.roles {
            let nodes = (0_u32..).zip(self.record.nodes.iter());
            let role: Vec<u32> =
                nodes.filter(|(_, node)| node.role == *singular).map(|(id, _)| id).collect();
            if role.len() > 1 && role == group {
                return json!(plural);
            }
        }
        match self.list(group)[..] {
            [one] => json!(one),
            ref many => json!(many),
        }
    }
}

/// A fault as one of its strikes, or the several faults that a strike was in its course.
pub(super) fn single(fault: &Table, strike: &Strike, names: &Names<'_>) -> Vec<Table> {
    if !strike.turns.is_empty() {
        return turns(fault, &strike.turns, names);
    }
    let mut single: Table =
        fault.iter().filter(|(key, _)| !WHEN.contains(&key.as_str())).map(own).collect();
    // What happens at once on an occasion comes behind all else of that instant, and what strikes at
    // a time comes before.
    let behind = u64::from(fault.contains_key("on") && !fault.contains_key("after"));
    let at = strike.from_ns + behind;
    single.insert("at".to_owned(), written(at));
    for key in ["for", "restart_after"] {
        let Some(lasts) = single.get(key).and_then(span) else { continue };
        match strike.to_ns {
            None => single.remove(key),
            Some(to) if to - strike.from_ns == lasts.0 => None,
            Some(to) => single.insert(key.to_owned(), written(to.saturating_sub(at).max(1))),
        };
    }
    // What the world's healing ended.
    let lasts = ["for", "restart_after"].iter().any(|key| single.contains_key(*key));
    if let (false, Some(to)) = (lasts, strike.to_ns) {
        single.insert("for".to_owned(), written(to.saturating_sub(at).max(1)));
    }
    name(&mut single, strike, names);
    vec![single]
}

fn own((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

/// Puts the names of those who were hit in the place of whom the fault looked up.
fn name(single: &mut Table, strike: &Strike, names: &Names<'_>) {
    let groups = &strike.groups;
    let Some(first) = groups.first() else { return };
    for key in WITH_NAMES {
        if let Some(value) = single.get_mut(key) {
            *value = names.value(first);
        }
    }
    for key in WITH_NODES {
        if let Some(Value::Object(table)) = single.get_mut(key) {
            table.insert("nodes".to_owned(), names.value(first));
        }
    }
    if let Some(value) = single.get_mut("partition") {
        *value = groups.iter().map(|group| json!(names.list(group))).collect();
    }
    // The bridge is in neither half, and so reaches both.
    if let (Some(_), [half, _, other]) = (single.get("bridge"), &groups[..]) {
        single.remove("bridge");
        single.insert("partition".to_owned(), json!([names.list(half), names.list(other)]));
    }
    let ends: Vec<Value> = groups.iter().map(|group| names.value(group)).collect();
    for key in ["one_way", "clog"] {
        match (single.get_mut(key), &ends[..]) {
            (Some(Value::Object(table)), [from, to]) => {
                table.insert("from".to_owned(), from.clone());
                table.insert("to".to_owned(), to.clone());
            }
            (Some(value), [at]) => *value = at.clone(),
            _ => {}
        }
    }
    for (key, group) in [("from", 0), ("to", 1)] {
        if let (Some(value), Some(end)) = (single.get_mut(key), groups.get(group)) {
            *value = names.value(end);
        }
    }
}

/// The single crashes of a crash loop, the single clogs of a swizzle.
fn turns(fault: &Table, turns: &[Turn], names: &Names<'_>) -> Vec<Table> {
    let is_loop = fault.contains_key("crash_loop");
    let (kind, lasts) = if is_loop { ("crash", "restart_after") } else { ("clog", "for") };
    let mut all = Vec::new();
    for (place, turn) in turns.iter().enumerate().filter(|(_, turn)| turn.begins) {
        let mut table = Table::new();
        table.insert("at".to_owned(), written(turn.at_ns));
        table.insert(kind.to_owned(), names.value(&[turn.node]));
        let end = turns[place..].iter().find(|later| later.node == turn.node && !later.begins);
        if let Some(end) = end {
            table.insert(lasts.to_owned(), written((end.at_ns - turn.at_ns).max(1)));
        }
        all.push(table);
    }
    all
}
