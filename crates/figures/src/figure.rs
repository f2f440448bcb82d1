//! A figure: title, panels and captions on one page.

use std::path::Path;

use tables::write_atomically;

use crate::backend;
use crate::chart::Chart;
use crate::error::FigureError;
use crate::font::Fonts;
use crate::role::Colour;
use crate::scene::{Rect, Scene, TextStyle};

/// The width of every figure, in pixels.
const WIDTH: f64 = 1000.0;
const MARGIN: f64 = 24.0;
const BETWEEN_PANELS: f64 = 28.0;

/// One chart of a figure, with a heading of its own where there are several.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// The heading, or empty.
    pub heading: String,
    pub chart: Chart,
}

/// A page with a title, charts, and what a reader needs to understand them.
///
/// The page is 1000 pixels wide and as high as its content. The same figure gives the same SVG, byte for byte, on
/// every machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What the figure shows, ideally as a finding.
    pub title: String,
    /// What the marks are and how they were found; may be empty.
    pub subtitle: String,
    /// The charts, from top to bottom and from left to right.
    pub panels: Vec<Panel>,
    /// How many panels stand side by side; 0 counts as 1.
    pub columns: usize,
    /// Notes at the foot: conditions, sources, what is not shown. Each begins a line.
    pub captions: Vec<String>,
    /// Where the data come from, for the `<desc>` of the SVG and the description of the PNG; not drawn.
    pub provenance: String,
}

impl Figure {
    /// A figure with one chart.
    pub fn new(title: impl Into<String>, chart: impl Into<Chart>) -> Self {
        Self {
            title: title.into(),
            subtitle: String::new(),
            panels: vec![Panel { heading: String::new(), chart: chart.into() }],
            columns: 1,
            captions: Vec::new(),
            provenance: String::new(),
        }
    }

    /// The same figure with a subtitle.
    #[must_use]
    pub fn subtitle(mut self, subtitle: impl Into<String>) -> Self {
        self.subtitle = subtitle.into();
        self
    }

    /// The same figure with one more note at its foot.
    #[must_use]
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.captions.push(caption.into());
        self
    }

    /// The same figure with the provenance of its data.
    #[must_use]
    pub fn provenance(mut self, provenance: impl Into<String>) -> Self {
        self.provenance = provenance.into();
        self
    }

    /// The figure as an SVG document.
    ///
    /// # Errors
    /// The first flaw of the data: nothing to draw, a value that is not finite, one without a place on a logarithmic
    /// axis, values out of order, lists of different lengths.
    pub fn svg(&self) -> Result<String, FigureError> {
        let fonts = Fonts::load()?;
        let (scene, size) = self.drawn(&fonts)?;
        backend::svg(&scene, size, &self.title, &self.provenance)
    }

    /// The figure as a PNG of twice its size in pixels; errors as [`Figure::svg`].
    pub fn png(&self) -> Result<Vec<u8>, FigureError> {
        let fonts = Fonts::load()?;
        let (scene, size) = self.drawn(&fonts)?;
        backend::png(&scene, size, &self.title, &self.provenance)
    }

    /// Writes `name.svg` and `name.png` into `folder`, which is created.
    ///
    /// # Errors
    /// As [`Figure::svg`], and [`FigureError::Table`] with the path for a file that cannot be written.
    pub fn write(&self, folder: &Path, name: &str) -> Result<(), FigureError> {
        // Both are drawn before either is written, so that they never show different data.
        let (svg, png) = (self.svg()?, self.png()?);
        write_atomically(&folder.join(format!("{name}.svg")), svg.as_bytes())?;
        write_atomically(&folder.join(format!("{name}.png")), &png)?;
        Ok(())
    }

    /// Texts that overlap another one or leave the page: a list of complaints, empty for a figure that can be read.
    ///
    /// # Errors
    /// As [`Figure::svg`].
    pub fn crowded_texts(&self) -> Result<Vec<String>, FigureError> {
        let fonts = Fonts::load()?;
        let (scene, size) = self.drawn(&fonts)?;
        let page = Rect { x: 0.0, y: 0.0, width: f64::from(size.0), height: f64::from(size.1) };
        let texts = scene.texts();
        let mut complaints = Vec::new();
        for (index, (text, place)) in texts.iter().enumerate() {
            if !page.contains(place) {
                complaints.push(format!("{:?} leaves the page", text.content));
            }
            for (other, other_place) in texts.iter().skip(index + 1) {
                // A sliver is the empty space around letters.
                if place.shared(other_place) > 4.0 {
                    complaints.push(format!("{:?} overlaps {:?}", text.content, other.content));
                }
            }
        }
        Ok(complaints)
    }

    fn drawn<'a>(&self, fonts: &'a Fonts) -> Result<(Scene<'a>, (u32, u32)), FigureError> {
        if self.panels.is_empty() {
            return Err(FigureError::Empty { what: "panels" });
        }
        let mut scene = Scene::new(fonts);
        let inner = WIDTH - 2.0 * MARGIN;
        let mut y = MARGIN;
        for (text, style) in [(&self.title, TextStyle::TITLE), (&self.subtitle, TextStyle::SUBTITLE)] {
            let lines = scene.wrap(text, inner, style);
            y += scene.paragraph(&lines, (MARGIN, y), style);
        }
        y += 14.0;
        let columns = self.columns.max(1);
        let width = (inner - BETWEEN_PANELS * (columns as f64 - 1.0)) / columns as f64;
        for (index, row) in self.panels.chunks(columns).enumerate() {
            if index > 0 {
                y += BETWEEN_PANELS;
            }
            let mut height: f64 = 0.0;
            // Headings of one row end at the same height, whatever their lines.
            let headings: Vec<Vec<String>> =
                row.iter().map(|panel| scene.wrap(&panel.heading, width, TextStyle::HEADING)).collect();
            let lines = headings.iter().map(Vec::len).max().unwrap_or(0);
            let above = if lines == 0 { 0.0 } else { lines as f64 * TextStyle::HEADING.line_height() + 4.0 };
            for (column, (panel, heading)) in row.iter().zip(&headings).enumerate() {
                let x = MARGIN + column as f64 * (width + BETWEEN_PANELS);
                scene.paragraph(heading, (x, y), TextStyle::HEADING);
                height = height.max(panel.chart.draw(&mut scene, (x, y + above), width)?);
            }
            y += above + height;
        }
        if !self.captions.is_empty() {
            y += 14.0;
            scene.line((MARGIN, y), (WIDTH - MARGIN, y), 1.0, Colour::GRID);
            y += 9.0;
            for caption in &self.captions {
                let lines = scene.wrap(caption, inner, TextStyle::NOTE);
                y += scene.paragraph(&lines, (MARGIN, y), TextStyle::NOTE);
            }
        }
        Ok((scene, (WIDTH as u32, (y + MARGIN - 6.0).ceil() as u32)))
    }
}
