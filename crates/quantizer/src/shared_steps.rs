//! Steps of values that are put side by side.

use float_network::{FloatNetwork, Quantization};
use network::ImageSet;
use rayon::prelude::*;

use crate::float_run::FloatRun;
use crate::histogram::{Histogram, StepRule, range};
use crate::integers::together;
use crate::options::PostTrainingError;
use crate::plan::{Activation, Plan};

/// The step and zero of every value that is concatenated with others: from the float values of all of them together.
pub(crate) fn shared_steps(
    plan: &Plan,
    network: &FloatNetwork,
    images: &ImageSet,
    rule: StepRule,
    maxima: &[u16],
) -> Result<Vec<Option<Quantization>>, PostTrainingError> {
    let classes = plan.classes();
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); plan.steps.len()];
    for (place, step) in plan.steps.iter().enumerate() {
        if step.kind.is_rounded()
            && step.activation != Activation::Accumulators
            && place + 1 < plan.steps.len()
        {
            members[classes[place]].push(place);
        }
    }
    let mut shared: Vec<Option<Quantization>> = vec![None; plan.steps.len()];
    for members in members.iter().filter(|members| !members.is_empty()) {
        let together = together(plan, members, maxima[members[0]]);
        for &place in members {
            // Without images, what the network does not say itself is not known.
            shared[place] = together.filter(|_| plan.steps[place].given.is_some() || !images.is_empty());
        }
    }
    members.retain(|members| members.len() > 1);
    members.retain(|members| members.iter().any(|&place| shared[place].is_none()));
    if members.is_empty() || images.is_empty() {
        return Ok(shared);
    }
    let all = || members.iter().flatten().map(|&place| plan.steps[place].reference);
    let maps = network.pixels().maps(images);
    let mut of_class = vec![None; members.len()];
    // Ranges first, then counts in bins of the ranges.
    let mut ranges = Vec::new();
    let mut run = FloatRun::new(network, maps.clone(), all());
    for members in &members {
        let mut both = (0.0_f64, 0.0_f64);
        for &place in members {
            let values = run.take(plan.steps[place].reference);
            let (low, high) = range(values.par_iter(), plan.steps[place].activation);
            both = (both.0.min(low), both.1.max(high));
        }
        ranges.push(both);
    }
    let mut run = FloatRun::new(network, maps, all());
    for ((members, &range), histogram) in members.iter().zip(&ranges).zip(&mut of_class) {
        for &place in members {
            let values = run.take(plan.steps[place].reference);
            let own = Histogram::of(values.par_iter(), plan.steps[place].activation, range);
            *histogram = Some(match histogram.take() {
                Some(sum) => own.plus(&sum),
                None => own,
            });
        }
    }
    for (members, histogram) in members.iter().zip(&of_class) {
        let maximum = members.first().map_or(1, |&place| maxima[place]);
        let quantization = histogram.as_ref().map(|histogram| histogram.quantization(rule, maximum));
        members.iter().for_each(|&place| shared[place] = quantization);
    }
    Ok(shared)
}
