//! Files that are either whole or not there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// How the name of a file begins and ends that is being written.
const PARTIAL: (&str, &str) = (".", ".partial");
/// More links than lead from one to the next in earnest.
const MOST_LINKS: usize = 40;

/// Writes `bytes` to `path` so that a reader sees the old file or the new one, never a part, also after a loss of power; creates the
/// folder. A link stays one: what it leads to is replaced. A pipe or a terminal is written to as it is.
///
/// # Errors
/// If the folder may not be written, the disk is full, or `path` is a folder, a disk or a socket; what was there before stays as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = &behind_links(path)?;
    match fs::metadata(path) {
        Ok(there) if !there.is_file() => return write_through(path, &there, bytes),
        _ => {}
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let mut file = begun(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failed| failed.error)?;
    // The new name is on the disk once the folder is.
    File::open(folder)?.sync_all()
}

/// What a path leads to, where it is a link; there need not be anything.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a link that leads to no end"))
}

/// Writes to what is no file: a pipe, a terminal, `/dev/null`.
fn write_through(path: &Path, there: &fs::Metadata, bytes: &[u8]) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = there.file_type();
        if kind.is_char_device() || kind.is_fifo() {
            return fs::OpenOptions::new().write(true).open(path)?.write_all(bytes);
        }
    }
    let what = if there.is_dir() { "it is a folder" } else { "it is neither a file nor a pipe" };
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

/// A file in a folder under a name that no other has, which its writer holds a lock on.
fn begun(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PARTIAL.0).suffix(PARTIAL.1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A temporary file is private by default, but a result is for everyone whom the user's mask admits.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    loop {
        // In the same folder, because a rename is atomic only within a file system.
        let file = builder.tempfile_in(folder)?;
        // A file system without locks has no sweep either.
        let _ = file.as_file().lock();
        // Between its beginning and its lock it may have been swept.
        if file.path().exists() {
            return Ok(file);
        }
    }
}

/// Removes what killed writers left in a folder and below it: files that were begun and that nobody holds any more. Links are not
/// followed, so that nothing outside is touched.
pub fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            sweep(&entry.path());
        } else if kind.is_file() {
            sweep_file(&entry.path());
        }
    }
}

/// Removes the same in a folder, but not below it.
pub fn sweep_here(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            sweep_file(&entry.path());
        }
    }
}

/// Removes a file if it was begun and nobody holds it any more.
fn sweep_file(path: &Path) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with(PARTIAL.0)
        && name.ends_with(PARTIAL.1)
        && let Ok(file) = File::open(path)
        && file.try_lock().is_ok()
    {
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_missing_folder_is_created_and_an_old_file_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/file");
        write_whole(&path, b"old").unwrap();
        write_whole(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(path.parent().unwrap()), ["file"]);
    }

    #[test]
    fn a_folder_in_the_files_place_is_refused_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir(&path).unwrap();
        let error = write_whole(&path, b"bytes").unwrap_err();
        assert!(error.to_string().contains("it is a folder"), "{error}");
        assert_eq!(names(folder.path()), ["taken"]);
        fs::write(folder.path().join("file"), b"").unwrap();
        assert!(write_whole(&folder.path().join("file/table"), b"bytes").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_what_it_leads_to_is_replaced() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("far")).unwrap();
        fs::write(at("far/file"), b"old").unwrap();
        symlink("far/file", at("near")).unwrap();
        symlink("near", at("nearer")).unwrap();
        write_whole(&at("nearer"), b"new").unwrap();
        assert!(at("nearer").is_symlink() && at("near").is_symlink());
        assert_eq!(fs::read(at("far/file")).unwrap(), b"new");
        symlink("far/none", at("dangling")).unwrap();
        write_whole(&at("dangling"), b"made").unwrap();
        assert_eq!(fs::read(at("far/none")).unwrap(), b"made");
        symlink("b", at("a")).unwrap();
        symlink("a", at("b")).unwrap();
        assert!(write_whole(&at("a"), b"").unwrap_err().to_string().contains("no end"));
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to_and_stays_what_it_is() {
        use std::os::unix::fs::FileTypeExt;
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        for path in [Path::new("/dev/null"), &link] {
            write_whole(path, b"bytes").unwrap();
            assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        }
        assert!(write_whole(Path::new("/dev/full"), b"bytes").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_nobody_holds_is_swept_and_nothing_outside_nor_what_is_being_written() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("inside"), folder.path().join("outside"));
        fs::create_dir_all(inside.join("deep")).unwrap();
        fs::create_dir(&outside).unwrap();
        for left in [inside.join(".abc.partial"), inside.join("deep/.d.partial"), outside.join(".e.partial")]
        {
            fs::write(left, b"").unwrap();
        }
        fs::write(inside.join("result.partial"), b"").unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        std::os::unix::fs::symlink(".", inside.join("round")).unwrap();
        let being_written = begun(&inside).unwrap();
        sweep(&inside);
        assert!(being_written.path().exists());
        drop(being_written);
        assert_eq!(names(&inside), ["deep", "link", "result.partial", "round"]);
        assert_eq!((names(&inside.join("deep")).len(), names(&outside).len()), (0, 1));
    }
}
