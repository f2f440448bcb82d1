//! Who reads whom: a description's layers with blocks taken apart, every source found.

use std::collections::BTreeMap;

use super::blocks::{self, Entry};
use super::layers::{
    ActivationDescription, AddDescription, ConcatDescription, ConvolutionDescription, FlattenDescription,
    FullyConnectedDescription, LayerDescription, MaxPoolDescription, MultiplyDescription, PickDescription,
    RescaleDescription, SumPoolDescription, TableDescription,
};

/// No extent of a layer comes near; it keeps products of extents within the machine's integers.
const LARGEST: usize = 1 << 16;

/// The name under which layers read the image.
const IMAGE: &str = "input";
/// Channels of a value that depend on a map's extents.
const UNKNOWN: usize = usize::MAX;

/// A layer that is no block.
#[derive(Debug, Clone)]
pub(crate) enum Plain {
    Convolution(ConvolutionDescription),
    FullyConnected(FullyConnectedDescription),
    MaxPool(MaxPoolDescription),
    SumPool(SumPoolDescription),
    Add(AddDescription),
    Concat(ConcatDescription),
    Rescale(RescaleDescription),
    Flatten(FlattenDescription),
    Pick(PickDescription),
    Table(TableDescription),
    Multiply(MultiplyDescription),
}

/// What a layer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Image,
    /// By its place among the wired layers.
    Layer(usize),
}

/// A layer with its name and sources.
#[derive(Debug, Clone)]
pub(crate) struct Wired {
    pub name: String,
    /// Its place, or its block's, among the layers of the file.
    pub written: usize,
    /// One for each name in `of`, else a single one.
    pub sources: Vec<Source>,
    pub layer: Plain,
}

/// A mistake in a layer: the layer's place in the file, and what is wrong.
pub(crate) type LayerMistake = (usize, String);

/// Takes blocks apart and finds every source among the layers before.
///
/// # Errors
/// Everything that is wrong.
pub(crate) fn wire(
    image_channels: usize,
    layers: &[LayerDescription],
) -> Result<Vec<Wired>, Vec<LayerMistake>> {
    let mut wiring = Wiring {
        image_channels,
        wired: Vec::new(),
        channels: Vec::new(),
        by_name: BTreeMap::from([(IMAGE.to_owned(), Source::Image)]),
        mistakes: Vec::new(),
    };
    for (written, layer) in layers.iter().enumerate() {
        wiring.written(written, layer);
    }
    if wiring.mistakes.is_empty() { Ok(wiring.wired) } else { Err(wiring.mistakes) }
}

struct Wiring {
    image_channels: usize,
    wired: Vec<Wired>,
    /// Output channels of each wired layer.
    channels: Vec<usize>,
    by_name: BTreeMap<String, Source>,
    mistakes: Vec<LayerMistake>,
}

impl Wiring {
    fn last(&self) -> Source {
        self.wired.len().checked_sub(1).map_or(Source::Image, Source::Layer)
    }

    fn name_of(&self, source: Source) -> &str {
        match source {
            Source::Image => IMAGE,
            Source::Layer(place) => &self.wired[place].name,
        }
    }

    fn channels_of(&self, source: Source) -> usize {
        match source {
            Source::Image => self.image_channels,
            Source::Layer(place) => self.channels[place],
        }
    }

    fn is_requantized(&self, source: Source) -> bool {
        let Source::Layer(place) = source else { return true };
        let activation = match &self.wired[place].layer {
            Plain::Convolution(layer) => layer.activation,
            Plain::FullyConnected(layer) => layer.activation,
            _ => ActivationDescription::Requantized,
        };
        activation == ActivationDescription::Requantized
    }

    fn mistake(&mut self, written: usize, layer: &str, what: &str) {
        self.mistakes.push((written, format!("layer `{layer}`: {what}")));
    }

    /// Adds a layer of the file, or the layers of a block.
    fn written(&mut self, written: usize, layer: &LayerDescription) {
        let shown = layer.name().map_or_else(|| format!("number {}", written + 1), str::to_owned);
        self.check_extents(written, &shown, layer);
        let source = match layer.from() {
            None => self.last(),
            Some(name) => match self.by_name.get(name) {
                Some(&source) => source,
                None => {
                    self.mistake(
                        written,
                        &shown,
                        &format!("field `from` is `{name}`, which no layer before it is called"),
                    );
                    self.last()
                }
            },
        };
        let name = self.name_of(source).to_owned();
        let entry = Entry { name: &name, channels: self.channels_of(source) };
        let is_block = matches!(
            layer,
            LayerDescription::BasicBlock(_)
                | LayerDescription::Bottleneck(_)
                | LayerDescription::InvertedResidual(_)
        );
        if is_block && entry.channels == UNKNOWN {
            self.mistake(written, &shown, &format!("reads `{name}`, which is flat; a block reads a map"));
        }
        let parts = match layer {
            LayerDescription::BasicBlock(block) => blocks::basic_block(block, entry),
            LayerDescription::Bottleneck(block) => blocks::bottleneck(block, entry),
            LayerDescription::InvertedResidual(block) => blocks::inverted_residual(block, entry),
            plain => {
                let plain = match plain.clone() {
                    LayerDescription::Convolution(layer) => Plain::Convolution(layer),
                    LayerDescription::FullyConnected(layer) => Plain::FullyConnected(layer),
                    LayerDescription::MaxPool(pool) => Plain::MaxPool(pool),
                    LayerDescription::SumPool(pool) => Plain::SumPool(pool),
                    LayerDescription::Add(sum) => Plain::Add(sum),
                    LayerDescription::Concat(parts) => Plain::Concat(parts),
                    LayerDescription::Rescale(layer) => Plain::Rescale(layer),
                    LayerDescription::Flatten(layer) => Plain::Flatten(layer),
                    LayerDescription::Pick(layer) => Plain::Pick(layer),
                    LayerDescription::Table(layer) => Plain::Table(layer),
                    LayerDescription::Multiply(layer) => Plain::Multiply(layer),
                    LayerDescription::BasicBlock(_)
                    | LayerDescription::Bottleneck(_)
                    | LayerDescription::InvertedResidual(_) => return,
                };
                return self.plain(written, plain, source);
            }
        };
        for part in parts {
            let from = match &part {
                Plain::Convolution(layer) => layer.from.as_deref().and_then(|from| self.by_name.get(from)),
                _ => None,
            };
            let from = from.copied().unwrap_or(source);
            self.plain(written, part, from);
        }
    }

    /// Adds a layer that is no block and reads `source` unless it names its sources itself.
    fn plain(&mut self, written: usize, layer: Plain, source: Source) {
        let name = match &layer {
            Plain::Convolution(layer) => layer.name.clone(),
            Plain::FullyConnected(layer) => layer.name.clone(),
            Plain::Add(layer) => layer.name.clone(),
            Plain::Concat(layer) => layer.name.clone(),
            Plain::Rescale(layer) => layer.name.clone(),
            Plain::Flatten(layer) => layer.name.clone(),
            Plain::Pick(layer) => layer.name.clone(),
            Plain::Table(layer) => layer.name.clone(),
            Plain::Multiply(layer) => layer.name.clone(),
            Plain::MaxPool(pool) => {
                pool.name.clone().unwrap_or_else(|| format!("{}.pool", self.name_of(source)))
            }
            Plain::SumPool(pool) => {
                pool.name.clone().unwrap_or_else(|| format!("{}.sum", self.name_of(source)))
            }
        };
        let sources = match &layer {
            Plain::Add(AddDescription { of, .. }) | Plain::Concat(ConcatDescription { of, .. }) => {
                self.sources(written, &name, of)
            }
            Plain::Multiply(MultiplyDescription { of, .. }) => self.sources(written, &name, of),
            _ => vec![source],
        };
        if !matches!(layer, Plain::Add(_)) {
            for &source in &sources {
                if !self.is_requantized(source) {
                    let what = format!(
                        "reads `{}`, which has `activation: none`; only an `add` can",
                        self.name_of(source)
                    );
                    self.mistake(written, &name, &what);
                }
            }
        }
        let inputs = sources.iter().map(|&source| self.channels_of(source));
        let channels = match &layer {
            Plain::Convolution(layer) => layer.outputs,
            Plain::FullyConnected(layer) => layer.outputs,
            Plain::Concat(_) => inputs.fold(0, usize::saturating_add),
            Plain::Pick(layer) => layer.channels.len(),
            // How many is known when the network is built.
            Plain::Flatten(_) => UNKNOWN,
            _ => inputs.max().unwrap_or(0),
        };
        if let Plain::Convolution(convolution) = &layer {
            let (groups, inputs) = (convolution.groups, self.channels_of(source));
            let inputs = if inputs == UNKNOWN { 0 } else { inputs };
            if groups == 0 || inputs % groups != 0 || channels % groups != 0 {
                let what = format!(
                    "field `groups` is {groups}; expected a divisor of {inputs} inputs and of {channels} outputs"
                );
                self.mistake(written, &name, &what);
            }
        }
        let place = Source::Layer(self.wired.len());
        if self.by_name.insert(name.clone(), place).is_some() {
            self.mistake(written, &name, "a second one of that name");
        }
        self.wired.push(Wired { name, written, sources, layer });
        self.channels.push(channels);
    }

    /// The layers that `of` names.
    fn sources(&mut self, written: usize, layer: &str, of: &[String]) -> Vec<Source> {
        if of.is_empty() {
            self.mistake(written, layer, "field `of` is empty; expected at least one layer");
        }
        let mut sources = Vec::with_capacity(of.len());
        for name in of {
            match self.by_name.get(name) {
                Some(&source) => sources.push(source),
                None => {
                    let what = format!("field `of` holds `{name}`, which no layer before it is called");
                    self.mistake(written, layer, &what);
                }
            }
        }
        sources
    }

    fn check_extents(&mut self, written: usize, shown: &str, layer: &LayerDescription) {
        let sides = |sides: super::Sides| [sides.pair().0, sides.pair().1];
        let mut at_least_one: Vec<(&str, usize)> = Vec::new();
        let mut padding = None;
        match layer {
            LayerDescription::Convolution(layer) => {
                at_least_one.push(("outputs", layer.outputs));
                at_least_one.extend(sides(layer.kernel).map(|side| ("kernel", side)));
                at_least_one.extend(sides(layer.stride).map(|side| ("stride", side)));
                at_least_one.extend(sides(layer.dilation).map(|side| ("dilation", side)));
                padding = Some(layer.padding);
            }
            LayerDescription::FullyConnected(layer) => at_least_one.push(("outputs", layer.outputs)),
            LayerDescription::MaxPool(pool) => {
                at_least_one.extend(sides(pool.kernel).map(|side| ("kernel", side)));
                at_least_one.extend(sides(pool.stride).map(|side| ("stride", side)));
                padding = Some(pool.padding);
            }
            LayerDescription::SumPool(pool) => {
                at_least_one.extend(pool.kernel.into_iter().flat_map(sides).map(|side| ("kernel", side)));
                at_least_one.extend(pool.stride.into_iter().flat_map(sides).map(|side| ("stride", side)));
                padding = Some(pool.padding);
                if pool.kernel.is_none() && (pool.stride.is_some() || !pool.padding.is_none()) {
                    let what =
                        "`stride` and `padding` go with `kernel`; without it the sum is over the whole map";
                    self.mistake(written, shown, what);
                }
            }
            LayerDescription::BasicBlock(block) => {
                at_least_one.extend([("outputs", block.outputs), ("stride", block.stride)]);
            }
            LayerDescription::Bottleneck(block) => {
                at_least_one.extend([("width", block.width), ("outputs", block.outputs)]);
                at_least_one.push(("stride", block.stride));
            }
            LayerDescription::InvertedResidual(block) => {
                at_least_one.extend([("outputs", block.outputs), ("stride", block.stride)]);
                at_least_one.push(("expansion", block.expansion));
            }
            LayerDescription::Pick(layer) => at_least_one.push(("channels", layer.channels.len())),
            LayerDescription::Add(_)
            | LayerDescription::Concat(_)
            | LayerDescription::Rescale(_)
            | LayerDescription::Flatten(_)
            | LayerDescription::Table(_)
            | LayerDescription::Multiply(_) => {}
        }
        if let Some(bits) = layer.bits().filter(|bits| !(1..=8).contains(bits)) {
            self.mistake(written, shown, &format!("field `bits` is {bits}; expected 1 to 8"));
        }
        for (field, found) in at_least_one {
            if !(1..=LARGEST).contains(&found) {
                let what = format!("field `{field}` is {found}; expected 1 to {LARGEST}");
                self.mistake(written, shown, &what);
            }
        }
        if let Some(padding) = padding {
            let sides = padding.sides();
            let largest = sides.top.max(sides.left).max(sides.bottom).max(sides.right);
            if largest > LARGEST {
                let what = format!("field `padding` is {largest}; expected at most {LARGEST}");
                self.mistake(written, shown, &what);
            }
        }
    }
}
