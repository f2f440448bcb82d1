//! Medians with intervals, in rows under headings: how one ratio comes out under many conditions.

use crate::axis::Axis;
use crate::error::FigureError;
use crate::number::three_digits;
use crate::role::Colour;
use crate::scene::{Align, Point, Rect, Scene, TextStyle};
use crate::series::{Key, Reference, ReferenceLabels, SIDES_HEIGHT, Series, Sides, draw_sides, legend};

/// A median and the interval around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The interval's low end.
    pub low: f64,
    /// The median.
    pub median: f64,
    /// The interval's high end.
    pub high: f64,
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
#[derive(Debug, Clone, PartialEq)]
pub struct IntervalGroup {
    /// The heading; empty for none.
    pub heading: String,
    /// The rows.
    pub rows: Vec<IntervalRow>,
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

const INDENT: f64 = 12.0;
const LANE: f64 = 19.0;
const ROW_PADDING: f64 = 5.0;
const HEADING: f64 = 26.0;

impl IntervalChart {
    fn check(&self) -> Result<(), FigureError> {
        let rows = || self.groups.iter().flat_map(|group| group.rows.iter().map(move |row| (group, row)));
        if self.series.is_empty() {
            return Err(FigureError::Empty { what: "series" });
        }
        if rows().next().is_none() {
            return Err(FigureError::Empty { what: "rows" });
        }
        for (group, row) in rows() {
            let name = format!("{} {}", group.heading, row.label);
            if row.intervals.len() != self.series.len() {
                return Err(FigureError::Length {
                    what: name,
                    expected: self.series.len(),
                    found: row.intervals.len(),
                });
            }
            for (series, interval) in self.series.iter().zip(&row.intervals) {
                let Some(Interval { low, median, high }) = *interval else { continue };
                let what = || format!("{name}, {}", series.name);
                for value in [low, median, high] {
                    self.axis.check(value, what)?;
                }
                if low > median || median > high {
                    return Err(FigureError::Order { what: what(), low, middle: median, high });
                }
            }
        }
        for reference in &self.references {
            self.axis.check(reference.value, || reference.label.clone())?;
        }
        if let Some(sides) = &self.sides {
            self.axis.check(sides.at, || "the value between the sides".to_owned())?;
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
        let intervals = self.groups.iter().flat_map(|g| &g.rows).flat_map(|row| &row.intervals).flatten();
        let marks = self.references.iter().map(|r| r.value).chain(self.sides.iter().map(|sides| sides.at));
        let axis = self.axis.fit(intervals.flat_map(|i| [i.low, i.high]).chain(marks))?;

        let label_room = width * 0.36;
        let labels: Vec<Vec<Vec<String>>> = self
            .groups
            .iter()
            .map(|group| {
                group
                    .rows
                    .iter()
                    .map(|r| scene.wrap(&r.label, label_room - INDENT, TextStyle::LABEL))
                    .collect()
            })
            .collect();
        let label_width =
            scene.widest(labels.iter().flatten().flatten().map(String::as_str), TextStyle::LABEL) + INDENT;
        let numbers: Vec<String> = intervals_of(&self.groups).map(said).collect();
        let number_width = scene
            .widest(numbers.iter().map(String::as_str), TextStyle::LABEL)
            .max(scene.width(&self.meaning, TextStyle::TICK));

        let mut y = top;
        if self.series.len() > 1 {
            y += legend(scene, &self.series, Key::Mark, (left, y), width);
        }
        let plot_left = left + label_width + 14.0;
        let plot_right = left + width - number_width - 16.0;
        let references = ReferenceLabels::place(scene, &self.references, &axis, plot_left, plot_right);
        y += references.height() + if self.sides.is_some() { SIDES_HEIGHT } else { 0.0 };

        // Where every row begins, and its height.
        let mut rows = Vec::new();
        let mut headings = Vec::new();
        let plot_top = y;
        for (group, labels) in self.groups.iter().zip(&labels) {
            if !group.heading.is_empty() {
                headings.push((&group.heading, y));
                y += HEADING;
            }
            for (row, label) in group.rows.iter().zip(labels) {
                let lanes = row.intervals.iter().flatten().count().max(1) as f64 * LANE;
                let height =
                    lanes.max(label.len() as f64 * TextStyle::LABEL.line_height()) + 2.0 * ROW_PADDING;
                rows.push((row, label, y, height));
                y += height;
            }
        }
        let plot =
            Rect { x: plot_left, y: plot_top, width: plot_right - plot_left, height: y + 4.0 - plot_top };
        if let Some(sides) = &self.sides {
            draw_sides(scene, sides, &axis, &plot);
        }
        let below = axis.draw_across(scene, &plot);
        for (_, _, y, height) in &rows {
            scene.line((left, y + height), (left + width, y + height), 1.0, Colour::GRID);
        }
        let strip = if self.sides.is_some() { SIDES_HEIGHT } else { 0.0 };
        let raised = Rect { y: plot.y - strip, height: plot.height + strip, ..plot };
        references.draw(scene, &self.references, &axis, &raised);
        scene.text(&self.meaning, (left + width, plot.y - 6.0), Align::End, TextStyle::TICK);
        for (heading, y) in headings {
            scene.text(heading, (left, y + 18.0), Align::Start, TextStyle::GROUP);
        }
        for (row, label, y, height) in rows {
            scene.paragraph_beside(label, (left + INDENT, y + height / 2.0), TextStyle::LABEL);
            let present = self.series.iter().zip(&row.intervals).filter_map(|(s, i)| i.map(|i| (s, i)));
            let lanes = row.intervals.iter().flatten().count() as f64;
            let first = y + (height - lanes * LANE) / 2.0 + LANE / 2.0;
            for (lane, (series, interval)) in present.enumerate() {
                let middle = first + lane as f64 * LANE;
                let colour = series.role.colour();
                let place = |value| axis.across(&plot, value);
                let (low, high) = (place(interval.low), place(interval.high));
                scene.line((low, middle), (high, middle), 2.0, colour);
                for end in [low, high] {
                    scene.line((end, middle - 4.0), (end, middle + 4.0), 2.0, colour);
                }
                scene.marker(series.marker, (place(interval.median), middle), 4.5, colour);
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
    if interval.low == interval.high { median } else { format!("{median} [{low}, {high}]") }
}
