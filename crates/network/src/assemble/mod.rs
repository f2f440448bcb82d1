//! Makes a network from its description and its checkpoint: folds batch norm, scales and steps into integers.
//!
//! With acc the integer sums of a layer, s_in the step of its input and s_out of its output, per output channel k:
//! m = α · γ · s_in / √(var + ε) and b = β − γ · mean / √(var + ε), all in double precision, and
//! q = clamp((acc · rint(m / s_out · 2^24) + rint((b / s_out + ½) · 2^24)) >> 24).
//!
//! Where z_in stands for 0 in the input, acc holds z_in · Σ w too much, which is taken off the offset as many times as the
//! multiplier says; where z_out does in the output, z_out · 2^24 is added. A sum of layers has the half that rounds in the
//! offset of the first one that has an offset.

mod error;
mod moments;
mod parameters;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::checkpoint::Checkpoint;
use crate::description::{
    ActivationDescription, ConvolutionDescription, NetworkDescription, Places, Plain, Source,
    SumPoolDescription, Wired, wire,
};
use crate::graph::{
    ActivationId, Addend, Border, FRACTION_BITS, GraphError, LayerId, Network, NetworkBuilder,
};
use crate::tie;
use crate::{LinearLayer, Padding, Shape, Window, WindowError};

pub use error::NetworkError;
use moments::Moments;
use parameters::{Affine, Parameters, Read};

/// The step of the image's 8-bit pixels, which stand for 0 to 1 unless the description says otherwise.
const IMAGE_STEP: f64 = 1.0 / 255.0;
/// The image's largest pixel.
const IMAGE_MAXIMUM: u16 = 255;
/// The ε that batch norm adds to the variance.
const EPSILON: f64 = 1e-5;
/// One in fixed point.
const ONE: f64 = (1_u64 << FRACTION_BITS) as f64;
/// The half that rounds.
const HALF: i64 = 1 << (FRACTION_BITS - 1);

impl Network {
    /// Reads a description, and the checkpoint that it names if it does.
    ///
    /// # Errors
    /// If either cannot be read, or they do not make a network.
    pub fn load(path: &Path) -> Result<(NetworkDescription, Self), NetworkError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let (description, text) = NetworkDescription::load_with_text(path)?;
        let checkpoint = description.checkpoint.as_ref();
        let checkpoint = match checkpoint {
            Some(file) => {
                let (checkpoint, digest) = Checkpoint::load_with_digest(&folder.join(file))?;
                tie::check(path, &text, &description, &checkpoint, &digest)?;
                Some(checkpoint)
            }
            None => None,
        };
        let parameters = parameters_of(&description, checkpoint.as_ref())?;
        match Assembly::run(&description, parameters) {
            Ok(network) => Ok((description, network)),
            Err(failure) => {
                Err(match failure.layer.and_then(|layer| Places::of(&text).layers().get(layer).copied()) {
                    Some(position) => {
                        NetworkError::Placed { path: path.into(), position, source: Box::new(failure.error) }
                    }
                    None => failure.error,
                })
            }
        }
    }

    /// The network of a description with the weights of a checkpoint.
    ///
    /// # Errors
    /// If a tensor is missing, of the wrong type or shape, not ternary or not finite, or the layers do not fit each other.
    pub fn assemble(description: &NetworkDescription, checkpoint: &Checkpoint) -> Result<Self, NetworkError> {
        let parameters = parameters_of(description, Some(checkpoint))?;
        Assembly::run(description, parameters).map_err(|failure| failure.error)
    }

    /// The network of a description whose weights are drawn from a seed.
    ///
    /// # Errors
    /// If the description names no seed, or its layers do not fit each other.
    pub fn from_seed(description: &NetworkDescription) -> Result<Self, NetworkError> {
        let parameters = parameters_of(description, None)?;
        Assembly::run(description, parameters).map_err(|failure| failure.error)
    }
}

fn parameters_of<'a>(
    description: &NetworkDescription,
    checkpoint: Option<&'a Checkpoint>,
) -> Result<Parameters<'a>, NetworkError> {
    let divisor = description.step_divisor.unwrap_or(1);
    match (checkpoint, description.seeded) {
        (Some(file), _) => Ok(Parameters::Checkpoint { file, divisor }),
        (None, Some(seeded)) => Ok(Parameters::Seeded(seeded)),
        (None, None) => Err(NetworkError::NoWeights { network: description.name.clone() }),
    }
}

/// Why a network cannot be built, and in which layer of the file.
struct Failure {
    layer: Option<usize>,
    error: NetworkError,
}

impl Failure {
    fn at(layer: Option<usize>, error: NetworkError) -> Box<Self> {
        Box::new(Self { layer, error })
    }
}

/// What a layer has made, while the network is built.
enum Made {
    Activation(Current),
    /// Accumulators that an `add` reads.
    Accumulators(Term),
}

/// An activation.
#[derive(Debug, Clone, Copy)]
struct Current {
    id: ActivationId,
    shape: Shape,
    maximum: u16,
    /// What an activation of 1 more stands for.
    step: f64,
    /// Of what it stands for.
    moments: Moments,
}

/// What a description says about a layer's integers.
#[derive(Debug, Clone, Copy)]
struct Asked {
    bits: Option<u32>,
    signed: bool,
}

/// An addend before it is rounded: values times m, and b.
struct Term {
    source: TermSource,
    affine: Affine,
    /// Whether it has an offset of its own.
    is_offset: bool,
    /// Per channel, the values when everything read stands for 0.
    of_zero: Vec<i64>,
}

#[derive(Debug, Clone, Copy)]
enum TermSource {
    Accumulators(LayerId),
    Activations(ActivationId),
}

/// A network under construction.
struct Assembly<'a> {
    description: &'a NetworkDescription,
    parameters: Parameters<'a>,
    builder: NetworkBuilder,
    linear_layers: usize,
    image: Current,
    /// What each wired layer has made.
    made: Vec<Made>,
    names: Vec<String>,
    /// The names that layers were given, which no name that is made up may be.
    given: BTreeSet<String>,
    /// The flattened map of each that was flattened for a fully connected layer.
    flat: BTreeMap<usize, ActivationId>,
}

impl<'a> Assembly<'a> {
    /// The network, or what is wrong with it, in which layer of the file.
    fn run(description: &'a NetworkDescription, parameters: Parameters<'a>) -> Result<Network, Box<Failure>> {
        let network = description.name.clone();
        let wired = wire(description.input.channels, &description.layers).map_err(|mistakes| {
            let first = mistakes.first().map(|&(layer, _)| layer);
            let mistakes = mistakes.into_iter().map(|(_, what)| what).collect();
            Failure::at(first, NetworkError::Layers { network: network.clone(), mistakes })
        })?;
        let Some((last, hidden)) = wired.split_last() else {
            return Err(Failure::at(None, NetworkError::NoLogits { network }));
        };
        let mut assembly = Self::new(description, parameters).map_err(|error| Failure::at(None, error))?;
        assembly.given = wired.iter().map(|layer| layer.name.clone()).collect();
        for wired in hidden {
            let made = assembly.layer(wired).map_err(|error| Failure::at(Some(wired.written), error))?;
            assembly.made.push(made);
            assembly.names.push(wired.name.clone());
        }
        let at_last = |error| Failure::at(Some(last.written), error);
        let term = match &last.layer {
            Plain::Convolution(_) | Plain::FullyConnected(_) => assembly.linear(last).map_err(at_last)?,
            _ => return Err(at_last(NetworkError::NoLogits { network })),
        };
        assembly.logits(&term).map_err(|error| Failure::at(None, error))
    }

    fn new(description: &'a NetworkDescription, parameters: Parameters<'a>) -> Result<Self, NetworkError> {
        let input = &description.input;
        let shape = Shape::new(input.channels, input.height, input.width);
        let builder = NetworkBuilder::new(shape, IMAGE_MAXIMUM)
            .with_image_zeros(input.zero.of_channels(input.channels));
        let builder =
            builder.map_err(|source| NetworkError::Graph { network: description.name.clone(), source })?;
        let step = input.step.unwrap_or(IMAGE_STEP);
        let pixels = step / IMAGE_STEP;
        let Moments { mean, variance } = Moments::UNIFORM;
        let moments = Moments { mean: mean * pixels, variance: variance * pixels * pixels };
        let image = Current { id: ActivationId::IMAGE, shape, maximum: IMAGE_MAXIMUM, step, moments };
        let (linear_layers, made, names, given, flat) = Default::default();
        Ok(Self { description, parameters, builder, linear_layers, image, made, names, given, flat })
    }

    fn layer(&mut self, wired: &Wired) -> Result<Made, NetworkError> {
        let name = &wired.name;
        match &wired.layer {
            Plain::Convolution(layer) => {
                self.linear_made(wired, layer.activation, Asked { bits: layer.bits, signed: layer.signed })
            }
            Plain::FullyConnected(layer) => {
                self.linear_made(wired, layer.activation, Asked { bits: layer.bits, signed: layer.signed })
            }
            Plain::MaxPool(pool) => {
                let input = self.read(wired)?;
                let window =
                    self.window(name, pool.kernel.pair(), pool.stride.pair(), pool.padding.sides())?;
                let id = self.builder.max_pool(name, input.id, window);
                self.made(id, input.step, input.moments)
            }
            Plain::SumPool(pool) => self.sum_pool(wired, pool),
            Plain::Add(sum) => {
                let terms = wired.sources.iter().map(|&source| self.term(source));
                let terms = terms.collect::<Result<Vec<_>, _>>()?;
                self.requantize(name, &terms, Asked { bits: sum.bits, signed: sum.signed })
            }
            Plain::Concat(_) => self.concat(wired),
            Plain::Rescale(layer) => {
                let input = self.read(wired)?;
                let read = Read { step: input.step, values: 1, moments: input.moments };
                let affine = self.parameters.batch_norm(name, input.shape.channels, read)?;
                let of_zero = self.zeros(input.id);
                let source = TermSource::Activations(input.id);
                let asked = Asked { bits: layer.bits, signed: layer.signed };
                self.requantize(name, &[Term { source, affine, is_offset: true, of_zero }], asked)
            }
            Plain::Flatten(_) => {
                let input = self.read(wired)?;
                let id = self.builder.flatten(name, input.id);
                self.made(id, input.step, input.moments)
            }
            Plain::Pick(layer) => {
                let input = self.read(wired)?;
                let id = self.builder.pick(name, input.id, layer.channels.clone());
                self.made(id, input.step, input.moments)
            }
            Plain::Table(layer) => self.table(wired, layer.bits),
            Plain::Multiply(layer) => self.multiply(wired, Asked { bits: layer.bits, signed: layer.signed }),
        }
    }

    /// The layer's first source, which wiring made sure is an activation.
    fn read(&self, wired: &Wired) -> Result<Current, NetworkError> {
        let source = wired.sources.first().copied().unwrap_or(Source::Image);
        self.activation(source).ok_or_else(|| self.graph(GraphError::UnknownSource(wired.name.clone())))
    }

    fn activation(&self, source: Source) -> Option<Current> {
        match source {
            Source::Image => Some(self.image),
            Source::Layer(place) => match self.made.get(place)? {
                Made::Activation(current) => Some(*current),
                Made::Accumulators(_) => None,
            },
        }
    }

    fn zeros(&self, id: ActivationId) -> Vec<i64> {
        let zeros = self.builder.activation(id).map(|activation| activation.zeros());
        zeros.unwrap_or_default().iter().copied().map(i64::from).collect()
    }

    fn linear_made(
        &mut self,
        wired: &Wired,
        activation: ActivationDescription,
        asked: Asked,
    ) -> Result<Made, NetworkError> {
        let term = self.linear(wired)?;
        match activation {
            ActivationDescription::Requantized => self.requantize(&wired.name, &[term], asked),
            ActivationDescription::None => Ok(Made::Accumulators(term)),
        }
    }

    /// Adds a convolution or a fully connected layer.
    fn linear(&mut self, wired: &Wired) -> Result<Term, NetworkError> {
        let mut input = self.read(wired)?;
        let name = &wired.name;
        let layer = match &wired.layer {
            Plain::Convolution(layer) => self.convolution(name, layer, input)?,
            Plain::FullyConnected(layer) => {
                if input.shape.positions() > 1 {
                    let read = wired.sources.first().copied().unwrap_or(Source::Image);
                    let flat = format!("{}.flat", self.name_of(read));
                    input = self.flat(&flat, input)?;
                }
                let stored = [layer.outputs, input.shape.channels];
                let shape = [layer.outputs, input.shape.channels, 1, 1];
                let weights = self.parameters.weights(name, self.linear_layers, &stored, shape, 1)?;
                LinearLayer::fully_connected(name, weights, input.maximum)
                    .map_err(|source| self.graph(source.into()))?
            }
            _ => return Err(NetworkError::NoLogits { network: self.description.name.clone() }),
        };
        let zeros = self.builder.activation(input.id).map(|activation| activation.zeros().to_vec());
        let layer = layer.with_input_zeros(zeros.unwrap_or_default());
        let layer = layer.map_err(|source| self.graph(source.into()))?;
        let (of_zero, weights) = (layer.accumulators_of_zero(), layer.weights());
        let values = weights.inputs() / weights.groups() * weights.taps();
        let read = Read { step: input.step, values, moments: input.moments };
        let affine = self.parameters.affine(name, weights.outputs(), read)?;
        let id = self.builder.linear(input.id, layer).map_err(|source| self.graph(source))?;
        self.linear_layers += 1;
        Ok(Term { source: TermSource::Accumulators(id), affine, is_offset: true, of_zero })
    }

    fn convolution(
        &self,
        name: &str,
        layer: &ConvolutionDescription,
        input: Current,
    ) -> Result<LinearLayer, NetworkError> {
        let kernel = layer.kernel.pair();
        let window =
            Window::dilated(kernel, layer.stride.pair(), layer.dilation.pair(), layer.padding.sides());
        let window = self.checked(name, window)?;
        let shape = [layer.outputs, input.shape.channels / layer.groups.max(1), kernel.0, kernel.1];
        let weights = self.parameters.weights(name, self.linear_layers, &shape, shape, layer.groups)?;
        LinearLayer::convolution(name, weights, window, input.shape, input.maximum)
            .map_err(|source| self.graph(source.into()))
    }

    /// The channels of a map as those of one position; made once, whoever reads them.
    fn flat(&mut self, name: &str, input: Current) -> Result<Current, NetworkError> {
        let id = match self.flat.get(&input.id.index()) {
            Some(&id) => id,
            None => {
                let name = self.made_up(name);
                self.builder.flatten(&name, input.id).map_err(|source| self.graph(source))?
            }
        };
        self.flat.insert(input.id.index(), id);
        Ok(Current { id, shape: Shape::new(input.shape.len(), 1, 1), ..input })
    }

    /// A name of our own, which no layer was given and nothing has yet.
    fn made_up(&self, name: &str) -> String {
        let is_free = |name: &str| !self.given.contains(name) && !self.builder.is_taken(name);
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
        candidates.find(|candidate| is_free(candidate)).unwrap_or_default()
    }

    fn name_of(&self, source: Source) -> &str {
        match source {
            Source::Image => "input",
            Source::Layer(place) => self.names.get(place).map_or("", String::as_str),
        }
    }

    fn sum_pool(&mut self, wired: &Wired, pool: &SumPoolDescription) -> Result<Made, NetworkError> {
        let (name, input) = (&wired.name, self.read(wired)?);
        let kernel = pool.kernel.map_or((input.shape.height, input.shape.width), |kernel| kernel.pair());
        let stride = match (pool.stride, pool.kernel) {
            (Some(stride), _) => stride.pair(),
            (None, Some(_)) => kernel,
            (None, None) => (1, 1),
        };
        let window = self.window(name, kernel, stride, pool.padding.sides())?;
        let border = if pool.counts_padding { Border::Zero } else { Border::LeftOut };
        let id = self.builder.sum_pool_with(name, input.id, window, border);
        // The network was trained on the mean; the sum stands for it with a step as many times smaller.
        let taps = window.taps();
        self.made(id, input.step / taps as f64, input.moments.averaged(taps))
    }

    fn concat(&mut self, wired: &Wired) -> Result<Made, NetworkError> {
        let parts: Vec<Current> =
            wired.sources.iter().filter_map(|&source| self.activation(source)).collect();
        let first = parts.first().copied().unwrap_or(self.image);
        if let Some(place) = parts.iter().position(|part| part.step != first.step) {
            let name = |place: usize| wired.sources.get(place).map(|&source| self.name_of(source).to_owned());
            return Err(NetworkError::ConcatSteps {
                network: self.description.name.clone(),
                layer: wired.name.clone(),
                first: name(0).unwrap_or_default(),
                first_step: first.step,
                other: name(place).unwrap_or_default(),
                other_step: parts[place].step,
            });
        }
        let id = self.builder.concat(&wired.name, parts.iter().map(|part| part.id).collect());
        let mixed: Vec<_> = parts.iter().map(|part| (part.moments, part.shape.channels)).collect();
        self.made(id, first.step, Moments::mixed(&mixed))
    }

    /// What an `add` takes from a source.
    fn term(&mut self, source: Source) -> Result<Term, NetworkError> {
        if let Source::Layer(place) = source
            && let Some(Made::Accumulators(term)) = self.made.get(place)
        {
            let Affine { layer, m, b, moments } = &term.affine;
            let affine = Affine { layer: layer.clone(), m: m.clone(), b: b.clone(), moments: *moments };
            return Ok(Term { affine, of_zero: term.of_zero.clone(), ..*term });
        }
        let layer = self.name_of(source).to_owned();
        let input =
            self.activation(source).ok_or_else(|| self.graph(GraphError::UnknownSource(layer.clone())))?;
        let channels = input.shape.channels;
        let affine =
            Affine { layer, m: vec![input.step; channels], b: vec![0.0; channels], moments: input.moments };
        let of_zero = self.zeros(input.id);
        Ok(Term { source: TermSource::Activations(input.id), affine, is_offset: false, of_zero })
    }

    /// Sums terms up and requantizes them with the step of `name`.
    fn requantize(&mut self, name: &str, terms: &[Term], asked: Asked) -> Result<Made, NetworkError> {
        let (bits, maximum) = self.bits(asked.bits);
        let signed = asked.signed;
        let real = terms.iter().map(|term| term.affine.moments).reduce(Moments::plus);
        let real = real.unwrap_or(Moments::NORMALIZED);
        let (scale, moments) = self.parameters.scale(name, maximum, signed, real)?;
        let step = scale.step;
        let rounding = terms.iter().position(|term| term.is_offset);
        let channels = terms.first().map_or(0, |term| term.affine.m.len());
        let above = i64::from(scale.zero) << FRACTION_BITS;
        let mut offsets = vec![above + if rounding.is_none() { HALF } else { 0 }; channels];
        let mut addends = Vec::with_capacity(terms.len());
        for (place, term) in terms.iter().enumerate() {
            let Affine { layer, m, b, .. } = &term.affine;
            let multipliers = self.fixed_point(layer, m, |m| m / step * ONE)?;
            if term.is_offset {
                let own = match Some(place) == rounding {
                    true => self.fixed_point(layer, b, |b| (b / step + 0.5) * ONE)?,
                    false => self.fixed_point(layer, b, |b| b / step * ONE)?,
                };
                offsets.iter_mut().zip(own).for_each(|(offset, own)| *offset = offset.saturating_add(own));
            }
            take_off(&mut offsets, &multipliers, &term.of_zero);
            addends.push(match term.source {
                TermSource::Accumulators(source) => Addend::Accumulators { source, multipliers },
                TermSource::Activations(source) => Addend::Activations { source, multipliers },
            });
        }
        let name = self.made_up(&format!("{name}.act"));
        let id = self.builder.requantize_to(&name, addends, offsets, scale.rounding(bits));
        self.made(id, step, moments)
    }

    /// The bits of a layer's activations, and the largest of these.
    fn bits(&self, asked: Option<u32>) -> (u32, u16) {
        let bits = asked.unwrap_or(self.description.activation_bits);
        (bits, u16::MAX >> (u16::BITS - bits.clamp(1, u16::BITS)))
    }

    fn table(&mut self, wired: &Wired, bits: Option<u32>) -> Result<Made, NetworkError> {
        let (name, input) = (&wired.name, self.read(wired)?);
        let (bits, maximum) = self.bits(bits);
        let zero = self.zeros(input.id).first().copied().unwrap_or(0);
        let (scale, moments) = self.parameters.scale(name, maximum, true, input.moments)?;
        let read = table::ReadScale { step: input.step, zero, maximum: input.maximum };
        let values = self.parameters.table(name, read, scale, maximum)?;
        let id = self.builder.table(name, input.id, values, scale.rounding(bits));
        self.made(id, scale.step, moments)
    }

    fn multiply(&mut self, wired: &Wired, asked: Asked) -> Result<Made, NetworkError> {
        let name = &wired.name;
        let parts: Vec<Current> =
            wired.sources.iter().filter_map(|&source| self.activation(source)).collect();
        let &[a, b] = parts.as_slice() else {
            return Err(self.graph(GraphError::UnknownSource(name.clone())));
        };
        let (bits, maximum) = self.bits(asked.bits);
        let (scale, moments) =
            self.parameters.scale(name, maximum, asked.signed, a.moments.times(b.moments))?;
        let multiplier = self.fixed_point(name, &[a.step * b.step], |m| m / scale.step * ONE)?;
        let multiplier = multiplier.first().copied().unwrap_or(0);
        let offset = (i64::from(scale.zero) << FRACTION_BITS) + HALF;
        let id = self.builder.multiply(name, [a.id, b.id], (multiplier, offset), scale.rounding(bits));
        self.made(id, scale.step, moments)
    }

    fn logits(self, term: &Term) -> Result<Network, NetworkError> {
        let Affine { layer, m, b, .. } = &term.affine;
        let multipliers = self.fixed_point(layer, m, |m| m * ONE)?;
        let mut offsets = self.fixed_point(layer, b, |b| b * ONE)?;
        take_off(&mut offsets, &multipliers, &term.of_zero);
        self.check_all_weights_used()?;
        let name = &self.description.name;
        let network = match term.source {
            TermSource::Accumulators(id) => self.builder.finish(name, id, multipliers, offsets),
            TermSource::Activations(_) => return Err(NetworkError::NoLogits { network: name.clone() }),
        };
        network.map_err(|source| NetworkError::Graph { network: name.clone(), source })
    }

    fn fixed_point(
        &self,
        layer: &str,
        values: &[f64],
        scale: impl Fn(f64) -> f64,
    ) -> Result<Vec<i64>, NetworkError> {
        // Beyond 2^53 a double is no longer exact, and nothing sensible folds to that.
        const LIMIT: f64 = (1_u64 << 53) as f64;
        let round = |(channel, &value): (usize, &f64)| {
            let scaled = scale(value).round_ties_even();
            if scaled.abs() <= LIMIT {
                Ok(scaled as i64)
            } else {
                let network = self.description.name.clone();
                Err(NetworkError::FixedPoint { network, layer: layer.into(), channel, value: scaled / ONE })
            }
        };
        values.iter().enumerate().map(round).collect()
    }

    fn check_all_weights_used(&self) -> Result<(), NetworkError> {
        let Parameters::Checkpoint { file, .. } = self.parameters else { return Ok(()) };
        let mut names = file.tensors().map(|(name, _)| name);
        let unused = names
            .find(|name| name.strip_suffix(".weight").is_some_and(|layer| !self.builder.is_taken(layer)));
        match unused {
            Some(tensor) => Err(NetworkError::UnusedWeights {
                path: file.path().into(),
                tensor: tensor.into(),
                network: self.description.name.clone(),
            }),
            None => Ok(()),
        }
    }

    fn window(
        &self,
        layer: &str,
        kernel: (usize, usize),
        stride: (usize, usize),
        padding: Padding,
    ) -> Result<Window, NetworkError> {
        self.checked(layer, Window::of(kernel, stride, padding))
    }

    fn checked(&self, layer: &str, window: Result<Window, WindowError>) -> Result<Window, NetworkError> {
        window.map_err(|source| NetworkError::Window {
            network: self.description.name.clone(),
            layer: layer.into(),
            source,
        })
    }

    fn made(
        &self,
        id: Result<ActivationId, GraphError>,
        step: f64,
        moments: Moments,
    ) -> Result<Made, NetworkError> {
        let id = id.map_err(|source| self.graph(source))?;
        let unknown = || self.graph(GraphError::UnknownSource(String::new()));
        let activation = self.builder.activation(id).ok_or_else(unknown)?;
        let (shape, maximum) = (activation.shape(), activation.maximum());
        Ok(Made::Activation(Current { id, shape, maximum, step, moments }))
    }

    fn graph(&self, source: GraphError) -> NetworkError {
        NetworkError::Graph { network: self.description.name.clone(), source }
    }
}

/// Takes off offsets what inputs that stand for 0 would add.
fn take_off(offsets: &mut [i64], multipliers: &[i64], of_zero: &[i64]) {
    for ((offset, &multiplier), &of_zero) in offsets.iter_mut().zip(multipliers).zip(of_zero) {
        // What does not fit is saturated, and refused by the graph as beyond 64 bits.
        *offset = offset.saturating_sub(multiplier.saturating_mul(of_zero));
    }
}
