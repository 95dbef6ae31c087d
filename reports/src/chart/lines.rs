//! The part of a picture that plotters draws: grid, axes, tick labels and lines.

use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, LabelAreaPosition};
use plotters::drawing::IntoDrawingArea;
use plotters::element::PathElement;
use plotters::style::{Color, IntoFont, ShapeStyle, TRANSPARENT};

use super::axis::Axis;
use super::steps::Pieces;
use super::{FONT, GRID, Hue, INK, LEFT, RIGHT, WIDTH};

/// The height of the tick labels below a plot.
pub(crate) const FOOT: u32 = 26;

/// plotters writes `size / 1.24` as the font size of SVG text.
const PLOTTERS_FONT: f64 = FONT * 1.24;

/// A line of a chart.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Its pieces; gaps lie between them.
    pub pieces: Pieces,
    /// Its colour, and with it its dash.
    pub hue: Hue,
    /// Its width.
    pub width: u32,
}

/// The grid, axes and lines as SVG elements, without the `svg` element around them. The plotting
/// area reaches from `top` down for `height`.
pub(crate) fn draw(x: &Axis, y: Option<&Axis>, lines: &[Line], top: u32, height: u32) -> String {
    let mut svg = String::new();
    let bare = Axis::count(1.0);
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, top + height + FOOT + 1));
        let root = root.into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin_top(top)
            // plotters counts the last pixel of an area as lying outside of it.
            .margin_right(RIGHT - 1)
            .set_label_area_size(LabelAreaPosition::Left, LEFT)
            .set_label_area_size(LabelAreaPosition::Bottom, FOOT)
            .build_cartesian_2d(x.clone(), y.unwrap_or(&bare).clone())
            .expect("axes are never empty");
        let mut mesh = chart.configure_mesh();
        mesh.light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(INK)
            .label_style(("sans-serif", PLOTTERS_FONT).into_font().color(&INK))
            .set_all_tick_mark_size(4);
        if y.is_none() {
            mesh.disable_y_mesh().disable_y_axis();
        }
        mesh.draw().expect("writing into a string can not fail");
        for line in lines {
            let style = ShapeStyle {
                color: line.hue.rgb().to_rgba(),
                filled: false,
                stroke_width: line.width,
            };
            let paths = line.pieces.iter().map(|piece| PathElement::new(piece.clone(), style));
            chart.draw_series(paths).expect("writing into a string can not fail");
        }
        root.present().expect("writing into a string can not fail");
    }
    inner(&svg).to_owned()
}

/// What lies between the outer `svg` tags.
fn inner(svg: &str) -> &str {
    let from = svg.find('>').map_or(0, |end| end + 1);
    let to = svg.rfind("</svg>").unwrap_or(svg.len());
    svg[from..to].trim()
}
