//! The shaded band around a line: from one line to another, with the same gaps.

use maud::{Markup, html};

use super::axis::Axis;
use super::steps::Pieces;
use super::{Hue, X0, X1};
use crate::format::px;

/// A band between two lines.
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    /// Its upper edge.
    pub high: Pieces,
    /// Its lower edge, in as many pieces.
    pub low: Pieces,
    /// The colour of its line.
    pub hue: Hue,
}

/// The bands, to be drawn under the lines of a plot whose area reaches from `top` down for `height`.
pub(crate) fn draw(x: &Axis, y: &Axis, spreads: &[Spread], top: u32, height: u32) -> Markup {
    let (foot, head) = (f64::from(top + height), f64::from(top));
    let corner = |(at, value): &(f64, f64)| {
        format!("{} {}", px(x.between(*at, X0, X1)), px(y.between(*value, foot, head)))
    };
    let outline = |high: &[(f64, f64)], low: &[(f64, f64)]| {
        let corners: Vec<String> = high.iter().chain(low.iter().rev()).map(corner).collect();
        format!("M{}z", corners.join("L"))
    };
    html! {
        @for spread in spreads {
            @for (high, low) in spread.high.iter().zip(&spread.low) {
                path class=(format!("spread {}", spread.hue.class())) d=(outline(high, low)) {}
            }
        }
    }
}
