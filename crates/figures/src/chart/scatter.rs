//! Points over two axes, with the front of those that no other point beats.

use crate::axis::Axis;
use crate::error::FigureError;
use crate::place::Labels;
use crate::role::Colour;
use crate::scene::{Align, Point, Rect, Scene, TextStyle};
use crate::series::{Key, Series, legend};

use super::check;

/// A point.
#[derive(Debug, Clone, PartialEq)]
pub struct ScatterPoint {
    /// The place along the horizontal axis.
    pub x: f64,
    /// The place along the vertical axis.
    pub y: f64,
    /// The name beside the point; empty for none.
    pub label: String,
}

/// Points that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct ScatterSeries {
    /// The name and the marks.
    pub series: Series,
    pub points: Vec<ScatterPoint>,
}

/// Which values of an axis are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Smaller ones.
    Lower,
    /// Larger ones.
    Higher,
}

impl Better {
    /// Whether `a` is at least as good as `b`.
    fn as_good(self, a: f64, b: f64) -> bool {
        match self {
            Self::Lower => a <= b,
            Self::Higher => a >= b,
        }
    }
}

/// The Pareto front: the points than which no other is as good in both and better in one.
#[derive(Debug, Clone, PartialEq)]
pub struct Front {
    /// Which values of the horizontal axis are better.
    pub x: Better,
    /// Which values of the vertical axis are better.
    pub y: Better,
    /// The front's name, in the legend.
    pub name: String,
}

/// Points over two axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Scatter {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The points; later series lie on top.
    pub series: Vec<ScatterSeries>,
    /// The front over all series, if it is to be drawn.
    pub front: Option<Front>,
    /// The height of the plot in pixels.
    pub height: f64,
}

impl Scatter {
    fn points(&self) -> impl Iterator<Item = &ScatterPoint> {
        self.series.iter().flat_map(|series| &series.points)
    }

    fn check(&self) -> Result<(), FigureError> {
        check::any(self.points(), "points")?;
        for series in &self.series {
            for point in &series.points {
                let what = || format!("{} {}", series.series.name, point.label);
                self.x.check(point.x, what)?;
                self.y.check(point.y, what)?;
            }
        }
        Ok(())
    }

    /// The points of the front, ordered along the horizontal axis.
    fn front_points(&self, front: &Front) -> Vec<(f64, f64)> {
        let mut points: Vec<(f64, f64)> = self.points().map(|point| (point.x, point.y)).collect();
        // From the best x on; among equals the best y first. Then a point is on the front when its y beats all before.
        points.sort_by(|a, b| {
            let x = match front.x {
                Better::Lower => a.0.total_cmp(&b.0),
                Better::Higher => b.0.total_cmp(&a.0),
            };
            let y = match front.y {
                Better::Lower => a.1.total_cmp(&b.1),
                Better::Higher => b.1.total_cmp(&a.1),
            };
            x.then(y)
        });
        let mut kept: Vec<(f64, f64)> = Vec::new();
        for point in points {
            if kept.last().is_none_or(|last| !front.y.as_good(last.1, point.1)) {
                kept.push(point);
            }
        }
        kept.sort_by(|a, b| a.0.total_cmp(&b.0));
        kept
    }

    pub(crate) fn draw(
        &self,
        scene: &mut Scene<'_>,
        (left, top): Point,
        width: f64,
    ) -> Result<f64, FigureError> {
        self.check()?;
        let x = self.x.fit(self.points().map(|point| point.x))?;
        let y = self.y.fit(self.points().map(|point| point.y))?;
        let mut below_legend = top;
        if self.series.len() > 1 || self.front.is_some() {
            let front = self.front.as_ref().map(|front| front.name.as_str());
            below_legend += self.draw_legend(scene, front, (left, top), width);
        }
        let plot_left = left + y.width_up(scene, self.height);
        let plot = Rect {
            x: plot_left,
            y: below_legend + 6.0,
            width: left + width - 14.0 - plot_left,
            height: self.height,
        };
        y.draw_up(scene, &plot);
        let below = x.draw_across(scene, &plot);
        let place = |point: (f64, f64)| (x.across(&plot, point.0), y.up(&plot, point.1));
        let front = self.front.as_ref().map(|front| (front, self.front_points(front)));
        let mut labels = Labels::new(plot);
        if let Some((front, points)) = &front {
            let mut steps: Vec<Point> = Vec::new();
            for &point in points {
                let at = place(point);
                if let Some(&last) = steps.last() {
                    // Between two points of the front, what is certainly reachable is the worse of both.
                    steps.push(match front.x {
                        Better::Lower => (at.0, last.1),
                        Better::Higher => (last.0, at.1),
                    });
                }
                steps.push(at);
            }
            labels.avoid_line(&steps, 2.0);
            scene.polyline(steps, 1.6, Colour::MUTED);
        }
        for series in &self.series {
            for point in &series.points {
                let at = place((point.x, point.y));
                let on_front = front.as_ref().is_none_or(|(_, kept)| kept.contains(&(point.x, point.y)));
                let colour = series.series.role.colour();
                // Points behind the front stay visible but recede.
                let colour = if on_front { colour } else { colour.mixed(Colour::WHITE, 0.55) };
                let radius = if on_front { 5.0 } else { 3.8 };
                scene.marker(series.series.marker, at, radius, colour);
                labels.avoid_mark(at, radius + 1.0);
            }
        }
        for series in &self.series {
            let style = TextStyle::NOTE.in_colour(series.series.role.colour().ink());
            for point in series.points.iter().filter(|point| !point.label.is_empty()) {
                labels.draw(scene, &point.label, place((point.x, point.y)), style);
            }
        }
        Ok(plot.bottom() + below - top)
    }

    fn draw_legend(&self, scene: &mut Scene<'_>, front: Option<&str>, at: Point, width: f64) -> f64 {
        let reserved = front.map_or(0.0, |name| scene.width(name, TextStyle::LABEL) + 50.0);
        let series = self.series.iter().map(|series| &series.series);
        let height = legend(scene, series, Key::Mark, at, width - reserved);
        if let Some(name) = front {
            let (right, middle) = (at.0 + width, at.1 + 8.0);
            let start = right - scene.width(name, TextStyle::LABEL);
            scene.line((start - 34.0, middle), (start - 8.0, middle), 1.6, Colour::MUTED);
            scene.text_beside(name, (start, middle), Align::Start, TextStyle::LABEL);
        }
        height
    }
}

#[cfg(test)]
mod tests {
    use super::{Better, Front, Scatter, ScatterPoint, ScatterSeries};
    use crate::{Axis, Role, Series};

    fn front(x: Better, y: Better) -> Vec<(f64, f64)> {
        let points = [(1.0, 1.0), (2.0, 3.0), (2.0, 2.0), (3.0, 3.0), (4.0, 2.5), (5.0, 9.0)];
        let points = points.map(|(x, y)| ScatterPoint { x, y, label: String::new() }).to_vec();
        let scatter = Scatter {
            x: Axis::linear("x", ""),
            y: Axis::linear("y", ""),
            series: vec![ScatterSeries { series: Series::new("s", Role::RtmAp), points }],
            front: None,
            height: 300.0,
        };
        scatter.front_points(&Front { x, y, name: String::new() })
    }

    #[test]
    fn the_front_has_the_points_that_none_beats() {
        assert_eq!(front(Better::Lower, Better::Higher), [(1.0, 1.0), (2.0, 3.0), (5.0, 9.0)]);
        assert_eq!(front(Better::Lower, Better::Lower), [(1.0, 1.0)]);
        assert_eq!(front(Better::Higher, Better::Lower), [(1.0, 1.0), (2.0, 2.0), (4.0, 2.5), (5.0, 9.0)]);
        assert_eq!(front(Better::Higher, Better::Higher), [(5.0, 9.0)]);
    }
}
