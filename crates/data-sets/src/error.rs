//! Why images cannot be had.

use std::io;
use std::path::{Path, PathBuf};

use network::{CheckpointError, ImagesError};

/// Why images cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// No file of the data set is where it was looked for.
    #[error("{data_set} not found; looked for {}. {advice}", list(looked_for))]
    Missing {
        data_set: &'static str,
        /// The files looked for; any one of them would do.
        looked_for: Vec<PathBuf>,
        /// Where to get it and where to put it.
        advice: &'static str,
    },
    /// A file or folder cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        path: PathBuf,
        /// What the system or the decompressor says.
        source: io::Error,
    },
    /// A file is not in its format.
    #[error("{}: {reason}", path.display())]
    Format {
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// A file or folder of images is of no known kind.
    #[error(
        "{}: no images that are read here; there are: a folder with class subfolders of pictures (JPEG, PNG, WebP, BMP, TIFF, PPM, PGM), or with pictures, the folders of \
         Fashion-MNIST and CIFAR-10 as distributed, IDX files (`…-idx3-ubyte`), CIFAR-10 binary files (`.bin`), `.npy`, and \
         `.safetensors` with a tensor `images`",
        path.display()
    )]
    Unknown {
        /// The file or folder.
        path: PathBuf,
    },
    /// Every file of a folder is broken.
    #[error("{}: none of its {files} image files can be read; the first: {first}", path.display())]
    AllBroken {
        path: PathBuf,
        /// How many there are.
        files: usize,
        /// What is wrong with the first.
        first: String,
    },
    /// A tensor file cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Pixels and labels do not make a set.
    #[error(transparent)]
    Images(#[from] ImagesError),
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

impl DataError {
    /// A reading failure of a file.
    pub(crate) fn read(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Read { path: path.into(), source }
    }

    /// A file that is not in its format.
    pub(crate) fn format(path: &Path, reason: impl Into<String>) -> Self {
        Self::Format { path: path.into(), reason: reason.into() }
    }
}
