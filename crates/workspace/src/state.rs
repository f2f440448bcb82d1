//! What was made from what: whether an experiment's results are those that it would give again.
//!
//! When an experiment has run, a record of its manifest, its inputs, the program and its outputs is left in
//! `results/.state`. It is never needed: without it, or with a damaged one, the experiment runs.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use files::digest;
use serde::{Deserialize, Serialize};
use tables::write_atomically;

use crate::error::{Failure, WorkspaceError};
use crate::folders::Workspace;
use crate::study::Manifest;

/// The form of a record; one of another form is as good as none.
const FORMAT: u32 = 2;

/// What an experiment was made from, and what it made, with BLAKE3 of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    format: u32,
    program: String,
    manifest: String,
    /// Data that the user brought, by name.
    users_data: BTreeMap<String, String>,
    inputs: BTreeMap<PathBuf, String>,
    outputs: BTreeMap<PathBuf, String>,
}

/// Why an experiment has to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// There is no record.
    NeverRun,
    /// The record cannot be read.
    DamagedRecord(String),
    /// It was made by another program.
    OtherProgram,
    /// The manifest is another one.
    ManifestChanged,
    /// An input is another one, or gone.
    InputChanged(PathBuf),
    /// Data that the user brings are others than they were.
    DataChanged(String),
    /// An output is another one, or gone.
    OutputChanged(PathBuf),
    /// It was asked for.
    Forced,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverRun => f.write_str("it has not run here yet"),
            Self::DamagedRecord(why) => write!(f, "the record of its last run cannot be read: {why}"),
            Self::OtherProgram => f.write_str("the program has changed"),
            Self::ManifestChanged => f.write_str("its manifest has changed"),
            Self::InputChanged(path) => write!(f, "its input {} has changed", path.display()),
            Self::DataChanged(data) => write!(f, "the data `{data}` are others now"),
            Self::OutputChanged(path) => write!(f, "its output {} is missing or has changed", path.display()),
            Self::Forced => f.write_str("it was asked for with --force"),
        }
    }
}

impl Record {
    /// A record of a run.
    pub fn new(
        program: &str,
        manifest: &Manifest,
        users_data: BTreeMap<String, String>,
        inputs: BTreeMap<PathBuf, String>,
        outputs: impl IntoIterator<Item = (PathBuf, String)>,
    ) -> Self {
        Self {
            format: FORMAT,
            program: program.to_owned(),
            manifest: manifest.hash.clone(),
            users_data,
            inputs,
            outputs: outputs.into_iter().collect(),
        }
    }

    /// Leaves the record for later.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, workspace: &Workspace, id: &str) -> Result<(), Failure> {
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| WorkspaceError::argument(format!("the record of {id}: {error}")))?;
        Ok(write_atomically(&workspace.record(id), &text)?)
    }

    fn load(workspace: &Workspace, id: &str) -> Result<Self, Reason> {
        let text = match files::read(&workspace.record(id)) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(Reason::NeverRun),
            Err(error) => return Err(Reason::DamagedRecord(error.to_string())),
        };
        let record: Self =
            serde_json::from_slice(&text).map_err(|error| Reason::DamagedRecord(error.to_string()))?;
        match record.format {
            FORMAT => Ok(record),
            other => Err(Reason::DamagedRecord(format!("it is of form {other}; expected {FORMAT}"))),
        }
    }
}

/// What stands before the name of data that the user brings, where a file of the workspace would have its path.
const USERS: &str = "data ";

/// How data that the user brings is told among a result's inputs: where they lie is nobody's concern.
pub fn users_input(name: &str) -> PathBuf {
    PathBuf::from(format!("{USERS}{name}"))
}

/// Whether an input is such, and no file of the workspace.
pub fn is_users_input(input: &str) -> bool {
    input.starts_with(USERS)
}

/// Why an experiment has to run; `None` if its results are up to date.
pub fn staleness(workspace: &Workspace, manifest: &Manifest) -> Option<Reason> {
    let record = match Record::load(workspace, &manifest.id) {
        Ok(record) => record,
        Err(reason) => return Some(reason),
    };
    if record.program != workspace.program().sources {
        return Some(Reason::OtherProgram);
    }
    if record.manifest != manifest.hash {
        return Some(Reason::ManifestChanged);
    }
    // Data whose place the user does not say now are taken to be the same.
    let data = workspace.program().users_data.iter().find(|&&data| {
        let is_other = |hash: &String| workspace.users_data_digest(data).ok().as_ref() != Some(hash);
        workspace.users_data(data).is_ok() && record.users_data.get(data).is_some_and(is_other)
    });
    if let Some(data) = data {
        return Some(Reason::DataChanged((*data).to_owned()));
    }
    let mut files = record.inputs.iter().filter(|(path, _)| !is_users_input(&path.to_string_lossy()));
    if let Some((path, _)) = files.find(|(path, hash)| hash_of(workspace, path).as_ref() != Some(hash)) {
        return Some(Reason::InputChanged(path.clone()));
    }
    let changed = record.outputs.iter().find(|(path, hash)| hash_of(workspace, path).as_ref() != Some(hash));
    changed.map(|(path, _)| Reason::OutputChanged(path.clone()))
}

fn hash_of(workspace: &Workspace, path: &Path) -> Option<String> {
    let bytes = files::read(&workspace.lies(path)).ok()?;
    Some(digest(&bytes))
}

/// Keeps other runs out of a workspace's results while it lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits until no other run is at work; `waiting` is called once if one is.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn take(workspace: &Workspace, waiting: impl FnOnce()) -> Result<Self, WorkspaceError> {
        let path = workspace.root().join("results/.state/lock");
        let failed = |source| WorkspaceError::Unwritable { path: path.clone(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let file = File::create(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                waiting();
                file.lock().map_err(failed)?;
            }
            Err(std::fs::TryLockError::Error(source)) => return Err(failed(source)),
        }
        files::sweep_here(workspace.root());
        ["results", "figures", "experiments"]
            .iter()
            .for_each(|folder| files::sweep(&workspace.root().join(folder)));
        Ok(Self { _file: file })
    }
}
