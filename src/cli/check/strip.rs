//! The picture of a failure for a terminal: the operations as bars over the moments of the history,
//! a line each, a hundred columns wide.

use std::fmt::Write as _;

use rehearsal_sim::check::Bar;

use crate::cli::print::{BOLD, DIM, PLAIN, RED, shorten};
use crate::cli::say::clean;

/// The widest line.
const WIDTH: usize = 100;
/// The widest column of clients and of moments.
const NARROW: usize = 16;
/// The widest column of operations.
const TEXT: usize = 40;
/// The longest picture.
const MOST: usize = 40;

/// Draws the bars; `moments` are what to call when each was called and ended.
pub(crate) fn draw(
    bars: &[Bar],
    moments: &[(String, Option<String>)],
    clients: &[String],
) -> String {
    let mut instants: Vec<u64> =
        bars.iter().flat_map(|bar| [Some(bar.called_ns), bar.ended_ns]).flatten().collect();
    instants.sort_unstable();
    instants.dedup();
    let place = |time: u64| instants.partition_point(|instant| *instant < time);
    let column =
        |texts: &mut dyn Iterator<Item = usize>, most: usize| texts.max().unwrap_or(0).min(most);
    let client_width = column(&mut clients.iter().map(|client| client.chars().count()), NARROW);
    let text_width = column(&mut bars.iter().map(|bar| bar.text.chars().count()), TEXT);
    let from = |which: usize| moments.get(which).map_or("", |(from, _)| from.as_str());
    let from_width = column(&mut (0..bars.len()).map(|which| from(which).chars().count()), NARROW);
    let fixed = 2 + client_width + 2 + text_width + 2 + from_width + 2;
    let strip = WIDTH.saturating_sub(fixed + 5).clamp(16, 48);
    // Every instant has a column; where there is room, several.
    let last = instants.len().max(2) - 1;
    let at = |time: u64| place(time) * (strip - 1) / last;
    let mut out = String::new();
    for (which, bar) in bars.iter().take(MOST).enumerate() {
        let (begin, end) = (at(bar.called_ns), bar.ended_ns.map(at));
        let mut line = " ".repeat(begin);
        match end {
            Some(end) if end > begin => {
                line += &format!("├{}┤", "─".repeat(end - begin - 1));
            }
            Some(_) => line.push('┃'),
            None => line += &format!("├{}", "┄".repeat(strip.saturating_sub(begin + 1))),
        }
        let drawn: String = line.chars().take(strip).collect();
        let number = bar.place.map_or(String::new(), |place| format!("#{place}"));
        let (begin_colour, end_colour) = match (bar.is_blamed, bar.place) {
            (true, _) => (RED, PLAIN),
            (false, None) => (DIM, PLAIN),
            _ => ("", ""),
        };
        let client = clients.get(which).map_or("", String::as_str);
        let text = shorten(&clean(&bar.text), text_width.max(1));
        let written = format!(
            "  {:<client_width$}  {text:<text_width$}  {:<from_width$}  {drawn:<strip$}",
            shorten(&clean(client), client_width.max(1)),
            shorten(from(which), from_width.max(1)),
        );
        let mark = if bar.is_blamed { "<--" } else { number.as_str() };
        let whole = format!("{written} {mark}");
        writeln!(out, "{begin_colour}{}{end_colour}", whole.trim_end())
            .expect("a string takes text");
    }
    if bars.len() > MOST {
        writeln!(out, "  ... and {} more", bars.len() - MOST).expect("a string takes text");
    }
    if bars.iter().any(|bar| bar.place.is_some()) {
        let legend = "#1, #2, ..: the furthest order of these operations that works";
        writeln!(out, "  {DIM}{legend}; {BOLD}<--{PLAIN}{DIM} has no place in it{PLAIN}")
            .expect("a string takes text");
    }
    out
}
