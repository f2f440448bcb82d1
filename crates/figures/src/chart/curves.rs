//! Lines with bands: how one quantity follows another, with its uncertainty.

use crate::axis::Axis;
use crate::error::FigureError;
use crate::place::{Labels, spread};
use crate::role::Colour;
use crate::scene::{Point, Rect, Scene, TextStyle};
use crate::series::{Reference, ReferenceLabels, Series};

use super::check;

/// A point of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// The place along the horizontal axis.
    pub x: f64,
    /// The value.
    pub y: f64,
    /// The interval around the value, drawn as a band.
    pub interval: Option<(f64, f64)>,
}

/// A line through points.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The name, which stands at the line's right end, and the colour.
    pub series: Series,
    /// The points, with `x` ascending.
    pub points: Vec<CurvePoint>,
}

/// Lines with bands over a shared horizontal axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The lines; later ones lie on top.
    pub curves: Vec<Curve>,
    /// Vertical lines to compare with, labelled above the plot.
    pub at_x: Vec<Reference>,
    /// Horizontal lines to compare with, labelled where curves leave room.
    pub at_y: Vec<Reference>,
    /// The height of the plot in pixels.
    pub height: f64,
}

impl Curves {
    fn check(&self) -> Result<(), FigureError> {
        check::any(self.curves.iter(), "curves")?;
        for curve in &self.curves {
            let name = || curve.series.name.clone();
            check::any(curve.points.iter(), "points in one of its curves")?;
            for point in &curve.points {
                self.x.check(point.x, name)?;
                let (low, high) = point.interval.unwrap_or((point.y, point.y));
                check::interval(&self.y, [low, point.y, high], name)?;
            }
            let places = curve.points.iter().map(|point| point.x);
            check::ascending(places, || format!("{}, horizontal places", name()))?;
        }
        check::references(&self.x, &self.at_x)?;
        check::references(&self.y, &self.at_y)
    }

    pub(crate) fn draw(
        &self,
        scene: &mut Scene<'_>,
        (left, top): Point,
        width: f64,
    ) -> Result<f64, FigureError> {
        self.check()?;
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let x = self.x.fit(points().map(|point| point.x).chain(self.at_x.iter().map(|r| r.value)))?;
        let values = points().flat_map(|point| {
            let (low, high) = point.interval.unwrap_or((point.y, point.y));
            [low, point.y, high]
        });
        let y = self.y.fit(values.chain(self.at_y.iter().map(|r| r.value)))?;

        // Names stand at the ends of their lines, in a margin of their own.
        let name_style = TextStyle::LABEL;
        let names: Vec<Vec<String>> =
            self.curves.iter().map(|c| scene.wrap(&c.series.name, width * 0.22, name_style)).collect();
        let name_width = scene.widest(names.iter().flatten().map(String::as_str), name_style);
        let plot_left = left + y.width_up(scene, self.height);
        let plot_right = left + width - name_width - 26.0;
        let references = ReferenceLabels::place(scene, &self.at_x, &x, plot_left, plot_right);
        let plot = Rect {
            x: plot_left,
            y: top + references.height().max(8.0),
            width: plot_right - plot_left,
            height: self.height,
        };
        y.draw_up(scene, &plot);
        let below = x.draw_across(scene, &plot);
        references.draw(scene, &self.at_x, &x, &plot);
        for reference in &self.at_y {
            let height = y.up(&plot, reference.value);
            scene.dashed((plot.x, height), (plot.right(), height), 5.0, 1.5, reference.role.colour());
        }

        let place = |px: f64, py: f64| (x.across(&plot, px), y.up(&plot, py));
        for curve in &self.curves {
            let banded: Vec<(f64, (f64, f64))> =
                curve.points.iter().filter_map(|p| p.interval.map(|interval| (p.x, interval))).collect();
            let upper = banded.iter().map(|&(px, (_, high))| place(px, high));
            let lower = banded.iter().rev().map(|&(px, (low, _))| place(px, low));
            scene.area(upper.chain(lower).collect(), curve.series.role.colour(), 0.18);
        }
        let mut labels = Labels::new(plot);
        for reference in &self.at_x {
            let at = x.across(&plot, reference.value);
            labels.avoid_line(&[(at, plot.y), (at, plot.bottom())], 3.0);
        }
        for curve in &self.curves {
            let colour = curve.series.role.colour();
            let line: Vec<Point> = curve.points.iter().map(|point| place(point.x, point.y)).collect();
            labels.avoid_line(&line, 5.0);
            scene.polyline(line.clone(), 2.2, colour);
            for at in line {
                scene.marker(curve.series.marker, at, 3.6, colour);
            }
        }
        for reference in &self.at_y {
            let style = TextStyle::NOTE.in_colour(reference.role.colour().ink()).bold();
            labels.draw_along(scene, &reference.label, y.up(&plot, reference.value), style);
        }
        let ends: Vec<Point> =
            self.curves.iter().filter_map(|c| c.points.last()).map(|p| place(p.x, p.y)).collect();
        let lines = names.iter().map(Vec::len).max().unwrap_or(1) as f64;
        let gap = lines * name_style.line_height();
        let wishes: Vec<f64> = ends.iter().map(|end| end.1).collect();
        let heights = spread(&wishes, gap, plot.y + gap / 2.0, plot.bottom() - gap / 2.0);
        for (((curve, name), end), height) in self.curves.iter().zip(&names).zip(&ends).zip(heights) {
            let colour = curve.series.role.colour();
            let start = plot.right() + 20.0;
            scene.line(*end, (start - 3.0, height), 0.8, colour.mixed(Colour::WHITE, 0.3));
            scene.paragraph_beside(name, (start, height), name_style.in_colour(colour.ink()));
        }
        Ok(plot.bottom() + below - top)
    }
}
