//! A user's images, whatever they lie in.

use std::path::{Path, PathBuf};

use network::{ImageSet, Shape};

use crate::error::DataError;
use crate::fitting::Fitting;
use crate::{cifar10, fashion_mnist, folder, idx, npy};

/// How images are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The shape that pictures are brought to; other kinds have one of their own.
    pub shape: Shape,
    /// How.
    pub fitting: Fitting,
    /// What is done with a file that cannot be read.
    pub broken: BrokenFiles,
    /// The most pictures that are decoded.
    pub limit: usize,
}

/// What is done with a picture that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BrokenFiles {
    /// It is an error.
    #[default]
    Refuse,
    /// It is left out, and told.
    Skip,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    pub images: ImageSet,
    /// The names of the classes, by label; empty where the source has none.
    pub classes: Vec<String>,
    /// Files that were left out.
    pub skipped: Vec<Skipped>,
    /// What a user should know about the images: classes without any, numbers that differ from names.
    pub notes: Vec<String>,
}

/// A file that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub path: PathBuf,
    /// Why; it names the file.
    pub reason: String,
}

/// Reads the images of a file or folder, whose kind is found out.
///
/// # Errors
/// If there are none of a known kind, or they are damaged.
pub fn open(path: &Path, reading: &Reading) -> Result<Opened, DataError> {
    let plain = |images| Opened { images, classes: Vec::new(), skipped: Vec::new(), notes: Vec::new() };
    if path.is_dir() {
        if cifar10::is_in(path) {
            return Ok(plain(cifar10::load(path)?));
        }
        if fashion_mnist::is_in(path) {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            return Ok(plain(fashion_mnist::load_as(&name, path)?));
        }
        return folder::load(path, reading)?.ok_or_else(|| DataError::Unknown { path: path.into() });
    }
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let is = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let images = if is(&[".npy"]) {
        npy::load(path)?
    } else if is(&["idx3-ubyte", "idx3-ubyte.gz", ".idx3", ".idx3.gz"]) {
        idx::load(path)?
    } else if is(&[".bin"]) {
        cifar10::load_binary(path)?
    } else if is(&[".safetensors", ".safetensors.zst"]) {
        ImageSet::from_tensors(path)?
    } else {
        // A path that is not there says so before its ending is held against it.
        std::fs::metadata(path).map_err(DataError::read(path))?;
        return Err(DataError::Unknown { path: path.into() });
    };
    Ok(plain(images))
}
