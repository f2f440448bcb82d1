//! Where things are: the folders of a Tritrack workspace.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::WorkspaceError;
use crate::program::Program;

/// A folder with `experiments/`, `results/` and `figures/`.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
    program: &'static Program,
    users_data: BTreeMap<&'static str, PathBuf>,
    variant: Option<String>,
    substitutes: Vec<Substitute>,
}

/// A file that stands in for a technology of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substitute {
    /// The kind of technology, as its folder is called.
    pub kind: String,
    /// The technology.
    pub name: String,
    /// What is read in its place.
    pub file: PathBuf,
}

impl Substitute {
    /// The place in a workspace of what it stands in for.
    fn place(&self) -> PathBuf {
        Path::new("experiments/technology").join(&self.kind).join(format!("{}.yaml", self.name))
    }
}

impl Workspace {
    /// The given folder, or else the nearest folder above the current one that holds `experiments/`.
    ///
    /// # Errors
    /// If there is no such folder.
    pub fn find(given: Option<&Path>, program: &'static Program) -> Result<Self, WorkspaceError> {
        let start = match given {
            Some(folder) => folder.to_owned(),
            None => std::env::current_dir()
                .map_err(|_| WorkspaceError::NoWorkspace { start: PathBuf::from(".") })?,
        };
        let candidates: Vec<&Path> = if given.is_some() { vec![&start] } else { start.ancestors().collect() };
        match candidates.into_iter().find(|folder| folder.join("experiments").is_dir()) {
            Some(root) => {
                let (users_data, variant, substitutes) = Default::default();
                Ok(Self { root: root.to_owned(), program, users_data, variant, substitutes })
            }
            None => Err(WorkspaceError::NoWorkspace { start }),
        }
    }

    /// The same workspace with files that stand in for technologies, whose results go to a place of their own.
    #[must_use]
    pub fn varied(self, variant: String, substitutes: Vec<Substitute>) -> Self {
        Self { variant: Some(variant), substitutes, ..self }
    }

    /// Files that stand in for technologies.
    pub fn substitutes(&self) -> &[Substitute] {
        &self.substitutes
    }

    /// An input as results name it: by its path in the workspace, or by the place of what it stands in for.
    pub fn named(&self, path: &Path) -> PathBuf {
        match self.substitutes.iter().find(|known| known.file == path) {
            Some(known) => known.place(),
            None => path.strip_prefix(&self.root).unwrap_or(path).to_owned(),
        }
    }

    /// Where an input lies that results name so.
    pub fn lies(&self, named: &Path) -> PathBuf {
        match self.substitutes.iter().find(|known| known.place() == named) {
            Some(known) => known.file.clone(),
            None => self.root.join(named),
        }
    }

    /// A folder of the workspace, or the variant's place in it.
    fn of_variant(&self, folder: &str) -> PathBuf {
        let folder = self.root.join(folder);
        match &self.variant {
            Some(variant) => folder.join("variants").join(variant),
            None => folder,
        }
    }

    /// The same workspace with the folders of data that the user brings.
    #[must_use]
    pub fn with_data(mut self, folders: impl IntoIterator<Item = (&'static str, PathBuf)>) -> Self {
        self.users_data.extend(folders);
        self
    }

    /// Where the user keeps data that the repository may not carry.
    ///
    /// # Errors
    /// If the user did not say.
    pub fn users_data(&self, data: &'static str) -> Result<&Path, WorkspaceError> {
        self.users_data.get(data).map(PathBuf::as_path).ok_or(WorkspaceError::NoData { data })
    }

    /// BLAKE3 of all that such data lie in.
    ///
    /// # Errors
    /// If the user did not say where, or they cannot be read.
    pub fn users_data_digest(&self, data: &'static str) -> Result<String, WorkspaceError> {
        let path = self.users_data(data)?;
        let unreadable = |source| WorkspaceError::Unreadable { path: path.to_owned(), source };
        let beside = (self.program.beside)(path).into_iter().filter(|file| file.is_file());
        let digests = [path.to_owned()].into_iter().chain(beside).map(|path| files::digest_of_tree(&path));
        let digests = digests.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
        Ok(files::digest(digests.concat().as_bytes()))
    }

    /// Where the data lie that the user named, by name.
    pub fn users_folders(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        self.users_data.iter().map(|(name, path)| (*name, path.as_path()))
    }

    /// The manifest of an experiment.
    pub fn manifest(&self, id: &str) -> PathBuf {
        self.root.join("experiments").join(format!("{id}.yaml"))
    }

    /// The program that runs it.
    pub fn program(&self) -> &'static Program {
        self.program
    }

    /// The folder of the workspace.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder in which what stages gave is kept.
    pub fn stages(&self) -> PathBuf {
        self.root.join("results/.state/stages")
    }

    /// The record of an experiment's last run.
    pub fn record(&self, id: &str) -> PathBuf {
        self.of_variant("results/.state").join(format!("{id}.json"))
    }

    /// The file of claims.
    pub fn claims(&self) -> PathBuf {
        self.root.join("experiments/claims.yaml")
    }

    /// The page that shows them.
    pub fn readme(&self) -> PathBuf {
        self.root.join("README.md")
    }

    /// The ids of all experiments, sorted as a reader would: fig2 before fig10.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn experiments(&self) -> Result<Vec<String>, WorkspaceError> {
        let mut ids = stems(&self.root.join("experiments"))?;
        ids.retain(|id| id != "claims");
        ids.sort_by_key(|id| {
            let letters = id.find(|c: char| c.is_ascii_digit()).unwrap_or(id.len());
            let digits =
                id[letters..].find(|c: char| !c.is_ascii_digit()).map_or(id.len(), |end| letters + end);
            let number = id[letters..digits].parse::<u64>().unwrap_or(0);
            (id[..letters].to_owned(), number, id[digits..].to_owned())
        });
        Ok(ids)
    }

    /// The folder of everything that experiments are made from.
    pub fn inputs_folder(&self) -> PathBuf {
        self.root.join("experiments")
    }

    /// The names of all files of a kind, sorted.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn names(&self, folder: &str) -> Result<Vec<String>, WorkspaceError> {
        stems(&self.root.join("experiments").join(folder))
    }

    /// The names of all technologies of a kind, sorted.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn technology_names(&self, kind: &str) -> Result<Vec<String>, WorkspaceError> {
        self.names(&format!("technology/{kind}"))
    }

    /// A file below the folder of inputs.
    pub fn input(&self, folder: &str, file: &str) -> PathBuf {
        self.root.join("experiments").join(folder).join(file)
    }

    /// The folder of technology files of a kind.
    pub fn technologies(&self, kind: &str) -> PathBuf {
        self.root.join("experiments/technology").join(kind)
    }

    /// A technology file of a kind.
    pub fn technology(&self, kind: &str, name: &str) -> PathBuf {
        let substitute = self.substitutes.iter().find(|known| known.kind == kind && known.name == name);
        substitute
            .map_or_else(|| self.technologies(kind).join(format!("{name}.yaml")), |known| known.file.clone())
    }

    /// Where an experiment's table goes.
    pub fn result(&self, id: &str, table: &str) -> PathBuf {
        self.of_variant("results").join(id).join(format!("{table}.parquet"))
    }

    /// Where an experiment's figure goes.
    pub fn figure(&self, id: &str, extension: &str) -> PathBuf {
        self.of_variant("figures").join(format!("{id}.{extension}"))
    }

    /// A path as it is said to the user: relative to the workspace where it lies in it.
    pub fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

/// The YAML files of a folder, sorted, without their extension.
fn stems(folder: &Path) -> Result<Vec<String>, WorkspaceError> {
    let unreadable = |source| WorkspaceError::Unreadable { path: folder.to_owned(), source };
    let mut stems = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml");
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        // Editors keep hidden files beside those that they edit.
        stems.extend(stem.filter(|stem| is_yaml && !stem.starts_with('.') && path.is_file()));
    }
    stems.sort();
    Ok(stems)
}
