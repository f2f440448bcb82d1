//! A float network in the form that the network file has: linear layers with what follows them folded in.

use float_network::{BatchNorm, Convolution, NodeId, PixelScale, Quantization, Window};

/// Where a step's input comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Image,
    Step(usize),
}

/// What becomes of a step's real result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Activation {
    /// A sum reads it, unrounded.
    Accumulators,
    /// It is rounded as it is, negative or not.
    Signed,
    /// max(x, 0), at most the ceiling.
    Relu { ceiling: Option<f32> },
}

impl Activation {
    /// The value that it makes of a real one, before it is rounded.
    pub fn of(self, value: f64) -> f64 {
        match self {
            Self::Accumulators | Self::Signed => value,
            Self::Relu { ceiling: None } => value.max(0.0),
            Self::Relu { ceiling: Some(ceiling) } => value.clamp(0.0, f64::from(ceiling)),
        }
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
    SumPool(Option<Window>),
    Concat,
}

impl Kind {
    /// Whether its result is real numbers that are then rounded.
    pub fn is_rounded(&self) -> bool {
        matches!(self, Self::Linear { .. } | Self::Add | Self::Rescale { .. })
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
    /// step that rounds it, found through max pools and concats.
    pub fn classes(&self) -> Vec<usize> {
        let mut classes: Vec<usize> = (0..self.steps.len()).collect();
        for (place, step) in self.steps.iter().enumerate() {
            if !matches!(step.kind, Kind::MaxPool(_) | Kind::Concat) {
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
