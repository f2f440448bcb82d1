//! Scenes as SVG and PNG, through plotters' backends.

use std::convert::Infallible;

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters_backend::text_anchor::{HPos, Pos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, FontFamily, FontStyle, FontTransform,
};

use crate::error::FigureError;
use crate::font::{ASCENT, Fonts, Weight};
use crate::role::Colour;
use crate::scene::{Align, Point, Scene, Shape, Text};

/// Backends take whole numbers; SVG gets tenths of a pixel, and a view box that scales them back.
const SVG_UNITS: f64 = 10.0;
/// A PNG has two pixels for each of the layout, for screens of high density and for print.
const PNG_PIXELS: u32 = 2;
/// Each of those is the mean of this many squared, because the bitmap backend does not smooth the edges of polygons.
const SAMPLES: u32 = 2;
/// For readers without the bundled font, others of nearly the same widths.
const FAMILY: &str = "DejaVu Sans, Bitstream Vera Sans, Verdana, sans-serif";

/// The scene as an SVG document of `size` pixels, with a title and a description for readers and machines.
pub(crate) fn svg(
    scene: &Scene<'_>,
    size: (u32, u32),
    title: &str,
    description: &str,
) -> Result<String, FigureError> {
    let mut drawn = String::new();
    let units = (size.0 * SVG_UNITS as u32, size.1 * SVG_UNITS as u32);
    {
        let mut backend = SVGBackend::with_string(&mut drawn, units);
        paint(scene, &mut backend, SVG_UNITS, units)?;
        backend.present().map_err(drawing)?;
    }
    // The backend's own opening tag has no place for a scale, a title or a description.
    let (_, body) = drawn
        .split_once('\n')
        .ok_or_else(|| FigureError::Drawing { reason: "the SVG backend wrote no opening tag".to_owned() })?;
    let body = exact_sizes(scene, body);
    Ok(format!(
        "<svg width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\">\n\
         <title>{}</title>\n<desc>{}</desc>\n{body}",
        size.0,
        size.1,
        units.0,
        units.1,
        escaped(title),
        escaped(description)
    ))
}

/// The SVG backend divides the sizes of texts by this factor.
const SIZE_FACTOR: f64 = 1.24;

/// Writes round sizes of texts where the division left a last digit: 120 for 120.00000000000001.
fn exact_sizes(scene: &Scene<'_>, body: &str) -> String {
    let mut body = body.to_owned();
    let mut sizes: Vec<f64> = scene.texts().iter().map(|(text, _)| text.size * SVG_UNITS).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    for size in sizes {
        let divided = size * SIZE_FACTOR / SIZE_FACTOR;
        body = body.replace(&format!("font-size=\"{divided}\""), &format!("font-size=\"{size}\""));
    }
    body
}

/// Text as the content of an XML element; control characters, which XML forbids, become spaces.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' => escaped.push('\n'),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The scene as a PNG of twice `size`, with the title and the description in its text chunks.
pub(crate) fn png(
    scene: &Scene<'_>,
    size: (u32, u32),
    title: &str,
    description: &str,
) -> Result<Vec<u8>, FigureError> {
    let scale = PNG_PIXELS * SAMPLES;
    let fine = (size.0 * scale, size.1 * scale);
    let mut samples = vec![0xff; fine.0 as usize * fine.1 as usize * 3];
    {
        let mut backend = BitMapBackend::with_buffer(&mut samples, fine);
        paint(scene, &mut backend, f64::from(scale), fine)?;
        backend.present().map_err(drawing)?;
    }
    let (width, height) = (size.0 * PNG_PIXELS, size.1 * PNG_PIXELS);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Default);
    encoder.add_itxt_chunk("Title".to_owned(), title.to_owned()).map_err(drawing)?;
    encoder.add_itxt_chunk("Description".to_owned(), description.to_owned()).map_err(drawing)?;
    let mut writer = encoder.write_header().map_err(drawing)?;
    writer.write_image_data(&reduced(&samples, fine.0 as usize)).map_err(drawing)?;
    writer.finish().map_err(drawing)?;
    Ok(bytes)
}

/// The means of squares of [`SAMPLES`] × [`SAMPLES`] pixels of three bytes, in rows of `width` pixels.
fn reduced(samples: &[u8], width: usize) -> Vec<u8> {
    let side = SAMPLES as usize;
    let mut pixels = Vec::with_capacity(samples.len() / (side * side));
    for band in samples.chunks_exact(width * 3 * side) {
        for x in 0..width / side {
            for channel in 0..3 {
                let mut sum = 0_usize;
                for row in band.chunks_exact(width * 3) {
                    let from = x * side * 3 + channel;
                    sum += row
                        .iter()
                        .skip(from)
                        .step_by(3)
                        .take(side)
                        .map(|&byte| usize::from(byte))
                        .sum::<usize>();
                }
                // A mean of bytes is a byte.
                pixels.push(((sum + side * side / 2) / (side * side)) as u8);
            }
        }
    }
    pixels
}

fn drawing(error: impl std::fmt::Display) -> FigureError {
    FigureError::Drawing { reason: error.to_string() }
}

/// A colour and a stroke width in the backend's units.
struct Stroke {
    colour: Colour,
    opacity: f64,
    width: u32,
}

impl BackendStyle for Stroke {
    fn color(&self) -> BackendColor {
        BackendColor { alpha: self.opacity, rgb: (self.colour.0, self.colour.1, self.colour.2) }
    }

    fn stroke_width(&self) -> u32 {
        self.width
    }
}

fn fill(colour: Colour) -> Stroke {
    Stroke { colour, opacity: 1.0, width: 0 }
}

fn paint<B: DrawingBackend>(
    scene: &Scene<'_>,
    backend: &mut B,
    scale: f64,
    size: (u32, u32),
) -> Result<(), FigureError> {
    let at = |(x, y): Point| ((x * scale).round() as i32, (y * scale).round() as i32);
    backend.ensure_prepared().map_err(drawing)?;
    backend.draw_rect((0, 0), (size.0 as i32, size.1 as i32), &fill(Colour::WHITE), true).map_err(drawing)?;
    for shape in scene.shapes() {
        match shape {
            Shape::Line { points, width, colour } => {
                let style =
                    Stroke { colour: *colour, opacity: 1.0, width: ((width * scale).round() as u32).max(1) };
                if points.len() > 1 {
                    backend.draw_path(points.iter().copied().map(at), &style).map_err(drawing)?;
                }
            }
            Shape::Area { points, colour, opacity } => {
                let style = Stroke { colour: *colour, opacity: *opacity, width: 0 };
                if points.len() > 2 {
                    backend.fill_polygon(points.iter().copied().map(at), &style).map_err(drawing)?;
                }
            }
            Shape::Box { area, colour } => {
                let (from, to) = (at((area.x, area.y)), at((area.right(), area.bottom())));
                backend.draw_rect(from, to, &fill(*colour), true).map_err(drawing)?;
            }
            Shape::Disc { centre, radius, colour } => {
                let radius = (radius * scale).round() as u32;
                backend.draw_circle(at(*centre), radius, &fill(*colour), true).map_err(drawing)?;
            }
            Shape::Text(text) => {
                let size = text.size * scale;
                // Both backends put the top of a text ASCENT above its baseline when it hangs from its position.
                let up = text.size * ASCENT;
                let (x, y) = text.at;
                let position = if text.upwards { (x - up, y) } else { (x, y - up) };
                let style = Letters { fonts: scene.fonts, text, size };
                backend.draw_text(&text.content, &style, at(position)).map_err(drawing)?;
            }
        }
    }
    Ok(())
}

/// A text as the backends ask for it.
struct Letters<'a> {
    fonts: &'a Fonts,
    text: &'a Text,
    /// Units per em.
    size: f64,
}

impl BackendTextStyle for Letters<'_> {
    type FontError = Infallible;

    fn color(&self) -> BackendColor {
        fill(self.text.colour).color()
    }

    fn size(&self) -> f64 {
        self.size * SIZE_FACTOR
    }

    fn transform(&self) -> FontTransform {
        if self.text.upwards { FontTransform::Rotate270 } else { FontTransform::None }
    }

    fn style(&self) -> FontStyle {
        match self.text.weight {
            Weight::Regular => FontStyle::Normal,
            Weight::Bold => FontStyle::Bold,
        }
    }

    fn anchor(&self) -> Pos {
        let along = match self.text.align {
            Align::Start => HPos::Left,
            Align::Middle => HPos::Center,
            Align::End => HPos::Right,
        };
        Pos::new(along, VPos::Top)
    }

    fn family(&self) -> FontFamily<'_> {
        FontFamily::Name(FAMILY)
    }

    fn layout_box(&self, text: &str) -> Result<((i32, i32), (i32, i32)), Infallible> {
        let width = self.fonts.width(text, self.size, self.text.weight);
        Ok(((0, 0), (width.round() as i32, self.size.round() as i32)))
    }

    fn draw<E, DrawFunc: FnMut(i32, i32, BackendColor) -> Result<(), E>>(
        &self,
        text: &str,
        (x, y): BackendCoord,
        mut draw: DrawFunc,
    ) -> Result<Result<(), E>, Infallible> {
        let rgb = self.color().rgb;
        Ok(self.fonts.draw(text, self.size, self.text.weight, self.size * ASCENT, |dx, dy, alpha| {
            draw(x + dx, y + dy, BackendColor { alpha, rgb })
        }))
    }
}
