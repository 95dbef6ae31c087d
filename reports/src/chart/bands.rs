//! Faults in a time plot: one named lane per kind above the plot, in which every fault is a bar,
//! and a pale band over the full height, so that the eye can follow an edge down to what it did.
//!
//! ```text
//!      crash |      [n3       ]            [n1 ]
//!  partition |           [n1 n2 | n3 n4 n5      ]
//!            |------::::::=====::::::::::--:::::-----
//! ```

use maud::{Markup, html};
use rehearsal_sim::record::FaultBand;

use super::axis::{Axis, real};
use super::{SMALL, X0, X1};
use crate::format::{self, fit, px, text_width};

/// The height of a row of bars.
const ROW: f64 = 17.0;
/// Above each lane.
const LANE_GAP: f64 = 3.0;
/// More kinds than this share one lane.
const MOST_LANES: usize = 8;
/// More faults than this are drawn together with their neighbours.
const MOST_BARS: usize = 240;
/// An instant fault is drawn this wide.
const THINNEST: f64 = 2.0;

/// The faults of a run, laid out.
#[derive(Debug)]
pub(crate) struct Bands {
    lanes: Vec<Lane>,
    /// So many faults that bars stand for several.
    joined: bool,
}

#[derive(Debug)]
struct Lane {
    name: String,
    class: &'static str,
    top: f64,
    rows: usize,
    bars: Vec<Bar>,
}

#[derive(Debug)]
struct Bar {
    x0: f64,
    x1: f64,
    row: usize,
    text: String,
    title: String,
    faults: u64,
    label: Option<(f64, String)>,
}

impl Bands {
    /// Lays out faults along the time axis of a run that ended at `end_ns`.
    pub(crate) fn new(faults: &[FaultBand], end_ns: u64, axis: &Axis) -> Bands {
        let mut kinds: Vec<(&str, Vec<&FaultBand>)> = Vec::new();
        for fault in faults {
            match kinds.iter_mut().find(|(kind, _)| *kind == fault.kind) {
                Some((_, faults)) => faults.push(fault),
                None => kinds.push((&fault.kind, vec![fault])),
            }
        }
        if kinds.len() > MOST_LANES {
            let rest = kinds.split_off(MOST_LANES - 1);
            kinds.push(("others", rest.into_iter().flat_map(|(_, faults)| faults).collect()));
        }
        let most_rows = match kinds.len() {
            0..3 => 4,
            _ => 2,
        };
        let join = match faults.len() {
            0..=MOST_BARS => None,
            _ => Some((X1 - X0) * real(kinds.len() as u64) / real(MOST_BARS as u64)),
        };
        let mut top = 0.0;
        let mut lanes = Vec::new();
        for (i, (kind, mut faults)) in kinds.into_iter().enumerate() {
            faults.sort_by_key(|fault| fault.from_ns);
            let bars = bars(&faults, axis, end_ns, join);
            let lane = lane(kind, i, top + LANE_GAP, bars, most_rows);
            top = lane.top + ROW * real(lane.rows as u64);
            lanes.push(lane);
        }
        Bands { lanes, joined: join.is_some() }
    }

    /// How much room the lanes take above the plot.
    pub(crate) fn height(&self) -> f64 {
        self.lanes.last().map_or(0.0, |lane| lane.top + ROW * real(lane.rows as u64))
    }

    /// The pale bands, from each lane down to the foot of the plot: to be drawn first. Faults of a
    /// kind that overlap in time share a band, or the overlap would look like another colour. In a
    /// storm of faults everything would be under some band, and there are none.
    pub(crate) fn draw_bands(&self, bottom: f64) -> Markup {
        if self.joined {
            return html! {};
        }
        let many = if self.lanes.len() > 3 { " many" } else { "" };
        html! {
            @for lane in &self.lanes {
                @for (x0, x1) in lane.union() {
                    rect class=(format!("band {}{many}", lane.class)) x=(px(x0)) y=(px(lane.top))
                        width=(px(x1 - x0)) height=(px(bottom - lane.top)) {}
                }
            }
        }
    }

    /// The lanes with their names, bars and labels.
    pub(crate) fn draw_lanes(&self) -> Markup {
        html! {
            @for lane in &self.lanes {
                text class="lane-name" x=(px(X0 - 8.0)) y=(px(lane.top + 12.5)) text-anchor="end" {
                    @match fit(&lane.name, X0 - 10.0, SMALL) {
                        Some(name) if name == lane.name => (name),
                        name => { title { (lane.name) } (name.unwrap_or_default()) }
                    }
                }
                @for bar in &lane.bars { (bar.draw(lane)) }
                @for bar in &lane.bars {
                    @if let Some((x, text)) = &bar.label {
                        g {
                            @if *text != bar.text { title { (bar.title) } }
                            text class="lane-label" x=(px(*x))
                                y=(px(lane.top + ROW * real(bar.row as u64) + 12.5)) { (text) }
                        }
                    }
                }
            }
        }
    }
}

impl Bar {
    fn draw(&self, lane: &Lane) -> Markup {
        html! {
            rect class=(format!("fault {}", lane.class)) x=(px(self.x0))
                y=(px(lane.top + ROW * real(self.row as u64) + 1.0))
                width=(px(self.x1 - self.x0)) height=(px(ROW - 2.0)) { title { (self.title) } }
        }
    }
}

impl Lane {
    fn union(&self) -> Vec<(f64, f64)> {
        let mut spans: Vec<(f64, f64)> = Vec::new();
        let mut sorted: Vec<(f64, f64)> = self.bars.iter().map(|bar| (bar.x0, bar.x1)).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (x0, x1) in sorted {
            match spans.last_mut() {
                Some(last) if x0 <= last.1 => last.1 = last.1.max(x1),
                _ => spans.push((x0, x1)),
            }
        }
        spans
    }
}

/// One bar per fault; with `join`, bars that stand closer than that are drawn as one.
fn bars(faults: &[&FaultBand], axis: &Axis, end_ns: u64, join: Option<f64>) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    for fault in faults {
        let to_ns = fault.to_ns.unwrap_or(end_ns).max(fault.from_ns);
        let x0 = axis.between(real(fault.from_ns), X0, X1).min(X1 - THINNEST);
        let x1 = axis.between(real(to_ns), X0, X1).max(x0 + THINNEST);
        match bars.last_mut() {
            Some(last) if join.is_some_and(|gap| x0 <= last.x1 + gap) => {
                last.x1 = last.x1.max(x1);
                last.faults += 1;
                last.text = format!("{}×", format::count(last.faults));
                last.title = format!("{}, drawn together", format::plural(last.faults, "fault"));
            }
            _ => bars.push(Bar {
                x0,
                x1,
                row: 0,
                text: fault.label.clone(),
                title: title(fault),
                faults: 1,
                label: None,
            }),
        }
    }
    bars
}

/// What the tooltip of a fault says.
fn title(fault: &FaultBand) -> String {
    let from = format::instant(fault.from_ns);
    let when = match fault.to_ns {
        Some(to) if to == fault.from_ns => format!("at {from}"),
        Some(to) => format!("{from} to {}", format::instant(to)),
        None => format!("{from} to the end"),
    };
    format!("{} {}: {when}", fault.kind, fault.label)
}

/// Gives each bar a row in which it overlaps nothing, as far as the rows reach, and a label where
/// there is room for one.
fn lane(name: &str, index: usize, top: f64, mut bars: Vec<Bar>, most_rows: usize) -> Lane {
    let mut free: Vec<f64> = Vec::new();
    for bar in &mut bars {
        let fitting = free.iter().position(|end| *end <= bar.x0);
        bar.row = fitting.unwrap_or_else(|| {
            if free.len() < most_rows {
                free.push(0.0);
            }
            free.len() - 1
        });
        free[bar.row] = free[bar.row].max(bar.x1);
    }
    for row in 0..free.len() {
        let mut members: Vec<&mut Bar> = bars.iter_mut().filter(|bar| bar.row == row).collect();
        place_labels(&mut members);
    }
    let class = ["orange", "sky", "yellow"][index % 3];
    Lane { name: name.to_owned(), class, top, rows: free.len().max(1), bars }
}

/// Labels stand within their bar, shortened where they must be; those of a bar too narrow for any
/// text stand beside it, before the next one. What fits nowhere is left to the tooltip.
fn place_labels(bars: &mut [&mut Bar]) {
    let mut taken = X0;
    for i in 0..bars.len() {
        let next = bars.get(i + 1).map_or(X1, |bar| bar.x0);
        let bar = &mut bars[i];
        let inside = bar.x0.max(taken) + 4.0;
        let beside = bar.x1.max(taken) + 4.0;
        let before = bar.x0 - 3.0 - text_width(&bar.text, SMALL);
        let placed = if let Some(text) = fit(&bar.text, bar.x1.min(next) - 2.0 - inside, SMALL) {
            Some((inside, text))
        } else if beside + text_width(&bar.text, SMALL) > next - 2.0 && before >= taken + 2.0 {
            Some((before, bar.text.clone()))
        } else {
            fit(&bar.text, next - 2.0 - beside, SMALL).map(|text| (beside, text))
        };
        taken = taken.max(bar.x1);
        if let Some((x, text)) = placed {
            taken = taken.max(x + text_width(&text, SMALL));
            bar.label = Some((x, text));
        }
    }
}
