//! Which runs of networks on machines a study will ask for, known before anything is computed.

use rtm_ap::ActivationsAt;

use crate::manifest::{Flow, Images, MachineSettings, Study};
use crate::stages::run::{RunRequest, Way};

/// The runs of a study, each once, in no particular order. That a study asks for these and no others is checked when it runs.
pub fn runs(study: &Study) -> Vec<RunRequest> {
    let mut found: Vec<RunRequest> = Vec::new();
    let mut add = |request: RunRequest| {
        if !found.contains(&request) {
            found.push(request);
        }
    };
    match study {
        Study::Operations(study) => {
            if let Some(arrays) = &study.on_arrays {
                for network in &arrays.networks {
                    for &sharing in &arrays.sharing {
                        let mut request = plain(network, arrays.machine, &arrays.images);
                        request.options.sharing = sharing;
                        add(request);
                    }
                }
            }
        }
        Study::LayerCosts(study) | Study::EnergyParts(study) => {
            add(plain(&study.network, study.machine, &study.images));
        }
        Study::EnergyRatio(study) => {
            add(plain(&study.network, study.machine, &study.images));
            study.flows.iter().for_each(|flow| add(of_flow(&study.network, flow, &study.images)));
            if let Some(plan) = &study.replication {
                for flow in study.flows.iter().filter(|flow| plan.flows.contains(&flow.name)) {
                    for &outputs in &plan.outputs_per_processor {
                        let mut request = of_flow(&study.network, flow, &study.images);
                        request.options.outputs_per_processor = (outputs > 0).then_some(outputs);
                        if outputs > 0 {
                            (request.activations, request.way) = (ActivationsAt::Periphery, Way::Expected);
                        }
                        add(request);
                    }
                }
            }
        }
        Study::ShiftFaults(study) => add(plain(&study.network, study.machine, &study.costs.images)),
        Study::Networks(study) => {
            for point in &study.networks {
                for flow in &study.flows {
                    let mut request = of_flow(&point.network, flow, &point.images);
                    if study.expected {
                        request.way = Way::Expected;
                    }
                    add(request);
                }
            }
        }
        Study::Sensitivity(study) => add(plain(&study.network, study.machine, &study.images)),
        Study::HardwareFeatures(study) => {
            study.flows.iter().for_each(|flow| add(of_flow(&study.network, flow, &study.images)));
        }
        Study::Lifetime(study) => add(plain(&study.network, study.machine, &study.images)),
        Study::FaultComparison(study) => add(plain(&study.network, study.machine, &study.images)),
        Study::CrossbarValidation(_) | Study::DesignSpace(_) | Study::Accuracy(_) | Study::FaultSites(_) => {}
    }
    found
}

fn plain(network: &str, machine: MachineSettings, images: &Images) -> RunRequest {
    RunRequest::executed(network, machine.0, images)
}

fn of_flow(network: &str, flow: &Flow, images: &Images) -> RunRequest {
    plain(network, flow.machine, images).with_activations(flow.activations)
}

/// What else a study keeps, entry by entry, whose number is known only when it runs.
pub fn other_stages(study: &Study) -> Option<&'static str> {
    match study {
        Study::DesignSpace(_) => Some("arrays of every shape"),
        Study::ShiftFaults(_) | Study::FaultSites(_) | Study::FaultComparison(_) => {
            Some("trials with faults")
        }
        Study::Operations(study) if !study.unlimited.is_empty() => Some("sharing without limits"),
        _ => None,
    }
}
