//! `sums`: one layer as sums of inputs, group by group of input channels.
//!
//! Before sharing, every sum lists window elements with their signs: the weights, folded into the program. Sharing moves
//! common parts of the sums into definitions. Nothing here knows of columns or passes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ap_program::Tap;

use super::expansion::Expansion;
use super::reader::{Reader, TextError, inputs, number, sign, tap};
use super::{LayerWeights, Representation, Stage, StageKind, VerificationError};
use crate::pass::Settings;

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

impl Representation for LayerSums {
    const KIND: StageKind = StageKind::Sums;

    fn into_stage(self) -> Stage {
        Stage::Sums(self)
    }

    fn of_stage(stage: Stage) -> Result<Self, Stage> {
        if let Stage::Sums(sums) = stage { Ok(sums) } else { Err(stage) }
    }

    /// Definitions use earlier terms, and every output's sums expand to its weights.
    fn verify(&self, from: &LayerWeights, settings: &Settings) -> Result<(), VerificationError> {
        verify(self, from, &settings.outputs)
    }
}

fn verify(sums: &LayerSums, from: &LayerWeights, outputs: &[u32]) -> Result<(), VerificationError> {
    if sums.outputs != outputs {
        let (found, expected) = (sums.outputs.clone(), outputs.to_vec());
        return Err(VerificationError::Outputs { found, expected });
    }
    let mut found: BTreeMap<u32, Expansion> =
        outputs.iter().map(|&output| (output, Expansion::default())).collect();
    for (index, group) in sums.groups.iter().enumerate() {
        let terms = expand(group)?;
        let term = |user: &dyn Fn() -> String, id: TermId| {
            let there = || VerificationError::NotThere { user: user(), used: format!("t{}", id.0) };
            terms.get(id.index()).ok_or_else(there)
        };
        for sum in &group.sums {
            let ascending = sum.terms.windows(2).all(|pair| pair[0].id < pair[1].id);
            if sum.terms.is_empty() || !ascending {
                return Err(VerificationError::Terms { output: sum.output, group: index });
            }
            let user = || format!("the sum for output {} in group {index}", sum.output);
            let Some(total) = found.get_mut(&sum.output) else {
                return Err(VerificationError::NotThere { user: user(), used: "that output".to_owned() });
            };
            for signed in &sum.terms {
                total.add(term(&user, signed.id)?, signed.negative);
            }
        }
    }
    found.iter().try_for_each(|(&output, expansion)| expansion.verify(output, from))
}

fn expand(group: &Group) -> Result<Vec<Expansion>, VerificationError> {
    let mut seen = BTreeSet::new();
    if let Some(&tap) = group.taps.iter().find(|&&tap| !seen.insert(tap)) {
        return Err(VerificationError::RepeatedTap(tap));
    }
    let mut terms: Vec<Expansion> = group.taps.iter().map(|&tap| Expansion::of(tap)).collect();
    for definition in &group.definitions {
        let earlier = |id: TermId| {
            terms.get(id.index()).ok_or_else(|| VerificationError::NotThere {
                user: format!("t{}", terms.len()),
                used: format!("t{}", id.0),
            })
        };
        let mut sum = earlier(definition.left)?.clone();
        sum.add(earlier(definition.right)?, definition.subtract);
        terms.push(sum);
    }
    Ok(terms)
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

impl LayerSums {
    /// Reads what is printed.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, TextError> {
        let mut line = reader.line("`layer`")?;
        line.keyword("layer")?;
        let layer = line.read("the layer's name", |word| Some(word.to_owned()))?;
        let input_maximum = inputs(&mut line)?;
        line.keyword("outputs")?;
        let mut outputs = Vec::new();
        while line.next < line.words.len() {
            let least = outputs.last().map_or(0, |&last: &u32| last + 1);
            outputs.push(line.read("an output after those before, as `7`", |word| {
                number(word).filter(|&output: &u32| output >= least && output < u32::MAX)
            })?);
        }
        let mut groups = Vec::new();
        while reader.peek().is_some() {
            let mut line = reader.line("`group`")?;
            line.keyword("group")?;
            line.finish()?;
            groups.push(Group::read(reader, &outputs)?);
        }
        Ok(Self { layer, input_maximum, outputs, groups })
    }
}

impl Group {
    fn read(reader: &mut Reader<'_>, outputs: &[u32]) -> Result<Self, TextError> {
        let mut group = Self::default();
        while reader.peek().is_some_and(|word| word.starts_with('t')) {
            let mut line = reader.line("a term")?;
            let next = group.terms() as u32;
            line.read(&format!("`t{next}`"), |word| {
                (number(word.strip_prefix('t')?) == Some(next)).then_some(())
            })?;
            line.keyword("=")?;
            if line.words.get(line.next).is_some_and(|&(_, word)| word == "tap") {
                line.keyword("tap")?;
                let tap = line.read("a window element `channel,row,column`", tap)?;
                if !group.definitions.is_empty() {
                    return Err(line.unexpected("a sum of two terms: elements come before definitions"));
                }
                group.taps.push(tap);
            } else {
                let earlier = |word: &str| {
                    number(word.strip_prefix('t')?).filter(|&term: &u32| term < next).map(TermId)
                };
                let left = line.read("`tap`, or a term above, as `t0`", earlier)?;
                let subtract = line.read("`+` or `-`", sign)?;
                let right = line.read("a term above, as `t0`", earlier)?;
                group.definitions.push(Definition { left, right, subtract });
            }
            line.finish()?;
        }
        let terms = group.terms() as u32;
        while reader.peek().is_some_and(|word| word.starts_with('y')) {
            let mut line = reader.line("an output's sum")?;
            let output = line.read("one of the layer's outputs, as `y0`", |word| {
                number(word.strip_prefix('y')?).filter(|output| outputs.binary_search(output).is_ok())
            })?;
            line.keyword("+=")?;
            let mut sum = OutputSum { output, terms: Vec::new() };
            loop {
                sum.terms.push(line.read("a term above with its sign, as `-t0`", |word| {
                    signed_term(word).filter(|term| term.id.0 < terms)
                })?);
                if line.next == line.words.len() {
                    break;
                }
            }
            group.sums.push(sum);
        }
        Ok(group)
    }
}

fn signed_term(text: &str) -> Option<SignedTerm> {
    let negative = match text.as_bytes().first()? {
        b'+' => false,
        b'-' => true,
        _ => return None,
    };
    Some(SignedTerm { id: TermId(number(text[1..].strip_prefix('t')?)?), negative })
}
