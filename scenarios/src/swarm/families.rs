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

/// A family of faults.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) name: &'static str,
    /// What its draws are keyed by; part of every drawn day.
    pub(super) number: u32,
    /// Whether a protocol with quorums has to survive it.
    pub(super) in_envelope: bool,
    /// The faults of one day.
    pub(super) draw: fn(&mut Dice, &Setting) -> Vec<Value>,
}

/// The names of all families.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().map(|family| family.name)
}

const fn family(
    name: &'static str,
    number: u32,
    draw: fn(&mut Dice, &Setting) -> Vec<Value>,
) -> Family {
    Family { name, number, in_envelope: true, draw }
}

/// All of them; a new one takes the next number.
pub(super) static FAMILIES: &[Family] = &[
    family("loss", 1, loss),
    family("latency", 2, latency),
    family("partition", 3, partition),
    family("one-way", 4, one_way),
    family("crash", 5, crash),
    family("crash-of-many", 6, crash_of_many),
    family("pause", 7, pause),
];

fn loss(dice: &mut Dice, _: &Setting) -> Vec<Value> {
    vec![json!({ "at": "0s", "loss": dice.chance(1_000, 300_000) })]
}

fn latency(dice: &mut Dice, setting: &Setting) -> Vec<Value> {
    let slow = dice.span(setting.round_trip, Span(setting.round_trip.0.saturating_mul(30)));
    let drawn = law(&Law::Exponential { mean: slow });
    let (every, lasts) = (setting.gaps(dice), setting.lasts(dice));
    vec![json!({ "every": every, "for": lasts, "latency": drawn })]
}

fn partition(dice: &mut Dice, setting: &Setting) -> Vec<Value> {
    if setting.servers < 2 {
        return Vec::new();
    }
    let groups = match dice.of_these(&[0, 1, 2]) {
        0 => json!([["minority"], ["others"]]),
        1 => json!([["any"], ["others"]]),
        _ if setting.has_leader() => json!([["leader"], ["others"]]),
        _ => json!([["majority"], ["others"]]),
    };
    vec![json!({ "every": setting.gaps(dice), "for": setting.lasts(dice), "partition": groups })]
}

fn one_way(dice: &mut Dice, setting: &Setting) -> Vec<Value> {
    if setting.servers < 2 {
        return Vec::new();
    }
    let (one, all) = (setting.somebody(dice), setting.first_role());
    let ends = match dice.percent(50) {
        true => json!({ "from": one, "to": all }),
        false => json!({ "from": all, "to": one }),
    };
    vec![json!({ "every": setting.gaps(dice), "for": setting.lasts(dice), "one_way": ends })]
}

fn crash(dice: &mut Dice, setting: &Setting) -> Vec<Value> {
    let down = text(dice.span(Span::millis(1), Span(setting.heal.0 / 4)));
    let who = setting.somebody(dice);
    vec![json!({ "every": setting.gaps(dice), "restart_after": down, "crash": who })]
}

fn crash_of_many(dice: &mut Dice, setting: &Setting) -> Vec<Value> {
    let who = match dice.percent(50) {
        true => "majority",
        false => setting.first_role(),
    };
    let every = dice.gaps(Span(setting.heal.0 / 8), setting.heal);
    let down = text(dice.span(Span::millis(1), Span::secs(1)));
    vec![json!({ "every": every, "restart_after": down, "crash": who })]
}

fn pause(dice: &mut Dice, setting: &Setting) -> Vec<Value> {
    let who = setting.somebody(dice);
    vec![json!({ "every": setting.gaps(dice), "for": setting.lasts(dice), "pause": who })]
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
    match dice.weighted(&[6, 3, 1]) {
        0 => {
            fault["crash"] = json!("it");
            fault["restart_after"] = text(dice.span(Span::millis(1), Span::millis(1_500)));
        }
        1 if setting.servers > 1 => {
            fault["isolate"] = json!("it");
            fault["for"] = setting.lasts(dice);
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
