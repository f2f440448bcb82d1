//! The intermediate representation: one layer as sums of inputs, group by group of input channels.
//!
//! Before sharing, every sum lists window elements with their signs: the weights, folded into the program. Sharing moves
//! common parts of the sums into definitions. Nothing here knows of columns or passes.

use std::collections::BTreeSet;
use std::fmt;

use ap_program::Tap;

/// A value of a group: first its taps, then its definitions, counted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TermId(pub u32);

impl TermId {
    /// As an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A term of a sum with its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SignedTerm {
    /// The term.
    pub id: TermId,
    /// Whether it is subtracted.
    pub negative: bool,
}

impl fmt::Display for SignedTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}t{}", if self.negative { '-' } else { '+' }, self.id.0)
    }
}

/// A shared sum or difference of two terms: `left + right` or `left - right`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Definition {
    /// The term that counts positively.
    pub left: TermId,
    /// The other term.
    pub right: TermId,
    /// Whether `right` is subtracted.
    pub subtract: bool,
}

/// What a group adds to one output's accumulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputSum {
    /// The output channel.
    pub output: u32,
    /// At least one term, in ascending order.
    pub terms: Vec<SignedTerm>,
}

/// The work on one group of input channels: its window elements are loaded, sums are formed and accumulated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// The window elements that some output uses.
    pub taps: Vec<Tap>,
    /// Shared sums; each uses taps and earlier definitions only.
    pub definitions: Vec<Definition>,
    /// What is added to the accumulators.
    pub sums: Vec<OutputSum>,
}

impl Group {
    /// Taps and definitions together.
    pub fn terms(&self) -> usize {
        self.taps.len() + self.definitions.len()
    }

    /// Additions and subtractions: definitions, and the terms of each sum after its first.
    pub fn adders(&self) -> usize {
        self.definitions.len() + self.sums.iter().map(|sum| sum.terms.len() - 1).sum::<usize>()
    }

    /// Additions into accumulators, one for each sum.
    pub fn accumulates(&self) -> usize {
        self.sums.len()
    }
}

/// A layer, or the part of its outputs that one associative processor computes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerSums {
    /// The layer's name.
    pub layer: String,
    /// The largest value of an input; the least is 0.
    pub input_maximum: u32,
    /// The output channels that are computed, ascending.
    pub outputs: Vec<u32>,
    /// The groups, in the order in which they are computed.
    pub groups: Vec<Group>,
}

impl LayerSums {
    /// Additions and subtractions in all groups.
    pub fn adders(&self) -> usize {
        self.groups.iter().map(Group::adders).sum()
    }

    /// Additions into accumulators in all groups.
    pub fn accumulates(&self) -> usize {
        self.groups.iter().map(Group::accumulates).sum()
    }

    /// Additions and subtractions if every output is one sum and there is no accumulator: an output's sums are added up, and
    /// the first of them is free.
    pub fn adders_without_accumulators(&self) -> usize {
        let outputs: BTreeSet<u32> =
            self.groups.iter().flat_map(|group| group.sums.iter().map(|sum| sum.output)).collect();
        self.adders() + self.accumulates() - outputs.len()
    }

    /// The shared definitions as a graph for Graphviz: elements, definitions and outputs, dashed where something is subtracted.
    pub fn to_dot(&self) -> String {
        use std::fmt::Write as _;
        let mut dot = format!("digraph \"{}\" {{\n  rankdir=LR;\n", self.layer.replace('"', "'"));
        let mut line = |text: fmt::Arguments<'_>| {
            let _ = writeln!(dot, "  {text}");
        };
        for (g, group) in self.groups.iter().enumerate() {
            let name = |id: TermId| format!("g{g}t{}", id.0);
            let style = |subtracts: bool| if subtracts { " [style=dashed]" } else { "" };
            for (i, tap) in group.taps.iter().enumerate() {
                line(format_args!("{} [shape=box, label=\"{tap}\"];", name(TermId(i as u32))));
            }
            for (i, definition) in group.definitions.iter().enumerate() {
                let made = name(TermId((group.taps.len() + i) as u32));
                line(format_args!("{made} [label=\"+\"];"));
                line(format_args!("{} -> {made};", name(definition.left)));
                line(format_args!("{} -> {made}{};", name(definition.right), style(definition.subtract)));
            }
            for sum in &group.sums {
                for term in &sum.terms {
                    line(format_args!("{} -> y{}{};", name(term.id), sum.output, style(term.negative)));
                }
            }
        }
        dot.push_str("}\n");
        dot
    }

    /// Window elements loaded, in all groups.
    pub fn loads(&self) -> usize {
        self.groups.iter().map(|group| group.taps.len()).sum()
    }
}

impl fmt::Display for LayerSums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "layer {} inputs 0..={} outputs", self.layer, self.input_maximum)?;
        for output in &self.outputs {
            write!(f, " {output}")?;
        }
        writeln!(f)?;
        for group in &self.groups {
            writeln!(f, "group")?;
            for (i, tap) in group.taps.iter().enumerate() {
                writeln!(f, "  t{i} = tap {tap}")?;
            }
            for (i, d) in group.definitions.iter().enumerate() {
                let sign = if d.subtract { '-' } else { '+' };
                writeln!(f, "  t{} = t{} {sign} t{}", group.taps.len() + i, d.left.0, d.right.0)?;
            }
            for sum in &group.sums {
                write!(f, "  y{} +=", sum.output)?;
                for term in &sum.terms {
                    write!(f, " {term}")?;
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}
