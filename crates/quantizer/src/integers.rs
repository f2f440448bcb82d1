//! The integers of each rounded step: bits, what stands for 0, and bounds.

use float_network::Quantization;

use crate::lower::LowerError;
use crate::options::PostTrainingError;
use crate::plan::{Activation, Clamp, Plan};

/// Bits of activations if nothing is said.
const DEFAULT_BITS: u32 = 4;
/// The most that a network file can have.
const MOST_BITS: u32 = 8;

/// The integers of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounded {
    pub low: u16,
    pub high: u16,
}

/// The bounds of a step's integers: those of its real values, as its quantization rounds them, and those of its own integers.
pub(crate) fn bounds(clamp: Clamp, quantization: Quantization, own: Option<Quantization>) -> Bounded {
    let Quantization { step, zero, maximum } = quantization;
    let integer = |bound: f64| match own {
        // As the network itself rounds its bound.
        Some(own) => own.integer(bound as f32) + f64::from(zero) - f64::from(own.zero),
        None => (bound / step + 0.5).floor() + f64::from(zero),
    };
    let top = f64::from(maximum);
    // The network's own integers, where it has fewer than the step's bits can hold.
    let (least, most) = own.map_or((0.0, top), |own| {
        let moved = f64::from(zero) - f64::from(own.zero);
        (moved, f64::from(own.maximum) + moved)
    });
    let low = if clamp.low.is_finite() { integer(clamp.low) } else { 0.0 }.max(least).clamp(0.0, top);
    let high = if clamp.high.is_finite() { integer(clamp.high) } else { top }.min(most).clamp(low, top);
    Bounded { low: low as u16, high: high as u16 }
}

/// The bits of the activations, and of each step the bits of its own; the network's own quantizations are brought together where
/// their values lie side by side.
pub(crate) fn settle(plan: &mut Plan, asked: Option<u32>) -> Result<u32, PostTrainingError> {
    if let Some(found) = asked.filter(|bits| !(1..=MOST_BITS).contains(bits)) {
        return Err(PostTrainingError::Bits { found });
    }
    let classes = plan.classes();
    let mut own_bits: Vec<Option<u32>> = vec![None; plan.steps.len()];
    for class in 0..plan.steps.len() {
        let members: Vec<usize> = (0..plan.steps.len())
            .filter(|&place| classes[place] == class && plan.steps[place].kind.is_rounded())
            .collect();
        let given: Vec<(usize, Quantization)> =
            members.iter().filter_map(|&place| Some((place, plan.steps[place].given?))).collect();
        if let Some(&(first, quantization)) = given.first() {
            if let Some((place, _)) = given.iter().find(|(_, other)| other.step != quantization.step) {
                let reason = format!(
                    "is concatenated with values of another scale than `{}`; supported is one scale for all",
                    plan.steps[first].name
                );
                return Err(LowerError { node: plan.steps[*place].name.clone(), reason }.into());
            }
            // After a ReLU nothing is below 0: integers that stand for less are never used.
            let below = |&(place, q): &(usize, Quantization)| {
                if plan.steps[place].activation.clamp().low >= 0.0 { 0 } else { q.zero }
            };
            let zero = given.iter().map(below).max().unwrap_or(0);
            let above = given.iter().map(|(_, q)| q.maximum - q.zero).max().unwrap_or(0);
            let most = u32::from(zero) + u32::from(above);
            let bits = (u32::BITS - most.leading_zeros()).max(1);
            if bits > MOST_BITS {
                return Err(PostTrainingError::Bits { found: bits });
            }
            members.iter().for_each(|&place| own_bits[place] = Some(bits));
        } else if let Some(bits) = members.iter().filter_map(|&place| plan.steps[place].bits).max() {
            members.iter().for_each(|&place| own_bits[place] = Some(bits));
        }
    }
    let with_given = |place: usize| {
        (0..classes.len()).any(|other| classes[other] == classes[place] && plan.steps[other].given.is_some())
    };
    let is_given: Vec<bool> = (0..plan.steps.len()).map(with_given).collect();
    let most = own_bits.iter().zip(&is_given).filter_map(|(own, given)| own.filter(|_| *given)).max();
    let bits = asked.or(most).unwrap_or(DEFAULT_BITS);
    for place in 0..plan.steps.len() {
        let given = is_given[place];
        let Some(own) = own_bits[place] else {
            plan.steps[place].bits = None;
            continue;
        };
        if given && own > bits {
            let (found, expected) = (1 << own, 1 << bits);
            let layer = plan.steps[place].name.clone();
            return Err(PostTrainingError::Levels { layer, found, bits, expected });
        }
        // What is not given is finer than the network only if the network is coarser.
        let own = if given { own } else { own.max(bits) };
        plan.steps[place].bits = (own != bits).then_some(own);
    }
    Ok(bits)
}

/// The quantization that a step whose values lie beside given ones has with them: one zero for all, and as many integers as its bits hold.
pub(crate) fn together(plan: &Plan, members: &[usize], maximum: u16) -> Option<Quantization> {
    let given = members.iter().filter_map(|&place| Some((place, plan.steps[place].given?)));
    let mut together: Option<Quantization> = None;
    for (place, own) in given {
        let is_positive =
            matches!(plan.steps[place].activation, Activation::Rounded(clamp) if clamp.low >= 0.0);
        let zero = if is_positive { 0 } else { own.zero };
        let zero = together.map_or(zero, |together| together.zero.max(zero));
        together = Some(Quantization { step: own.step, zero, maximum });
    }
    together
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYMMETRIC: Quantization = Quantization { step: 0.5, zero: 8, maximum: 15 };

    #[test]
    fn bounds_are_rounded_like_what_they_bound() {
        let shared = Quantization { step: 0.1, zero: 100, maximum: 255 };
        assert_eq!(bounds(Clamp::NONE, shared, None), Bounded { low: 0, high: 255 });
        assert_eq!(bounds(Clamp::RELU, shared, None), Bounded { low: 100, high: 255 });
        assert_eq!(bounds(Clamp::between(-1.0, 6.0), shared, None), Bounded { low: 90, high: 160 });
        // Beyond what the integers hold, a bound bounds nothing.
        assert_eq!(bounds(Clamp::between(-99.0, 99.0), shared, None), Bounded { low: 0, high: 255 });
    }

    #[test]
    fn a_networks_own_integers_end_where_they_end() {
        let narrow = Quantization { step: 0.5, zero: 7, maximum: 14 };
        let in_four_bits = Quantization { maximum: 15, ..narrow };
        assert_eq!(bounds(Clamp::NONE, in_four_bits, Some(narrow)), Bounded { low: 0, high: 14 });
        // Symmetric integers after a ReLU: three bits, all of them used.
        let after_relu = Quantization { step: 0.5, zero: 0, maximum: 7 };
        assert_eq!(bounds(Clamp::RELU, after_relu, Some(SYMMETRIC)), Bounded { low: 0, high: 7 });
        let beside_signed = Quantization { step: 0.5, zero: 8, maximum: 15 };
        assert_eq!(bounds(Clamp::RELU, beside_signed, Some(SYMMETRIC)), Bounded { low: 8, high: 15 });
        assert_eq!(
            bounds(Clamp::between(0.0, 0.7), beside_signed, Some(SYMMETRIC)),
            Bounded { low: 8, high: 9 }
        );
    }
}
