//! A tensor of a checkpoint: a shape and typed values.

use std::fmt;

/// The types of value that checkpoints of this project hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementType {
    /// Signed 8-bit integers: ternary weights.
    I8,
    /// Unsigned 8-bit integers: images, activations, labels.
    U8,
    /// Signed 32-bit integers: accumulators.
    I32,
    /// Signed 64-bit integers: logits.
    I64,
    /// IEEE 754 single precision: scales, steps, batch norms, float weights.
    F32,
}

impl ElementType {
    /// Bytes of one value.
    pub const fn bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I32 | Self::F32 => 4,
            Self::I64 => 8,
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::I8 => "I8",
            Self::U8 => "U8",
            Self::I32 => "I32",
            Self::I64 => "I64",
            Self::F32 => "F32",
        })
    }
}

/// The values of a tensor, row-major.
#[derive(Debug, Clone, PartialEq)]
pub enum TensorValues {
    /// See [`ElementType::I8`].
    I8(Vec<i8>),
    /// See [`ElementType::U8`].
    U8(Vec<u8>),
    /// See [`ElementType::I32`].
    I32(Vec<i32>),
    /// See [`ElementType::I64`].
    I64(Vec<i64>),
    /// See [`ElementType::F32`].
    F32(Vec<f32>),
}

impl TensorValues {
    /// What type the values have.
    pub const fn element_type(&self) -> ElementType {
        match self {
            Self::I8(_) => ElementType::I8,
            Self::U8(_) => ElementType::U8,
            Self::I32(_) => ElementType::I32,
            Self::I64(_) => ElementType::I64,
            Self::F32(_) => ElementType::F32,
        }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        match self {
            Self::I8(values) => values.len(),
            Self::U8(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::F32(values) => values.len(),
        }
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values of a type from their little-endian bytes; bytes beyond a whole number of values are left out.
    pub(crate) fn from_little_endian(element: ElementType, bytes: &[u8]) -> Self {
        match element {
            ElementType::I8 => Self::I8(bytes.iter().map(|&byte| byte.cast_signed()).collect()),
            ElementType::U8 => Self::U8(bytes.to_vec()),
            ElementType::I32 => {
                Self::I32(bytes.as_chunks().0.iter().map(|&word| i32::from_le_bytes(word)).collect())
            }
            ElementType::I64 => {
                Self::I64(bytes.as_chunks().0.iter().map(|&word| i64::from_le_bytes(word)).collect())
            }
            ElementType::F32 => {
                Self::F32(bytes.as_chunks().0.iter().map(|&word| f32::from_le_bytes(word)).collect())
            }
        }
    }

    /// Appends the values' little-endian bytes.
    pub(crate) fn write_little_endian(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::I8(values) => bytes.extend(values.iter().map(|value| value.cast_unsigned())),
            Self::U8(values) => bytes.extend_from_slice(values),
            Self::I32(values) => bytes.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Self::I64(values) => bytes.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Self::F32(values) => bytes.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        }
    }
}

/// A type of value that a tensor can be read as.
pub trait Element: Copy + sealed::Sealed {
    /// Its name in a checkpoint.
    const TYPE: ElementType;

    /// The values, if they are of this type.
    fn of(values: &TensorValues) -> Option<&[Self]>;
}

mod sealed {
    /// Keeps implementations in this crate.
    pub trait Sealed {}
}

macro_rules! element {
    ($($value:ty => $variant:ident),*) => {$(
        impl sealed::Sealed for $value {}

        impl Element for $value {
            const TYPE: ElementType = ElementType::$variant;

            fn of(values: &TensorValues) -> Option<&[Self]> {
                match values {
                    TensorValues::$variant(values) => Some(values),
                    _ => None,
                }
            }
        }

        impl From<Vec<$value>> for TensorValues {
            fn from(values: Vec<$value>) -> Self {
                Self::$variant(values)
            }
        }
    )*};
}

element!(i8 => I8, u8 => U8, i32 => I32, i64 => I64, f32 => F32);

/// A shape and as many values, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    values: TensorValues,
}

/// The number of values is not the product of the extents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found} values found where shape {shape:?} needs another number")]
pub struct TensorLengthError {
    /// Values given.
    pub found: usize,
    /// Extents asked for.
    pub shape: Vec<usize>,
}

impl Tensor {
    /// A tensor of the given extents.
    ///
    /// # Errors
    /// If the number of values is not the product of the extents.
    pub fn new(shape: Vec<usize>, values: impl Into<TensorValues>) -> Result<Self, TensorLengthError> {
        let values = values.into();
        let expected = shape.iter().try_fold(1_usize, |product, &extent| product.checked_mul(extent));
        if expected != Some(values.len()) {
            return Err(TensorLengthError { found: values.len(), shape });
        }
        Ok(Self { shape, values })
    }

    /// The extents.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values, row-major.
    pub fn values(&self) -> &TensorValues {
        &self.values
    }
}
