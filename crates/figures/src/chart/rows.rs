//! Rows under headings, with their labels at the left: what charts of one horizontal axis share.

use crate::error::FigureError;
use crate::role::Colour;
use crate::scene::{Align, Scene, TextStyle};

use super::check;

/// Rows under a heading.
#[derive(Debug, Clone, PartialEq)]
pub struct RowGroup<R> {
    /// The heading; empty for none.
    pub heading: String,
    pub rows: Vec<R>,
}

/// A row of a chart.
pub(super) trait Row {
    /// Its label.
    fn label(&self) -> &str;
    /// How many values it has, missing ones included: as many as there are series.
    fn values(&self) -> usize;
}

const INDENT: f64 = 12.0;
const PADDING: f64 = 5.0;
const HEADING: f64 = 26.0;

/// Every row with its group's heading before its label, as errors name it; there has to be one, with a value for each of
/// `series`.
pub(super) fn checked<R: Row>(
    groups: &[RowGroup<R>],
    series: usize,
) -> Result<Vec<(String, &R)>, FigureError> {
    let of_group = |group: &'_ RowGroup<R>, row: &R| format!("{} {}", group.heading, row.label());
    check::any(std::iter::repeat_n((), series), "series")?;
    check::any(groups.iter().flat_map(|group| &group.rows), "rows")?;
    let rows = groups.iter().flat_map(|group| group.rows.iter().map(move |row| (of_group(group, row), row)));
    rows.map(|(name, row)| {
        check::length(series, row.values(), || name.clone())?;
        Ok((name, row))
    })
    .collect()
}

/// The labels of all rows, broken into lines.
pub(super) struct Labels {
    lines: Vec<Vec<Vec<String>>>,
    /// The room that they take at the left.
    pub width: f64,
}

impl Labels {
    /// Breaks labels that would take more than `room`.
    pub fn wrap<R: Row>(scene: &Scene<'_>, groups: &[RowGroup<R>], room: f64) -> Self {
        let wrapped = |row: &R| scene.wrap(row.label(), room - INDENT, TextStyle::LABEL);
        let lines: Vec<Vec<Vec<String>>> =
            groups.iter().map(|group| group.rows.iter().map(wrapped).collect()).collect();
        let widest = scene.widest(lines.iter().flatten().flatten().map(String::as_str), TextStyle::LABEL);
        Self { lines, width: widest + INDENT }
    }

    /// Where every row lies, from `top` down, with at least the height that `content` says of it.
    pub fn place<'r, R>(
        &'r self,
        groups: &'r [RowGroup<R>],
        top: f64,
        content: impl Fn(&R) -> f64,
    ) -> Placed<'r, R> {
        let mut placed = Placed { headings: Vec::new(), rows: Vec::new(), bottom: top };
        for (group, labels) in groups.iter().zip(&self.lines) {
            if !group.heading.is_empty() {
                placed.headings.push((&group.heading, placed.bottom));
                placed.bottom += HEADING;
            }
            for (row, label) in group.rows.iter().zip(labels) {
                let text = label.len() as f64 * TextStyle::LABEL.line_height();
                let height = content(row).max(text) + 2.0 * PADDING;
                placed.rows.push(PlacedRow { row, label, y: placed.bottom, height });
                placed.bottom += height;
            }
        }
        placed
    }
}

/// Rows in their places.
pub(super) struct Placed<'r, R> {
    headings: Vec<(&'r str, f64)>,
    /// The rows from top to bottom.
    pub rows: Vec<PlacedRow<'r, R>>,
    /// Where the last one ends.
    pub bottom: f64,
}

impl<R> Placed<'_, R> {
    /// A line under every row.
    pub fn draw_lines(&self, scene: &mut Scene<'_>, left: f64, width: f64) {
        for row in &self.rows {
            let y = row.y + row.height;
            scene.line((left, y), (left + width, y), 1.0, Colour::GRID);
        }
    }

    /// The groups' headings.
    pub fn draw_headings(&self, scene: &mut Scene<'_>, left: f64) {
        for (heading, y) in &self.headings {
            scene.text(heading, (left, y + 18.0), Align::Start, TextStyle::GROUP);
        }
    }
}

/// A row in its place.
pub(super) struct PlacedRow<'r, R> {
    pub row: &'r R,
    label: &'r [String],
    y: f64,
    height: f64,
}

impl<R> PlacedRow<'_, R> {
    /// The height at which its middle lies.
    pub fn middle(&self) -> f64 {
        self.y + self.height / 2.0
    }

    /// The middle of the upmost of several lanes that lie around the row's middle.
    pub fn upmost(&self, lanes: f64, lane: f64) -> f64 {
        self.y + (self.height - lanes * lane) / 2.0 + lane / 2.0
    }

    /// Its label.
    pub fn draw_label(&self, scene: &mut Scene<'_>, left: f64) {
        scene.paragraph_beside(self.label, (left + INDENT, self.middle()), TextStyle::LABEL);
    }
}
