//! Shared sums in a file, small, and never trusted: what is read is expanded and compared with the sums that it should be.
//!
//! A search for shared terms may take hours, and reading what it found a moment. The file holds definitions and sums alone, as
//! differences of term numbers of seven bits a byte; window elements and outputs are those of the sums before sharing. If the weights
//! are others than those that were searched for, or a bit is wrong, the expansion differs, and the file is refused.

use crate::ir::{Definition, Group, LayerSums, OutputSum, SignedTerm, TermId};

const MAGIC: &[u8] = b"tritrack sums 1\n";

/// Why a file does not hold the sums.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeptError {
    /// It does not begin as such a file does.
    #[error("this is no file of shared sums")]
    Magic,
    /// It ends too early, goes on too long, or holds a number that is none.
    #[error("the file is cut or damaged at byte {0}")]
    Damaged(usize),
    /// It has other groups, or other sums, than the layer.
    #[error("the file is for other sums: {what} are {found}, the layer's {expected}")]
    Shape {
        /// What is counted.
        what: &'static str,
        /// In the file.
        found: u64,
        /// In the layer.
        expected: u64,
    },
    /// A term that is not there at that point.
    #[error("group {group} uses term {term}, which is not there at that point")]
    Term {
        /// The group, counted from 0.
        group: usize,
        term: u64,
    },
    /// A sum that does not expand to the layer's.
    #[error("the sum for output {output} in group {group} is not the layer's: the file is of other weights")]
    Sum {
        /// The group, counted from 0.
        group: usize,
        output: u32,
    },
}

/// Sums that were kept, and how much work found them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The layer's sums, shared.
    pub sums: LayerSums,
    /// Pairs that came or went in the search.
    pub work: u64,
}

/// Shared sums as a file holds them.
pub fn write(sums: &LayerSums, work: u64) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    let mut number = |value: u64| {
        let mut rest = value;
        while rest >= 0x80 {
            bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
    };
    number(work);
    number(sums.groups.len() as u64);
    for group in &sums.groups {
        number(group.definitions.len() as u64);
        for (term, definition) in (group.taps.len() as u64..).zip(&group.definitions) {
            number(term - u64::from(definition.left.0));
            number((term - u64::from(definition.right.0)) << 1 | u64::from(definition.subtract));
        }
        number(group.sums.len() as u64);
        for sum in &group.sums {
            number(sum.terms.len() as u64);
            let mut before = 0;
            for term in &sum.terms {
                number((u64::from(term.id.0) - before) << 1 | u64::from(term.negative));
                before = u64::from(term.id.0);
            }
        }
    }
    bytes
}

/// Reads what [`write`] wrote. `unshared` are the layer's sums before sharing: each has to be what its shared form expands to.
///
/// # Errors
/// If the file is damaged, or of other weights.
pub fn read(bytes: &[u8], unshared: &LayerSums) -> Result<Kept, KeptError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(KeptError::Magic)?;
    let mut reader = Reader { bytes: rest, at: 0 };
    let work = reader.number()?;
    same("the groups", reader.number()?, unshared.groups.len())?;
    let mut sums = LayerSums { groups: Vec::with_capacity(unshared.groups.len()), ..unshared.clone() };
    sums.groups.clear();
    for (index, group) in unshared.groups.iter().enumerate() {
        let shared = reader.group(index, group)?;
        verify(index, &shared, group)?;
        sums.groups.push(shared);
    }
    if reader.at != rest.len() {
        return Err(reader.damaged());
    }
    Ok(Kept { sums, work })
}

fn same(what: &'static str, found: u64, expected: usize) -> Result<(), KeptError> {
    let expected = expected as u64;
    if found == expected { Ok(()) } else { Err(KeptError::Shape { what, found, expected }) }
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Reader<'_> {
    fn damaged(&self) -> KeptError {
        KeptError::Damaged(MAGIC.len() + self.at)
    }

    fn number(&mut self) -> Result<u64, KeptError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let &byte = self.bytes.get(self.at).ok_or_else(|| self.damaged())?;
            let part = u64::from(byte & 0x7f);
            if part << shift >> shift != part {
                break;
            }
            self.at += 1;
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.damaged())
    }

    fn group(&mut self, index: usize, unshared: &Group) -> Result<Group, KeptError> {
        let mut group = Group { taps: unshared.taps.clone(), ..Group::default() };
        for _ in 0..self.number()? {
            let next = group.terms() as u64;
            let back = |by: u64| -> Result<TermId, KeptError> {
                let term = next.checked_sub(by).filter(|&term| term < next);
                let term = term.ok_or(KeptError::Term { group: index, term: next.wrapping_sub(by) })?;
                Ok(TermId(term as u32))
            };
            let left = back(self.number()?)?;
            let right = self.number()?;
            group.definitions.push(Definition { left, right: back(right >> 1)?, subtract: right & 1 == 1 });
        }
        same("the sums", self.number()?, unshared.sums.len())?;
        let terms = group.terms() as u64;
        for sum in &unshared.sums {
            let mut shared = OutputSum { output: sum.output, terms: Vec::new() };
            let mut before = 0_u64;
            for place in 0..self.number()? {
                let number = self.number()?;
                let term = before.saturating_add(number >> 1);
                if term >= terms || place > 0 && number >> 1 == 0 {
                    return Err(KeptError::Term { group: index, term });
                }
                shared.terms.push(SignedTerm { id: TermId(term as u32), negative: number & 1 == 1 });
                before = term;
            }
            group.sums.push(shared);
        }
        Ok(group)
    }
}

/// Every sum expands to the one before sharing, and no window element ever stands twice in a sum.
fn verify(index: usize, shared: &Group, unshared: &Group) -> Result<(), KeptError> {
    let element = |term: usize| SignedTerm { id: TermId(term as u32), negative: false };
    let mut expansions: Vec<Vec<SignedTerm>> =
        (0..shared.taps.len()).map(|term| vec![element(term)]).collect();
    let signed = |of: &[SignedTerm], negative: bool| -> Vec<SignedTerm> {
        of.iter().map(|term| SignedTerm { negative: term.negative != negative, ..*term }).collect()
    };
    for definition in &shared.definitions {
        let mut sum = expansions[definition.left.index()].clone();
        sum.extend(signed(&expansions[definition.right.index()], definition.subtract));
        sum.sort_unstable();
        expansions.push(sum);
    }
    for (sum, expected) in shared.sums.iter().zip(&unshared.sums) {
        let mut found: Vec<SignedTerm> = Vec::with_capacity(expected.terms.len());
        for term in &sum.terms {
            found.extend(signed(&expansions[term.id.index()], term.negative));
            if found.len() > expected.terms.len() {
                break;
            }
        }
        found.sort_unstable();
        if found != expected.terms {
            return Err(KeptError::Sum { group: index, output: sum.output });
        }
    }
    Ok(())
}
