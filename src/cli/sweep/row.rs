//! What a sweep keeps of one run: a line of its journal.

use std::collections::BTreeMap;

use rehearsal_sim::record::{Head, Judgement, Record};
use serde::{Deserialize, Serialize};

use super::pooled::Pooled;

/// What is told of each run.
pub(super) struct Measure {
    /// Its name in JSON and, with spaces, in the table.
    pub(super) name: &'static str,
    /// What its numbers count.
    pub(super) unit: Unit,
    /// Where it comes from; `None` where a run has nothing to measure.
    of: fn(&Head) -> Option<i64>,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unit {
    /// Nanoseconds.
    Ns,
    /// Things.
    Count,
    /// Thousandths of operations per second: whole numbers can be sorted and compared exactly.
    MilliPerS,
}

/// The first of them are latencies, which a run without a success does not have.
pub(super) const LATENCIES: usize = 5;

pub(super) const MEASURES: [Measure; 14] = [
    Measure { name: "p50_ns", unit: Unit::Ns, of: |head| latency(head, head.latency_ns.p50) },
    Measure { name: "p90_ns", unit: Unit::Ns, of: |head| latency(head, head.latency_ns.p90) },
    Measure { name: "p99_ns", unit: Unit::Ns, of: |head| latency(head, head.latency_ns.p99) },
    Measure { name: "p999_ns", unit: Unit::Ns, of: |head| latency(head, head.latency_ns.p999) },
    Measure { name: "max_ns", unit: Unit::Ns, of: |head| latency(head, head.latency_ns.max) },
    Measure { name: "throughput", unit: Unit::MilliPerS, of: throughput },
    Measure {
        name: "unavailable_ns",
        unit: Unit::Ns,
        of: |head| head.metrics.get(UNAVAILABLE).copied(),
    },
    Measure {
        name: "operations_called",
        unit: Unit::Count,
        of: |head| count(head.operations.called),
    },
    Measure {
        name: "operations_failed",
        unit: Unit::Count,
        of: |head| count(head.operations.failed),
    },
    Measure {
        name: "operations_unknown",
        unit: Unit::Count,
        of: |head| count(head.operations.unknown),
    },
    Measure { name: "messages_sent", unit: Unit::Count, of: |head| count(head.messages.sent) },
    Measure {
        name: "messages_dropped",
        unit: Unit::Count,
        of: |head| count(head.messages.dropped.total()),
    },
    Measure { name: "events", unit: Unit::Count, of: |head| count(head.events) },
    Measure { name: "virtual_ns", unit: Unit::Ns, of: |head| count(head.virtual_ns) },
];

/// Metrics that stand among the measures already.
const UNAVAILABLE: &str = "unavailable_ns";
const TOLD: [&str; 2] = [UNAVAILABLE, "messages_sent"];

fn count(n: u64) -> Option<i64> {
    Some(i64::try_from(n).unwrap_or(i64::MAX))
}

fn latency(head: &Head, ns: u64) -> Option<i64> {
    count(ns).filter(|_| head.latency_ns.count > 0)
}

#[allow(clippy::cast_possible_truncation, reason = "a rate is a small positive number")]
fn throughput(head: &Head) -> Option<i64> {
    Some((head.throughput_per_s * 1000.0).round() as i64)
}

/// What is kept of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    /// The seed.
    pub(super) seed: u64,
    /// How it ended.
    pub(super) verdict: Judgement,
    /// Whether operations waited at the end, and rightly so.
    pub(super) stuck: bool,
    /// Whether it was run twice and compared.
    pub(super) repeated: bool,
    /// Over all its events.
    pub(super) digest: String,
    /// One for each of [`MEASURES`].
    pub(super) numbers: [Option<i64>; MEASURES.len()],
    /// What was counted, without zeros and without what stands among the numbers.
    pub(super) metrics: BTreeMap<String, i64>,
    /// The latencies of its operations, and their mean.
    pub(super) latencies: Pooled,
    /// All of it, where something is to be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) head: Option<Box<Head>>,
}

impl Row {
    /// What is kept of a run.
    pub(super) fn of(record: Record, repeated: bool) -> Row {
        let Record { head, latencies, .. } = record;
        let counted = head.metrics.iter().filter(|(_, value)| **value != 0);
        let counted = counted.filter(|(name, _)| !TOLD.contains(&name.as_ref()));
        Row {
            seed: head.seed,
            verdict: head.verdict,
            stuck: head.legally_stuck.is_some(),
            repeated,
            digest: head.digest.clone(),
            numbers: MEASURES.map(|measure| (measure.of)(&head)),
            metrics: counted.map(|(name, value)| (name.clone().into_owned(), *value)).collect(),
            latencies: Pooled::of(&latencies, &head.latency_ns),
            head: (head.verdict != Judgement::Pass).then(|| Box::new(head)),
        }
    }
}
