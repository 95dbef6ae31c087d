//! The families of faults that a swarm draws from.

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::law::Law;
use rehearsal_sim::time::Span;
use serde_json::{Value, json};

use super::dice::{Dice, law, text};

/// What a family is drawn for.
pub(super) struct Setting {
    pub(super) entry: Entry,
    /// How many nodes of the first role there are.
    pub(super) servers: u32,
    /// When the world heals.
    pub(super) heal: Span,
    /// The median of a round trip.
    pub(super) round_trip: Span,
}

impl Setting {
    pub(super) fn first_role(&self) -> &'static str {
        (self.entry.roles)()[0].plural
    }

    /// One or some of the nodes of the first role.
    fn somebody(&self, dice: &mut Dice) -> &'static str {
        let mut names = vec!["any", "any", "any", "minority"];
        if self.has_leader() {
            names.extend(["leader", "leader"]);
        }
        dice.of_these(&names)
    }

    fn has_leader(&self) -> bool {
        self.entry.ranks.contains(&"leader")
    }

    /// From the shortest of what matters to a good part of the time there is.
    fn gaps(&self, dice: &mut Dice) -> Value {
        dice.gaps(Span::millis(200), Span(self.heal.0 / 2))
    }

    /// How long something lasts.
    fn lasts(&self, dice: &mut Dice) -> Value {
        text(dice.span(Span::millis(5), Span(self.heal.0 / 3)))
    }
}

/// What is drawn for a day: faults, and tables of the world that are different.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) faults: Vec<Value>,
    /// By table and key.
    pub(super) world: Vec<(&'static str, &'static str, Value)>,
}

impl Draft {
    fn fault(&mut self, fault: Value) {
        self.faults.push(fault);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.faults.is_empty() && self.world.is_empty()
    }
}

/// Draws what a family does on one day.
type Draw = fn(&mut Dice, &Setting, &mut Draft);

/// A family of faults.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) name: &'static str,
    /// What its draws are keyed by; part of every drawn day.
    pub(super) number: u32,
    /// Whether a protocol with quorums has to survive it.
    pub(super) in_envelope: bool,
    pub(super) draw: Draw,
    /// What is drawn, for people.
    pub(super) sentence: &'static str,
}

/// The names of all families.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().map(|family| family.name)
}

/// All families for people: name, whether a protocol with quorums has to survive it, what is drawn.
pub(crate) fn families() -> impl Iterator<Item = (&'static str, bool, &'static str)> {
    FAMILIES.iter().map(|family| (family.name, family.in_envelope, family.sentence))
}

const fn family(name: &'static str, number: u32, draw: Draw, sentence: &'static str) -> Family {
    Family { name, number, in_envelope: true, draw, sentence }
}

/// All of them; a new one takes the next number.
pub(super) static FAMILIES: &[Family] = &[
    family("loss", 1, loss, "0.1 % to 30 % of copies are lost until the world heals"),
    family("latency", 2, latency, "now and then the network is up to 30 times slower"),
    family(
        "partition",
        3,
        partition,
        "a minority, one node or the leader is cut off from the others",
    ),
    family("one-way", 4, one_way, "one node, or a few, hear nobody, or nobody hears them"),
    family(
        "crash",
        5,
        crash,
        "one node, a minority or the leader crashes again and again, down from a millisecond",
    ),
    family("crash-of-many", 6, crash_of_many, "a majority, or all, crash together"),
    family("pause", 7, pause, "one node, a minority or the leader stands still"),
    family("burst", 8, burst, "losses in bursts on every link"),
    family("duplicate", 9, duplicate, "0.1 % to 50 % of messages are copied"),
    family("corrupt", 10, corrupt, "0.1 % to 10 % of copies arrive corrupt"),
    family("bandwidth", 11, bandwidth, "links carry 200 kbit/s to 20 Mbit/s for a while"),
    family("clog", 12, clog, "what one node, or a few, say or hear is held back"),
    family("swizzle", 13, swizzle, "a minority, or all, are clogged at times of their own"),
    family("bridge", 14, bridge, "one node alone hears two halves"),
    family("ring", 15, ring, "everybody hears another majority"),
    family("crash-loop", 16, crash_loop, "processes crash and restart over and over"),
    family("slow", 17, slow, "processors take 20 us to 10 ms a step"),
    family("clock-drift", 18, clock_drift, "clocks run up to 10 % fast or slow"),
    family("clock-jump", 19, clock_jump, "wall clocks jump, are off, or freeze"),
    family("disk-slow", 20, disk_slow, "syncs take a millisecond to 300 ms"),
    family("disk-stall", 21, disk_stall, "no sync ends for a while"),
    family(
        "write-error",
        22,
        write_error,
        "syncs fail or find no room; a supervisor restarts who ended because of it",
    ),
    family(
        "torn-write",
        23,
        torn_write,
        "crashes in the middle of syncs leave some writes, and half of one",
    ),
    family("damage", 24, damage, "bit rot, misdirected writes and read errors, within the budget"),
    family("fire", 25, fire, "timers ring early"),
    family("order", 26, order, "links keep their order"),
    family("refuse", 27, refuse, "hosts answer for processes that are down"),
    Family {
        in_envelope: false,
        ..family("wipe", 28, wipe, "disks are emptied under an old identity")
    },
];

fn loss(dice: &mut Dice, _: &Setting, draft: &mut Draft) {
    draft.fault(json!({ "at": "0s", "loss": dice.chance(1_000, 300_000) }));
}

fn burst(dice: &mut Dice, _: &Setting, draft: &mut Draft) {
    let burst = json!({
        "begins": dice.chance(500, 50_000),
        "ends": dice.chance(20_000, 500_000),
        "loss": dice.chance(300_000, 1_000_000),
    });
    draft.fault(json!({ "at": "0s", "burst": burst }));
}

fn duplicate(dice: &mut Dice, _: &Setting, draft: &mut Draft) {
    draft.fault(json!({ "at": "0s", "duplicate": dice.chance(1_000, 500_000) }));
}

fn corrupt(dice: &mut Dice, _: &Setting, draft: &mut Draft) {
    draft.fault(json!({ "at": "0s", "corrupt": dice.chance(1_000, 100_000) }));
}

fn latency(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    let slow = dice.span(setting.round_trip, Span(setting.round_trip.0.saturating_mul(30)));
    let drawn = law(&Law::Exponential { mean: slow });
    let (every, lasts) = (setting.gaps(dice), setting.lasts(dice));
    draft.fault(json!({ "every": every, "for": lasts, "latency": drawn }));
}

fn bandwidth(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    let rate = format!("{}kbit/s", dice.log(200, 20_000));
    let (every, lasts) = (setting.gaps(dice), setting.lasts(dice));
    draft.fault(json!({ "every": every, "for": lasts, "bandwidth": rate }));
}

fn clog(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    let (one, all) = (setting.somebody(dice), setting.first_role());
    let ends = match dice.of_these(&[0, 1, 2]) {
        0 => json!(one),
        1 => json!({ "from": one, "to": all }),
        _ => json!({ "from": all, "to": one }),
    };
    let (every, lasts) = (setting.gaps(dice), setting.lasts(dice));
    draft.fault(json!({ "every": every, "for": lasts, "clog": ends }));
}

fn swizzle(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    let who = match dice.percent(50) {
        true => "minority",
        false => setting.first_role(),
    };
    let (every, lasts) = (setting.gaps(dice), setting.lasts(dice));
    draft.fault(json!({ "every": every, "for": lasts, "swizzle": who }));
}

fn order(_: &mut Dice, _: &Setting, draft: &mut Draft) {
    draft.world.push(("network", "order", json!("fifo")));
}

fn refuse(_: &mut Dice, _: &Setting, draft: &mut Draft) {
    draft.world.push(("network", "refuse", json!(true)));
}

fn partition(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    if setting.servers < 2 {
        return;
    }
    let groups = match dice.of_these(&[0, 1, 2]) {
        0 => json!([["minority"], ["others"]]),
        1 => json!([["any"], ["others"]]),
        _ if setting.has_leader() => json!([["leader"], ["others"]]),
        _ => json!([["majority"], ["others"]]),
    };
    let (every, lasts) = (setting.gaps(dice), setting.lasts(dice));
    draft.fault(json!({ "every": every, "for": lasts, "partition": groups }));
}

fn one_way(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    if setting.servers < 2 {
        return;
    }
    let (one, all) = (setting.somebody(dice), setting.first_role());
    let ends = match dice.percent(50) {
        true => json!({ "from": one, "to": all }),
        false => json!({ "from": all, "to": one }),
    };
    let (every, lasts) = (setting.gaps(dice), setting.lasts(dice));
    draft.fault(json!({ "every": every, "for": lasts, "one_way": ends }));
}

fn bridge(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    if setting.servers > 2 {
        let who = setting.somebody(dice);
        let (every, lasts) = (setting.gaps(dice), setting.lasts(dice));
        draft.fault(json!({ "every": every, "for": lasts, "bridge": who }));
    }
}

fn ring(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    if setting.servers > 3 {
        let (every, lasts) = (setting.gaps(dice), setting.lasts(dice));
        draft.fault(json!({ "every": every, "for": lasts, "ring": true }));
    }
}

fn crash(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    let down = text(dice.span(Span::millis(1), Span(setting.heal.0 / 4)));
    let who = setting.somebody(dice);
    let every = setting.gaps(dice);
    draft.fault(json!({ "every": every, "restart_after": down, "crash": who }));
}

fn crash_of_many(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    let who = match dice.percent(50) {
        true => "majority",
        false => setting.first_role(),
    };
    let every = dice.gaps(Span(setting.heal.0 / 8), setting.heal);
    let down = text(dice.span(Span::millis(1), Span::secs(1)));
    draft.fault(json!({ "every": every, "restart_after": down, "crash": who }));
}

fn crash_loop(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    let (up, down) =
        (dice.gaps(Span::millis(20), Span::secs(2)), dice.gaps(Span::millis(1), Span::millis(500)));
    let loops = json!({ "nodes": setting.somebody(dice), "up": up, "down": down });
    let (every, lasts) = (setting.gaps(dice), setting.lasts(dice));
    draft.fault(json!({ "every": every, "for": lasts, "crash_loop": loops }));
}

fn pause(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    let who = setting.somebody(dice);
    let (every, lasts) = (setting.gaps(dice), setting.lasts(dice));
    draft.fault(json!({ "every": every, "for": lasts, "pause": who }));
}

fn slow(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    let step = dice.gaps(Span::micros(20), Span::millis(10));
    let slow = json!({ "nodes": setting.somebody(dice), "step": step });
    let (every, lasts) = (setting.gaps(dice), setting.lasts(dice));
    draft.fault(json!({ "every": every, "for": lasts, "slow": slow }));
}

/// Some parts in a million, fast or slow.
fn clock_drift(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    let sign = if dice.percent(50) { "-" } else { "" };
    let by = format!("{sign}{}ppm", dice.log(10, 100_000));
    let drift = json!({ "nodes": setting.somebody(dice), "by": by });
    let (every, lasts) = (setting.gaps(dice), setting.lasts(dice));
    draft.fault(json!({ "every": every, "for": lasts, "clock_drift": drift }));
}

fn clock_jump(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    let who = setting.somebody(dice);
    let sign = if dice.percent(50) { "-" } else { "" };
    let by = format!("{sign}{}ms", dice.log(1, 300_000));
    let every = setting.gaps(dice);
    draft.fault(match dice.of_these(&[0, 1, 2]) {
        0 => json!({ "every": every, "clock_jump": { "nodes": who, "by": by } }),
        1 => json!({
            "every": every, "for": setting.lasts(dice), "clock_offset": { "nodes": who, "by": by }
        }),
        _ => json!({ "every": every, "for": setting.lasts(dice), "clock_freeze": who }),
    });
}

fn disk_slow(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    let latency = dice.gaps(Span::millis(1), Span::millis(300));
    let slow = json!({ "nodes": setting.somebody(dice), "sync_latency": latency });
    let (every, lasts) = (setting.gaps(dice), setting.lasts(dice));
    draft.fault(json!({ "every": every, "for": lasts, "disk_slow": slow }));
}

fn disk_stall(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    let who = setting.somebody(dice);
    let (every, lasts) = (setting.gaps(dice), setting.lasts(dice));
    draft.fault(json!({ "every": every, "for": lasts, "disk_stall": who }));
}

/// Writes that fail, and a supervisor that starts processes which end themselves because of it.
fn write_error(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    let kind = if dice.percent(70) { "write_error" } else { "disk_full" };
    let lasts = text(dice.span(Span::millis(5), Span::millis(500)));
    let mut fault = json!({ "every": setting.gaps(dice), "for": lasts });
    fault[kind] = json!(setting.somebody(dice));
    draft.fault(fault);
    let again = text(dice.span(Span::millis(5), Span::millis(500)));
    draft.world.push(("supervisor", "restart_after", again));
}

/// Crashes leave some of what was under way, or half of it. Crashes are drawn with it: without them
/// it does nothing.
fn torn_write(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    draft.world.push(("disk", "survives", dice.chance(50_000, 950_000)));
    draft.world.push(("disk", "torn", dice.chance(50_000, 1_000_000)));
    let role = setting.first_role();
    let after = dice.gaps(Span::micros(10), Span::millis(1));
    let on = json!({ "sync": true, "node": role, "nth": dice.log(1, 100) });
    let down = text(dice.span(Span::millis(1), Span::millis(500)));
    let times = dice.log(1, 10);
    draft.fault(json!({
        "on": on, "after": after, "times": times, "crash": "it", "restart_after": down
    }));
}

/// Records on disks become unreadable. Nobody notices before the next start.
fn damage(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    let every = dice.gaps(Span(setting.heal.0 / 4), setting.heal);
    draft.fault(match dice.weighted(&[5, 3, 2]) {
        0 => json!({ "every": every, "bit_rot": { "nodes": "any", "records": dice.log(1, 20) } }),
        1 => json!({ "every": every, "misdirected_write": "any" }),
        _ => json!({ "every": every, "times": 1, "for": setting.lasts(dice), "read_error": "any" }),
    });
}

/// Timers ring early.
fn fire(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    if !setting.entry.timers.is_empty() {
        let fire = json!({ "nodes": "any", "timer": dice.of_these(setting.entry.timers) });
        draft.fault(json!({ "every": setting.gaps(dice), "fire": fire }));
    }
}

/// A node comes back as new under its old name: no protocol that keeps promises on its disk survives
/// that.
fn wipe(dice: &mut Dice, setting: &Setting, draft: &mut Draft) {
    let down = text(dice.span(Span::millis(1), Span::secs(1)));
    draft.fault(json!({ "every": setting.gaps(dice), "restart_after": down, "wipe": "any" }));
}

/// Faults at points of the protocol: one to three of them.
pub(super) fn points(dice: &mut Dice, setting: &Setting) -> Vec<Value> {
    let count = dice.of_these(&[1, 1, 2, 3]);
    (0..count).filter_map(|_| point(dice, setting)).collect()
}

fn point(dice: &mut Dice, setting: &Setting) -> Option<Value> {
    let mut on = occasion(dice, setting)?;
    on["nth"] = json!(dice.log(1, 200));
    let mut fault = json!({ "on": on, "times": dice.log(1, 30) });
    if dice.percent(30) {
        fault["after"] = text(dice.span(Span::micros(10), Span::millis(20)));
    }
    match dice.weighted(&[6, 3, 1, 2]) {
        0 => {
            fault["crash"] = json!("it");
            fault["restart_after"] = text(dice.span(Span::millis(1), Span::millis(1_500)));
        }
        1 if setting.servers > 1 => {
            fault["isolate"] = json!("it");
            fault["for"] = setting.lasts(dice);
        }
        3 if !setting.entry.timers.is_empty() => {
            let timer = dice.of_these(setting.entry.timers);
            fault["fire"] = json!({ "nodes": "any", "timer": timer });
        }
        _ => {
            fault["pause"] = json!("it");
            fault["for"] = setting.lasts(dice);
        }
    }
    Some(fault)
}

/// Something that happens to a node of the first role.
fn occasion(dice: &mut Dice, setting: &Setting) -> Option<Value> {
    let (entry, role) = (&setting.entry, setting.first_role());
    let name = |names: &'static [&'static str], dice: &mut Dice| {
        (!names.is_empty()).then(|| dice.of_these(names))
    };
    Some(match dice.weighted(&[5, 2, 2, 2]) {
        0 => json!({ "event": name(entry.events, dice)?, "node": role }),
        1 => json!({ "rank": name(entry.ranks, dice)?, "node": role }),
        2 => json!({ "sync": true, "node": role }),
        _ if dice.percent(50) => json!({ "message": name(entry.messages, dice)?, "from": role }),
        _ => json!({ "delivered": name(entry.messages, dice)?, "to": role }),
    })
}
