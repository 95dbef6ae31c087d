//! Whether variants were asked the same: for a seed the same calls, at the same times, on the same
//! clients. Draws of the workload are keyed by their purpose alone, so that nothing but the workload
//! and those who take calls can change them.

use rehearsal_scenarios::Loaded;
use rehearsal_sim::plan::{Load, Workload};
use rehearsal_sim::time::SimTime;
use serde::Serialize;

/// What is known of the arrivals of several variants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Arrivals {
    /// Whether the calls of a seed are the same in every variant.
    pub(crate) same: bool,
    /// What makes them differ, a few words each.
    pub(crate) because: Vec<&'static str>,
}

impl Arrivals {
    /// Compares what the plans say about their workloads.
    pub(crate) fn of<'a>(variants: impl IntoIterator<Item = &'a Loaded>) -> Arrivals {
        let mut variants = variants.into_iter();
        let mut because = Vec::new();
        if let Some(first) = variants.next() {
            let waits = |loaded: &Loaded| {
                let load = loaded.plan.workload.as_ref().map(|workload| &workload.load);
                matches!(load, Some(Load::Closed { .. }))
            };
            if waits(first) {
                because.push("users wait for answers before they call again");
            }
            for other in variants {
                for reason in reasons(first, other) {
                    if !because.contains(&reason) {
                        because.push(reason);
                    }
                }
            }
        }
        Arrivals { same: because.is_empty(), because }
    }

    /// A sentence for readers; `all` is what was compared, `every point`.
    pub(crate) fn sentence(&self, all: &str) -> String {
        if self.same {
            return format!(
                "The same arrivals: for a seed, {all} took the same operations with the same keys, \
                 at the same times, on the same clients."
            );
        }
        format!(
            "The arrivals are not the same: {}. So chance has a larger part in every difference \
             than it would have with the same arrivals.",
            self.because.join("; ")
        )
    }
}

fn reasons(a: &Loaded, b: &Loaded) -> Vec<&'static str> {
    let mut reasons = Vec::new();
    if a.entry.operations != b.entry.operations {
        reasons.push("the protocols have different operations");
    }
    if callable(a) != callable(b) {
        reasons.push("other nodes take the calls");
    }
    match (&a.plan.workload, &b.plan.workload) {
        (None, None) => {}
        (Some(one), Some(other)) => {
            if one.load != other.load {
                reasons.push("the load is another");
            }
            if one.keys != other.keys {
                reasons.push("the keys are drawn from another law");
            }
            if one.mix != other.mix {
                reasons.push("the mix of operations is another");
            }
            if (one.start, end(one, a)) != (other.start, end(other, b)) {
                reasons.push("operations are called in another part of the run");
            }
        }
        _ => reasons.push("only some have a workload"),
    }
    reasons
}

/// The names of the nodes that take calls, in turn.
fn callable(loaded: &Loaded) -> Vec<&str> {
    let roles = (loaded.entry.roles)();
    let nodes = loaded.plan.nodes.iter().filter(|node| roles[node.role].takes_calls);
    nodes.map(|node| node.name.as_str()).collect()
}

fn end(workload: &Workload, loaded: &Loaded) -> SimTime {
    let end = SimTime(loaded.plan.duration.0);
    workload.stop.map_or(end, |stop| stop.min(end))
}

#[cfg(test)]
mod tests {
    use rehearsal_protocols::catalog::CATALOG;
    use rehearsal_scenarios::{Request, load_all_text};
    use rehearsal_sim::plan::Watch;
    use rehearsal_sim::record::RowKind;

    use super::*;

    const RAFT: &str = "protocol = \"raft\"\nduration = \"4s\"\n[cluster]\nservers = 5\n\
                        clients = 3\n[workload]\nrate = \"200/s\"\nstart = \"500ms\"\n\
                        mix = { get = 0.5, put = 0.4, cas = 0.1 }\n";

    fn points(text: &str, axes: &[&str]) -> Vec<Loaded> {
        let axes: Vec<String> = axes.iter().map(|axis| (*axis).to_owned()).collect();
        let request = Request { matrix: &axes, ..Request::of("a test") };
        let variants = load_all_text(text.as_bytes(), &request, CATALOG);
        variants.unwrap_or_else(|report| panic!("{report}")).points
    }

    /// What was called: when, on whom, and which operation with which key. The values written are
    /// left out: a compare-and-set expects what an earlier answer said.
    fn calls(loaded: &Loaded, seed: u64) -> Vec<(u64, String, String)> {
        let record = (loaded.entry.run)(&loaded.plan, seed, &Watch::TRACED);
        let called = record.trace.rows().filter(|row| row.kind == RowKind::Call);
        let of = |row: rehearsal_sim::record::Row<'_>| {
            let node = row.node.expect("a call is made on a node") as usize;
            (row.at_ns, record.nodes[node].name.clone(), asked(&row.text()))
        };
        called.map(of).collect()
    }

    /// `call 7: put(k3, 8)` as `put(k3`.
    fn asked(text: &str) -> String {
        let (_, operation) = text.split_once(": ").expect("a call and its operation");
        operation.split([',', ')']).next().unwrap_or_default().to_owned()
    }

    #[test]
    fn every_point_is_asked_the_same_when_the_workload_is_the_same() {
        let fault = "[[fault]]\nat = \"2s\"\ncrash = \"leader\"\n";
        let all = points(
            &format!("{RAFT}{fault}"),
            &["cluster.servers=3,7", "network.loss=0,0.2", "raft.heartbeat=20ms,60ms"],
        );
        assert_eq!(all.len(), 8);
        assert_eq!(Arrivals::of(&all), Arrivals { same: true, because: vec![] });
        for seed in 1..=2 {
            let first = calls(&all[0], seed);
            assert!(first.len() > 500, "{} calls", first.len());
            assert!(first.iter().any(|(_, _, asked)| asked.starts_with("cas(k")));
            for other in &all[1..] {
                let same = first == calls(other, seed);
                assert!(same, "seed {seed}: {} is asked something else", other.plan.title);
            }
        }
        assert!(calls(&all[0], 1) != calls(&all[0], 2), "seeds differ");
    }

    #[test]
    fn what_changes_the_arrivals_is_named() {
        for (axis, reason) in [
            ("workload.rate=200/s,100/s", "the load is another"),
            ("workload.keys=10,20", "the keys are drawn from another law"),
            ("workload.mix={ get = 1 },{ put = 1 }", "the mix of operations is another"),
            ("workload.start=1s,2s", "operations are called in another part of the run"),
            ("duration=4s,5s", "operations are called in another part of the run"),
            ("cluster.clients=3,4", "other nodes take the calls"),
        ] {
            let all = points(RAFT, &[axis]);
            let arrivals = Arrivals::of(&all);
            assert_eq!(arrivals, Arrivals { same: false, because: vec![reason] }, "{axis}");
            assert!(calls(&all[0], 1) != calls(&all[1], 1), "{axis}");
            assert!(arrivals.sentence("every point").contains(reason));
        }
        let closed = RAFT.replace("rate = \"200/s\"", "think = \"10ms\"");
        assert!(!Arrivals::of(&points(&closed, &["network.loss=0,0.1"])).same);
        let stop = points(RAFT, &["workload.stop=4s,9s"]);
        assert!(Arrivals::of(&stop).same, "both end with the run");
    }
}
