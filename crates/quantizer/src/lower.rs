//! A float network to the steps of a network file: what follows a linear layer is folded into it, values that a sum reads stay
//! unrounded, padding moves into the window that reads it.

use std::collections::BTreeSet;

use float_network::{
    BatchNorm, Convolution, FloatNetwork, Node, NodeId, Operation, PixelScale, Pool, Quantization, Window,
};

use crate::elementwise::Elementwise;
use crate::expression::Expression;
use crate::plan::{Activation, Clamp, Kind, Norm, Plan, Source, Step};

/// What a network file cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("node `{node}`: {reason}")]
pub struct LowerError {
    /// The node of the float network.
    pub node: String,
    /// What was found and what would be supported.
    pub reason: String,
}

/// Bits of what a table reads, of the gates of products and of an image that is rounded anew, if the network has fewer: they are few,
/// and what is lost there is lost everywhere.
const FINE_BITS: u32 = 8;

/// A value of the float network while it is lowered.
#[derive(Debug, Clone)]
struct Value {
    source: Source,
    /// Zeros around it that its reader has to add: top, left, bottom, right.
    padding: [usize; 4],
    /// Whether it is a map that was flattened, which a fully connected layer reads as it is.
    is_flat: bool,
    /// Channels of the image in another order, which a convolution reads as it is.
    picked: Option<Vec<usize>>,
    /// Whether another node than its reader needs the step as it is.
    is_shared: bool,
}

impl Value {
    fn of(source: Source) -> Self {
        Self { source, padding: [0; 4], is_flat: false, picked: None, is_shared: false }
    }
}

/// How a network is lowered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// Every rounding of a network that is quantized already is kept, exactly.
    Kept,
    /// The image keeps its pixels and the logits are not rounded, whatever the network does to them.
    Free,
}

struct Lowering<'a> {
    network: &'a FloatNetwork,
    elementwise: Elementwise,
    rounding: Rounding,
    steps: Vec<Step>,
    /// Steps that became part of another one.
    is_merged: Vec<bool>,
    values: Vec<Value>,
    pixels: PixelScale,
    notes: Vec<String>,
    names: BTreeSet<String>,
}

/// Lowers a network whose pixels are 0 to 255: their scale is folded into what reads them.
pub(crate) fn lower(network: &FloatNetwork, rounding: Rounding) -> Result<Plan, LowerError> {
    let (steps, is_merged, values, notes) = Default::default();
    let pixels = network.pixels().clone();
    let names = network.nodes().map(|(_, node)| node.name().to_owned()).chain(["input".to_owned()]).collect();
    let elementwise = Elementwise::of(network);
    let mut lowering =
        Lowering { network, elementwise, rounding, steps, is_merged, values, pixels, notes, names };
    for (id, node) in network.nodes() {
        let readers = lowering.elementwise.readers(id);
        let mut value = match node.operation() {
            Operation::Input => Value::of(Source::Image),
            // Only a table stands for it.
            _ if readers == 0 => Value::of(Source::Image),
            _ => lowering.node(id, node).map_err(|reason| LowerError { node: node.name().into(), reason })?,
        };
        value.is_shared |= readers > 1;
        lowering.values.push(value);
    }
    lowering.finish()
}

impl Lowering<'_> {
    fn value(&self, node: &Node, place: usize) -> Value {
        node.inputs().get(place).map_or(Value::of(Source::Image), |id| self.values[id.index()].clone())
    }

    /// A name that nothing has yet.
    fn unique(&mut self, name: &str) -> String {
        let mut candidate = name.to_owned();
        let mut number = 2;
        while !self.names.insert(candidate.clone()) {
            candidate = format!("{name}_{number}");
            number += 1;
        }
        candidate
    }

    /// A value that is not padded, with its channels as they are read.
    fn plain(&mut self, node: &Node, place: usize) -> Result<Value, String> {
        let value = self.unpadded(node, place)?;
        Ok(self.laid_out(node, place, value))
    }

    fn unpadded(&mut self, node: &Node, place: usize) -> Result<Value, String> {
        let value = self.value(node, place);
        self.with_zeros(node, place, value)
    }

    /// A value whose zeros around it, which no reader adds, are a step of their own if it has any: a convolution of one tap for each
    /// channel whose padding they are.
    fn with_zeros(&mut self, node: &Node, place: usize, value: Value) -> Result<Value, String> {
        let [top, left, bottom, right] = value.padding;
        if value.padding == [0; 4] {
            return Ok(value);
        }
        let value = self.laid_out(node, place, Value { padding: [0; 4], ..value });
        let read = read(node, place);
        let (channels, source) = (self.channels_of(value.source), self.own_image(read, value.source));
        let [rows, columns] = [top + bottom, left + right];
        let window = Window::new([rows + 1, columns + 1], [1, 1], [rows, columns, rows, columns]);
        let window = window.map_err(|error| error.to_string())?;
        let mut weights = vec![0.0; channels * window.taps()];
        for filter in weights.chunks_exact_mut(window.taps()) {
            filter[bottom * (columns + 1) + right] = 1.0;
        }
        let layer = Convolution::new([channels, 1], channels, window, weights, None);
        let layer = layer.map_err(|error| error.to_string())?;
        let norm = Norm::bias(channels, None);
        let name = self.unique(&format!("{}.zeros", self.name_of(read)));
        let kind = Kind::Linear { layer, is_fully_connected: false, norm, node: read };
        let padded = self.push(name, kind, vec![source], read, channels);
        Ok(Value { is_shared: value.is_shared, ..padded })
    }

    /// A value whose flattening, or order of channels, is a step of its own if it has one.
    fn laid_out(&mut self, node: &Node, place: usize, mut value: Value) -> Value {
        let read = read(node, place);
        if let Some(channels) = value.picked.take() {
            let name = self.unique(&format!("{}.picked", self.name_of(read)));
            let count = channels.len();
            let image = self.own_image(read, value.source);
            value.source = self.push(name, Kind::Pick(channels), vec![image], read, count).source;
        }
        if std::mem::take(&mut value.is_flat) {
            let channels = self.network.node(read).map_or(0, |node| node.shape().channels);
            let is_it = |step: &Step| step.kind == Kind::Flatten && step.sources == [value.source];
            let place = match self.steps.iter().position(is_it) {
                Some(place) => Source::Step(place),
                None => {
                    let name = self.unique(&format!("{}.flat", self.name_of(read)));
                    self.push(name, Kind::Flatten, vec![value.source], read, channels).source
                }
            };
            value.source = place;
        }
        value
    }

    fn name_of(&self, id: NodeId) -> String {
        self.network.node(id).map_or("input", Node::name).to_owned()
    }

    /// The image as a value with a step of its own, for those that cannot read pixels; any other value as it is.
    fn own_image(&mut self, id: NodeId, source: Source) -> Source {
        if source != Source::Image {
            return source;
        }
        let name = format!("{}.scaled", self.name_of(NodeId::IMAGE));
        let is_it = |step: &Step| {
            step.sources == [Source::Image]
                && matches!(&step.kind, Kind::Rescale { norm } if norm.is_identity())
                && step.activation == Activation::SIGNED
                && step.given.is_none()
        };
        match self.steps.iter().position(is_it) {
            Some(place) => Source::Step(place),
            None => self.rescaled(&name, source, id).source,
        }
    }

    fn push(
        &mut self,
        name: String,
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
                self.steps[place].activation = Activation::SIGNED;
            }
        }
        let (activation, given, bits) = (Activation::SIGNED, None, None);
        self.steps.push(Step { name, kind, sources, activation, given, reference, channels, bits });
        self.is_merged.push(false);
        Value::of(Source::Step(self.steps.len() - 1))
    }

    fn node(&mut self, id: NodeId, node: &Node) -> Result<Value, String> {
        let channels = node.shape().channels;
        let name = || node.name().to_owned();
        if let Some((root, expression)) = self.elementwise.function(id).cloned() {
            let value = self.values[root.index()].clone();
            if value.padding != [0; 4] {
                return Err("several functions of a padded value; supported is one".into());
            }
            return Ok(self.table(id, node, value, expression));
        }
        match node.operation() {
            Operation::Input => Ok(Value::of(Source::Image)),
            Operation::Convolution(layer) => {
                let mut value = self.value(node, 0);
                if value.is_flat || (value.picked.is_some() && layer.groups() != 1) {
                    let padding = std::mem::take(&mut value.padding);
                    value = Value { padding, ..self.laid_out(node, 0, value) };
                }
                let window = layer.window().padded_by(value.padding).map_err(|error| error.to_string())?;
                let mut layer = windowed(layer, window)?;
                if let Some(order) = &value.picked {
                    layer = of_unordered(&layer, order, self.network.input().channels)?;
                }
                Ok(self.linear(id, node, layer, false, value.source))
            }
            Operation::FullyConnected(layer) => {
                let mut value = self.unpadded(node, 0)?;
                if value.picked.is_some() {
                    value = self.laid_out(node, 0, value);
                }
                Ok(self.linear(id, node, layer.to_convolution(), true, value.source))
            }
            Operation::BatchNorm(norm) => {
                let value = self.unpadded(node, 0)?;
                if value.source == Source::Image
                    && !value.is_shared
                    && !value.is_flat
                    && let Some(pixels) = rescaled_pixels(&self.pixels, norm, value.picked.as_deref())
                {
                    self.pixels = pixels;
                    return Ok(value);
                }
                let value = self.laid_out(node, 0, value);
                Ok(self.batch_norm(id, node, norm, value))
            }
            Operation::Relu => {
                let value = self.unpadded(node, 0)?;
                Ok(self.clamp(node, value, Clamp::RELU))
            }
            &Operation::Clip { low, high } => {
                let value = self.unpadded(node, 0)?;
                Ok(self.clamp(node, value, Clamp::between(low, high)))
            }
            operation @ Operation::Function(_) => {
                let value = self.unpadded(node, 0)?;
                let expression = Expression::Value.then(operation).ok_or("no function of one value")?;
                Ok(self.table(id, node, value, expression))
            }
            &Operation::MaxPool(window) => {
                let mut value = self.value(node, 0);
                if !self.is_positive(value.source) {
                    // Zeros may be the largest.
                    value = self.with_zeros(node, 0, value)?;
                }
                let padding = value.padding;
                let value = self.laid_out(node, 0, Value { padding: [0; 4], ..value });
                let window = window.padded_by(padding).map_err(|error| error.to_string())?;
                let source = self.pooled_image(read(node, 0), value.source);
                Ok(self.push(name(), Kind::MaxPool(window), vec![source], id, channels))
            }
            &Operation::AveragePool(pool) => {
                let mut value = self.value(node, 0);
                if !pool.counts_padding && pool.window.padding() != [0; 4] {
                    // Its own padding is left out, that of before is not.
                    value = self.with_zeros(node, 0, value)?;
                }
                let (window, counts_padding) = averaged(pool, &value)?;
                let value = self.laid_out(node, 0, Value { padding: [0; 4], ..value });
                let source = self.pooled_image(read(node, 0), value.source);
                let kind = Kind::SumPool { window: Some(window), counts_padding };
                Ok(self.push(name(), kind, vec![source], id, channels))
            }
            Operation::GlobalAveragePool => {
                let value = self.plain(node, 0)?;
                let source = self.pooled_image(read(node, 0), value.source);
                let kind = Kind::SumPool { window: None, counts_padding: true };
                Ok(self.push(name(), kind, vec![source], id, channels))
            }
            Operation::Add => self.add(id, node),
            Operation::Multiply => {
                let mut sources = Vec::new();
                for place in 0..node.inputs().len() {
                    let value = self.plain(node, place)?;
                    sources.push(self.own_image(read(node, place), value.source));
                }
                if let Some(&gate) = sources.get(1) {
                    self.refine(gate);
                }
                Ok(self.push(name(), Kind::Multiply, sources, id, channels))
            }
            Operation::Pick(order) => {
                let value = self.unpadded(node, 0)?;
                if value.source == Source::Image && !value.is_flat {
                    let before = value.picked.clone();
                    let of = |&channel: &usize| before.as_ref().map_or(channel, |before| before[channel]);
                    return Ok(Value { picked: Some(order.iter().map(of).collect()), ..value });
                }
                let value = self.laid_out(node, 0, value);
                Ok(self.push(name(), Kind::Pick(order.clone()), vec![value.source], id, channels))
            }
            Operation::Concat => self.concat(id, node),
            Operation::Flatten => {
                let mut value = self.unpadded(node, 0)?;
                if value.picked.is_some() {
                    value = self.laid_out(node, 0, value);
                }
                let read = self.network.node(read(node, 0));
                let is_map = read.is_none_or(|read| read.shape().positions() > 1);
                Ok(Value { is_flat: value.is_flat || is_map, ..value })
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

    /// What a pool reads: the image only if its pixels stand for what they are but for a mean.
    fn pooled_image(&mut self, id: NodeId, source: Source) -> Source {
        let is_plain = self.pixels.deviation().iter().all(|&deviation| deviation == 1.0);
        if is_plain { source } else { self.own_image(id, source) }
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
        self.push(node.name().into(), kind, vec![source], id, channels)
    }

    /// The step behind a value, if nothing but the value's reader needs it, and nothing was done to its result yet.
    fn open(&mut self, value: &Value) -> Option<&mut Step> {
        match value.source {
            Source::Step(place) if !value.is_shared => {
                let step = &mut self.steps[place];
                (step.activation == Activation::SIGNED && step.given.is_none() && step.kind.is_rounded())
                    .then_some(step)
            }
            _ => None,
        }
    }

    fn batch_norm(&mut self, id: NodeId, node: &Node, next: &BatchNorm, value: Value) -> Value {
        if let Some(step) = self.open(&value) {
            match &mut step.kind {
                Kind::Linear { norm, .. } | Kind::Rescale { norm } => {
                    *norm = norm.then(next);
                    step.reference = id;
                    return value;
                }
                Kind::Table(expression) => {
                    if let Some(then) = expression.clone().then(node.operation()) {
                        *expression = then;
                        step.reference = id;
                        return value;
                    }
                }
                _ => {}
            }
        }
        let kind = Kind::Rescale { norm: Norm::Trained(next.clone()) };
        let rescaled = self.push(node.name().into(), kind, vec![value.source], id, next.channels());
        if value.source == Source::Image {
            self.refine(rescaled.source);
        }
        rescaled
    }

    /// A step that changes nothing but rounds anew what node `id` gives.
    fn rescaled(&mut self, name: &str, source: Source, id: NodeId) -> Value {
        let channels = self.network.node(id).map_or(0, |node| node.shape().channels);
        let kind = Kind::Rescale { norm: Norm::bias(channels, None) };
        // A node's own name stands for what becomes of it.
        let is_own = self.steps.iter().all(|step| step.name != name) && self.names.contains(name);
        let name = if is_own { name.to_owned() } else { self.unique(name) };
        let rescaled = self.push(name, kind, vec![source], id, channels);
        if source == Source::Image {
            self.refine(rescaled.source);
        }
        rescaled
    }

    /// Gives the steps that round a value more bits, if the network has fewer.
    fn refine(&mut self, source: Source) {
        for place in rounding_of(&self.steps, source) {
            self.steps[place].bits = Some(FINE_BITS);
        }
    }

    /// A function of each value, as a table; a further one is put onto a table that nobody else reads.
    fn table(&mut self, id: NodeId, node: &Node, value: Value, expression: Expression) -> Value {
        let of_one_scale = |scale: &[f64]| scale.iter().all(|other| *other == scale[0]);
        let is_plain_image = value.source == Source::Image
            && value.picked.is_none()
            && of_one_scale(self.pixels.mean())
            && of_one_scale(self.pixels.deviation());
        let is_flat = value.is_flat;
        let source = if is_plain_image {
            Source::Image
        } else if value.picked.is_some() {
            self.laid_out(node, 0, Value { is_flat: false, ..value }).source
        } else if self.has_own_step(value.source) {
            value.source
        } else {
            let name = format!("{}.input", node.name());
            self.rescaled(&name, value.source, read(node, 0)).source
        };
        self.refine(source);
        let channels = self.channels_of(source);
        let made = self.push(node.name().into(), Kind::Table(expression), vec![source], id, channels);
        Value { is_flat, ..made }
    }

    fn channels_of(&self, source: Source) -> usize {
        match source {
            Source::Image => self.network.input().channels,
            Source::Step(place) => self.steps[place].channels,
        }
    }

    fn clamp(&mut self, node: &Node, value: Value, clamp: Clamp) -> Value {
        if clamp == Clamp::RELU && self.is_positive(value.source) {
            return value;
        }
        if !value.is_shared && self.take_clamp(value.source, clamp) {
            return value;
        }
        // Bounds do not mind how values lie.
        let (is_flat, read) = (value.is_flat, read(node, 0));
        let source = self.laid_out(node, 0, Value { is_flat: false, ..value }).source;
        let rescaled = self.rescaled(node.name(), source, read);
        if let Source::Step(place) = rescaled.source {
            let channels = self.channels_of(source);
            let step = &mut self.steps[place];
            (step.channels, step.kind) = (channels, Kind::Rescale { norm: Norm::bias(channels, None) });
        }
        self.take_clamp(rescaled.source, clamp);
        Value { is_flat, ..rescaled }
    }

    /// Folds bounds into the steps that make a value: they commute with max pools and concats.
    fn take_clamp(&mut self, source: Source, clamp: Clamp) -> bool {
        let Some(places) = self.rounding(source) else { return false };
        let fits = places.iter().all(|&place| {
            let step = &self.steps[place];
            // After a rounding, a bound of 0, or none, stands for itself.
            let is_whole = |bound: f64| bound == 0.0 || bound.is_infinite();
            step.activation != Activation::Accumulators
                && (step.given.is_none() || is_whole(clamp.low) && is_whole(clamp.high))
        });
        if fits {
            for place in places {
                let step = &mut self.steps[place];
                step.activation = Activation::Rounded(step.activation.clamp().then(clamp));
            }
        }
        fits
    }

    /// The steps that round a value, through max pools and concats; `None` if another one reads any of them.
    fn rounding(&self, source: Source) -> Option<Vec<usize>> {
        let Source::Step(place) = source else { return None };
        let step = &self.steps[place];
        if step.kind.is_rounded() {
            return Some(vec![place]);
        }
        if !step.kind.keeps_scale() || matches!(step.kind, Kind::Pick(_)) {
            return None;
        }
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

    /// Whether the float network may still read a step that another step reads already.
    fn is_read_elsewhere(&self, source: Source) -> bool {
        self.values.iter().any(|value| value.source == source && value.is_shared)
    }

    fn is_positive(&self, source: Source) -> bool {
        let Source::Step(place) = source else { return false };
        let step = &self.steps[place];
        if step.kind.is_rounded() {
            return step.activation.clamp().low >= 0.0 || step.given.is_some_and(|given| given.zero == 0);
        }
        step.sources.iter().all(|&source| self.is_positive(source))
    }

    fn add(&mut self, id: NodeId, node: &Node) -> Result<Value, String> {
        let mut values = Vec::new();
        for place in 0..node.inputs().len() {
            values.push(self.unpadded(node, place)?);
        }
        // A sum of flattened maps is the flattened sum.
        let is_flat = values.iter().all(|value| value.is_flat);
        let mut sources = Vec::new();
        for (place, value) in values.into_iter().enumerate() {
            let value = match is_flat {
                true => self.laid_out(node, place, Value { is_flat: false, ..value }),
                false => self.laid_out(node, place, value),
            };
            let is_open = self.open(&value).is_some();
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
                source => {
                    let source = self.own_image(read(node, place), source);
                    sources.push(source);
                }
            }
        }
        let channels = sources.first().map_or(0, |&source| self.channels_of(source));
        let sum = self.push(node.name().into(), Kind::Add, sources, id, channels);
        Ok(Value { is_flat, ..sum })
    }

    fn concat(&mut self, id: NodeId, node: &Node) -> Result<Value, String> {
        let values = (0..node.inputs().len()).map(|place| self.plain(node, place));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let givens: Vec<Vec<Option<Quantization>>> =
            values.iter().map(|value| self.rounding_steps(value.source)).collect();
        let first = givens.iter().flatten().next().copied().flatten();
        // What has the same step can have one zero.
        let fits = |given: &Option<Quantization>| given.map(|g| g.step) == first.map(|first| first.step);
        let is_one_scale = givens.iter().flatten().all(fits);
        let mut sources = Vec::new();
        for (place, (value, givens)) in values.iter().zip(&givens).enumerate() {
            let is_bound = !is_one_scale && givens.iter().any(Option::is_some);
            if self.has_own_step(value.source) && !is_bound {
                sources.push(value.source);
                continue;
            }
            // What has no step of its own to share, or one that the others do not share, is rounded anew.
            let is_positive = self.is_positive(value.source);
            let name = self.unique(&format!("{}.input{place}", node.name()));
            let rescaled = self.rescaled_as(name, value.source, read(node, place));
            if is_positive {
                self.take_clamp(rescaled.source, Clamp::RELU);
            }
            sources.push(rescaled.source);
        }
        Ok(self.push(node.name().into(), Kind::Concat, sources, id, node.shape().channels))
    }

    fn rescaled_as(&mut self, name: String, source: Source, id: NodeId) -> Value {
        let channels = self.channels_of(source);
        let rescaled =
            self.push(name, Kind::Rescale { norm: Norm::bias(channels, None) }, vec![source], id, channels);
        if source == Source::Image {
            self.refine(rescaled.source);
        }
        rescaled
    }

    /// How each step that rounds a value is given to do it, through max pools and concats.
    fn rounding_steps(&self, source: Source) -> Vec<Option<Quantization>> {
        rounding_of(&self.steps, source).into_iter().map(|place| self.steps[place].given).collect()
    }

    /// Whether a value's step can be chosen: that of an image or of a sum over positions cannot.
    fn has_own_step(&self, source: Source) -> bool {
        let Source::Step(place) = source else { return false };
        let step = &self.steps[place];
        step.kind.is_rounded()
            || step.kind.keeps_scale() && step.sources.iter().all(|&source| self.has_own_step(source))
    }

    fn quantize(&mut self, id: NodeId, node: &Node, value: Value, given: Quantization) -> Value {
        let Value { padding, is_flat, .. } = value;
        if value.source == Source::Image {
            if let Some(pixels) = self.whole_pixels(&value, given) {
                self.pixels = pixels;
                return value;
            }
            if self.rounding == Rounding::Free {
                self.notes.push(format!("`{}`: the image keeps its pixels of 8 bits", node.name()));
                return value;
            }
            // Every pixel becomes what the network makes of it, to the last bit, where one table does for all channels.
            let table = self.table(id, node, Value { padding: [0; 4], ..value }, Expression::Value);
            if let Source::Step(place) = table.source {
                self.steps[place].given = Some(given);
            }
            return Value { padding, is_flat, ..table };
        }
        if id == self.network.output() && self.rounding == Rounding::Free {
            self.notes.push(format!("`{}`: the logits are not rounded", node.name()));
            return value;
        }
        let places = if value.is_shared { None } else { self.rounding(value.source) };
        if let Some(places) = places
            && places.iter().all(|&place| {
                let step = &self.steps[place];
                step.activation != Activation::Accumulators && step.given.is_none_or(|own| own == given)
            })
        {
            for place in places {
                self.steps[place].given = Some(given);
            }
            return value;
        }
        let all = rounding_of(&self.steps, value.source);
        if !all.is_empty()
            && self.has_own_step(value.source)
            && all.iter().all(|&place| self.steps[place].given == Some(given))
        {
            return value;
        }
        let source = self.laid_out(node, 0, Value { is_flat: false, padding: [0; 4], ..value }).source;
        let name = node.name().to_owned();
        let rescaled = self.rescaled_as(name, source, read(node, 0));
        if let Source::Step(place) = rescaled.source {
            self.steps[place].given = Some(given);
        }
        Value { padding, is_flat, ..rescaled }
    }

    /// The scale of pixels after a rounding that every pixel survives as a whole number; `None` if it changes more than that.
    fn whole_pixels(&self, value: &Value, given: Quantization) -> Option<PixelScale> {
        let channels = self.pixels.mean().len();
        if value.is_shared {
            return None;
        }
        let mut zeros = Vec::new();
        for channel in 0..channels {
            let integer = |pixel: u8| given.integer(self.pixels.value(channel, pixel));
            let first = integer(0);
            if !(0..=255).all(|pixel| integer(pixel) == first + f64::from(pixel)) {
                return None;
            }
            zeros.push((f64::from(given.zero) - first) / 255.0);
        }
        PixelScale::new(zeros, vec![1.0 / (255.0 * given.step); channels]).ok()
    }

    fn finish(mut self) -> Result<Plan, LowerError> {
        let output = self.network.output();
        let node = self.network.node(output);
        let failed = |reason: &str| LowerError {
            node: node.map(Node::name).unwrap_or_default().into(),
            reason: reason.into(),
        };
        let value = self.values[output.index()].clone();
        let shape = node.map_or(self.network.input(), Node::shape);
        if shape.positions() != 1 && !value.is_flat {
            return Err(failed(&format!(
                "the result is {shape}; supported are logits, one value for each class"
            )));
        }
        if value.padding != [0; 4] {
            return Err(failed("the result is padded; supported are logits, one value for each class"));
        }
        let ends_linearly = match value.source {
            Source::Step(place) => {
                place + 1 == self.steps.len()
                    && matches!(self.steps[place].kind, Kind::Linear { .. })
                    && self.steps[place].activation == Activation::SIGNED
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
        let name = self.unique("logits");
        self.notes.push(format!(
            "the network does not end with a linear layer: `{name}`, which changes nothing, was added"
        ));
        self.push(
            name,
            Kind::Linear { layer, is_fully_connected: true, norm, node: output },
            vec![source],
            output,
            channels,
        );
        Ok(())
    }
}

/// The steps that round a value, through those that keep its scale.
fn rounding_of(steps: &[Step], source: Source) -> Vec<usize> {
    let Source::Step(place) = source else { return Vec::new() };
    let step = &steps[place];
    if step.kind.keeps_scale() {
        return step.sources.iter().flat_map(|&source| rounding_of(steps, source)).collect();
    }
    if step.kind.is_rounded() { vec![place] } else { Vec::new() }
}

/// A scale of pixels and then a batch norm, as one scale, where it is one that images can have.
fn rescaled_pixels(pixels: &PixelScale, norm: &BatchNorm, order: Option<&[usize]>) -> Option<PixelScale> {
    let (mut mean, mut deviation) = (pixels.mean().to_vec(), pixels.deviation().to_vec());
    // Channels that come twice, or not at all, are not the image's any more.
    let is_order = |order: &[usize]| {
        order.len() == mean.len() && (0..mean.len()).all(|channel| order.contains(&channel))
    };
    if norm.channels() != mean.len() || !order.is_none_or(is_order) {
        return None;
    }
    for place in 0..norm.channels() {
        let channel = order.map_or(place, |order| order[place]);
        let (scale, shift) = norm.scale_and_shift(place);
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

/// A convolution of channels in another order as one of the channels as they are.
fn of_unordered(layer: &Convolution, order: &[usize], channels: usize) -> Result<Convolution, String> {
    let [outputs, inputs, rows, columns] = layer.shape();
    let taps = rows * columns;
    let mut weights = vec![0.0; outputs * channels * taps];
    for (place, &weight) in layer.weights().iter().enumerate() {
        let (output, input, tap) = (place / (inputs * taps), place / taps % inputs, place % taps);
        weights[(output * channels + order[input]) * taps + tap] += weight;
    }
    let bias = layer.bias().map(<[f32]>::to_vec);
    Convolution::new([outputs, channels], 1, layer.window(), weights, bias).map_err(|error| error.to_string())
}

/// The window of an average pool as one of a sum pool, and whether its padding counts.
fn averaged(pool: Pool, value: &Value) -> Result<(Window, bool), String> {
    let counts_padding = pool.counts_padding || pool.window.padding() == [0; 4];
    let window = pool.window.padded_by(value.padding).map_err(|error| error.to_string())?;
    Ok((window, counts_padding))
}
