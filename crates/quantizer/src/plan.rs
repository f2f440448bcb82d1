//! A float network in the form that the network file has: linear layers with what follows them folded in.

use float_network::{BatchNorm, Convolution, NodeId, PixelScale, Quantization, Window};

use crate::expression::Expression;

/// Where a step's input comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Image,
    Step(usize),
}

/// Bounds of real values; infinite ones bound nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Clamp {
    pub low: f64,
    pub high: f64,
}

impl Clamp {
    /// No bounds.
    pub const NONE: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// max(x, 0).
    pub const RELU: Self = Self { low: 0.0, high: f64::INFINITY };

    /// Between two bounds, which are in order.
    pub fn between(low: f32, high: f32) -> Self {
        Self { low: low.into(), high: high.into() }
    }

    /// The nearest value within the bounds.
    pub fn of(self, value: f64) -> f64 {
        value.max(self.low).min(self.high)
    }

    /// These bounds, and then others.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        Self { low: next.of(self.low), high: next.of(self.high) }
    }
}

/// What becomes of a step's real result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Activation {
    /// A sum reads it, unrounded.
    Accumulators,
    /// It is rounded, within bounds.
    Rounded(Clamp),
}

impl Activation {
    /// Rounded as it is, negative or not.
    pub const SIGNED: Self = Self::Rounded(Clamp::NONE);

    /// Its bounds; none of what is not rounded.
    pub fn clamp(self) -> Clamp {
        match self {
            Self::Accumulators => Clamp::NONE,
            Self::Rounded(clamp) => clamp,
        }
    }

    /// The value that it makes of a real one, before it is rounded.
    pub fn of(self, value: f64) -> f64 {
        self.clamp().of(value)
    }
}

/// A batch norm, or what stands for one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Norm {
    /// As trained, on what the layer computes without a bias; the layer's own bias is in the mean.
    Trained(BatchNorm),
    /// x · scale + shift, per channel.
    Affine { scale: Vec<f64>, shift: Vec<f64> },
}

impl Norm {
    /// Nothing but a bias.
    pub fn bias(channels: usize, bias: Option<&[f32]>) -> Self {
        let shift =
            bias.map_or_else(|| vec![0.0; channels], |bias| bias.iter().map(|&b| f64::from(b)).collect());
        Self::Affine { scale: vec![1.0; channels], shift }
    }

    /// Whether it changes nothing.
    pub fn is_identity(&self) -> bool {
        (0..self.channels()).all(|channel| self.scale_and_shift(channel) == (1.0, 0.0))
    }

    /// The same as a scale and a shift of a channel.
    pub fn scale_and_shift(&self, channel: usize) -> (f64, f64) {
        match self {
            Self::Trained(norm) => norm.scale_and_shift(channel),
            Self::Affine { scale, shift } => (scale[channel], shift[channel]),
        }
    }

    pub fn channels(&self) -> usize {
        match self {
            Self::Trained(norm) => norm.channels(),
            Self::Affine { scale, .. } => scale.len(),
        }
    }

    /// This, and then a batch norm.
    pub fn then(&self, next: &BatchNorm) -> Self {
        let channels = self.channels();
        let is_bias = (0..channels).all(|k| self.scale_and_shift(k).0 == 1.0);
        if is_bias {
            let mean = (0..channels).map(|k| (f64::from(next.mean()[k]) - self.scale_and_shift(k).1) as f32);
            let (gamma, beta) = (next.gamma().to_vec(), next.beta().to_vec());
            let norm = BatchNorm::new(gamma, beta, mean.collect(), next.variance().to_vec(), next.epsilon());
            if let Ok(norm) = norm {
                return Self::Trained(norm);
            }
        }
        let both = (0..channels).map(|k| {
            let ((a, b), (c, d)) = (self.scale_and_shift(k), next.scale_and_shift(k));
            (a * c, b * c + d)
        });
        let (scale, shift) = both.unzip();
        Self::Affine { scale, shift }
    }
}

/// What a step computes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// A convolution, or a fully connected layer as a convolution of one position.
    Linear {
        layer: Convolution,
        is_fully_connected: bool,
        norm: Norm,
        /// The node of the float network that it was.
        node: NodeId,
    },
    /// The sum of its sources.
    Add,
    /// A batch norm of activations.
    Rescale {
        norm: Norm,
    },
    MaxPool(Window),
    /// Means, as sums with a smaller step; over the whole map without a window.
    SumPool {
        window: Option<Window>,
        /// Whether the padding counts, as 0.
        counts_padding: bool,
    },
    Concat,
    /// The values of a map as channels of one position.
    Flatten,
    /// Some channels, in an order of their own.
    Pick(Vec<usize>),
    /// A function of each value.
    Table(Expression),
    /// The product of its two sources.
    Multiply,
}

impl Kind {
    /// Whether its result is real numbers that are then rounded.
    pub fn is_rounded(&self) -> bool {
        matches!(
            self,
            Self::Linear { .. } | Self::Add | Self::Rescale { .. } | Self::Table(_) | Self::Multiply
        )
    }

    /// Whether its result has the step and the zero of its sources.
    pub fn keeps_scale(&self) -> bool {
        matches!(self, Self::MaxPool(_) | Self::Concat | Self::Flatten | Self::Pick(_))
    }
}

/// One line of the network file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub name: String,
    pub kind: Kind,
    pub sources: Vec<Source>,
    /// Only where the kind is rounded.
    pub activation: Activation,
    /// How the network that is quantized already rounds it.
    pub given: Option<Quantization>,
    /// The node of the float network whose value this is before the activation.
    pub reference: NodeId,
    /// Channels of the result.
    pub channels: usize,
    /// Bits of its activations, where they are not the network's.
    pub bits: Option<u32>,
}

/// All steps, in execution order; the last one gives the logits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    pub steps: Vec<Step>,
    /// How pixels become the real numbers that the first steps read.
    pub pixels: PixelScale,
    /// What was changed on the way, one fact each.
    pub notes: Vec<String>,
}

impl Plan {
    /// Whether a value is the image, or pools of it.
    pub fn is_of_image(&self, source: Source) -> bool {
        match source {
            Source::Image => true,
            Source::Step(place) => {
                let step = &self.steps[place];
                matches!(step.kind, Kind::MaxPool(_) | Kind::SumPool { .. } | Kind::Flatten)
                    && step.sources.iter().all(|&source| self.is_of_image(source))
            }
        }
    }

    /// The steps that round a value, through those that keep their scale.
    pub fn rounding(&self, source: Source) -> Vec<usize> {
        let Source::Step(place) = source else { return Vec::new() };
        let step = &self.steps[place];
        if step.kind.keeps_scale() {
            return step.sources.iter().flat_map(|&source| self.rounding(source)).collect();
        }
        if step.kind.is_rounded() { vec![place] } else { Vec::new() }
    }

    /// For each step, how many others read it.
    pub fn reader_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.steps.len()];
        for source in self.steps.iter().flat_map(|step| &step.sources) {
            if let Source::Step(place) = *source {
                counts[place] += 1;
            }
        }
        counts
    }

    /// For each step, the first of those that must have the same step and zero, since their channels lie side by side: the
    /// step that rounds it, found through max pools, concats and what only names channels otherwise.
    pub fn classes(&self) -> Vec<usize> {
        let mut classes: Vec<usize> = (0..self.steps.len()).collect();
        for (place, step) in self.steps.iter().enumerate() {
            if !step.kind.keeps_scale() {
                continue;
            }
            for source in &step.sources {
                if let Source::Step(source) = *source {
                    let (a, b) = (classes[source], classes[place]);
                    let (first, other) = (a.min(b), a.max(b));
                    classes.iter_mut().filter(|class| **class == other).for_each(|class| *class = first);
                }
            }
        }
        classes
    }
}
