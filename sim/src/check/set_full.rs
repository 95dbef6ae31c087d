//! A set, judged element by element over time (Jepsen's `set-full`).

use std::collections::BTreeMap;

use serde::Serialize;

use super::final_set::{added, is_growing};
use super::words::{Said, acts, blame, count, list};
use super::{Act, Verdict};
use crate::history::{Call, History};
use crate::service::{Outcome, Sequential};
use crate::time::{SimTime, Span};

/// What became of the elements of a set over time.
///
/// An element is *known* from the end of its add, or of the first read that has it, on. It is
/// *stable* if no read that was called after the last call of one with it lacks it, *lost* if it
/// was known and then some read lacks it and no later one has it, and *never read* otherwise. A
/// stable element is *stale* if some read that was called after it was known lacks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetFull {
    /// The judgement: lost, duplicated and unexpected elements are wrong, and stale ones if the set
    /// is to be linearizable.
    pub verdict: Verdict,
    /// How many elements somebody tried to add.
    pub attempted: usize,
    /// How many are stable.
    pub stable: usize,
    /// Elements that are lost; ascending.
    pub lost: Vec<u64>,
    /// Elements that are never read; ascending.
    pub never_read: Vec<u64>,
    /// Elements that are stale; ascending.
    pub stale: Vec<u64>,
    /// Elements that a read has more than once; ascending.
    pub duplicated: Vec<u64>,
    /// Elements that a read has and nobody had tried to add by its end; ascending.
    pub unexpected: Vec<u64>,
    /// How long after it was known each stable element was last missing; ascending.
    pub stable_latencies: Vec<Span>,
    /// How long after it was known each lost element was last there; ascending.
    pub lost_latencies: Vec<Span>,
}

/// What is known of one element.
struct Element<'h, M: Sequential> {
    add: &'h Call<M::Operation, M::Reply>,
    known: Option<SimTime>,
    /// The numbers of the reads that have it, ascending.
    present: Vec<usize>,
}

/// A read, and the elements it has.
type Read<'h, M> = (&'h Vec<u64>, &'h Call<<M as Sequential>::Operation, <M as Sequential>::Reply>);

/// How an element ended.
struct Fate {
    is_stable: bool,
    is_lost: bool,
    latency: Span,
    /// The last read that lacks it, by its number.
    absent: Option<usize>,
}

/// Judges each element of a set that only grows by all the reads of it. With `is_linearizable` a
/// read must have what was known before it was called. After Jepsen's `checker/set-full`.
pub fn set_full<M: Sequential>(
    history: &History<M::Operation, M::Reply>,
    is_linearizable: bool,
) -> SetFull {
    let mut report = SetFull {
        verdict: Verdict::Pass,
        attempted: 0,
        stable: 0,
        lost: Vec::new(),
        never_read: Vec::new(),
        stale: Vec::new(),
        duplicated: Vec::new(),
        unexpected: Vec::new(),
        stable_latencies: Vec::new(),
        lost_latencies: Vec::new(),
    };
    report.verdict = match acts::<M>(history, "a set that grows", is_growing) {
        Ok(said) => report.judge::<M>(&said, is_linearizable),
        Err(why) => Verdict::Inconclusive(why),
    };
    report
}

impl SetFull {
    fn judge<M: Sequential>(&mut self, said: &[Said<M>], is_linearizable: bool) -> Verdict {
        let (mut elements, reads) = sort_out::<M>(said);
        self.attempted = elements.len();
        let strange = self.meet(&mut elements, &reads);
        // The latest end of the reads up to each.
        let ends: Vec<SimTime> = reads
            .iter()
            .scan(SimTime::ZERO, |latest, (_, call)| {
                *latest = ended(call).max(*latest);
                Some(*latest)
            })
            .collect();
        let (mut lost, mut stale) = (None, None);
        for (&element, known) in &elements {
            let fate = fate(known, &reads, &ends);
            let story = fate.absent.map(|read| (element, [reads[read].1, known.add]));
            if fate.is_stable {
                self.stable += 1;
                self.stable_latencies.push(fate.latency);
                if fate.latency > Span::ZERO {
                    self.stale.push(element);
                    stale = stale.or(story);
                }
            } else if fate.is_lost {
                self.lost.push(element);
                self.lost_latencies.push(fate.latency);
                lost = lost.or(story);
            } else {
                self.never_read.push(element);
            }
        }
        self.stable_latencies.sort();
        self.lost_latencies.sort();
        if let Some(verdict) = strange {
            return verdict;
        }
        match (lost, stale) {
            (Some((element, calls)), _) => {
                let why = "and no later one has";
                fail::<M>("lost", element, calls, why, &self.lost)
            }
            (None, Some((element, calls))) if is_linearizable => {
                let why = "though it was called after that, and later ones do";
                fail::<M>("stale", element, calls, why, &self.stale)
            }
            _ if self.stable == 0 => {
                Verdict::Inconclusive("no element of the set was ever read for good".to_owned())
            }
            _ => Verdict::Pass,
        }
    }

    /// Notes which reads have which elements; fails if one has an element twice, or one that nobody
    /// tried to add.
    fn meet<M: Sequential>(
        &mut self,
        elements: &mut BTreeMap<u64, Element<M>>,
        reads: &[Read<M>],
    ) -> Option<Verdict> {
        let mut verdict = None;
        for (number, (found, read)) in reads.iter().enumerate() {
            let mut found = (*found).clone();
            found.sort();
            for pair in found.windows(2).filter(|pair| pair[0] == pair[1]) {
                self.duplicated.push(pair[0]);
            }
            found.dedup();
            for element in found {
                let end = ended(read);
                match elements.get_mut(&element).filter(|known| known.add.called <= end) {
                    Some(known) => {
                        known.known = Some(known.known.map_or(end, |known| known.min(end)));
                        known.present.push(number);
                    }
                    None => self.unexpected.push(element),
                }
            }
            let (wrong, why) = match (&self.duplicated[..], &self.unexpected[..]) {
                ([element, ..], _) => (element, "more than once"),
                (_, [element, ..]) => (element, "though nobody had tried to add it"),
                _ => continue,
            };
            verdict = verdict.or_else(|| {
                Some(Verdict::Fail(blame(
                    format!("client{}'s read has element {wrong} {why}", read.client),
                    "each element that somebody tried to add at most once".to_owned(),
                    &[*read],
                )))
            });
        }
        for list in [&mut self.duplicated, &mut self.unexpected] {
            list.sort();
            list.dedup();
        }
        verdict
    }
}

/// The elements, and the reads in the order of their calls.
fn sort_out<'h, M: Sequential>(
    said: &'h [Said<'h, M>],
) -> (BTreeMap<u64, Element<'h, M>>, Vec<Read<'h, M>>) {
    let mut elements: BTreeMap<u64, Element<M>> = BTreeMap::new();
    let mut reads: Vec<Read<M>> = Vec::new();
    for (act, call) in said {
        if let Act::Elements { elements: Some(elements) } = act {
            reads.push((elements, call));
        }
        let Some(element) = added(act) else { continue };
        let known = call.ended.filter(|_| matches!(call.outcome, Outcome::Ok(_)));
        let new = Element { add: call, known: None, present: Vec::new() };
        let first = elements.entry(element).or_insert(new);
        first.known = first.known.into_iter().chain(known).min();
    }
    reads.sort_by_key(|(_, call)| (call.called, call.id));
    (elements, reads)
}

/// Says that an element is lost or stale: the read that lacks it, and its add.
fn fail<M: Sequential>(
    what: &str,
    element: u64,
    calls: [&Call<M::Operation, M::Reply>; 2],
    why: &str,
    all: &[u64],
) -> Verdict {
    let [read, _] = calls;
    Verdict::Fail(blame(
        format!(
            "element {element} is {what}: it was known to be in the set, client{}'s read called at \
             {} does not have it, {why}; {} like this: {}",
            read.client,
            read.called,
            count(all.len(), "element"),
            list(all)
        ),
        format!("a set with {element} in it"),
        &calls,
    ))
}

/// When a read ended.
fn ended<O, R>(call: &Call<O, R>) -> SimTime {
    call.ended.unwrap_or(call.called)
}

fn fate<M: Sequential>(element: &Element<M>, reads: &[Read<M>], ends: &[SimTime]) -> Fate {
    let mut present = element.present.iter().rev().peekable();
    let last_present = element.present.last().copied();
    let mut absent = None;
    for number in (0..reads.len()).rev() {
        if present.next_if(|with| **with == number).is_some() {
            continue;
        }
        // From here on no read ended after the element was to be added.
        if ends[number] < element.add.called {
            break;
        }
        if ended(reads[number].1) >= element.add.called {
            absent = Some(number);
            break;
        }
    }
    let called = |read: Option<usize>| read.map(|read| reads[read].1.called);
    let is_stable = last_present.is_some() && absent < last_present;
    let is_after_known =
        element.known.zip(called(absent)).is_some_and(|(known, absent)| known < absent);
    let is_lost = !is_stable && is_after_known && last_present < absent;
    let last = if is_stable { called(absent) } else { called(last_present) };
    let latency = match (last, element.known) {
        (Some(last), Some(known)) if last > known => last.since(known),
        _ => Span::ZERO,
    };
    Fate { is_stable, is_lost, latency, absent }
}
