//! What happened in a run, in a dozen sentences: the faults, who led, the last steps that led to the
//! violation, and the violation itself.

use rehearsal_sim::record::{Health, Record, Row, RowKind, Violation};
use rehearsal_sim::time::Span;

/// Sentences at most.
const MOST: usize = 12;
/// Steps before the violation that are told.
const LAST_STEPS: usize = 3;
/// The longest text of an event or a message that is told.
const LONGEST: usize = 120;

/// Something that happened, as the end of a sentence that begins with when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Clause {
    at_ns: u64,
    /// Its place among what happened at that instant.
    place: u64,
    /// What goes first where there is too much to tell.
    worth: Worth,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    /// Who began to lead.
    Leader,
    /// A fault.
    Fault,
    /// What led to the violation.
    Cause,
}

/// The story of a traced run.
pub(super) fn tell(record: &Record, violation: &Violation) -> Vec<String> {
    let mut clauses = faults(record);
    clauses.extend(leaders(record));
    clauses.extend(causes(record, violation));
    clauses.retain(|clause| clause.at_ns <= violation.at_ns);
    clauses.sort_by_key(|clause| (clause.at_ns, clause.place));
    clauses.dedup_by(|one, other| one.text == other.text && one.at_ns == other.at_ns);
    let mut sentences = sentences(&clauses);
    let mut left_out = 0;
    while sentences.len() > MOST - 1 - usize::from(left_out > 0) {
        // The least worth telling, and of those the earliest.
        let least = clauses.iter().map(|clause| clause.worth).min().expect("there are sentences");
        let place = clauses.iter().position(|clause| clause.worth == least);
        clauses.remove(place.expect("it was just seen"));
        left_out += 1;
        sentences = self::sentences(&clauses);
    }
    if left_out > 0 {
        sentences.insert(0, format!("({left_out} more things happened that are not told here.)"));
    }
    sentences.push(ending(violation));
    sentences
}

/// One sentence for each instant.
fn sentences(clauses: &[Clause]) -> Vec<String> {
    let moments = clauses.chunk_by(|one, next| one.at_ns == next.at_ns);
    let sentence = |moment: &[Clause]| {
        let texts: Vec<&str> = moment.iter().map(|clause| clause.text.as_str()).collect();
        let text = texts.join("; ");
        let stop = if text.ends_with('…') { "" } else { "." };
        format!("At {} {text}{stop}", Span(moment[0].at_ns))
    };
    moments.map(sentence).collect()
}

/// The last sentence.
fn ending(violation: &Violation) -> String {
    let message = violation.message.trim_end_matches('.');
    let at = Span(violation.at_ns);
    let mut text = format!("At {at} {} is violated: {message}.", violation.property);
    if let Some(explanation) = &violation.explanation {
        for detail in explanation.details.iter().take(LAST_STEPS) {
            text += &format!(" {}.", shortened(detail.trim().trim_end_matches('.')));
        }
    }
    text
}

/// Faults, and nodes that start again.
fn faults(record: &Record) -> Vec<Clause> {
    let tells = |row: &Row<'_>| match row.kind {
        RowKind::Fault => row.text() != "a fault finds nobody to hit",
        RowKind::Boot => row.at_ns > 0,
        _ => false,
    };
    let rows = record.trace.rows().filter(tells);
    let clause = |row: Row<'_>| {
        let text = match (row.kind, row.node) {
            (RowKind::Boot, Some(node)) => format!("{} starts again", name(record, node)),
            (_, Some(node)) => format!("{} {}", who(record, node, row.at_ns), row.text()),
            (_, None) => row.text().into_owned(),
        };
        Clause { at_ns: row.at_ns, place: row.id, worth: Worth::Fault, text }
    };
    rows.map(clause).collect()
}

/// Who began to lead.
fn leaders(record: &Record) -> Vec<Clause> {
    let mut ranks = vec![""; record.nodes.len()];
    let mut clauses = Vec::new();
    for change in &record.standings {
        let rank = if change.health == Health::Down { "" } else { change.rank.as_str() };
        let before = std::mem::replace(&mut ranks[change.node as usize], rank);
        if rank == "leader" && before != "leader" {
            let text =
                format!("{} becomes leader of epoch {}", name(record, change.node), change.epoch);
            // Behind the faults of that instant.
            clauses.push(Clause {
                at_ns: change.at_ns,
                place: u64::MAX,
                worth: Worth::Leader,
                text,
            });
        }
    }
    clauses
}

/// The last steps that led to the violation: messages that arrived and events that were told.
fn causes(record: &Record, violation: &Violation) -> Vec<Clause> {
    let is_it = |row: &Row<'_>| {
        row.kind == RowKind::Violation
            && row.at_ns == violation.at_ns
            && row.text().starts_with(&violation.property)
    };
    let mut at = record.trace.rows().rev().find(is_it);
    let mut clauses = Vec::new();
    while let Some(row) = at.take().and_then(|row| record.trace.row(row.cause?)) {
        at = Some(row);
        let Some(text) = step(record, &row) else { continue };
        clauses.push(Clause { at_ns: row.at_ns, place: row.id, worth: Worth::Cause, text });
        if clauses.len() == LAST_STEPS {
            break;
        }
    }
    clauses
}

/// A step that is worth a clause.
fn step(record: &Record, row: &Row<'_>) -> Option<String> {
    let node = name(record, row.node?);
    match row.kind {
        RowKind::Deliver => {
            let peer = row.peer.map_or("somebody", |peer| name(record, peer));
            let address = row.address();
            let message = address.split_once(' ').map_or("a message", |(_, message)| message);
            Some(format!("{node} receives {message} from {peer}"))
        }
        RowKind::Note => Some(format!("{node} tells {}", shortened(&row.text()))),
        RowKind::Timer => Some(format!("{}'s {}", node, row.text())),
        RowKind::Sync => Some(format!("on the disk of {node} {}", row.text())),
        _ => None,
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let short: String = text.chars().take(LONGEST - 1).collect();
    short + "…"
}

fn name(record: &Record, node: u32) -> &str {
    record.nodes.get(node as usize).map_or("somebody", |node| node.name.as_str())
}

/// A node with what it was just before an instant: `n1, the leader of epoch 3,`.
fn who(record: &Record, node: u32, at_ns: u64) -> String {
    let own = record.standings.iter().filter(|change| change.node == node);
    let last = own.take_while(|change| change.at_ns < at_ns).last();
    let name = name(record, node);
    match last {
        Some(standing) if standing.rank == "leader" => {
            format!("{name}, the leader of epoch {},", standing.epoch)
        }
        Some(standing) if !standing.rank.is_empty() => {
            format!("{name}, a {} in epoch {},", standing.rank, standing.epoch)
        }
        _ => name.to_owned(),
    }
}
