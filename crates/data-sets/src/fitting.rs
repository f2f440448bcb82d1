//! How a picture of any size becomes a network's input.

use network::Shape;

use crate::decode::Picture;
use crate::resample::resample;

/// No picture is scaled to a longer side, in pixels: what is read of one then still fits the memory.
const LARGEST_SIDE: usize = 1 << 14;

/// How a picture of any size becomes an image of a given shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fitting {
    /// The shorter side is scaled to `shorter_side`, and the middle is cut out: what ImageNet networks are evaluated with
    /// (224 pixels out of 256). Without `shorter_side` it is the image's larger extent times 8/7, rounded; but a picture that has the
    /// image's extents already is taken as it is.
    Crop {
        /// The shorter side after scaling, in pixels.
        shorter_side: Option<usize>,
    },
    /// Both sides are scaled, each to its extent; the aspect ratio may change.
    Stretch,
}

impl Default for Fitting {
    fn default() -> Self {
        Self::Crop { shorter_side: None }
    }
}

impl Fitting {
    /// The pixels of a picture, channel-major, in the given shape. A grey picture fills several channels with the same values; a coloured
    /// one becomes grey for a single channel (ITU-R BT.601 luma). Scaling is bilinear with a support that grows when it shrinks the
    /// picture, so that every pixel counts.
    ///
    /// # Errors
    /// In words, if the picture would have to be scaled to absurd extents.
    pub(crate) fn apply(self, picture: &Picture, shape: Shape) -> Result<Vec<u8>, String> {
        let (height, width) = (shape.height, shape.width);
        let (rows, columns) = match self {
            Self::Stretch => (height, width),
            Self::Crop { shorter_side: None } if (picture.height, picture.width) == (height, width) => {
                (height, width)
            }
            Self::Crop { shorter_side } => {
                let wanted = shorter_side.unwrap_or_else(|| (height.max(width) * 8 + 3) / 7);
                let shorter = picture.height.min(picture.width).max(1);
                // Like torchvision: the longer side is cut down to a whole number of pixels.
                let scaled = |extent: usize| extent.saturating_mul(wanted) / shorter;
                (scaled(picture.height).max(height), scaled(picture.width).max(width))
            }
        };
        if rows > LARGEST_SIDE || columns > LARGEST_SIDE {
            return Err(format!(
                "would be scaled to {rows} rows and {columns} columns; expected at most {LARGEST_SIDE} (--shorter-side)"
            ));
        }
        let bytes = (rows.max(picture.height) as u64) * (columns.max(picture.width) as u64) * 8;
        files::ask(format!("scaling a picture to {rows} rows and {columns} columns"), bytes)
            .map_err(|error| error.to_string())?;
        let top = ((rows - height) as f64 / 2.0).round_ties_even() as usize;
        let left = ((columns - width) as f64 / 2.0).round_ties_even() as usize;
        let mut pixels = Vec::with_capacity(shape.len());
        for channel in picture.as_channels(shape.channels) {
            let scaled = resample(&channel, (picture.height, picture.width), (rows, columns));
            for row in scaled.chunks_exact(columns).skip(top).take(height) {
                pixels.extend_from_slice(&row[left..left + width]);
            }
        }
        Ok(pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_the_picture_is_cut_out() {
        // 2 x 6, shorter side kept: columns 2 and 3 are the middle.
        let picture = Picture { height: 2, width: 6, channels: 1, pixels: (0..12).collect() };
        let fitting = Fitting::Crop { shorter_side: Some(2) };
        assert_eq!(fitting.apply(&picture, Shape::new(1, 2, 2)).unwrap(), [2, 3, 8, 9]);
    }

    #[test]
    fn a_picture_of_the_image_s_extents_is_taken_as_it_is_unless_a_scale_is_asked_for() {
        let picture = Picture { height: 2, width: 2, channels: 1, pixels: vec![10, 20, 30, 40] };
        assert_eq!(Fitting::default().apply(&picture, Shape::new(1, 2, 2)).unwrap(), picture.pixels);
        let scaled = Fitting::Crop { shorter_side: Some(4) }.apply(&picture, Shape::new(1, 2, 2)).unwrap();
        assert_ne!(scaled, picture.pixels);
    }

    #[test]
    fn a_picture_smaller_than_the_image_is_scaled_up_to_fill_it() {
        let picture = Picture { height: 1, width: 1, channels: 3, pixels: vec![10, 20, 30] };
        for fitting in [Fitting::default(), Fitting::Stretch, Fitting::Crop { shorter_side: Some(1) }] {
            let pixels = fitting.apply(&picture, Shape::new(3, 2, 2)).unwrap();
            assert_eq!(pixels, [[10; 4], [20; 4], [30; 4]].concat());
        }
    }

    #[test]
    fn colours_become_grey_and_grey_fills_every_channel() {
        let colour = Picture { height: 1, width: 1, channels: 3, pixels: vec![255, 0, 0] };
        assert_eq!(Fitting::Stretch.apply(&colour, Shape::new(1, 1, 1)).unwrap(), [76]);
        let grey = Picture { height: 1, width: 1, channels: 1, pixels: vec![9] };
        assert_eq!(Fitting::Stretch.apply(&grey, Shape::new(3, 1, 1)).unwrap(), [9, 9, 9]);
    }

    #[test]
    fn absurd_extents_are_refused_before_they_are_allocated() {
        let picture = Picture { height: 2, width: 4, channels: 1, pixels: vec![0; 8] };
        for shorter_side in [999_999_999, usize::MAX, 1 << 14] {
            let fitting = Fitting::Crop { shorter_side: Some(shorter_side) };
            let error = fitting.apply(&picture, Shape::new(1, 2, 2)).unwrap_err();
            assert!(error.contains("expected at most 16384"), "{error}");
        }
    }
}
