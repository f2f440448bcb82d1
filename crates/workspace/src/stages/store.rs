//! The store of what stages gave, by key, in `results/.state/stages`.
//!
//! It is never needed: an entry that is missing or damaged is computed again, and one that is not asked for any more may be deleted.

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tables::write_atomically;

use crate::error::{Failure, WorkspaceError};
use crate::folders::Workspace;

/// The form of an entry; one of another form is as good as none.
const FORMAT: u32 = 1;

/// What a stage computes, and which sources it is computed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageKind {
    /// Its name, in files and messages.
    pub name: &'static str,
    /// The fingerprint of the sources of the crates that compute it.
    pub sources: &'static str,
}

/// The fingerprint of all that a stage's result depends on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    kind: StageKind,
    digest: String,
}

impl Key {
    /// The key of a stage with these ingredients, in their order.
    pub fn new<I: AsRef<str>>(kind: StageKind, ingredients: impl IntoIterator<Item = I>) -> Self {
        let mut hash = blake3::Hasher::new();
        hash.update(kind.name.as_bytes()).update(b"\0").update(kind.sources.as_bytes());
        for ingredient in ingredients {
            let ingredient = ingredient.as_ref();
            hash.update(&(ingredient.len() as u64).to_le_bytes()).update(ingredient.as_bytes());
        }
        Self { kind, digest: hash.finalize().to_hex().as_str().chars().take(32).collect() }
    }

    /// The first characters of the digest, for people.
    pub fn short(&self) -> &str {
        self.digest.get(..12).unwrap_or(&self.digest)
    }

    /// What kind of stage it is of.
    pub fn kind(&self) -> StageKind {
        self.kind
    }
}

/// Whether there is a result under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It is there and whole.
    Whole,
    /// There is none.
    Missing,
    /// It cannot be read, and why.
    Damaged(String),
}

/// How the store is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Use {
    /// Results are taken from it, and put there.
    #[default]
    ReadAndWrite,
    /// Everything is computed, and replaces what is there.
    WriteOnly,
    /// Everything is computed, and nothing is kept.
    Off,
}

/// The store.
#[derive(Debug, Clone)]
pub struct StageStore {
    folder: PathBuf,
    usage: Use,
    warn: fn(&str),
}

#[derive(Serialize, Deserialize)]
struct Entry<T> {
    format: u32,
    kind: String,
    key: String,
    value: T,
}

impl StageStore {
    /// The store of a workspace.
    pub fn of(workspace: &Workspace, usage: Use) -> Self {
        Self::new(workspace.stages(), usage, workspace.program().warn)
    }

    /// The store in a folder, which need not be there yet.
    pub fn new(folder: PathBuf, usage: Use, warn: fn(&str)) -> Self {
        Self { folder, usage, warn }
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.folder.join(format!("{}-{}.json", key.kind.name, key.digest))
    }

    fn read<T: DeserializeOwned>(&self, key: &Key) -> Result<T, Presence> {
        let bytes = files::read(&self.path(key)).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Presence::Missing,
            _ => Presence::Damaged(error.to_string()),
        })?;
        let damaged = |why: &str| Presence::Damaged(why.to_owned());
        // A digest of the rest stands in the first line: a flipped digit would still be a number.
        let end =
            bytes.iter().position(|&byte| byte == b'\n').ok_or_else(|| damaged("it has no first line"))?;
        let (digest, text) = (&bytes[..end], &bytes[end + 1..]);
        if digest != blake3::hash(text).to_hex().as_bytes() {
            return Err(damaged("its digest is not that of its text"));
        }
        let entry: Entry<T> = serde_json::from_slice(text).map_err(|error| damaged(&error.to_string()))?;
        if entry.format != FORMAT || entry.kind != key.kind.name || entry.key != key.digest {
            return Err(damaged("it is of another stage or form"));
        }
        Ok(entry.value)
    }

    /// Whether a result is there.
    pub fn presence(&self, key: &Key) -> Presence {
        match self.read::<serde::de::IgnoredAny>(key) {
            Ok(_) => Presence::Whole,
            Err(presence) => presence,
        }
    }

    /// What is kept under a key, if it is there and results are taken from the store. A damaged one is told and left out.
    pub fn get<T: DeserializeOwned>(&self, key: &Key) -> Option<T> {
        if self.usage != Use::ReadAndWrite {
            return None;
        }
        match self.read(key) {
            Ok(value) => Some(value),
            Err(Presence::Damaged(why)) => {
                let path = self.path(key);
                (self.warn)(&format!("{}: damaged ({why}); computing it again", path.display()));
                None
            }
            Err(_) => None,
        }
    }

    /// Keeps a result under a key.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put<T: Serialize>(&self, key: &Key, value: &T) -> Result<(), Failure> {
        if self.usage == Use::Off {
            return Ok(());
        }
        let path = self.path(key);
        let entry = Entry { format: FORMAT, kind: key.kind.name.into(), key: key.digest.clone(), value };
        let text = serde_json::to_vec(&entry)
            .map_err(|error| WorkspaceError::argument(format!("{}: {error}", path.display())))?;
        let mut bytes = blake3::hash(&text).to_hex().as_bytes().to_vec();
        bytes.push(b'\n');
        bytes.extend(text);
        Ok(write_atomically(&path, &bytes)?)
    }

    /// What is kept under a key, or else what is computed now, which is kept.
    ///
    /// # Errors
    /// If it cannot be computed or written.
    pub fn get_or_compute<T: Serialize + DeserializeOwned>(
        &self,
        key: &Key,
        compute: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        let value = compute()?;
        self.put(key, &value)?;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: StageKind = StageKind { name: "run", sources: "a" };
    const OTHER: StageKind = StageKind { name: "other", sources: "a" };

    fn with_store(test: impl FnOnce(&StageStore, &Key)) {
        let folder = tempfile::tempdir().unwrap();
        let store = StageStore::new(folder.path().join("stages"), Use::ReadAndWrite, |_| ());
        test(&store, &Key::new(RUN, ["input", "options"]));
    }

    #[test]
    fn what_was_computed_is_not_computed_again_and_comes_back_bit_by_bit() {
        with_store(|store, key| {
            let values = vec![0.1 + 0.2, f64::MIN_POSITIVE, 1e300 / 3.0, -0.0];
            assert_eq!(store.presence(key), Presence::Missing);
            let first = store.get_or_compute(key, || Ok(values.clone())).unwrap();
            let again: Vec<f64> = store.get_or_compute(key, || unreachable!("it is there")).unwrap();
            let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&first), bits(&again));
            assert_eq!(store.presence(key), Presence::Whole);
        });
    }

    #[test]
    fn ingredients_cannot_run_into_each_other() {
        let of = |ingredients: &[&str]| Key::new(RUN, ingredients);
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a"]), Key::new(OTHER, ["a"]));
        assert_ne!(of(&["a"]), Key::new(StageKind { sources: "b", ..RUN }, ["a"]));
        assert_eq!(of(&["a", "b"]), of(&["a", "b"]));
    }

    #[test]
    fn an_entry_with_any_byte_changed_or_cut_off_is_a_miss() {
        with_store(|store, key| {
            store.put(key, &vec![1.5, 2.5]).unwrap();
            let path = store.path(key);
            let whole = std::fs::read(&path).unwrap();
            for at in 0..whole.len() {
                let mut damaged = whole.clone();
                damaged[at] ^= 1;
                std::fs::write(&path, &damaged).unwrap();
                // Not through `get`, which would tell of each on the terminal; one is told below.
                assert!(matches!(store.read::<Vec<f64>>(key), Err(Presence::Damaged(_))), "byte {at}");
                std::fs::write(&path, &whole[..at]).unwrap();
                assert!(matches!(store.presence(key), Presence::Damaged(_)), "cut at {at}");
            }
            let again = store.get_or_compute(key, || Ok(vec![3.5])).unwrap();
            assert_eq!((again, store.presence(key)), (vec![3.5], Presence::Whole));
        });
    }

    #[test]
    fn a_store_that_is_off_keeps_nothing_and_one_that_only_writes_reads_nothing() {
        with_store(|store, key| {
            let off = StageStore { usage: Use::Off, ..store.clone() };
            assert_eq!(off.get_or_compute(key, || Ok(1)).unwrap(), 1);
            assert_eq!(store.presence(key), Presence::Missing);
            let writing = StageStore { usage: Use::WriteOnly, ..store.clone() };
            assert_eq!(store.get_or_compute(key, || Ok(1)).unwrap(), 1);
            assert_eq!(writing.get_or_compute(key, || Ok(2)).unwrap(), 2);
            assert_eq!(store.get_or_compute(key, || Ok(3)).unwrap(), 2);
        });
    }
}
