//! Who was what, when: a lane per node, its rank as the form of the bar, its epoch as colour and
//! number, crashes as gaps, pauses as zigzags.

use maud::{Markup, html};
use rehearsal_sim::record::{Health, Record, StandingChange};

use super::{Drawing, ENDED_AT_ZERO};
use crate::chart::axis::{Axis, real};
use crate::chart::frame::{TimeFrame, TimePlot, ceil};
use crate::chart::{SMALL, X0, X1};
use crate::format::{self, fit, px, text_width};

/// No more pieces than this are drawn: those that stand close together become one grey block.
const MOST_PIECES: usize = 1200;
/// Anything narrower is not seen.
const NARROWEST: f64 = 0.8;

/// The picture for a record in which some node had a rank, or was ever down or paused.
pub(crate) fn draw(record: &Record) -> Drawing {
    let Some(frame) = TimeFrame::new(record) else {
        return Drawing::Nothing(ENDED_AT_ZERO);
    };
    let lanes = lanes(record);
    if lanes.is_empty() {
        return Drawing::Nothing("No node had a rank or an epoch, and none was ever down.");
    }
    let sizes = Sizes::for_lanes(lanes.len());
    let mut ranks = Ranks::default();
    let top = f64::from(frame.top());
    let pieces = all_pieces(&lanes, &frame.axis, record.head.virtual_ns);
    let busy = pieces.iter().flatten().any(|piece| piece.joined > 0);
    let mut drawn = Vec::new();
    for (i, (lane, pieces)) in lanes.iter().zip(&pieces).enumerate() {
        let y = top + 4.0 + sizes.row * real(i as u64);
        drawn.push(draw_lane(lane.name, y, pieces, &sizes, &mut ranks));
    }
    let height = ceil(sizes.row * real(lanes.len() as u64) + 8.0);
    let svg = frame.draw(&TimePlot {
        about: "The rank and epoch of each node over virtual time, with the faults as bands.",
        height,
        y: None,
        lines: Vec::new(),
        labels: Vec::new(),
        under: html! {},
        extra: html! { (hatches()) @for lane in drawn { (lane) } },
    });
    let svg = html! { (svg) (ranks.legend(record)) };
    Drawing::Figure { svg: svg.into_string(), caption: caption(&sizes, &ranks, busy) }
}

fn caption(sizes: &Sizes, ranks: &Ranks, busy: bool) -> String {
    let mut caption = if ranks.met.iter().any(|(_, form)| form.class == "thick") {
        "Look for a time without a thick bar, and for two at once."
    } else {
        "Look for who changed, and who was away, when the other pictures change."
    }
    .to_owned();
    caption += " Colours are epochs, and repeat after four";
    caption += if sizes.epochs { "; the numbers are the epochs." } else { "." };
    if busy {
        caption += " Changes too close together to be told apart are grey blocks.";
    }
    caption
}

/// How large a lane is; many nodes get small lanes without numbers.
struct Sizes {
    row: f64,
    bar: f64,
    epochs: bool,
}

impl Sizes {
    fn for_lanes(lanes: usize) -> Sizes {
        match lanes {
            0..=9 => Sizes { row: 32.0, bar: 13.0, epochs: true },
            10..=24 => Sizes { row: 26.0, bar: 10.0, epochs: true },
            _ => Sizes { row: 14.0, bar: 9.0, epochs: false },
        }
    }
}

struct LaneOf<'a> {
    name: &'a str,
    changes: Vec<&'a StandingChange>,
}

fn lanes(record: &Record) -> Vec<LaneOf<'_>> {
    let mut lanes: Vec<LaneOf<'_>> =
        record.nodes.iter().map(|node| LaneOf { name: &node.name, changes: Vec::new() }).collect();
    for change in &record.standings {
        if let Some(lane) = lanes.get_mut(change.node as usize) {
            lane.changes.push(change);
        }
    }
    let tells = |change: &&StandingChange| {
        !change.rank.is_empty() || change.epoch > 0 || change.health != Health::Up
    };
    lanes.retain(|lane| lane.changes.iter().any(tells));
    for lane in &mut lanes {
        lane.changes.sort_by_key(|change| change.at_ns);
    }
    lanes
}

/// A stretch of a lane in which nothing changes, or too much to be drawn.
struct Piece<'a> {
    x0: f64,
    x1: f64,
    from_ns: u64,
    to_ns: u64,
    standing: &'a StandingChange,
    joined: u64,
}

/// The pieces of all lanes, joined as coarsely as their number demands.
fn all_pieces<'a>(lanes: &[LaneOf<'a>], axis: &Axis, end_ns: u64) -> Vec<Vec<Piece<'a>>> {
    let mut narrowest = NARROWEST;
    loop {
        let cut = |lane: &LaneOf<'a>| pieces(&lane.changes, axis, end_ns, narrowest);
        let all: Vec<Vec<Piece<'a>>> = lanes.iter().map(cut).collect();
        if all.iter().map(Vec::len).sum::<usize>() <= MOST_PIECES || narrowest > X1 - X0 {
            return all;
        }
        narrowest *= 1.5;
    }
}

fn pieces<'a>(
    changes: &[&'a StandingChange],
    axis: &Axis,
    end_ns: u64,
    narrowest: f64,
) -> Vec<Piece<'a>> {
    let mut pieces: Vec<Piece<'a>> = Vec::new();
    for (i, change) in changes.iter().enumerate() {
        let to_ns = changes.get(i + 1).map_or(end_ns, |next| next.at_ns.min(end_ns));
        let x0 = axis.between(real(change.at_ns), X0, X1);
        let x1 = axis.between(real(to_ns), X0, X1);
        let narrow = x1 - x0 < narrowest && i + 1 < changes.len();
        match pieces.last_mut() {
            Some(last) if narrow && (last.joined > 0 || last.x1 - last.x0 < narrowest) => {
                (last.x1, last.to_ns, last.joined) = (x1, to_ns, last.joined + 1);
            }
            _ => pieces.push(Piece {
                x0,
                x1,
                from_ns: change.at_ns,
                to_ns,
                standing: change,
                joined: 0,
            }),
        }
    }
    pieces
}

fn draw_lane(name: &str, y: f64, pieces: &[Piece<'_>], sizes: &Sizes, ranks: &mut Ranks) -> Markup {
    let middle = y + sizes.row - 3.0 - sizes.bar / 2.0;
    let short = fit(name, X0 - 12.0, SMALL.min(sizes.row - 1.0)).unwrap_or_default();
    html! {
        text class="node-name" x=(px(X0 - 8.0)) y=(px(middle + 4.0)) text-anchor="end" {
            @if short != name { title { (name) } }
            (short)
        }
        @for piece in pieces { (draw_piece(piece, middle, sizes, ranks)) }
        @for (i, piece) in pieces.iter().enumerate() {
            (marks(i.checked_sub(1).map(|before| &pieces[before]), piece, middle))
        }
        @if sizes.epochs { (epochs(pieces, middle - sizes.bar / 2.0 - 3.0)) }
    }
}

fn draw_piece(piece: &Piece<'_>, middle: f64, sizes: &Sizes, ranks: &mut Ranks) -> Markup {
    let standing = piece.standing;
    let width = (piece.x1 - piece.x0).max(NARROWEST);
    let when = format!("{} to {}", format::instant(piece.from_ns), format::instant(piece.to_ns));
    if piece.joined > 0 {
        let title = format!("{}: {when}", format::plural(piece.joined + 1, "change"));
        return bar("rank busy", piece.x0, width, middle, sizes.bar, &title);
    }
    match standing.health {
        Health::Down => html! {
            rect class="down" x=(px(piece.x0)) y=(px(middle - sizes.bar / 2.0)) width=(px(width))
                height=(px(sizes.bar)) { title { "down: " (when) } }
        },
        Health::Paused => html! {
            path class="paused" d=(zigzag(piece.x0, piece.x0 + width, middle, sizes.bar * 0.4)) {
                title { "paused: " (when) }
            }
        },
        Health::Up if standing.rank.is_empty() && standing.epoch == 0 => {
            bar("rank thin epoch-none", piece.x0, width, middle, 1.5, &format!("up: {when}"))
        }
        Health::Up => {
            let form = ranks.form(&standing.rank);
            let class = format!("rank {} {}", form.class, epoch_class(standing.epoch));
            let title =
                format!("{}, epoch {}: {when}", standing.rank, format::count(standing.epoch));
            bar(&class, piece.x0, width, middle, sizes.bar * form.share, &title)
        }
    }
}

fn bar(class: &str, x: f64, width: f64, middle: f64, height: f64, title: &str) -> Markup {
    html! {
        rect class=(class) x=(px(x)) y=(px(middle - height / 2.0)) width=(px(width))
            height=(px(height)) { title { (title) } }
    }
}

/// A cross where a node went down, a turning arrow where it came back.
fn marks(before: Option<&Piece<'_>>, piece: &Piece<'_>, y: f64) -> Markup {
    let is_down = |piece: &Piece<'_>| piece.joined == 0 && piece.standing.health == Health::Down;
    let was_down = before.is_some_and(is_down);
    let x = piece.x0;
    html! {
        @if is_down(piece) && !was_down {
            path class="crash-mark"
                d=(cross(x, y)) {}
        }
        @if was_down && !is_down(piece) {
            path class="restart-mark"
                d=(turning_arrow(x, y)) {}
        }
    }
}

/// The number of each new epoch above the bar, where there is room for it.
fn epochs(pieces: &[Piece<'_>], y: f64) -> Markup {
    let mut taken = X0 - 4.0;
    let mut last = 0;
    let mut texts = Vec::new();
    for piece in pieces {
        let epoch = piece.standing.epoch;
        let silent = piece.joined > 0 || piece.standing.health == Health::Down;
        if silent || epoch == 0 || epoch == last {
            continue;
        }
        let text = format::count(epoch);
        let width = text_width(&text, SMALL);
        let x = piece.x0.min(X1 - width);
        if x >= taken {
            taken = x + width + 4.0;
            texts.push((x, text));
        }
        last = epoch;
    }
    html! {
        @for (x, text) in texts { text class="epoch" x=(px(x)) y=(px(y)) { (text) } }
    }
}

fn zigzag(from: f64, to: f64, middle: f64, height: f64) -> String {
    let mut path = format!("M{} {}", px(from), px(middle));
    let (mut x, mut up) = (from, true);
    while x + 4.0 <= to {
        x += 4.0;
        path += &format!("L{} {}", px(x), px(if up { middle - height } else { middle + height }));
        up = !up;
    }
    path + &format!("L{} {}", px(to), px(middle))
}

fn epoch_class(epoch: u64) -> &'static str {
    if epoch == 0 {
        return "epoch-none";
    }
    ["epoch-1", "epoch-2", "epoch-3", "epoch-4"][usize::try_from((epoch - 1) % 4).unwrap_or(0)]
}

/// How a rank is drawn: its class, and how much of the bar's height it takes.
#[derive(Clone, Copy)]
struct Form {
    class: &'static str,
    share: f64,
}

/// The ranks of a run in the order in which they were met, for the legend.
#[derive(Default)]
struct Ranks {
    met: Vec<(String, Form)>,
    others: usize,
}

impl Ranks {
    /// Ranks that lead are thick, those that want to are hatched, followers are thin, and any other
    /// word gets one of the remaining forms.
    fn form(&mut self, rank: &str) -> Form {
        if let Some((_, form)) = self.met.iter().find(|(met, _)| met == rank) {
            return *form;
        }
        let leads = ["leader", "primary", "coordinator", "master", "holder", "active", "head"];
        let wants = ["candidate", "pre-candidate", "preparing", "electing", "view-change"];
        let follows = ["follower", "backup", "replica", "standby", "secondary", "", "idle"];
        let form = if leads.contains(&rank) {
            Form { class: "thick", share: 1.0 }
        } else if wants.contains(&rank) {
            Form { class: "hatched", share: 0.85 }
        } else if follows.contains(&rank) {
            Form { class: "thin", share: 0.25 }
        } else {
            self.others += 1;
            match self.others % 3 {
                1 => Form { class: "plain", share: 0.55 },
                2 => Form { class: "dotted", share: 0.85 },
                _ => Form { class: "hollow", share: 0.7 },
            }
        };
        self.met.push((rank.to_owned(), form));
        form
    }

    fn legend(&self, record: &Record) -> Markup {
        let met = |health| record.standings.iter().any(|change| change.health == health);
        let down = met(Health::Down);
        let mut ranks: Vec<_> = self.met.iter().filter(|(rank, _)| !rank.is_empty()).collect();
        ranks.sort_by(|a, b| b.1.share.total_cmp(&a.1.share));
        html! {
            p class="legend" {
                @for (rank, form) in ranks {
                    @let class = format!("rank {} epoch-1", form.class);
                    span { (sample(&bar(&class, 0.0, 32.0, 7.0, 13.0 * form.share, rank))) (rank) }
                }
                @if met(Health::Paused) {
                    span {
                        (sample(&html! { path class="paused" d=(zigzag(0.0, 32.0, 7.0, 5.0)) {} }))
                        "paused"
                    }
                }
                @if down {
                    @let crash = html! { path class="crash-mark" d=(cross(16.0, 7.0)) {} };
                    @let restart = html! {
                        path class="restart-mark" d=(turning_arrow(16.0, 8.0)) {}
                    };
                    span { (sample(&crash)) "crashed" }
                    span { (sample(&restart)) "restarted" }
                }
            }
        }
    }
}

/// A small picture in the legend.
fn sample(content: &Markup) -> Markup {
    html! { svg viewBox="0 0 32 14" width="32" height="14" aria-hidden="true" { (content) } }
}

/// A cross around a point.
fn cross(x: f64, y: f64) -> String {
    format!("M{} {}l8 8m0 -8l-8 8", px(x - 4.0), px(y - 4.0))
}

/// An arrow that turns around a point.
fn turning_arrow(x: f64, y: f64) -> String {
    format!("M{} {}a5 5 0 1 1 -2.5 -4.3m-.4 -3.2l.6 3.3l-3.2 .9", px(x + 5.0), px(y))
}

/// The patterns that the style sheet fills bars with, one of each per epoch colour.
fn hatches() -> Markup {
    html! {
        defs {
            @for epoch in ["none", "1", "2", "3", "4"] {
                pattern id=(format!("standings-hatch-{epoch}")) class=(format!("epoch-{epoch}"))
                    width="6" height="6" patternUnits="userSpaceOnUse"
                    patternTransform="rotate(45)" {
                    line class="hatch-line" x1="0" y1="0" x2="0" y2="6" {}
                }
                pattern id=(format!("standings-dots-{epoch}")) class=(format!("epoch-{epoch}"))
                    width="5" height="5" patternUnits="userSpaceOnUse" {
                    circle class="dot" cx="2.5" cy="2.5" r="1.4" {}
                }
            }
        }
    }
}
