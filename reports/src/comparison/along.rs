//! Measures along an axis of the matrix: what becomes of them when one setting changes.

use maud::{Markup, PreEscaped, html};
use rehearsal_sim::time::{Span, SpanRange};

use super::measure::{Measure, Spread, Unit, measure};
use super::{Comparison, MOST_OVERLAID, Variant};
use crate::chart::axis::{Axis, real};
use crate::chart::frame::{self, EndLabel};
use crate::chart::lines::{self, FOOT, Line};
use crate::chart::spread::{self, Spread as Band};
use crate::chart::{Hue, VARIANTS, X0, X1};
use crate::format::px;

const TOP: u32 = 10;
const HEIGHT: u32 = 150;

/// The measures that are drawn.
const DRAWN: [&str; 4] = ["p99_ns", "ok_per_s", "unavailable_ns", "messages_sent"];

/// The axis of a matrix along which measures are drawn.
pub(super) struct Along<'a> {
    comparison: &'a Comparison,
    axis: usize,
    /// Where each of its values stands.
    places: Vec<f64>,
    /// Whether they are numbers: then lines join them.
    pub(super) numeric: bool,
    tracks: Vec<Track<'a>>,
}

/// Variants that differ in one axis only.
struct Track<'a> {
    /// What the other axes say.
    name: String,
    /// Their values alone, for the end of a line.
    label: String,
    variants: Vec<&'a Variant>,
}

/// One measure along an axis.
pub(super) struct Picture {
    pub(super) title: String,
    pub(super) svg: Markup,
}

impl<'a> Along<'a> {
    /// The numeric axis with the most values, or else any with the most; `None` where no axis has
    /// two, or too many lines would be drawn over each other.
    pub(super) fn new(comparison: &'a Comparison) -> Option<Along<'a>> {
        let axes = &comparison.axes;
        let candidates = (0..axes.len()).filter(|at| axes[*at].values.len() > 1).rev();
        let worth = |at: &usize| (positions(&axes[*at].values).is_some(), axes[*at].values.len());
        let axis = candidates.max_by_key(worth)?;
        let numbers = positions(&axes[axis].values);
        let numeric = numbers.is_some();
        let count = u32::try_from(axes[axis].values.len()).ok()?;
        let places = numbers.unwrap_or_else(|| (0..count).map(f64::from).collect());
        let mut tracks: Vec<Track<'_>> = Vec::new();
        let mut keys: Vec<Vec<usize>> = Vec::new();
        for variant in &comparison.variants {
            let mut rest = variant.values.clone();
            rest.remove(axis);
            match keys.iter().position(|known| *known == rest) {
                Some(at) => tracks[at].variants.push(variant),
                None => {
                    let (name, label) = others(comparison, variant, axis);
                    tracks.push(Track { name, label, variants: vec![variant] });
                    keys.push(rest);
                }
            }
        }
        let few = tracks.len() <= MOST_OVERLAID;
        few.then_some(Along { comparison, axis, places, numeric, tracks })
    }

    /// The key of the axis.
    pub(super) fn key(&self) -> &str {
        &self.comparison.axes[self.axis].key
    }

    /// What tells the lines apart, with their colours; empty where there is one.
    pub(super) fn legend(&self) -> Vec<(Hue, &str)> {
        let named = self.tracks.iter().zip(VARIANTS).map(|(track, hue)| (hue, track.name.as_str()));
        named.filter(|_| self.tracks.len() > 1).collect()
    }

    /// A picture for each measure that any variant has, and that is not zero everywhere.
    pub(super) fn draw(&self) -> Vec<Picture> {
        DRAWN.iter().filter_map(|key| self.picture(measure(key))).collect()
    }

    fn picture(&self, measure: &Measure) -> Option<Picture> {
        let tracks: Vec<Vec<(f64, Spread)>> = self
            .tracks
            .iter()
            .map(|track| {
                let at = |variant: &&Variant| {
                    Some((self.places[variant.values[self.axis]], variant.spread(measure)?))
                };
                let mut points: Vec<(f64, Spread)> = track.variants.iter().filter_map(at).collect();
                points.sort_by(|a, b| a.0.total_cmp(&b.0));
                points
            })
            .collect();
        let y = vertical(measure.unit, &tracks)?;
        let texts = &self.comparison.axes[self.axis].values;
        let ticks: Vec<(f64, &str)> =
            self.places.iter().copied().zip(texts.iter().map(String::as_str)).collect();
        let x = Axis::values(&ticks);
        let title = format!("{} by {}", measure.name, self.key());
        Some(Picture { svg: self.svg(&x, &y, &tracks, &title), title })
    }

    fn svg(&self, x: &Axis, y: &Axis, tracks: &[Vec<(f64, Spread)>], about: &str) -> Markup {
        let (mut drawn, mut bands, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        for ((points, track), hue) in tracks.iter().zip(&self.tracks).zip(VARIANTS) {
            let line = |pick: fn(&Spread) -> f64| {
                vec![points.iter().map(|(at, spread)| (*at, pick(spread))).collect::<Vec<_>>()]
            };
            if self.numeric && points.len() > 1 {
                bands.push(Band { high: line(|one| one.p95), low: line(|one| one.p5), hue });
                drawn.push(Line { pieces: line(|one| one.median), hue, width: 2 });
            }
            if let Some((_, last)) = points.last().filter(|_| tracks.len() > 1) {
                labels.push(EndLabel { value: last.median, text: &track.label, hue });
            }
        }
        let foot = f64::from(TOP + HEIGHT);
        let at = |value: f64| y.between(value, foot, f64::from(TOP));
        let content = html! {
            (spread::draw(x, y, &bands, TOP, HEIGHT))
            g class="plotted" { (PreEscaped(lines::draw(x, Some(y), &drawn, TOP, HEIGHT))) }
            @for (points, hue) in tracks.iter().zip(VARIANTS) {
                @for (place, spread) in points {
                    @let x = px(x.between(*place, X0, X1));
                    @if !self.numeric || points.len() == 1 {
                        line class=(format!("whisker sample {}", hue.class())) x1=(x) x2=(x)
                            y1=(px(at(spread.p5))) y2=(px(at(spread.p95))) {}
                    }
                    circle class=(format!("variant {}", hue.class())) cx=(x)
                        cy=(px(at(spread.median))) r="4" {}
                }
            }
            (frame::end_labels(y, &labels, TOP, HEIGHT))
        };
        frame::svg(TOP + HEIGHT + FOOT, about, &content)
    }
}

/// The settings of a variant besides one axis, and their values alone.
fn others(comparison: &Comparison, variant: &Variant, axis: usize) -> (String, String) {
    let is_other = |at: &usize| *at != axis && comparison.axes[*at].values.len() > 1;
    let setting = |at: usize| {
        let other = &comparison.axes[at];
        (other.key.as_str(), other.values[variant.values[at]].as_str())
    };
    let rest: Vec<(&str, &str)> =
        (0..comparison.axes.len()).filter(is_other).map(setting).collect();
    let named: Vec<String> = rest.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    let values: Vec<&str> = rest.iter().map(|(_, value)| *value).collect();
    (named.join(", "), values.join(" · "))
}

fn vertical(unit: Unit, tracks: &[Vec<(f64, Spread)>]) -> Option<Axis> {
    let spreads = || tracks.iter().flatten().map(|(_, spread)| spread);
    let most = spreads().map(|spread| spread.p95).fold(0.0, f64::max);
    if most <= 0.0 {
        return None;
    }
    Some(match unit {
        Unit::Rate | Unit::Count => Axis::count(most),
        Unit::Span => {
            let positive = spreads().map(|spread| spread.p5).filter(|ns| *ns > 0.0);
            let least = positive.fold(most, f64::min);
            let any_zero = spreads().any(|spread| spread.p5 <= 0.0);
            Axis::latency(whole(if any_zero { least / 2.0 } else { least }), whole(most))
        }
    })
}

/// Where values stand as numbers: numbers, spans of time, ranges of them (at their middle) and
/// rates. `None` where one is something else, or they are of several kinds.
fn positions(values: &[String]) -> Option<Vec<f64>> {
    let kinds: [fn(&str) -> Option<f64>; 4] = [
        |text| text.replace('_', "").parse().ok().filter(|x: &f64| x.is_finite()),
        |text| Span::parse(text).ok().map(|span| real(span.0)),
        |text| SpanRange::parse(text).ok().map(|range| (real(range.lo.0) + real(range.hi.0)) / 2.0),
        |text| {
            let (count, unit) = text.split_once('/')?;
            let per = Span::parse(&format!("1{}", unit.trim())).ok()?;
            Some(count.trim().replace('_', "").parse::<f64>().ok()? * 1e9 / real(per.0))
        },
    ];
    kinds.into_iter().find_map(|read| values.iter().map(|text| read(text)).collect())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "nanoseconds")]
fn whole(number: f64) -> u64 {
    libm::round(number) as u64
}

#[cfg(test)]
mod tests {
    use super::positions;

    #[test]
    fn settings_that_are_numbers_stand_where_they_belong() {
        let at = |values: &[&str]| {
            positions(&values.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(at(&["3", "5", "0.5"]), Some(vec![3.0, 5.0, 0.5]));
        assert_eq!(at(&["1ms", "2s"]), Some(vec![1e6, 2e9]));
        assert_eq!(at(&["100ms..300ms", "1s"]), Some(vec![2e8, 1e9]));
        assert_eq!(at(&["500/s", "1/ms"]), Some(vec![500.0, 1000.0]));
        assert_eq!(at(&["raft", "ping"]), None);
        assert_eq!(at(&["3", "1ms"]), None);
        assert_eq!(at(&["{ constant = \"1ms\" }"]), None);
    }
}
