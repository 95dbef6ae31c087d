//! `rehearsal list`: what there is.

use clap::ValueEnum;
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::script::COMMANDS;

use super::print::{BOLD, DIM, PLAIN};
use super::{Exit, Failure};

/// What `list` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// What to list
    #[arg(value_enum)]
    what: What,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// The bundled scenarios
    Scenarios,
    /// The protocols, with roles, operations, messages and timers
    Protocols,
    /// The properties that are judged, with their sources
    Properties,
    /// The bugs that can be planted
    Bugs,
    /// The commands of script files
    Commands,
}

#[allow(clippy::unnecessary_wraps, reason = "all subcommands have one signature")]
pub(crate) fn main(catalog: &[Entry], args: &Args) -> Result<Exit, Failure> {
    match args.what {
        What::Scenarios => scenarios(),
        What::Protocols => catalog.iter().for_each(protocol),
        What::Properties => properties(catalog),
        What::Bugs => bugs(catalog),
        What::Commands => commands(),
    }
    Ok(Exit::Held)
}

fn scenarios() {
    let all = rehearsal_scenarios::library::ALL;
    let width = all.iter().map(|bundled| bundled.name.len()).max().unwrap_or(0);
    for bundled in all {
        anstream::println!("{BOLD}{:<width$}{PLAIN}  {}", bundled.name, bundled.title());
    }
}

fn protocol(entry: &Entry) {
    anstream::println!("{BOLD}{}{PLAIN}  {}", entry.name, entry.summary);
    let roles: Vec<String> = (entry.roles)()
        .iter()
        .map(|role| format!("{} (default {})", role.plural, role.default_count))
        .collect();
    anstream::println!("  roles       {}", roles.join(", "));
    anstream::println!("  operations  {}", entry.operations.join(", "));
    anstream::println!("  messages    {}", entry.messages.join(", "));
    anstream::println!("  timers      {}", entry.timers.join(", "));
    anstream::println!("  events      {}", entry.events.join(", "));
}

fn properties(catalog: &[Entry]) {
    let everywhere = [
        ("linearizable", "each operation takes effect at one instant between call and return"),
        ("progress", "operations do not wait in vain, not even for want of a quorum"),
        ("panicked", "no node panics (expect the contrary with `violates = \"panicked\"`)"),
    ];
    anstream::println!("{BOLD}every protocol{PLAIN}");
    for (name, sentence) in everywhere {
        anstream::println!("  {name}\n      {sentence}");
    }
    for entry in catalog {
        anstream::println!("{BOLD}{}{PLAIN}", entry.name);
        for property in (entry.invariants)() {
            anstream::println!("  {}\n      {}", property.name, property.sentence);
            anstream::println!("      {DIM}{}{PLAIN}", property.citation);
        }
    }
}

fn bugs(catalog: &[Entry]) {
    for entry in catalog {
        let bugs = (entry.bugs)();
        if bugs.is_empty() {
            continue;
        }
        anstream::println!("{BOLD}{}{PLAIN}", entry.name);
        for bug in bugs {
            let id = bug.id.map(|id| format!(" ({id})")).unwrap_or_default();
            anstream::println!("  {}{id}: {}", bug.slug, bug.sentence);
            anstream::println!("      breaks {}; {DIM}{}{PLAIN}", bug.property, bug.source);
        }
    }
}

fn commands() {
    anstream::println!(
        "cluster PROTOCOL KEY=VALUE ..\n      the first command: `cluster raft servers=3 clients=1`"
    );
    for (name, takes, does) in COMMANDS {
        anstream::println!("{BOLD}{name}{PLAIN} {takes}\n      {does}");
    }
}
