//! Latency by percentile on the axis of nines: each decade to the right is ten times rarer.

use maud::{PreEscaped, html};
use rehearsal_sim::record::{CurvePoint, Record};

use super::{ALL_ZERO, Drawing, SOME_ZERO};
use crate::chart::axis::{Axis, real};
use crate::chart::lines::{self, FOOT, Line};
use crate::chart::{FONT, Hue, X0, X1, frame};
use crate::format::{self, px, text_width};

const TOP: u32 = 24;
const HEIGHT: u32 = 250;
/// With fewer samples beyond it, a point says little.
const ENOUGH: u64 = 10;

/// The picture for a record with a latency curve.
pub(crate) fn draw(record: &Record) -> Drawing {
    let mut curve: Vec<CurvePoint> =
        record.latency_curve.iter().copied().filter(|point| point.one_in >= 2).collect();
    curve.sort_by_key(|point| point.one_in);
    let Some(last) = curve.last() else {
        return Drawing::Nothing("Too few operations succeeded to draw latency by percentile.");
    };
    let latencies = || curve.iter().map(|point| point.latency_ns);
    let most = latencies().max().unwrap_or(last.latency_ns);
    // A logarithmic axis has no zero: it begins below the least of the others.
    let Some(least) = latencies().filter(|latency| *latency > 0).min() else {
        return Drawing::Nothing(ALL_ZERO);
    };
    // Half of the least leaves room for the label below the first point.
    let (x, y) = (Axis::nines(last.one_in), Axis::latency(least / 2, most));
    let sure = curve.partition_point(|point| point.beyond >= ENOUGH);
    let at = |point: &CurvePoint| (real(point.one_in), real(point.latency_ns.max(1)));
    let solid: Vec<_> = curve[..sure].iter().map(at).collect();
    let unsure: Vec<_> = curve[sure.saturating_sub(1)..].iter().map(at).collect();
    let line = |points: Vec<(f64, f64)>, hue, width| Line { pieces: vec![points], hue, width };
    let lines = [line(unsure, Hue::Vermilion, 1), line(solid, Hue::Blue, 3)];
    let drawn: Vec<Line> = lines.into_iter().filter(|line| line.pieces[0].len() > 1).collect();
    let marks = marks(&curve, &x, &y);
    let about = "Latency by percentile; both axes are logarithmic.";
    let svg = frame::svg(
        TOP + HEIGHT + FOOT,
        about,
        &html! {
            g class="plotted" { (PreEscaped(lines::draw(&x, Some(&y), &drawn, TOP, HEIGHT))) }
            @for mark in &marks {
                circle class=(if mark.sure { "mark" } else { "mark unsure" }) cx=(px(mark.x))
                    cy=(px(mark.y)) r="4" { title { (mark.title) } }
                @if let Some((label_x, label_y, anchor)) = mark.label {
                    text class="halo" x=(px(label_x)) y=(px(label_y)) text-anchor=(anchor) {
                        (mark.text)
                    }
                }
            }
        },
    );
    Drawing::Figure { svg: svg.into_string(), caption: caption(record, &curve, sure) }
}

struct Mark {
    x: f64,
    y: f64,
    sure: bool,
    text: String,
    title: String,
    label: Option<(f64, f64, &'static str)>,
}

/// A dot with its latency at the median, at each decade, and at the end of the curve.
fn marks(curve: &[CurvePoint], x: &Axis, y: &Axis) -> Vec<Mark> {
    let is_decade = |n: u64| n == 2 || (0..20).any(|power| 10_u64.checked_pow(power) == Some(n));
    let last = curve.len() - 1;
    let named = curve.iter().enumerate().filter(|(i, p)| *i == last || is_decade(p.one_in));
    let (mut marks, mut taken) = (Vec::new(), X0 + 2.0);
    for (_, point) in named {
        let at = x.between(real(point.one_in), X0, X1);
        let name = if is_decade(point.one_in) {
            format::percentile(point.one_in)
        } else {
            format!("1 in {}", format::count(point.one_in))
        };
        let latency = format::span(point.latency_ns);
        let text = format!("{name}: {latency}");
        let width = text_width(&text, FONT);
        let at_y =
            y.between(real(point.latency_ns.max(1)), f64::from(TOP + HEIGHT), f64::from(TOP));
        // The curve rises to the right: there is room above and to the left of a point, and for the
        // first one below and to the right, unless it stands at the foot.
        let label = if at <= X0 + 4.0 && at_y + 22.0 <= f64::from(TOP + HEIGHT) {
            Some((at + 6.0, at_y + 17.0, "start"))
        } else if at <= X0 + 4.0 {
            taken = at + 12.0 + width;
            Some((at + 6.0, at_y - 9.0, "start"))
        } else if at + 4.0 - width >= taken {
            taken = at + 10.0;
            Some((at + 4.0, at_y - 9.0, "end"))
        } else {
            None
        };
        let beyond = format::plural(point.beyond, "sample");
        marks.push(Mark {
            x: at,
            y: at_y,
            sure: point.beyond >= ENOUGH,
            title: format!("{text}, {beyond} beyond"),
            text,
            label,
        });
    }
    marks
}

fn caption(record: &Record, curve: &[CurvePoint], sure: usize) -> String {
    let mut caption = format!(
        "Look for knees: a step up means that a rare event has a price of its own. {}",
        format::plural(record.head.latency_ns.count, "sample")
    );
    if let Some(p99) = curve.iter().find(|point| point.one_in == 100) {
        caption += &format!("; {} beyond p99", format::count(p99.beyond));
    }
    caption.push('.');
    if curve.iter().any(|point| point.latency_ns == 0) {
        caption += SOME_ZERO;
    }
    if sure < curve.len() {
        caption += " Where the line is thin, fewer than ten samples lie beyond it.";
    }
    caption
}
