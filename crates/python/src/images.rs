//! Images: from arrays, or as the command line names them.

use std::path::Path;
use std::sync::Arc;

use data_sets::{BrokenFiles, Fitting, Reading};
use network::{DataSet, ImageSet, Shape};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use workspace::{Failure, WorkspaceError};

use crate::errors::{raised, wrong};
use crate::networks::Network;
use crate::work;
use crate::workspace::Workspace;

/// Images of one shape, with or without labels.
#[pyclass(frozen, module = "tritrack._native")]
pub struct Images(pub Arc<ImageSet>);

#[pymethods]
impl Images {
    /// Images from pixels: `[count, channels, rows, columns]`, row-major.
    #[staticmethod]
    #[pyo3(signature = (pixels, shape, labels = None, name = "array"))]
    fn from_pixels(
        py: Python<'_>,
        pixels: &[u8],
        shape: (usize, usize, usize),
        labels: Option<Vec<u16>>,
        name: &str,
    ) -> PyResult<Self> {
        let shape = Shape::new(shape.0, shape.1, shape.2);
        match ImageSet::new(name, shape, pixels.to_vec(), labels) {
            Ok(set) => Ok(Self(Arc::new(set))),
            Err(error) => Err(wrong(py, error.to_string())),
        }
    }

    /// Images by name or path, as `--images` takes them; `shape` is that of a network that pictures are brought to.
    #[staticmethod]
    #[pyo3(signature = (source, workspace, shape, count = None, of = None))]
    fn open(
        py: Python<'_>,
        source: String,
        workspace: Option<&Workspace>,
        shape: (usize, usize, usize),
        count: Option<usize>,
        of: Option<&Network>,
    ) -> PyResult<Self> {
        let shape = Shape::new(shape.0, shape.1, shape.2);
        let golden = of.and_then(Network::golden);
        let data = workspace.map(|workspace| workspace.0.input("data", "fashion-mnist"));
        let read = move || -> Result<ImageSet, Failure> {
            let set = match (source.as_str(), golden, data) {
                ("golden", Some(path), _) => ImageSet::from_golden(&path)?,
                ("golden", None, _) => {
                    let message =
                        "this network has no golden inputs; name other images, for example fashion-mnist";
                    return Err(WorkspaceError::argument(message).into());
                }
                ("fashion-mnist", _, Some(folder)) => data_sets::load(DataSet::FashionMnist, &folder)?,
                (path, _, _) => of_path(Path::new(path), shape, count)?,
            };
            if set.is_empty() || count == Some(0) {
                return Err(WorkspaceError::argument("there are no images: at least one is needed").into());
            }
            Ok(set.first(count.unwrap_or(set.len()))?)
        };
        Ok(Self(Arc::new(work::run(py, read)?)))
    }

    #[getter]
    fn shape(&self) -> (usize, usize, usize, usize) {
        let Shape { channels, height, width } = self.0.shape();
        (self.0.len(), channels, height, width)
    }

    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }

    #[getter]
    fn labels(&self) -> Option<Vec<u16>> {
        self.0.labels().map(<[u16]>::to_vec)
    }

    fn pixels<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let pixels: Vec<u8> =
            (0..self.0.len()).filter_map(|image| self.0.pixels(image)).flatten().copied().collect();
        PyBytes::new(py, &pixels)
    }

    /// The first `count` images.
    fn first(&self, py: Python<'_>, count: usize) -> PyResult<Self> {
        let first = self.0.first(count);
        first.map(|set| Self(Arc::new(set))).map_err(|error| raised(py, &error.into()))
    }

    /// That every label is one of so many classes.
    fn check_labels(&self, py: Python<'_>, classes: usize) -> PyResult<()> {
        self.0.check_labels(classes).map_err(|error| raised(py, &error.into()))
    }
}

fn of_path(path: &Path, shape: Shape, count: Option<usize>) -> Result<ImageSet, Failure> {
    let reading = Reading {
        shape,
        fitting: Fitting::Crop { shorter_side: None },
        broken: BrokenFiles::Refuse,
        limit: count.unwrap_or(usize::MAX),
    };
    Ok(data_sets::open(path, &reading)?.images)
}
