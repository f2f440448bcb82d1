//! Medians with intervals, in rows under headings: how one ratio comes out under many conditions.

use crate::axis::Axis;
use crate::error::FigureError;
use crate::number::three_digits;
use crate::scene::{Align, Marker, Point, Rect, Scene, TextStyle};
use crate::series::{Halves, Key, Reference, ReferenceLabels, SIDES_HEIGHT, Series, Sides, legend};

use super::check;
use super::rows::{Labels, Row, RowGroup, checked};

/// A median and the interval around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The interval's low end.
    pub low: f64,
    pub median: f64,
    /// The interval's high end.
    pub high: f64,
    /// The value at nominal parameters, where it is another than the median: drawn as a ring.
    pub nominal: Option<f64>,
}

/// One condition with an interval for each series.
#[derive(Debug, Clone, PartialEq)]
pub struct IntervalRow {
    /// The condition.
    pub label: String,
    /// As many as the chart has series; `None` where a series has no value.
    pub intervals: Vec<Option<Interval>>,
}

/// Rows under a heading.
pub type IntervalGroup = RowGroup<IntervalRow>;

impl Row for IntervalRow {
    fn label(&self) -> &str {
        &self.label
    }
    fn values(&self) -> usize {
        self.intervals.len()
    }
}

/// A chart of intervals along one axis, with the numbers beside them.
#[derive(Debug, Clone, PartialEq)]
pub struct IntervalChart {
    /// The axis, with its unit.
    pub axis: Axis,
    /// What an interval is, as the heading of the numbers: `median [5 %, 95 %]`.
    pub meaning: String,
    /// The series, drawn under each other in every row.
    pub series: Vec<Series>,
    /// The rows.
    pub groups: Vec<IntervalGroup>,
    /// Vertical lines to compare with.
    pub references: Vec<Reference>,
    /// What the two sides of a value mean.
    pub sides: Option<Sides>,
}

const LANE: f64 = 19.0;

impl IntervalChart {
    fn check(&self) -> Result<(), FigureError> {
        for (name, row) in checked(&self.groups, self.series.len())? {
            for (series, interval) in self.series.iter().zip(&row.intervals) {
                let Some(Interval { low, median, high, nominal }) = *interval else { continue };
                let what = || format!("{name}, {}", series.name);
                check::interval(&self.axis, [low, median, high], what)?;
                if let Some(nominal) = nominal {
                    self.axis.check(nominal, what)?;
                }
            }
        }
        check::references(&self.axis, &self.references)?;
        check::sides(&self.axis, self.sides.as_ref())
    }

    pub(crate) fn draw(
        &self,
        scene: &mut Scene<'_>,
        (left, top): Point,
        width: f64,
    ) -> Result<f64, FigureError> {
        self.check()?;
        let intervals = self.groups.iter().flat_map(|g| &g.rows).flat_map(|row| &row.intervals).flatten();
        let marks = self.references.iter().map(|r| r.value).chain(self.sides.iter().map(|sides| sides.at));
        let axis = self
            .axis
            .fit(intervals.flat_map(|i| [i.low, i.high, i.nominal.unwrap_or(i.low)]).chain(marks))?;

        let labels = Labels::wrap(scene, &self.groups, width * 0.36);
        let numbers: Vec<String> = intervals_of(&self.groups).map(said).collect();
        let number_width = scene
            .widest(numbers.iter().map(String::as_str), TextStyle::LABEL)
            .max(scene.width(&self.meaning, TextStyle::TICK));

        let mut y = top;
        if self.series.len() > 1 {
            y += legend(scene, &self.series, Key::Mark, (left, y), width);
        }
        let plot_left = left + labels.width + 14.0;
        let plot_right = left + width - number_width - 16.0;
        let references = ReferenceLabels::place(scene, &self.references, &axis, plot_left, plot_right);
        let strip = if self.sides.is_some() { SIDES_HEIGHT } else { 0.0 };
        y += references.height() + strip;

        let present = |row: &IntervalRow| row.intervals.iter().flatten().count() as f64;
        let placed = labels.place(&self.groups, y, |row| present(row).max(1.0) * LANE);
        let plot = Rect { x: plot_left, y, width: plot_right - plot_left, height: placed.bottom + 4.0 - y };
        let halves = self.sides.as_ref().map(|sides| Halves::of(sides, &axis, &plot));
        halves.iter().for_each(|halves| halves.shade(scene));
        let below = axis.draw_across(scene, &plot);
        placed.draw_lines(scene, left, width);
        let raised = Rect { y: plot.y - strip, height: plot.height + strip, ..plot };
        references.draw(scene, &self.references, &axis, &raised);
        halves.iter().for_each(|halves| halves.name(scene));
        scene.text(&self.meaning, (left + width, plot.y - 6.0), Align::End, TextStyle::TICK);
        placed.draw_headings(scene, left);
        for place in &placed.rows {
            place.draw_label(scene, left);
            let row = place.row;
            let first = place.upmost(present(row), LANE);
            let drawn = self.series.iter().zip(&row.intervals).filter_map(|(s, i)| i.map(|i| (s, i)));
            for (lane, (series, interval)) in drawn.enumerate() {
                let middle = first + lane as f64 * LANE;
                let colour = series.role.colour();
                let across = |value| axis.across(&plot, value);
                let (low, high) = (across(interval.low), across(interval.high));
                scene.line((low, middle), (high, middle), 2.0, colour);
                for end in [low, high] {
                    scene.line((end, middle - 4.0), (end, middle + 4.0), 2.0, colour);
                }
                scene.marker(series.marker, (across(interval.median), middle), 4.5, colour);
                if let Some(nominal) = interval.nominal {
                    scene.marker(Marker::Ring, (across(nominal), middle), 6.0, colour);
                }
                let style = TextStyle::LABEL.in_colour(colour.ink());
                scene.text_beside(&said(&interval), (left + width, middle), Align::End, style);
            }
        }
        Ok(plot.bottom() + below - top)
    }
}

fn intervals_of(groups: &[IntervalGroup]) -> impl Iterator<Item = &Interval> {
    groups.iter().flat_map(|group| &group.rows).flat_map(|row| &row.intervals).flatten()
}

fn said(interval: &Interval) -> String {
    let [low, median, high] = [interval.low, interval.median, interval.high].map(three_digits);
    // A value of which no spread is known has no interval.
    let spread = if interval.low == interval.high { median } else { format!("{median} [{low}, {high}]") };
    match interval.nominal {
        Some(nominal) => format!("{} · {spread}", three_digits(nominal)),
        None => spread,
    }
}
