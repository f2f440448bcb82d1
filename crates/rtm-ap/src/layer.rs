//! One layer on processors: its programs, the blocks of rows that they run on, and the events.

use compiler::ir::Tap;
use compiler::{CompileError, CompiledLayer, Geometry, Options, Program, compile_layer};
use network::{Accumulators, FeatureMap, LinearLayer, Window};
use rayon::prelude::*;

use crate::counts::{ProgramCounts, ProgramError};
use crate::events::{Events, PerRows, RowCount, SerialSteps};
use crate::execute::{Port, execute};
use crate::expectation::expected_tagged_bits;
use crate::slip::{SlipOutcome, Slips, execute_slipping};

/// Why a layer cannot run.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MachineError {
    /// It does not compile.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// Its program breaks a rule of the machine.
    #[error("layer `{layer}`: {source}")]
    Program {
        /// The layer.
        layer: String,
        /// The rule.
        source: Box<ProgramError>,
    },
    /// The engine was not prepared for the layer.
    #[error("layer `{0}` was not compiled for this machine")]
    Unknown(String),
    /// The activations are not of the layer's input shape.
    #[error("layer `{layer}`: activations of shape {found}; expected {expected}")]
    InputShape {
        /// The layer.
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
    counts: Vec<ProgramCounts>,
    /// Bits written to tagged rows in a row that holds nothing, for each program.
    padding_tagged_bits: Vec<f64>,
    geometry: Geometry,
    window: Window,
    input: network::Shape,
    output: network::Shape,
}

impl MachineLayer {
    /// Compiles a layer.
    ///
    /// # Errors
    /// If it does not fit the array.
    pub fn compile(layer: &LinearLayer, options: &Options) -> Result<Self, MachineError> {
        let compiled =
            compile_layer(layer.name(), layer.weights(), u32::from(layer.input_maximum()), options)?;
        let counts = compiled
            .programs
            .iter()
            .map(|program| {
                ProgramCounts::of(program).map_err(|source| MachineError::Program {
                    layer: layer.name().to_owned(),
                    source: Box::new(source),
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut prepared = Self {
            compiled,
            counts,
            padding_tagged_bits: Vec::new(),
            geometry: options.geometry,
            window: layer.window(),
            input: layer.input(),
            output: layer.output(),
        };
        let rows = prepared.rows();
        prepared.padding_tagged_bits = prepared
            .compiled
            .programs
            .iter()
            .map(
                |program| {
                    if rows.physical > rows.occupied { expected_tagged_bits(program, 0.0) } else { 0.0 }
                },
            )
            .collect();
        Ok(prepared)
    }

    /// The programs and their statistics.
    pub fn compiled(&self) -> &CompiledLayer {
        &self.compiled
    }

    /// The events of each program in one row.
    pub fn counts(&self) -> &[ProgramCounts] {
        &self.counts
    }

    /// The rows that each program runs on: output positions, filled up to whole processors.
    pub fn rows(&self) -> RowCount {
        let occupied = self.output.positions() as u64;
        let rows = self.geometry.rows() as u64;
        RowCount { occupied, physical: occupied.div_ceil(rows) * rows }
    }

    /// The events that do not depend on data, and the given bits written to tagged rows of each program.
    fn events(&self, tagged_bits: impl Iterator<Item = f64>) -> Events {
        let rows = self.rows();
        let blocks = rows.physical / self.geometry.rows() as u64;
        let mut events = Events { processors: blocks * self.counts.len() as u64, ..Events::default() };
        let padding = (rows.physical - rows.occupied) as f64;
        for ((counts, padding_bits), tagged) in
            self.counts.iter().zip(&self.padding_tagged_bits).zip(tagged_bits)
        {
            events.row_searches += PerRows::uniform(counts.compares, rows);
            events.searched_bits += PerRows::uniform(counts.compared_columns, rows);
            events.driven_columns += (counts.compared_columns * blocks) as f64;
            events.tagged_bits += PerRows { occupied: tagged, physical: tagged + padding * padding_bits };
            events.broadcast_bits += PerRows::uniform(counts.broadcast_bits, rows);
            events.track_steps += PerRows::uniform(counts.track_steps, rows);
            events.loaded_bits += (counts.loaded_bits * rows.occupied) as f64;
            events.stored_bits += (counts.stored_bits * rows.occupied) as f64;
            events.words_fetched += counts.words as f64;
            events.words_broadcast += (counts.words * blocks) as f64;
        }
        events.serial =
            self.counts.iter().fold(SerialSteps::default(), |s, counts| s.alongside(counts.serial));
        events
    }

    /// The events of one image from the programs alone, if every loaded bit is 1 with the given probability.
    pub fn expected_events(&self, set_bit_share: f64) -> Events {
        let occupied = self.rows().occupied as f64;
        self.events(
            self.compiled
                .programs
                .iter()
                .map(|program| occupied * expected_tagged_bits(program, set_bit_share)),
        )
    }

    /// Runs the programs on the activations of one image.
    ///
    /// # Errors
    /// If the activations are not of the layer's shape.
    pub fn execute(&self, input: &FeatureMap) -> Result<(Accumulators, Events), MachineError> {
        self.check_input(input)?;
        let blocks: Vec<Block> = self.blocks().collect();
        let results: Vec<(u64, Outputs)> = blocks
            .par_iter()
            .map(|&block| {
                let (program, rows, mut port) = self.block(input, block);
                let tagged = execute(program, rows, &mut port);
                (tagged, port.outputs)
            })
            .collect();
        let mut tagged = vec![0_u64; self.compiled.programs.len()];
        for (&block, &(bits, _)) in blocks.iter().zip(&results) {
            tagged[block.program] += bits;
        }
        let events = self.events(tagged.into_iter().map(|bits| bits as f64));
        let outputs = results.into_iter().map(|(_, outputs)| outputs);
        Ok((self.assemble(blocks.iter().copied().zip(outputs))?, events))
    }

    /// Runs the programs on tracks that slip, one block of rows after the other.
    ///
    /// # Errors
    /// If the activations are not of the layer's shape.
    pub fn execute_slipping(
        &self,
        input: &FeatureMap,
        slips: &mut impl Slips,
    ) -> Result<(Accumulators, SlipOutcome), MachineError> {
        self.check_input(input)?;
        let mut total = SlipOutcome::default();
        let mut results = Vec::new();
        for block in self.blocks() {
            let (program, rows, mut port) = self.block(input, block);
            let outcome = match rows.div_ceil(64) {
                1 => execute_slipping::<1>(program, rows, &mut port, slips),
                2 => execute_slipping::<2>(program, rows, &mut port, slips),
                3..=4 => execute_slipping::<4>(program, rows, &mut port, slips),
                5..=16 => execute_slipping::<16>(program, rows, &mut port, slips),
                _ => execute_slipping::<64>(program, rows, &mut port, slips),
            };
            total.tagged_bits += outcome.tagged_bits;
            total.slips += outcome.slips;
            results.push((block, port.outputs));
        }
        Ok((self.assemble(results.into_iter())?, total))
    }

    fn check_input(&self, input: &FeatureMap) -> Result<(), MachineError> {
        if input.shape() != self.input {
            return Err(MachineError::InputShape {
                layer: self.compiled.name.clone(),
                found: input.shape(),
                expected: self.input,
            });
        }
        Ok(())
    }

    fn blocks(&self) -> impl Iterator<Item = Block> {
        let blocks = self.output.positions().div_ceil(self.geometry.rows());
        (0..self.compiled.programs.len())
            .flat_map(move |program| (0..blocks).map(move |index| Block { program, index }))
    }

    /// The program of a block, its rows and their port.
    fn block<'a>(&'a self, input: &'a FeatureMap, block: Block) -> (&'a Program, usize, WindowPort<'a>) {
        let first = block.index * self.geometry.rows();
        let rows = (self.output.positions() - first).min(self.geometry.rows());
        let width = self.output.width;
        let port = WindowPort { window: self.window, input, first, width, outputs: Vec::new() };
        (&self.compiled.programs[block.program], rows, port)
    }

    fn assemble(
        &self,
        results: impl Iterator<Item = (Block, Outputs)>,
    ) -> Result<Accumulators, MachineError> {
        let positions = self.output.positions();
        let mut sums = vec![0; self.output.len()];
        for (block, outputs) in results {
            for (output, values) in outputs {
                let start = output as usize * positions + block.index * self.geometry.rows();
                sums[start..start + values.len()].copy_from_slice(&values);
            }
        }
        Accumulators::new(self.output, sums).map_err(|_| MachineError::InputShape {
            layer: self.compiled.name.clone(),
            found: self.output,
            expected: self.output,
        })
    }
}

/// One processor's part of a layer.
#[derive(Debug, Clone, Copy)]
struct Block {
    program: usize,
    index: usize,
}

/// Accumulators of a block's rows, by output.
type Outputs = Vec<(u32, Vec<i32>)>;

/// Fills rows with the windows at consecutive output positions of an image, and keeps what is stored.
struct WindowPort<'a> {
    window: Window,
    input: &'a FeatureMap,
    /// The output position of row 0.
    first: usize,
    /// Output positions in a row of the output.
    width: usize,
    outputs: Outputs,
}

impl Port for WindowPort<'_> {
    fn load(&mut self, tap: Tap, values: &mut [u16]) {
        let shape = self.input.shape();
        let channel = &self.input.values()[tap.channel as usize * shape.positions()..][..shape.positions()];
        let tap = (usize::from(tap.row), usize::from(tap.column));
        let (mut row, mut column) = (self.first / self.width, self.first % self.width);
        for value in values {
            *value = self
                .window
                .source(shape, (row, column), tap)
                .map_or(0, |(y, x)| channel[y * shape.width + x]);
            column += 1;
            if column == self.width {
                (row, column) = (row + 1, 0);
            }
        }
    }

    fn store(&mut self, output: u32, values: &[i32]) {
        self.outputs.push((output, values.to_vec()));
    }
}
