//! Where images come from: Fashion-MNIST and CIFAR-10 as they are distributed, and a user's own, as a folder of pictures,
//! IDX, NPY or safetensors. Everything becomes a [`network::ImageSet`]: 8-bit pixels, channel-major, one shape. How files of
//! many sizes become one shape is [`Fitting`]. This crate knows no network.

mod cifar10;
mod decode;
mod error;
mod fashion_mnist;
mod fitting;
mod folder;
mod idx;
mod npy;
mod open;
mod resample;

pub use decode::Picture;
pub use error::DataError;
pub use fitting::Fitting;
pub use open::{BrokenFiles, Opened, Reading, Skipped, open};

use std::path::{Path, PathBuf};

use network::{DataSet, ImageSet};

/// The test images of a data set that the user has in `folder`.
///
/// # Errors
/// If they are not there, or damaged.
pub fn load(data_set: DataSet, folder: &Path) -> Result<ImageSet, DataError> {
    match data_set {
        DataSet::FashionMnist => fashion_mnist::load(folder),
        DataSet::Cifar10 => cifar10::load(folder),
    }
}

/// The files that are read with a file of images if they are there: those of its labels.
pub fn beside(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let labels = if name.ends_with(".npy") { npy::labels_of(path) } else { idx::labels_of(path) };
    labels.filter(|_| path.is_file()).into_iter().collect()
}

/// The files of Fashion-MNIST's test images and labels in a folder.
///
/// # Errors
/// If one is missing.
pub fn fashion_mnist_files(folder: &Path) -> Result<[PathBuf; 2], DataError> {
    fashion_mnist::files(folder)
}
