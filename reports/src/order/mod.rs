//! A history that has no order, as a picture: the operations as bars over time, a lane a client, the
//! furthest order that works as a line through numbered points, and what has no place in it.

mod layout;
mod page;

use maud::{Markup, html};
use rehearsal_sim::check::Explanation;

use crate::format::{fit, px};
use layout::{BAR, Bar, LEFT, Layout, RIGHT, ROW, TOP, WIDTH};
pub use page::{Checked, Fact, page};

/// More instants than this are not all named below the picture.
const MOST_TICKS: usize = 10;
/// The size of the text.
const FONT: f64 = 12.5;

/// How the moments and clients of an explanation's bars are called, in their order.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// When each was called, and when it ended.
    pub moments: Vec<(String, Option<String>)>,
    /// The client of each.
    pub clients: Vec<String>,
}

impl Words {
    /// The usual words: `client2`, `4.001ms`.
    pub(crate) fn plain(explanation: &Explanation) -> Words {
        let instant = crate::format::instant;
        let bars = &explanation.bars;
        let moments = bars.iter().map(|bar| (instant(bar.called_ns), bar.ended_ns.map(instant)));
        let clients = bars.iter().map(|bar| format!("client{}", bar.client));
        Words { moments: moments.collect(), clients: clients.collect() }
    }
}

/// The picture, and the order in words below it; nothing where the explanation has no bars.
pub(crate) fn draw(explanation: &Explanation, words: &Words) -> Markup {
    if explanation.bars.is_empty() {
        return html! {};
    }
    let layout = Layout::new(explanation, words);
    html! {
        figure class="order" {
            (picture(&layout))
            figcaption {
                "Time runs from left to right, one event after the other, not to scale. "
                @if layout.has_places() {
                    "The numbered line is the furthest order in which operations can have taken "
                    "effect, each within its bar. "
                }
                "The operation in vermilion has no place"
                @if !explanation.expected.is_empty() { ": " (expected(explanation)) } @else { "." }
                @if layout.has_open() {
                    " Of operations that fade out nobody knows whether they took effect."
                }
            }
        }
        (steps(explanation, words))
    }
}

/// What was expected, as the end of a sentence.
fn expected(explanation: &Explanation) -> String {
    let words = explanation.expected.trim().trim_end_matches('.');
    format!("{words}.")
}

fn picture(layout: &Layout) -> Markup {
    let height = layout.height();
    let label = "The operations as bars over time, with the furthest order that works";
    html! {
        svg class="chart order" viewBox=(format!("0 0 {} {}", px(WIDTH), px(height)))
            role="img" aria-label=(label) {
            defs {
                linearGradient id="order-fade" {
                    stop class="fade-from" offset="0" {}
                    stop class="fade-from" offset="0.25" {}
                    stop class="fade-to" offset="1" {}
                }
            }
            @for lane in &layout.lanes {
                @if lane.is_odd {
                    rect class="lane" x="0" y=(px(lane.top)) width=(px(WIDTH)) height=(px(lane.height)) {}
                }
                @let name = fit(&lane.client, LEFT - 18.0, FONT).unwrap_or_default();
                text class="node-name" x="8" y=(px(lane.top + ROW / 2.0 + 4.0)) { (name) }
            }
            @for (at, label) in ticks(layout) {
                line class="tick" x1=(px(at)) x2=(px(at)) y1=(px(TOP)) y2=(px(height - 22.0)) {}
                @let anchor = if at > WIDTH - RIGHT - 60.0 { "end" } else { "middle" };
                text class="moment" x=(px(at)) y=(px(height - 8.0)) text-anchor=(anchor) { (label) }
            }
            @for bar in &layout.bars { (operation(bar)) }
            @let line = layout.line();
            @if line.len() > 1 {
                @let points: Vec<String> =
                    line.iter().map(|(x, y, _)| format!("{},{}", px(*x), px(*y))).collect();
                polyline class="way" points=(points.join(" ")) {}
            }
            @for (x, y, place) in &line {
                g class="place" {
                    circle cx=(px(*x)) cy=(px(*y)) r=(if *place > 99 { "11" } else { "9" }) {}
                    text x=(px(*x)) y=(px(*y + 4.0)) text-anchor="middle" { (place) }
                }
            }
        }
    }
}

/// The bar of an operation, what it is above it.
fn operation(bar: &Bar) -> Markup {
    let class = match (bar.is_blamed, bar.place) {
        (true, _) => "bar blamed",
        (false, None) => "bar unplaced",
        (false, Some(_)) => "bar",
    };
    let class = if bar.is_open { format!("{class} open") } else { class.to_owned() };
    let (text_at, anchor) = match bar.is_text_at_end {
        true => (bar.to, "end"),
        false => (bar.from, "start"),
    };
    html! {
        g class=(class) {
            title { (bar.title) }
            rect x=(px(bar.from)) y=(px(bar.top)) width=(px(bar.to - bar.from)) height=(px(BAR)) rx="4" {}
            line class="edge" x1=(px(bar.from)) x2=(px(bar.from)) y1=(px(bar.top - 2.0)) y2=(px(bar.top + BAR + 2.0)) {}
            @if !bar.is_open {
                line class="edge" x1=(px(bar.to)) x2=(px(bar.to)) y1=(px(bar.top - 2.0)) y2=(px(bar.top + BAR + 2.0)) {}
            }
            text class="halo" x=(px(text_at)) y=(px(bar.top - 6.0)) text-anchor=(anchor) {
                @if bar.is_blamed { "✗ " }
                (bar.text)
            }
        }
    }
}

/// Some of the instants, so that their names have room.
fn ticks(layout: &Layout) -> Vec<(f64, String)> {
    let step = layout.instants.len().div_ceil(MOST_TICKS).max(1);
    let all = layout.instants.iter().enumerate();
    all.filter(|(number, _)| number % step == 0).map(|(_, instant)| instant.clone()).collect()
}

/// The furthest order, a line each, with what the object holds after each.
fn steps(explanation: &Explanation, words: &Words) -> Markup {
    let mut placed: Vec<_> = explanation.bars.iter().enumerate().collect();
    placed.retain(|(_, bar)| bar.place.is_some());
    placed.sort_by_key(|(_, bar)| bar.place);
    let blamed = explanation.bars.iter().enumerate().find(|(_, bar)| bar.is_blamed);
    let client = |which: usize| words.clients.get(which).map_or("", String::as_str);
    html! {
        @if !placed.is_empty() {
            table class="steps" {
                thead {
                    tr {
                        th scope="col" { "" } th scope="col" { "operation" } th scope="col" { "by" }
                        th scope="col" { "the object then" }
                    }
                }
                tbody {
                    @for (which, bar) in placed {
                        tr {
                            td class="number" { (bar.place.unwrap_or_default()) }
                            td { (bar.text) } td { (client(which)) }
                            td { (bar.state_after.as_deref().unwrap_or("")) }
                        }
                    }
                    @if let Some((which, bar)) = blamed.filter(|(_, bar)| bar.place.is_none()) {
                        tr class="broken" {
                            td class="number" { "✗" }
                            td { (bar.text) } td { (client(which)) }
                            td { "no place" }
                        }
                    }
                }
            }
        }
    }
}
