//! The frame of a picture: the `svg` element, the fault lanes and bands of time plots, the mark of
//! the first violation, and labels at the ends of lines.

use maud::{Markup, PreEscaped, html};
use rehearsal_sim::record::{FaultBand, Record, Violation, ViolationKind};

use super::axis::{Axis, real};
use super::bands::Bands;
use super::lines::{self, FOOT, Line};
use super::{FONT, Hue, RIGHT, SMALL, WIDTH, X0, X1};
use crate::format::{self, fit, px, text_width};

/// Between the lanes and the plot.
const LANES_GAP: f64 = 12.0;
/// The mark of a violation stands between the lanes and the plot.
const MARK_ROOM: f64 = 15.0;
/// Two labels at line ends need this much room.
const LABEL_HEIGHT: f64 = 16.0;

/// A label at the right end of a line.
#[derive(Clone, Debug)]
pub(crate) struct EndLabel<'a> {
    /// The value at the line's end.
    pub value: f64,
    /// The text.
    pub text: &'a str,
    /// The colour, and with it the dash, of the sample beside the text.
    pub hue: Hue,
}

/// The time axis of a run with its faults: the same for every plot over time.
#[derive(Debug)]
pub(crate) struct TimeFrame<'a> {
    /// From the start to the end of the run.
    pub axis: Axis,
    bands: Bands,
    violation: Option<&'a Violation>,
}

impl TimeFrame<'_> {
    /// `None` when the run ended at time 0, where there is nothing to draw over time.
    pub(crate) fn new(record: &Record) -> Option<TimeFrame<'_>> {
        let end_ns = record.head.virtual_ns;
        if end_ns == 0 {
            return None;
        }
        let axis = Axis::time(end_ns);
        let bands = Bands::new(&record.faults, end_ns, &axis);
        let seen_at_a_time =
            |kind| !matches!(kind, ViolationKind::Expectation | ViolationKind::Nondeterminism);
        let violation = record.head.violations.iter().find(|v| seen_at_a_time(v.kind));
        Some(TimeFrame { axis, bands, violation })
    }

    /// The frame of several runs: the faults that they share, and no violation. `None` when all of
    /// them ended at time 0.
    pub(crate) fn shared(faults: &[FaultBand], end_ns: u64) -> Option<TimeFrame<'static>> {
        if end_ns == 0 {
            return None;
        }
        let axis = Axis::time(end_ns);
        let bands = Bands::new(faults, end_ns, &axis);
        Some(TimeFrame { axis, bands, violation: None })
    }

    /// Where the plotting area begins.
    pub(crate) fn top(&self) -> u32 {
        let mark = if self.violation.is_some() { MARK_ROOM } else { 0.0 };
        ceil(self.bands.height() + LANES_GAP + mark)
    }

    /// A plot over time: bands, grid and lines, lanes, labels. `extra` is drawn over the grid.
    pub(crate) fn draw(&self, plot: &TimePlot<'_>) -> Markup {
        let top = self.top();
        let bottom = top + plot.height;
        let lines = lines::draw(&self.axis, plot.y, &plot.lines, top, plot.height);
        svg(
            bottom + FOOT,
            plot.about,
            &html! {
                (self.bands.draw_bands(f64::from(bottom)))
                (plot.under)
                g class="plotted" { (PreEscaped(lines)) }
                (plot.extra)
                @if let Some(y) = plot.y { (end_labels(y, &plot.labels, top, plot.height)) }
                (self.bands.draw_lanes())
                @if let Some(violation) = self.violation {
                    (self.violation_mark(violation, top, bottom))
                }
            },
        )
    }

    fn violation_mark(&self, violation: &Violation, top: u32, bottom: u32) -> Markup {
        let x = self.axis.between(real(violation.at_ns), X0, X1);
        let room = (x - X0).max(X1 - x) - 12.0;
        let text = fit(&violation.property, room, SMALL).unwrap_or_default();
        let flip = x + 8.0 + text_width(&text, SMALL) > X1;
        html! {
            g class="violation-mark" {
                title { (violation.property) " violated at " (format::instant(violation.at_ns)) }
                line x1=(px(x)) x2=(px(x)) y1=(top) y2=(bottom) {}
                path d=(format!("M{} {top}l-5 -8h10z", px(x))) {}
                text x=(px(if flip { x - 8.0 } else { x + 8.0 })) y=(top - 4)
                    text-anchor=(if flip { "end" } else { "start" }) { (text) }
            }
        }
    }
}

/// What one plot over time adds to the frame.
#[derive(Debug)]
pub(crate) struct TimePlot<'a> {
    /// What the picture shows, for those who do not see it.
    pub about: &'a str,
    /// The height of the plotting area.
    pub height: u32,
    /// The vertical axis; none for lanes.
    pub y: Option<&'a Axis>,
    /// The lines.
    pub lines: Vec<Line>,
    /// Their labels.
    pub labels: Vec<EndLabel<'a>>,
    /// What lies under the grid and the lines, in the coordinates of the picture.
    pub under: Markup,
    /// Anything else, in the coordinates of the picture.
    pub extra: Markup,
}

/// The element around a picture.
pub(crate) fn svg(height: u32, about: &str, content: &Markup) -> Markup {
    html! {
        svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-label=(about)
            viewBox=(format!("0 0 {WIDTH} {height}")) { (content) }
    }
}

/// Labels beside the right ends of lines, moved apart where the lines end close together.
pub(crate) fn end_labels(y: &Axis, labels: &[EndLabel<'_>], top: u32, height: u32) -> Markup {
    let (top, bottom) = (f64::from(top), f64::from(top + height));
    let mut placed: Vec<(f64, &EndLabel<'_>)> =
        labels.iter().map(|label| (y.between(label.value, bottom, top), label)).collect();
    placed.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut floor = top + 4.0;
    for (at, _) in &mut placed {
        *at = at.max(floor);
        floor = *at + LABEL_HEIGHT;
    }
    let mut ceiling = bottom;
    for (at, _) in placed.iter_mut().rev() {
        *at = at.min(ceiling);
        ceiling = *at - LABEL_HEIGHT;
    }
    html! {
        @for (at, label) in placed {
            line class=(format!("sample {}", label.hue.class())) x1=(px(X1 + 3.0))
                x2=(px(X1 + 19.0)) y1=(px(at)) y2=(px(at)) {}
            text class="end-label" x=(px(X1 + 22.0)) y=(px(at + 4.5)) {
                (fit(label.text, f64::from(RIGHT) - 22.0, FONT).unwrap_or_default())
            }
        }
    }
}

/// Whole pixels that hold a height.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a height in pixels")]
pub(crate) fn ceil(height: f64) -> u32 {
    libm::ceil(height.max(0.0)) as u32
}
