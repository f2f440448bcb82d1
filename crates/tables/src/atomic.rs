//! Files that are either whole or not there.

use std::io::Write;
use std::path::Path;

use crate::error::TableError;

/// Writes `bytes` to `path` so that a reader sees the old file or the new one, never a part; creates the folder.
///
/// # Errors
/// [`TableError::Write`] with the path, for a folder that may not be written, a full disk, or a path that is a folder;
/// what was at `path` before stays as it was.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), TableError> {
    write(path, bytes).map_err(|source| TableError::Write { path: path.to_owned(), source })
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    // In the same folder, because a rename is atomic only within a file system.
    let mut builder = tempfile::Builder::new();
    builder.prefix(".").suffix(".partial");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A temporary file is private by default, but a result is for everyone whom the user's mask admits.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::write_atomically;
    use crate::error::TableError;
    use std::fs;

    #[test]
    fn a_missing_folder_is_created_and_an_old_file_replaced() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a/b/file");
        write_atomically(&path, b"old")?;
        write_atomically(&path, b"new")?;
        assert_eq!(fs::read(&path)?, b"new");
        Ok(())
    }

    #[test]
    fn a_failed_write_names_the_path_and_leaves_no_part_behind() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        // A folder in the file's place makes the rename fail, also for a user whom no permission stops.
        let path = folder.path().join("taken");
        fs::create_dir_all(path.join("inside"))?;
        let error = write_atomically(&path, b"bytes").err().ok_or("the write succeeded")?;
        assert!(matches!(&error, TableError::Write { path: named, .. } if *named == path), "{error}");
        let left: Vec<_> = fs::read_dir(folder.path())?.collect::<Result<_, _>>()?;
        assert_eq!(left.len(), 1, "{left:?}");
        Ok(())
    }

    #[test]
    fn a_file_in_the_folders_place_is_an_error() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("file"), b"")?;
        assert!(write_atomically(&folder.path().join("file/table.parquet"), b"bytes").is_err());
        Ok(())
    }
}
