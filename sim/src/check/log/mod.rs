//! Logs that are sent to and polled from, as Kafka's partitions are.
//!
//! What is looked for, the names and what is allowed are those of Jepsen's kafka workload. A key is a
//! partition; the order of its records is that of their offsets, gaps left out (transactions take
//! offsets that nobody sees). Its rebalance logs are not read: where consumers subscribe, say so in
//! [`LogRules::may_rebalance`].

mod orders;
mod polls;
mod words;

pub use words::{Batch, LogHistory, LogOp, LogStep};

use self::orders::{Deed, Deeds};
use super::Explanation;
use super::problem::{Problems, about};
use super::transactions::{Anomaly, Cycle, log_cycles};
use crate::history::Call;
use crate::service::Outcome;

/// What a service of logs may do, and what may be concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogRules {
    /// Consumers subscribe, so that partitions may move between polls: poll-skip and
    /// nonmonotonic-poll are allowed then.
    pub may_rebalance: bool,
    /// The order of offsets counts as an order of the transactions that sent. Writes of transactions
    /// interleave in a log, so that G1c is allowed then.
    pub orders_writes: bool,
    /// Whether the times of calls and ends mean anything.
    pub has_real_time: bool,
}

impl LogRules {
    /// What a history itself tells: whether anybody subscribes.
    pub fn of(history: &LogHistory, has_real_time: bool) -> LogRules {
        let subscribes = |call: &Call<LogOp, LogOp>| matches!(call.operation, LogOp::Subscribe(_));
        let may_rebalance = history.calls.iter().any(subscribes);
        LogRules { may_rebalance, orders_writes: false, has_real_time }
    }

    fn allows(self, name: &str) -> bool {
        match name {
            "int-send-skip" => true,
            "poll-skip" | "nonmonotonic-poll" => self.may_rebalance,
            _ => false,
        }
    }

    fn allows_cycle(self, anomaly: Anomaly) -> bool {
        match anomaly {
            Anomaly::Cycle(Cycle::G0, _) => true,
            Anomaly::Cycle(Cycle::G1c, _) => self.orders_writes,
            _ => false,
        }
    }
}

/// Judges a history of sends and polls. O(n log n) for n records sent and polled.
pub fn log(history: &LogHistory, rules: LogRules) -> Problems {
    let deeds = Deeds::read(history);
    let mut report = Report { rules, problems: Problems::default() };
    offsets(&deeds, &mut report);
    values(&deeds, &mut report);
    polls::within(&deeds, &mut report);
    polls::between(&deeds, &mut report);
    lost(&deeds, &mut report);
    let (transactions, orders) = deeds.transactions(rules.orders_writes);
    match log_cycles(&transactions, &orders, rules.has_real_time) {
        Ok(findings) => {
            for finding in findings {
                let mut explanation = finding.explanation;
                // The name is put in front by whoever notes it.
                let prefix = format!("{}: ", finding.anomaly);
                explanation.sentence = explanation.sentence.replacen(&prefix, "", 1);
                let is_allowed = rules.allows_cycle(finding.anomaly);
                report.problems.note(&finding.anomaly.name(), is_allowed, || explanation);
            }
        }
        Err(why) => report.problems.gave_up = Some(why),
    }
    report.problems
}

/// Problems in the making.
struct Report {
    rules: LogRules,
    problems: Problems,
}

impl Report {
    fn note(&mut self, name: &str, explain: impl FnOnce() -> Explanation) {
        self.problems.note(name, self.rules.allows(name), explain);
    }
}

fn explain(deeds: &[&Deed], sentence: String, expected: &str) -> Explanation {
    let calls: Vec<_> = deeds.iter().map(|deed| deed.call).collect();
    about(&calls, text, sentence, expected)
}

/// An operation as people read it.
fn text(call: &Call<LogOp, LogOp>) -> String {
    match &call.outcome {
        Outcome::Ok(reply) => format!("{reply:?}"),
        _ => format!("{:?}", call.operation),
    }
}

/// Of one offset one value, of one value one offset.
fn offsets(deeds: &Deeds, report: &mut Report) {
    for (&key, order) in &deeds.orders {
        for (&offset, values) in &order.at {
            let mut values = values.iter();
            if let (Some(a), Some(b)) = (values.next(), values.next()) {
                report.note("inconsistent-offsets", || {
                    let sentence = format!("offset {offset} of k{key} holds {a} and {b}");
                    explain(
                        &[a, b].map(|v| deeds.witness(key, *v)),
                        sentence,
                        "one value at an offset",
                    )
                });
            }
        }
        for (value, places) in &order.places {
            if places.len() > 1 {
                report.note("duplicate", || {
                    let places: Vec<String> =
                        places.iter().map(|at| order.offset(*at).to_string()).collect();
                    let sentence =
                        format!("{value} is in k{key} at the offsets {}", places.join(" and "));
                    explain(&[deeds.witness(key, *value)], sentence, "every value once")
                });
            }
        }
    }
}

/// Values that nobody sent, that failed, or that their own transaction saw.
fn values(deeds: &Deeds, report: &mut Report) {
    for deed in &deeds.list {
        for (&key, polled) in &deed.polls {
            for value in polled {
                let Some(writer) = deeds.writer(key, *value) else {
                    report.note("garbage-read", || {
                        let sentence =
                            format!("{value} was polled from k{key}, and nobody sent it");
                        explain(&[deed], sentence, "values that were sent")
                    });
                    continue;
                };
                if writer.call.outcome == Outcome::Failed {
                    report.note("G1a", || {
                        let sentence = format!(
                            "{value} was polled from k{key}, and the send of it had failed"
                        );
                        explain(&[writer, deed], sentence, "nothing of what failed")
                    });
                }
                if writer.call.id == deed.call.id {
                    report.note("precommitted-read", || {
                        let sentence = format!(
                            "a transaction polled {value} from k{key}, which it was itself about to send"
                        );
                        explain(&[deed], sentence, "nothing that is not committed")
                    });
                }
            }
        }
    }
}

/// What was acknowledged and never polled: lost where something behind it was polled, and otherwise
/// not seen yet.
fn lost(deeds: &Deeds, report: &mut Report) {
    for (&key, order) in &deeds.orders {
        let read = deeds.polled.get(&key);
        let is_read = |value: &u64| read.is_some_and(|read| read.contains_key(value));
        let first =
            |value: &u64| order.places.get(value).and_then(|places| places.first().copied());
        let highest = read.and_then(|read| read.keys().filter_map(first).max());
        for (value, places) in &order.places {
            let Some(writer) = deeds.writer(key, *value).filter(|w| deeds.is_committed(w)) else {
                continue;
            };
            let is_below = places.last().copied() <= highest;
            if is_read(value) || !is_below {
                continue;
            }
            report.note("lost-write", || {
                let sentence = format!(
                    "{value} was sent to k{key} at offset {} and never polled, though offset {} was",
                    order.offset(places[0]),
                    highest.map_or(0, |at| order.offset(at))
                );
                let reader = highest.and_then(|at| deeds.reader(key, order.values.get(at).copied()?));
                let shown: Vec<&Deed> = reader.into_iter().chain([writer]).collect();
                explain(&shown, sentence, "every acknowledged record in some poll")
            });
        }
    }
    for deed in deeds.list.iter().filter(|deed| matches!(deed.call.outcome, Outcome::Ok(_))) {
        for (&key, sent) in &deed.sends {
            for value in sent {
                if deeds.reader(key, *value).is_none() {
                    report.note("unseen", || {
                        let sentence = format!("{value} was sent to k{key} and never polled");
                        explain(&[deed], sentence, "every acknowledged record in some poll")
                    });
                }
            }
        }
    }
}
