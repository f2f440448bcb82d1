//! Numbers as bytes, the way arrays cross from and to Python: little-endian, row-major.

use workspace::{Failure, WorkspaceError};

/// A number of a fixed size.
pub trait Number: Sized + Copy {
    /// The number that bytes hold.
    fn of(bytes: &[u8]) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Number for $number {
            fn of(bytes: &[u8]) -> Option<Self> {
                Some(Self::from_le_bytes(bytes.try_into().ok()?))
            }
        }
    )*};
}
numbers!(i8, u8, u16, i32, i64, f32);

/// The numbers that bytes hold.
///
/// # Errors
/// If they hold no whole number of them.
pub fn numbers<T: Number>(bytes: &[u8]) -> Result<Vec<T>, Failure> {
    let size = size_of::<T>();
    if !bytes.len().is_multiple_of(size) {
        let message = format!("{} bytes are no whole count of numbers of {size}", bytes.len());
        return Err(WorkspaceError::argument(message).into());
    }
    Ok(bytes.chunks_exact(size).filter_map(T::of).collect())
}

/// Bytes that hold numbers.
pub fn bytes<const N: usize, T: Copy>(values: &[T], of: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&value| of(value)).collect()
}
