//! `weights`: what a layer's compilation starts from.

use std::fmt;
use std::sync::Arc;

use network::TernaryWeights;

use super::reader::{Reader, TextError, inputs, number};
use super::{Representation, Stage, StageKind, VerificationError};
use crate::pass::Settings;

/// What a layer's compilation starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerWeights {
    /// The layer's name.
    pub layer: String,
    /// The largest value of an input; the least is 0.
    pub input_maximum: u32,
    pub weights: Arc<TernaryWeights>,
}

impl Representation for LayerWeights {
    const KIND: StageKind = StageKind::Weights;

    fn into_stage(self) -> Stage {
        Stage::Weights(self)
    }

    fn of_stage(stage: Stage) -> Result<Self, Stage> {
        if let Stage::Weights(weights) = stage { Ok(weights) } else { Err(stage) }
    }

    fn verify(&self, _: &LayerWeights, _: &Settings) -> Result<(), VerificationError> {
        Ok(())
    }
}

impl fmt::Display for LayerWeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weights = &self.weights;
        let (height, width) = (weights.kernel_height(), weights.kernel_width());
        writeln!(f, "weights {} inputs 0..={} kernel {height}x{width}", self.layer, self.input_maximum)?;
        for output in 0..weights.outputs() {
            write!(f, "  y{output}")?;
            for input in 0..weights.inputs() {
                f.write_str(" ")?;
                for &weight in weights.slice(output, input) {
                    f.write_str(match weight {
                        0 => "0",
                        1.. => "+",
                        _ => "-",
                    })?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl LayerWeights {
    /// Reads what is printed.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, TextError> {
        let mut line = reader.line("`weights`")?;
        line.keyword("weights")?;
        let layer = line.read("the layer's name", |word| Some(word.to_owned()))?;
        let input_maximum = inputs(&mut line)?;
        line.keyword("kernel")?;
        let (height, width) = line.read("the kernel, as `3x3`", |word| {
            let (height, width) = word.split_once('x')?;
            let extent = |text| number::<u8>(text).filter(|&n| n > 0).map(usize::from);
            Some((extent(height)?, extent(width)?))
        })?;
        let header = line.clone();
        line.finish()?;
        let (mut values, mut outputs, mut inputs) = (Vec::new(), 0, None);
        while reader.peek().is_some() {
            let mut line = reader.line("an output's weights")?;
            let expected = format!("`y{outputs}`");
            line.read(&expected, |word| (number(word.strip_prefix('y')?) == Some(outputs)).then_some(()))?;
            let count = line.words.len() - 1;
            if count != *inputs.get_or_insert(count) || count == 0 {
                line.next = line.words.len() + 1;
                return Err(
                    line.unexpected("as many groups of weights as the first output has, at least one")
                );
            }
            for _ in 0..count {
                let expected = "one of `+`, `-`, `0` for each place of the kernel";
                let weights = line.read(expected, |word| {
                    let weight = |symbol| match symbol {
                        '0' => Some(0),
                        '+' => Some(1),
                        '-' => Some(-1_i8),
                        _ => None,
                    };
                    let weights: Vec<i8> = word.chars().map(weight).collect::<Option<_>>()?;
                    (weights.len() == height * width).then_some(weights)
                })?;
                values.extend(weights);
            }
            outputs += 1;
        }
        let shape = [outputs as usize, inputs.unwrap_or(0), height, width];
        match TernaryWeights::new(shape, values) {
            Ok(weights) => Ok(Self { layer, input_maximum, weights: Arc::new(weights) }),
            Err(_) => Err(header.clone().unexpected("the weights of at least one output below")),
        }
    }
}
