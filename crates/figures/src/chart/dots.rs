//! Several values of one kind for each of several conditions, as marks under each other.

use crate::axis::Axis;
use crate::error::FigureError;
use crate::number::three_digits;
use crate::role::Colour;
use crate::scene::{Align, Point, Rect, Scene, TextStyle};
use crate::series::{Key, Reference, ReferenceLabels, Series, legend};

/// One condition with a value for each series.
#[derive(Debug, Clone, PartialEq)]
pub struct DotRow {
    /// The condition.
    pub label: String,
    /// As many as the chart has series; `None` where a series has no value.
    pub values: Vec<Option<f64>>,
}

/// Rows under a heading.
#[derive(Debug, Clone, PartialEq)]
pub struct DotGroup {
    /// The heading; empty for none.
    pub heading: String,
    /// The rows.
    pub rows: Vec<DotRow>,
}

/// A chart of marks along one axis. Each series has a lane of its own in every row, so that equal values do not hide one
/// another; the first series' marks are larger, and its values stand beside the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct DotPlot {
    /// The axis, with its unit.
    pub axis: Axis,
    /// The series, from the upmost lane down.
    pub series: Vec<Series>,
    /// The rows.
    pub groups: Vec<DotGroup>,
    /// Vertical lines to compare with.
    pub references: Vec<Reference>,
    /// From where to where values count as close; shaded.
    pub band: Option<(f64, f64)>,
}

const INDENT: f64 = 12.0;
const LANE: f64 = 6.5;
const ROW_PADDING: f64 = 5.0;
const HEADING: f64 = 26.0;

impl DotPlot {
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
            if row.values.len() != self.series.len() {
                let (expected, found) = (self.series.len(), row.values.len());
                return Err(FigureError::Length { what: name, expected, found });
            }
            for (series, value) in self.series.iter().zip(&row.values) {
                let Some(value) = *value else { continue };
                self.axis.check(value, || format!("{name}, {}", series.name))?;
            }
        }
        for reference in &self.references {
            self.axis.check(reference.value, || reference.label.clone())?;
        }
        if let Some((low, high)) = self.band {
            self.axis.check(low, || "the band's low end".to_owned())?;
            self.axis.check(high, || "the band's high end".to_owned())?;
            if low >= high {
                return Err(FigureError::Range { axis: "the band".to_owned(), low, high });
            }
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
        let rows = || self.groups.iter().flat_map(|group| &group.rows);
        let marks = self.references.iter().map(|reference| reference.value);
        let band = self.band.iter().flat_map(|&(low, high)| [low, high]);
        let values = rows().flat_map(|row| row.values.iter().flatten().copied());
        let axis = self.axis.fit(values.chain(marks).chain(band))?;

        let label_room = width * 0.36;
        let labels: Vec<Vec<Vec<String>>> = self
            .groups
            .iter()
            .map(|group| {
                let wrapped = |row: &DotRow| scene.wrap(&row.label, label_room - INDENT, TextStyle::LABEL);
                group.rows.iter().map(wrapped).collect()
            })
            .collect();
        let label_width =
            scene.widest(labels.iter().flatten().flatten().map(String::as_str), TextStyle::LABEL) + INDENT;
        let said = |row: &DotRow| row.values.first().copied().flatten().map(three_digits);
        let numbers: Vec<String> = rows().filter_map(said).collect();
        let first = self.series.first().map_or("", |series| series.name.as_str());
        let number_width = scene
            .widest(numbers.iter().map(String::as_str), TextStyle::LABEL)
            .max(scene.width(first, TextStyle::TICK));

        let mut y = top;
        if self.series.len() > 1 {
            y += legend(scene, &self.series, Key::Mark, (left, y), width);
        }
        let plot_left = left + label_width + 14.0;
        let plot_right = left + width - number_width - 16.0;
        let references = ReferenceLabels::place(scene, &self.references, &axis, plot_left, plot_right);
        y += references.height();

        // Where every row begins, and its height.
        let mut placed = Vec::new();
        let mut headings = Vec::new();
        let plot_top = y;
        for (group, labels) in self.groups.iter().zip(&labels) {
            if !group.heading.is_empty() {
                headings.push((&group.heading, y));
                y += HEADING;
            }
            for (row, label) in group.rows.iter().zip(labels) {
                let lanes = self.series.len() as f64 * LANE;
                let height =
                    lanes.max(label.len() as f64 * TextStyle::LABEL.line_height()) + 2.0 * ROW_PADDING;
                placed.push((row, label, y, height));
                y += height;
            }
        }
        let plot =
            Rect { x: plot_left, y: plot_top, width: plot_right - plot_left, height: y + 4.0 - plot_top };
        if let Some((low, high)) = self.band {
            let (low, high) = (axis.across(&plot, low), axis.across(&plot, high));
            scene.rect(Rect { x: low, width: high - low, ..plot }, Colour::FAINT);
        }
        let below = axis.draw_across(scene, &plot);
        for (_, _, y, height) in &placed {
            scene.line((left, y + height), (left + width, y + height), 1.0, Colour::GRID);
        }
        references.draw(scene, &self.references, &axis, &plot);
        scene.text(first, (left + width, plot.y - 6.0), Align::End, TextStyle::TICK);
        for (heading, y) in headings {
            scene.text(heading, (left, y + 18.0), Align::Start, TextStyle::GROUP);
        }
        for (row, label, y, height) in placed {
            scene.paragraph_beside(label, (left + INDENT, y + height / 2.0), TextStyle::LABEL);
            let lanes = self.series.len() as f64 * LANE;
            let upmost = y + (height - lanes) / 2.0 + LANE / 2.0;
            // From the last series to the first, so that the one that counts most lies on top.
            for (lane, (series, value)) in self.series.iter().zip(&row.values).enumerate().rev() {
                let Some(value) = *value else { continue };
                let at = (axis.across(&plot, value), upmost + lane as f64 * LANE);
                let radius = if lane == 0 { 5.0 } else { 3.4 };
                scene.marker(series.marker, at, radius, series.role.colour());
            }
            if let Some(number) = said(row) {
                let middle = (left + width, y + height / 2.0);
                scene.text_beside(&number, middle, Align::End, TextStyle::LABEL);
            }
        }
        Ok(plot.bottom() + below - top)
    }
}
