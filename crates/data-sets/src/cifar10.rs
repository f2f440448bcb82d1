//! CIFAR-10's test images (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009). They may not be passed
//! on, so the user names a folder that has them.

use std::path::{Path, PathBuf};

use network::{ImageSet, Shape};

use crate::error::DataError;

/// The binary version's test batch: per image one label and 32 x 32 pixels of red, green and blue.
const BINARY: &str = "test_batch.bin";
/// The first 2 000 test images, decoded from a JPEG re-encoding: results on them are labelled so.
const JPEG: &str = "cifar10-jpeg-test-2000.safetensors";
const SHAPE: Shape = Shape::new(3, 32, 32);
const CLASSES: u8 = 10;
const ADVICE: &str = "Unpack https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz there.";

/// Whether a folder has such images.
pub(crate) fn is_in(folder: &Path) -> bool {
    files(folder).iter().any(|file| file.is_file())
}

fn files(folder: &Path) -> [PathBuf; 3] {
    [folder.join("cifar-10-batches-bin").join(BINARY), folder.join(BINARY), folder.join(JPEG)]
}

pub(crate) fn load(folder: &Path) -> Result<ImageSet, DataError> {
    let looked_for = files(folder);
    match looked_for.iter().position(|file| file.is_file()) {
        Some(index @ 0..=1) => load_binary(&looked_for[index]),
        Some(jpeg) => Ok(ImageSet::from_tensors(&looked_for[jpeg])?.named("CIFAR-10 (JPEG)")),
        None => {
            Err(DataError::Missing { data_set: "CIFAR-10", looked_for: looked_for.into(), advice: ADVICE })
        }
    }
}

/// A file of CIFAR-10's binary version.
pub(crate) fn load_binary(path: &Path) -> Result<ImageSet, DataError> {
    let bytes = files::read(path).map_err(DataError::read(path))?;
    let format = |reason: String| Err(DataError::format(path, reason));
    let record = 1 + SHAPE.len();
    if bytes.is_empty() || !bytes.len().is_multiple_of(record) {
        return format(format!(
            "{} bytes; expected a multiple of {record}, one record an image",
            bytes.len()
        ));
    }
    let mut pixels = Vec::with_capacity(bytes.len());
    let mut labels = Vec::with_capacity(bytes.len() / record);
    for (image, record) in bytes.chunks_exact(record).enumerate() {
        let (label, image_pixels) = record.split_at(1);
        if label.iter().any(|&label| label >= CLASSES) {
            return format(format!("image {image} has label {label:?}; expected 0 to {}", CLASSES - 1));
        }
        labels.extend(label.iter().copied().map(u16::from));
        pixels.extend_from_slice(image_pixels);
    }
    Ok(ImageSet::new("CIFAR-10", SHAPE, pixels, Some(labels))?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use network::{Checkpoint, Tensor};

    fn record(label: u8, pixel: u8) -> Vec<u8> {
        let mut record = vec![label];
        record.resize(3073, pixel);
        record
    }

    #[test]
    fn the_binary_batch_is_read_from_the_folder_or_its_parent() {
        let folder = tempfile::tempdir().unwrap();
        let batches = folder.path().join("cifar-10-batches-bin");
        fs::create_dir(&batches).unwrap();
        fs::write(batches.join(BINARY), [record(3, 10), record(9, 20)].concat()).unwrap();
        for folder in [folder.path(), &batches] {
            let set = load(folder).unwrap();
            assert_eq!((set.name(), set.len(), set.labels()), ("CIFAR-10", 2, Some(&[3, 9][..])));
            assert!(set.pixels(1).unwrap().iter().all(|&pixel| pixel == 20));
        }
    }

    #[test]
    fn the_jpeg_version_is_labelled_so() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = Checkpoint::new("");
        file.insert("images", Tensor::new(vec![1, 3, 32, 32], vec![5_u8; 3072]).unwrap());
        file.insert("labels", Tensor::new(vec![1], vec![4_u8]).unwrap());
        file.save(&folder.path().join(JPEG)).unwrap();
        let set = load(folder.path()).unwrap();
        assert_eq!((set.name(), set.labels()), ("CIFAR-10 (JPEG)", Some(&[4][..])));
    }

    #[test]
    fn damaged_and_missing_files_are_told_with_what_was_expected() {
        let folder = tempfile::tempdir().unwrap();
        let error = load(folder.path()).unwrap_err().to_string();
        for file in ["cifar-10-batches-bin/test_batch.bin", JPEG, "cifar-10-binary.tar.gz"] {
            assert!(error.contains(file), "{error}");
        }
        for (bytes, words) in [
            (record(3, 0)[..3000].to_vec(), "3000 bytes; expected a multiple of 3073"),
            ([record(3, 0), record(10, 0)].concat(), "image 1 has label [10]; expected 0 to 9"),
        ] {
            fs::write(folder.path().join(BINARY), bytes).unwrap();
            let error = load(folder.path()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
