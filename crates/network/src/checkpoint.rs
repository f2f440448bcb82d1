//! Checkpoints: safetensors files, zstd-compressed or plain.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};
use serde::Serialize;

use crate::tensor::{Element, ElementType, Tensor, TensorLengthError, TensorValues};

/// The first bytes of a zstd frame (RFC 8878, section 3.1.1).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// zstd's level: the files are written once and read often.
const ZSTD_LEVEL: i32 = 19;
/// No checkpoint of this field's networks comes near; a file that claims more is a mistake or an attack.
const LARGEST: u64 = 2 << 30;

/// Named tensors, and the file they came from.
///
/// The format is safetensors (<https://huggingface.co/docs/safetensors>), as a whole compressed by zstd or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    path: PathBuf,
    metadata: BTreeMap<String, String>,
    tensors: BTreeMap<String, Tensor>,
}

/// Why a checkpoint cannot be read, or a tensor not be taken from it.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The compressed stream is cut off or damaged.
    #[error("{}: not a whole zstd stream (truncated or corrupt): {source}", path.display())]
    Compression {
        path: PathBuf,
        /// What the decompressor says.
        source: io::Error,
    },
    /// The file decompresses to more than a checkpoint can be.
    #[error("{}: holds more than {limit} bytes, the most that a checkpoint may", path.display())]
    TooLarge {
        path: PathBuf,
        /// The most bytes allowed.
        limit: u64,
    },
    /// The bytes are not a safetensors file.
    #[error("{}: not a whole safetensors file (truncated or corrupt): {reason}", path.display())]
    Format {
        path: PathBuf,
        /// What the parser says.
        reason: String,
    },
    /// A tensor of a type that no checkpoint of this project holds.
    #[error("{}: tensor `{tensor}` is of type {found}; expected one of I8, U8, I32, I64, F32", path.display())]
    UnknownType {
        path: PathBuf,
        tensor: String,
        /// Its type.
        found: String,
    },
    /// A tensor is not there.
    #[error("{}: no tensor `{tensor}`, which should be of type {expected}", path.display())]
    Missing {
        path: PathBuf,
        tensor: String,
        /// The type it should have.
        expected: ElementType,
    },
    /// A tensor is of another type.
    #[error("{}: tensor `{tensor}` is of type {found}; expected {expected}", path.display())]
    Type {
        path: PathBuf,
        tensor: String,
        /// Its type.
        found: ElementType,
        /// The type it should have.
        expected: ElementType,
    },
    /// A tensor is of another shape.
    #[error("{}: tensor `{tensor}` is of shape {found:?}; expected {expected:?}", path.display())]
    Shape {
        path: PathBuf,
        tensor: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape it should have.
        expected: Vec<usize>,
    },
    /// A tensor's bytes do not fill its shape.
    #[error("{}: tensor `{tensor}`: {source}", path.display())]
    Length {
        path: PathBuf,
        tensor: String,
        /// What does not fit.
        source: TensorLengthError,
    },
}

impl Checkpoint {
    /// An empty checkpoint that will be known by `path` in errors.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), metadata: BTreeMap::new(), tensors: BTreeMap::new() }
    }

    /// Reads a safetensors file; whether it is compressed is seen from its first bytes.
    ///
    /// # Errors
    /// If the file cannot be read, is truncated, corrupt or absurdly large, or holds a type other than [`ElementType`]'s.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        Ok(Self::load_with_digest(path)?.0)
    }

    /// The same with BLAKE3 of the file's bytes.
    pub(crate) fn load_with_digest(path: &Path) -> Result<(Self, String), CheckpointError> {
        let file = files::read(path).map_err(|source| CheckpointError::Read { path: path.into(), source })?;
        // Half of the budget: the bytes and the tensors made of them stand beside each other.
        Ok((Self::parse(&file, path, LARGEST.min(files::budget() / 2))?, files::digest(&file)))
    }

    fn parse(file: &[u8], path: &Path, limit: u64) -> Result<Self, CheckpointError> {
        let decompressed;
        let bytes = if file.starts_with(&ZSTD_MAGIC) {
            decompressed = decompress(file, path, limit)?;
            &decompressed
        } else {
            file
        };
        let format = |reason: String| CheckpointError::Format { path: path.into(), reason };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| format(error.to_string()))?;
        let views = SafeTensors::deserialize(bytes).map_err(|error| format(error.to_string()))?;
        let mut checkpoint = Self::new(path);
        checkpoint.metadata =
            header.metadata().iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
        for (name, view) in views.iter() {
            let wide = widened(view.dtype(), view.data());
            let element = match view.dtype() {
                _ if wide.is_some() => ElementType::I64,
                Dtype::I8 => ElementType::I8,
                Dtype::U8 => ElementType::U8,
                Dtype::I32 => ElementType::I32,
                Dtype::I64 => ElementType::I64,
                Dtype::F32 => ElementType::F32,
                other => {
                    return Err(CheckpointError::UnknownType {
                        path: path.into(),
                        tensor: name.into(),
                        found: format!("{other:?}"),
                    });
                }
            };
            let values = wide.unwrap_or_else(|| TensorValues::from_little_endian(element, view.data()));
            let tensor = Tensor::new(view.shape().to_vec(), values).map_err(|source| {
                CheckpointError::Length { path: path.into(), tensor: name.into(), source }
            })?;
            checkpoint.tensors.insert(name.into(), tensor);
        }
        Ok(checkpoint)
    }

    /// Writes a safetensors file, compressed with zstd if its name ends in `.zst`; the same content gives the same bytes. A file of that name is replaced as
    /// a whole or not at all. Gives BLAKE3 of the file's bytes.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<String, CheckpointError> {
        let write = || {
            let mut bytes = self.to_safetensors()?;
            if path.extension().is_some_and(|extension| extension == "zst") {
                let mut encoder = zstd::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                encoder.write_all(&bytes)?;
                bytes = encoder.finish()?;
            }
            files::write_whole(path, &bytes)?;
            Ok(files::digest(&bytes))
        };
        write().map_err(|source| CheckpointError::Write { path: path.into(), source })
    }

    /// The plain safetensors bytes. The `safetensors` crate keeps metadata in a hash map, whose order changes from run to
    /// run; so the header is written here, sorted.
    fn to_safetensors(&self) -> io::Result<Vec<u8>> {
        let mut order: Vec<(&String, &Tensor)> = self.tensors.iter().collect();
        // Widest values first, so that every tensor is aligned to its values' size.
        order
            .sort_by_key(|(name, tensor)| (std::cmp::Reverse(tensor.values().element_type().bytes()), *name));
        let mut header = BTreeMap::new();
        let mut data = Vec::new();
        for (name, tensor) in order {
            let start = data.len();
            tensor.values().write_little_endian(&mut data);
            header.insert(
                name.as_str(),
                HeaderEntry::Tensor {
                    dtype: tensor.values().element_type().to_string(),
                    shape: tensor.shape(),
                    data_offsets: [start, data.len()],
                },
            );
        }
        if !self.metadata.is_empty() {
            header.insert("__metadata__", HeaderEntry::Metadata(&self.metadata));
        }
        let mut header = serde_json::to_vec(&header)?;
        header.resize(header.len().next_multiple_of(8), b' ');
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.append(&mut header);
        bytes.append(&mut data);
        Ok(bytes)
    }

    /// The file that this checkpoint came from, or is named after.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Free text by key.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Free text by key, to be changed.
    pub fn metadata_mut(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.metadata
    }

    /// All tensors, sorted by name.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// Whether a tensor is there.
    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Adds a tensor, or replaces the one of that name.
    pub fn insert(&mut self, name: impl Into<String>, tensor: Tensor) {
        self.tensors.insert(name.into(), tensor);
    }

    /// The values of a tensor of the given type and shape.
    ///
    /// # Errors
    /// If it is missing, or of another type or shape.
    pub fn values<T: Element>(&self, name: &str, shape: &[usize]) -> Result<&[T], CheckpointError> {
        let (found, values) = self.shaped(name)?;
        if found != shape {
            return Err(CheckpointError::Shape {
                path: self.path.clone(),
                tensor: name.into(),
                found: found.into(),
                expected: shape.into(),
            });
        }
        Ok(values)
    }

    /// A tensor of whichever type; `expected` is the type that an error names.
    ///
    /// # Errors
    /// If it is missing.
    pub fn tensor(&self, name: &str, expected: ElementType) -> Result<&Tensor, CheckpointError> {
        self.tensors.get(name).ok_or_else(|| CheckpointError::Missing {
            path: self.path.clone(),
            tensor: name.into(),
            expected,
        })
    }

    /// The shape and the values of a tensor of the given type.
    ///
    /// # Errors
    /// If it is missing or of another type.
    pub fn shaped<T: Element>(&self, name: &str) -> Result<(&[usize], &[T]), CheckpointError> {
        let tensor = self.tensor(name, T::TYPE)?;
        let values = T::of(tensor.values()).ok_or_else(|| CheckpointError::Type {
            path: self.path.clone(),
            tensor: name.into(),
            found: tensor.values().element_type(),
            expected: T::TYPE,
        })?;
        Ok((tensor.shape(), values))
    }
}

/// Integers of types that are kept as 64 bits: labels come in all of them.
fn widened(dtype: Dtype, bytes: &[u8]) -> Option<TensorValues> {
    let values: Vec<i64> = match dtype {
        Dtype::I16 => bytes.as_chunks().0.iter().map(|&word| i16::from_le_bytes(word).into()).collect(),
        Dtype::U16 => bytes.as_chunks().0.iter().map(|&word| u16::from_le_bytes(word).into()).collect(),
        Dtype::U32 => bytes.as_chunks().0.iter().map(|&word| u32::from_le_bytes(word).into()).collect(),
        Dtype::U64 => {
            let words = bytes.as_chunks().0.iter().map(|&word| i64::try_from(u64::from_le_bytes(word)).ok());
            words.collect::<Option<Vec<i64>>>()?
        }
        _ => return None,
    };
    Some(TensorValues::I64(values))
}

/// One entry of a safetensors header.
#[derive(Serialize)]
#[serde(untagged)]
enum HeaderEntry<'a> {
    Tensor { dtype: String, shape: &'a [usize], data_offsets: [usize; 2] },
    Metadata(&'a BTreeMap<String, String>),
}

fn decompress(file: &[u8], path: &Path, limit: u64) -> Result<Vec<u8>, CheckpointError> {
    let failed = |source| CheckpointError::Compression { path: path.into(), source };
    let mut bytes = Vec::new();
    let decoder = zstd::Decoder::new(file).map_err(failed)?;
    decoder.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(CheckpointError::TooLarge { path: path.into(), limit });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn sample() -> Checkpoint {
        let mut checkpoint = Checkpoint::new("sample");
        for (key, value) in [("network", "sample"), ("sparsity", "0.5"), ("note", "a \"quoted\" one")] {
            checkpoint.metadata_mut().insert(key.into(), value.into());
        }
        checkpoint.insert("a.weight", Tensor::new(vec![2, 3], vec![-1_i8, 0, 1, 1, 0, -1]).unwrap());
        checkpoint.insert("a.alpha", Tensor::new(vec![2], vec![0.5_f32, -0.0]).unwrap());
        checkpoint.insert("logits", Tensor::new(vec![1], vec![i64::MIN]).unwrap());
        checkpoint.insert("acc", Tensor::new(vec![2], vec![i32::MIN, 7]).unwrap());
        checkpoint.insert("input", Tensor::new(vec![3], vec![0_u8, 128, 255]).unwrap());
        checkpoint
    }

    #[test]
    fn what_is_saved_is_read_back_and_saved_again_to_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a.zst"), folder.path().join("b.zst"));
        sample().save(&first).unwrap();
        let mut read = Checkpoint::load(&first).unwrap();
        read.save(&second).unwrap();
        assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap());
        read.path = "sample".into();
        assert_eq!(read, sample());
        assert!(read.values::<f32>("a.alpha", &[2]).unwrap()[1].is_sign_negative());
    }

    #[test]
    fn a_plain_file_is_read_like_a_compressed_one() {
        let plain = sample().to_safetensors().unwrap();
        assert_eq!(Checkpoint::parse(&plain, Path::new("sample"), LARGEST).unwrap(), sample());
    }

    #[test]
    fn a_file_cut_off_anywhere_names_the_file() {
        let plain = sample().to_safetensors().unwrap();
        let compressed = zstd::encode_all(plain.as_slice(), 3).unwrap();
        for file in [plain, compressed] {
            for length in 0..file.len() {
                let error = Checkpoint::parse(&file[..length], Path::new("cut.zst"), LARGEST).unwrap_err();
                assert!(error.to_string().starts_with("cut.zst: "), "{length}: {error}");
            }
        }
    }

    #[test]
    fn a_flipped_bit_in_a_saved_file_never_changes_what_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zst");
        sample().save(&path).unwrap();
        let good = fs::read(&path).unwrap();
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            // Some bits of a zstd stream carry nothing.
            if let Ok(read) = Checkpoint::parse(&bad, Path::new("sample"), LARGEST) {
                assert_eq!(read, sample(), "bit {bit}");
            }
        }
    }

    #[test]
    fn a_file_that_decompresses_beyond_the_limit_is_refused_before_it_fills_the_memory() {
        let bomb = zstd::encode_all(io::repeat(0).take(1 << 20), 3).unwrap();
        let error = Checkpoint::parse(&bomb, Path::new("bomb.zst"), 1 << 10).unwrap_err();
        assert!(matches!(error, CheckpointError::TooLarge { limit: 1024, .. }), "{error}");
    }

    #[test]
    fn a_wrong_shape_type_or_name_is_told_with_file_tensor_found_and_expected() {
        let sample = sample();
        let message = |error: CheckpointError| error.to_string();
        assert_eq!(
            message(sample.values::<i8>("a.weight", &[3, 2]).unwrap_err()),
            "sample: tensor `a.weight` is of shape [2, 3]; expected [3, 2]"
        );
        assert_eq!(
            message(sample.values::<f32>("a.weight", &[2, 3]).unwrap_err()),
            "sample: tensor `a.weight` is of type I8; expected F32"
        );
        assert_eq!(
            message(sample.values::<f32>("b.alpha", &[2]).unwrap_err()),
            "sample: no tensor `b.alpha`, which should be of type F32"
        );
    }

    #[test]
    fn integers_of_other_widths_are_kept_as_64_bits() {
        for (dtype, bytes, expected) in [
            ("U16", vec![0xe7, 0x03], 999),
            ("I16", vec![0xff, 0xff], -1),
            ("U32", vec![0, 0, 0, 0x80], 1 << 31),
            ("U64", vec![5, 0, 0, 0, 0, 0, 0, 0], 5),
        ] {
            let header =
                format!(r#"{{"x":{{"dtype":"{dtype}","shape":[1],"data_offsets":[0,{}]}}}}"#, bytes.len());
            let mut file = (header.len() as u64).to_le_bytes().to_vec();
            file.extend(header.as_bytes());
            file.extend(&bytes);
            let read = Checkpoint::parse(&file, Path::new("x"), LARGEST).unwrap();
            assert_eq!(read.values::<i64>("x", &[1]).unwrap(), [expected], "{dtype}");
        }
    }

    #[test]
    fn a_type_that_no_checkpoint_holds_names_the_tensor() {
        let header = br#"{"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}  "#;
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend_from_slice(header);
        file.extend_from_slice(&[0; 8]);
        let error = Checkpoint::parse(&file, Path::new("x.safetensors"), LARGEST).unwrap_err();
        assert!(error.to_string().contains("tensor `x` is of type F64"), "{error}");
    }
}
