//! The page of a comparison.

use maud::{Markup, html};

use super::along::Along;
use super::overlay::{self, What};
use super::{
    Comparison, Group, Member, Variant, differences, groups, percentiles, shared_faults, tables,
};
use crate::chart::Hue;
use crate::format::{count, plural};
use crate::page::shell;

/// The page of several variants: one self-contained file, the same bytes for the same comparison.
pub fn comparison(comparison: &Comparison) -> String {
    let groups = groups(comparison);
    let title = format!("{} · {}", comparison.title, comparison.scenario);
    let body = html! {
        main {
            (header(comparison))
            (found(comparison))
            (along(comparison))
            (over_time(comparison, &groups))
            (by_percentile(&groups))
            (tables::failures(comparison))
            (tables::metrics(comparison))
            (footer(comparison))
        }
    };
    shell(&title, &comparison.version, "", &body)
}

fn header(comparison: &Comparison) -> Markup {
    let [first, end] = comparison.seeds;
    let variants = &comparison.variants;
    let [passed, failed, inconclusive] = variants.iter().fold([0; 3], |sum, variant| {
        let verdicts = variant.verdicts();
        [0, 1, 2].map(|at| sum[at] + verdicts[at])
    });
    let runs = passed + failed + inconclusive;
    let (class, mark, word, detail) = match (failed, inconclusive) {
        (0, 0) => ("pass", "✓", "pass", format!("all {} runs", count(runs))),
        (0, n) => ("inconclusive", "?", "inconclusive", format!("{} of {runs} runs", count(n))),
        (n, _) => ("fail", "✗", "fail", format!("{} of {runs} runs", count(n))),
    };
    let mut protocols: Vec<&str> = variants.iter().map(|one| one.protocol.as_str()).collect();
    protocols.dedup();
    let kind = if comparison.axes.is_empty() { "candidate" } else { "point" };
    html! {
        header {
            div class="headline" {
                div {
                    h1 class=[(comparison.title.chars().count() > 90).then_some("long")] {
                        (comparison.title)
                    }
                    p class="facts" {
                        span { "scenario " strong { (comparison.scenario) } }
                        span { "protocol " strong { (protocols.join(", ")) } }
                        span { strong { (plural(variants.len() as u64, kind)) } }
                        span { "seeds " strong { (first) " to " (end.saturating_sub(1)) } }
                        span { "version " (comparison.version) }
                    }
                }
                p class=(format!("badge {class}")) {
                    span class="word" { span aria-hidden="true" { (mark) " " } (word) }
                    span class="detail" { (detail) }
                }
            }
            @for note in &comparison.warnings { p class="note" { (note) } }
            @for note in &comparison.notes { p { (note) } }
        }
    }
}

fn found(comparison: &Comparison) -> Markup {
    let is_matrix = !comparison.axes.is_empty();
    html! {
        section id="variants" {
            h2 { @if is_matrix { "The points" } @else { "The candidates" } }
            (tables::variants(comparison))
            p class="nothing" {
                "Numbers are medians over the seeds; the small ones below go from the 5th to the "
                "95th percentile of the seeds."
            }
        }
        @if !comparison.differences.is_empty() {
            section id="differences" {
                h2 { "B against A" }
                @if let Some(svg) = differences::draw(&comparison.differences) {
                    figure {
                        (svg)
                        figcaption {
                            "The mean difference of the same seeds, B minus A, as a share of A's "
                            "mean, with its 99 % confidence interval. A full dot is a difference "
                            "whose interval does not contain zero; of so many measures one in a "
                            "hundred looks like that by chance."
                        }
                    }
                } @else {
                    p class="nothing" { "There is no difference to draw." }
                }
                (differences::table(&comparison.differences))
            }
        }
    }
}

fn along(comparison: &Comparison) -> Markup {
    if comparison.axes.is_empty() {
        return html! {};
    }
    let Some(along) = Along::new(comparison) else {
        return html! {
            section id="along" {
                h2 { "Along the axes" }
                p class="nothing" {
                    "There is nothing to draw along an axis: no axis has two values, or there are "
                    "more lines than can be told apart. Choose fewer values with --matrix."
                }
            }
        };
    };
    let pictures = along.draw();
    html! {
        section id="along" {
            h2 { "Along " (along.key()) }
            (legend(&along.legend()))
            @for picture in &pictures {
                h3 { (picture.title) }
                figure { (picture.svg) }
            }
            p class="nothing" {
                @if pictures.is_empty() { "Nothing was measured that could be drawn." }
                @else if along.numeric {
                    "Dots are medians over the seeds, lines and bands reach from the 5th to the "
                    "95th percentile; between the dots nothing was run. A range of times stands at "
                    "its middle."
                } @else {
                    "Dots are medians over the seeds, lines reach from the 5th to the 95th "
                    "percentile."
                }
            }
        }
    }
}

fn over_time(comparison: &Comparison, groups: &[Group<'_>]) -> Markup {
    if groups.is_empty() {
        return html! {
            section id="throughput" {
                h2 { "Over time" }
                p class="nothing" {
                    (count(comparison.variants.len() as u64))
                    " points are too many to draw over each other. Choose fewer with "
                    "--matrix key=a,b, or look at one with --point."
                }
            }
        };
    }
    let faults = shared_faults(comparison);
    let bands = match &faults {
        Some(faults) if faults.is_empty() => "",
        Some(_) => " The lanes above are the faults, which every run had at the same times.",
        None => " Runs differ in when something went wrong, so that no faults are drawn.",
    };
    let faults = faults.unwrap_or_default();
    let plots = [
        (What::Throughput, "throughput", "Throughput, ok per second"),
        (What::P50, "p50", "Median latency over time"),
        (What::P99, "p99", "99th percentile of latency over time"),
    ];
    let caption = format!("{}{bands}", drawn(comparison));
    html! {
        @for (what, id, title) in plots {
            section id=(id) {
                h2 { (title) }
                (figures(groups, overlay::draw(groups, &faults, what), &caption))
            }
        }
    }
}

/// How lines and bands are made.
fn drawn(comparison: &Comparison) -> String {
    let variants = &comparison.variants;
    let is_some = |variant: &Variant| variant.courses.len() < variant.heads.len();
    let of = if variants.iter().any(is_some) {
        let most = variants.iter().map(|variant| variant.courses.len()).max().unwrap_or(0);
        format!(" Drawn are runs that lasted to their end, at most {} of each.", count(most as u64))
    } else {
        String::new()
    };
    format!(
        "Each line is the median over the seeds, its band goes from their 5th to their 95th \
         percentile; a gap is a time in which most runs had no answer.{of}"
    )
}

fn by_percentile(groups: &[Group<'_>]) -> Markup {
    if groups.is_empty() {
        return html! {};
    }
    let caption = "Each line is the median over the seeds of a percentile of one run, its band goes \
                   from the 5th to the 95th percentile of the seeds. It ends where fewer than half \
                   of the runs had enough operations.";
    html! {
        section id="percentiles" {
            h2 { "Latency by percentile" }
            (figures(groups, percentiles::draw(groups), caption))
        }
    }
}

fn figures(groups: &[Group<'_>], pictures: Vec<Option<Markup>>, caption: &str) -> Markup {
    let is_any = pictures.iter().any(Option::is_some);
    html! {
        @for (group, picture) in groups.iter().zip(pictures) {
            @if !group.title.is_empty() { h3 { (group.title) } }
            @match picture {
                Some(svg) => {
                    (legend_of(group))
                    figure { (svg) }
                }
                None => p class="nothing" { "There is nothing to draw: no operation succeeded, or no run lasted to its end." },
            }
        }
        @if is_any { p class="nothing caption" { (caption) } }
    }
}

fn legend_of(group: &Group<'_>) -> Markup {
    let entry = |member: &Member<'_>| (member.hue, member.name.clone());
    let entries: Vec<(Hue, String)> = group.members.iter().map(entry).collect();
    let entries: Vec<(Hue, &str)> =
        entries.iter().map(|(hue, name)| (*hue, name.as_str())).collect();
    legend(&entries)
}

fn legend(entries: &[(Hue, &str)]) -> Markup {
    html! {
        @if !entries.is_empty() {
            p class="legend" {
                @for (hue, name) in entries {
                    span {
                        svg viewBox="0 0 32 14" width="32" height="14" aria-hidden="true" {
                            line class=(format!("sample {}", hue.class())) x1="0" x2="32" y1="7"
                                y2="7" {}
                        }
                        (name)
                    }
                }
            }
        }
    }
}

fn footer(comparison: &Comparison) -> Markup {
    html! {
        footer {
            h2 { "About this page" }
            p {
                "Everything here was simulated. No network, disk or clock of this computer took part, "
                "so every run can be made again, exactly."
            }
            (tables::again(comparison))
        }
    }
}
