//! The folder of experiments and results, and the command line in process.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use ::workspace::claims::{Claims, claims_provenance, claims_table, judged, outdated};
use ::workspace::{ChangeRow, Failure, Mode, Registry, Sides, WorkspaceError};
use pyo3::prelude::*;
use studies::variation::Variation;
use tritrack::commands::explain::explained;
use tritrack::reproduce::reproduced;

use crate::errors::raised;
use crate::table::Table;
use crate::work;

/// What there is; warnings become Python's.
pub static REGISTRY: Registry = studies::registry(|text| {
    Python::attach(|py| {
        // One that Python is told to make an error of is said all the same.
        if let Err(error) = warned(py, text) {
            error.print(py);
        }
    });
});

fn warned(py: Python<'_>, text: &str) -> PyResult<()> {
    py.import("warnings")?.call_method1("warn", (text,)).map(drop)
}

/// Runs the command line, the program's name first, and gives the exit code.
#[pyfunction]
pub fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| tritrack::main(arguments))
}

/// A folder with `experiments/`, `results/` and `figures/`.
#[pyclass(frozen, module = "tritrack._native")]
pub struct Workspace(pub Arc<::workspace::Workspace>);

/// What is varied: the options of `tritrack reproduce`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Varied {
    technology: Vec<String>,
    network: Option<String>,
    images: Option<String>,
    machine: Vec<String>,
    quick: bool,
    label: Option<String>,
    data: Vec<(String, PathBuf)>,
    force: bool,
}

impl Varied {
    fn variation(&self) -> Result<Variation, Failure> {
        Ok(Variation {
            technology: self.technology.clone(),
            network: self.network.clone(),
            images: self.images.as_deref().map(str::parse).transpose()?,
            machine: self.machine.clone(),
            quick: self.quick,
            label: self.label.clone(),
        })
    }

    fn data(&self) -> Result<Vec<(&'static str, PathBuf)>, Failure> {
        let known = REGISTRY.program.users_data;
        let named = |(name, path): &(String, PathBuf)| match known.iter().find(|known| *known == name) {
            Some(data) => Ok((*data, path.clone())),
            None => {
                let known = known.iter().map(|&name| name.to_owned()).collect();
                Err(WorkspaceError::UnknownName { kind: "data", name: name.clone(), known }.into())
            }
        };
        self.data.iter().map(named).collect()
    }
}

#[pymethods]
impl Workspace {
    /// The given folder, or the nearest one above the current folder that holds `experiments/`.
    #[staticmethod]
    #[pyo3(signature = (path = None))]
    fn find(py: Python<'_>, path: Option<PathBuf>) -> PyResult<Self> {
        let found = ::workspace::Workspace::find(path.as_deref(), &REGISTRY.program);
        found.map(|found| Self(Arc::new(found))).map_err(|error| raised(py, &error.into()))
    }

    #[getter]
    fn root(&self) -> PathBuf {
        self.0.root().to_owned()
    }

    fn experiments(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.0.experiments().map_err(|error| raised(py, &error.into()))
    }

    fn networks(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.0.names(studies::loaded::NETWORKS).map_err(|error| raised(py, &error.into()))
    }

    fn technologies(&self, py: Python<'_>, kind: &str) -> PyResult<Vec<String>> {
        self.0.technology_names(kind).map_err(|error| raised(py, &error.into()))
    }

    /// Runs experiments: the workspace of their results, and what is said of them.
    fn reproduce(
        &self,
        py: Python<'_>,
        experiments: Vec<String>,
        varied: Varied,
    ) -> PyResult<(Self, String)> {
        let workspace = Arc::clone(&self.0);
        let (varied, said) = work::run(py, move || {
            let workspace = workspace.as_ref().clone().with_data(varied.data()?);
            let mode = if varied.force { Mode::Forced } else { Mode::Needed };
            let mut said = Vec::new();
            let varied = reproduced(&experiments, mode, &varied.variation()?, &workspace, &mut said)?;
            Ok((varied, said))
        })?;
        Ok((Self(Arc::new(varied)), String::from_utf8_lossy(&said).into_owned()))
    }

    /// The file of a table, whether it is there or not.
    fn table_path(&self, experiment: &str, table: &str) -> PathBuf {
        self.0.result(experiment, table)
    }

    /// The file of a figure, whether it is there or not.
    fn figure_path(&self, experiment: &str, extension: &str) -> PathBuf {
        self.0.figure(experiment, extension)
    }

    fn claims(&self, py: Python<'_>) -> PyResult<Table> {
        let workspace = Arc::clone(&self.0);
        work::run(py, move || {
            let claims = Claims::load(&workspace.claims())?;
            let (judged, outdated) =
                (judged(&claims, &workspace)?, outdated(&REGISTRY, &workspace, &claims)?);
            Ok(Table(claims_table(&judged, &outdated, claims_provenance(&claims, &workspace)?)?))
        })
    }

    /// What differs from other results, how many numbers were compared, and what has no partner.
    #[pyo3(signature = (before, variant, experiments))]
    fn diff(
        &self,
        py: Python<'_>,
        before: Option<String>,
        variant: Option<String>,
        experiments: Vec<String>,
    ) -> PyResult<(Table, usize, Vec<String>)> {
        let workspace = Arc::clone(&self.0);
        work::run(py, move || {
            let sides = match (variant, before) {
                (Some(variant), _) => Sides::of_variant(&workspace, &variant)?,
                (None, before) => Sides::against(&workspace, before.as_deref().unwrap_or("HEAD"))?,
            };
            let experiments: Vec<&str> = experiments.iter().map(String::as_str).collect();
            let compared = sides.compare(&experiments)?;
            let table = tables::Table::of::<ChangeRow>(compared.changes.iter().map(|change| change.row()))?;
            Ok((Table(table), compared.compared, compared.notes))
        })
    }

    /// What a row of a table means and was made from, a line each.
    fn explain(&self, py: Python<'_>, table: PathBuf, row: usize) -> PyResult<Vec<String>> {
        let workspace = Arc::clone(&self.0);
        work::run(py, move || explained(&table, row, &workspace))
    }
}
