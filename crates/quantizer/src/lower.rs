//! A float network to the steps of a network file: what follows a linear layer is folded into it, values that a sum reads stay
//! unrounded, padding moves into the window that reads it.

use float_network::{
    BatchNorm, Convolution, FloatNetwork, Node, NodeId, Operation, PixelScale, Pool, Quantization, Window,
};

use crate::plan::{Activation, Kind, Norm, Plan, Source, Step};

/// What a network file cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("node `{node}`: {reason}")]
pub struct LowerError {
    /// The node of the float network.
    pub node: String,
    /// What was found and what would be supported.
    pub reason: String,
}

/// A value of the float network while it is lowered.
#[derive(Debug, Clone, Copy)]
struct Value {
    source: Source,
    /// Zeros around it that its reader has to add: top, left, bottom, right.
    padding: [usize; 4],
    /// Whether it is a map that was flattened, which only a fully connected layer reads.
    is_flat: bool,
    /// Whether another node than its reader needs the step as it is.
    is_shared: bool,
}

impl Value {
    const IMAGE: Self = Self { source: Source::Image, padding: [0; 4], is_flat: false, is_shared: false };
}

struct Lowering<'a> {
    network: &'a FloatNetwork,
    steps: Vec<Step>,
    /// Steps that became part of another one.
    is_merged: Vec<bool>,
    values: Vec<Value>,
    pixels: PixelScale,
    notes: Vec<String>,
}

/// Lowers a network whose pixels are 0 to 255: their scale is folded into what reads them.
pub(crate) fn lower(network: &FloatNetwork) -> Result<Plan, LowerError> {
    let counts = network.reader_counts();
    let (steps, is_merged, values, notes) = Default::default();
    let mut lowering =
        Lowering { network, steps, is_merged, values, pixels: network.pixels().clone(), notes };
    for (id, node) in network.nodes() {
        let mut value = match node.operation() {
            Operation::Input => Value::IMAGE,
            _ => lowering.node(id, node).map_err(|reason| LowerError { node: node.name().into(), reason })?,
        };
        value.is_shared |= counts[id.index()] > 1;
        lowering.values.push(value);
    }
    lowering.finish()
}

impl Lowering<'_> {
    fn value(&self, node: &Node, place: usize) -> Value {
        node.inputs().get(place).map_or(Value::IMAGE, |id| self.values[id.index()])
    }

    /// A value that is neither padded nor flattened.
    fn plain(&self, node: &Node, place: usize) -> Result<Value, String> {
        let value = self.value(node, place);
        if value.padding != [0; 4] {
            return Err("reads a padded value; supported are convolutions and pools of one".into());
        }
        if value.is_flat {
            return Err("reads a flattened map; supported are fully connected layers".into());
        }
        Ok(value)
    }

    fn push(
        &mut self,
        name: &str,
        kind: Kind,
        sources: Vec<Source>,
        reference: NodeId,
        channels: usize,
    ) -> Value {
        for &source in &sources {
            // Who reads it otherwise than a sum reads rounded values.
            if let Source::Step(place) = source
                && self.steps[place].activation == Activation::Accumulators
                && !matches!(kind, Kind::Add)
            {
                self.steps[place].activation = Activation::Signed;
            }
        }
        let (activation, given) = (Activation::Signed, None);
        self.steps.push(Step { name: name.into(), kind, sources, activation, given, reference, channels });
        self.is_merged.push(false);
        let source = Source::Step(self.steps.len() - 1);
        Value { source, padding: [0; 4], is_flat: false, is_shared: false }
    }

    fn node(&mut self, id: NodeId, node: &Node) -> Result<Value, String> {
        let channels = node.shape().channels;
        match node.operation() {
            Operation::Input => Ok(Value::IMAGE),
            Operation::Convolution(layer) => {
                let value = self.value(node, 0);
                if value.is_flat {
                    return Err("reads a flattened map; supported are fully connected layers".into());
                }
                let window = layer.window().padded_by(value.padding).map_err(|error| error.to_string())?;
                let layer = windowed(layer, window)?;
                Ok(self.linear(id, node, layer, false, value.source))
            }
            Operation::FullyConnected(layer) => {
                let value = self.value(node, 0);
                if value.padding != [0; 4] {
                    return Err("reads a padded value; supported are convolutions and pools of one".into());
                }
                Ok(self.linear(id, node, layer.to_convolution(), true, value.source))
            }
            Operation::BatchNorm(norm) => {
                let value = self.plain(node, 0)?;
                if value.source == Source::Image
                    && !value.is_shared
                    && let Some(pixels) = rescaled_pixels(&self.pixels, norm)
                {
                    self.pixels = pixels;
                    return Ok(value);
                }
                Ok(self.batch_norm(id, node, norm, value))
            }
            Operation::Relu => {
                let value = self.plain(node, 0)?;
                Ok(self.relu(node, value, None))
            }
            &Operation::Clip { low: 0.0, high } => {
                let value = self.plain(node, 0)?;
                Ok(self.relu(node, value, Some(high)))
            }
            Operation::Clip { low, high } => {
                Err(format!("a clip between {low} and {high}; supported are those from 0, such as ReLU6"))
            }
            &Operation::MaxPool(window) => {
                let value = self.value(node, 0);
                if value.padding != [0; 4] && !self.is_positive(value.source) {
                    return Err("a max pool of zeros around values that may be negative".into());
                }
                let window = window.padded_by(value.padding).map_err(|error| error.to_string())?;
                Ok(self.push(node.name(), Kind::MaxPool(window), vec![value.source], id, channels))
            }
            &Operation::AveragePool(pool) => {
                let value = self.value(node, 0);
                let window = averaged(pool, value)?;
                Ok(self.push(node.name(), Kind::SumPool(Some(window)), vec![value.source], id, channels))
            }
            Operation::GlobalAveragePool => {
                let value = self.plain(node, 0)?;
                Ok(self.push(node.name(), Kind::SumPool(None), vec![value.source], id, channels))
            }
            Operation::Add => self.add(id, node),
            Operation::Concat => self.concat(id, node),
            Operation::Flatten => {
                let value = self.plain(node, 0)?;
                Ok(Value { is_flat: true, ..value })
            }
            &Operation::Pad(amounts) => {
                let value = self.value(node, 0);
                let padding = std::array::from_fn(|side| value.padding[side] + amounts[side]);
                Ok(Value { padding, ..value })
            }
            &Operation::Quantize(quantization) => {
                let value = self.value(node, 0);
                Ok(self.quantize(id, node, value, quantization))
            }
        }
    }

    fn linear(
        &mut self,
        id: NodeId,
        node: &Node,
        layer: Convolution,
        is_fully_connected: bool,
        source: Source,
    ) -> Value {
        let channels = node.shape().channels;
        let norm = Norm::bias(channels, layer.bias());
        let kind = Kind::Linear { layer, is_fully_connected, norm, node: id };
        self.push(node.name(), kind, vec![source], id, channels)
    }

    /// The step behind a value, if nothing but the value's reader needs it, and nothing was done to its result yet.
    fn open(&mut self, value: Value) -> Option<&mut Step> {
        match value.source {
            Source::Step(place) if !value.is_shared => {
                let step = &mut self.steps[place];
                (step.activation == Activation::Signed && step.given.is_none() && step.kind.is_rounded())
                    .then_some(step)
            }
            _ => None,
        }
    }

    fn batch_norm(&mut self, id: NodeId, node: &Node, next: &BatchNorm, value: Value) -> Value {
        if let Some(step) = self.open(value)
            && let Kind::Linear { norm, .. } | Kind::Rescale { norm } = &mut step.kind
        {
            *norm = norm.then(next);
            step.reference = id;
            return value;
        }
        let kind = Kind::Rescale { norm: Norm::Trained(next.clone()) };
        self.push(node.name(), kind, vec![value.source], id, next.channels())
    }

    /// A step that changes nothing but rounds anew what node `id` gives.
    fn rescaled(&mut self, name: &str, source: Source, id: NodeId) -> Value {
        let channels = self.network.node(id).map_or(0, |node| node.shape().channels);
        let kind = Kind::Rescale { norm: Norm::bias(channels, None) };
        self.push(name, kind, vec![source], id, channels)
    }

    fn relu(&mut self, node: &Node, value: Value, ceiling: Option<f32>) -> Value {
        if ceiling.is_none() && self.is_positive(value.source) {
            return value;
        }
        if !value.is_shared && self.take_relu(value.source, ceiling) {
            return value;
        }
        let rescaled = self.rescaled(node.name(), value.source, read(node, 0));
        self.take_relu(rescaled.source, ceiling);
        rescaled
    }

    /// Folds a ReLU into the steps that make a value: it commutes with max pools and concats.
    fn take_relu(&mut self, source: Source, ceiling: Option<f32>) -> bool {
        let Some(places) = self.rounding(source) else { return false };
        let fits = places.iter().all(|&place| {
            let step = &self.steps[place];
            step.activation == Activation::Signed && step.given.is_none()
        });
        if fits {
            places.iter().for_each(|&place| self.steps[place].activation = Activation::Relu { ceiling });
        }
        fits
    }

    /// The steps that round a value, through max pools and concats; `None` if another one reads any of them.
    fn rounding(&self, source: Source) -> Option<Vec<usize>> {
        let Source::Step(place) = source else { return None };
        let step = &self.steps[place];
        match step.kind {
            Kind::Linear { .. } | Kind::Add | Kind::Rescale { .. } => Some(vec![place]),
            Kind::SumPool(_) => None,
            Kind::MaxPool(_) | Kind::Concat => {
                let mut places = Vec::new();
                for &source in &step.sources {
                    let readers = self.steps.iter().filter(|step| step.sources.contains(&source)).count();
                    if readers > 1 || self.is_read_elsewhere(source) {
                        return None;
                    }
                    places.extend(self.rounding(source)?);
                }
                Some(places)
            }
        }
    }

    /// Whether the float network may still read a step that another step reads already.
    fn is_read_elsewhere(&self, source: Source) -> bool {
        self.values.iter().any(|value| value.source == source && value.is_shared)
    }

    fn is_positive(&self, source: Source) -> bool {
        let Source::Step(place) = source else { return false };
        let step = &self.steps[place];
        match step.kind {
            Kind::Linear { .. } | Kind::Add | Kind::Rescale { .. } => {
                matches!(step.activation, Activation::Relu { .. })
                    || step.given.is_some_and(|given| given.zero == 0)
            }
            _ => step.sources.iter().all(|&source| self.is_positive(source)),
        }
    }

    fn add(&mut self, id: NodeId, node: &Node) -> Result<Value, String> {
        let mut sources = Vec::new();
        for place in 0..node.inputs().len() {
            let value = self.plain(node, place)?;
            let is_open = self.open(value).is_some();
            match value.source {
                // A sum of a sum is one sum.
                Source::Step(place) if is_open && matches!(self.steps[place].kind, Kind::Add) => {
                    self.is_merged[place] = true;
                    sources.append(&mut self.steps[place].sources.clone());
                }
                Source::Step(place) if is_open && matches!(self.steps[place].kind, Kind::Linear { .. }) => {
                    self.steps[place].activation = Activation::Accumulators;
                    sources.push(value.source);
                }
                source => sources.push(source),
            }
        }
        Ok(self.push(node.name(), Kind::Add, sources, id, node.shape().channels))
    }

    fn concat(&mut self, id: NodeId, node: &Node) -> Result<Value, String> {
        let values = (0..node.inputs().len()).map(|place| self.plain(node, place));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let givens: Vec<Vec<Option<Quantization>>> =
            values.iter().map(|value| self.rounding_steps(value.source)).collect();
        let first = givens.iter().flatten().next().copied().flatten();
        let is_one_scale = givens.iter().flatten().all(|given| *given == first);
        let mut sources = Vec::new();
        for (place, (value, givens)) in values.iter().zip(&givens).enumerate() {
            let is_bound = !is_one_scale && givens.iter().any(Option::is_some);
            if self.has_own_step(value.source) && !is_bound {
                sources.push(value.source);
                continue;
            }
            // What has no step of its own to share, or one that the others do not share, is rounded anew.
            let name = format!("{}.input{place}", node.name());
            let rescaled = self.rescaled(&name, value.source, read(node, place));
            if self.is_positive(value.source) {
                self.take_relu(rescaled.source, None);
            }
            sources.push(rescaled.source);
        }
        Ok(self.push(node.name(), Kind::Concat, sources, id, node.shape().channels))
    }

    /// How each step that rounds a value is given to do it, through max pools and concats.
    fn rounding_steps(&self, source: Source) -> Vec<Option<Quantization>> {
        let Source::Step(place) = source else { return Vec::new() };
        let step = &self.steps[place];
        match step.kind {
            Kind::Linear { .. } | Kind::Add | Kind::Rescale { .. } => vec![step.given],
            Kind::SumPool(_) => Vec::new(),
            Kind::MaxPool(_) | Kind::Concat => {
                step.sources.iter().flat_map(|&source| self.rounding_steps(source)).collect()
            }
        }
    }

    /// Whether a value's step can be chosen: that of an image or of a sum over positions cannot.
    fn has_own_step(&self, source: Source) -> bool {
        let Source::Step(place) = source else { return false };
        match self.steps[place].kind {
            Kind::Linear { .. } | Kind::Add | Kind::Rescale { .. } => true,
            Kind::SumPool(_) => false,
            Kind::MaxPool(_) | Kind::Concat => {
                self.steps[place].sources.iter().all(|&source| self.has_own_step(source))
            }
        }
    }

    fn quantize(&mut self, id: NodeId, node: &Node, value: Value, given: Quantization) -> Value {
        if value.source == Source::Image {
            self.note(format!("`{}`: the image keeps its pixels of 8 bits", node.name()));
            return value;
        }
        if id == self.network.output() {
            self.note(format!("`{}`: the logits are not rounded", node.name()));
            return value;
        }
        let places = if value.is_shared { None } else { self.rounding(value.source) };
        if let Some(places) = places
            && places.iter().all(|&place| self.steps[place].given.is_none_or(|own| own == given))
        {
            for place in places {
                self.steps[place].given = Some(given);
            }
            return value;
        }
        if self
            .rounding(value.source)
            .is_some_and(|places| places.iter().all(|&p| self.steps[p].given == Some(given)))
        {
            return value;
        }
        let rescaled = self.rescaled(node.name(), value.source, read(node, 0));
        if let Source::Step(place) = rescaled.source {
            self.steps[place].given = Some(given);
        }
        Value { padding: value.padding, is_flat: value.is_flat, ..rescaled }
    }

    fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    fn finish(mut self) -> Result<Plan, LowerError> {
        let output = self.network.output();
        let node = self.network.node(output);
        let failed = |reason: &str| LowerError {
            node: node.map(Node::name).unwrap_or_default().into(),
            reason: reason.into(),
        };
        let value = self.values[output.index()];
        let shape = node.map_or(self.network.input(), Node::shape);
        if shape.positions() != 1 && !value.is_flat {
            return Err(failed(&format!(
                "the result is {shape}; supported are logits, one value for each class"
            )));
        }
        let ends_linearly = match value.source {
            Source::Step(place) => {
                place + 1 == self.steps.len()
                    && matches!(self.steps[place].kind, Kind::Linear { .. })
                    && self.steps[place].activation == Activation::Signed
                    && self.steps[place].given.is_none()
            }
            Source::Image => return Err(failed("the result is the image")),
        };
        if !ends_linearly {
            self.identity(value.source, shape.channels).map_err(|reason| failed(&reason))?;
        }
        let places: Vec<usize> = (0..self.steps.len()).filter(|&place| !self.is_merged[place]).collect();
        let mut moved = vec![0; self.steps.len()];
        places.iter().enumerate().for_each(|(new, &old)| moved[old] = new);
        let mut steps: Vec<Step> = places.iter().map(|&place| self.steps[place].clone()).collect();
        for source in steps.iter_mut().flat_map(|step| &mut step.sources) {
            if let Source::Step(place) = source {
                *place = moved[*place];
            }
        }
        Ok(Plan { steps, pixels: self.pixels, notes: self.notes })
    }

    /// A network file ends with a linear layer: where the network does not, one that changes nothing.
    fn identity(&mut self, source: Source, channels: usize) -> Result<(), String> {
        let mut weights = vec![0.0; channels * channels];
        (0..channels).for_each(|k| weights[k * channels + k] = 1.0);
        let layer = Convolution::new([channels, channels], 1, Window::POINT, weights, None);
        let layer = layer.map_err(|error| error.to_string())?;
        let norm = Norm::bias(channels, None);
        let output = self.network.output();
        self.push(
            "logits",
            Kind::Linear { layer, is_fully_connected: true, norm, node: output },
            vec![source],
            output,
            channels,
        );
        self.note(
            "the network does not end with a linear layer: `logits`, which changes nothing, was added".into(),
        );
        Ok(())
    }
}

/// A scale of pixels and then a batch norm, as one scale, where it is one that images can have.
fn rescaled_pixels(pixels: &PixelScale, norm: &BatchNorm) -> Option<PixelScale> {
    let (mut mean, mut deviation) = (pixels.mean().to_vec(), pixels.deviation().to_vec());
    for channel in 0..norm.channels() {
        let (scale, shift) = norm.scale_and_shift(channel);
        mean[channel] -= shift * deviation[channel] / scale;
        deviation[channel] /= scale;
    }
    PixelScale::new(mean, deviation).ok()
}

/// The node that another reads.
fn read(node: &Node, place: usize) -> NodeId {
    node.inputs().get(place).copied().unwrap_or(NodeId::IMAGE)
}

fn windowed(layer: &Convolution, window: Window) -> Result<Convolution, String> {
    let [outputs, inputs, ..] = layer.shape();
    let bias = layer.bias().map(<[f32]>::to_vec);
    Convolution::new([outputs, inputs], layer.groups(), window, layer.weights().to_vec(), bias)
        .map_err(|error| error.to_string())
}

/// The window of an average pool as one of a sum pool, whose padding always counts.
fn averaged(pool: Pool, value: Value) -> Result<Window, String> {
    if value.is_flat {
        return Err("reads a flattened map; supported are fully connected layers".into());
    }
    if pool.window.padding() != [0; 4] && !pool.counts_padding {
        return Err("a mean that leaves its padding out; supported are means without padding or with padding that counts".into());
    }
    pool.window.padded_by(value.padding).map_err(|error| error.to_string())
}
