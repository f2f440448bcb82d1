//! Image sets, and how they are fitted to a network's input.

mod scale;

use std::path::{Path, PathBuf};

use crate::{Checkpoint, CheckpointError, FeatureMap, Shape};

/// Images of one shape, 8-bit pixels, with their classes where those are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSet {
    name: String,
    shape: Shape,
    count: usize,
    pixels: Vec<u8>,
    labels: Option<Vec<u16>>,
}

/// Why images cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ImagesError {
    /// A file of tensors does not hold images.
    #[error("{}: {reason}", path.display())]
    Format {
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// A tensor file lacks images.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The pixels or labels do not belong to a whole number of images.
    #[error("{name}: {pixels} pixels and {} do not make images of {shape}", counted(*labels))]
    Count {
        /// The image set.
        name: String,
        /// Pixels there are.
        pixels: usize,
        /// Labels there are, if any.
        labels: Option<usize>,
        /// The shape of an image.
        shape: Shape,
    },
    /// A label is none of a network's classes.
    #[error("{name}: an image of class {label}; the network has {classes} outputs, for classes 0 to {}", classes.saturating_sub(1))]
    Label {
        /// The image set.
        name: String,
        /// The largest label.
        label: u16,
        /// Outputs of the network.
        classes: usize,
    },
    /// There are fewer images than asked for.
    #[error("{name}: holds {found} images; expected at least {expected}")]
    TooFew {
        /// The image set.
        name: String,
        /// Images there are.
        found: usize,
        /// Images asked for.
        expected: usize,
    },
    /// Images cannot be fitted to a network's input.
    #[error(
        "{name}: images of {found} cannot be fitted to {expected}: only a single channel can be repeated"
    )]
    Channels {
        /// The image set.
        name: String,
        /// The images' shape.
        found: Shape,
        /// The shape asked for.
        expected: Shape,
    },
}

fn counted(labels: Option<usize>) -> String {
    labels.map_or_else(|| "no labels".into(), |labels| format!("{labels} labels"))
}

impl ImageSet {
    /// Images, one after the other, channel-major, and one label for each.
    ///
    /// # Errors
    /// If pixels or labels do not make a whole number of images.
    pub fn new(
        name: impl Into<String>,
        shape: Shape,
        pixels: Vec<u8>,
        labels: Option<Vec<u16>>,
    ) -> Result<Self, ImagesError> {
        let name = name.into();
        let count = pixels.len().checked_div(shape.len()).unwrap_or(0);
        if count * shape.len() != pixels.len() || labels.as_ref().is_some_and(|labels| labels.len() != count)
        {
            let labels = labels.map(|labels| labels.len());
            return Err(ImagesError::Count { name, pixels: pixels.len(), labels, shape });
        }
        Ok(Self { name, shape, count, pixels, labels })
    }

    /// Images of a safetensors file, compressed or not: `images` U8 `[n, channels, height, width]` and, optional, `labels` of any
    /// integer type `[n]`. The set is named after the file.
    ///
    /// # Errors
    /// If the file cannot be read or lacks such tensors.
    pub fn from_tensors(path: &Path) -> Result<Self, ImagesError> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self::from_checkpoint(name, &Checkpoint::load(path)?, "images")
    }

    /// The inputs of a golden file: `input` U8 `[n, channels, height, width]` and, optional, `labels` of any integer type
    /// `[n]`.
    ///
    /// # Errors
    /// If the file cannot be read or lacks such tensors.
    pub fn from_golden(path: &Path) -> Result<Self, ImagesError> {
        Self::from_checkpoint("golden inputs".into(), &Checkpoint::load(path)?, "input")
    }

    fn from_checkpoint(name: String, checkpoint: &Checkpoint, tensor: &str) -> Result<Self, ImagesError> {
        let (shape, pixels) = checkpoint.shaped::<u8>(tensor)?;
        let &[count, channels, height, width] = shape else {
            let path = checkpoint.path().into();
            let reason =
                format!("tensor `{tensor}` is of shape {shape:?}; expected [n, channels, height, width]");
            return Err(ImagesError::Format { path, reason });
        };
        let labels = match checkpoint.contains("labels") {
            true => Some(labels(checkpoint, count)?),
            false => None,
        };
        Self::new(name, Shape::new(channels, height, width), pixels.to_vec(), labels)
    }

    /// Whether every label is one of a network's classes.
    ///
    /// # Errors
    /// If one is not, with both numbers.
    pub fn check_labels(&self, classes: usize) -> Result<(), ImagesError> {
        let largest = self.labels.iter().flatten().copied().max();
        match largest.filter(|&label| usize::from(label) >= classes) {
            Some(label) => Err(ImagesError::Label { name: self.name.clone(), label, classes }),
            None => Ok(()),
        }
    }

    /// The same images under another name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// What results on these images are labelled with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The shape of each image.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The pixels of an image, channel-major; `None` beyond the last.
    pub fn pixels(&self, image: usize) -> Option<&[u8]> {
        let length = self.shape.len();
        (image < self.count).then(|| &self.pixels[image * length..(image + 1) * length])
    }

    /// An image as a network's input; `None` beyond the last.
    pub fn feature_map(&self, image: usize) -> Option<FeatureMap> {
        let values = self.pixels(image)?.iter().copied().map(u16::from).collect();
        Some(FeatureMap::of(self.shape, values))
    }

    /// All images as a network's inputs.
    pub fn feature_maps(&self) -> Vec<FeatureMap> {
        (0..self.count).filter_map(|image| self.feature_map(image)).collect()
    }

    /// The images' classes, where they are known.
    pub fn labels(&self) -> Option<&[u16]> {
        self.labels.as_deref()
    }

    /// The first `count` images.
    ///
    /// # Errors
    /// If there are fewer.
    pub fn first(&self, count: usize) -> Result<Self, ImagesError> {
        if count > self.count {
            return Err(ImagesError::TooFew { name: self.name.clone(), found: self.count, expected: count });
        }
        Ok(Self {
            name: self.name.clone(),
            shape: self.shape,
            count,
            pixels: self.pixels[..count * self.shape.len()].to_vec(),
            labels: self.labels.as_ref().map(|labels| labels[..count].to_vec()),
        })
    }

    /// The images in another shape: a single channel is repeated, and rows and columns are interpolated bilinearly
    /// (half-pixel centres, edges clamped, double precision, rounded). Take the [`first`](Self::first) ones before: scaled up
    /// images are large.
    ///
    /// # Errors
    /// If the images have several channels, but not as many as asked for.
    pub fn fitted_to(&self, shape: Shape) -> Result<Self, ImagesError> {
        if shape == self.shape {
            return Ok(self.clone());
        }
        let repeats = match (self.shape.channels, shape.channels) {
            (found, wanted) if found == wanted => 1,
            (1, wanted) => wanted,
            _ => {
                return Err(ImagesError::Channels {
                    name: self.name.clone(),
                    found: self.shape,
                    expected: shape,
                });
            }
        };
        let mut pixels = Vec::with_capacity(self.count * shape.len());
        for channel in self.pixels.chunks_exact(self.shape.positions().max(1)) {
            let scaled =
                scale::bilinear(channel, (self.shape.height, self.shape.width), (shape.height, shape.width));
            (0..repeats).for_each(|_| pixels.extend_from_slice(&scaled));
        }
        Self::new(self.name.clone(), shape, pixels, self.labels.clone())
    }
}

/// One label for each of `count` images, of whichever integer type.
fn labels(checkpoint: &Checkpoint, count: usize) -> Result<Vec<u16>, ImagesError> {
    use crate::{ElementType, TensorValues};

    let wrong = |reason: String| ImagesError::Format { path: checkpoint.path().into(), reason };
    let tensor = checkpoint.tensor("labels", ElementType::U8)?;
    if tensor.shape() != [count] {
        return Err(wrong(format!("tensor `labels` is of shape {:?}; expected [{count}]", tensor.shape())));
    }
    let labels: Vec<i64> = match tensor.values() {
        TensorValues::I8(labels) => labels.iter().copied().map(i64::from).collect(),
        TensorValues::U8(labels) => labels.iter().copied().map(i64::from).collect(),
        TensorValues::I32(labels) => labels.iter().copied().map(i64::from).collect(),
        TensorValues::I64(labels) => labels.clone(),
        TensorValues::F32(_) => {
            return Err(wrong("tensor `labels` is of type F32; expected integers".into()));
        }
    };
    let label = |(place, &label): (usize, &i64)| {
        let expected = || wrong(format!("label {place} is {label}; expected 0 to {}", u16::MAX));
        u16::try_from(label).map_err(|_| expected())
    };
    labels.iter().enumerate().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_any_integer_type_are_read_and_held_against_the_classes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.safetensors");
        let with = |labels: crate::Tensor| {
            let mut file = Checkpoint::new("");
            file.insert("images", crate::Tensor::new(vec![2, 1, 1, 1], vec![0_u8; 2]).unwrap());
            file.insert("labels", labels);
            file.save(&path).unwrap();
            ImageSet::from_tensors(&path)
        };
        let wide = with(crate::Tensor::new(vec![2], vec![999_i64, 3]).unwrap()).unwrap();
        assert_eq!(wide.labels(), Some(&[999, 3][..]));
        assert_eq!(
            with(crate::Tensor::new(vec![2], vec![7_i32, 3]).unwrap()).unwrap().labels(),
            Some(&[7, 3][..])
        );
        let error = with(crate::Tensor::new(vec![2], vec![1_i64, -1]).unwrap()).unwrap_err().to_string();
        assert!(error.ends_with("label 1 is -1; expected 0 to 65535"), "{error}");
        assert!(with(crate::Tensor::new(vec![2], vec![0.5_f32; 2]).unwrap()).is_err());
        assert!(with(crate::Tensor::new(vec![1], vec![1_u8]).unwrap()).is_err());
        assert!(wide.check_labels(1000).is_ok());
        assert_eq!(
            wide.check_labels(10).unwrap_err().to_string(),
            "mine.safetensors: an image of class 999; the network has 10 outputs, for classes 0 to 9"
        );
    }

    #[test]
    fn pixels_or_labels_that_do_not_make_whole_images_are_refused() {
        let shape = Shape::new(1, 2, 2);
        assert!(ImageSet::new("x", shape, vec![0; 8], Some(vec![0, 1])).is_ok());
        assert!(ImageSet::new("x", shape, vec![0; 7], None).is_err());
        assert!(ImageSet::new("x", shape, vec![0; 8], Some(vec![0])).is_err());
        assert!(ImageSet::new("x", Shape::new(0, 2, 2), vec![0; 8], None).is_err());
    }

    #[test]
    fn a_set_gives_its_images_in_order_and_nothing_beyond_the_last() {
        let set = ImageSet::new("x", Shape::new(1, 1, 2), vec![1, 2, 3, 4], Some(vec![7, 8])).unwrap();
        assert_eq!(set.pixels(1), Some(&[3, 4][..]));
        assert_eq!(set.pixels(2), None);
        assert_eq!(set.first(1).unwrap().labels(), Some(&[7][..]));
        assert_eq!(set.first(3).unwrap_err().to_string(), "x: holds 2 images; expected at least 3");
    }

    #[test]
    fn only_a_single_channel_is_repeated() {
        let grey = ImageSet::new("grey", Shape::new(1, 1, 2), vec![1, 2], None).unwrap();
        let colour = grey.fitted_to(Shape::new(3, 1, 2)).unwrap();
        assert_eq!(colour.pixels(0), Some(&[1, 2, 1, 2, 1, 2][..]));
        assert!(colour.fitted_to(Shape::new(2, 1, 2)).is_err());
    }

    #[test]
    fn tensor_files_of_another_shape_name_what_was_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.safetensors.zst");
        let mut file = Checkpoint::new("");
        file.insert("images", crate::Tensor::new(vec![2, 4], vec![0_u8; 8]).unwrap());
        file.save(&path).unwrap();
        let error = ImageSet::from_tensors(&path).unwrap_err().to_string();
        assert!(
            error.contains("`images` is of shape [2, 4]; expected [n, channels, height, width]"),
            "{error}"
        );
    }
}
