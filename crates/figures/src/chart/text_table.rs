//! Numbers in rows and columns, for those who want to read them off.

use crate::error::FigureError;
use crate::role::Colour;
use crate::scene::{Align, Point, Rect, Scene, TextStyle};

use super::check;

/// A table to read. The first column is set to the left, all others to the right.
#[derive(Debug, Clone, PartialEq)]
pub struct TextTable {
    /// The heads of the columns, with the units of their numbers; a unit stands under its head.
    pub header: Vec<(String, String)>,
    /// Rows, with as many cells as there are heads; a row of one cell is a heading.
    pub rows: Vec<Vec<String>>,
}

const ROW: f64 = 20.0;
const LINE: f64 = 15.0;

impl TextTable {
    pub(crate) fn draw(
        &self,
        scene: &mut Scene<'_>,
        (left, top): Point,
        width: f64,
    ) -> Result<f64, FigureError> {
        check::any(self.rows.iter(), "rows")?;
        for row in self.rows.iter().filter(|row| row.len() != 1) {
            check::length(self.header.len(), row.len(), || row.join(" "))?;
        }
        let head = TextStyle::TICK.bold();
        let widths: Vec<f64> = (0..self.header.len())
            .map(|column| {
                let cells = self.rows.iter().filter(|row| row.len() > 1).map(|row| row[column].as_str());
                let (name, unit) = &self.header[column];
                scene.widest(cells, TextStyle::LABEL).max(scene.widest([name.as_str(), unit.as_str()], head))
            })
            .collect();
        let free = (width - widths.iter().sum::<f64>()).max(0.0);
        let gap = free / (widths.len().max(2) - 1) as f64;
        let mut rights = Vec::new();
        let mut x = left;
        for (column, own) in widths.iter().enumerate() {
            x += own + if column == 0 { 0.0 } else { gap };
            rights.push(x);
        }
        let mut y = top + 2.0 * LINE;
        for (column, (name, unit)) in self.header.iter().enumerate() {
            let (at, align) = if column == 0 { (left, Align::Start) } else { (rights[column], Align::End) };
            scene.text_beside(name, (at, top + LINE / 2.0), align, head);
            scene.text_beside(unit, (at, top + 1.5 * LINE), align, TextStyle::TICK);
        }
        scene.line((left, y), (left + width, y), 1.0, Colour::AXIS);
        for (index, row) in self.rows.iter().enumerate() {
            let middle = y + ROW / 2.0;
            if let [heading] = row.as_slice() {
                scene.text_beside(heading, (left, middle + 2.0), Align::Start, TextStyle::GROUP);
            } else {
                if index % 2 == 1 {
                    scene.rect(Rect { x: left, y, width, height: ROW }, Colour::FAINT);
                }
                for (column, cell) in row.iter().enumerate() {
                    let (at, align) =
                        if column == 0 { (left, Align::Start) } else { (rights[column], Align::End) };
                    scene.text_beside(cell, (at, middle), align, TextStyle::LABEL);
                }
            }
            y += ROW;
        }
        scene.line((left, y), (left + width, y), 1.0, Colour::AXIS);
        Ok(y + 4.0 - top)
    }
}
