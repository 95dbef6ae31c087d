//! Latency by percentile on the axis of nines, a line for each variant.

use maud::{Markup, PreEscaped, html};

use super::measure::Spread;
use super::{Group, Member};
use crate::chart::axis::{Axis, real};
use crate::chart::frame::{self, EndLabel};
use crate::chart::lines::{self, FOOT, Line};
use crate::chart::spread::{self, Spread as Band};

const TOP: u32 = 12;
const HEIGHT: u32 = 250;

/// A percentile of a variant, over its seeds.
type Point = (u64, Spread);

/// A picture for each group, on the same scale; none where there is nothing to draw.
pub(super) fn draw(groups: &[Group<'_>]) -> Vec<Option<Markup>> {
    let curves: Vec<Vec<Vec<Point>>> =
        groups.iter().map(|group| group.members.iter().map(curve).collect()).collect();
    let points = || curves.iter().flatten().flatten();
    let positive = points().map(|(_, spread)| spread.p5).filter(|ns| *ns > 0.0);
    let least = positive.fold(f64::MAX, f64::min);
    let most = points().map(|(_, spread)| spread.p95).fold(0.0, f64::max);
    let last = points().map(|(one_in, _)| *one_in).max().unwrap_or(0);
    if most <= 0.0 {
        return groups.iter().map(|_| None).collect();
    }
    let (x, y) = (Axis::nines(last), Axis::latency(whole(least.min(most)), whole(most)));
    groups.iter().zip(&curves).map(|(group, curves)| picture(&x, &y, group, curves)).collect()
}

fn picture(x: &Axis, y: &Axis, group: &Group<'_>, curves: &[Vec<Point>]) -> Option<Markup> {
    let (mut drawn, mut labels, mut bands) = (Vec::new(), Vec::new(), Vec::new());
    for (member, curve) in group.members.iter().zip(curves) {
        let Some((_, end)) = curve.last() else { continue };
        let line = |pick: fn(&Spread) -> f64| {
            let points = curve.iter().map(|(one_in, at)| (real(*one_in), pick(at).max(1.0)));
            vec![points.collect::<Vec<_>>()]
        };
        labels.push(EndLabel { value: end.median.max(1.0), text: &member.label, hue: member.hue });
        let (high, low) = (line(|at| at.p95), line(|at| at.p5));
        bands.push(Band { high, low, hue: member.hue });
        drawn.push(Line { pieces: line(|at| at.median), hue: member.hue, width: 2 });
    }
    if drawn.is_empty() {
        return None;
    }
    drawn.reverse();
    let svg = html! {
        (spread::draw(x, y, &bands, TOP, HEIGHT))
        g class="plotted" { (PreEscaped(lines::draw(x, Some(y), &drawn, TOP, HEIGHT))) }
        (frame::end_labels(y, &labels, TOP, HEIGHT))
    };
    let about = "Latency by percentile, a line for each variant; both axes are logarithmic.";
    Some(frame::svg(TOP + HEIGHT + FOOT, about, &svg))
}

/// The percentiles that at least half of the runs have.
fn curve(member: &Member<'_>) -> Vec<Point> {
    let courses = &member.variant.courses;
    let longest = courses.iter().max_by_key(|course| course.curve.len());
    let mut points = Vec::new();
    for (place, point) in longest.iter().flat_map(|course| course.curve.iter().enumerate()) {
        // All curves have their points at the same percentiles, as far as their samples go.
        let values: Vec<f64> = courses
            .iter()
            .filter_map(|course| course.curve.get(place))
            .filter(|other| other.one_in == point.one_in)
            .map(|other| real(other.latency_ns))
            .collect();
        if values.len() * 2 >= courses.len()
            && let Some(spread) = Spread::of(values)
        {
            points.push((point.one_in, spread));
        }
    }
    points
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "nanoseconds")]
fn whole(number: f64) -> u64 {
    libm::round(number) as u64
}
