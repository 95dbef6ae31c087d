//! The judgement over a run: properties, expectations, progress.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Simulation;
use super::ledger::{EVER, Status, nearest_rank};
use super::progress::{Progress, UNANSWERED};
use super::run::Judged;
use super::steps::reads_history;
use crate::catalog::WORLD_METRICS;
use crate::check::{Budget, Verdict, linearizable};
use crate::plan::{Expect, Expectation, Watch};
use crate::protocol::Protocol;
use crate::random::Chance;
use crate::record::{Health, Judgement, Measured, Violation, ViolationKind};
use crate::time::{SimTime, Span};

/// The property of a history that the checker of linearizability judges.
pub(crate) const LINEARIZABLE: &str = "linearizable";
/// The properties that are judged in every run beside the protocol's invariants.
const ALWAYS_JUDGED: [&str; 5] =
    ["progress", "panicked", "livelock", "message_storm", "queue_growth"];

/// A measurement and whether it is as demanded; `None` when it could not be judged.
type Finding = (String, Option<bool>);

impl<P: Protocol> Simulation<'_, P> {
    pub(super) fn judge(&mut self, watch: &Watch) -> Judged {
        let progress = self.progress();
        let history = self.judge_history(watch);
        if let Some(Verdict::Fail(explanation)) = &history {
            self.world.violations.push(Violation {
                property: LINEARIZABLE.to_owned(),
                kind: ViolationKind::Safety,
                at_ns: explanation.at_ns,
                nodes: Vec::new(),
                message: explanation.sentence.clone(),
                citation: "Herlihy and Wing 1990, section 2".to_owned(),
                explanation: Some(explanation.clone()),
            });
        }
        if let Progress::Stuck(why) = &progress {
            let citation = "progress after the last fault";
            let why = why.clone();
            self.world.violate("progress", ViolationKind::Liveness, &[], why, citation);
        }
        let mut violations = std::mem::take(&mut self.world.violations);
        let metrics = self.metrics();
        let wanted: Vec<&str> = self.wanted_violations().collect();
        // What was not run can not be measured, whether or not the violation was expected.
        let cut_short = self.stopped;
        let mut measured = Vec::new();
        for expectation in &self.plan.expectations {
            let (found, holds) = if cut_short && !names_a_property(&expectation.expect) {
                ("not judged: a violation ended the run".to_owned(), None)
            } else {
                self.measure(expectation, &history, &progress, &violations, &metrics)
            };
            let expect = expectation.text.clone();
            measured.push(Measured { expect, measured: found, holds });
        }
        violations.retain(|violation| !wanted.contains(&violation.property.as_str()));
        if self.bugs.misses() && violations.is_empty() {
            measured.push(Measured {
                expect: "the planted bug's decision is reached".to_owned(),
                measured: "never reached: this run says nothing about it".to_owned(),
                holds: None,
            });
        }
        self.add_failed_expectations(&measured, &mut violations);
        let verdict = if !violations.is_empty() {
            Judgement::Fail
        } else if measured.iter().any(|m| m.holds.is_none()) {
            Judgement::Inconclusive
        } else {
            Judgement::Pass
        };
        let legally_stuck = match progress {
            Progress::LegallyStuck(why) => Some(why),
            _ => None,
        };
        Judged { verdict, violations, measured, legally_stuck, metrics }
    }

    /// Properties that the scenario expects to be violated.
    fn wanted_violations(&self) -> impl Iterator<Item = &str> {
        self.plan.expectations.iter().filter_map(|expectation| match &expectation.expect {
            Expect::Violates(property) => Some(property.as_str()),
            _ => None,
        })
    }

    /// Expectations that do not hold are violations too, unless a property they name is one already.
    fn add_failed_expectations(&self, measured: &[Measured], violations: &mut Vec<Violation>) {
        for (expectation, measured) in self.plan.expectations.iter().zip(measured) {
            let named = match &expectation.expect {
                Expect::Linearizable => LINEARIZABLE,
                Expect::Progress => "progress",
                Expect::Holds(name) => name.as_str(),
                _ => "",
            };
            if measured.holds != Some(false) || violations.iter().any(|v| v.property == named) {
                continue;
            }
            let property = measured.expect.split(['=', ' ']).next().unwrap_or_default();
            let kind = match expectation.expect {
                Expect::Progress => ViolationKind::Liveness,
                _ => ViolationKind::Expectation,
            };
            violations.push(Violation {
                property: property.to_owned(),
                kind,
                at_ns: self.world.now.0,
                nodes: Vec::new(),
                message: format!("expected {}, measured {}", measured.expect, measured.measured),
                citation: "the scenario's expectation".to_owned(),
                explanation: None,
            });
        }
    }

    fn judge_history(&self, watch: &Watch) -> Option<Verdict> {
        let budget = Budget { configurations: watch.check_budget };
        let history = self.book.history().filter(|_| reads_history(self.plan));
        history.map(|history| linearizable::<P::Service>(history, budget))
    }

    fn measure(
        &self,
        expectation: &Expectation,
        history: &Option<Verdict>,
        progress: &Progress,
        violations: &[Violation],
        metrics: &BTreeMap<Cow<'static, str>, i64>,
    ) -> Finding {
        let window = expectation.during.unwrap_or(EVER);
        let violation = |name: &str| violations.iter().find(|v| v.property == name);
        match &expectation.expect {
            Expect::Linearizable => linearizability(history),
            Expect::Holds(name) if name == LINEARIZABLE => linearizability(history),
            Expect::Holds(name) => match violation(name) {
                None if !self.judges(name) => (format!("there is no property {name}"), None),
                None => ("it held".to_owned(), Some(true)),
                Some(v) => (format!("violated at {}", SimTime(v.at_ns)), Some(false)),
            },
            Expect::Violates(name) => match violation(name) {
                Some(v) => (format!("violated at {}", SimTime(v.at_ns)), Some(true)),
                None if self.bugs.misses() => {
                    ("not violated, and the planted bug was never reached".to_owned(), None)
                }
                None => match history {
                    Some(Verdict::Inconclusive(why)) if name == LINEARIZABLE => (why.clone(), None),
                    _ => ("it held".to_owned(), Some(false)),
                },
            },
            Expect::LatencyAtMost { one_in, bound } => {
                let mut sorted = self.world.ledger.sorted_latencies(window);
                // Whoever has waited longer than the bound already is slower than it.
                sorted.extend(self.world.ledger.waiting(window, self.world.now, *bound));
                sorted.sort_unstable();
                match nearest_rank(&sorted, *one_in) {
                    Some(value) => within(Span(value), *bound),
                    None => ("no operation succeeded".to_owned(), Some(false)),
                }
            }
            Expect::ThroughputAtLeast { operations, per } => {
                self.throughput(window, *operations, *per)
            }
            Expect::ErrorRateAtMost(most) => self.error_rate(window, *most),
            Expect::UnavailableAtMost(most) => {
                let spans = self.world.ledger.unavailable(window, self.world.now);
                let longest = spans.into_iter().max().unwrap_or(Span::ZERO);
                within(longest, *most)
            }
            Expect::RecoveredWithin(most) => self.recovered(*most),
            Expect::LeadersAtMost(most) => {
                let leaders = self.leaders(window);
                (format!("{leaders} in one epoch at one instant"), Some(leaders <= *most))
            }
            Expect::Progress => match progress {
                Progress::Fine => ("no operation waits in vain".to_owned(), Some(true)),
                Progress::TooEarly(why) => (why.clone(), None),
                Progress::LegallyStuck(why) | Progress::Stuck(why) => (why.clone(), Some(false)),
            },
            Expect::Metric { name, min, max } => {
                let Some(value) = metrics.get(name.as_str()).copied() else {
                    let names: Vec<&str> = metrics.keys().map(AsRef::as_ref).collect();
                    return (format!("nobody counts it; there are {}", names.join(", ")), None);
                };
                let holds =
                    min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max);
                (value.to_string(), Some(holds))
            }
        }
    }

    /// Whether a property is judged in every run.
    fn judges(&self, property: &str) -> bool {
        ALWAYS_JUDGED.contains(&property) || P::INVARIANTS.iter().any(|i| i.name == property)
    }

    /// The most live nodes that were leaders in one epoch at one instant of a window.
    fn leaders(&self, (from, to): (SimTime, SimTime)) -> u32 {
        let mut leads: BTreeMap<u32, u64> = BTreeMap::new();
        let mut in_epoch: BTreeMap<u64, u32> = BTreeMap::new();
        let mut most = 0;
        for change in self.world.standings.iter().take_while(|change| change.at_ns < to.0) {
            let together = || in_epoch.values().max().copied().unwrap_or(0);
            if change.at_ns >= from.0 {
                most = most.max(together());
            }
            if let Some(epoch) = leads.remove(&change.node) {
                *in_epoch.get_mut(&epoch).expect("counted when it began to lead") -= 1;
                in_epoch.retain(|_, count| *count > 0);
            }
            if change.rank == "leader" && change.health != Health::Down {
                leads.insert(change.node, change.epoch);
                *in_epoch.entry(change.epoch).or_insert(0) += 1;
            }
        }
        most.max(in_epoch.values().max().copied().unwrap_or(0))
    }

    fn throughput(&self, window: (SimTime, SimTime), operations: u64, per: Span) -> Finding {
        let length = window.1.min(self.world.now).0.saturating_sub(window.0.0);
        let ok = self.world.ledger.successes(window).count() as u64;
        // ok / length >= operations / per, in whole numbers.
        let holds =
            u128::from(ok) * u128::from(per.0) >= u128::from(operations) * u128::from(length);
        let rate = if length == 0 { 0.0 } else { ok as f64 * 1e9 / length as f64 };
        (format!("{rate:.1}/s"), Some(holds && length > 0))
    }

    fn error_rate(&self, window: (SimTime, SimTime), most: Chance) -> Finding {
        let called = self
            .world
            .ledger
            .rows
            .iter()
            .filter(|row| window.0 <= row.called && row.called < window.1);
        let (mut all, mut errors) = (0u64, 0u64);
        for row in called {
            // What was called just before the end could not have been answered yet.
            let young = self.world.now.since(row.called) < UNANSWERED;
            if row.status == Status::Open && young {
                continue;
            }
            all += 1;
            errors += u64::from(row.status != Status::Ok);
        }
        let rate = if all == 0 { 0.0 } else { errors as f64 / all as f64 };
        (format!("{rate:.5} ({errors} of {all})"), Some(rate <= most.to_f64()))
    }

    fn recovered(&self, most: Span) -> Finding {
        if self.world.bands.is_empty() {
            return ("no fault struck".to_owned(), None);
        }
        let end = self.world.last_fault_end;
        let next = self.world.ledger.successes((end, SimTime(u64::MAX))).map(|row| row.ended).min();
        match next {
            Some(at) => within(at.since(end), most),
            None => ("nothing succeeded after the last fault".to_owned(), Some(false)),
        }
    }

    /// The protocol's counters beside those of the world, which are there even when zero.
    fn metrics(&self) -> BTreeMap<Cow<'static, str>, i64> {
        let world = &self.world;
        let m = &world.messages;
        let unavailable = world.ledger.unavailable(EVER, world.now).into_iter().max();
        let of_the_world = [
            ("messages_sent", m.sent),
            ("messages_duplicated", m.duplicated),
            ("messages_lost", m.dropped.loss),
            ("messages_cut", m.dropped.cut),
            ("messages_to_down", m.dropped.down),
            ("messages_refused", m.dropped.refused),
            ("messages_corrupt", m.dropped.corrupt),
            ("messages_overflowed", m.dropped.overflow),
            ("messages_unroutable", m.dropped.no_route),
            ("leaders_max", u64::from(self.leaders(EVER))),
            ("unavailable_ns", unavailable.map_or(0, |span| span.0)),
            ("bug_evaluations", self.bugs.evaluations()),
        ];
        let of_the_world = of_the_world
            .map(|(name, value)| (Cow::Borrowed(name), i64::try_from(value).unwrap_or(i64::MAX)));
        let probes = P::PROBES.iter().map(|probe| &probe.name);
        let declared = P::METRICS.iter().chain(WORLD_METRICS).chain(probes);
        let mut metrics: BTreeMap<Cow<'static, str>, i64> =
            declared.map(|name| (Cow::Borrowed(*name), 0)).collect();
        metrics.extend(world.metrics.iter().map(|(name, value)| (Cow::Borrowed(name), value)));
        let most = |(name, value)| (Cow::Owned(format!("{name}_max")), value);
        metrics.extend(world.gauges.iter().map(most));
        metrics.extend(of_the_world);
        if !self.bugs.any() {
            metrics.remove("bug_evaluations");
        }
        metrics
    }
}

/// A span against its bound. Where rounding would make the two look alike, it is told to the
/// nanosecond: nobody understands "at most 3s, measured 3s, violated".
fn within(span: Span, bound: Span) -> Finding {
    let text = if span != bound && span.to_string() == bound.to_string() {
        format!("{} ns", span.0)
    } else {
        span.to_string()
    };
    (text, Some(span <= bound))
}

fn names_a_property(expect: &Expect) -> bool {
    matches!(expect, Expect::Linearizable | Expect::Holds(_) | Expect::Violates(_))
}

fn linearizability(history: &Option<Verdict>) -> Finding {
    match history {
        Some(Verdict::Pass) => ("linearizable".to_owned(), Some(true)),
        Some(Verdict::Fail(explanation)) => (explanation.sentence.clone(), Some(false)),
        Some(Verdict::Inconclusive(why)) => (why.clone(), None),
        None => unreachable!("a plan that expects linearizability keeps its history"),
    }
}
