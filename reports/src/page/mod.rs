//! The page: what happened in words, pictures and tables, in one file that needs no other.

mod head;
mod tables;
mod violation;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use rehearsal_sim::record::Record;
use serde::{Deserialize, Serialize};

use crate::format;
use crate::plot::{self, Drawing, Plot};

/// How pages look, in light and in dark.
const STYLE: &str = include_str!("style.css");

/// The command lines by which a reader makes the run again. The record does not know them: they
/// depend on where its scenario came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reproduce {
    /// The line that runs it again: `rehearsal run raft/leader-crash --seed 7`.
    pub run: String,
    /// The line that runs the smallest scenario that still fails, once there is one.
    pub minimal: Option<String>,
    /// The line that steps through it: `rehearsal replay raft/leader-crash --seed 7`.
    pub replay: Option<String>,
}

/// The report of a run: one self-contained page, the same bytes for the same record and lines.
pub fn report(record: &Record, reproduce: &Reproduce) -> String {
    let head = &record.head;
    let title = format!("{} · {} · seed {}", head.title, head.scenario, head.seed);
    let body = html! {
        main {
            (head::draw(record))
            (violation::draw(record, reproduce))
            (tables::expectations(record))
            @for plot in plot::ALL { (figure(plot, record)) }
            (tables::metrics(record))
            (tables::messages(record))
            (tables::nodes(record))
            (footer(record, reproduce))
        }
    };
    shell(&title, &head.version, "", &body)
}

const GENERATOR: &str = "rehearsal ";

/// A whole page in one file: what every page of ours has, around its own title and body.
/// `version` is that of what it tells of, `style` is added to the style of all pages.
pub(crate) fn shell(title: &str, version: &str, style: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(format!("{GENERATOR}{version}"));
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(style)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

/// Whether a file is a page that this program wrote, of this version or another. Such a one may be
/// drawn anew; the first kilobyte of it tells.
pub fn is_page(text: &[u8]) -> bool {
    let mark = format!("<meta name=\"generator\" content=\"{GENERATOR}");
    text.windows(mark.len()).take(1_024).any(|window| window == mark.as_bytes())
}

fn figure(plot: &Plot, record: &Record) -> Markup {
    html! {
        section id=(plot.name) {
            h2 { (plot.title) }
            @match (plot.draw)(record) {
                Drawing::Figure { svg, caption } => {
                    figure { (PreEscaped(svg)) figcaption { (caption) } }
                }
                Drawing::Nothing(why) => p class="nothing" { (why) },
            }
        }
    }
}

/// The command lines, as far as they are known.
fn commands(reproduce: &Reproduce) -> Markup {
    let lines = [
        ("reproduce:", Some(&reproduce.run)),
        ("minimal:", reproduce.minimal.as_ref()),
        ("step through:", reproduce.replay.as_ref()),
    ];
    html! {
        dl class="commands" {
            @for (name, line) in lines {
                @if let Some(line) = line.filter(|line| !line.is_empty()) {
                    div { dt { (name) } dd { code { (line) } } }
                }
            }
        }
    }
}

fn footer(record: &Record, reproduce: &Reproduce) -> Markup {
    let head = &record.head;
    html! {
        footer {
            h2 { "About this page" }
            p {
                "Everything here was simulated: "
                (format::plural(record.nodes.len() as u64, "node")) " ran the protocol " strong { (head.protocol) } " for "
                (format::span(head.virtual_ns)) " of virtual time, in "
                (format::plural(head.events, "event")) ". No network, disk or clock of this "
                "computer took part, so the run can be made again, exactly:"
            }
            (commands(reproduce))
            p {
                "The digest " code { (head.digest) } " is a fingerprint of every event of the run "
                "in order. The same scenario, seed and version (" (head.version) ") give the same "
                "digest on any computer; if yours differs, something else was run."
            }
        }
    }
}
