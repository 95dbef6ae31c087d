//! Transactions: which isolation a history of them shows.
//!
//! Lists ([`list_append`]) tell the order of their versions, so that every dependency between
//! transactions is known; the anomalies are cycles of them. Time and memory are linear in the size of
//! the history, the lists that were read included.

mod axioms;
mod book;
mod cycle;
mod exhaustive;
mod graph;
mod levels;
mod list_append;
mod order;
mod register;
mod run;
mod saturate;
mod sends;
mod table;
mod tell;
mod words;

pub(super) use sends::log_cycles;

pub use levels::{Anomaly, Axiom, Cycle, Level, Needs};
pub use tell::Finding;
pub use words::{Micro, Transaction, Transactions};

use self::axioms::Facts;
use self::book::Book;
use self::graph::{Graph, Sketch, WR, WW};
use self::list_append::Lists;
use self::register::Registers;
use super::Verdict;

/// What is asked of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The isolation it should show.
    pub level: Level,
    /// Whether the times of calls and ends mean anything. Where they do not, nothing is concluded
    /// from them, and calls of a client count as one after the other in the order of their numbers.
    pub has_real_time: bool,
}

/// What was found in a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// One example of each anomaly, the worst first, whether the level forbids it or not.
    pub findings: Vec<Finding>,
    /// Whether the history is of the level demanded.
    pub verdict: Verdict,
    /// Whether [`Verdict::Pass`] is a proof. Otherwise nothing was found, and something the history
    /// does not show may be wrong.
    pub is_proof: bool,
}

impl Judgement {
    fn new(
        mut findings: Vec<Finding>,
        gave_up: Option<String>,
        is_proof: bool,
        demand: Demand,
    ) -> Judgement {
        findings.sort_by_key(|finding| finding.anomaly);
        let verdict = match findings.iter().find(|f| demand.level.forbids(f.anomaly)) {
            Some(worst) => Verdict::Fail(worst.explanation.clone()),
            None => gave_up.map_or(Verdict::Pass, Verdict::Inconclusive),
        };
        Judgement { findings, verdict, is_proof }
    }

    fn unjudged(why: String) -> Judgement {
        Judgement { findings: Vec::new(), verdict: Verdict::Inconclusive(why), is_proof: false }
    }
}

/// Judges a history of [`Micro::Append`] and [`Micro::ReadList`].
///
/// Every anomaly found is one, and a history without any has an order of its transactions that
/// explains it. Only snapshot isolation may be violated unseen, where appends of several
/// transactions to one list were read by nobody ([`Judgement::is_proof`]).
pub fn list_append(history: &Transactions, demand: Demand) -> Judgement {
    let belongs = |micro: &Micro| matches!(micro, Micro::Append { .. } | Micro::ReadList { .. });
    let book = match Book::new(history, demand.has_real_time, belongs) {
        Ok(book) => book,
        Err(why) => return Judgement::unjudged(why),
    };
    let mut judge = Lists::new(book);
    // The graph takes the reads; stronger levels need no axioms, for all versions are ordered.
    let facts = axioms_of(demand)
        .filter(|_| matches!(demand.level, Level::ReadAtomic | Level::Causal))
        .map(|asked| {
            (asked, judge.facts(axioms::sessions(&judge.book, asked.1, demand.has_real_time)))
        });
    let graph = list_append::graph(&mut judge, |book, sketch| orders(book, sketch, demand));
    let is_unread = |write: u32| judge.places[write as usize] == book::NONE;
    let lore = tell::Lore { book: &judge.book, previous: &judge.previous, is_unread: &is_unread };
    let mut findings: Vec<Finding> =
        cycle::search(&graph).iter().map(|found| tell::cycle(&lore, found)).collect();
    let mut gave_up = None;
    if let Some(((axiom, needs), facts)) = facts {
        match axioms::check(&lore, &facts, axiom, needs) {
            Ok(found) => findings.extend(found),
            Err(why) => gave_up = Some(why),
        }
    }
    let is_proof = judge.is_decided(demand.level);
    findings.append(&mut judge.findings);
    Judgement::new(findings, gave_up, is_proof, demand)
}

/// Judges a history of [`Micro::Write`] and [`Micro::Read`].
///
/// Every anomaly found is one. Read committed, read atomic and causal consistency are decided. Of the
/// levels above, the order of versions is known only in part, so that a history without anomalies
/// may still not be of the level: it is if an order of the transactions is found, which mostly is
/// easy, and of up to twenty transactions every order is tried. Where neither tells, the verdict is
/// [`Verdict::Inconclusive`].
pub fn rw_register(history: &Transactions, demand: Demand) -> Judgement {
    let belongs = |micro: &Micro| matches!(micro, Micro::Write { .. } | Micro::Read { .. });
    let book = match Book::new(history, demand.has_real_time, belongs) {
        Ok(book) => book,
        Err(why) => return Judgement::unjudged(why),
    };
    let mut judge = Registers::new(book);
    let graph = register::graph(&mut judge, |book, sketch| orders(book, sketch, demand));
    let lore = tell::Lore { book: &judge.book, previous: &judge.previous, is_unread: &|_| false };
    let mut findings: Vec<Finding> =
        cycle::search(&graph).iter().map(|found| tell::cycle(&lore, found)).collect();
    let (found, gave_up) = weak(&lore, &judge, demand);
    findings.extend(found);
    findings.append(&mut judge.findings);
    if demand.level <= Level::Causal || findings.iter().any(|f| demand.level.forbids(f.anomaly)) {
        return Judgement::new(findings, gave_up, demand.level > Level::ReadUncommitted, demand);
    }
    let (found, is_proof) = orders_of(&lore, &graph, &judge, demand);
    findings.extend(found);
    let open = (!is_proof).then(|| {
        format!(
            "nothing is wrong in these {} transactions as far as it is known which version comes \
             after which, and no order that explains them all was found either",
            judge.book.len()
        )
    });
    Judgement::new(findings, open, is_proof, demand)
}

/// Whether there is an order of the transactions as the level demands it, and whether that is known.
fn orders_of(
    lore: &tell::Lore,
    graph: &Graph,
    judge: &Registers,
    demand: Demand,
) -> (Option<Finding>, bool) {
    let kinds = demand.level.saturates();
    let is_snapshot = demand.level < Level::RepeatableRead;
    match saturate::check(lore, graph, kinds, &judge.reads) {
        saturate::Answer::Holds => return (None, true),
        saturate::Answer::Breaks(found) if !is_snapshot => return (Some(found), true),
        saturate::Answer::Breaks(_) | saturate::Answer::Open => {}
    }
    if demand.level == Level::SnapshotIsolation {
        let data = graph.of_kinds(WR | WW);
        if run::gets_to_the_end(&judge.book, &data, &judge.reads, true) {
            return (None, true);
        }
    }
    match exhaustive::check(&judge.book, demand.level, demand.has_real_time) {
        Ok(found) => (found, true),
        Err(_) => (None, false),
    }
}

/// The strongest axiom that a level includes, with or without sessions.
fn axioms_of(demand: Demand) -> Option<(Axiom, Needs)> {
    match demand.level {
        Level::ReadUncommitted => None,
        Level::ReadCommitted => Some((Axiom::ReadCommitted, Needs::Process)),
        Level::ReadAtomic => Some((Axiom::ReadAtomic, Needs::Process)),
        Level::StrongSnapshotIsolation | Level::StrictSerializable if demand.has_real_time => {
            Some((Axiom::Causal, Needs::RealTime))
        }
        Level::Causal
        | Level::StrongSessionSnapshotIsolation
        | Level::StrongSnapshotIsolation
        | Level::StrongSessionSerializable
        | Level::StrictSerializable => Some((Axiom::Causal, Needs::Process)),
        Level::SnapshotIsolation | Level::RepeatableRead | Level::Serializable => {
            Some((Axiom::Causal, Needs::Data))
        }
    }
}

/// Without sessions, causal consistency of more transactions takes too long.
const WITHOUT_SESSIONS: usize = 4_000;

/// The weakest axiom that registers violate, if the level demanded includes it.
fn weak(lore: &tell::Lore, judge: &Registers, demand: Demand) -> (Option<Finding>, Option<String>) {
    let Some((mut strongest, needs)) = axioms_of(demand) else { return (None, None) };
    if needs == Needs::Data && judge.book.len() > WITHOUT_SESSIONS {
        strongest = Axiom::ReadAtomic;
    }
    let facts = |needs: Needs| Facts {
        sessions: axioms::sessions(&judge.book, needs, demand.has_real_time),
        reads: judge.reads.clone(),
        known: Vec::new(),
        sees_what_ended: needs == Needs::RealTime,
    };
    let with_sessions = facts(needs);
    let violates = match axioms::check(lore, &with_sessions, strongest, needs) {
        Ok(None) => return (None, None),
        Ok(Some(found)) => found,
        // What else was found counts, but nothing passes; the milder axioms have no budget.
        Err(why) => {
            let milder = axioms::check(lore, &with_sessions, Axiom::ReadAtomic, needs);
            return (milder.ok().flatten(), Some(why));
        }
    };
    let kinds: Vec<(Needs, Facts)> = [Needs::Data, Needs::Process, Needs::RealTime]
        .into_iter()
        .filter(|kind| *kind <= needs)
        .map(|kind| (kind, facts(kind)))
        .collect();
    for axiom in [Axiom::ReadCommitted, Axiom::ReadAtomic, Axiom::Causal] {
        for (kind, facts) in kinds.iter().map(|(kind, facts)| (*kind, facts)) {
            let is_long = kind == Needs::Data && judge.book.len() > WITHOUT_SESSIONS;
            if is_long && axiom == Axiom::Causal || axiom > strongest {
                continue;
            }
            if let Ok(Some(found)) = axioms::check(lore, facts, axiom, kind) {
                return (Some(found), None);
            }
        }
    }
    (Some(violates), None)
}

fn orders(book: &Book, sketch: &mut Sketch, demand: Demand) {
    order::processes(book, sketch, demand.has_real_time);
    if demand.has_real_time {
        order::real_time(book, sketch);
    }
}
