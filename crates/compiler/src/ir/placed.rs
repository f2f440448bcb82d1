//! `placed`: operations on words that have their places.

use std::collections::HashMap;
use std::fmt;

use ap_program::{Carry, Geometry, Operand};

use super::words::{ValueId, WordOperation, Words, print};
use super::{LayerWeights, Representation, Stage, StageKind, VerificationError};
use crate::pass::Settings;

/// Operations on words that have their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedWords {
    /// The operations.
    pub words: Words,
    /// The places.
    pub placement: Placement,
}

/// The places of a schedule's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// One for each value.
    pub operands: Vec<Operand>,
    /// The carry's cell; none where the carry is in a latch.
    pub carry: Option<Operand>,
    /// Columns that some value uses, the carry's included.
    pub columns_used: usize,
}

impl Placement {
    /// Where the carry is kept.
    pub fn carry(&self) -> Carry {
        if self.carry.is_some() { Carry::Column } else { Carry::Latch }
    }
}

impl Representation for PlacedWords {
    const KIND: StageKind = StageKind::Placed;

    fn into_stage(self) -> Stage {
        Stage::Placed(self)
    }

    fn of_stage(stage: Stage) -> Result<Self, Stage> {
        if let Stage::Placed(placed) = stage { Ok(placed) } else { Err(stage) }
    }

    /// Words lie inside the array, words that meet lie in different columns, and no word is read after others took its cells.
    fn verify(&self, from: &LayerWeights, settings: &Settings) -> Result<(), VerificationError> {
        self.words.verify(from, settings)?;
        verify(&self.words, &self.placement, settings.geometry)
    }
}

impl fmt::Display for PlacedWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(f, &self.words, Some(&self.placement))
    }
}

fn verify(schedule: &Words, placement: &Placement, geometry: Geometry) -> Result<(), VerificationError> {
    let cells = |operand: Operand| (0..usize::from(operand.bits)).map(move |bit| operand.cell(bit));
    let inside = |operand: Operand| {
        cells(operand).all(|(column, domain)| column < geometry.columns() && domain < geometry.domains())
    };
    let misplaced =
        |value: String, place: Operand| Err(VerificationError::Place { value, place: place.to_string() });
    if let Some(carry) = placement.carry.filter(|&carry| carry.bits != 1 || !inside(carry)) {
        return misplaced("the carry".to_owned(), carry);
    }
    if placement.carry() != geometry.carry() {
        return Err(VerificationError::Carry { found: placement.carry(), expected: geometry.carry() });
    }
    let mut holder: HashMap<(usize, usize), ValueId> = HashMap::new();
    for (index, &operation) in schedule.operations.iter().enumerate() {
        let place = |id: ValueId| {
            placement.operands.get(id.index()).copied().ok_or_else(|| VerificationError::NotThere {
                user: format!("operation {index}"),
                used: format!("a place for v{}", id.0),
            })
        };
        let values: Vec<ValueId> = operation.values().collect();
        for (i, &id) in values.iter().enumerate() {
            let operand = place(id)?;
            let format = schedule.values[id.index()].format;
            if operand.bits != format.bits || !inside(operand) {
                return misplaced(format!("v{}", id.0), operand);
            }
            let columns = |operand: Operand| cells(operand).map(|(column, _)| column).collect::<Vec<_>>();
            let carry = placement.carry.map(|carry| ("the carry".to_owned(), carry));
            let mut others: Vec<(String, Operand)> = carry.into_iter().collect();
            for &other in &values[..i] {
                others.push((format!("v{}", other.0), place(other)?));
            }
            for (other, with) in others {
                let theirs = columns(with);
                if let Some(column) = columns(operand).into_iter().find(|column| theirs.contains(column)) {
                    let value = format!("v{}", id.0);
                    return Err(VerificationError::SharedColumn { operation: index, value, other, column });
                }
            }
        }
        // What is filled anew need not hold anything before.
        let (made, read): (Option<ValueId>, &[ValueId]) = match operation {
            WordOperation::Load { value } | WordOperation::Clear { value } => (Some(value), &[]),
            WordOperation::Combine { result, .. } => (Some(result), &values[1..]),
            WordOperation::Accumulate { .. } | WordOperation::Store { .. } => (None, &values),
        };
        for &id in read {
            if cells(place(id)?).any(|cell| holder.get(&cell) != Some(&id)) {
                let value = format!("v{}", id.0);
                return Err(VerificationError::Overwritten { operation: index, value });
            }
        }
        if let Some(id) = made {
            holder.extend(cells(place(id)?).map(|cell| (cell, id)));
        }
    }
    Ok(())
}
