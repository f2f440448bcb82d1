//! Several values of one kind for each of several conditions, as marks under each other.

use crate::axis::Axis;
use crate::error::FigureError;
use crate::number::three_digits;
use crate::role::Colour;
use crate::scene::{Align, Point, Rect, Scene, TextStyle};
use crate::series::{Key, Reference, ReferenceLabels, Series, legend};

use super::check;
use super::rows::{Labels, Row, RowGroup, checked};

/// One condition with a value for each series.
#[derive(Debug, Clone, PartialEq)]
pub struct DotRow {
    /// The condition.
    pub label: String,
    /// As many as the chart has series; `None` where a series has no value.
    pub values: Vec<Option<f64>>,
}

/// Rows under a heading.
pub type DotGroup = RowGroup<DotRow>;

impl Row for DotRow {
    fn label(&self) -> &str {
        &self.label
    }
    fn values(&self) -> usize {
        self.values.len()
    }
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

const LANE: f64 = 6.5;

impl DotPlot {
    fn check(&self) -> Result<(), FigureError> {
        for (name, row) in checked(&self.groups, self.series.len())? {
            for (series, value) in self.series.iter().zip(&row.values) {
                let Some(value) = *value else { continue };
                self.axis.check(value, || format!("{name}, {}", series.name))?;
            }
        }
        check::references(&self.axis, &self.references)?;
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

        let labels = Labels::wrap(scene, &self.groups, width * 0.36);
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
        let plot_left = left + labels.width + 14.0;
        let plot_right = left + width - number_width - 16.0;
        let references = ReferenceLabels::place(scene, &self.references, &axis, plot_left, plot_right);
        y += references.height();

        let lanes = self.series.len() as f64;
        let placed = labels.place(&self.groups, y, |_| lanes * LANE);
        let plot = Rect { x: plot_left, y, width: plot_right - plot_left, height: placed.bottom + 4.0 - y };
        if let Some((low, high)) = self.band {
            let (low, high) = (axis.across(&plot, low), axis.across(&plot, high));
            scene.rect(Rect { x: low, width: high - low, ..plot }, Colour::FAINT);
        }
        let below = axis.draw_across(scene, &plot);
        placed.draw_lines(scene, left, width);
        references.draw(scene, &self.references, &axis, &plot);
        scene.text(first, (left + width, plot.y - 6.0), Align::End, TextStyle::TICK);
        placed.draw_headings(scene, left);
        for place in &placed.rows {
            place.draw_label(scene, left);
            let (row, upmost) = (place.row, place.upmost(lanes, LANE));
            // From the last series to the first, so that the one that counts most lies on top.
            for (lane, (series, value)) in self.series.iter().zip(&row.values).enumerate().rev() {
                let Some(value) = *value else { continue };
                let at = (axis.across(&plot, value), upmost + lane as f64 * LANE);
                let radius = if lane == 0 { 5.0 } else { 3.4 };
                scene.marker(series.marker, at, radius, series.role.colour());
            }
            if let Some(number) = said(row) {
                scene.text_beside(&number, (left + width, place.middle()), Align::End, TextStyle::LABEL);
            }
        }
        Ok(plot.bottom() + below - top)
    }
}
