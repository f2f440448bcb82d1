//! The bundled font: how wide a text is, and how its letters are drawn.

use ab_glyph::{Font, FontRef, PxScale, point};

use crate::error::FigureError;

/// How heavy letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// The height of a capital letter and of most others above the baseline, in em.
pub(crate) const ASCENT: f64 = 0.76;
/// The depth of letters such as g below the baseline, in em.
pub(crate) const DESCENT: f64 = 0.24;

/// DejaVu Sans in both weights.
pub(crate) struct Fonts {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

impl Fonts {
    /// Parses the bundled files.
    pub(crate) fn load() -> Result<Self, FigureError> {
        let parse = |bytes: &'static [u8]| {
            FontRef::try_from_slice(bytes).map_err(|error| FigureError::Drawing { reason: error.to_string() })
        };
        Ok(Self {
            regular: parse(include_bytes!("../fonts/DejaVuSans.ttf"))?,
            bold: parse(include_bytes!("../fonts/DejaVuSans-Bold.ttf"))?,
        })
    }

    fn font(&self, weight: Weight) -> &FontRef<'static> {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    /// The width of one letter, in em.
    fn advance(&self, letter: char, weight: Weight) -> f64 {
        let font = self.font(weight);
        let units = font.units_per_em().unwrap_or(2048.0);
        f64::from(font.h_advance_unscaled(font.glyph_id(letter))) / f64::from(units)
    }

    /// The width of `text` at `size` pixels per em, in pixels.
    pub(crate) fn width(&self, text: &str, size: f64, weight: Weight) -> f64 {
        text.chars().map(|letter| self.advance(letter, weight)).sum::<f64>() * size
    }

    /// Breaks `text` at spaces into lines of at most `width` pixels; a single longer word stays whole.
    pub(crate) fn wrap(&self, text: &str, width: f64, size: f64, weight: Weight) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_ascii_whitespace() {
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line} {word}"), size, weight) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines
    }

    /// Draws `text` from `start` along a baseline `down` pixels below zero: calls `pixel` with a place and how much of
    /// it a letter covers, 0 to 1.
    pub(crate) fn draw<E>(
        &self,
        text: &str,
        size: f64,
        weight: Weight,
        down: f64,
        mut pixel: impl FnMut(i32, i32, f64) -> Result<(), E>,
    ) -> Result<(), E> {
        let font = self.font(weight);
        let units = font.units_per_em().unwrap_or(2048.0);
        // The library scales by the font's height, text here by its em.
        let scale = PxScale::from(size as f32 * font.height_unscaled() / units);
        let mut x = 0.0;
        for letter in text.chars() {
            let glyph = font.glyph_id(letter).with_scale_and_position(scale, point(x as f32, down as f32));
            if let Some(outline) = font.outline_glyph(glyph) {
                let corner = outline.px_bounds().min;
                let (left, top) = (corner.x as i32, corner.y as i32);
                let mut outcome = Ok(());
                outline.draw(|dx, dy, coverage| {
                    if outcome.is_ok() && coverage > 0.0 {
                        outcome = pixel(left + dx as i32, top + dy as i32, f64::from(coverage).min(1.0));
                    }
                });
                outcome?;
            }
            x += self.advance(letter, weight) * size;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Fonts, Weight};

    #[test]
    fn the_bundled_font_has_every_symbol_that_figures_use() -> Result<(), crate::FigureError> {
        use ab_glyph::Font;
        let fonts = Fonts::load()?;
        let symbols = "AZaz09 µΩΔσ±×·−–—…≤≥≈²³⁰⁴⁵⁶⁷⁸⁹⁻⁺→←↑↓∞√°‰éß\u{202f}\u{a0}";
        for weight in [Weight::Regular, Weight::Bold] {
            for symbol in symbols.chars() {
                assert_ne!(fonts.font(weight).glyph_id(symbol).0, 0, "{symbol:?} in {weight:?}");
            }
        }
        Ok(())
    }

    #[test]
    fn wrapped_lines_fit_and_lose_no_word() -> Result<(), crate::FigureError> {
        let fonts = Fonts::load()?;
        let text = "energy of one inference on the crossbar with five-bit converters";
        let lines = fonts.wrap(text, 120.0, 12.0, Weight::Regular);
        assert!(lines.len() > 2);
        assert_eq!(lines.join(" "), text);
        for line in lines {
            assert!(fonts.width(&line, 12.0, Weight::Regular) <= 120.0, "{line}");
        }
        Ok(())
    }
}
