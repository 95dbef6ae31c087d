//! Transactions: which isolation a history of them shows.
//!
//! Lists ([`list_append`]) tell the order of their versions, so that every dependency between
//! transactions is known; the anomalies are cycles of them. Time and memory are linear in the size of
//! the history, the lists that were read included.

mod book;
mod cycle;
mod graph;
mod levels;
mod list_append;
mod order;
mod table;
mod tell;
mod words;

pub use levels::{Anomaly, Cycle, Level, Needs};
pub use tell::Finding;
pub use words::{Micro, Transaction, Transactions};

use self::book::Book;
use self::graph::Sketch;
use self::list_append::Lists;
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
}

impl Judgement {
    fn new(mut findings: Vec<Finding>, demand: Demand) -> Judgement {
        findings.sort_by_key(|finding| finding.anomaly);
        let verdict = match findings.iter().find(|f| demand.level.forbids(f.anomaly)) {
            Some(worst) => Verdict::Fail(worst.explanation.clone()),
            None => Verdict::Pass,
        };
        Judgement { findings, verdict }
    }

    fn unjudged(why: String) -> Judgement {
        Judgement { findings: Vec::new(), verdict: Verdict::Inconclusive(why) }
    }
}

/// Judges a history of [`Micro::Append`] and [`Micro::ReadList`].
///
/// Every anomaly found is one. For histories in which every transaction committed and every append
/// was read, a history without any is serializable, and strictly so where real time means
/// something; with appends that nobody read it may still not be.
pub fn list_append(history: &Transactions, demand: Demand) -> Judgement {
    let belongs = |micro: &Micro| matches!(micro, Micro::Append { .. } | Micro::ReadList { .. });
    let book = match Book::new(history, belongs) {
        Ok(book) => book,
        Err(why) => return Judgement::unjudged(why),
    };
    let mut judge = Lists::new(book);
    let graph = list_append::graph(&mut judge, |book, sketch| orders(book, sketch, demand));
    let lore = tell::Lore { book: &judge.book, previous: &judge.previous };
    let cycles: Vec<Finding> =
        cycle::search(&graph).iter().map(|found| tell::cycle(&lore, found)).collect();
    judge.findings.extend(cycles);
    Judgement::new(judge.findings, demand)
}

fn orders(book: &Book, sketch: &mut Sketch, demand: Demand) {
    order::processes(book, sketch, demand.has_real_time);
    if demand.has_real_time {
        order::real_time(book, sketch);
    }
}
