//! The page about faults: what each does, with what numbers, and what it does not do. Written from the
//! schema of `[[fault]]` and from the scenarios that show them.

use rehearsal_sim::catalog::Entry;
use serde_json::Value;

use crate::language::FAULT_KINDS;
use crate::library;
use crate::reference::{self, meaning, rows, table, text};
use crate::schema::schema;
use crate::swarm;

const INTRODUCTION: &str = "\
# Faults

This page is generated from the code. A `[[fault]]` says when it strikes, for how long, and one kind of
thing that goes wrong:

```toml
[[fault]]
at = \"5s\"                                     # once,
crash = \"leader\"
restart_after = \"3s\"

[[fault]]
every = { exponential = { mean = \"2s\" } }     # again and again,
for = \"300ms\"
partition = [[\"minority\"], [\"others\"]]

[[fault]]
on = { event = \"VoteGranted\", nth = 3 }       # or when something happens
after = \"100us\"
crash = \"it\"
restart_after = \"50ms\"
```

Every kind has a scenario in `scenarios/faults/` that fails when the fault is taken out. The same harm
can be had from the start of a run and without end: see the keys of `[network]`, `[topology]`,
`[processor]`, `[clock]`, `[disk]` and `[node]` in the [reference](scenario-reference.md).

Each time a fault strikes it draws from a stream of its own, named by the fault's text and by how often
it struck: taking one fault out of a scenario moves no draw of another, and no fate or delay of a
message that it does not touch.

From `heal` on no fault strikes, and those under way end: networks, disks, clocks and pauses are as they
should be. Processes that are down stay down, unless they were to restart anyway; `restart` may still
strike. The simulator repairs nothing. What a run has left is its second phase: operations that wait in
vain then are the violation `progress`, unless the quorum that the protocol needs is missing, which is
told as *legally stuck* and names it. A million messages in flight is `message_storm`.
";

/// The kinds, by what they harm.
const FAMILIES: [(&str, &[&str]); 4] = [
    (
        "The network",
        &[
            "partition",
            "one_way",
            "isolate",
            "bridge",
            "ring",
            "cut",
            "loss",
            "burst",
            "latency",
            "duplicate",
            "corrupt",
            "bandwidth",
            "clog",
            "swizzle",
        ],
    ),
    ("Nodes", &["crash", "power_off", "restart", "crash_loop", "pause", "slow", "fire"]),
    ("Clocks", &["clock_offset", "clock_drift", "clock_jump", "clock_freeze"]),
    (
        "Disks",
        &[
            "disk_stall",
            "disk_slow",
            "disk_full",
            "write_error",
            "read_error",
            "bit_rot",
            "misdirected_write",
            "wipe",
        ],
    ),
];

/// The page, in Markdown.
///
/// # Panics
/// When a kind of fault stands in no family, or does not say what it leaves out.
pub fn faults(catalog: &[Entry]) -> String {
    let root = schema(catalog);
    let fault = &root["properties"]["fault"]["items"];
    let mut page = INTRODUCTION.to_owned();
    let told: usize = FAMILIES.iter().map(|(_, kinds)| kinds.len()).sum();
    assert_eq!(told, FAULT_KINDS.len(), "a kind of fault stands in no family of this page");
    let is_about = |keys: &'static [&str]| move |key: &str| keys.contains(&key);
    page.push_str("\n## When, and whom\n\n");
    page.push_str(&text(&fault["description"]));
    page.push_str("\n\n");
    let when = is_about(&["at", "every", "on", "after", "times", "until", "for", "restart_after"]);
    table(&mut page, &root, rows(&root, fault, &Value::Null, "", &when));
    page.push_str("\nWith changes of the network, whose messages they are about:\n\n");
    let whose = is_about(&["from", "to", "between", "messages"]);
    table(&mut page, &root, rows(&root, fault, &Value::Null, "", &whose));
    for (family, kinds) in FAMILIES {
        page.push_str(&format!("\n## {family}\n"));
        kinds.iter().for_each(|kind| one(&mut page, &root, fault, kind));
    }
    swarms(&mut page, &root);
    page
}

/// One kind of fault.
fn one(page: &mut String, root: &Value, fault: &Value, kind: &str) {
    let schema = &fault["properties"][kind];
    let told = meaning(root, schema);
    let (does, does_not) = told
        .split_once("Not simulated: ")
        .unwrap_or_else(|| panic!("`{kind}` does not say what is not simulated"));
    page.push_str(&format!("\n### `{kind}`\n\n{}\n\n", does.trim()));
    page.push_str(&format!("Not simulated: {does_not}\n\n"));
    let rows = rows(root, fault, &Value::Null, "", &|key| key == kind);
    let parameters: Vec<_> = rows.into_iter().filter(|row| row.key != kind).collect();
    if parameters.is_empty() {
        let range = reference::range(root, schema);
        let range = if range.is_empty() { String::new() } else { format!(", {range}") };
        let kind_of = reference::kind(root, schema);
        page.push_str(&format!("Takes: {kind_of}{range}.\n"));
    } else {
        table(page, root, parameters);
    }
    let shown: Vec<String> = shown_by(kind).map(|name| format!("`{name}`")).collect();
    page.push_str(&format!("\nShown by: {}.\n", shown.join(", ")));
}

/// The scenarios about faults in which a kind strikes.
pub(crate) fn shown_by(kind: &str) -> impl Iterator<Item = &'static str> {
    let key = format!("{kind} = ");
    // The same key may stand in a table of the world, `[network] latency`.
    let strikes = move |text: &str| {
        let tables = text.split("\n[[fault]]").skip(1);
        tables
            .filter_map(|table| table.split("\n[").next())
            .any(|table| table.lines().any(|line| line.starts_with(&key)))
    };
    let of_faults = library::ALL.iter().filter(|bundled| bundled.name.starts_with("faults/"));
    of_faults.filter(move |bundled| strikes(bundled.text)).map(|bundled| bundled.name)
}

fn swarms(page: &mut String, root: &Value) {
    let schema = &root["properties"]["swarm"];
    page.push_str(&format!("\n## Drawn: `[swarm]`\n\n{}\n\n", text(&schema["description"])));
    table(page, root, rows(root, schema, &Value::Null, "", &|_| true));
    page.push_str("\n| Family | Inside the safe envelope | What is drawn |\n|---|---|---|\n");
    for (name, in_envelope, sentence) in swarm::families() {
        let envelope = if in_envelope { "yes" } else { "no: only when named" };
        page.push_str(&format!("| `{name}` | {envelope} | {sentence} |\n"));
    }
}
