//! Activations made on processors: the programs for requantization and pools, on the rows of a layer's output.
//!
//! Accumulators come from the processors that hold them and are loaded like window elements. The rows of a requantization are
//! output positions, since every channel has constants of its own; the rows of a pool are values of the result, since all
//! channels do the same.

use std::ops::Range;

use ap_program::{CheckedProgram, Format, Geometry, Program, Tap};
use compiler::activation::{
    ActivationError, ChannelRequantization, RequantizationMethod, ScaledWord, max_pool_program,
    requantization_program, sum_pool_program,
};
use network::{
    Activation, ActivationId, Addend, Border, Evaluation, FRACTION_BITS, FeatureMap, LayerId, Network,
    Operation, Shape, Window,
};
use rayon::prelude::*;

use crate::events::{RowCount, Tagged};
use crate::execute::{Port, execute};
use crate::expectation::expected_tagged_bits;
use crate::layer::{MachineError, SIMULATED_ROWS};
use crate::program_events::{ProgramEvents, mean_tagged_bits};

names::names! {
    /// Where activations are made from accumulators and other activations.
    #[derive(Hash, PartialOrd, Ord)]
    pub enum ActivationsAt: "a place where activations are made", by default Periphery {
        /// By arithmetic at the arrays' periphery.
        Periphery = "periphery",
        /// By programs on the arrays, which multiply by shifts and additions.
        ShiftAndAdd = "shift-and-add",
        /// By programs on the arrays, which compare with thresholds.
        Thresholds = "thresholds",
    }
}

impl ActivationsAt {
    /// How programs on the arrays requantize, if they do.
    pub const fn method(self) -> Option<RequantizationMethod> {
        match self {
            Self::Periphery => None,
            Self::ShiftAndAdd => Some(RequantizationMethod::ShiftAndAdd),
            Self::Thresholds => Some(RequantizationMethod::Thresholds),
        }
    }
}

/// What a row stands for, and where its elements come from.
#[derive(Debug, Clone)]
enum Rows {
    /// Output positions; for each addend its source.
    Positions(Vec<Source>),
    /// Values of the result, channel-major.
    Values {
        source: ActivationId,
        window: Window,
        /// What the padding holds, for each channel.
        padding: Vec<u16>,
    },
}

#[derive(Debug, Clone)]
enum Source {
    /// A layer's accumulators, with the format of each channel.
    Accumulators(LayerId, Vec<Format>),
    Activations(ActivationId),
}

/// The programs that make one activation, with everything that they alone determine.
#[derive(Debug, Clone)]
pub(crate) struct ActivationPrograms {
    programs: Vec<CheckedProgram>,
    padding_tagged_bits: Vec<Vec<Tagged<f64>>>,
    rows: Rows,
    /// Rows of one image.
    rows_of_image: usize,
    geometry: Geometry,
    shape: Shape,
    /// Processors that there are; more blocks of rows take turns.
    processors: u64,
}

/// What a layer's accumulators look like: the format of each output, and over how many processors they are spread.
pub(crate) struct AccumulatorFormats {
    pub formats: Vec<Format>,
    pub parts: usize,
}

impl ActivationPrograms {
    /// The programs of an activation; `None` if nothing is computed for it.
    pub fn compile(
        network: &Network,
        activation: &Activation,
        method: RequantizationMethod,
        geometry: Geometry,
        processors: u64,
        layer: impl Fn(LayerId) -> Option<AccumulatorFormats>,
    ) -> Result<Option<Self>, MachineError> {
        let failed = |source| MachineError::Activation { activation: activation.name().to_owned(), source };
        let bits = |id| network.activation(id).map_or(16, |source| source.bits() as u8);
        if !is_made_on_arrays(activation.operation()) {
            return Ok(None);
        }
        let (programs, rows) = match activation.operation() {
            Operation::Input
            | Operation::Flatten { .. }
            | Operation::Concat { .. }
            | Operation::Pick { .. }
            | Operation::Table { .. }
            | Operation::Multiply { .. } => return Ok(None),
            Operation::MaxPool { source, window } => {
                let size = pool_size(*window).map_err(failed)?;
                let program = max_pool_program(size, bits(*source), geometry).map_err(failed)?;
                // Padding is 0, and never larger than an activation.
                let padding = vec![0; activation.shape().channels];
                (vec![program], Rows::Values { source: *source, window: *window, padding })
            }
            Operation::SumPool { source, window, .. } => {
                let size = pool_size(*window).map_err(failed)?;
                let program = sum_pool_program(size, bits(*source), geometry).map_err(failed)?;
                let padding =
                    network.activation(*source).map_or(Vec::new(), |source| source.zeros().to_vec());
                (vec![program], Rows::Values { source: *source, window: *window, padding })
            }
            Operation::Requantize { addends, offsets } => {
                let mut parts = 1;
                let mut sources = Vec::with_capacity(addends.len());
                for addend in addends {
                    sources.push(match addend {
                        Addend::Activations { source, .. } => Source::Activations(*source),
                        Addend::Accumulators { source, .. } => {
                            let unknown = || MachineError::Unknown(activation.name().to_owned());
                            let layer = layer(*source).ok_or_else(unknown)?;
                            parts = parts.max(layer.parts);
                            Source::Accumulators(*source, layer.formats)
                        }
                    });
                }
                let channel = |channel: usize| ChannelRequantization {
                    channel: channel as u32,
                    addends: addends
                        .iter()
                        .zip(&sources)
                        .map(|(addend, source)| scaled_word(addend, source, channel, &bits))
                        .collect(),
                    offset: offsets[channel],
                    fraction: FRACTION_BITS,
                    bits: activation.bits() as u8,
                    low: activation.bounds().low(),
                    high: activation.bounds().high(),
                };
                let channels: Vec<ChannelRequantization> = (0..offsets.len()).map(channel).collect();
                let part = |part: usize| channels.len() * part / parts;
                let programs = (0..parts)
                    .map(|p| requantization_program(&channels[part(p)..part(p + 1)], method, geometry))
                    .collect::<Result<Vec<Program>, ActivationError>>()
                    .map_err(failed)?;
                (programs, Rows::Positions(sources))
            }
        };
        let checked = |program| {
            let activation = activation.name().to_owned();
            let failed = |source| MachineError::Program { activation, source: Box::new(source) };
            CheckedProgram::new(program).map_err(failed)
        };
        let programs: Vec<CheckedProgram> = programs.into_iter().map(checked).collect::<Result<_, _>>()?;
        let shape = activation.shape();
        let rows_of_image = match rows {
            Rows::Positions(_) => shape.positions(),
            Rows::Values { .. } => shape.len(),
        };
        let of_padding = |program| expected_tagged_bits(program, |_, _| 0.0);
        let padding_tagged_bits = programs.iter().map(of_padding).collect();
        Ok(Some(Self { programs, padding_tagged_bits, rows, rows_of_image, geometry, shape, processors }))
    }

    /// Program words.
    pub fn words(&self) -> usize {
        self.programs.iter().map(|program| program.instructions.len()).sum()
    }

    fn row_count(&self) -> RowCount {
        let (occupied, rows) = (self.rows_of_image as u64, self.geometry.rows() as u64);
        RowCount { occupied, physical: occupied.div_ceil(rows) * rows }
    }

    fn events(&self, tagged_bits: &[Vec<Tagged<f64>>]) -> ProgramEvents {
        let (rows, padding) = (self.row_count(), &self.padding_tagged_bits);
        let array_rows = self.geometry.rows() as u64;
        let mut all = ProgramEvents::of(&self.programs, tagged_bits, padding, rows, array_rows);
        let events = &mut all.events;
        let turns = events.processors.div_ceil(self.processors.max(1)).max(1);
        events.processors = events.processors.min(self.processors);
        events.serial = events.serial.repeated(turns);
        events.words_fetched *= turns as f64;
        all
    }

    /// The events of one image from the programs alone. Assumption: the bits that are loaded are 1 half of the time.
    pub fn expected_events(&self) -> ProgramEvents {
        let of_program = |program: &CheckedProgram| {
            let row = expected_tagged_bits(program, |_, _| 0.5);
            row.into_iter().map(|tagged| tagged.map(|bits| self.rows_of_image as f64 * bits)).collect()
        };
        let tagged: Vec<Vec<Tagged<f64>>> = self.programs.iter().map(of_program).collect();
        self.events(&tagged)
    }

    /// Makes the activation of several images, and gives the mean of their events.
    pub fn execute(&self, images: &[Evaluation]) -> Result<(Vec<FeatureMap>, ProgramEvents), MachineError> {
        let all = images.len() * self.rows_of_image;
        let blocks: Vec<(usize, Range<usize>)> = (0..self.programs.len())
            .flat_map(|program| {
                let block = move |first: usize| (program, first..all.min(first + SIMULATED_ROWS));
                (0..all).step_by(SIMULATED_ROWS).map(block)
            })
            .collect();
        let results: Vec<(Vec<Tagged<u64>>, Outputs)> = blocks
            .par_iter()
            .map(|(program, rows)| {
                let mut port =
                    ElementPort { programs: self, images, rows: rows.clone(), outputs: Vec::new() };
                (execute(&self.programs[*program], rows.len(), &mut port), port.outputs)
            })
            .collect();
        let tagged = blocks.iter().zip(&results).map(|((program, _), (tagged, _))| (*program, tagged));
        let events = self.events(&mean_tagged_bits(&self.programs, tagged, images.len()));
        let mut values = vec![vec![0_u16; self.shape.len()]; images.len()];
        for ((_, rows), (_, outputs)) in blocks.iter().zip(results) {
            for (channel, stored) in outputs {
                for (row, value) in rows.clone().zip(stored) {
                    let place = channel as usize * self.rows_of_image + row % self.rows_of_image;
                    values[row / self.rows_of_image][place] = value as u16;
                }
            }
        }
        let wrong_shape = |_| MachineError::Unknown(format!("activation of shape {}", self.shape));
        let maps = values
            .into_iter()
            .map(|values| FeatureMap::new(self.shape, values).map_err(wrong_shape))
            .collect::<Result<_, _>>()?;
        Ok((maps, events))
    }
}

/// Whether there are programs for an operation. Tables, products of two activations and means of parts of windows are left to the
/// periphery; values that are only called by other names are made nowhere.
pub(crate) fn is_made_on_arrays(operation: &Operation) -> bool {
    match operation {
        Operation::Requantize { .. } | Operation::MaxPool { .. } => true,
        Operation::SumPool { border, .. } => *border == Border::Zero,
        _ => false,
    }
}

/// Rows and columns of a pool's window.
fn pool_size(window: Window) -> Result<(u8, u8), ActivationError> {
    let (height, width) = (window.kernel_height(), window.kernel_width());
    match (u8::try_from(height), u8::try_from(width)) {
        (Ok(rows), Ok(columns)) => Ok((rows, columns)),
        _ => Err(ActivationError::Window { height, width }),
    }
}

fn scaled_word(
    addend: &Addend,
    source: &Source,
    channel: usize,
    bits: &impl Fn(ActivationId) -> u8,
) -> ScaledWord {
    match (addend, source) {
        (Addend::Accumulators { multipliers, .. }, Source::Accumulators(_, formats)) => {
            ScaledWord { format: formats[channel], multiplier: multipliers[channel] }
        }
        (Addend::Accumulators { source: _, .. }, Source::Activations(id)) => {
            ScaledWord { format: Format { bits: bits(*id), signed: false }, multiplier: 0 }
        }
        (Addend::Activations { source, multipliers }, _) => {
            let format = Format { bits: bits(*source), signed: false };
            ScaledWord { format, multiplier: multipliers[channel] }
        }
    }
}

/// Values of a block's rows, by output.
type Outputs = Vec<(u32, Vec<i32>)>;

/// Fills rows with accumulators and activations of several images, one after the other, and keeps what is stored.
struct ElementPort<'a> {
    programs: &'a ActivationPrograms,
    images: &'a [Evaluation],
    rows: Range<usize>,
    outputs: Outputs,
}

impl Port for ElementPort<'_> {
    fn load(&mut self, tap: Tap, values: &mut [u16]) {
        let rows_of_image = self.programs.rows_of_image;
        let places = self.rows.clone().map(|row| (row / rows_of_image, row % rows_of_image));
        match &self.programs.rows {
            Rows::Values { source, window, padding } => {
                let output = self.programs.shape;
                let tap = (usize::from(tap.row), usize::from(tap.column));
                for (value, (image, row)) in values.iter_mut().zip(places) {
                    let Some(map) = self.images[image].activations(*source) else { continue };
                    let (shape, position) = (map.shape(), row % output.positions());
                    let position = (position / output.width, position % output.width);
                    let channel = row / output.positions();
                    *value = window.source(shape, position, tap).map_or(padding[channel], |(y, x)| {
                        map.values()[channel * shape.positions() + y * shape.width + x]
                    });
                }
            }
            Rows::Positions(sources) => {
                let (channel, shift) = (tap.channel as usize, 16 * u32::from(tap.column));
                let place = |position| channel * rows_of_image + position;
                match sources.get(usize::from(tap.row)) {
                    Some(Source::Accumulators(layer, formats)) => {
                        let format = formats[channel];
                        let mask = u32::MAX >> (u32::BITS - u32::from(format.bits));
                        // A signed word comes with its last bit inverted.
                        let inverted = if format.signed { 1 << (format.bits - 1) } else { 0 };
                        for (value, (image, position)) in values.iter_mut().zip(places) {
                            let Some(sums) = self.images[image].accumulators(*layer) else { continue };
                            let word = (sums.values()[place(position)] as u32 & mask) ^ inverted;
                            *value = (word >> shift) as u16;
                        }
                    }
                    Some(Source::Activations(source)) => {
                        for (value, (image, position)) in values.iter_mut().zip(places) {
                            let Some(map) = self.images[image].activations(*source) else { continue };
                            *value = u32::from(map.values()[place(position)]).unbounded_shr(shift) as u16;
                        }
                    }
                    None => values.fill(0),
                }
            }
        }
    }

    fn store(&mut self, output: u32, values: &[i32]) {
        self.outputs.push((output, values.to_vec()));
    }
}
