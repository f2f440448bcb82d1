//! Fashion-MNIST's test images (Xiao, Rasul, Vollgraf 2017, arXiv 1708.07747), in IDX files.

use std::path::{Path, PathBuf};

use network::{ImageSet, Shape};

use crate::error::DataError;
use crate::idx;

const IMAGES: &str = "t10k-images-idx3-ubyte";
const LABELS: &str = "t10k-labels-idx1-ubyte";
const ADVICE: &str = "Put t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz of \
    https://github.com/zalandoresearch/fashion-mnist there.";
/// Zero pixels added on every side: 28 x 28 becomes 32 x 32.
const MARGIN: usize = 2;

/// Whether a folder has such images: MNIST itself and its other heirs too.
pub(crate) fn is_in(folder: &Path) -> bool {
    find(folder, IMAGES).is_ok()
}

/// The files of images and labels.
pub(crate) fn files(folder: &Path) -> Result<[PathBuf; 2], DataError> {
    Ok([find(folder, IMAGES)?, find(folder, LABELS)?])
}

pub(crate) fn load(folder: &Path) -> Result<ImageSet, DataError> {
    load_as("Fashion-MNIST (t10k)", folder)
}

pub(crate) fn load_as(name: &str, folder: &Path) -> Result<ImageSet, DataError> {
    let ([count, height, width], pixels) = idx::read::<3>(&find(folder, IMAGES)?)?;
    let labels = idx::labels(&find(folder, LABELS)?, count)?;
    let shape = Shape::new(1, height + 2 * MARGIN, width + 2 * MARGIN);
    let bytes = (count as u64).saturating_mul(shape.len() as u64);
    files::ask(format!("{count} images of {shape}"), bytes)
        .map_err(|error| DataError::format(folder, error.to_string()))?;
    let mut padded = vec![0; count * shape.len()];
    for (index, row) in pixels.chunks_exact(width.max(1)).enumerate() {
        let (image, y) = (index / height, index % height + MARGIN);
        let start = image * shape.len() + y * shape.width + MARGIN;
        padded[start..start + width].copy_from_slice(row);
    }
    Ok(ImageSet::new(name, shape, padded, Some(labels))?)
}

fn find(folder: &Path, name: &str) -> Result<PathBuf, DataError> {
    let looked_for = vec![folder.join(format!("{name}.gz")), folder.join(name)];
    match looked_for.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(DataError::Missing { data_set: "Fashion-MNIST", looked_for, advice: ADVICE }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    fn idx(extents: &[u32], values: &[u8]) -> Vec<u8> {
        let mut bytes = (0x0800 + extents.len() as u32).to_be_bytes().to_vec();
        bytes.extend(extents.iter().flat_map(|extent| extent.to_be_bytes()));
        bytes.extend_from_slice(values);
        bytes
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn load_made(images: &[u8], labels: &[u8]) -> Result<ImageSet, String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("t10k-images-idx3-ubyte.gz"), images).unwrap();
        fs::write(folder.path().join("t10k-labels-idx1-ubyte"), labels).unwrap();
        load(folder.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn gzipped_and_plain_files_are_read_and_padded_by_two_zero_pixels() {
        let set = load_made(&gzip(&idx(&[2, 1, 2], &[1, 2, 3, 4])), &idx(&[2], &[9, 0])).unwrap();
        assert_eq!(set.shape(), Shape::new(1, 5, 6));
        let mut expected = [0; 30];
        expected[2 * 6 + 2..2 * 6 + 4].copy_from_slice(&[3, 4]);
        assert_eq!(set.pixels(1), Some(&expected[..]));
        assert_eq!(set.labels(), Some(&[9, 0][..]));
    }

    #[test]
    fn damaged_files_are_told_with_file_found_and_expected() {
        let (images, labels) = (idx(&[2, 1, 2], &[1, 2, 3, 4]), idx(&[2], &[9, 0]));
        for (images, labels, words) in [
            (images[..19].to_vec(), labels.clone(), "images-idx3-ubyte.gz: 3 values; expected 4"),
            (idx(&[2, 1, 2], &[0; 5]), labels.clone(), "more values; expected 4"),
            (gzip(&images)[..20].to_vec(), labels.clone(), "images-idx3-ubyte.gz: cannot be read"),
            (idx(&[u32::MAX, u32::MAX, u32::MAX], &[]), labels.clone(), "extents [4294967295"),
            (idx(&[2, 0, 2], &[]), labels.clone(), "extents [2, 0, 2]"),
            (labels.clone(), labels.clone(), "starts with 0x00000801; expected 0x00000803"),
            (images.clone(), idx(&[1], &[9]), "labels-idx1-ubyte: 1 labels; expected 2"),
        ] {
            let error = load_made(&images, &labels).unwrap_err();
            assert!(error.contains(words), "{words}: {error}");
        }
    }

    #[test]
    fn a_missing_folder_names_the_files_and_where_to_get_them() {
        let error = load(Path::new("/nowhere")).unwrap_err().to_string();
        assert!(error.contains("/nowhere/t10k-images-idx3-ubyte.gz"), "{error}");
        assert!(error.contains("github.com/zalandoresearch/fashion-mnist"), "{error}");
    }
}
