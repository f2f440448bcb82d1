//! The tables that `tritrack simulate` prints.

use rtm_ap::{
    Allocation, Events, NetworkCost, ProcessorDesign, ProcessorParameters, ProgramEvents, SearchModel,
    TracedInstruction, chip_area,
};
use tables::{Column, Schema, Table, Value};
use technology::{Quantity, TechnologyFile, Time};

use crate::error::RunError;
use crate::simulation::Simulation;
use crate::studies::costs::{microjoules, milliseconds};

/// What is printed of every layer and of the whole.
pub static SIMULATION: Schema = Schema::new(
    "simulation",
    "Events and costs of a network on the associative processor, the mean of the images.",
    &[
        Column::text("layer", "Name of the layer; `total` for all of them."),
        Column::integer("processors", "", "Associative processors that take part."),
        Column::integer("occupied_rows", "", "Rows that hold an output position."),
        Column::integer("physical_rows", "", "Rows of the processors that a program takes."),
        Column::real("row_searches", "", "Searches in all rows."),
        Column::real("searched_bits", "", "Bits that searches compare: columns not masked, in all rows."),
        Column::real("tagged_bits", "", "Bits written to rows that a search tagged, executed on the images."),
        Column::real(
            "expected_tagged_bits",
            "",
            "The same from the program and the share of images in which each input bit is set.",
        ),
        Column::real("broadcast_bits", "", "Bits written to every row."),
        Column::real("track_steps", "", "Steps of tracks in all rows."),
        Column::real("loaded_bits", "", "Bits brought into rows."),
        Column::real("stored_bits", "", "Bits of accumulators read out."),
        Column::real("output_bits", "", "Bits of activations brought to the buffer."),
        Column::real("requantizations", "", "Accumulators made activations at the periphery."),
        Column::real("pool_operations", "", "Comparisons and additions of pools at the periphery."),
        Column::real("words", "", "Program words fetched."),
        Column::real("words_broadcast", "", "Program words received by processors."),
        Column::real("energy_active_bits", "uJ", "Energy with searches charged by active bits."),
        Column::real("energy_match_line", "uJ", "Energy with searches charged by match line."),
        Column::real(
            "latency",
            "ms",
            "Latency: searches, writes, shifts, reads and transfers, nothing overlapping.",
        ),
        Column::real(
            "latency_look_ahead",
            "ms",
            "Latency if a column shifts for its next bit while other columns are worked on.",
        )
        .optional(),
        Column::real("power", "mW", "Energy by active bits over latency."),
        Column::real(
            "row_utilization",
            "",
            "Rows that hold an output position, of those of the processors that take part.",
        )
        .optional(),
        Column::real("cell_utilization", "", "Cells of a row that hold something at some time.").optional(),
        Column::real(
            "utilization",
            "",
            "Rows at work, of all rows of all installed processors, over the latency.",
        )
        .optional(),
    ],
);

/// The columns of [`SIMULATION`] that a terminal shows.
pub const SHOWN: [&str; 12] = [
    "layer",
    "processors",
    "row_searches",
    "tagged_bits",
    "expected_tagged_bits",
    "track_steps",
    "words",
    "energy_active_bits",
    "energy_match_line",
    "latency",
    "latency_look_ahead",
    "utilization",
];

/// Searches and writes by kind of pass.
pub static PASSES: Schema = Schema::new(
    "passes",
    "Searches and writes of every layer by the table that the passes belong to, the mean of the images.",
    &[
        Column::text("layer", "Name of the layer."),
        Column::text("table", "Look-up table."),
        Column::integer("bits", "", "Bits that the table is applied to, over all programs of the layer."),
        Column::real("row_searches", "", "Searches in all rows."),
        Column::real("searched_bits", "", "Bits that searches compare: columns not masked, in all rows."),
        Column::real("tagged_bits", "", "Bits written to rows that a search tagged."),
        Column::real("broadcast_bits", "", "Bits written to every row."),
    ],
);

/// The network on other numbers of processors.
pub static PROCESSORS: Schema = Schema::new(
    "processors",
    "Latency, energy and area of a network by the number of associative processors installed.",
    &[
        Column::text(
            "allocation",
            "What the number is: of the largest layer, of the whole network, or a budget.",
        ),
        Column::integer("processors", "", "Associative processors installed."),
        Column::real("latency", "ms", "From the image to its logits, reloads included."),
        Column::real(
            "interval",
            "ms",
            "Time from one image to the next: of the slowest layer if each layer keeps processors of its own.",
        ),
        Column::real("energy_active_bits", "uJ", "Energy of an image with searches charged by active bits."),
        Column::real("energy_match_line", "uJ", "Energy of an image with searches charged by match line."),
        Column::real("leakage", "uJ", "The part of it that leaks."),
        Column::real("words", "", "Program words fetched: once for every round of a layer."),
        Column::real("power", "mW", "Energy by active bits over the interval."),
        Column::real("area", "mm2", "Area of processors and program memory."),
    ],
);

/// Instructions as they are executed.
pub static TRACE: Schema = Schema::new(
    "trace",
    "What every instruction of a layer's programs does on the first image.",
    &[
        Column::text("layer", "Name of the layer."),
        Column::integer("program", "", "The program among those of the layer."),
        Column::integer("instruction", "", "Place in the program, counted from 0."),
        Column::text("text", "The instruction as assembly."),
        Column::integer("compares", "", "Searches, one after the other."),
        Column::integer("writes", "", "Writes, one after the other."),
        Column::integer("shifts", "", "Steps of tracks, one after the other."),
        Column::integer("reads", "", "Reads, one after the other."),
        Column::integer("track_steps", "", "Steps of tracks in one row, over all columns."),
        Column::integer("tagged_bits", "", "Bits written to tagged rows, over all output positions."),
    ],
);

/// A network on its processors, with what it is priced by.
pub struct Priced<'a> {
    /// The compiled network.
    pub machine: &'a rtm_ap::Machine,
    /// The technology.
    pub file: &'a TechnologyFile<ProcessorDesign>,
    /// Its parameters.
    pub parameters: &'a ProcessorParameters,
    /// How many processors there are.
    pub allocation: Allocation,
}

impl Priced<'_> {
    fn costs(&self, events: &[Events], allocation: Allocation, model: SearchModel) -> NetworkCost {
        let allocated = allocation.apply(&self.machine.demands(), events);
        let geometry = self.machine.options().geometry;
        NetworkCost::of(&allocated, geometry, self.parameters, model, self.file.design.padding_rows)
    }

    /// A row for each layer that ran, and one for all of them.
    pub fn layers(
        &self,
        simulation: &Simulation,
        expected: &[Events],
        ran: impl Fn(usize) -> bool,
    ) -> Result<Table, RunError> {
        let events: Vec<Events> = simulation.layers.iter().map(|layer| layer.events).collect();
        let allocated = self.allocation.apply(&self.machine.demands(), &events);
        let active = self.costs(&events, self.allocation, SearchModel::ActiveBits);
        let line = self.costs(&events, self.allocation, SearchModel::MatchLine);
        let mut table = Table::new(&SIMULATION);
        let mut total = Row::default();
        for (index, layer) in self.machine.layers().iter().enumerate().filter(|(index, _)| ran(*index)) {
            let timeline = layer.timeline(self.parameters, allocated.installed);
            let events = allocated.events[index];
            let transfers = self.parameters.movement_time * (events.loaded_bits + events.output_bits);
            let used = timeline.utilization;
            let row = Row {
                events,
                expected_tagged_bits: expected[index].tagged_bits.physical,
                rows: (layer.rows().occupied, layer.rows().physical),
                energies: [
                    microjoules(active.layers[index].energy.total()),
                    microjoules(line.layers[index].energy.total()),
                ],
                latency: active.layers[index].latency,
                // The time of activations made on arrays does not overlap with anything.
                look_ahead: active.layers[index].latency + timeline.with_look_ahead - timeline.total,
                utilization: Some([
                    used.rows,
                    used.cells,
                    used.rows_at_work() * (timeline.total / (timeline.total + transfers)),
                ]),
            };
            row.push(&mut table, &layer.compiled().name)?;
            total.add(&row);
        }
        total.push(&mut table, "total")?;
        Ok(table)
    }

    /// A row for each number of processors worth asking about.
    pub fn processors(&self, simulation: &Simulation) -> Result<Table, RunError> {
        let events: Vec<Events> = simulation.layers.iter().map(|layer| layer.events).collect();
        let largest = Allocation::LargestLayer.apply(&self.machine.demands(), &events).installed;
        let budgets = (0..).map(|power| 1_u64 << power).take_while(|&budget| budget < largest);
        let mut choices: Vec<Allocation> = budgets.map(Allocation::Budget).collect();
        choices.extend([Allocation::LargestLayer, Allocation::WholeNetwork]);
        if !choices.contains(&self.allocation) {
            choices.push(self.allocation);
        }
        let mut table = Table::new(&PROCESSORS);
        for allocation in choices {
            let allocated = allocation.apply(&self.machine.demands(), &events);
            let active = self.costs(&events, allocation, SearchModel::ActiveBits);
            let line = self.costs(&events, allocation, SearchModel::MatchLine);
            let leakage = active.layers.iter().map(|cost| cost.energy.leakage).sum();
            let words = self.machine.program_words();
            let area =
                chip_area(allocated.installed, words, self.machine.options().geometry, self.parameters);
            table.push_row([
                ("allocation", allocation_name(allocation).into()),
                ("processors", (allocated.installed as i64).into()),
                ("latency", milliseconds(active.latency).into()),
                ("interval", milliseconds(active.interval).into()),
                ("energy_active_bits", microjoules(active.energy()).into()),
                ("energy_match_line", microjoules(line.energy()).into()),
                ("leakage", microjoules(leakage).into()),
                ("words", allocated.events.iter().map(|events| events.words_fetched).sum::<f64>().into()),
                ("power", (active.energy() / active.interval).base().into()),
                ("area", (area.base() * 1e-6).into()),
            ])?;
        }
        Ok(table)
    }
}

fn allocation_name(allocation: Allocation) -> &'static str {
    match allocation {
        Allocation::LargestLayer => "largest-layer",
        Allocation::WholeNetwork => "whole-network",
        Allocation::Budget(_) => "budget",
    }
}

/// A row of [`SIMULATION`].
#[derive(Default)]
struct Row {
    events: Events,
    expected_tagged_bits: f64,
    rows: (u64, u64),
    energies: [f64; 2],
    latency: Time,
    look_ahead: Time,
    /// Of rows, of cells, and of everything; of a layer only.
    utilization: Option<[f64; 3]>,
}

impl Row {
    fn add(&mut self, layer: &Self) {
        self.events += layer.events;
        self.expected_tagged_bits += layer.expected_tagged_bits;
        self.rows = (self.rows.0.max(layer.rows.0), self.rows.1.max(layer.rows.1));
        self.energies = std::array::from_fn(|model| self.energies[model] + layer.energies[model]);
        self.latency += layer.latency;
        self.look_ahead += layer.look_ahead;
    }

    fn push(&self, table: &mut Table, name: &str) -> Result<(), RunError> {
        let events = &self.events;
        let share = |place: usize| self.utilization.map_or(Value::Missing, |shares| shares[place].into());
        let milliwatts = self.energies[0] / milliseconds(self.latency).max(f64::MIN_POSITIVE);
        table.push_row([
            ("layer", name.into()),
            ("processors", (events.processors as i64).into()),
            ("occupied_rows", (self.rows.0 as i64).into()),
            ("physical_rows", (self.rows.1 as i64).into()),
            ("row_searches", events.row_searches.physical.into()),
            ("searched_bits", events.searched_bits.physical.into()),
            ("tagged_bits", events.tagged_bits.physical.into()),
            ("expected_tagged_bits", self.expected_tagged_bits.into()),
            ("broadcast_bits", events.broadcast_bits.physical.into()),
            ("track_steps", events.track_steps.physical.into()),
            ("loaded_bits", events.loaded_bits.into()),
            ("stored_bits", events.stored_bits.into()),
            ("output_bits", events.output_bits.into()),
            ("requantizations", events.requantizations.into()),
            ("pool_operations", events.pool_operations.into()),
            ("words", events.words_fetched.into()),
            ("words_broadcast", events.words_broadcast.into()),
            ("energy_active_bits", self.energies[0].into()),
            ("energy_match_line", self.energies[1].into()),
            ("latency", milliseconds(self.latency).into()),
            ("latency_look_ahead", milliseconds(self.look_ahead).into()),
            ("power", milliwatts.into()),
            ("row_utilization", share(0)),
            ("cell_utilization", share(1)),
            ("utilization", share(2)),
        ])?;
        Ok(())
    }
}

/// A row for each table of each layer.
pub fn passes<'a>(layers: impl Iterator<Item = (&'a str, &'a ProgramEvents)>) -> Result<Table, RunError> {
    let mut table = Table::new(&PASSES);
    for (name, layer) in layers {
        for passes in &layer.tables {
            table.push_row([
                ("layer", name.into()),
                ("table", passes.name.as_str().into()),
                ("bits", (passes.bits as i64).into()),
                ("row_searches", passes.row_searches.physical.into()),
                ("searched_bits", passes.searched_bits.physical.into()),
                ("tagged_bits", passes.tagged_bits.physical.into()),
                ("broadcast_bits", passes.broadcast_bits.physical.into()),
            ])?;
        }
    }
    Ok(table)
}

/// A row for each instruction.
pub fn trace(layers: &[(&str, Vec<TracedInstruction>)]) -> Result<Table, RunError> {
    let mut table = Table::new(&TRACE);
    for (name, instructions) in layers {
        for traced in instructions {
            table.push_row([
                ("layer", (*name).into()),
                ("program", (traced.program as i64).into()),
                ("instruction", (traced.instruction as i64).into()),
                ("text", traced.text.as_str().into()),
                ("compares", (traced.serial.compares as i64).into()),
                ("writes", (traced.serial.writes as i64).into()),
                ("shifts", (traced.serial.shifts as i64).into()),
                ("reads", (traced.serial.reads as i64).into()),
                ("track_steps", (traced.track_steps as i64).into()),
                ("tagged_bits", (traced.tagged_bits as i64).into()),
            ])?;
        }
    }
    Ok(table)
}
