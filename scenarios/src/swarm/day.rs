//! One drawn day, written as a scenario.

use rehearsal_sim::law::Law;
use rehearsal_sim::time::Span;
use serde_json::{Map, Value, json};

use super::dice::{Dice, law, text};
use super::families::{Draft, Setting, points};
use super::{SUBJECT_LATENCY, SUBJECT_LIMITS, SUBJECT_POINTS, SUBJECT_SIZE, Swarm};
use crate::toml_text;

/// The scenario of a seed, and the families that were drawn.
pub(super) fn write(swarm: &Swarm, seed: u64, profile: &str) -> (String, Vec<&'static str>) {
    let mut day = swarm.base.as_object().expect("a scenario is a table").clone();
    day.insert("seed".to_owned(), json!(seed));
    day.insert("heal".to_owned(), text(swarm.heal));
    let servers = size(swarm, seed, &mut day);
    let round_trip = latency(seed, profile, &mut day);
    if swarm.limits {
        limits(swarm, seed, round_trip, servers, &mut day);
    }
    let setting = Setting { entry: swarm.entry, servers, heal: swarm.heal, round_trip };
    let mut faults = match day.remove("fault") {
        Some(Value::Array(faults)) => faults,
        _ => Vec::new(),
    };
    let mut drawn = Vec::new();
    for family in &swarm.families {
        if !swarm.is_on(profile, family, seed) {
            continue;
        }
        let mut draft = Draft::default();
        (family.draw)(&mut Dice::of(seed, family.number), &setting, &mut draft);
        if !draft.is_empty() {
            drawn.push(family.name);
        }
        faults.extend(draft.faults);
        for (name, key, value) in draft.world {
            table(&mut day, name).insert(key.to_owned(), value);
        }
    }
    if profile == "points" {
        faults.extend(points(&mut Dice::of(seed, SUBJECT_POINTS), &setting));
    }
    // Whoever is down when the world heals is started by the operator.
    let plural = setting.first_role();
    if faults.iter().any(leaves_nodes_down) {
        faults.push(json!({ "at": text(swarm.heal), "restart": plural }));
    }
    day.insert("fault".to_owned(), Value::Array(faults));
    let story = match drawn.is_empty() {
        true => "no family".to_owned(),
        false => drawn.join(", "),
    };
    let head = format!(
        "# A day that {} drew for seed {seed}: profile {profile}, {story}.\n",
        swarm.scenario
    );
    (head + &toml_text::document(&day), drawn)
}

/// How many nodes of the first role there are.
fn size(swarm: &Swarm, seed: u64, day: &mut Map<String, Value>) -> u32 {
    let servers = Dice::of(seed, SUBJECT_SIZE).of_these(&swarm.sizes);
    let plural = (swarm.entry.roles)()[0].plural;
    table(day, "cluster").insert(plural.to_owned(), json!(servers));
    servers
}

/// Draws how fast the network is, and gives back the median of a round trip.
fn latency(seed: u64, profile: &str, day: &mut Map<String, Value>) -> Span {
    let mut dice = Dice::of(seed, SUBJECT_LATENCY);
    let median = match profile {
        "calm" => dice.span(Span::micros(200), Span::millis(2)),
        _ => dice.span(Span::micros(200), Span::millis(30)),
    };
    let drawn = match dice.of_these(&[0, 1, 1, 2]) {
        0 => Law::Constant(median),
        // A slow network has no long tail as well: timeouts are drawn from the median, and in order
        // every late message keeps those behind it waiting.
        1 => {
            let p99 = (median.0 * dice.log(2, 20)).min((median.0 * 2).max(100_000_000));
            Law::Lognormal { median, p99: Span(p99) }
        }
        _ => Law::Uniform { from: Span(median.0 / 2), to: Span(median.0 + median.0 / 2) },
    };
    table(day, "network").insert("latency".to_owned(), law(&drawn));
    Span(median.0 * 2)
}

/// Draws the protocol's own limits; what the scenario says of them is overruled.
fn limits(swarm: &Swarm, seed: u64, round_trip: Span, servers: u32, day: &mut Map<String, Value>) {
    let mut dice = Dice::of(seed, SUBJECT_LIMITS);
    let drawn = (swarm.entry.vary)(&swarm.config, dice.stream(), round_trip, servers);
    if drawn.as_object().is_some_and(|table| !table.is_empty()) {
        day.insert(swarm.entry.name.to_owned(), drawn);
    }
}

fn table<'a>(day: &'a mut Map<String, Value>, name: &str) -> &'a mut Map<String, Value> {
    let table = day.entry(name).or_insert_with(|| json!({}));
    table.as_object_mut().expect("read as a table before")
}

/// Whether a fault may leave processes down that nobody starts again.
fn leaves_nodes_down(fault: &Value) -> bool {
    const KINDS: [&str; 4] = ["crash", "power_off", "write_error", "disk_full"];
    KINDS.iter().any(|kind| fault.get(kind).is_some()) && fault.get("restart_after").is_none()
}
