//! What the parts of an associative processor cost: the parameters that a technology file gives.

use std::path::Path;

use ap_program::Geometry;
use serde::Deserialize;
use technology::{
    Area, Energy, FeatureArea, Length, Number, ParameterSet, Parameters, Power, Quantity, TechnologyError,
    TechnologyFile, Time,
};

use crate::operation::{IdleProcessors, PaddingRows, ProgramEncoding, ProgramStore};
use crate::segments::Segments;
use crate::track::{TrackParameters, put_step};

/// The choices of an associative processor that are not numbers with a range.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessorDesign {
    /// The node that the parameters are for, nm.
    pub node_nm: f64,
    /// What rows without an output position do.
    pub padding_rows: PaddingRows,
    /// What processors that a layer does not use do.
    #[serde(default)]
    pub idle_processors: IdleProcessors,
    /// What the program is kept in.
    #[serde(default)]
    pub store: ProgramStore,
    /// How the program is kept.
    #[serde(default)]
    pub encoding: ProgramEncoding,
    /// Where the energy and the time of a track's step come from.
    #[serde(default)]
    pub shift: ShiftSource,
}

names::names! {
    /// Where the energy and the time of a track's step come from.
    pub enum ShiftSource: "a source of a step's energy", by default Stated {
        /// The file states them, in the section `shift`.
        Stated = "stated",
        /// They are computed from the section `track`: see [`TrackParameters`].
        Track = "track",
    }
}

/// The nodes that a processor can be scaled to, nm: as a crossbar's and a digital array's.
const NODES_NM: std::ops::RangeInclusive<f64> = 7.0..=130.0;

/// Reads a processor's technology file. Where the file describes its tracks, the set that it gives holds both their parameters and the
/// step that follows from them.
///
/// # Errors
/// If the file cannot be read, is not of the form, or does not give exactly the parameters that its design needs.
pub fn load_technology(path: &Path) -> Result<TechnologyFile<ProcessorDesign>, TechnologyError> {
    load_technology_with(path, None)
}

/// The same with the component libraries in a folder of their own.
///
/// # Errors
/// As [`load_technology`].
pub fn load_technology_with(
    path: &Path,
    libraries: Option<&Path>,
) -> Result<TechnologyFile<ProcessorDesign>, TechnologyError> {
    let mut file =
        TechnologyFile::<ProcessorDesign>::load_as(path, libraries, |design| match design.shift {
            ShiftSource::Stated => ProcessorParameters::DECLARATIONS.to_vec(),
            ShiftSource::Track => {
                let all = ProcessorParameters::DECLARATIONS.iter().chain(TrackParameters::DECLARATIONS);
                all.filter(|declaration| !declaration.path.starts_with("shift.")).copied().collect()
            }
        })?;
    let node_nm = file.design.node_nm;
    if !NODES_NM.contains(&node_nm) {
        let message = format!(
            "`design.node_nm` is {node_nm}; expected {} to {}, the nodes that the rules of scaling are stated for",
            NODES_NM.start(),
            NODES_NM.end()
        );
        return Err(TechnologyError::Malformed { path: path.to_owned(), line: 0, column: 0, message });
    }
    put_step(&mut file.parameters)?;
    Ok(file)
}

impl ProcessorParameters {
    /// How the paths of those parameters begin that only machines have whose rows keep the carry in a latch.
    pub const LATCH: &'static str = "latch.";
    /// How the paths of those parameters begin that only machines have whose match lines are in segments.
    pub const SEGMENT: &'static str = "segment.";

    /// Leakage of one processor of a geometry. Racetracks keep what they hold without power: what leaks is what rows, columns and the
    /// controller have of transistors.
    pub fn leakage(&self, geometry: Geometry, segments: Segments) -> Power {
        let latches = (geometry.latches() * geometry.rows()) as f64;
        let further = f64::from(segments.count() - 1) * geometry.rows() as f64;
        self.row_leakage * geometry.rows() as f64
            + self.latch_leakage * latches
            + self.segment_leakage * further
            + self.column_leakage * geometry.columns() as f64
            + self.controller_leakage
    }

    /// The parameters of a set that was varied, at a node, for tracks of so many domains: a step that is computed follows its track, whose
    /// current passes the domains and the spare ones that bring each of them to the port, and the track its node.
    ///
    /// # Errors
    /// If the set is not complete.
    pub fn varied(set: &ParameterSet, node_nm: f64, domains: usize) -> Result<Self, TechnologyError> {
        if set.get("track.domains").is_none() {
            return Ok(Self::resolve(set)?.at_node(node_nm));
        }
        let own = Self::resolve(set)?;
        let size = node_nm / (own.feature_size.base() * 1e3);
        let track = TrackParameters::resolve(set)?;
        let track = TrackParameters {
            domains: Number::new(2.0 * domains as f64 - 1.0),
            width: track.width * size,
            domain_length: track.domain_length * size,
            ..track
        };
        let step = track.step();
        Ok(Self { shift_step: step.energy, shift_time: step.time, ..own.at_node(node_nm) })
    }
}

names::names! {
    /// How a search is charged.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum SearchModel: "a search model" {
        /// By the columns that are not masked.
        ActiveBits = "active-bits",
        /// By the match line, which spans every column of the row, masked or not.
        MatchLine = "match-line",
    }
}

technology::parameters! {
    /// Energies, times and areas of an associative processor in racetrack memory.
    pub struct ProcessorParameters {
        /// Energy to search one column of one row that is not masked (search model active-bits).
        search_active_bit: Energy = "search.active_bit" per "bit",
        /// Energy of the match line for each column of a row, masked or not (search model match-line).
        search_match_line_bit: Energy = "search.match_line_bit" per "bit",
        /// Energy of a row's sense amplifier and precharge in each search (search model match-line).
        search_match_line_row: Energy = "search.match_line_row" per "row",
        /// Energy to drive one column's search lines through all rows (search model match-line).
        search_key_column: Energy = "search.key_column" per "column",
        /// Time of a search.
        search_time: Time = "search.time" per "",
        /// Energy to write one cell.
        write_bit: Energy = "write.bit" per "bit",
        /// Time of a write.
        write_time: Time = "write.time" per "",
        /// Energy of one row's latch in a search that names it (search model active-bits).
        latch_compare: Energy = "latch.compare" per "bit" of components,
        /// Energy to write or clear one row's latch.
        latch_write: Energy = "latch.write" per "bit" of components,
        /// Time of a write to the latch alone.
        latch_time: Time = "latch.time" per "",
        /// Leakage of a further segment of a row's match line.
        segment_leakage: Power = "segment.leakage" per "segment" of components,
        /// Area of a further segment of a row's match line.
        segment_area: Area = "segment.area" per "segment" of components,
        /// Leakage of one row's latch with its gates.
        latch_leakage: Power = "latch.leakage" per "row" of components,
        /// Area of one row's latch with its gates.
        latch_area: Area = "latch.area" per "row" of components,
        /// Energy to move one track by one domain.
        shift_step: Energy = "shift.step" per "step",
        /// Time to move tracks by one domain.
        shift_time: Time = "shift.time" per "",
        /// Energy to read one bit at a port.
        read_bit: Energy = "read.bit" per "bit",
        /// Time to read one bit in all rows.
        read_time: Time = "read.time" per "",
        /// Tracks of one cell: two if the cell holds a bit and its complement, one if it compares with a reference.
        cell_tracks: Number = "cell.tracks" per "",
        /// Energy to decode a program word and to step through its passes.
        decode_word: Energy = "controller.decode_word" per "word" of components,
        /// Energy to take one instruction of an encoded program apart, beside what decoding a word takes.
        decode_encoded: Energy = "controller.decode_encoded" per "word" of components,
        /// Energy to bring a program word to one processor.
        broadcast_word: Energy = "controller.broadcast_word" per "word" of components,
        /// Energy to read one bit of a bank of static memory that holds the program.
        store_sram: Energy = "store.sram" per "bit" of components,
        /// Leakage of a bit of static memory that holds the program.
        store_sram_leakage: Power = "store.sram_leakage" per "bit" of components,
        /// Area of a bit of static memory that holds the program.
        store_sram_area: Area = "store.sram_area" per "bit" of components,
        /// Energy to read one bit of a bank of embedded dynamic memory that holds the program.
        store_edram: Energy = "store.edram" per "bit" of components,
        /// Leakage and refresh of a bit of embedded dynamic memory that holds the program.
        store_edram_leakage: Power = "store.edram_leakage" per "bit" of components,
        /// Area of a bit of embedded dynamic memory that holds the program.
        store_edram_area: Area = "store.edram_area" per "bit" of components,
        /// Area of a program store of racetracks over that of its tracks.
        store_track_overhead: Number = "store.track_overhead" per "",
        /// Energy to bring one bit over one mm from a bank of the store to the controller.
        store_way: Energy = "store.way" per "mm" of components,
        /// Energy to move one bit between the buffer and a processor.
        movement_bit: Energy = "movement.bit_within_bank" per "bit" of components,
        /// Time that the way between buffer and processors, which all of them share, is taken by one bit.
        movement_time: Time = "movement.time" per "bit",
        /// Energy to read or write one bit in the buffer.
        buffer_bit: Energy = "buffer.bit" per "bit" of components,
        /// Leakage of a bit of the buffer.
        buffer_leakage: Power = "buffer.leakage" per "bit" of components,
        /// Area of a bit of the buffer.
        buffer_area: Area = "buffer.area" per "bit" of components,
        /// Energy to multiply, add, shift and clamp one accumulator.
        requantization: Energy = "periphery.requantization" per "" of components,
        /// Energy of one comparison or addition of a pool.
        pool_operation: Energy = "periphery.pool_compare" per "" of components,
        /// Leakage of a row's tag register, sense amplifier and drivers.
        row_leakage: Power = "leakage.row" per "row" of components,
        /// Leakage of a column's key and mask bits and its drivers.
        column_leakage: Power = "leakage.column" per "column" of components,
        /// Leakage of the controller's part in one processor.
        controller_leakage: Power = "leakage.controller" per "AP" of components,
        /// Feature size.
        feature_size: Length = "area.feature_size" per "",
        /// Area of the transistors and junctions of one cell.
        cell_area: FeatureArea = "area.cell" per "cell",
        /// Area of one domain of a track.
        domain_area: FeatureArea = "area.domain" per "domain",
        /// Area of a row's tag register, sense amplifier and drivers.
        row_area: Area = "area.periphery_row" per "row" of components,
        /// Area of a column's key and mask bits and its drivers.
        column_area: Area = "area.periphery_column" per "column" of components,
        /// Area of the controller's part in one processor.
        controller_area: Area = "area.controller" per "AP" of components,
    }
}
