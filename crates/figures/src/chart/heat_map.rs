//! Values over two axes as colours, with one level drawn as a line, such as the break-even between two systems.

use std::collections::BTreeMap;

use crate::axis::{Axis, FittedAxis, Scale};
use crate::error::FigureError;
use crate::place::Labels;
use crate::role::{Colour, Role};
use crate::scene::{Align, Marker, Point, Rect, Scene, TextStyle};
use crate::series::Sides;

use super::check;

/// A named point on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct MapPoint {
    /// The place along the horizontal axis.
    pub x: f64,
    /// The place along the vertical axis.
    pub y: f64,
    /// The name beside it.
    pub label: String,
    /// What it stands for.
    pub role: Role,
    /// Its form.
    pub marker: Marker,
}

/// Values on a grid over two axes.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    /// The horizontal axis.
    pub x: Axis,
    /// The places of the grid along it, ascending, at least two.
    pub xs: Vec<f64>,
    /// The vertical axis.
    pub y: Axis,
    /// The places of the grid along it, ascending, at least two.
    pub ys: Vec<f64>,
    /// The quantity that colours show, with its unit and scale.
    pub value: Axis,
    /// A row of values for each of `ys`, with one for each of `xs`; `None` stays white.
    pub values: Vec<Vec<Option<f64>>>,
    /// The level that divides the map, and the meanings of its sides, which decide the colours. Without it colours run
    /// from dark to bright.
    pub level: Option<Sides>,
    /// What the line at the level says; empty for nothing.
    pub level_label: String,
    /// Named points.
    pub points: Vec<MapPoint>,
    /// The height of the plot in pixels.
    pub height: f64,
}

/// How far a cell reaches under the next one.
const SEAM: f64 = 0.6;

/// The corners of a cell whose value lies above the level, as marching squares number them, lead to the edges that the
/// line crosses. Edges: 0 below, 1 right, 2 above, 3 left.
type Crossing = (usize, usize);

impl HeatMap {
    fn check(&self) -> Result<(), FigureError> {
        for (axis, places, what) in
            [(&self.x, &self.xs, "horizontal places"), (&self.y, &self.ys, "vertical places")]
        {
            if places.len() < 2 {
                return Err(FigureError::Length { what: what.to_owned(), expected: 2, found: places.len() });
            }
            for &place in places {
                axis.check(place, || what.to_owned())?;
            }
            check::ascending(places.iter().copied(), || what.to_owned())?;
        }
        check::length(self.ys.len(), self.values.len(), || "rows of the map".to_owned())?;
        for (row, y) in self.values.iter().zip(&self.ys) {
            let what = || format!("the map at {} = {y}", self.y.label);
            check::length(self.xs.len(), row.len(), what)?;
            for &value in row.iter().flatten() {
                self.value.check(value, what)?;
            }
        }
        check::any(self.values.iter().flatten().flatten(), "values")?;
        if let Some(level) = &self.level {
            self.value.check(level.at, || "the level".to_owned())?;
        }
        for point in &self.points {
            self.x.check(point.x, || point.label.clone())?;
            self.y.check(point.y, || point.label.clone())?;
        }
        Ok(())
    }

    pub(crate) fn draw(
        &self,
        scene: &mut Scene<'_>,
        (left, top): Point,
        width: f64,
    ) -> Result<f64, FigureError> {
        self.check()?;
        let (x_edges, y_edges) = (edges(&self.x, &self.xs), edges(&self.y, &self.ys));
        // Cells reach to the ends of the axes, without a margin.
        let x_axis = with_ends(&self.x, &x_edges);
        let y_axis = with_ends(&self.y, &y_edges);
        let x = x_axis.fit(self.points.iter().map(|point| point.x))?;
        let y = y_axis.fit(self.points.iter().map(|point| point.y))?;
        let level = self.level.as_ref().map(|level| level.at);
        let values = self.values.iter().flatten().flatten().copied();
        let value = self.value.fit(values.chain(level))?;

        let plot_left = left + y.width_up(scene, self.height);
        let bar_labels = value.width_up(scene, self.height);
        let plot = Rect {
            x: plot_left,
            y: top + 10.0,
            width: left + width - plot_left - bar_labels - 46.0,
            height: self.height,
        };
        let below = x.draw_across(scene, &plot);
        y.draw_up(scene, &plot);
        // Each cell reaches a little under its right and its upper neighbour, or viewers show seams between them.
        for (j, (row, (y_from, y_to))) in self.values.iter().zip(pairs(&y_edges)).enumerate() {
            for (i, (cell, (x_from, x_to))) in row.iter().zip(pairs(&x_edges)).enumerate() {
                let Some(cell) = *cell else { continue };
                let under =
                    |there: Option<&Option<f64>>| if there.is_some_and(Option::is_some) { SEAM } else { 0.0 };
                let right = x.across(&plot, x_to) + under(row.get(i + 1));
                let upper = y.up(&plot, y_to) - under(self.values.get(j + 1).and_then(|row| row.get(i)));
                let (from, lower) = (x.across(&plot, x_from), y.up(&plot, y_from));
                let area = Rect { x: from, y: upper, width: right - from, height: lower - upper };
                scene.rect(area, self.colour(&value, cell));
            }
        }
        let mut labels = Labels::new(plot);
        for point in &self.points {
            labels.avoid_mark((x.across(&plot, point.x), y.up(&plot, point.y)), 8.0);
        }
        if let Some(level) = &self.level {
            self.draw_level(scene, level, &value, (&x, &y), &plot, &mut labels);
        }
        for point in &self.points {
            let at = (x.across(&plot, point.x), y.up(&plot, point.y));
            scene.marker(point.marker, at, 5.5, point.role.colour().ink());
        }
        for point in &self.points {
            let at = (x.across(&plot, point.x), y.up(&plot, point.y));
            labels.draw(scene, &point.label, at, TextStyle::NOTE.in_colour(Colour::BLACK).bold());
        }
        self.draw_key(scene, &value, &plot, left + width);
        Ok(plot.bottom() + below - top)
    }

    /// The colour of a value: away from the level in the colours of its sides, or along a dark to bright ramp.
    fn colour(&self, axis: &FittedAxis<'_>, value: f64) -> Colour {
        let share = axis.share(value).clamp(0.0, 1.0);
        let Some(level) = &self.level else { return ramp(share) };
        let middle = axis.share(level.at);
        // Equal strength for equal distance on both sides, so that neither looks closer than it is.
        let reach = middle.max(1.0 - middle).max(1e-9);
        let side = if share >= middle { level.above.1 } else { level.below.1 };
        side.colour().mixed(Colour::WHITE, 0.97 - 0.85 * (share - middle).abs() / reach)
    }

    /// Draws the line at the level, and the meanings of its sides where they have room.
    fn draw_level(
        &self,
        scene: &mut Scene<'_>,
        level: &Sides,
        value: &FittedAxis<'_>,
        (x, y): (&FittedAxis<'_>, &FittedAxis<'_>),
        plot: &Rect,
        labels: &mut Labels,
    ) {
        let middle = value.share(level.at);
        let grid: Vec<Vec<Option<f64>>> = self
            .values
            .iter()
            .map(|row| row.iter().map(|cell| cell.map(|cell| value.share(cell) - middle)).collect())
            .collect();
        let xs: Vec<f64> = self.xs.iter().map(|&place| x.across(plot, place)).collect();
        let ys: Vec<f64> = self.ys.iter().map(|&place| y.up(plot, place)).collect();
        let lines = contour(&xs, &ys, &grid);
        let mut longest: Option<&Vec<Point>> = None;
        for line in &lines {
            scene.polyline(line.clone(), 2.5, Colour::BLACK);
            labels.avoid_line(line, 4.0);
            if longest.is_none_or(|other| other.len() < line.len()) {
                longest = Some(line);
            }
        }
        if let Some(&at) = longest.and_then(|line| line.get(line.len() / 3))
            && !self.level_label.is_empty()
        {
            labels.draw(scene, &self.level_label, at, TextStyle::GROUP);
        }
    }

    /// The key of the colours, to the right of the plot up to `right`.
    fn draw_key(&self, scene: &mut Scene<'_>, value: &FittedAxis<'_>, plot: &Rect, right: f64) {
        const STEPS: u32 = 64;
        let bar = Rect { x: right - 16.0, y: plot.y, width: 16.0, height: plot.height };
        let (low, high) = (value.low, value.high);
        for step in 0..STEPS {
            let at = |step: u32| f64::from(step) / f64::from(STEPS);
            let share = at(step) + 0.5 / f64::from(STEPS);
            let middle = match self.value.scale {
                Scale::Linear => low + (high - low) * share,
                Scale::Log => low * libm::pow(high / low, share),
            };
            let (lower, upper) =
                (bar.bottom() - bar.height * at(step), bar.bottom() - bar.height * at(step + 1));
            let upper = (upper - SEAM).max(bar.y);
            let area = Rect { x: bar.x, y: upper, width: bar.width, height: lower - upper };
            scene.rect(area, self.colour(value, middle));
        }
        // Ticks and title as those of a vertical axis, without a grid.
        value.draw_up(scene, &Rect { width: 0.0, ..bar });
        if let Some(level) = &self.level {
            let y = value.up(&bar, level.at);
            scene.line((bar.x, y), (bar.right(), y), 2.5, Colour::BLACK);
            for ((meaning, role), upper) in [(&level.above, true), (&level.below, false)] {
                let style = TextStyle::NOTE.in_colour(role.colour().ink()).bold();
                let x = bar.x - value.width_up(scene, plot.height) - 6.0;
                let (at, align) = if upper { (plot.y, Align::End) } else { (plot.bottom(), Align::Start) };
                let room = if upper { y - plot.y } else { plot.bottom() - y };
                if scene.width(meaning, style) <= room {
                    scene.text_upwards(meaning, (x, at), align, style);
                }
            }
        }
    }
}

/// The axis with at least the ends of `edges`.
fn with_ends(axis: &Axis, edges: &[f64]) -> Axis {
    match (axis.at_least, edges.first(), edges.last()) {
        (Some((from, to)), Some(&low), Some(&high)) => axis.clone().at_least(low.min(from), high.max(to)),
        (None, Some(&low), Some(&high)) => axis.clone().at_least(low, high),
        _ => axis.clone(),
    }
}

fn pairs(values: &[f64]) -> impl Iterator<Item = (f64, f64)> {
    values.iter().copied().zip(values.iter().copied().skip(1))
}

/// The edges of cells around `places`: half-way between them along the axis, and as far beyond the outer ones.
fn edges(axis: &Axis, places: &[f64]) -> Vec<f64> {
    let bend = |value: f64| match axis.scale {
        Scale::Linear => value,
        Scale::Log => libm::log10(value),
    };
    let straighten = |value: f64| match axis.scale {
        Scale::Linear => value,
        Scale::Log => libm::pow(10.0, value),
    };
    let bent: Vec<f64> = places.iter().map(|&place| bend(place)).collect();
    let mut edges: Vec<f64> = pairs(&bent).map(|(a, b)| (a + b) / 2.0).collect();
    if let (Some(&first), Some(&second), Some((&last, rest))) = (bent.first(), bent.get(1), bent.split_last())
        && let Some(&before) = rest.last()
    {
        edges.insert(0, first - (second - first) / 2.0);
        edges.push(last + (last - before) / 2.0);
    }
    edges.into_iter().map(straighten).collect()
}

/// From dark to bright, readable with any colour vision: the stops of cividis (Nuñez, Anderton and Renslow 2018).
fn ramp(share: f64) -> Colour {
    const STOPS: [Colour; 6] = [
        Colour(0x00, 0x22, 0x4e),
        Colour(0x35, 0x45, 0x6c),
        Colour(0x66, 0x69, 0x70),
        Colour(0x94, 0x8e, 0x77),
        Colour(0xc8, 0xb8, 0x66),
        Colour(0xfe, 0xe8, 0x38),
    ];
    let along = share.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let index = (along as usize).min(STOPS.len() - 2);
    match (STOPS.get(index), STOPS.get(index + 1)) {
        (Some(from), Some(to)) => from.mixed(*to, along - index as f64),
        _ => Colour::WHITE,
    }
}

/// The lines where `grid` crosses zero, by marching squares: chains of points on the edges between grid places.
fn contour(xs: &[f64], ys: &[f64], grid: &[Vec<Option<f64>>]) -> Vec<Vec<Point>> {
    let value = |i: usize, j: usize| grid.get(j).and_then(|row| row.get(i)).copied().flatten();
    let place = |i: usize, j: usize| Some((*xs.get(i)?, *ys.get(j)?));
    // An edge is named by its lower left end and whether it goes up.
    type Edge = (usize, usize, bool);
    let mut points: BTreeMap<Edge, Point> = BTreeMap::new();
    let mut links: BTreeMap<Edge, Vec<Edge>> = BTreeMap::new();
    for j in 0..ys.len().saturating_sub(1) {
        for i in 0..xs.len().saturating_sub(1) {
            let corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)];
            let [Some(a), Some(b), Some(c), Some(d)] = corners.map(|(i, j)| value(i, j)) else { continue };
            let edges: [Edge; 4] = [(i, j, false), (i + 1, j, true), (i, j + 1, false), (i, j, true)];
            let case = [a, b, c, d].iter().rev().fold(0, |case, &v| case << 1 | usize::from(v >= 0.0));
            let centre = a + b + c + d >= 0.0;
            let crossings: &[Crossing] = match (case, centre) {
                (1 | 14, _) => &[(3, 0)],
                (2 | 13, _) => &[(0, 1)],
                (4 | 11, _) => &[(1, 2)],
                (8 | 7, _) => &[(2, 3)],
                (3 | 12, _) => &[(3, 1)],
                (6 | 9, _) => &[(0, 2)],
                // Opposite corners agree: the middle decides which of them are joined.
                (5, true) | (10, false) => &[(0, 1), (2, 3)],
                (5, false) | (10, true) => &[(3, 0), (1, 2)],
                _ => &[],
            };
            for &(from, to) in crossings {
                let ends = [edges.get(from), edges.get(to)];
                let [Some(&from), Some(&to)] = ends else { continue };
                for edge @ (i, j, up) in [from, to] {
                    let other = if up { (i, j + 1) } else { (i + 1, j) };
                    if let (Some(v), Some(w), Some(p), Some(q)) =
                        (value(i, j), value(other.0, other.1), place(i, j), place(other.0, other.1))
                    {
                        let t = v / (v - w);
                        points.insert(edge, (p.0 + (q.0 - p.0) * t, p.1 + (q.1 - p.1) * t));
                    }
                }
                links.entry(from).or_default().push(to);
                links.entry(to).or_default().push(from);
            }
        }
    }
    // Open lines first, from one of their ends; what is left are rings.
    let mut starts: Vec<Edge> = links.iter().filter(|(_, to)| to.len() == 1).map(|(&edge, _)| edge).collect();
    starts.extend(links.keys().copied());
    let mut lines = Vec::new();
    for start in starts {
        let mut line: Vec<Point> = points.get(&start).copied().into_iter().collect();
        let mut edge = start;
        while let Some(next) = links.get_mut(&edge).and_then(Vec::pop) {
            if let Some(back) = links.get_mut(&next)
                && let Some(position) = back.iter().position(|&other| other == edge)
            {
                back.remove(position);
            }
            line.extend(points.get(&next));
            edge = next;
        }
        if line.len() > 1 {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{contour, edges};
    use crate::Axis;

    #[test]
    fn a_plane_is_cut_by_one_straight_line() {
        let xs = [0.0, 1.0, 2.0, 3.0];
        let ys = [0.0, 1.0, 2.0];
        let grid: Vec<Vec<Option<f64>>> =
            ys.iter().map(|y| xs.iter().map(|x| Some(x + y - 2.5)).collect()).collect();
        let lines = contour(&xs, &ys, &grid);
        assert_eq!(lines.len(), 1);
        let line = lines.first().cloned().unwrap_or_default();
        // The line x + y = 2.5 crosses five edges between (2.5, 0) and (0.5, 2).
        assert_eq!(line.len(), 5);
        assert!(line.iter().all(|(x, y)| (x + y - 2.5).abs() < 1e-12), "{line:?}");
    }

    #[test]
    fn a_hill_is_ringed_and_a_gap_breaks_the_ring() {
        let places: Vec<f64> = (-3..=3).map(f64::from).collect();
        let hill = |x: &f64, y: &f64| Some(4.0 - x * x - y * y);
        let mut grid: Vec<Vec<Option<f64>>> =
            places.iter().map(|y| places.iter().map(|x| hill(x, y)).collect()).collect();
        let ring = contour(&places, &places, &grid);
        assert_eq!(ring.len(), 1);
        assert_eq!(ring[0].first(), ring[0].last());
        grid[3][5] = None;
        let broken = contour(&places, &places, &grid);
        assert!(broken[0].first() != broken[0].last());
    }

    #[test]
    fn cells_meet_half_way_on_their_axis() {
        assert_eq!(edges(&Axis::linear("x", ""), &[1.0, 2.0, 4.0]), [0.5, 1.5, 3.0, 5.0]);
        let log = edges(&Axis::log("x", ""), &[1.0, 100.0]);
        for (edge, expected) in log.iter().zip([0.1, 10.0, 1000.0]) {
            assert!((edge / expected - 1.0).abs() < 1e-12, "{log:?}");
        }
    }
}
