//! Networks: with ternary weights, and in floating point before they are quantized.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::workspace::{Failure, Inputs, Progress, WorkspaceError};
use float_network::{FloatNetwork as Float, Operation, PixelScale, SavedNetwork};
use network::{Checkpoint, NetworkDescription, NetworkError, Shape, Tensor, TensorValues};
use onnx::{ImportOptions, PixelRange};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use quantizer::{
    Correction, Fit, Granularity, PostTrained, PostTraining, Sparsity, StepRule, ThresholdRule, WeightRule,
    keep_quantized, quantize_network,
};
use tritrack::commands::quantize;

use crate::errors::{raised, wrong};
use crate::images::Images;
use crate::table::Table;
use crate::values::{bytes, numbers};
use crate::work;
use crate::workspace::Workspace;

/// A network with ternary weights and integer activations.
#[pyclass(frozen, module = "tritrack._native")]
pub struct Network {
    pub network: Arc<network::Network>,
    pub description: Arc<NetworkDescription>,
    /// The folder that what its description names lies in.
    folder: Option<PathBuf>,
    made: Option<Made>,
}

/// What a network that is in memory alone was made from.
enum Made {
    Quantized(Box<PostTrained>),
    Tensors { text: String, checkpoint: Checkpoint },
}

impl Network {
    /// The file of its golden vectors, if it has one.
    pub fn golden(&self) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(self.description.golden.as_ref()?))
    }

    fn of_quantized(quantized: PostTrained, name: &str) -> Result<Self, Failure> {
        let title = quantize::title(&quantized, name);
        let text = quantized.file.text(name, &title, &checkpoint_of(name), "");
        let description = NetworkDescription::parse(&text, Path::new(&format!("{name}.yaml")));
        let description = description.map_err(NetworkError::from)?;
        let network = network::Network::assemble(&description, &quantized.checkpoint)?;
        Ok(Self {
            network: Arc::new(network),
            description: Arc::new(description),
            folder: None,
            made: Some(Made::Quantized(Box::new(quantized))),
        })
    }
}

fn checkpoint_of(name: &str) -> String {
    format!("{name}.safetensors.zst")
}

#[pymethods]
impl Network {
    /// A network of a workspace.
    #[staticmethod]
    fn load(py: Python<'_>, name: String, workspace: &Workspace) -> PyResult<Self> {
        let workspace = Arc::clone(&workspace.0);
        work::run(py, move || {
            let loaded = studies::loaded::network(&Inputs::new(&workspace), &name)?;
            Ok(Self {
                network: Arc::clone(&loaded.network),
                description: Arc::new(loaded.description.clone()),
                folder: Some(workspace.inputs_folder().join(studies::loaded::NETWORKS)),
                made: None,
            })
        })
    }

    /// A network from its file.
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        work::run(py, move || {
            let (description, network) = network::Network::load(&path)?;
            Ok(Self {
                network: Arc::new(network),
                description: Arc::new(description),
                folder: path.parent().map(Path::to_owned),
                made: None,
            })
        })
    }

    /// A network from the text of its description and its tensors: for each its type (`i8`, `u8`, `i32`, `i64`, `f32`), shape and bytes.
    #[staticmethod]
    fn from_tensors(
        py: Python<'_>,
        text: String,
        tensors: BTreeMap<String, (String, Vec<usize>, Vec<u8>)>,
    ) -> PyResult<Self> {
        let made = || -> Result<Self, Failure> {
            // A network's file bears its name.
            let fields: serde_yaml::Value = serde_yaml::from_str(&text)?;
            let name = fields.get("name").and_then(serde_yaml::Value::as_str).unwrap_or("network");
            let path = PathBuf::from(format!("{name}.yaml"));
            let description = NetworkDescription::parse(&text, &path).map_err(NetworkError::from)?;
            let mut checkpoint = Checkpoint::new("<tensors>");
            for (name, (kind, shape, values)) in tensors {
                checkpoint.insert(name, tensor(&kind, shape, &values)?);
            }
            let network = network::Network::assemble(&description, &checkpoint)?;
            Ok(Self {
                network: Arc::new(network),
                description: Arc::new(description),
                folder: None,
                made: Some(Made::Tensors { text, checkpoint }),
            })
        };
        made().map_err(|error| raised(py, &error))
    }

    #[getter]
    fn name(&self) -> &str {
        self.network.name()
    }

    #[getter]
    fn title(&self) -> &str {
        &self.description.title
    }

    #[getter]
    fn input_shape(&self) -> (usize, usize, usize) {
        extents(self.network.input().shape())
    }

    #[getter]
    fn classes(&self) -> usize {
        self.network.classes()
    }

    #[getter]
    fn activation_bits(&self) -> u32 {
        self.description.activation_bits
    }

    #[getter]
    fn sparsity(&self) -> f64 {
        studies::loaded::weight_sparsity(&self.network)
    }

    #[getter]
    fn has_golden_images(&self) -> bool {
        self.golden().is_some()
    }

    /// Names of the linear layers, in order.
    fn layers(&self) -> Vec<String> {
        self.network.linear_layers().map(|(_, layer)| layer.name().to_owned()).collect()
    }

    /// A layer's weights as bytes of `i8` with their shape, its input's shape, its stride, and its groups.
    #[allow(clippy::type_complexity, reason = "plain values that Python takes apart")]
    fn weights<'py>(
        &self,
        py: Python<'py>,
        layer: &str,
    ) -> PyResult<(Bound<'py, PyBytes>, [usize; 4], (usize, usize, usize), usize)> {
        let layer = layer_of(&self.network, layer).map_err(|error| raised(py, &error))?;
        let weights = layer.weights();
        let values = PyBytes::new(py, &bytes(weights.values(), i8::to_le_bytes));
        Ok((values, weights.shape(), extents(layer.input()), weights.groups()))
    }

    /// The logits of images by the integer inference, as bytes of `i64`.
    fn infer<'py>(&self, py: Python<'py>, images: &Images) -> PyResult<Bound<'py, PyBytes>> {
        let (network, set) = (Arc::clone(&self.network), Arc::clone(&images.0));
        let logits = work::run(py, move || {
            let fitted = set.fitted_to(network.input().shape())?;
            Ok(network.infer_all(&fitted.feature_maps())?.concat())
        })?;
        Ok(PyBytes::new(py, &bytes(&logits, i64::to_le_bytes)))
    }

    /// What became of each layer, if the network was quantized here.
    fn report(&self, py: Python<'_>) -> PyResult<Option<Table>> {
        match &self.made {
            Some(Made::Quantized(quantized)) => {
                let table = quantize::table(&quantized.layers).map_err(|error| raised(py, &error))?;
                Ok(Some(Table(table)))
            }
            _ => Ok(None),
        }
    }

    /// What was changed while it was quantized, one fact each.
    fn notes(&self) -> Vec<String> {
        match &self.made {
            Some(Made::Quantized(quantized)) => quantized.notes.clone(),
            _ => Vec::new(),
        }
    }

    /// Writes a network that is in memory alone, and gives its description's file.
    fn save(&self, py: Python<'_>, folder: PathBuf) -> PyResult<PathBuf> {
        let name = self.network.name();
        let written = || -> Result<PathBuf, Failure> {
            quantize::check_name(name)?;
            std::fs::create_dir_all(&folder)
                .map_err(|source| WorkspaceError::Unwritable { path: folder.clone(), source })?;
            match &self.made {
                Some(Made::Quantized(quantized)) => {
                    let title = quantize::title(quantized, name);
                    let [description, _] = quantize::write(quantized, &folder, name, &title, "")?;
                    Ok(description)
                }
                Some(Made::Tensors { text, checkpoint }) => {
                    let file = self.description.checkpoint.clone();
                    let file = file.unwrap_or_else(|| checkpoint_of(name).into());
                    checkpoint.save(&folder.join(file)).map_err(NetworkError::from)?;
                    let path = folder.join(format!("{name}.yaml"));
                    tables::write_atomically(&path, text.as_bytes())?;
                    Ok(path)
                }
                None => {
                    let message = format!("`{name}` was read from a file, which can be copied");
                    Err(WorkspaceError::argument(message).into())
                }
            }
        };
        written().map_err(|error| raised(py, &error))
    }
}

/// A layer of a network by name.
///
/// # Errors
/// If there is none of that name.
pub fn layer_of<'n>(network: &'n network::Network, name: &str) -> Result<&'n network::LinearLayer, Failure> {
    match network.layer_named(name) {
        Some((_, layer)) => Ok(layer),
        None => Err(tritrack::CommandError::UnknownLayer {
            layer: name.to_owned(),
            known: network.linear_layers().map(|(_, layer)| layer.name().to_owned()).collect(),
        }
        .into()),
    }
}

fn extents(shape: Shape) -> (usize, usize, usize) {
    (shape.channels, shape.height, shape.width)
}

fn tensor(kind: &str, shape: Vec<usize>, values: &[u8]) -> Result<Tensor, Failure> {
    let values = match kind {
        "i8" => TensorValues::I8(numbers(values)?),
        "u8" => TensorValues::U8(values.to_vec()),
        "i32" => TensorValues::I32(numbers(values)?),
        "i64" => TensorValues::I64(numbers(values)?),
        "f32" => TensorValues::F32(numbers(values)?),
        other => {
            let message = format!("a tensor of {other}; expected one of i8, u8, i32, i64 and f32");
            return Err(WorkspaceError::argument(message).into());
        }
    };
    Ok(Tensor::new(shape, values).map_err(|error| WorkspaceError::argument(error.to_string()))?)
}

/// What training did to the pixels, and what a model leaves open.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Import {
    name: Option<String>,
    input_shape: Option<(usize, usize, usize)>,
    mean: Vec<f64>,
    deviation: Vec<f64>,
    pixels: Option<String>,
    bgr: bool,
}

impl Import {
    fn options(&self) -> Result<ImportOptions, Failure> {
        let channels = self.mean.len().max(self.deviation.len());
        let or = |values: &[f64], default: f64| match values {
            [] => vec![default; channels],
            values => values.to_vec(),
        };
        let said = |error: float_network::PixelScaleError| WorkspaceError::argument(error.to_string());
        let pixels = (channels > 0)
            .then(|| PixelScale::of_either(or(&self.mean, 0.0), or(&self.deviation, 1.0)))
            .transpose()
            .map_err(said)?;
        let range = match self.pixels.as_deref() {
            None => None,
            Some("unit") => Some(PixelRange::Unit),
            Some("raw") => Some(PixelRange::Raw),
            Some(other) => {
                let message = format!("pixels `{other}`; expected unit or raw");
                return Err(WorkspaceError::argument(message).into());
            }
        };
        Ok(ImportOptions {
            name: self.name.clone(),
            input_shape: self
                .input_shape
                .map(|(channels, height, width)| Shape::new(channels, height, width)),
            pixels,
            range,
            is_bgr: self.bgr,
            ..ImportOptions::default()
        })
    }
}

/// How a network is quantized: the arguments of `tritrack quantize`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Quantization {
    sparsity: Option<f64>,
    by_sensitivity: bool,
    twn: Option<f64>,
    threshold: Option<f64>,
    per: String,
    near: String,
    bits: Option<u32>,
    steps: String,
    percentile: f64,
    correction: String,
}

/// The value that goes with a name.
fn one_of<T: Copy>(field: &str, name: &str, known: &[(&str, T)]) -> Result<T, Failure> {
    match known.iter().find(|(known, _)| *known == name) {
        Some((_, value)) => Ok(*value),
        None => {
            let names: Vec<String> = known.iter().map(|(name, _)| (*name).to_owned()).collect();
            let suggestion = names::suggestion(name, &names);
            let message = format!("{field} is `{name}`{suggestion}; expected one of {}", names.join(", "));
            Err(WorkspaceError::argument(message).into())
        }
    }
}

/// Which weights become 0 is said in one way.
pub fn at_most_one(sparsity_twn_threshold: [Option<f64>; 3]) -> Result<(), Failure> {
    if sparsity_twn_threshold.iter().flatten().count() > 1 {
        let message = "sparsity, twn and threshold: one of them says which weights become 0";
        return Err(WorkspaceError::argument(message).into());
    }
    Ok(())
}

impl Quantization {
    fn options(&self) -> Result<PostTraining, Failure> {
        at_most_one([self.sparsity, self.twn, self.threshold])?;
        let weights = match self.sparsity {
            Some(share) if self.by_sensitivity => WeightRule::BySensitivity(Sparsity::new(share)?),
            sparsity => WeightRule::Same(ThresholdRule::stated(sparsity, self.twn, self.threshold)?),
        };
        if !(50.0..=100.0).contains(&self.percentile) {
            let message = format!("percentile is {}; expected 50 to 100", self.percentile);
            return Err(WorkspaceError::argument(message).into());
        }
        let percentile = StepRule::Percentile(1.0 - self.percentile / 100.0);
        Ok(PostTraining {
            weights,
            granularity: granularity(&self.per)?,
            fit: one_of("near", &self.near, &[("outputs", Fit::Outputs), ("weights", Fit::Weights)])?,
            bits: self.bits,
            steps: one_of(
                "steps",
                &self.steps,
                &[("mse", StepRule::MeanSquare), ("percentile", percentile), ("min-max", StepRule::MinMax)],
            )?,
            correction: one_of(
                "correction",
                &self.correction,
                &[
                    ("none", Correction::None),
                    ("bias", Correction::Bias),
                    ("batch-norm", Correction::BatchNorm),
                ],
            )?,
        })
    }
}

/// What shares a threshold, by name.
///
/// # Errors
/// If the name is neither `filter` nor `layer`.
pub fn granularity(name: &str) -> Result<Granularity, Failure> {
    one_of("per", name, &[("filter", Granularity::Filter), ("layer", Granularity::Layer)])
}

/// A network in floating point.
#[pyclass(frozen, module = "tritrack._native")]
pub struct FloatNetwork {
    network: Arc<Float>,
    notes: Vec<String>,
}

#[pymethods]
impl FloatNetwork {
    /// A network from an ONNX file; external data lie beside it.
    #[staticmethod]
    fn from_onnx(py: Python<'_>, path: PathBuf, import: Import) -> PyResult<Self> {
        work::run(py, move || Ok(Self::imported(onnx::import(&path, &import.options()?)?)))
    }

    /// A network from the bytes of an ONNX file.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: Vec<u8>, name: String, import: Import) -> PyResult<Self> {
        let path = PathBuf::from(format!("{name}.onnx"));
        work::run(py, move || Ok(Self::imported(onnx::import_bytes(&bytes, &path, &import.options()?)?)))
    }

    /// A float network that `tritrack import` wrote.
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        work::run(py, move || {
            let SavedNetwork { network, notes } = SavedNetwork::load(&path)?;
            Ok(Self { network: Arc::new(network), notes })
        })
    }

    #[getter]
    fn name(&self) -> &str {
        self.network.name()
    }

    #[getter]
    fn input_shape(&self) -> (usize, usize, usize) {
        extents(self.network.input())
    }

    #[getter]
    fn classes(&self) -> usize {
        self.network.node(self.network.output()).map_or(0, |node| node.shape().len())
    }

    #[getter]
    fn parameters(&self) -> usize {
        self.network.parameters()
    }

    #[getter]
    fn pixels(&self) -> String {
        self.network.pixels().to_string()
    }

    #[getter]
    fn is_quantized(&self) -> bool {
        self.network.nodes().any(|(_, node)| matches!(node.operation(), Operation::Quantize(_)))
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    /// The results of images, as bytes of `f32`, each of the network's classes.
    fn infer<'py>(&self, py: Python<'py>, images: &Images) -> PyResult<Bound<'py, PyBytes>> {
        let (network, set) = (Arc::clone(&self.network), Arc::clone(&images.0));
        let results = work::run(py, move || {
            let fitted = set.fitted_to(network.input())?;
            let results = network.infer(&network.pixels().maps(&fitted));
            let results = results.map_err(|error| WorkspaceError::argument(error.to_string()))?;
            Ok(results.iter().flat_map(|map| map.values()).copied().collect::<Vec<f32>>())
        })?;
        Ok(PyBytes::new(py, &bytes(&results, f32::to_le_bytes)))
    }

    /// The network with ternary weights and rounded activations, calibrated on images.
    fn quantize(
        &self,
        py: Python<'_>,
        images: &Images,
        options: Quantization,
        name: String,
    ) -> PyResult<Network> {
        let (float, set) = (Arc::clone(&self.network), Arc::clone(&images.0));
        work::run(py, move || {
            quantize::check_name(&name)?;
            let fitted = set.fitted_to(float.input())?;
            let bar = Progress.bar("quantizing layers", 0);
            let quantized = quantize_network(&float, &fitted, &options.options()?, &mut |done, all| {
                bar.set_length(all as u64);
                bar.set_position(done as u64);
            })?;
            bar.finish_and_clear();
            Network::of_quantized(quantized, &name)
        })
    }

    /// The network as it is, where its weights are ternary and its activations have steps already.
    fn keep_quantized(&self, py: Python<'_>, name: &str) -> PyResult<Network> {
        let kept = keep_quantized(&self.network).map_err(|error| wrong(py, error.to_string()))?;
        Network::of_quantized(kept, name).map_err(|error| raised(py, &error))
    }

    /// Writes the file that `tritrack quantize` reads, and gives its path.
    fn save(&self, py: Python<'_>, folder: PathBuf) -> PyResult<PathBuf> {
        let path = folder.join(format!("{}.float.safetensors", self.network.name()));
        let written = || -> Result<(), Failure> {
            std::fs::create_dir_all(&folder)
                .map_err(|source| WorkspaceError::Unwritable { path: folder.clone(), source })?;
            let saved = SavedNetwork { network: Float::clone(&self.network), notes: self.notes.clone() };
            Ok(saved.save(&path)?)
        };
        written().map_err(|error| raised(py, &error))?;
        Ok(path)
    }
}

impl FloatNetwork {
    fn imported(imported: onnx::Imported) -> Self {
        Self { network: Arc::new(imported.network), notes: imported.notes }
    }
}
