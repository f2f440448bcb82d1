//! Digests by which files are known.

use std::io;
use std::path::Path;

/// BLAKE3 of bytes, in hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// BLAKE3 of a file's bytes, or of a folder: of every file in it, however deep, with its name. Links are not followed below it.
///
/// # Errors
/// If something in it cannot be read.
pub fn digest_of_tree(path: &Path) -> io::Result<String> {
    let mut hash = blake3::Hasher::new();
    if path.is_dir() {
        add_folder(path, &mut hash)?;
    } else {
        add_file(path, &mut hash)?;
    }
    Ok(hash.finalize().to_hex().to_string())
}

fn add_file(path: &Path, hash: &mut blake3::Hasher) -> io::Result<()> {
    hash.update_reader(std::fs::File::open(path)?)?;
    Ok(())
}

fn add_folder(folder: &Path, hash: &mut blake3::Hasher) -> io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let name = name.as_encoded_bytes();
        // With its length, so that a name and what follows cannot run into each other.
        hash.update(&(name.len() as u64).to_le_bytes()).update(name);
        if kind.is_dir() {
            hash.update(b"{");
            add_folder(&entry.path(), hash)?;
            hash.update(b"}");
        } else if kind.is_file() {
            hash.update(&entry.metadata()?.len().to_le_bytes());
            add_file(&entry.path(), hash)?;
        } else if kind.is_symlink() && entry.path().is_file() {
            hash.update(&std::fs::metadata(entry.path())?.len().to_le_bytes());
            add_file(&entry.path(), hash)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_folder_is_known_by_every_name_and_byte_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let of = || digest_of_tree(folder.path()).unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/one"), b"1").unwrap();
        fs::write(folder.path().join("two"), b"2").unwrap();
        let first = of();
        assert_eq!(of(), first);
        fs::write(folder.path().join("a/one"), b"3").unwrap();
        let second = of();
        assert_ne!(first, second);
        fs::rename(folder.path().join("a/one"), folder.path().join("one")).unwrap();
        let third = of();
        assert_ne!(second, third);
        fs::rename(folder.path().join("one"), folder.path().join("a/one")).unwrap();
        assert_eq!(of(), second);
        assert_eq!(digest_of_tree(&folder.path().join("two")).unwrap(), digest(b"2"));
    }
}
