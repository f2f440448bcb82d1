//! Picture files: JPEG, PNG, WebP, BMP, TIFF and the portable formats.

use std::io::Cursor;
use std::path::Path;

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::error::DataError;

/// No picture's side is longer, in pixels; it keeps a damaged header from asking for the whole memory.
const LARGEST_SIDE: usize = 1 << 14;

/// Whether the budget of memory has room for a picture: what is decoded, and a copy in which it is turned.
fn room_for(rows: usize, columns: usize) -> Result<(), String> {
    let bytes = (rows as u64).saturating_mul(columns as u64).saturating_mul(8);
    files::ask(format!("a picture of {rows} rows and {columns} columns"), bytes)
        .map_err(|error| error.to_string())
}

/// A decoded picture: 8-bit pixels, interleaved, 1 (grey) or 3 (red, green, blue) channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// 1 or 3.
    pub channels: usize,
    /// Row by row, the channels of a pixel side by side.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// Decodes a picture file of whichever kind its first bytes say. Transparency is left out, 16-bit samples keep their upper byte,
    /// palettes are looked up. A picture is taken as its pixels lie: a rotation that a camera noted beside them (EXIF) is not
    /// applied, as torchvision's and Keras's readers do not, whose networks are evaluated so.
    ///
    /// # Errors
    /// If the file cannot be read or is not such a picture.
    pub fn load(path: &Path) -> Result<Self, DataError> {
        let bytes = files::read(path).map_err(DataError::read(path))?;
        let picture = if bytes.starts_with(&[0xff, 0xd8]) {
            Self::jpeg(&bytes)
        } else if bytes.starts_with(b"\x89PNG") {
            Self::png(&bytes)
        } else {
            Self::other(&bytes)
        };
        let picture = picture.map_err(|reason| DataError::format(path, reason))?;
        if picture.pixels.len() != picture.height * picture.width * picture.channels
            || picture.pixels.is_empty()
        {
            let reason = format!(
                "{} bytes for {} rows, {} columns, {} channels",
                picture.pixels.len(),
                picture.height,
                picture.width,
                picture.channels
            );
            return Err(DataError::format(path, reason));
        }
        Ok(picture)
    }

    fn jpeg(bytes: &[u8]) -> Result<Self, String> {
        let options = DecoderOptions::default()
            .set_max_width(LARGEST_SIDE)
            .set_max_height(LARGEST_SIDE)
            .set_strict_mode(true)
            .jpeg_set_out_colorspace(ColorSpace::RGB);
        let mut decoder = JpegDecoder::new_with_options(Cursor::new(bytes), options);
        decoder.decode_headers().map_err(|error| error.to_string())?;
        let info = decoder.info().ok_or("has no header")?;
        let (rows, columns) = (usize::from(info.height), usize::from(info.width));
        room_for(rows, columns)?;
        // Each block of 8 x 8 takes a bit at least, whatever it holds.
        let blocks = rows.div_ceil(8) * columns.div_ceil(8);
        if blocks > bytes.len() * 8 {
            return Err(format!("{} bytes; {rows} rows and {columns} columns need more", bytes.len()));
        }
        let pixels = decoder.decode().map_err(|error| error.to_string())?;
        let info = decoder.info().ok_or("has no header")?;
        Ok(Self { height: info.height.into(), width: info.width.into(), channels: 3, pixels })
    }

    fn png(bytes: &[u8]) -> Result<Self, String> {
        let mut decoder = png::Decoder::new(bytes);
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
        let mut reader = decoder.read_info().map_err(|error| error.to_string())?;
        let (width, height) = (reader.info().width as usize, reader.info().height as usize);
        if width > LARGEST_SIDE || height > LARGEST_SIDE {
            return Err(format!("{height} rows and {width} columns; expected at most {LARGEST_SIDE}"));
        }
        room_for(height, width)?;
        let mut pixels = vec![0; reader.output_buffer_size()];
        let info = reader.next_frame(&mut pixels).map_err(|error| error.to_string())?;
        pixels.truncate(info.buffer_size());
        let (samples, kept) = match info.color_type {
            png::ColorType::Grayscale => (1, 1),
            png::ColorType::GrayscaleAlpha => (2, 1),
            png::ColorType::Rgb => (3, 3),
            png::ColorType::Rgba => (4, 3),
            png::ColorType::Indexed => return Err("its palette is not expanded".to_owned()),
        };
        let pixels =
            pixels.chunks_exact(samples).flat_map(|pixel| pixel.iter().take(kept).copied()).collect();
        Ok(Self { height, width, channels: kept, pixels })
    }

    /// The other kinds, by the crate `image`.
    fn other(bytes: &[u8]) -> Result<Self, String> {
        use image::{DynamicImage, ImageFormat, ImageReader, Limits};

        let format = image::guess_format(bytes).ok().filter(|format| {
            matches!(format, ImageFormat::WebP | ImageFormat::Bmp | ImageFormat::Tiff | ImageFormat::Pnm)
        });
        let format = format.ok_or("starts like no JPEG, PNG, WebP, BMP, TIFF, PPM, PGM or PBM file")?;
        let reader = ImageReader::with_format(Cursor::new(bytes), format);
        let (columns, rows) = reader.into_dimensions().map_err(|error| error.to_string())?;
        room_for(rows as usize, columns as usize)?;
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        let mut limits = Limits::default();
        (limits.max_image_width, limits.max_image_height) =
            (Some(LARGEST_SIDE as u32), Some(LARGEST_SIDE as u32));
        reader.limits(limits);
        let picture = reader.decode().map_err(|error| error.to_string())?;
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let upper = |samples: &[u16]| samples.iter().map(|sample| (sample >> 8) as u8).collect::<Vec<u8>>();
        let (channels, pixels) = match &picture {
            DynamicImage::ImageLuma8(grey) => (1, grey.as_raw().clone()),
            DynamicImage::ImageLumaA8(_) => (1, picture.to_luma8().into_raw()),
            DynamicImage::ImageLuma16(grey) => (1, upper(grey.as_raw())),
            DynamicImage::ImageRgb16(colour) => (3, upper(colour.as_raw())),
            DynamicImage::ImageRgb8(_) | DynamicImage::ImageRgba8(_) => (3, picture.to_rgb8().into_raw()),
            other => {
                return Err(format!("samples of {:?}; expected 8 or 16 bits, grey or colour", other.color()));
            }
        };
        Ok(Self { height, width, channels, pixels })
    }

    /// One plane for each of `channels` channels.
    pub(crate) fn as_channels(&self, channels: usize) -> Vec<Vec<u8>> {
        let plane =
            |channel: usize| self.pixels.iter().skip(channel).step_by(self.channels).copied().collect();
        match (self.channels, channels) {
            (3, 1) => {
                // ITU-R BT.601.
                let grey = |pixel: &[u8]| {
                    let weighted =
                        299 * u32::from(pixel[0]) + 587 * u32::from(pixel[1]) + 114 * u32::from(pixel[2]);
                    ((weighted + 500) / 1000) as u8
                };
                vec![self.pixels.chunks_exact(3).map(grey).collect()]
            }
            (found, wanted) => (0..wanted).map(|channel| plane(channel.min(found - 1))).collect(),
        }
    }
}
