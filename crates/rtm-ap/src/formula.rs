//! The formulas behind [`cost`](crate::cost), as data: what is counted, times which parameters. They are for people who ask how a
//! number came about; that they give what is computed is tested.

use std::fmt;

use ap_program::Carry;

use crate::operation::{ProgramEncoding, ProgramStore};
use crate::technology_parameters::SearchModel;

/// One product: counts of events times parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// Where it belongs: a part of the energy, or `latency`.
    pub part: &'static str,
    /// The model that charges it; both if there is none.
    pub model: Option<SearchModel>,
    /// The program store that it belongs to; every one if there is none.
    pub store: Option<ProgramStore>,
    /// The encoding of programs that it belongs to; every one if there is none.
    pub encoding: Option<ProgramEncoding>,
    /// Whether only machines with a latch for the carry have it.
    pub carry: Option<Carry>,
    /// What is counted.
    pub counts: &'static [&'static str],
    /// By which parameters of the technology file it is multiplied.
    pub parameters: &'static [&'static str],
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let factors: Vec<&str> = self.counts.iter().chain(self.parameters).copied().collect();
        f.write_str(&factors.join(" x "))
    }
}

const fn term(
    part: &'static str,
    counts: &'static [&'static str],
    parameters: &'static [&'static str],
) -> Term {
    Term { part, model: None, store: None, encoding: None, carry: None, counts, parameters }
}

const fn charged(
    model: SearchModel,
    counts: &'static [&'static str],
    parameters: &'static [&'static str],
) -> Term {
    Term { part: "search", model: Some(model), store: None, encoding: None, carry: None, counts, parameters }
}

const fn of_store(
    part: &'static str,
    store: ProgramStore,
    counts: &'static [&'static str],
    parameters: &'static [&'static str],
) -> Term {
    Term { part, model: None, store: Some(store), encoding: None, carry: None, counts, parameters }
}

const fn of_latch(term: Term) -> Term {
    Term { carry: Some(Carry::Latch), ..term }
}

/// Every term of energy and latency.
pub const TERMS: &[Term] = &[
    charged(SearchModel::ActiveBits, &["bits searched"], &["search.active_bit"]),
    of_latch(charged(SearchModel::ActiveBits, &["latches searched"], &["latch.compare"])),
    charged(SearchModel::MatchLine, &["columns precharged"], &["search.match_line_bit"]),
    of_latch(charged(SearchModel::MatchLine, &["latches precharged"], &["search.match_line_bit"])),
    charged(SearchModel::MatchLine, &["segments precharged"], &["search.match_line_row"]),
    charged(SearchModel::MatchLine, &["columns driven"], &["search.key_column"]),
    of_latch(charged(SearchModel::MatchLine, &["latches' search lines driven"], &["search.key_column"])),
    term("write", &["bits written"], &["write.bit"]),
    of_latch(term("write", &["latches written"], &["latch.write"])),
    term("read", &["bits read"], &["read.bit"]),
    term("shift", &["steps of tracks"], &["cell.tracks", "shift.step"]),
    of_store("program", ProgramStore::Sram, &["bits fetched"], &["store.sram"]),
    of_store("program", ProgramStore::Edram, &["bits fetched"], &["store.edram"]),
    of_store("program", ProgramStore::Racetrack, &["bits fetched"], &["read.bit"]),
    of_store("program", ProgramStore::Racetrack, &["bits fetched there and back"], &["shift.step"]),
    term("program", &["bits fetched", "mm to the controller"], &["store.way"]),
    term("program", &["words fetched"], &["controller.decode_word"]),
    Term {
        part: "program",
        model: None,
        store: None,
        encoding: Some(ProgramEncoding::Compact),
        carry: None,
        counts: &["words fetched"],
        parameters: &["controller.decode_encoded"],
    },
    term("program", &["words received"], &["controller.broadcast_word"]),
    term("movement", &["bits moved"], &["movement.bit_within_bank"]),
    term("movement", &["bits moved"], &["buffer.bit"]),
    term("periphery", &["requantizations"], &["periphery.requantization"]),
    term("periphery", &["pool operations"], &["periphery.pool_compare"]),
    term("leakage", &["processors", "rows", "latency"], &["leakage.row"]),
    of_latch(term("leakage", &["processors", "rows", "latency"], &["latch.leakage"])),
    term("leakage", &["processors", "columns", "latency"], &["leakage.column"]),
    term("leakage", &["processors", "rows", "further segments", "latency"], &["segment.leakage"]),
    term("leakage", &["processors", "latency"], &["leakage.controller"]),
    term("leakage", &["bits buffered", "latency"], &["buffer.leakage"]),
    of_store("leakage", ProgramStore::Sram, &["bits stored", "latency"], &["store.sram_leakage"]),
    of_store("leakage", ProgramStore::Edram, &["bits stored", "latency"], &["store.edram_leakage"]),
    term("latency", &["searches"], &["search.time"]),
    term("latency", &["writes"], &["write.time"]),
    of_latch(term("latency", &["writes to latches alone"], &["latch.time"])),
    term("latency", &["shifts"], &["shift.time"]),
    term("latency", &["reads"], &["read.time"]),
    term("latency", &["bits moved"], &["movement.time"]),
];

/// The formulas, a line for each part and model.
pub fn formulas() -> Vec<String> {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for term in TERMS {
        let name = match (term.part, term.model) {
            ("latency", _) => "latency, one step after the other".to_owned(),
            (part, Some(model)) => format!("energy, {part} ({})", model.name()),
            (part, None) => format!("energy, {part}"),
        };
        let of_program = term.store.map(ProgramStore::name).or(term.encoding.map(ProgramEncoding::name));
        let only = of_program.or(term.carry.map(Carry::name));
        let term_in_words = only.map_or(term.to_string(), |only| format!("({only}) {term}"));
        match lines.last_mut().filter(|(last, _)| *last == name) {
            Some((_, terms)) => terms.push(term_in_words),
            None => lines.push((name, vec![term_in_words])),
        }
    }
    lines.into_iter().map(|(name, terms)| format!("{name} = {}", terms.join(" + "))).collect()
}
