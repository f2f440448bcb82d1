//! Inputs: what is read, once, and noted with its digest, so that results say what they rest on.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use files::digest;

use crate::error::{Failure, WorkspaceError};
use crate::folders::Workspace;

/// What was read in a run. A value is made when it is first asked for; the files that it was made from are noted for every
/// experiment that asks for it.
#[derive(Debug)]
pub struct Inputs<'w> {
    workspace: &'w Workspace,
    noted: Mutex<Noted>,
    kept: Mutex<BTreeMap<(TypeId, String), Kept>>,
}

/// What something rests on, with BLAKE3 of each.
#[derive(Debug, Clone, Default)]
struct Noted {
    /// Files relative to the workspace, and what else has a name of its own.
    files: BTreeMap<PathBuf, String>,
    /// Data that the user brings, by name.
    users_data: BTreeMap<String, String>,
}

impl Noted {
    fn extend(&mut self, other: Self) {
        self.files.extend(other.files);
        self.users_data.extend(other.users_data);
    }
}

#[derive(Debug, Clone)]
struct Kept {
    value: Arc<dyn Any + Send + Sync>,
    noted: Noted,
    /// Whether it is let go of when the next experiment begins.
    is_large: bool,
}

/// The files that a value is made from, while it is made.
#[derive(Debug)]
pub struct Reading<'i> {
    workspace: &'i Workspace,
    noted: Noted,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked leaves whole entries behind: each is inserted in one step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'w> Inputs<'w> {
    /// Nothing yet.
    pub fn new(workspace: &'w Workspace) -> Self {
        Self { workspace, noted: Mutex::default(), kept: Mutex::default() }
    }

    /// The workspace.
    pub fn workspace(&self) -> &'w Workspace {
        self.workspace
    }

    /// Forgets which files were read, and lets go of what is large; called before each experiment.
    pub fn start_experiment(&self) {
        *held(&self.noted) = Noted::default();
        held(&self.kept).retain(|_, kept| !kept.is_large);
    }

    /// The files that the experiment rests on, relative to the workspace, with their BLAKE3.
    pub fn noted(&self) -> BTreeMap<PathBuf, String> {
        held(&self.noted).files.clone()
    }

    /// The data of the user's that the experiment rests on, by name, with BLAKE3 of all that they lie in.
    pub fn noted_users_data(&self) -> BTreeMap<String, String> {
        held(&self.noted).users_data.clone()
    }

    /// A value by name, made when it is first asked for.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn load<T: Send + Sync + 'static>(
        &self,
        name: &str,
        make: impl FnOnce(&mut Reading<'_>) -> Result<T, Failure>,
    ) -> Result<Arc<T>, Failure> {
        self.loaded(name, false, make)
    }

    /// The same for what is too large to be kept beyond the experiment that asks for it.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn load_large<T: Send + Sync + 'static>(
        &self,
        name: &str,
        make: impl FnOnce(&mut Reading<'_>) -> Result<T, Failure>,
    ) -> Result<Arc<T>, Failure> {
        self.loaded(name, true, make)
    }

    fn loaded<T: Send + Sync + 'static>(
        &self,
        name: &str,
        is_large: bool,
        make: impl FnOnce(&mut Reading<'_>) -> Result<T, Failure>,
    ) -> Result<Arc<T>, Failure> {
        let key = (TypeId::of::<T>(), name.to_owned());
        let known = held(&self.kept).get(&key).cloned();
        if let Some(Kept { value, noted, .. }) = known
            && let Ok(value) = value.downcast::<T>()
        {
            held(&self.noted).extend(noted);
            return Ok(value);
        }
        let mut reading = Reading { workspace: self.workspace, noted: Noted::default() };
        let value = Arc::new(make(&mut reading)?);
        held(&self.noted).extend(reading.noted.clone());
        let any = Arc::clone(&value) as Arc<dyn Any + Send + Sync>;
        let kept = Kept { value: any, noted: reading.noted, is_large };
        held(&self.kept).insert(key, kept);
        Ok(value)
    }
}

impl Reading<'_> {
    /// Notes a file, and gives its digest.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn note(&mut self, path: &Path) -> Result<String, WorkspaceError> {
        let bytes = files::read(path)
            .map_err(|source| WorkspaceError::Unreadable { path: path.to_owned(), source })?;
        let hash = digest(&bytes);
        self.note_as(self.workspace.named(path), hash.clone());
        Ok(hash)
    }

    /// Notes what is no file of the workspace under a name, with its digest.
    pub fn note_as(&mut self, name: PathBuf, hash: String) {
        self.noted.files.insert(name, hash);
    }

    /// Where data lie that the user brings. They are noted by all that they lie in, as it is now: before it is read.
    ///
    /// # Errors
    /// If the user did not say where, or they cannot be read.
    pub fn users_data(&mut self, data: &'static str) -> Result<&Path, WorkspaceError> {
        let digest = self.workspace.users_data_digest(data)?;
        self.noted.users_data.insert(data.to_owned(), digest);
        self.workspace.users_data(data)
    }

    /// The workspace.
    pub fn workspace(&self) -> &Workspace {
        self.workspace
    }
}
