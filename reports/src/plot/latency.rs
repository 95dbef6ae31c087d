//! Latency over virtual time: median, 99th percentile and maximum of each step, on a log axis.

use maud::html;
use rehearsal_sim::record::Record;

use super::{ALL_ZERO, Drawing, ENDED_AT_ZERO, SOME_ZERO};
use crate::chart::Hue;
use crate::chart::axis::Axis;
use crate::chart::frame::{EndLabel, TimeFrame, TimePlot};
use crate::chart::lines::Line;
use crate::chart::steps::Steps;
use crate::format;

const HEIGHT: u32 = 230;

/// The picture for a record in which at least one operation succeeded.
pub(crate) fn draw(record: &Record) -> Drawing {
    let Some(frame) = TimeFrame::new(record) else {
        return Drawing::Nothing(ENDED_AT_ZERO);
    };
    let series = &record.series;
    let columns = [&series.p50_ns, &series.p99_ns, &series.max_ns];
    let all = || columns.into_iter().flatten().flatten().copied();
    let (Some(least), Some(most)) = (all().min(), all().max()) else {
        return Drawing::Nothing("No operation succeeded, so there is no latency to draw.");
    };
    if most == 0 {
        return Drawing::Nothing(ALL_ZERO);
    }
    // A logarithmic axis has no zero: it begins below the least of the others.
    let positive = all().filter(|latency| *latency > 0).min().unwrap_or(most);
    let y = Axis::latency(if least == 0 { positive / 2 } else { least }, most);
    let buckets = columns.iter().map(|column| column.len()).max().unwrap_or(0);
    let steps = Steps::new(buckets, series.bucket_ns, record.head.virtual_ns);
    let middle = |sorted: &[u64]| sorted[(sorted.len() - 1) / 2];
    let largest = |sorted: &[u64]| sorted[sorted.len() - 1];
    // Thin dashes over a thick line: where all are equal, all are seen.
    let wanted = [
        ("p50", Hue::Blue, 3, steps.pick(&series.p50_ns, middle)),
        ("p99", Hue::Vermilion, 2, steps.pick(&series.p99_ns, largest)),
        ("max", Hue::Green, 2, steps.pick(&series.max_ns, largest)),
    ];
    let (mut lines, mut labels) = (Vec::new(), Vec::new());
    for (text, hue, width, values) in wanted {
        if let Some(value) = values.iter().rev().find_map(|value| *value) {
            labels.push(EndLabel { value, text, hue });
        }
        lines.push(Line { pieces: steps.line(values), hue, width });
    }
    labels.reverse();
    let about = "Median, 99th percentile and maximum latency over virtual time, on a logarithmic \
                 axis, with the faults as bands.";
    let svg = frame.draw(&TimePlot {
        about,
        height: HEIGHT,
        y: Some(&y),
        lines,
        labels,
        under: html! {},
        extra: html! {},
    });
    Drawing::Figure { svg: svg.into_string(), caption: caption(steps, least == 0) }
}

fn caption(steps: Steps, zeros: bool) -> String {
    let mut caption =
        "Look for the slow operations of a fault: they stand where they ended, a gap \
                       is a time in which nothing succeeded."
            .to_owned();
    let width = format::span(steps.width_ns());
    match steps.merged() {
        1 => caption += &format!(" Each step is {width}."),
        n => {
            caption += &format!(
                " Each step is {width}, {n} buckets: the largest of their p99 and max, the middle \
                 one of their p50."
            );
        }
    }
    if zeros {
        caption += SOME_ZERO;
    }
    caption
}
