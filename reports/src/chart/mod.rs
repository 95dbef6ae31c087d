//! What all pictures share: the width and margins, one set of colours, the axes, and the frame that
//! joins a line chart (drawn by plotters) with fault lanes, bands and labels (drawn here, because
//! they carry tooltips and classes). Time plots use the same margins, so that one instant stands at
//! the same place in every picture of a page.

pub(crate) mod axis;
pub(crate) mod bands;
pub(crate) mod frame;
pub(crate) mod lines;
pub(crate) mod spread;
pub(crate) mod steps;

use plotters::style::RGBColor;

/// The width of every picture, in units of its view box.
pub(crate) const WIDTH: u32 = 820;
/// The left margin: tick labels, and the names of lanes.
pub(crate) const LEFT: u32 = 84;
/// The right margin: labels at the ends of lines.
pub(crate) const RIGHT: u32 = 86;
/// The size of text.
pub(crate) const FONT: f64 = 13.0;
/// The size of text within lanes.
pub(crate) const SMALL: f64 = 11.5;

/// The left edge of the plotting area.
pub(crate) const X0: f64 = LEFT as f64;
/// Its right edge.
pub(crate) const X1: f64 = (WIDTH - RIGHT) as f64;

/// A colour of a line: Okabe and Ito's palette without its yellow, which can not be seen on white,
/// each with a dash of its own (in the style sheet) as a second cue, and ink. The first three have
/// the most contrast on white and on black.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hue {
    /// Solid.
    Blue,
    /// Long dashes.
    Vermilion,
    /// Dots.
    Green,
    /// Dashes and dots.
    Purple,
    /// Short dashes.
    Orange,
    /// Dots far apart.
    Sky,
    /// Thin and solid, for what is only context.
    Ink,
}

/// The colours of lines that stand for variants, in order.
pub(crate) const VARIANTS: [Hue; 7] =
    [Hue::Blue, Hue::Vermilion, Hue::Green, Hue::Purple, Hue::Orange, Hue::Sky, Hue::Ink];

impl Hue {
    /// The colour as plotters writes it; the style sheet maps it to the theme's.
    pub(crate) fn rgb(self) -> RGBColor {
        match self {
            Hue::Blue => RGBColor(0x00, 0x72, 0xb2),
            Hue::Vermilion => RGBColor(0xd5, 0x5e, 0x00),
            Hue::Green => RGBColor(0x00, 0x9e, 0x73),
            Hue::Purple => RGBColor(0xcc, 0x79, 0xa7),
            Hue::Orange => RGBColor(0xe6, 0x9f, 0x00),
            Hue::Sky => RGBColor(0x56, 0xb4, 0xe9),
            Hue::Ink => INK,
        }
    }

    /// The class of elements drawn here.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Hue::Blue => "blue",
            Hue::Vermilion => "vermilion",
            Hue::Green => "green",
            Hue::Purple => "purple",
            Hue::Orange => "orange",
            Hue::Sky => "sky",
            Hue::Ink => "ink",
        }
    }
}

/// Text and axes.
pub(crate) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// Grid lines.
pub(crate) const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);
