//! Two candidates, measure by measure: by how much they differ, seed by seed, and how sure that is.

use maud::{Markup, html};

use super::measure::{Unit, shown};
use crate::chart::axis::Axis;
use crate::chart::frame;
use crate::chart::{FONT, LEFT, RIGHT, WIDTH};
use crate::format::{self, fit, px, text_width};

/// The height of a row of the picture.
const ROW: f64 = 24.0;
/// The room for names left of the picture, beyond the usual margin.
const NAMES: f64 = 150.0;
/// Changes beyond this share are drawn at the edge.
const FARTHEST: f64 = 2.0;

/// A measure of both candidates over the seeds that both have it in.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Its name.
    pub name: String,
    /// What it is counted in.
    pub unit: Unit,
    /// How many seeds both have it in.
    pub pairs: u64,
    /// The mean of the first.
    pub mean_a: f64,
    /// The mean of the second.
    pub mean_b: f64,
    /// The mean of the differences, second minus first.
    pub mean: f64,
    /// Its 99 % confidence interval; `None` with fewer than two pairs.
    pub interval: Option<Interval>,
    /// What can be said.
    pub verdict: Verdict,
}

/// From one number to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// What can be said of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No seed tells the two apart.
    Same,
    /// The interval contains zero.
    NotDistinguishable,
    /// The second is higher.
    Higher,
    /// The second is lower.
    Lower,
    /// There are too few pairs for an interval.
    TooFew,
}

impl Verdict {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Same => "the same in every seed",
            Verdict::NotDistinguishable => "not distinguishable",
            Verdict::Higher => "higher",
            Verdict::Lower => "lower",
            Verdict::TooFew => "too few seeds",
        }
    }
}

impl Difference {
    /// A difference as a share of the first candidate's mean; `None` where that is zero.
    pub fn relative(&self, difference: f64) -> Option<f64> {
        (self.mean_a != 0.0).then(|| difference / self.mean_a.abs())
    }
}

/// The picture: a dot with its interval for each measure, as a share of the first candidate's mean.
pub(super) fn draw(differences: &[Difference]) -> Option<Markup> {
    let rows: Vec<(&Difference, f64, Interval)> = differences
        .iter()
        .filter(|one| one.verdict != Verdict::Same)
        .filter_map(|one| {
            let interval = one.interval?;
            let (low, high) = (one.relative(interval.low)?, one.relative(interval.high)?);
            Some((one, one.relative(one.mean)?, Interval { low, high }))
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
    let ends = rows.iter().flat_map(|(_, _, at)| [at.low, at.high]);
    let (lo, hi) = ends.fold((0.0_f64, 0.0_f64), |(lo, hi), end| (lo.min(end), hi.max(end)));
    let x = Axis::change(lo.max(-FARTHEST), hi.min(FARTHEST));
    let left = f64::from(LEFT) + NAMES - 70.0;
    let right = f64::from(WIDTH - RIGHT);
    let at = |share: f64| x.between(share, left, right);
    let bottom = 6.0 + ROW * float(rows.len());
    let zero = at(0.0);
    let content = html! {
        g class="differences" {
            @for (place, text) in x.ticks() {
                line class="tick" x1=(px(at(*place))) x2=(px(at(*place))) y1="4" y2=(px(bottom)) {}
                text x=(px(at(*place))) y=(px(bottom + 18.0)) text-anchor="middle" { (text) }
            }
            line class="zero" x1=(px(zero)) x2=(px(zero)) y1="0" y2=(px(bottom + 4.0)) {}
            @for (row, (difference, mean, interval)) in rows.iter().enumerate() {
                (draw_row(difference, *mean, *interval, 6.0 + ROW * (float(row) + 0.5), left, &at))
            }
        }
    };
    let about = "Relative differences between the two candidates with their confidence intervals.";
    Some(frame::svg(frame::ceil(bottom + 26.0), about, &content))
}

fn draw_row(
    difference: &Difference,
    mean: f64,
    interval: Interval,
    y: f64,
    left: f64,
    at: &dyn Fn(f64) -> f64,
) -> Markup {
    let is_sure = matches!(difference.verdict, Verdict::Higher | Verdict::Lower);
    let class = if is_sure { "sure" } else { "unsure" };
    let name = fit(&difference.name, left - 14.0, FONT).unwrap_or_default();
    let change = format::change(mean);
    let right = f64::from(WIDTH - RIGHT);
    let beyond = mean.abs() > FARTHEST || interval.low < -FARTHEST || interval.high > FARTHEST;
    let mark = if beyond { format!("{change} …") } else { change.clone() };
    let room = f64::from(RIGHT) - 10.0;
    let mark = if text_width(&mark, FONT) <= room { mark } else { change.clone() };
    html! {
        g class=(class) {
            title {
                (difference.name) ": " (change) ", from " (format::change(interval.low)) " to "
                (format::change(interval.high)) ", " (difference.verdict.words())
            }
            text x=(px(left - 10.0)) y=(px(y + 4.5)) text-anchor="end" { (name) }
            line class="reach" x1=(px(at(interval.low))) x2=(px(at(interval.high))) y1=(px(y))
                y2=(px(y)) {}
            circle cx=(px(at(mean))) cy=(px(y)) r="5" {}
            text x=(px(right + 8.0)) y=(px(y + 4.5)) { (mark) }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few dozen rows")]
fn float(rows: usize) -> f64 {
    rows as f64
}

/// The table of differences.
pub(super) fn table(differences: &[Difference]) -> Markup {
    html! {
        div class="scroll differences-table" tabindex="0" role="region" aria-label="The differences" {
            table class="points" {
                thead { tr {
                    th scope="col" { "measure" }
                    th scope="col" class="number" { "mean of A" }
                    th scope="col" class="number" { "mean of B" }
                    th scope="col" class="number" { "B − A" }
                    th scope="col" class="number" { "99 % interval" }
                    th scope="col" class="number" { "change" }
                    th scope="col" class="number" { "pairs" }
                    th scope="col" { "B is" }
                } }
                tbody { @for difference in differences { (row(difference)) } }
            }
        }
    }
}

fn row(one: &Difference) -> Markup {
    let sure = matches!(one.verdict, Verdict::Higher | Verdict::Lower);
    let number = |number: f64| shown(one.unit, number);
    html! {
        tr {
            th scope="row" { (one.name) }
            td class="number" { (number(one.mean_a)) }
            td class="number" { (number(one.mean_b)) }
            td class="number" { (number(one.mean)) }
            td class="number" {
                @match one.interval.filter(|_| one.verdict != Verdict::Same) {
                    Some(Interval { low, high }) => { (number(low)) " … " (number(high)) }
                    None => "–",
                }
            }
            td class="number" { (one.relative(one.mean).map_or("–".to_owned(), format::change)) }
            td class="number" { (one.pairs) }
            td class="short" { @if sure { strong { (one.verdict.words()) } } @else { (one.verdict.words()) } }
        }
    }
}
