//! Inferences that faults strike, many of them together, layer by layer.
//!
//! What no fault has reached keeps its fault-free values. In each layer the struck rows of all inferences share the words of one
//! execution; the accumulators of the other rows follow from the activations that changed. The result of an inference does
//! not depend on which others are in its batch.

use network::{
    Accumulators, Activation, ActivationId, Evaluation, FeatureMap, LayerId, Network, Node, ValueId, Values,
};
use rayon::prelude::*;
use rtm_ap::{Machine, MachineError, MachineLayer, StruckRow};

use crate::mitigation::{RowRuns, vote};

/// An inference that faults strike.
pub(crate) struct Inference<'c> {
    clean: &'c Evaluation,
    /// In the order of layer, program and position.
    rows: Vec<RowRuns>,
    /// Values that differ from the fault-free ones.
    activations: Vec<Option<FeatureMap>>,
    accumulators: Vec<Option<Accumulators>>,
    /// The first layer whose accumulators differ.
    pub first_failing: Option<usize>,
    /// The logits, where they differ from the fault-free ones.
    pub logits: Option<Vec<i64>>,
}

impl<'c> Inference<'c> {
    pub(crate) fn new(network: &Network, clean: &'c Evaluation, rows: Vec<RowRuns>) -> Self {
        Self {
            clean,
            rows,
            activations: vec![None; network.nodes().len() + 1 - network.linear_layers().len()],
            accumulators: vec![None; network.linear_layers().len()],
            first_failing: None,
            logits: None,
        }
    }

    /// The struck rows of a layer.
    fn rows_of(&self, layer: usize) -> &[RowRuns] {
        let start = self.rows.partition_point(|row| (row.layer as usize) < layer);
        let end = self.rows.partition_point(|row| (row.layer as usize) <= layer);
        &self.rows[start..end]
    }

    /// The accumulators of a layer without the faults that strike in it.
    fn follow(&mut self, id: LayerId, layer: &network::LinearLayer, source: ActivationId) {
        let changed = self.activations[source.index()].as_ref();
        if changed.is_none() && self.rows_of(id.index()).is_empty() {
            return;
        }
        let mut accumulators = self.clean.accumulators_of(id).clone();
        if let Some(changed) = changed {
            layer.follow_changes(self.clean.activations_of(source), changed, &mut accumulators);
        }
        self.accumulators[id.index()] = Some(accumulators);
    }

    /// Forgets what turned out as without faults, and notes the first layer that did not.
    fn settle(&mut self, id: LayerId) {
        let slot = &mut self.accumulators[id.index()];
        if slot.as_ref() == Some(self.clean.accumulators_of(id)) {
            *slot = None;
        } else if slot.is_some() && self.first_failing.is_none() {
            self.first_failing = Some(id.index());
        }
    }

    fn activate(&mut self, id: ActivationId, activation: &Activation) {
        let changed = |source: &ValueId| match source {
            ValueId::Activation(id) => self.activations[id.index()].is_some(),
            ValueId::Accumulators(id) => self.accumulators[id.index()].is_some(),
        };
        if activation.operation().sources().iter().any(changed) {
            let made = activation.made_from(self);
            if &made != self.clean.activations_of(id) {
                self.activations[id.index()] = Some(made);
            }
        }
    }
}

impl Values for Inference<'_> {
    fn activations_of(&self, id: ActivationId) -> &FeatureMap {
        self.activations[id.index()].as_ref().unwrap_or_else(|| self.clean.activations_of(id))
    }

    fn accumulators_of(&self, id: LayerId) -> &Accumulators {
        self.accumulators[id.index()].as_ref().unwrap_or_else(|| self.clean.accumulators_of(id))
    }
}

/// Runs inferences to their logits.
///
/// # Errors
/// If the machine was not made for the network.
pub(crate) fn run(machine: &Machine, inferences: &mut [Inference<'_>]) -> Result<(), MachineError> {
    let network = machine.network();
    let last_uses = LastUses::of(network);
    for (step, node) in network.nodes().enumerate() {
        match node {
            Node::Linear(id, layer) => {
                let source = network.source(id).unwrap_or(ActivationId::IMAGE);
                inferences.par_iter_mut().for_each(|inference| inference.follow(id, layer, source));
                let prepared = machine.layers().get(id.index());
                let prepared = prepared.ok_or_else(|| MachineError::Unknown(layer.name().to_owned()))?;
                strike(prepared, id, source, inferences)?;
                inferences.par_iter_mut().for_each(|inference| inference.settle(id));
            }
            Node::Activation(id, activation) => {
                inferences.par_iter_mut().for_each(|inference| inference.activate(id, activation));
            }
        }
        if step + 1 < network.nodes().len() {
            last_uses.forget(step, inferences);
        }
    }
    let logits = network.logits();
    for inference in inferences {
        inference.logits =
            inference.accumulators[logits.source().index()].as_ref().map(|sums| logits.of(sums));
    }
    Ok(())
}

/// Executes the struck rows of a layer and puts their accumulators in the place of the fault-free ones.
fn strike(
    prepared: &MachineLayer,
    id: LayerId,
    source: ActivationId,
    inferences: &mut [Inference<'_>],
) -> Result<(), MachineError> {
    let results = (0..prepared.compiled().programs.len())
        .into_par_iter()
        .map(|program| {
            let mut rows = Vec::new();
            for inference in &*inferences {
                let input = inference.activations_of(source);
                let of_program =
                    inference.rows_of(id.index()).iter().filter(|row| row.program as usize == program);
                rows.extend(of_program.flat_map(|row| {
                    let position = row.position as usize;
                    row.runs.iter().map(move |strikes| StruckRow { input, position, strikes })
                }));
            }
            if rows.is_empty() { Ok(Vec::new()) } else { prepared.execute_struck(program, &rows) }
        })
        .collect::<Result<Vec<_>, _>>()?;
    for (program, outputs) in results.iter().enumerate().filter(|(_, outputs)| !outputs.is_empty()) {
        let mut run = 0;
        for inference in &mut *inferences {
            let Inference { rows, accumulators, .. } = inference;
            let Some(accumulators) = &mut accumulators[id.index()] else { continue };
            let positions = accumulators.shape().positions();
            let here = |row: &&RowRuns| (row.layer as usize, row.program as usize) == (id.index(), program);
            for row in rows.iter().filter(here) {
                for (output, values) in outputs {
                    let sum =
                        &mut accumulators.values_mut()[*output as usize * positions + row.position as usize];
                    *sum = match values[run..run + row.runs.len()] {
                        [only] => only,
                        [a, b] => vote(a, b, *sum),
                        [a, b, c] => vote(a, b, c),
                        _ => *sum,
                    };
                }
                run += row.runs.len();
            }
        }
    }
    Ok(())
}

/// The step after which a value is read no more.
struct LastUses {
    activations: Vec<usize>,
    accumulators: Vec<usize>,
}

impl LastUses {
    fn of(network: &Network) -> Self {
        let steps = network.nodes().len();
        let mut activations = vec![0; steps + 1 - network.linear_layers().len()];
        let mut accumulators = vec![0; network.linear_layers().len()];
        for (step, node) in network.nodes().enumerate() {
            match node {
                Node::Linear(id, _) => {
                    if let Some(source) = network.source(id) {
                        activations[source.index()] = step;
                    }
                }
                Node::Activation(_, activation) => {
                    for source in activation.operation().sources() {
                        match source {
                            ValueId::Activation(id) => activations[id.index()] = step,
                            ValueId::Accumulators(id) => accumulators[id.index()] = step,
                        }
                    }
                }
            }
        }
        accumulators[network.logits().source().index()] = steps;
        Self { activations, accumulators }
    }

    fn forget(&self, step: usize, inferences: &mut [Inference<'_>]) {
        let done = |uses: &[usize]| -> Vec<usize> { (0..uses.len()).filter(|&i| uses[i] == step).collect() };
        let (activations, accumulators) = (done(&self.activations), done(&self.accumulators));
        for inference in inferences {
            activations.iter().for_each(|&index| inference.activations[index] = None);
            accumulators.iter().for_each(|&index| inference.accumulators[index] = None);
        }
    }
}
