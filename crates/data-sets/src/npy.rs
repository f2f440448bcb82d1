//! NumPy's `.npy` files of bytes (NEP 1, format versions 1 to 3).

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use network::{ImageSet, Shape};

use crate::error::DataError;

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// No header is longer; it keeps a damaged one from asking for the whole memory.
const LONGEST_HEADER: usize = 1 << 16;
/// Neither are there more values in a file.
const LARGEST: usize = 1 << 32;

/// Images U1 `[n, height, width]`, `[n, channels, height, width]` or `[n, height, width, channels]` with 1 or 3 channels, and, from
/// `NAME-labels.npy` beside it where there is one, labels `[n]`.
pub(crate) fn load(path: &Path) -> Result<ImageSet, DataError> {
    let array = Array::read(path)?;
    let pixels = array.bytes(path)?;
    let (count, shape, channels_last) = match array.shape[..] {
        [count, height, width] => (count, Shape::new(1, height, width), false),
        [count, channels @ (1 | 3), height, width] => (count, Shape::new(channels, height, width), false),
        [count, height, width, channels @ (1 | 3)] => (count, Shape::new(channels, height, width), true),
        _ => {
            let reason = format!(
                "an array of shape {:?}; expected [n, height, width], [n, channels, height, width] or [n, height, width, channels] \
                 with 1 or 3 channels",
                array.shape
            );
            return Err(DataError::format(path, reason));
        }
    };
    let pixels = match channels_last {
        true => channel_major(pixels, shape),
        false => pixels.to_vec(),
    };
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let labels = match labels_of(path).filter(|beside| beside.is_file()) {
        Some(beside) => Some(labels(&beside, count)?),
        None => None,
    };
    Ok(ImageSet::new(stem, shape, pixels, labels)?)
}

/// Where the labels of a file of images lie.
pub(crate) fn labels_of(path: &Path) -> Option<PathBuf> {
    Some(path.with_file_name(format!("{}-labels.npy", path.file_stem()?.to_string_lossy())))
}

fn channel_major(pixels: &[u8], shape: Shape) -> Vec<u8> {
    let mut planes = Vec::with_capacity(pixels.len());
    for image in pixels.chunks_exact(shape.len().max(1)) {
        for channel in 0..shape.channels {
            planes.extend(image.iter().skip(channel).step_by(shape.channels));
        }
    }
    planes
}

fn labels(path: &Path, count: usize) -> Result<Vec<u16>, DataError> {
    let array = Array::read(path)?;
    if array.shape != [count] {
        let reason = format!("labels of shape {:?}; expected [{count}], one for each image", array.shape);
        return Err(DataError::format(path, reason));
    }
    let width = array.element.width();
    let mut labels = Vec::with_capacity(count);
    for (index, bytes) in array.values.chunks_exact(width).enumerate() {
        let mut wide = [0; 8];
        wide[..width].copy_from_slice(bytes);
        // The sign of a narrow one is at its own upmost bit.
        let unused = u64::BITS - 8 * width as u32;
        let value = match array.element {
            Element::Integer { signed: true, .. } => {
                i128::from((u64::from_le_bytes(wide) << unused) as i64 >> unused)
            }
            _ => i128::from(u64::from_le_bytes(wide)),
        };
        let label = u16::try_from(value);
        labels.push(label.map_err(|_| {
            DataError::format(path, format!("label {index} is {value}; expected 0 to {}", u16::MAX))
        })?);
    }
    Ok(labels)
}

/// The integers that are read, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    Byte,
    Integer { width: usize, signed: bool },
}

impl Element {
    fn of(description: &str) -> Option<Self> {
        match description {
            "|u1" | "<u1" => Some(Self::Byte),
            "|i1" | "<i1" => Some(Self::Integer { width: 1, signed: true }),
            "<u2" => Some(Self::Integer { width: 2, signed: false }),
            "<i2" => Some(Self::Integer { width: 2, signed: true }),
            "<u4" => Some(Self::Integer { width: 4, signed: false }),
            "<i4" => Some(Self::Integer { width: 4, signed: true }),
            "<u8" => Some(Self::Integer { width: 8, signed: false }),
            "<i8" => Some(Self::Integer { width: 8, signed: true }),
            _ => None,
        }
    }

    fn width(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Integer { width, .. } => width,
        }
    }
}

#[derive(Debug)]
struct Array {
    element: Element,
    shape: Vec<usize>,
    values: Vec<u8>,
}

impl Array {
    fn read(path: &Path) -> Result<Self, DataError> {
        let failed = DataError::read(path);
        let wrong = |reason: String| DataError::format(path, reason);
        let mut file = BufReader::new(files::open(path).map_err(&failed)?);
        let mut start = [0; 8];
        file.read_exact(&mut start).map_err(&failed)?;
        let length = match (&start[..6] == MAGIC, start[6]) {
            (true, 1) => {
                let mut length = [0; 2];
                file.read_exact(&mut length).map_err(&failed)?;
                usize::from(u16::from_le_bytes(length))
            }
            (true, 2 | 3) => {
                let mut length = [0; 4];
                file.read_exact(&mut length).map_err(&failed)?;
                u32::from_le_bytes(length) as usize
            }
            _ => {
                return Err(wrong(format!(
                    "starts with {start:02x?}; expected NumPy's magic bytes and version 1 to 3"
                )));
            }
        };
        if length > LONGEST_HEADER {
            return Err(wrong(format!("a header of {length} bytes; expected at most {LONGEST_HEADER}")));
        }
        let mut header = vec![0; length];
        file.read_exact(&mut header).map_err(&failed)?;
        let header = String::from_utf8_lossy(&header);
        let header = Header::parse(&header)
            .ok_or_else(|| wrong(format!("the header `{}` is none of an array", header.trim_end())))?;
        let element = Element::of(&header.description).ok_or_else(|| {
            wrong(format!(
                "elements `{}`; expected bytes, `|u1` (labels: any integer, little-endian)",
                header.description
            ))
        })?;
        if header.fortran_order {
            return Err(wrong("it is in Fortran order; save it with numpy.ascontiguousarray".into()));
        }
        let size = header.shape.iter().try_fold(element.width(), |size, &extent| size.checked_mul(extent));
        let size = size
            .filter(|&size| (1..=LARGEST).contains(&size))
            .ok_or_else(|| wrong(format!("shape {:?}; expected 1 to {LARGEST} values", header.shape)))?;
        let what = format!("{}: shape {:?}", path.display(), header.shape);
        files::ask(what, 2 * size as u64).map_err(|error| wrong(error.to_string()))?;
        let mut values = Vec::new();
        file.take(size as u64 + 1).read_to_end(&mut values).map_err(&failed)?;
        if values.len() != size {
            let found = if values.len() > size { "more".into() } else { values.len().to_string() };
            return Err(wrong(format!("{found} bytes; expected {size} for shape {:?}", header.shape)));
        }
        Ok(Self { element, shape: header.shape, values })
    }

    fn bytes(&self, path: &Path) -> Result<&[u8], DataError> {
        match self.element {
            Element::Byte => Ok(&self.values),
            Element::Integer { .. } => {
                Err(DataError::format(path, "images have 8-bit pixels; expected an array of dtype uint8"))
            }
        }
    }
}

/// The dictionary of a header: `{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }`.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    description: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    fn parse(text: &str) -> Option<Self> {
        let value = |key: &str| {
            let (_, rest) = text.split_once(&format!("'{key}'"))?;
            Some(rest.trim_start().strip_prefix(':')?.trim_start())
        };
        let description = value("descr")?.strip_prefix('\'')?.split_once('\'')?.0.to_owned();
        let order = value("fortran_order")?;
        let fortran_order = order.starts_with("True");
        if !fortran_order && !order.starts_with("False") {
            return None;
        }
        let extents = value("shape")?.strip_prefix('(')?.split_once(')')?.0;
        let extents = extents.split(',').map(str::trim).filter(|extent| !extent.is_empty());
        let shape = extents.map(|extent| extent.parse().ok()).collect::<Option<Vec<usize>>>()?;
        Some(Self { description, fortran_order, shape })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn npy(description: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        let mut header = format!("{{'descr': '{description}', 'fortran_order': False, 'shape': {shape}, }}");
        while (10 + header.len() + 1) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(values);
        bytes
    }

    #[test]
    fn all_three_orders_of_extents_give_the_same_images() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.npy");
        let mut sets = Vec::new();
        for (shape, values) in [
            ("(2, 3, 1, 2)", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
            ("(2, 1, 2, 3)", [1, 3, 5, 2, 4, 6, 7, 9, 11, 8, 10, 12]),
        ] {
            fs::write(&path, npy("|u1", shape, &values)).unwrap();
            sets.push(load(&path).unwrap());
        }
        // [2, 1, 2, 3] is taken as one channel first: 1 is a number of channels.
        assert_eq!((sets[0].shape(), sets[1].shape()), (Shape::new(3, 1, 2), Shape::new(1, 2, 3)));
        fs::write(&path, npy("|u1", "(2, 2, 2, 3)", &(0..24).collect::<Vec<_>>())).unwrap();
        assert_eq!(load(&path).unwrap().pixels(0).unwrap()[..4], [0, 3, 6, 9]);
    }

    #[test]
    fn labels_beside_it_of_any_integer_type_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.npy");
        fs::write(&path, npy("|u1", "(2, 1, 1)", &[5, 6])).unwrap();
        let mut wide = 999_i64.to_le_bytes().to_vec();
        wide.extend(3_i64.to_le_bytes());
        fs::write(folder.path().join("mine-labels.npy"), npy("<i8", "(2,)", &wide)).unwrap();
        let set = load(&path).unwrap();
        assert_eq!((set.name(), set.labels()), ("mine", Some(&[999, 3][..])));
        for (signed, width) in [("|i1", 1), ("<i2", 2), ("<i4", 4), ("<i8", 8)] {
            let minus_one = vec![255; 2 * width];
            fs::write(folder.path().join("mine-labels.npy"), npy(signed, "(2,)", &minus_one)).unwrap();
            let error = load(&path).unwrap_err().to_string();
            assert!(error.contains("label 0 is -1; expected 0 to 65535"), "{signed}: {error}");
        }
        fs::write(folder.path().join("mine-labels.npy"), npy("|u1", "(2,)", &[255, 0])).unwrap();
        assert_eq!(load(&path).unwrap().labels(), Some(&[255, 0][..]));
    }

    #[test]
    fn files_that_cannot_be_images_are_told_with_found_and_expected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.npy");
        for (bytes, words) in [
            (npy("<f4", "(1, 1, 1)", &[0; 4]), "elements `<f4`; expected bytes"),
            (npy("<i4", "(1, 1, 1)", &[0; 4]), "expected an array of dtype uint8"),
            (npy("|u1", "(1, 5, 2, 2)", &[0; 20]), "an array of shape [1, 5, 2, 2]"),
            (npy("|u1", "(1, 2, 2)", &[0; 3]), "3 bytes; expected 4"),
            (npy("|u1", "(1, 2, 2)", &[0; 5]), "more bytes; expected 4"),
            (npy("|u1", "(1, 2, x)", &[0; 5]), "is none of an array"),
            (npy("|u1", "(99999999999, 99999999999)", &[]), "expected 1 to"),
            (b"\x93NUMPY\x09\x00".to_vec(), "expected NumPy's magic bytes"),
        ] {
            fs::write(&path, bytes).unwrap();
            let error = load(&path).unwrap_err().to_string();
            assert!(error.contains(words), "{words}: {error}");
        }
    }
}
