//! Where things are: the folders of a Tritrack workspace.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::RunError;
use crate::manifest::{Manifest, UsersData};

/// How the files of float networks end.
const FLOAT: &str = ".float.safetensors";

/// A folder with `experiments/`, `results/` and `figures/`.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
    users_data: BTreeMap<UsersData, PathBuf>,
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

impl Workspace {
    /// The given folder, or else the nearest folder above the current one that holds `experiments/`.
    ///
    /// # Errors
    /// If there is no such folder.
    pub fn find(given: Option<&Path>) -> Result<Self, RunError> {
        let start = match given {
            Some(folder) => folder.to_owned(),
            None => {
                std::env::current_dir().map_err(|_| RunError::NoWorkspace { start: PathBuf::from(".") })?
            }
        };
        let candidates: Vec<&Path> = if given.is_some() { vec![&start] } else { start.ancestors().collect() };
        match candidates.into_iter().find(|folder| folder.join("experiments").is_dir()) {
            Some(root) => {
                let (users_data, variant, substitutes) = Default::default();
                Ok(Self { root: root.to_owned(), users_data, variant, substitutes })
            }
            None => Err(RunError::NoWorkspace { start }),
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
    pub fn with_data(mut self, folders: impl IntoIterator<Item = (UsersData, PathBuf)>) -> Self {
        self.users_data.extend(folders);
        self
    }

    /// Where the user keeps data that the repository may not carry.
    ///
    /// # Errors
    /// If the user did not say.
    pub fn users_data(&self, data: UsersData) -> Result<&Path, RunError> {
        self.users_data.get(&data).map(PathBuf::as_path).ok_or(RunError::NoData { data: data.name() })
    }

    /// The manifest of an experiment.
    pub fn manifest(&self, id: &str) -> PathBuf {
        self.root.join("experiments").join(format!("{id}.yaml"))
    }

    /// The folder of the workspace.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where what stages gave is kept.
    pub fn stages(&self) -> PathBuf {
        self.root.join("results/.state/stages")
    }

    /// Where the repository carries what searches for shared terms found, a folder for each network.
    pub fn kept_sharing(&self) -> PathBuf {
        self.root.join("experiments/networks/sharing")
    }

    /// Where such searches of this workspace are kept.
    pub fn found_sharing(&self) -> PathBuf {
        self.root.join("results/.state/sharing")
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
    pub fn experiments(&self) -> Result<Vec<String>, RunError> {
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

    /// All experiments, in the order of their ids.
    ///
    /// # Errors
    /// If a manifest is wrong.
    pub fn manifests(&self) -> Result<Vec<Manifest>, RunError> {
        self.experiments()?.iter().map(|id| Ok(Manifest::load(&self.manifest(id))?)).collect()
    }

    /// The names of all networks, sorted.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn networks(&self) -> Result<Vec<String>, RunError> {
        stems(&self.root.join("experiments/networks"))
    }

    /// The names of all technologies of a kind, sorted.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn technology_names(&self, kind: &str) -> Result<Vec<String>, RunError> {
        stems(&self.technologies(kind))
    }

    /// The description of a network.
    pub fn network(&self, name: &str) -> PathBuf {
        self.root.join("experiments/networks").join(format!("{name}.yaml"))
    }

    /// Where networks are written: the given folder, or that of the workspace's networks.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn folder_for_networks(&self, given: Option<&Path>) -> Result<PathBuf, RunError> {
        let folder = given.map_or_else(|| self.root.join("experiments/networks"), Path::to_owned);
        match std::fs::create_dir_all(&folder) {
            Ok(()) => Ok(folder),
            Err(source) => Err(RunError::Unwritable { path: folder, source }),
        }
    }

    /// The file of an imported float network.
    pub fn float_network(&self, name: &str) -> PathBuf {
        self.root.join("experiments/networks").join(format!("{name}{FLOAT}"))
    }

    /// The names of all imported float networks, sorted.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn float_networks(&self) -> Result<Vec<String>, RunError> {
        let folder = self.root.join("experiments/networks");
        let unreadable = |source| RunError::Unreadable { path: folder.clone(), source };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
            names.extend(file.strip_suffix(FLOAT).map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    /// The folder of a data set that the repository carries.
    pub fn data(&self, name: &str) -> PathBuf {
        self.root.join("experiments/data").join(name)
    }

    /// The folder of technology files of a kind (`rtm-ap`, `crossbar`, `faults`).
    pub fn technologies(&self, kind: &str) -> PathBuf {
        self.root.join("experiments/technology").join(kind)
    }

    /// A technology file of a kind.
    pub fn technology(&self, kind: &str, name: &str) -> PathBuf {
        let substitute = self.substitutes.iter().find(|known| known.kind == kind && known.name == name);
        substitute
            .map_or_else(|| self.technologies(kind).join(format!("{name}.yaml")), |known| known.file.clone())
    }

    /// Measured and published results of others.
    pub fn references(&self) -> PathBuf {
        self.root.join("experiments/references")
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
fn stems(folder: &Path) -> Result<Vec<String>, RunError> {
    let unreadable = |source| RunError::Unreadable { path: folder.to_owned(), source };
    let mut stems = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            stems.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    stems.sort();
    Ok(stems)
}
