//! Tables as Python's libraries for data frames take them.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::path::PathBuf;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use tables::{Kind, arrow_stream};

use crate::errors::raised;

/// The name under which the Arrow PyCapsule interface expects a stream.
const STREAM: &CStr = c"arrow_array_stream";

/// A table with its units, meanings and provenance.
#[pyclass(frozen, module = "tritrack._native")]
pub struct Table(pub tables::Table);

#[pymethods]
impl Table {
    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }

    #[getter]
    fn meaning(&self) -> &str {
        self.0.meaning()
    }

    #[getter]
    fn rows(&self) -> usize {
        self.0.rows()
    }

    /// Name, kind, unit, meaning, and whether values may be missing, of each column.
    fn columns(&self) -> Vec<(&str, &'static str, &str, &str, bool)> {
        let columns = self.0.columns().iter();
        columns
            .map(|c| (c.name.as_str(), c.kind.name(), c.unit.as_str(), c.meaning.as_str(), c.optional))
            .collect()
    }

    fn provenance(&self) -> BTreeMap<String, String> {
        self.0.provenance().clone()
    }

    /// The values of a column, `None` where one is missing.
    fn values(&self, py: Python<'_>, column: &str) -> PyResult<Py<PyAny>> {
        let failed = |error: tables::TableError| raised(py, &error.into());
        match self.0.column(column).map_err(failed)?.kind {
            Kind::Text => self.0.optional_text(column).map_err(failed)?.into_py_any(py),
            Kind::Integer => self.0.optional_integer(column).map_err(failed)?.into_py_any(py),
            Kind::Real => self.0.optional_real(column).map_err(failed)?.into_py_any(py),
            Kind::Flag => self.0.optional_flag(column).map_err(failed)?.into_py_any(py),
        }
    }

    fn text(&self) -> String {
        tables::to_text(&self.0)
    }

    fn csv(&self) -> String {
        tables::to_csv(&self.0)
    }

    fn json(&self) -> String {
        tables::to_json(&self.0)
    }

    fn write_parquet(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        tables::write_parquet(&self.0, &path).map_err(|error| raised(py, &error.into()))
    }

    #[staticmethod]
    fn read_parquet(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        tables::read_parquet(&path).map(Self).map_err(|error| raised(py, &error.into()))
    }

    /// An Arrow C stream of the rows.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The interface lets producers give their own types where they cannot give those asked for.
        drop(requested_schema);
        let stream = arrow_stream(&self.0).map_err(|error| raised(py, &error.into()))?;
        PyCapsule::new_with_value(py, stream, STREAM)
    }
}
