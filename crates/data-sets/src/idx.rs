//! IDX, the format of MNIST's files (<http://yann.lecun.com/exdb/mnist/>), gzipped or not.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use network::{ImageSet, Shape};

use crate::error::DataError;

/// More values than any file of this format holds; it keeps a damaged header from asking for the whole memory.
const LARGEST: usize = 1 << 30;

/// Images as they are, with the labels of the file beside them whose name says so, where there is one.
pub(crate) fn load(path: &Path) -> Result<ImageSet, DataError> {
    let ([count, height, width], pixels) = read::<3>(path)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let labels = match labels_of(path).filter(|beside| beside.is_file()) {
        Some(beside) => Some(labels(&beside, count)?),
        None => None,
    };
    Ok(ImageSet::new(name, Shape::new(1, height, width), pixels, labels)?)
}

/// Where the labels of a file of images lie, if its name says so.
pub(crate) fn labels_of(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy();
    let beside = path.with_file_name(name.replace("images", "labels").replace("idx3", "idx1"));
    (beside != path).then_some(beside)
}

/// One label for each of `count` images.
pub(crate) fn labels(path: &Path, count: usize) -> Result<Vec<u16>, DataError> {
    let ([found], labels) = read::<1>(path)?;
    if found != count {
        let reason = format!("{found} labels; expected {count}, one for each image");
        return Err(DataError::format(path, reason));
    }
    Ok(labels.into_iter().map(u16::from).collect())
}

/// The extents and the bytes of an IDX file of unsigned bytes with `N` extents.
pub(crate) fn read<const N: usize>(path: &Path) -> Result<([usize; N], Vec<u8>), DataError> {
    let failed = DataError::read(path);
    let format = |reason: String| DataError::format(path, reason);
    let mut file = BufReader::new(files::open(path).map_err(&failed)?);
    let gzipped = file.fill_buf().map_err(&failed)?.starts_with(&[0x1f, 0x8b]);
    let mut reader: Box<dyn Read> = if gzipped { Box::new(GzDecoder::new(file)) } else { Box::new(file) };

    let mut word = [0; 4];
    reader.read_exact(&mut word).map_err(&failed)?;
    let magic = u32::from_be_bytes(word);
    let expected = 0x0800 + N as u32;
    if magic != expected {
        return Err(format(format!("starts with {magic:#010x}; expected {expected:#010x}, IDX of bytes")));
    }
    let mut extents = [0; N];
    for extent in &mut extents {
        reader.read_exact(&mut word).map_err(&failed)?;
        *extent = u32::from_be_bytes(word) as usize;
    }
    let length = extents.iter().try_fold(1_usize, |product, &extent| product.checked_mul(extent));
    let length = length.filter(|&length| length > 0 && length <= LARGEST);
    let length =
        length.ok_or_else(|| format(format!("extents {extents:?}; expected 1 to {LARGEST} values")))?;
    // Twice: images are copied once into sets.
    let what = format!("{}: extents {extents:?}", path.display());
    files::ask(what, 2 * length as u64).map_err(|error| format(error.to_string()))?;
    let mut values = Vec::new();
    reader.take(length as u64 + 1).read_to_end(&mut values).map_err(&failed)?;
    if values.len() != length {
        let found = if values.len() > length { "more".into() } else { values.len().to_string() };
        return Err(format(format!("{found} values; expected {length} for extents {extents:?}")));
    }
    Ok((extents, values))
}
