//! The quick tier: every experiment with fewer images, trials, draws and networks, to see within minutes that all of it works here.

use crate::manifest::{Images, NetworkPoint, Study};

/// What a quick experiment says of itself.
pub const SAID: &str = "quick: fewer images, trials, draws, networks and ways";

/// Trims a study. What is left is a study of the same kind with wider intervals and fewer rows; its numbers are not those of the claims.
pub fn trim(study: &mut Study) {
    match study {
        Study::Operations(study) => {
            study.unlimited.clear();
            keep_ends(&mut study.networks);
            if let Some(arrays) = &mut study.on_arrays {
                at_most(&mut arrays.images, 1);
                let last = arrays.networks.len().saturating_sub(1);
                arrays.networks.drain(..last);
            }
        }
        Study::LayerCosts(study) | Study::EnergyParts(study) => at_most(&mut study.images, 1),
        Study::EnergyRatio(study) => {
            at_most(&mut study.images, 1);
            study.draws = study.draws.min(1000);
            study.replication = None;
            // The break-even is drawn for some of the flows: these are what the figure is about.
            if let Some(plan) = &study.break_even {
                study.flows.retain(|flow| plan.flows.contains(&flow.name));
            }
        }
        Study::ShiftFaults(study) => {
            at_most(&mut study.images, 30);
            at_most(&mut study.costs.images, 1);
            study.trials = study.trials.min(2);
            study.rare_trials = study.rare_trials.min(10);
        }
        Study::Networks(study) => {
            // What is too large to be executed takes long to compile, too.
            if study.expected {
                study.networks.truncate(1);
            }
            if let Some(sharing) = &mut study.sharing {
                sharing.networks.truncate(1);
            }
            keep_ends(&mut study.networks);
            points_at_most(&mut study.networks, 1);
            study.flows.truncate(2);
        }
        Study::Sensitivity(study) => at_most(&mut study.images, 1),
        Study::HardwareFeatures(study) => {
            at_most(&mut study.images, 1);
            study.flows.truncate(2);
        }
        Study::DesignSpace(study) => {
            study.networks.truncate(1);
            keep_ends(&mut study.columns);
            keep_ends(&mut study.domains);
        }
        Study::Accuracy(study) => {
            points_at_most(&mut study.networks, 300);
            study.crossbar_images = study.crossbar_images.min(100);
        }
        Study::Lifetime(study) => at_most(&mut study.images, 1),
        Study::FaultSites(study) => {
            at_most(&mut study.images, 30);
            study.trials = study.trials.min(2);
        }
        Study::FaultComparison(study) => {
            at_most(&mut study.images, 30);
            study.trials = 1;
        }
        Study::CrossbarValidation(_) => {}
    }
}

fn at_most(images: &mut Images, count: usize) {
    images.count = images.count.min(count);
}

fn points_at_most(points: &mut [NetworkPoint], count: usize) {
    points.iter_mut().for_each(|point| at_most(&mut point.images, count));
}

/// The first and the last of a list.
fn keep_ends<T>(list: &mut Vec<T>) {
    if list.len() > 2 {
        list.drain(1..list.len() - 1);
    }
}
