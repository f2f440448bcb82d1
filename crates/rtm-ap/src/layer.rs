//! One layer on processors: its programs, the blocks of rows that they run on, and the events.

use std::sync::OnceLock;

use ap_program::{CheckedProgram, Geometry, Program, ProgramCounts, ProgramError, Tap};
use compiler::activation::ActivationError;
use compiler::{CompileError, CompiledLayer, Options, compile_layer};
use network::{Accumulators, FeatureMap, LinearLayer, Window};
use rayon::prelude::*;

use crate::allocation::LayerDemand;
use crate::events::{RowCount, Tagged};
use crate::execute::{Port, execute};
use crate::expectation::expected_tagged_bits;
use crate::program_events::{ProgramEvents, mean_tagged_bits};
use crate::strike::{Strike, StrikeSites};
use crate::struck::{RowStrike, execute_struck};

/// Why a layer cannot run.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MachineError {
    /// It does not compile.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// A program for an activation cannot be made.
    #[error("activation `{activation}`: {source}")]
    Activation {
        activation: String,
        /// Why.
        source: ActivationError,
    },
    /// Such a program breaks a rule of the machine.
    #[error("activation `{activation}`: {source}")]
    Program {
        activation: String,
        /// The rule.
        source: Box<ProgramError>,
    },
    /// The engine was not prepared for the layer.
    #[error("layer `{0}` was not compiled for this machine")]
    Unknown(String),
    /// The activations are not of the layer's input shape.
    #[error("layer `{layer}`: activations of shape {found}; expected {expected}")]
    InputShape {
        layer: String,
        /// The shape given.
        found: network::Shape,
        /// The shape expected.
        expected: network::Shape,
    },
}

/// A layer compiled for processors, with everything that its programs alone determine.
#[derive(Debug, Clone)]
pub struct MachineLayer {
    compiled: CompiledLayer,
    /// Bits that each table of each program writes to tagged rows in a row that holds nothing.
    padding_tagged_bits: Vec<Vec<Tagged<f64>>>,
    geometry: Geometry,
    window: Window,
    input: network::Shape,
    /// What the padding holds, for each input channel.
    zeros: Vec<u16>,
    output: network::Shape,
    /// For each program.
    sites: Vec<OnceLock<StrikeSites>>,
    /// Its programs are encoded to know it, which takes as long as compiling some of them.
    demand: OnceLock<LayerDemand>,
}

/// A row that faults strike: what it computes, and what befalls it.
#[derive(Debug, Clone, Copy)]
pub struct StruckRow<'a> {
    /// The activations of its image.
    pub input: &'a FeatureMap,
    /// Its output position, row-major.
    pub position: usize,
    /// What strikes it, in any order.
    pub strikes: &'a [Strike],
}

impl MachineLayer {
    /// Compiles a layer.
    ///
    /// # Errors
    /// If it does not fit the array.
    pub fn compile(layer: &LinearLayer, options: &Options) -> Result<Self, MachineError> {
        let compiled =
            compile_layer(layer.name(), layer.weights(), u32::from(layer.input_maximum()), options)?;
        let sites = vec![OnceLock::new(); compiled.programs.len()];
        let mut prepared = Self {
            compiled,
            padding_tagged_bits: Vec::new(),
            geometry: options.geometry,
            window: layer.window(),
            input: layer.input(),
            zeros: layer.input_zeros().to_vec(),
            output: layer.output(),
            sites,
            demand: OnceLock::new(),
        };
        let rows = prepared.rows();
        if rows.physical > rows.occupied {
            let of_padding = |program| expected_tagged_bits(program, |_, _| 0.0);
            prepared.padding_tagged_bits = prepared.compiled.programs.par_iter().map(of_padding).collect();
        }
        Ok(prepared)
    }

    /// The programs and their statistics.
    pub fn compiled(&self) -> &CompiledLayer {
        &self.compiled
    }

    /// The programs, one for each part of the outputs.
    pub fn programs(&self) -> &[CheckedProgram] {
        &self.compiled.programs
    }

    /// The events of each program in one row.
    pub fn counts(&self) -> impl ExactSizeIterator<Item = &ProgramCounts> {
        self.compiled.programs.iter().map(CheckedProgram::counts)
    }

    /// What it asks of the processors.
    pub fn demand(&self) -> &LayerDemand {
        match self.demand.get() {
            Some(demand) => demand,
            // Not within the lock: a worker that waits for its pool there could be given what waits for the lock.
            None => {
                let demand = LayerDemand::of(self);
                self.demand.get_or_init(|| demand)
            }
        }
    }

    /// The array.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// The rows that each program runs on: output positions, filled up to whole processors.
    pub fn rows(&self) -> RowCount {
        self.rows_on(self.geometry.rows() as u64)
    }

    fn rows_on(&self, array_rows: u64) -> RowCount {
        let occupied = self.output.positions() as u64;
        RowCount { occupied, physical: occupied.div_ceil(array_rows.max(1)) * array_rows.max(1) }
    }

    /// Processors that take part: one for each program and block of rows.
    pub fn processors(&self) -> u64 {
        self.rows().physical / self.geometry.rows() as u64 * self.programs().len() as u64
    }

    /// The events that do not depend on data, and the given bits that each table of each program writes to tagged rows.
    fn events(&self, tagged_bits: &[Vec<Tagged<f64>>]) -> ProgramEvents {
        ProgramEvents::of(
            &self.compiled.programs,
            tagged_bits,
            &self.padding_tagged_bits,
            self.rows(),
            self.geometry.rows() as u64,
        )
    }

    /// The events of one image from the programs alone; `set_bit_share` gives the probability that a bit of an input value is 1.
    /// Taps that lie in the padding at some output positions are there what stands for 0.
    pub fn expected_events(&self, set_bit_share: impl Fn(usize) -> f64 + Sync) -> ProgramEvents {
        self.events(&self.expected_tagged(set_bit_share))
    }

    /// The same on arrays of other numbers of rows: programs do not depend on them.
    pub fn expected_events_on(
        &self,
        array_rows: &[u64],
        set_bit_share: impl Fn(usize) -> f64 + Sync,
    ) -> Vec<ProgramEvents> {
        let tagged = self.expected_tagged(set_bit_share);
        let of_padding = |program| expected_tagged_bits(program, |_, _| 0.0);
        let padding: Vec<Vec<Tagged<f64>>> = self.compiled.programs.iter().map(of_padding).collect();
        let on = |&array_rows: &u64| {
            let rows = self.rows_on(array_rows);
            ProgramEvents::of(&self.compiled.programs, &tagged, &padding, rows, array_rows)
        };
        array_rows.iter().map(on).collect()
    }

    fn expected_tagged(&self, set_bit_share: impl Fn(usize) -> f64 + Sync) -> Vec<Vec<Tagged<f64>>> {
        let occupied = self.rows().occupied as f64;
        let inside = self.shares_inside();
        let share = |tap: Tap, bit: usize| {
            let place = usize::from(tap.row) * self.window.kernel_width() + usize::from(tap.column);
            let inside = inside.get(place).unwrap_or(&1.0);
            let zero = self.zeros.get(tap.channel as usize).map_or(0, |zero| zero >> bit & 1);
            inside * set_bit_share(bit) + (1.0 - inside) * f64::from(zero)
        };
        let of_program = |program: &CheckedProgram| {
            let row = expected_tagged_bits(program, share);
            row.into_iter().map(|tagged| tagged.map(|bits| occupied * bits)).collect()
        };
        self.compiled.programs.par_iter().map(of_program).collect()
    }

    /// The share of output positions at which each tap of the window lies inside the input.
    fn shares_inside(&self) -> Vec<f64> {
        let positions = |height| (0..height).flat_map(|row| (0..self.output.width).map(move |c| (row, c)));
        let share = |tap| {
            let inside = positions(self.output.height)
                .filter(|&position| self.window.source(self.input, position, tap).is_some())
                .count();
            inside as f64 / self.output.positions().max(1) as f64
        };
        let columns = self.window.kernel_width();
        let taps = (0..self.window.kernel_height()).flat_map(|row| (0..columns).map(move |c| (row, c)));
        taps.map(share).collect()
    }

    /// Runs the programs on the activations of one image.
    ///
    /// # Errors
    /// If the activations are not of the layer's shape.
    pub fn execute(&self, input: &FeatureMap) -> Result<(Accumulators, ProgramEvents), MachineError> {
        let (mut accumulators, events) = self.execute_all(&[input])?;
        match accumulators.pop() {
            Some(accumulators) => Ok((accumulators, events)),
            None => Err(self.wrong_shape(input.shape())),
        }
    }

    /// Runs the programs on the activations of several images, and gives the mean of their events.
    ///
    /// Rows do not know of each other, so the rows of all images are executed in blocks that make full words, whatever the
    /// processors' rows; what is counted is what each image does on processors of its own.
    ///
    /// # Errors
    /// If activations are not of the layer's shape.
    pub fn execute_all(
        &self,
        inputs: &[&FeatureMap],
    ) -> Result<(Vec<Accumulators>, ProgramEvents), MachineError> {
        inputs.iter().try_for_each(|input| self.check_input(input))?;
        let blocks: Vec<Block> = self.blocks(inputs.len(), SIMULATED_ROWS).collect();
        let results: Vec<(Vec<Tagged<u64>>, Outputs)> = blocks
            .par_iter()
            .map(|&block| {
                let mut port = self.port(inputs, block);
                (execute(&self.compiled.programs[block.program], block.rows, &mut port), port.outputs)
            })
            .collect();
        let tagged = blocks.iter().zip(&results).map(|(block, (tagged, _))| (block.program, tagged));
        let events = self.events(&mean_tagged_bits(&self.compiled.programs, tagged, inputs.len()));
        let outputs = results.into_iter().map(|(_, outputs)| outputs);
        Ok((self.assemble(inputs.len(), blocks.iter().copied().zip(outputs))?, events))
    }

    /// Runs one of the programs on rows that faults strike, however many, of whatever images: for each output that it stores, the
    /// accumulators of all rows. A row's result depends on its own input, position and strikes alone.
    ///
    /// # Errors
    /// If activations are not of the layer's shape.
    pub fn execute_struck(
        &self,
        program: usize,
        rows: &[StruckRow<'_>],
    ) -> Result<Vec<(u32, Vec<i32>)>, MachineError> {
        rows.iter().try_for_each(|row| self.check_input(row.input))?;
        let Some(program) = self.compiled.programs.get(program) else { return Ok(Vec::new()) };
        let blocks: Vec<Outputs> = rows
            .par_chunks(SIMULATED_ROWS)
            .map(|rows| {
                let mut strikes: Vec<RowStrike> = (0_u32..)
                    .zip(rows)
                    .flat_map(|(row, struck)| {
                        struck.strikes.iter().map(move |&strike| RowStrike { strike, row })
                    })
                    .collect();
                strikes.sort_unstable();
                let place = |row: &StruckRow<'_>| {
                    (row.position / self.output.width, row.position % self.output.width)
                };
                let places = rows.iter().map(place).collect();
                let (window, zeros) = (self.window, &self.zeros);
                let mut port = RowPort { window, zeros, rows, places, outputs: Vec::new() };
                execute_struck(program, rows.len(), &mut port, &strikes);
                port.outputs
            })
            .collect();
        let mut blocks = blocks.into_iter();
        let mut all = blocks.next().unwrap_or_default();
        for block in blocks {
            for ((_, values), (_, more)) in all.iter_mut().zip(block) {
                values.extend(more);
            }
        }
        Ok(all)
    }

    /// Does something with every program and block of rows, each of a processor's size, in this order.
    pub(crate) fn each_block<T: Send>(
        &self,
        input: &FeatureMap,
        work: impl Fn(&Program, usize, &mut WindowPort<'_>) -> T + Sync,
    ) -> Result<Vec<T>, MachineError> {
        self.check_input(input)?;
        let inputs = [input];
        let blocks: Vec<Block> = self.blocks(1, self.geometry.rows()).collect();
        let of_block = |&block: &Block| {
            work(&self.compiled.programs[block.program], block.rows, &mut self.port(&inputs, block))
        };
        Ok(blocks.par_iter().map(of_block).collect())
    }

    /// Does something with one row of one processor; nothing if the row holds no output position.
    pub(crate) fn on_row<T>(
        &self,
        input: &FeatureMap,
        processor: usize,
        row: usize,
        work: impl FnOnce(&Program, &mut WindowPort<'_>) -> T,
    ) -> Result<Option<T>, MachineError> {
        self.check_input(input)?;
        let inputs = [input];
        let block = self.blocks(1, self.geometry.rows()).nth(processor).filter(|block| row < block.rows);
        Ok(block.map(|block| {
            let only = Block { first: block.first + row, rows: 1, ..block };
            work(&self.compiled.programs[block.program], &mut self.port(&inputs, only))
        }))
    }

    /// Where faults can strike in a program; found when first asked for.
    pub fn strike_sites(&self, program: usize) -> Option<&StrikeSites> {
        let sites = self.sites.get(program)?;
        Some(sites.get_or_init(|| StrikeSites::of(&self.compiled.programs[program])))
    }

    pub(crate) fn check_input(&self, input: &FeatureMap) -> Result<(), MachineError> {
        if input.shape() == self.input { Ok(()) } else { Err(self.wrong_shape(input.shape())) }
    }

    fn wrong_shape(&self, found: network::Shape) -> MachineError {
        MachineError::InputShape { layer: self.compiled.name.clone(), found, expected: self.input }
    }

    /// The rows of all images, one image after the other, in blocks of at most `most` rows, for every program.
    fn blocks(&self, images: usize, most: usize) -> impl Iterator<Item = Block> {
        (0..self.compiled.programs.len()).flat_map(move |program| self.blocks_of(program, images, most))
    }

    /// The same for one program.
    pub(crate) fn blocks_of(
        &self,
        program: usize,
        images: usize,
        most: usize,
    ) -> impl Iterator<Item = Block> + use<> {
        let all = images * self.output.positions();
        (0..all).step_by(most).map(move |first| Block { program, first, rows: most.min(all - first) })
    }

    pub(crate) fn port<'a>(&'a self, inputs: &'a [&'a FeatureMap], block: Block) -> WindowPort<'a> {
        WindowPort {
            window: self.window,
            zeros: &self.zeros,
            inputs,
            first: block.first,
            width: self.output.width,
            positions: self.output.positions(),
            outputs: Vec::new(),
        }
    }

    /// Brings the rows of all blocks back into the images' accumulators.
    fn assemble(
        &self,
        images: usize,
        results: impl Iterator<Item = (Block, Outputs)>,
    ) -> Result<Vec<Accumulators>, MachineError> {
        let positions = self.output.positions();
        let mut sums = vec![vec![0; self.output.len()]; images];
        for (block, outputs) in results {
            for (output, values) in outputs {
                let mut rest = values.as_slice();
                let (mut image, mut position) = (block.first / positions, block.first % positions);
                while !rest.is_empty() {
                    let (here, next) = rest.split_at(rest.len().min(positions - position));
                    let start = output as usize * positions + position;
                    sums[image][start..start + here.len()].copy_from_slice(here);
                    (image, position, rest) = (image + 1, 0, next);
                }
            }
        }
        let of_shape = |sums| Accumulators::new(self.output, sums).map_err(|_| self.wrong_shape(self.output));
        sums.into_iter().map(of_shape).collect()
    }
}

/// Rows that are simulated together: eight words of a plane.
pub(crate) const SIMULATED_ROWS: usize = 512;

/// Rows that run one program, counted over all images.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    program: usize,
    first: usize,
    pub(crate) rows: usize,
}

/// Accumulators of a block's rows, by output.
type Outputs = Vec<(u32, Vec<i32>)>;

/// Fills rows with the windows at consecutive output positions, image after image, and keeps what is stored.
pub(crate) struct WindowPort<'a> {
    window: Window,
    zeros: &'a [u16],
    inputs: &'a [&'a FeatureMap],
    /// The output position of row 0, counted over all images.
    first: usize,
    /// Output positions in a row of the output.
    width: usize,
    /// Output positions of an image.
    positions: usize,
    outputs: Outputs,
}

impl Port for WindowPort<'_> {
    fn load(&mut self, tap: Tap, values: &mut [u16]) {
        let (channel, tap) = (tap.channel as usize, (usize::from(tap.row), usize::from(tap.column)));
        let mut rest = values;
        let (mut image, mut position) = (self.first / self.positions, self.first % self.positions);
        while !rest.is_empty() {
            let here = rest.len().min(self.positions - position);
            let (values, next) = rest.split_at_mut(here);
            let shape = self.inputs[image].shape();
            let zero = self.zeros[channel];
            let channel = &self.inputs[image].values()[channel * shape.positions()..][..shape.positions()];
            let source = Plane { values: channel, shape, zero };
            fill_positions(values, source, self.window, tap, position, self.width);
            (image, position, rest) = (image + 1, 0, next);
        }
    }

    fn store(&mut self, output: u32, values: &[i32]) {
        self.outputs.push((output, values.to_vec()));
    }
}

/// Fills rows with the windows at their own positions of their own images.
struct RowPort<'a> {
    window: Window,
    zeros: &'a [u16],
    rows: &'a [StruckRow<'a>],
    /// Row and column of the output, for each row.
    places: Vec<(usize, usize)>,
    outputs: Outputs,
}

impl Port for RowPort<'_> {
    fn load(&mut self, tap: Tap, values: &mut [u16]) {
        let (channel, tap) = (tap.channel as usize, (usize::from(tap.row), usize::from(tap.column)));
        for ((value, row), &place) in values.iter_mut().zip(self.rows).zip(&self.places) {
            let shape = row.input.shape();
            let element =
                |(y, x): (usize, usize)| row.input.values()[(channel * shape.height + y) * shape.width + x];
            *value = self.window.source(shape, place, tap).map_or(self.zeros[channel], element);
        }
    }

    fn store(&mut self, output: u32, values: &[i32]) {
        self.outputs.push((output, values.to_vec()));
    }
}

/// One channel of a map, and what lies around it.
#[derive(Clone, Copy)]
struct Plane<'a> {
    values: &'a [u16],
    shape: network::Shape,
    zero: u16,
}

/// The window element `tap` of one channel at consecutive output positions; in the padding, what stands for 0.
fn fill_positions(
    values: &mut [u16],
    Plane { values: channel, shape, zero }: Plane<'_>,
    window: Window,
    (tap_row, tap_column): (usize, usize),
    first: usize,
    width: usize,
) {
    let (stride, left) = (window.column_stride(), window.padding().left);
    let (tap_row, tap_column) = (tap_row * window.row_dilation(), tap_column * window.column_dilation());
    let (mut row, mut column) = (first / width, first % width);
    let mut rest = values;
    // Row by row of the output: the input's row is the same all along it.
    while !rest.is_empty() {
        let here = rest.len().min(width - column);
        let (values, next) = rest.split_at_mut(here);
        let y = (row * window.row_stride() + tap_row).checked_sub(window.padding().top);
        let y = y.filter(|&y| y < shape.height);
        match y.and_then(|y| channel.get(y * shape.width..(y + 1) * shape.width)) {
            None => values.fill(zero),
            Some(source) => {
                // Positions whose input column lies inside: `left <= column · stride + tap_column < width + left`.
                let inside_from = left.saturating_sub(tap_column).div_ceil(stride).max(column);
                let inside_to = (shape.width + left).saturating_sub(tap_column).div_ceil(stride);
                let from = (inside_from - column).min(here);
                let to = inside_to.saturating_sub(column).clamp(from, here);
                values[..from].fill(zero);
                values[to..].fill(zero);
                if from < to {
                    let start = (column + from) * stride + tap_column - left;
                    for (value, &element) in
                        values[from..to].iter_mut().zip(source[start..].iter().step_by(stride))
                    {
                        *value = element;
                    }
                }
            }
        }
        (row, column, rest) = (row + 1, 0, next);
    }
}
