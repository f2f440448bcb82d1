//! Places: words lie inside the array, words that meet lie in different columns, and no word is read after others took its cells.

use std::collections::HashMap;

use ap_program::{Geometry, Operand};

use super::VerificationError;
use crate::passes::place::Placement;
use crate::passes::schedule::{Schedule, ValueId, WordOperation};

pub fn verify(
    schedule: &Schedule,
    placement: &Placement,
    geometry: Geometry,
) -> Result<(), VerificationError> {
    let cells = |operand: Operand| (0..usize::from(operand.bits)).map(move |bit| operand.cell(bit));
    let inside = |operand: Operand| {
        cells(operand).all(|(column, domain)| column < geometry.columns() && domain < geometry.domains())
    };
    let misplaced =
        |value: String, place: Operand| Err(VerificationError::Place { value, place: place.to_string() });
    if placement.carry.bits != 1 || !inside(placement.carry) {
        return misplaced("the carry".to_owned(), placement.carry);
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
            let mut others: Vec<(String, Operand)> = vec![("the carry".to_owned(), placement.carry)];
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
