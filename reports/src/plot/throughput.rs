//! Operations per second over virtual time: what was asked for, what succeeded, what failed.

use maud::html;
use rehearsal_sim::record::Record;

use super::{Drawing, ENDED_AT_ZERO};
use crate::chart::Hue;
use crate::chart::axis::Axis;
use crate::chart::frame::{EndLabel, TimeFrame, TimePlot};
use crate::chart::lines::Line;
use crate::chart::steps::Steps;
use crate::format;

const HEIGHT: u32 = 200;

/// The picture for a record; without operations it still shows when which fault was.
pub(crate) fn draw(record: &Record) -> Drawing {
    let Some(frame) = TimeFrame::new(record) else {
        return Drawing::Nothing(ENDED_AT_ZERO);
    };
    let series = &record.series;
    let some = |counts: &[u64]| counts.iter().any(|n| *n > 0);
    let (offered, failed) = (some(&series.called), some(&series.failed));
    let any = offered || failed || some(&series.ok);
    if !any && record.faults.is_empty() {
        return Drawing::Nothing("No operation was called.");
    }
    let buckets = series.called.len().max(series.ok.len()).max(series.failed.len());
    let steps = Steps::new(buckets, series.bucket_ns, record.head.virtual_ns);
    // Ink over a colour would look like another colour: what was offered shows where it is missed.
    let wanted = [
        (offered, "offered", Hue::Ink, 1, &series.called),
        (any, "ok", Hue::Blue, 3, &series.ok),
        (failed, "failed", Hue::Vermilion, 2, &series.failed),
    ];
    let (mut lines, mut labels, mut most) = (Vec::new(), Vec::new(), 0.0_f64);
    for (shown, text, hue, width, counts) in wanted {
        let rates = steps.rates(counts);
        if !shown || rates.is_empty() {
            continue;
        }
        most = rates.iter().copied().fold(most, f64::max);
        labels.push(EndLabel { value: rates.last().copied().unwrap_or(0.0), text, hue });
        let pieces = steps.line(rates.into_iter().map(Some));
        lines.push(Line { pieces, hue, width });
    }
    let y = Axis::count(most);
    let about = "Operations per second over virtual time, with the faults as bands.";
    let svg = frame.draw(&TimePlot {
        about,
        height: HEIGHT,
        y: Some(&y),
        lines,
        labels,
        under: html! {},
        extra: html! {},
    });
    Drawing::Figure { svg: svg.into_string(), caption: caption(any, steps.width_ns(), record) }
}

fn caption(any: bool, step_ns: u64, record: &Record) -> String {
    if !any {
        return "No operation was called; the lanes show when which fault was.".to_owned();
    }
    let look = if record.faults.is_empty() {
        "Look for places where the thick line (ok) leaves the thin one (offered)"
    } else {
        "Look where the thick line (ok) leaves the thin one (offered) within and after each fault, \
         and how long it takes to come back"
    };
    format!(
        "{look}. Each step is {}; the mean over the run is {} ok per second.",
        format::span(step_ns),
        format::rate(record.head.throughput_per_s)
    )
}
