//! Files as a whole, within the budget of memory.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::memory::{ask, budget};

/// The bytes of a file.
///
/// # Errors
/// If it cannot be read, holds more than the budget of memory allows, or is a pipe, which may never end; those that the system keeps in
/// `/dev`, such as standard input, are read.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let there = file.metadata()?;
    if there.is_file() {
        ask("the file", there.len()).map_err(io::Error::other)?;
    }
    within(file, "the file")
}

/// A file to be read part by part.
///
/// # Errors
/// As [`read`], but however much it holds.
pub fn open(path: &Path) -> io::Result<File> {
    let there = fs::metadata(path)?;
    if there.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    if !there.is_file() && !["/dev", "/proc"].iter().any(|folder| path.starts_with(folder)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is neither a file nor a folder"));
    }
    File::open(path)
}

/// The text of a file.
///
/// # Errors
/// As [`read`], or if it is no UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// All that a reader gives, such as one that decompresses.
///
/// # Errors
/// If it cannot be read, or is more than the budget of memory allows.
pub fn within(reader: impl Read, what: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(budget().saturating_add(1)).read_to_end(&mut bytes)?;
    ask(what, bytes.len() as u64).map_err(io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_what_is_none_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "text").unwrap();
        assert_eq!(read_text(&path).unwrap(), "text");
        fs::write(&path, b"\xff").unwrap();
        assert!(read_text(&path).is_err());
        assert!(read(folder.path()).unwrap_err().to_string().contains("folder"));
        assert!(read(&folder.path().join("none")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_that_nobody_writes_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let error = read(&pipe).unwrap_err().to_string();
        assert!(error.contains("neither a file nor a folder"), "{error}");
    }
}
