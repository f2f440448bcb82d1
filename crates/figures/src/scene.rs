//! What a figure consists of: lines, areas, marks and texts on a page, in pixels at single size.
//!
//! Charts draw into a scene, and both backends draw the scene, so that SVG and PNG have one layout.

use crate::font::{ASCENT, DESCENT, Fonts, Weight};
use crate::role::Colour;

/// A point on the page: x to the right, y downwards.
pub(crate) type Point = (f64, f64);

/// A rectangle on the page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    pub(crate) fn right(&self) -> f64 {
        self.x + self.width
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// The area that two rectangles share.
    pub(crate) fn shared(&self, other: &Self) -> f64 {
        let width = self.right().min(other.right()) - self.x.max(other.x);
        let height = self.bottom().min(other.bottom()) - self.y.max(other.y);
        width.max(0.0) * height.max(0.0)
    }

    pub(crate) fn contains(&self, other: &Self) -> bool {
        other.x >= self.x
            && other.y >= self.y
            && other.right() <= self.right()
            && other.bottom() <= self.bottom()
    }
}

/// Where a text's position lies along it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Start,
    Middle,
    End,
}

/// A line of text.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub content: String,
    /// The place of the baseline at the aligned end.
    pub at: Point,
    /// Pixels per em.
    pub size: f64,
    pub weight: Weight,
    pub colour: Colour,
    pub align: Align,
    /// Whether the text runs upwards.
    pub upwards: bool,
}

/// One element of a page.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// Connected strokes.
    Line { points: Vec<Point>, width: f64, colour: Colour },
    /// A filled polygon; `opacity` from 0 to 1.
    Area { points: Vec<Point>, colour: Colour, opacity: f64 },
    /// A filled rectangle.
    Box { area: Rect, colour: Colour },
    /// A filled circle.
    Disc { centre: Point, radius: f64, colour: Colour },
    /// A line of text.
    Text(Text),
}

/// The form of a mark, so that series differ in more than colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Marker {
    /// A filled circle.
    #[default]
    Disc,
    /// A filled square.
    Square,
    /// A square on its corner.
    Diamond,
    /// A triangle that points up.
    Triangle,
    /// A circle with a white middle.
    Ring,
}

/// How a text looks, without its content and place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextStyle {
    pub size: f64,
    pub weight: Weight,
    pub colour: Colour,
}

impl TextStyle {
    pub(crate) const TITLE: Self = Self { size: 18.0, weight: Weight::Bold, colour: Colour::BLACK };
    pub(crate) const SUBTITLE: Self = Self { size: 13.0, weight: Weight::Regular, colour: Colour::MUTED };
    pub(crate) const HEADING: Self = Self { size: 13.0, weight: Weight::Bold, colour: Colour::BLACK };
    pub(crate) const LABEL: Self = Self { size: 12.0, weight: Weight::Regular, colour: Colour::BLACK };
    pub(crate) const GROUP: Self = Self { size: 12.0, weight: Weight::Bold, colour: Colour::BLACK };
    pub(crate) const TICK: Self = Self { size: 11.0, weight: Weight::Regular, colour: Colour::MUTED };
    pub(crate) const NOTE: Self = Self { size: 11.0, weight: Weight::Regular, colour: Colour::MUTED };

    pub(crate) fn in_colour(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }

    pub(crate) fn bold(self) -> Self {
        Self { weight: Weight::Bold, ..self }
    }

    /// The distance from one baseline to the next.
    pub(crate) fn line_height(self) -> f64 {
        (self.size * 1.35).round()
    }

    /// How far below its middle a line's baseline lies.
    pub(crate) fn middle(self) -> f64 {
        self.size * 0.36
    }
}

/// A page under construction.
pub(crate) struct Scene<'a> {
    pub fonts: &'a Fonts,
    shapes: Vec<Shape>,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(fonts: &'a Fonts) -> Self {
        Self { fonts, shapes: Vec::new() }
    }

    pub(crate) fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    pub(crate) fn line(&mut self, from: Point, to: Point, width: f64, colour: Colour) {
        self.polyline(vec![from, to], width, colour);
    }

    pub(crate) fn polyline(&mut self, points: Vec<Point>, width: f64, colour: Colour) {
        self.shapes.push(Shape::Line { points, width, colour });
    }

    /// A straight line of dashes, each `dash` long with gaps of the same length.
    pub(crate) fn dashed(&mut self, from: Point, to: Point, dash: f64, width: f64, colour: Colour) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = libm::hypot(dx, dy);
        let mut start = 0.0;
        while start < length {
            let end = (start + dash).min(length);
            let at = |distance: f64| (from.0 + dx * distance / length, from.1 + dy * distance / length);
            self.line(at(start), at(end), width, colour);
            start += 2.0 * dash;
        }
    }

    pub(crate) fn area(&mut self, points: Vec<Point>, colour: Colour, opacity: f64) {
        self.shapes.push(Shape::Area { points, colour, opacity });
    }

    pub(crate) fn rect(&mut self, area: Rect, colour: Colour) {
        self.shapes.push(Shape::Box { area, colour });
    }

    pub(crate) fn disc(&mut self, centre: Point, radius: f64, colour: Colour) {
        self.shapes.push(Shape::Disc { centre, radius, colour });
    }

    /// A mark about `2 × radius` wide, with a white rim that sets it off from lines under it.
    pub(crate) fn marker(&mut self, marker: Marker, (x, y): Point, radius: f64, colour: Colour) {
        for (radius, colour) in [(radius + 1.0, Colour::WHITE), (radius, colour)] {
            let polygon = |corners: &[(f64, f64)]| {
                corners.iter().map(|(dx, dy)| (x + dx * radius, y + dy * radius)).collect::<Vec<_>>()
            };
            match marker {
                Marker::Disc | Marker::Ring => self.disc((x, y), radius, colour),
                Marker::Square => {
                    self.area(polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]), colour, 1.0);
                }
                Marker::Diamond => {
                    self.area(polygon(&[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)]), colour, 1.0);
                }
                Marker::Triangle => {
                    self.area(polygon(&[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)]), colour, 1.0);
                }
            }
        }
        if marker == Marker::Ring {
            self.disc((x, y), radius * 0.5, Colour::WHITE);
        }
    }

    /// A horizontal text whose baseline is at `at.1`.
    pub(crate) fn text(&mut self, content: &str, at: Point, align: Align, style: TextStyle) {
        self.push_text(content, at, align, style, false);
    }

    /// A horizontal text whose letters are centred on the height `at.1`.
    pub(crate) fn text_beside(&mut self, content: &str, at: Point, align: Align, style: TextStyle) {
        self.text(content, (at.0, at.1 + style.middle()), align, style);
    }

    /// A text that runs upwards, its baseline at `at.0`.
    pub(crate) fn text_upwards(&mut self, content: &str, at: Point, align: Align, style: TextStyle) {
        self.push_text(content, at, align, style, true);
    }

    fn push_text(&mut self, content: &str, at: Point, align: Align, style: TextStyle, upwards: bool) {
        // A control character has no glyph and would make the SVG invalid.
        let content: String = content.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if content.trim().is_empty() {
            return;
        }
        let TextStyle { size, weight, colour } = style;
        self.shapes.push(Shape::Text(Text { content, at, size, weight, colour, align, upwards }));
    }

    /// Several lines under each other, the first one's top at `top`; gives the height they take.
    pub(crate) fn paragraph(&mut self, lines: &[String], (x, top): Point, style: TextStyle) -> f64 {
        for (index, line) in lines.iter().enumerate() {
            let baseline = top + style.size * ASCENT + index as f64 * style.line_height();
            self.text(line, (x, baseline), Align::Start, style);
        }
        lines.len() as f64 * style.line_height()
    }

    /// Several lines under each other, together centred on the height `middle`.
    pub(crate) fn paragraph_beside(&mut self, lines: &[String], (x, middle): Point, style: TextStyle) {
        let first = middle - (lines.len() as f64 - 1.0) * style.line_height() / 2.0;
        for (index, line) in lines.iter().enumerate() {
            self.text_beside(line, (x, first + index as f64 * style.line_height()), Align::Start, style);
        }
    }

    pub(crate) fn width(&self, text: &str, style: TextStyle) -> f64 {
        self.fonts.width(text, style.size, style.weight)
    }

    /// The width of the widest of `texts`, 0 for none.
    pub(crate) fn widest<'t>(&self, texts: impl IntoIterator<Item = &'t str>, style: TextStyle) -> f64 {
        texts.into_iter().map(|text| self.width(text, style)).fold(0.0, f64::max)
    }

    pub(crate) fn wrap(&self, text: &str, width: f64, style: TextStyle) -> Vec<String> {
        self.fonts.wrap(text, width, style.size, style.weight)
    }

    /// The place that a text takes on the page.
    pub(crate) fn text_box(&self, text: &Text) -> Rect {
        let width = self.fonts.width(&text.content, text.size, text.weight);
        let shift = match text.align {
            Align::Start => 0.0,
            Align::Middle => -width / 2.0,
            Align::End => -width,
        };
        let (ascent, height) = (text.size * ASCENT, text.size * (ASCENT + DESCENT));
        let (x, y) = text.at;
        if text.upwards {
            Rect { x: x - ascent, y: y - shift - width, width: height, height: width }
        } else {
            Rect { x: x + shift, y: y - ascent, width, height }
        }
    }

    /// The texts on the page with their places.
    pub(crate) fn texts(&self) -> Vec<(&Text, Rect)> {
        let texts = self.shapes.iter().filter_map(|shape| match shape {
            Shape::Text(text) => Some(text),
            _ => None,
        });
        texts.map(|text| (text, self.text_box(text))).collect()
    }
}
