//! What charts share: series with their legend, reference lines, and shaded sides.

use crate::axis::FittedAxis;
use crate::role::{Colour, Role};
use crate::scene::{Align, Marker, Point, Rect, Scene, TextStyle};

/// A set of marks that belong together: its name, and how it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The name, in a legend or beside the marks.
    pub name: String,
    /// What the marks stand for, which decides their colour.
    pub role: Role,
    /// The marks' form, where there are marks.
    pub marker: Marker,
}

impl Series {
    /// A series with round marks.
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        Self { name: name.into(), role, marker: Marker::Disc }
    }

    /// The same series with other marks.
    #[must_use]
    pub fn marked(mut self, marker: Marker) -> Self {
        self.marker = marker;
        self
    }
}

/// A line at one value of an axis, with a label, such as `claim 7.5×`.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// Where the line stands.
    pub value: f64,
    /// What it says.
    pub label: String,
    /// What it stands for.
    pub role: Role,
}

impl Reference {
    /// A reference line.
    pub fn new(value: f64, label: impl Into<String>, role: Role) -> Self {
        Self { value, label: label.into(), role }
    }
}

/// What the two sides of a value mean, such as which system is better.
#[derive(Debug, Clone, PartialEq)]
pub struct Sides {
    /// The value between the sides.
    pub at: f64,
    /// What smaller values mean, and whose colour shades them.
    pub below: (String, Role),
    /// What larger values mean, and whose colour shades them.
    pub above: (String, Role),
}

/// How a legend shows a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// A filled patch, for bars.
    Patch,
    /// The series' mark.
    Mark,
}

/// Draws a legend from `at` (its top left) in lines of at most `width`; gives the height it takes.
pub(crate) fn legend<'s>(
    scene: &mut Scene<'_>,
    series: impl IntoIterator<Item = &'s Series>,
    key: Key,
    at: Point,
    width: f64,
) -> f64 {
    const LINE: f64 = 20.0;
    let (mut x, mut y) = at;
    for series in series {
        let needed = 18.0 + scene.width(&series.name, TextStyle::LABEL);
        if x > at.0 && x + needed > at.0 + width {
            x = at.0;
            y += LINE;
        }
        let middle = y + 8.0;
        let colour = series.role.colour();
        match key {
            Key::Patch => scene.rect(Rect { x, y: middle - 6.0, width: 12.0, height: 12.0 }, colour),
            Key::Mark => scene.marker(series.marker, (x + 6.0, middle), 5.0, colour),
        }
        scene.text_beside(&series.name, (x + 18.0, middle), Align::Start, TextStyle::LABEL);
        x += needed + 22.0;
    }
    y + LINE + 4.0 - at.1
}

/// The height that the labels of `references` take above a plot, in rows of which none overlaps.
pub(crate) struct ReferenceLabels {
    /// For each reference: its place among `references`, the label's left end, its row from below.
    placed: Vec<(usize, f64, usize)>,
    rows: usize,
}

const REFERENCE_ROW: f64 = 16.0;
const REFERENCE_STYLE: TextStyle = TextStyle { size: 11.5, ..TextStyle::GROUP };

impl ReferenceLabels {
    /// Places the labels above a plot that reaches from `left` to `right`.
    pub(crate) fn place(
        scene: &Scene<'_>,
        references: &[Reference],
        axis: &FittedAxis<'_>,
        left: f64,
        right: f64,
    ) -> Self {
        let mut order: Vec<(usize, &Reference)> = references.iter().enumerate().collect();
        order.sort_by(|(_, a), (_, b)| a.value.total_cmp(&b.value));
        // The right end of the last label in each row.
        let mut ends: Vec<f64> = Vec::new();
        let mut placed = Vec::new();
        for (index, reference) in order {
            let width = scene.width(&reference.label, REFERENCE_STYLE);
            let middle = left + (right - left) * axis.share(reference.value);
            let x = (middle - width / 2.0).min(right - width).max(left);
            let row = ends.iter().position(|&end| end + 10.0 <= x).unwrap_or(ends.len());
            match ends.get_mut(row) {
                Some(end) => *end = x + width,
                None => ends.push(x + width),
            }
            placed.push((index, x, row));
        }
        Self { placed, rows: ends.len() }
    }

    pub(crate) fn height(&self) -> f64 {
        if self.rows == 0 { 0.0 } else { self.rows as f64 * REFERENCE_ROW + 4.0 }
    }

    /// Draws the lines through `plot` and the labels above it.
    pub(crate) fn draw(
        &self,
        scene: &mut Scene<'_>,
        references: &[Reference],
        axis: &FittedAxis<'_>,
        plot: &Rect,
    ) {
        for &(index, x, row) in &self.placed {
            let Some(reference) = references.get(index) else { continue };
            let colour = reference.role.colour();
            let line = axis.across(plot, reference.value);
            let top = plot.y - 3.0 - row as f64 * REFERENCE_ROW;
            scene.dashed((line, plot.bottom()), (line, top), 5.0, 1.5, colour);
            let style = REFERENCE_STYLE.in_colour(colour.ink());
            scene.text(&reference.label, (x, top - 3.0), Align::Start, style);
        }
    }
}

/// The two sides of a value in a plot, with their meanings in a strip of [`SIDES_HEIGHT`] above it.
pub(crate) struct Halves<'s>([Half<'s>; 2]);

struct Half<'s> {
    meaning: &'s str,
    colour: Colour,
    /// With the strip.
    area: Rect,
    align: Align,
}

impl<'s> Halves<'s> {
    /// The halves of `plot`.
    pub(crate) fn of(sides: &'s Sides, axis: &FittedAxis<'_>, plot: &Rect) -> Self {
        let line = axis.across(plot, sides.at);
        let half = |(meaning, role): &'s (String, Role), from: f64, to: f64, align| Half {
            meaning,
            colour: role.colour(),
            area: Rect {
                x: from,
                y: plot.y - SIDES_HEIGHT,
                width: to - from,
                height: plot.height + SIDES_HEIGHT,
            },
            align,
        };
        Self([
            half(&sides.below, plot.x, line, Align::Start),
            half(&sides.above, line, plot.right(), Align::End),
        ])
    }

    /// Shades them; everything else is drawn on top.
    pub(crate) fn shade(&self, scene: &mut Scene<'_>) {
        for half in self.visible() {
            scene.rect(half.area, half.tint());
        }
    }

    /// Writes what they mean, over the reference lines that cross the strip.
    pub(crate) fn name(&self, scene: &mut Scene<'_>) {
        for half in self.visible() {
            let text = match half.align {
                Align::Start => format!("← {}", half.meaning),
                _ => format!("{} →", half.meaning),
            };
            let style = TextStyle::NOTE.in_colour(half.colour.ink()).bold();
            let width = scene.width(&text, style) + 12.0;
            // A side too narrow for its meaning stays without; the other one tells enough.
            if width > half.area.width {
                continue;
            }
            let (x, from) = match half.align {
                Align::Start => (half.area.x + 6.0, half.area.x + 2.0),
                _ => (half.area.right() - 6.0, half.area.right() - width + 2.0),
            };
            let room = Rect { x: from, y: half.area.y, width: width - 4.0, height: SIDES_HEIGHT };
            scene.rect(room, half.tint());
            scene.text_beside(&text, (x, half.area.y + SIDES_HEIGHT / 2.0), half.align, style);
        }
    }

    fn visible(&self) -> impl Iterator<Item = &Half<'s>> {
        self.0.iter().filter(|half| half.area.width >= 0.5)
    }
}

impl Half<'_> {
    fn tint(&self) -> Colour {
        self.colour.mixed(Colour::WHITE, 0.92)
    }
}

pub(crate) const SIDES_HEIGHT: f64 = 20.0;
