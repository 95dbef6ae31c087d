//! `rehearsal list`: what there is.

use std::fmt::{self, Write as _};

use clap::ValueEnum;
use rehearsal_scenarios::Request;
use rehearsal_scenarios::library::{self, Bundled};
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::check;
use rehearsal_sim::script::COMMANDS;

use super::print::{BOLD, DIM, PLAIN};
use super::{Exit, Failure, say};
use crate::formats;
use crate::formats::judge::MODELS;

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
    /// The rare situations that a sweep tells of, protocol by protocol
    Probes,
    /// The commands of script files
    Commands,
    /// What `check` can take the operations of a history for
    Models,
    /// The formats of histories that `check` reads
    Formats,
    /// The checkers of histories, with their sources
    Checkers,
}

pub(crate) fn main(catalog: &[Entry], args: &Args) -> Result<Exit, Failure> {
    let mut text = String::new();
    let written = match args.what {
        What::Scenarios => scenarios(&mut text, catalog),
        What::Protocols => catalog.iter().try_for_each(|entry| protocol(&mut text, entry)),
        What::Properties => properties(&mut text, catalog),
        What::Bugs => bugs(&mut text, catalog),
        What::Probes => probes(&mut text, catalog),
        What::Commands => commands(&mut text),
        What::Models => list_models(&mut text),
        What::Checkers => checkers(&mut text),
        What::Formats => list_formats(&mut text),
    };
    written.expect("a string takes text");
    say::out(&text)?;
    Ok(Exit::Held)
}

/// The scenarios of the library that this catalog can run.
fn scenarios(out: &mut String, catalog: &[Entry]) -> fmt::Result {
    let loads = |name| rehearsal_scenarios::load_all(&Request::of(name), catalog);
    let runs = |bundled: &&Bundled| loads(bundled.name).is_ok();
    let all: Vec<&Bundled> = library::ALL.iter().filter(runs).collect();
    if all.is_empty() {
        say::err("none is built in for these protocols; `new PROTOCOL` writes a first one\n");
    }
    let width = all.iter().map(|bundled| bundled.name.len()).max().unwrap_or(0);
    for bundled in all {
        writeln!(out, "{BOLD}{:<width$}{PLAIN}  {}", bundled.name, bundled.title())?;
    }
    Ok(())
}

fn protocol(out: &mut String, entry: &Entry) -> fmt::Result {
    writeln!(out, "{BOLD}{}{PLAIN}  {}", entry.name, entry.summary)?;
    let roles: Vec<String> = (entry.roles)()
        .iter()
        .map(|role| format!("{} (default {})", role.plural, role.default_count))
        .collect();
    let lists = [
        ("roles", roles.join(", ")),
        ("operations", entry.operations.join(", ")),
        ("messages", entry.messages.join(", ")),
        ("timers", entry.timers.join(", ")),
        ("events", entry.events.join(", ")),
    ];
    for (what, names) in lists.iter().filter(|(_, names)| !names.is_empty()) {
        writeln!(out, "  {what:<10}  {names}")?;
    }
    Ok(())
}

fn properties(out: &mut String, catalog: &[Entry]) -> fmt::Result {
    let everywhere = [
        ("linearizable", "each operation takes effect at one instant between call and return"),
        ("progress", "operations do not wait in vain, not even for want of a quorum"),
        ("panicked", "no node panics (expect the contrary with `violates = \"panicked\"`)"),
        ("livelock", "time moves on: no instant has a million events"),
        ("message_storm", "never are more than a million messages in flight"),
        ("deterministic", "two runs of one seed are the same run"),
    ];
    writeln!(out, "{BOLD}every protocol{PLAIN}")?;
    for (name, sentence) in everywhere {
        writeln!(out, "  {name}\n      {sentence}")?;
    }
    for entry in catalog {
        writeln!(out, "{BOLD}{}{PLAIN}", entry.name)?;
        for property in (entry.invariants)() {
            writeln!(out, "  {}\n      {}", property.name, property.sentence)?;
            writeln!(out, "      {DIM}{}{PLAIN}", property.citation)?;
        }
    }
    Ok(())
}

fn bugs(out: &mut String, catalog: &[Entry]) -> fmt::Result {
    for entry in catalog {
        let bugs = (entry.bugs)();
        if bugs.is_empty() {
            continue;
        }
        writeln!(out, "{BOLD}{}{PLAIN}", entry.name)?;
        for bug in bugs {
            let id = bug.id.map(|id| format!(" ({id})")).unwrap_or_default();
            writeln!(out, "  {}{id}\n      {}", bug.slug, bug.sentence)?;
            writeln!(out, "      breaks {}; {DIM}{}{PLAIN}", bug.property, bug.source)?;
        }
    }
    Ok(())
}

fn probes(out: &mut String, catalog: &[Entry]) -> fmt::Result {
    for entry in catalog.iter().filter(|entry| !entry.probes.is_empty()) {
        writeln!(out, "{BOLD}{}{PLAIN}", entry.name)?;
        for probe in entry.probes {
            writeln!(out, "  {}\n      {}", probe.name, probe.sentence)?;
        }
    }
    Ok(())
}

fn commands(out: &mut String) -> fmt::Result {
    let cluster = (
        "cluster",
        "PROTOCOL KEY=VALUE ..",
        "names the cluster; the first command: `cluster raft servers=3 clients=1`",
    );
    for (name, takes, does) in [&cluster].into_iter().chain(COMMANDS) {
        let gap = if takes.is_empty() { "" } else { " " };
        writeln!(out, "{BOLD}{name}{PLAIN}{gap}{takes}\n      {does}")?;
    }
    Ok(())
}

fn list_models(out: &mut String) -> fmt::Result {
    for info in MODELS {
        writeln!(out, "{BOLD}{}{PLAIN}{}", info.name, also(info.aliases))?;
        writeln!(out, "      {}", info.sentence)?;
        writeln!(out, "      {DIM}{}{PLAIN}", info.vocabulary)?;
    }
    Ok(())
}

fn list_formats(out: &mut String) -> fmt::Result {
    for info in formats::ALL {
        writeln!(out, "{BOLD}{}{PLAIN}{}", info.name, also(info.aliases))?;
        writeln!(out, "      {}", info.sentence)?;
    }
    Ok(())
}

/// Other names for something.
fn also(aliases: &[&str]) -> String {
    if aliases.is_empty() { String::new() } else { format!(" (also {})", aliases.join(", ")) }
}

fn checkers(out: &mut String) -> fmt::Result {
    for checker in check::ALL {
        writeln!(out, "{BOLD}{}{PLAIN}\n      {}", checker.name, checker.sentence)?;
        writeln!(out, "      of {}; {DIM}{}{PLAIN}", checker.input, checker.citation)?;
    }
    Ok(())
}
