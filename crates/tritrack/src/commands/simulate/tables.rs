//! The tables that `tritrack simulate` prints.

use rtm_ap::{
    Allocation, Events, NetworkCost, Pricing, ProcessorDesign, ProcessorParameters, ProgramEvents,
    SearchModel, TracedInstruction,
};
use studies::simulation::Simulation;
use studies::systems::{microjoules, milliseconds};
use tables::{Table, TypedRow};
use technology::{Quantity, TechnologyFile, Time};
use workspace::Failure;

tables::table! {
    /// Events and costs of a network on the associative processor, the mean of the images.
    pub struct SimulationRow: "simulation" {
        /// Name of the layer; `total` for all of them.
        layer: String,
        /// Associative processors that take part.
        processors: u64,
        /// Rows that hold an output position.
        occupied_rows: u64,
        /// Rows of the processors that a program takes.
        physical_rows: u64,
        /// Searches in all rows.
        row_searches: f64,
        /// Bits that searches compare: columns not masked, in all rows.
        searched_bits: f64,
        /// Bits written to rows that a search tagged, executed on the images.
        tagged_bits: f64,
        /// The same from the program and the share of images in which each input bit is set.
        expected_tagged_bits: f64,
        /// Bits written to every row.
        broadcast_bits: f64,
        /// Steps of tracks in all rows.
        track_steps: f64,
        /// Bits brought into rows.
        loaded_bits: f64,
        /// Bits of accumulators read out.
        stored_bits: f64,
        /// Bits of activations brought to the buffer.
        output_bits: f64,
        /// Accumulators made activations at the periphery.
        requantizations: f64,
        /// Comparisons and additions of pools at the periphery.
        pool_operations: f64,
        /// Program words fetched.
        words: f64,
        /// Program words received by processors.
        words_broadcast: f64,
        /// Energy with searches charged by active bits.
        energy_active_bits: f64 = "uJ",
        /// Energy with searches charged by match line.
        energy_match_line: f64 = "uJ",
        /// Latency: searches, writes, shifts, reads and transfers, nothing overlapping.
        latency: f64 = "ms",
        /// Latency if a column shifts for its next bit while other columns are worked on.
        latency_look_ahead: Option<f64> = "ms",
        /// Energy by active bits over latency.
        power: f64 = "mW",
        /// Rows that hold an output position, of those of the processors that take part.
        row_utilization: Option<f64>,
        /// Cells of a row that hold something at some time.
        cell_utilization: Option<f64>,
        /// Rows at work, of all rows of all installed processors, over the latency.
        utilization: Option<f64>,
    }
}

/// The columns of [`SimulationRow`] that a terminal shows.
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

tables::table! {
    /// Searches and writes of every layer by the table that the passes belong to, the mean of the images.
    pub struct PassRow: "passes" {
        /// Name of the layer.
        layer: String,
        /// Look-up table.
        table: String,
        /// Bits that the table is applied to, over all programs of the layer.
        bits: u64,
        /// Searches in all rows.
        row_searches: f64,
        /// Bits that searches compare: columns not masked, in all rows.
        searched_bits: f64,
        /// Bits written to rows that a search tagged.
        tagged_bits: f64,
        /// Bits written to every row.
        broadcast_bits: f64,
    }
}

tables::table! {
    /// Latency, energy and area of a network by the number of associative processors installed.
    pub struct ProcessorsRow: "processors" {
        /// What the number is: of the largest layer, of the whole network, or a budget.
        allocation: String,
        /// Associative processors installed.
        processors: u64,
        /// From the image to its logits, reloads included.
        latency: f64 = "ms",
        /// Time from one image to the next: of the slowest layer if each layer keeps processors of its own.
        interval: f64 = "ms",
        /// Energy of an image with searches charged by active bits.
        energy_active_bits: f64 = "uJ",
        /// Energy of an image with searches charged by match line.
        energy_match_line: f64 = "uJ",
        /// The part of it that leaks.
        leakage: f64 = "uJ",
        /// Program words fetched: once for every round of a layer.
        words: f64,
        /// Energy by active bits over the interval.
        power: f64 = "mW",
        /// Area of processors and program memory.
        area: f64 = "mm2",
    }
}

tables::table! {
    /// What every instruction of a layer's programs does on the first image.
    pub struct TraceRow: "trace" {
        /// Name of the layer.
        layer: String,
        /// The program among those of the layer.
        program: usize,
        /// Place in the program, counted from 0.
        instruction: usize,
        /// The instruction as assembly.
        text: String,
        /// Searches, one after the other.
        compares: u64,
        /// Writes, one after the other.
        writes: u64,
        /// Steps of tracks, one after the other.
        shifts: u64,
        /// Reads, one after the other.
        reads: u64,
        /// Steps of tracks in one row, over all columns.
        track_steps: u64,
        /// Bits written to tagged rows, over all output positions.
        tagged_bits: u64,
    }
}

/// A network on its processors, with what it is priced by.
pub struct Priced<'a> {
    /// The compiled network.
    pub machine: &'a rtm_ap::Machine,
    /// The technology.
    pub file: &'a TechnologyFile<ProcessorDesign>,
    pub parameters: &'a ProcessorParameters,
    /// How many processors there are.
    pub allocation: Allocation,
}

impl Priced<'_> {
    fn pricing(&self, model: SearchModel) -> Pricing<'_> {
        let (geometry, operation) = (self.machine.options().geometry, self.file.design.operation());
        let kept = self.machine.kept();
        Pricing { geometry, parameters: self.parameters, model, operation, kept }
    }

    fn costs(&self, events: &[Events], allocation: Allocation, model: SearchModel) -> NetworkCost {
        self.pricing(model).network(&allocation.apply(&self.machine.demands(), events))
    }

    /// A row for each layer that ran, and one for all of them.
    pub fn layers(
        &self,
        simulation: &Simulation,
        expected: &[Events],
        ran: impl Fn(usize) -> bool,
    ) -> Result<Table, Failure> {
        let events: Vec<Events> = simulation.layers.iter().map(|layer| layer.events).collect();
        let allocated = self.allocation.apply(&self.machine.demands(), &events);
        let active = self.costs(&events, self.allocation, SearchModel::ActiveBits);
        let line = self.costs(&events, self.allocation, SearchModel::MatchLine);
        let mut table = Table::new(SimulationRow::SCHEMA);
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
    pub fn processors(&self, simulation: &Simulation) -> Result<Table, Failure> {
        let events: Vec<Events> = simulation.layers.iter().map(|layer| layer.events).collect();
        let largest = Allocation::LargestLayer.apply(&self.machine.demands(), &events).installed;
        let budgets = (0..).map(|power| 1_u64 << power).take_while(|&budget| budget < largest);
        let mut choices: Vec<Allocation> = budgets.map(Allocation::Budget).collect();
        choices.extend([Allocation::LargestLayer, Allocation::WholeNetwork]);
        if !choices.contains(&self.allocation) {
            choices.push(self.allocation);
        }
        let mut table = Table::new(ProcessorsRow::SCHEMA);
        for allocation in choices {
            let allocated = allocation.apply(&self.machine.demands(), &events);
            let active = self.costs(&events, allocation, SearchModel::ActiveBits);
            let line = self.costs(&events, allocation, SearchModel::MatchLine);
            let leakage = active.layers.iter().map(|cost| cost.energy.leakage).sum();
            let area = self.pricing(SearchModel::ActiveBits).chip_area(allocated.installed);
            table.push(ProcessorsRow {
                allocation: allocation_name(allocation).into(),
                processors: allocated.installed,
                latency: milliseconds(active.latency),
                interval: milliseconds(active.interval),
                energy_active_bits: microjoules(active.energy()),
                energy_match_line: microjoules(line.energy()),
                leakage: microjoules(leakage),
                words: allocated.events.iter().map(|events| events.words_fetched).sum::<f64>(),
                power: (active.energy() / active.interval).base(),
                area: area.base() * 1e-6,
            })?;
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

/// A row of [`SimulationRow`].
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

    fn push(&self, table: &mut Table, name: &str) -> Result<(), Failure> {
        let events = &self.events;
        let share = |place: usize| self.utilization.map(|shares| shares[place]);
        let milliwatts = self.energies[0] / milliseconds(self.latency).max(f64::MIN_POSITIVE);
        table.push(SimulationRow {
            layer: name.into(),
            processors: events.processors,
            occupied_rows: self.rows.0,
            physical_rows: self.rows.1,
            row_searches: events.row_searches.physical,
            searched_bits: events.searched_bits.physical,
            tagged_bits: events.tagged_bits.physical,
            expected_tagged_bits: self.expected_tagged_bits,
            broadcast_bits: events.broadcast_bits.physical,
            track_steps: events.track_steps.physical,
            loaded_bits: events.loaded_bits,
            stored_bits: events.stored_bits,
            output_bits: events.output_bits,
            requantizations: events.requantizations,
            pool_operations: events.pool_operations,
            words: events.words_fetched,
            words_broadcast: events.words_broadcast,
            energy_active_bits: self.energies[0],
            energy_match_line: self.energies[1],
            latency: milliseconds(self.latency),
            latency_look_ahead: Some(milliseconds(self.look_ahead)),
            power: milliwatts,
            row_utilization: share(0),
            cell_utilization: share(1),
            utilization: share(2),
        })?;
        Ok(())
    }
}

/// A row for each table of each layer.
pub fn passes<'a>(layers: impl Iterator<Item = (&'a str, &'a ProgramEvents)>) -> Result<Table, Failure> {
    let mut table = Table::new(PassRow::SCHEMA);
    for (name, layer) in layers {
        for passes in &layer.tables {
            table.push(PassRow {
                layer: name.into(),
                table: passes.name.clone(),
                bits: passes.bits,
                row_searches: passes.row_searches.physical,
                searched_bits: passes.searched_bits.physical,
                tagged_bits: passes.tagged_bits.physical,
                broadcast_bits: passes.broadcast_bits.physical,
            })?;
        }
    }
    Ok(table)
}

/// A row for each instruction.
pub fn trace(layers: &[(&str, Vec<TracedInstruction>)]) -> Result<Table, Failure> {
    let mut table = Table::new(TraceRow::SCHEMA);
    for (name, instructions) in layers {
        for traced in instructions {
            table.push(TraceRow {
                layer: (*name).into(),
                program: traced.program,
                instruction: traced.instruction,
                text: traced.text.clone(),
                compares: traced.serial.compares,
                writes: traced.serial.writes,
                shifts: traced.serial.shifts,
                reads: traced.serial.reads,
                track_steps: traced.track_steps,
                tagged_bits: traced.tagged_bits,
            })?;
        }
    }
    Ok(table)
}
