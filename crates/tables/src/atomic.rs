//! Files that are either whole or not there.

use std::path::Path;

use crate::error::TableError;

/// Writes `bytes` to `path` so that a reader sees the old file or the new one, never a part; creates the folder.
///
/// # Errors
/// [`TableError::Write`] with the path; what was there before stays as it was.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), TableError> {
    files::write_whole(path, bytes).map_err(|source| TableError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_atomically(folder.path(), b"bytes").unwrap_err();
        assert!(matches!(&error, TableError::Write { path, .. } if path == folder.path()), "{error}");
    }
}
