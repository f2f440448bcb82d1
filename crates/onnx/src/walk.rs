//! Reads a model node by node.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use files::Account;
use float_network::{FloatGraphError, FloatNetwork, FloatNetworkBuilder, NodeId, Operation, PixelScale};
use network::Shape;
use prost::Message;

use crate::array::Array;
use crate::attributes::Attributes;
use crate::error::{ImportError, Problem};
use crate::fold::{FOLDED, fold};
use crate::names::Names;
use crate::operators;
use crate::pixel_range;
use crate::proto;
use crate::tensor;
use crate::value::{Form, Map, Value};

/// Before this operator set, operators read their parameters in other ways.
const OLDEST: i64 = 6;

/// What the model itself does not say.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// The network's name; the file's stem if left out.
    pub name: Option<String>,
    /// The shape of an image, where the model leaves it open.
    pub input_shape: Option<Shape>,
    /// What training did to pixels; if left out, the model says it, or they stand for 0 to 1.
    pub pixels: Option<PixelScale>,
    /// The range of pixels that training read, where nothing else was done to them.
    pub range: Option<PixelRange>,
    /// Whether the network reads blue, green and red instead of red, green and blue.
    pub is_bgr: bool,
    /// The output that is the result; the first one if left out.
    pub result: Option<String>,
}

/// The range of the pixels that a network reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelRange {
    /// 0 to 1.
    Unit,
    /// 0 to 255.
    Raw,
}

impl PixelRange {
    /// Pixels of this range, otherwise as they are.
    pub fn scale(self, channels: usize) -> PixelScale {
        match self {
            Self::Unit => PixelScale::unit(channels),
            Self::Raw => PixelScale::raw(channels),
        }
    }
}

/// A model that was read.
#[derive(Debug, Clone)]
pub struct Imported {
    pub network: FloatNetwork,
    /// What was left out or changed, one fact each.
    pub notes: Vec<String>,
}

/// Reads a model from a file; external data lie beside it.
///
/// # Errors
/// If the file cannot be read, is no ONNX model, or has nodes that are not supported, all of which are told.
pub fn import(path: &Path, options: &ImportOptions) -> Result<Imported, ImportError> {
    let bytes = files::read(path).map_err(|source| ImportError::Read { path: path.into(), source })?;
    read(&bytes, path, path.parent(), options)
}

/// Reads a model from the bytes of the file `path`, without external data.
///
/// # Errors
/// As for [`import`].
pub fn import_bytes(bytes: &[u8], path: &Path, options: &ImportOptions) -> Result<Imported, ImportError> {
    read(bytes, path, None, options)
}

fn read(
    bytes: &[u8],
    path: &Path,
    folder: Option<&Path>,
    options: &ImportOptions,
) -> Result<Imported, ImportError> {
    let format = |reason: String| ImportError::Format { path: path.into(), reason };
    let model = proto::Model::decode(bytes).map_err(|error| format(error.to_string()))?;
    let graph = model.graph.as_ref().ok_or_else(|| format("it holds no graph".into()))?;
    let own = model.opset_import.iter().find(|set| matches!(set.domain.as_str(), "" | "ai.onnx"));
    let version = own.map_or(1, |set| set.version);
    if version < OLDEST {
        return Err(format(format!("operator set {version}; expected {OLDEST} or newer")));
    }
    if graph.node.is_empty() {
        return Err(format("its graph holds no nodes".into()));
    }
    let constants: BTreeMap<&str, &proto::Tensor> =
        graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let inputs: Vec<&proto::ValueInfo> =
        graph.input.iter().filter(|input| !constants.contains_key(input.name.as_str())).collect();
    let ports = || {
        let outputs = graph.output.iter().map(|output| output.name.clone()).collect();
        let (path, result) = (path.into(), options.result.clone());
        ImportError::Ports { path, inputs: inputs.len(), outputs, result }
    };
    let output = match &options.result {
        Some(name) => graph.output.iter().find(|output| output.name == *name),
        None => graph.output.first(),
    };
    let (&[input], Some(output)) = (inputs.as_slice(), output) else { return Err(ports()) };
    let failed = |source: FloatGraphError| ImportError::Graph { path: path.into(), source };
    let (batch, shape, form) = image(input, graph, path, options)?;
    let mut names = Names::default();
    let mut builder = FloatNetworkBuilder::new(names.unique("input"), shape).map_err(failed)?;
    let first = turned(&mut builder, &mut names, shape, form, options).map_err(failed)?;
    let (needed, tail) = reachable(graph, &output.name);
    let element = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()).map_or(1, |t| t.elem_type);
    let element = tensor::ElementType(element);
    let mut walk = Walk {
        folder: folder.map(Path::to_owned),
        batch,
        constants,
        values: BTreeMap::new(),
        builder,
        names,
        notes: Vec::new(),
        problems: Vec::new(),
        account: Account::default(),
        tail,
        reads_integers: !element.is_float(),
    };
    walk.values.insert(&input.name, Value::Map(Map::new(first, form)));
    for (node, _) in graph.node.iter().zip(&needed).filter(|(_, needed)| **needed) {
        walk.visit(node);
    }
    let result = walk.values.get(output.name.as_str()).cloned();
    if let Some(Value::Map(map)) = &result
        && map.integers.is_some()
    {
        walk.problems.push(Problem {
            node: output.name.clone(),
            operator: "QuantizeLinear".into(),
            reason: "the network ends with integers; supported is a DequantizeLinear after them".into(),
        });
    }
    if !walk.problems.is_empty() {
        let (nodes, problems) = (graph.node.len(), walk.problems);
        return Err(ImportError::Unsupported { path: path.into(), nodes, problems });
    }
    let Some(Value::Map(result)) = result else {
        return Err(format(format!("its output `{}` does not depend on its input", output.name)));
    };
    if graph.output.len() > 1 {
        let others = graph.output.iter().filter(|other| other.name != output.name);
        let others = others.map(|other| format!("`{}`", other.name)).collect::<Vec<_>>().join(", ");
        let note =
            format!("of several outputs `{}` is the result; --result chooses another: {others}", output.name);
        walk.notes.push(note);
    }
    if let left @ 1.. = needed.iter().filter(|needed| !**needed).count() {
        walk.notes.push(format!("{left} nodes that do not lead to `{}` are left out", output.name));
    }
    let made_by = [model.producer_name.as_str(), model.producer_version.as_str()].join(" ");
    if !made_by.trim().is_empty() {
        walk.notes.insert(0, format!("written by {}", made_by.trim()));
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name = options.name.clone().unwrap_or(stem);
    let unit = PixelScale::unit(shape.channels);
    let network = walk.builder.finish(name, unit, result.node).map_err(failed)?;
    let (pixels, note) = pixel_range::chosen(&network, element, options);
    let network = network.with_pixels(pixels).map_err(failed)?;
    walk.notes.extend(note);
    Ok(Imported { network, notes: walk.notes })
}

/// The first node that the model reads: the image, or its channels the other way round, or its values side by side.
fn turned(
    builder: &mut FloatNetworkBuilder,
    names: &mut Names,
    shape: Shape,
    form: Form,
    options: &ImportOptions,
) -> Result<NodeId, FloatGraphError> {
    let mut first = NodeId::IMAGE;
    if options.is_bgr {
        let order = (0..shape.channels).rev().collect();
        first = builder.add(names.unique("input.bgr"), Operation::Pick(order), vec![first])?;
    }
    if form == Form::Flat && shape.positions() > 1 {
        first = builder.add(names.unique("input.flat"), Operation::Flatten, vec![first])?;
    }
    Ok(first)
}

/// Which nodes a result depends on, and the names of the values from which on classes are only seen otherwise.
fn reachable<'a>(graph: &'a proto::Graph, result: &'a str) -> (Vec<bool>, BTreeSet<&'a str>) {
    let (mut names, mut tail) = (BTreeSet::from([result]), BTreeSet::from([result]));
    let mut needed = vec![false; graph.node.len()];
    for (node, needed) in graph.node.iter().zip(&mut needed).rev() {
        *needed = node.output.iter().any(|name| names.contains(name.as_str()));
        if !*needed {
            continue;
        }
        names.extend(node.input.iter().map(String::as_str).filter(|name| !name.is_empty()));
        let is_view = ["Identity", "Squeeze", "Unsqueeze", "Flatten", "Reshape", "Cast", "Softmax", "ArgMax"]
            .contains(&node.op_type.as_str());
        if is_view && node.output.iter().any(|name| tail.contains(name.as_str())) {
            tail.extend(node.input.first().map(String::as_str));
        }
    }
    (needed, tail)
}

/// The batch, the shape of an image, and where its channels are.
fn image(
    input: &proto::ValueInfo,
    graph: &proto::Graph,
    path: &Path,
    options: &ImportOptions,
) -> Result<(usize, Shape, Form), ImportError> {
    let dims = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()).and_then(|t| t.shape.as_ref());
    let dims = dims.map(|shape| shape.dim.as_slice()).unwrap_or_default();
    let known = |dim: &proto::Dimension| usize::try_from(dim.dim_value).ok().filter(|&extent| extent > 0);
    let form = match dims.len() {
        2 => Form::Flat,
        3 => Form::NoChannels,
        _ if has_channels_last(&input.name, graph, dims.iter().map(known)) => Form::ChannelsLast,
        _ => Form::ChannelsFirst,
    };
    let batch = dims.first().and_then(known).unwrap_or(1);
    let given = options.input_shape.map(|shape| form.dims(batch, shape));
    let extent = |axis: usize| known(dims.get(axis)?).or_else(|| given.as_ref()?.get(axis).copied());
    let found = || {
        let show = |dim: &proto::Dimension| match known(dim) {
            Some(extent) => extent.to_string(),
            None if dim.dim_param.is_empty() => "?".into(),
            None => dim.dim_param.clone(),
        };
        let stated = dims.iter().map(show).collect::<Vec<_>>().join(", ");
        let asked = options.input_shape.map_or(String::new(), |shape| format!(", asked for as {shape}"));
        format!("[{stated}]{asked}")
    };
    let wrong = || ImportError::InputShape { path: path.into(), input: input.name.clone(), found: found() };
    let shape = match (form, dims.len()) {
        (Form::Flat, _) => {
            // Features that are an image only the user can tell.
            let given = options.input_shape.ok_or_else(wrong)?;
            if dims.get(1).and_then(known).is_some_and(|features| features != given.len()) {
                return Err(wrong());
            }
            given
        }
        (Form::NoChannels, _) => {
            let (Some(rows), Some(columns)) = (extent(1), extent(2)) else { return Err(wrong()) };
            Shape::new(1, rows, columns)
        }
        (_, 4) | (_, 0) if dims.len() == 4 || given.is_some() => {
            let open = |axis: usize| given.as_ref().and_then(|given| given.get(axis).copied());
            let extents = [1, 2, 3].map(|axis| extent(axis).or_else(|| open(axis)));
            let [Some(a), Some(b), Some(c)] = extents else { return Err(wrong()) };
            if form == Form::ChannelsLast { Shape::new(c, a, b) } else { Shape::new(a, b, c) }
        }
        _ => return Err(wrong()),
    };
    if options.input_shape.is_some_and(|given| given != shape) {
        return Err(wrong());
    }
    Ok((batch, shape, form))
}

/// Whether an image has its channels last: the first thing that happens to it, scales, shifts, bounds and pads aside, is that they
/// are brought to the front, or its last extent is that of colours and the second is not.
fn has_channels_last(
    input: &str,
    graph: &proto::Graph,
    extents: impl Iterator<Item = Option<usize>>,
) -> bool {
    let mut names = BTreeSet::from([input]);
    for node in &graph.node {
        if !node.input.iter().any(|name| names.contains(name.as_str())) {
            continue;
        }
        match node.op_type.as_str() {
            "Transpose" => {
                let order = node.attribute.iter().find(|attribute| attribute.name == "perm");
                return order.is_some_and(|order| order.ints == [0, 3, 1, 2]);
            }
            "Identity" | "Cast" | "Add" | "Sub" | "Mul" | "Div" | "QuantizeLinear" | "DequantizeLinear"
            | "Quant" | "Pad" | "Clip" | "Relu" | "Min" | "Max" | "Dropout" | "Shape" => {
                names.extend(node.output.iter().map(String::as_str));
            }
            "Conv" | "BatchNormalization" | "MaxPool" | "AveragePool" => return false,
            _ => break,
        }
    }
    let extents: Vec<Option<usize>> = extents.collect();
    let is_colours = |axis: usize| matches!(extents.get(axis), Some(Some(1 | 3 | 4)));
    is_colours(3) && !is_colours(1)
}

/// A model while it is read.
pub(crate) struct Walk<'a> {
    folder: Option<PathBuf>,
    /// Images at once; 1 if that is left open.
    pub batch: usize,
    constants: BTreeMap<&'a str, &'a proto::Tensor>,
    values: BTreeMap<&'a str, Value>,
    pub builder: FloatNetworkBuilder,
    names: Names,
    pub notes: Vec<String>,
    problems: Vec<Problem>,
    /// What constants take.
    account: Account,
    /// Values from which on classes are only seen otherwise, to the result.
    tail: BTreeSet<&'a str>,
    /// Whether the image comes as integers.
    pub reads_integers: bool,
}

/// A node with what it reads.
pub(crate) struct Reader<'a> {
    pub node: &'a proto::Node,
    pub attributes: Attributes<'a>,
    /// `None` for optional inputs that are left out.
    pub inputs: Vec<Option<Value>>,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, node: &'a proto::Node) {
        let values = match self.read(node) {
            Ok(Some(values)) => values,
            Ok(None) => Vec::new(),
            Err(reason) => {
                let output = node.output.first().cloned().unwrap_or_default();
                let name = if node.name.is_empty() { output } else { node.name.clone() };
                let operator = match node.domain.as_str() {
                    "" | "ai.onnx" => node.op_type.clone(),
                    domain => format!("{domain}.{}", node.op_type),
                };
                self.problems.push(Problem { node: name, operator, reason });
                Vec::new()
            }
        };
        // Further outputs (masks, indices, statistics) are supported as long as nobody reads them.
        let mut values = values.into_iter();
        for output in &node.output {
            self.values.insert(output, values.next().unwrap_or(Value::Failed));
        }
    }

    /// The node's values; `None` if it reads a value that could not be made, which has been told.
    fn read(&mut self, node: &'a proto::Node) -> Result<Option<Vec<Value>>, String> {
        if !operators::is_known(node) {
            return Err(operators::refusal(node));
        }
        let mut inputs = Vec::new();
        for name in &node.input {
            inputs.push(if name.is_empty() { None } else { Some(self.value(name)?) });
        }
        if inputs.iter().flatten().any(|value| matches!(value, Value::Failed)) {
            return Ok(None);
        }
        let reader = Reader { node, attributes: Attributes::new(node), inputs };
        let arrays = reader.inputs.iter().map(|value| match value {
            Some(Value::Constant(array)) => Some(Some(array.as_ref())),
            None => Some(None),
            Some(_) => None,
        });
        let values = match arrays.collect::<Option<Vec<Option<&Array>>>>() {
            Some(arrays) if FOLDED.contains(&node.op_type.as_str()) => {
                let folded = fold(&node.op_type, &reader.attributes, &arrays, self.folder.as_deref())?;
                self.account.take("its result", folded.bytes()).map_err(|error| error.to_string())?;
                vec![Value::Constant(Rc::new(folded))]
            }
            _ => operators::read(self, &reader)?,
        };
        reader.attributes.check_all_read()?;
        Ok(Some(values))
    }

    /// Whether what a node makes is the result, whatever extents it is then given.
    pub fn is_last(&self, node: &proto::Node) -> bool {
        node.output.iter().any(|name| self.tail.contains(name.as_str()))
    }

    fn value(&mut self, name: &'a str) -> Result<Value, String> {
        if let Some(value) = self.values.get(name) {
            return Ok(value.clone());
        }
        let tensor = self
            .constants
            .get(name)
            .ok_or_else(|| format!("reads `{name}`, which nothing before it makes"))?;
        let array = tensor::decode(tensor, self.folder.as_deref());
        let array = array.map_err(|reason| format!("constant `{name}`: {reason}"))?;
        self.account.take(format!("constant `{name}`"), array.bytes()).map_err(|error| error.to_string())?;
        let value = Value::Constant(Rc::new(array));
        self.values.insert(name, value.clone());
        Ok(value)
    }

    /// Adds a node to the float network, named after its weights or its own path.
    pub fn add(
        &mut self,
        reader: &Reader<'_>,
        operation: Operation,
        inputs: Vec<NodeId>,
    ) -> Result<NodeId, String> {
        let has_weights = matches!(operation, Operation::Convolution(_) | Operation::FullyConnected(_));
        let weights = has_weights.then(|| reader.node.input.get(1)).flatten();
        let name = self.names.name(reader.node, weights.map(String::as_str));
        self.builder.add(name, operation, inputs).map_err(|error| match error {
            // The node is named by whoever tells the problem.
            FloatGraphError::Inputs { found, expected, .. } => {
                let found: Vec<String> = found.iter().map(ToString::to_string).collect();
                format!("reads {}; expected {expected}", found.join(", "))
            }
            other => other.to_string(),
        })
    }

    /// Extents of a map as the model sees it.
    pub fn dims(&self, map: &Map) -> Vec<usize> {
        map.form.dims(self.batch, self.shape(map))
    }

    /// The shape of a map's node.
    pub fn shape(&self, map: &Map) -> Shape {
        self.builder.shape(map.node).unwrap_or(Shape::new(0, 0, 0))
    }

    /// Says something about the network that is not an error.
    pub fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

impl Reader<'_> {
    /// A constant that must be there.
    pub fn constant(&self, place: usize) -> Result<&Array, String> {
        self.optional_constant(place)?.ok_or_else(|| format!("input {place} is missing"))
    }

    /// A constant that may be left out.
    pub fn optional_constant(&self, place: usize) -> Result<Option<&Array>, String> {
        match self.inputs.get(place) {
            Some(Some(Value::Constant(array))) => Ok(Some(array)),
            Some(Some(_)) => Err(format!(
                "input {place} (`{}`) depends on the image; supported are constants",
                self.node.input.get(place).map_or("", String::as_str)
            )),
            Some(None) | None => Ok(None),
        }
    }

    /// A real value that depends on the image.
    pub fn map(&self, place: usize) -> Result<&Map, String> {
        let map = self.any_map(place)?;
        match map.integers {
            Some(_) => {
                Err("reads the integers of a QuantizeLinear; supported is a DequantizeLinear before it"
                    .into())
            }
            None => Ok(map),
        }
    }

    /// A value that depends on the image, integers or not.
    pub fn any_map(&self, place: usize) -> Result<&Map, String> {
        match self.inputs.get(place) {
            Some(Some(Value::Map(map))) => match (&map.last, &map.spread) {
                (Some(operator), _) => {
                    Err(format!("reads the result of {operator}, which is supported at the end only"))
                }
                (None, Some(_)) => Err("reads an Expand; supported are products with one".into()),
                (None, None) => Ok(map),
            },
            Some(Some(_)) => {
                Err(format!("input {place} is a constant; supported are values that depend on the image"))
            }
            Some(None) | None => Err(format!("input {place} is missing")),
        }
    }

    /// A real value that may stand for more positions than it has.
    pub fn spread_map(&self, place: usize) -> Result<&Map, String> {
        match self.inputs.get(place) {
            Some(Some(Value::Map(map))) if map.spread.is_some() && map.last.is_none() => Ok(map),
            _ => self.map(place),
        }
    }

    /// What stands at the end already, where this is read.
    pub fn last(&self, place: usize) -> Option<&Map> {
        match self.inputs.get(place) {
            Some(Some(Value::Map(map))) => Some(map).filter(|map| map.last.is_some()),
            _ => None,
        }
    }

    /// The inputs that are constants, at their places.
    pub fn parameters(&self) -> Result<Vec<Option<&Array>>, String> {
        (0..self.inputs.len())
            .map(|place| if place == 0 { Ok(None) } else { self.optional_constant(place) })
            .collect()
    }
}
