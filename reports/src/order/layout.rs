//! Where everything goes: instants side by side, clients one below the other, and no text on
//! another.

use rehearsal_sim::check::Explanation;

use super::{FONT, Words};
use crate::format::{fit, text_width};

/// The size of the picture.
pub(super) const WIDTH: f64 = 1000.0;
/// The room for the names of clients.
pub(super) const LEFT: f64 = 110.0;
/// The room at the right edge.
pub(super) const RIGHT: f64 = 16.0;
/// The room above.
pub(super) const TOP: f64 = 8.0;
/// The height of a row: a text and its bar.
pub(super) const ROW: f64 = 50.0;
/// The height of a bar.
pub(super) const BAR: f64 = 18.0;
/// The room for the names of instants.
const BOTTOM: f64 = 30.0;
/// The widest text of an operation.
const TEXT: f64 = 420.0;

/// A client's part of the picture.
pub(super) struct Lane {
    pub(super) client: String,
    pub(super) top: f64,
    pub(super) height: f64,
    pub(super) is_odd: bool,
}

/// An operation.
pub(super) struct Bar {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) top: f64,
    pub(super) text: String,
    pub(super) title: String,
    /// Whether the text ends where the bar does: there is no room on the right.
    pub(super) is_text_at_end: bool,
    pub(super) is_open: bool,
    pub(super) is_blamed: bool,
    pub(super) place: Option<u32>,
    pub(super) client: String,
}

pub(super) struct Layout {
    pub(super) lanes: Vec<Lane>,
    pub(super) bars: Vec<Bar>,
    /// Where each instant is, and what it is called.
    pub(super) instants: Vec<(f64, String)>,
    /// Between two instants.
    step: f64,
}

impl Layout {
    pub(super) fn new(explanation: &Explanation, words: &Words) -> Layout {
        let (instants, times, step) = instants(explanation, words);
        let at = |time: u64| {
            let place = times.partition_point(|known| *known < time);
            instants.get(place).map_or(WIDTH - RIGHT, |(at, _)| *at)
        };
        let bars = explanation.bars.iter().enumerate().map(|(which, bar)| {
            let (from, to) = (at(bar.called_ns), bar.ended_ns.map_or(WIDTH - RIGHT, at));
            let to = to.max(from + 6.0);
            let text = fit(&bar.text, TEXT, FONT).unwrap_or_else(|| bar.text.clone());
            let width = text_width(&text, FONT) + if bar.is_blamed { 20.0 } else { 8.0 };
            let (called, ended) = words.moments.get(which).cloned().unwrap_or_default();
            let ended =
                ended.map_or("never heard of again".to_owned(), |ended| format!("to {ended}"));
            Bar {
                from,
                to,
                top: 0.0,
                title: format!("{}: from {called} {ended}", bar.text),
                is_text_at_end: from + width > WIDTH,
                is_open: bar.ended_ns.is_none(),
                is_blamed: bar.is_blamed,
                place: bar.place,
                client: words.clients.get(which).cloned().unwrap_or_default(),
                text,
            }
        });
        let mut bars: Vec<Bar> = bars.collect();
        let lanes = stack(&mut bars);
        Layout { lanes, bars, instants, step }
    }

    pub(super) fn height(&self) -> f64 {
        self.lanes.last().map_or(TOP, |lane| lane.top + lane.height) + BOTTOM
    }

    pub(super) fn has_places(&self) -> bool {
        self.bars.iter().any(|bar| bar.place.is_some())
    }

    pub(super) fn has_open(&self) -> bool {
        self.bars.iter().any(|bar| bar.is_open)
    }

    /// The points of the furthest order: each within its bar, none left of the one before.
    pub(super) fn line(&self) -> Vec<(f64, f64, u32)> {
        let mut placed: Vec<(&Bar, u32)> =
            self.bars.iter().filter_map(|bar| Some((bar, bar.place?))).collect();
        placed.sort_by_key(|(_, place)| *place);
        let gap = (self.step / 2.0).min(26.0);
        let mut points: Vec<(f64, f64, u32)> = Vec::new();
        let mut last = 0.0_f64;
        for (bar, place) in placed {
            let end = (bar.to - 5.0).max(bar.from);
            let at = (bar.from + gap).max(last + gap).min(end).max(last.min(bar.to));
            points.push((at, bar.top + BAR / 2.0, place));
            last = at;
        }
        points
    }
}

/// Every instant that something happens at, side by side, with what it is called.
fn instants(explanation: &Explanation, words: &Words) -> (Vec<(f64, String)>, Vec<u64>, f64) {
    let mut named: Vec<(u64, String)> = Vec::new();
    for (which, bar) in explanation.bars.iter().enumerate() {
        let (called, ended) = words.moments.get(which).cloned().unwrap_or_default();
        named.push((bar.called_ns, called));
        named.extend(bar.ended_ns.map(|time| (time, ended.unwrap_or_default())));
    }
    named.sort();
    named.dedup_by_key(|(time, _)| *time);
    let has_open = explanation.bars.iter().any(|bar| bar.ended_ns.is_none());
    let count = named.len().max(2) - usize::from(!has_open);
    let step = (WIDTH - LEFT - RIGHT) / count as f64;
    let times = named.iter().map(|(time, _)| *time).collect();
    let places = named.into_iter().enumerate();
    (places.map(|(n, (_, name))| (LEFT + n as f64 * step, name)).collect(), times, step)
}

/// Puts the bars of a client below each other where they, or their texts, would touch.
fn stack(bars: &mut [Bar]) -> Vec<Lane> {
    let mut clients: Vec<String> = Vec::new();
    for bar in bars.iter() {
        if !clients.contains(&bar.client) {
            clients.push(bar.client.clone());
        }
    }
    let mut lanes = Vec::new();
    let mut top = TOP;
    for (number, client) in clients.into_iter().enumerate() {
        // How far each row is filled.
        let mut rows: Vec<f64> = Vec::new();
        for bar in bars.iter_mut().filter(|bar| bar.client == client) {
            let width = text_width(&bar.text, FONT) + if bar.is_blamed { 20.0 } else { 8.0 };
            let (from, to) = match bar.is_text_at_end {
                true => (bar.from.min(bar.to - width), bar.to),
                false => (bar.from, bar.to.max(bar.from + width)),
            };
            let free = rows.iter().position(|filled| *filled <= from);
            let row = free.unwrap_or(rows.len());
            if free.is_none() {
                rows.push(0.0);
            }
            rows[row] = to + 4.0;
            bar.top = top + row as f64 * ROW + ROW - BAR - 6.0;
        }
        let height = rows.len() as f64 * ROW;
        lanes.push(Lane { client, top, height, is_odd: number % 2 == 1 });
        top += height;
    }
    lanes
}
