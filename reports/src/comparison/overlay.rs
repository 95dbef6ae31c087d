//! Variants over virtual time, drawn over each other: the median over the seeds as a line, the seeds
//! from the 5th to the 95th percentile as a band.

use maud::{Markup, html};
use rehearsal_sim::record::FaultBand;

use super::measure::Spread;
use super::{Course, Group, Member};
use crate::chart::axis::Axis;
use crate::chart::frame::{EndLabel, TimeFrame, TimePlot};
use crate::chart::lines::Line;
use crate::chart::spread::{self, Spread as Band};
use crate::chart::steps::{Pieces, Steps};

const HEIGHT: u32 = 210;

/// What is drawn over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Successful operations per second.
    Throughput,
    /// Their median latency.
    P50,
    /// Their 99th percentile.
    P99,
}

/// One variant of a picture.
struct Track {
    median: Pieces,
    high: Pieces,
    low: Pieces,
    last: Option<f64>,
    most: f64,
    least: f64,
}

/// A picture for each group, on the same scale; none where there is nothing to draw.
pub(super) fn draw(groups: &[Group<'_>], faults: &[FaultBand], what: What) -> Vec<Option<Markup>> {
    let tracks: Vec<Vec<Option<Track>>> = groups
        .iter()
        .map(|group| group.members.iter().map(|member| track(member, what)).collect())
        .collect();
    let all = || tracks.iter().flatten().flatten();
    let most = all().map(|track| track.most).fold(0.0, f64::max);
    let least = all().map(|track| track.least).fold(f64::MAX, f64::min).max(1.0);
    let courses = || groups.iter().flat_map(|group| &group.members);
    let end_ns = courses().flat_map(|one| &one.variant.courses).map(|one| one.virtual_ns).max();
    let frame = TimeFrame::shared(faults, end_ns.unwrap_or(0));
    let (Some(frame), true) = (frame, most > 0.0) else {
        return groups.iter().map(|_| None).collect();
    };
    let y = match what {
        What::Throughput => Axis::count(most),
        What::P50 | What::P99 => Axis::latency(whole(least), whole(most)),
    };
    let one = |(group, tracks): (&Group<'_>, Vec<Option<Track>>)| {
        picture(&frame, &y, group, tracks, what)
    };
    groups.iter().zip(tracks).map(one).collect()
}

fn picture(
    frame: &TimeFrame<'_>,
    y: &Axis,
    group: &Group<'_>,
    tracks: Vec<Option<Track>>,
    what: What,
) -> Option<Markup> {
    let (mut lines, mut labels, mut bands) = (Vec::new(), Vec::new(), Vec::new());
    for (member, track) in group.members.iter().zip(tracks) {
        let Some(Track { median, high, low, last, .. }) = track else { continue };
        if let Some(value) = last {
            labels.push(EndLabel { value, text: &member.label, hue: member.hue });
        }
        bands.push(Band { high, low, hue: member.hue });
        lines.push(Line { pieces: median, hue: member.hue, width: 2 });
    }
    if lines.is_empty() {
        return None;
    }
    // The first variant is drawn last, where it is seen best.
    lines.reverse();
    let about = match what {
        What::Throughput => "Operations per second over virtual time, a line for each variant.",
        What::P50 => "Median latency over virtual time, a line for each variant.",
        What::P99 => "99th percentile of latency over virtual time, a line for each variant.",
    };
    let under = spread::draw(&frame.axis, y, &bands, frame.top(), HEIGHT);
    let extra = html! {};
    Some(frame.draw(&TimePlot { about, height: HEIGHT, y: Some(y), lines, labels, under, extra }))
}

/// `None` where no run of the variant has anything to draw.
fn track(member: &Member<'_>, what: What) -> Option<Track> {
    let courses = &member.variant.courses;
    // Should one be shorter than the others, its buckets are as wide as theirs.
    let longest = courses.iter().max_by_key(|course| course.virtual_ns)?;
    let bucket_ns = longest.series.bucket_ns;
    let steps = Steps::new(longest.series.ok.len(), bucket_ns, longest.virtual_ns);
    let columns: Vec<Vec<Option<f64>>> = courses
        .iter()
        .filter(|course| course.series.bucket_ns == bucket_ns)
        .map(|course| column(course, what))
        .collect();
    let length = columns.iter().map(Vec::len).max().unwrap_or(0);
    let at = |step: usize| {
        let there = columns.iter().filter_map(|column| column.get(step).copied()).count();
        let values = columns.iter().filter_map(|column| column.get(step).copied().flatten());
        let values: Vec<f64> = values.collect();
        // The median of the few runs that were answered would not be that of the runs.
        if values.len() * 2 < there { None } else { Spread::of(values) }
    };
    let spreads: Vec<Option<Spread>> = (0..length).map(at).collect();
    let line = |pick: fn(&Spread) -> f64| {
        steps.line(spreads.iter().map(|spread| spread.as_ref().map(pick)))
    };
    let known = || spreads.iter().flatten();
    known().next()?;
    Some(Track {
        median: line(|spread| spread.median),
        high: line(|spread| spread.p95),
        low: line(|spread| spread.p5),
        last: spreads.iter().rev().flatten().next().map(|spread| spread.median),
        most: known().map(|spread| spread.p95).fold(0.0, f64::max),
        least: known().map(|spread| spread.p5).filter(|x| *x > 0.0).fold(f64::MAX, f64::min),
    })
}

fn column(course: &Course, what: What) -> Vec<Option<f64>> {
    let series = &course.series;
    let steps = Steps::new(series.ok.len(), series.bucket_ns, course.virtual_ns);
    let largest = |sorted: &[u64]| sorted[sorted.len() - 1];
    match what {
        What::Throughput => steps.rates(&series.ok).into_iter().map(Some).collect(),
        What::P50 => steps.pick(&series.p50_ns, |sorted| sorted[(sorted.len() - 1) / 2]),
        What::P99 => steps.pick(&series.p99_ns, largest),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "nanoseconds")]
fn whole(number: f64) -> u64 {
    libm::round(number) as u64
}
