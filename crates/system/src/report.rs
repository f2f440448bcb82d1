//! What a system says of a workload.

use technology::{Area, Energy, Power, Time};

/// Energies by named part, in the system's order.
pub type Parts = Vec<(&'static str, Energy)>;

/// What one layer costs for one image.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerReport {
    /// The layer's name.
    pub name: String,
    /// Energy by part; every layer of a report has the same parts in the same order.
    pub parts: Parts,
    /// From the layer's first step to its last.
    pub latency: Time,
    /// Arrays that take part: associative processors, subarrays.
    pub arrays: u64,
}

impl LayerReport {
    /// The energy of all parts, summed in their order.
    pub fn energy(&self) -> Energy {
        self.parts.iter().map(|&(_, energy)| energy).sum()
    }
}

/// What is known of a machine whose model was evaluated, and not of one that was quoted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Machine {
    /// From an image to its logits.
    pub latency: Time,
    /// The machine's area.
    pub area: Area,
    /// Arrays that are there.
    pub arrays: u64,
    /// Bytes of the program that the machine runs; none if it runs no program.
    pub program_bytes: Option<u64>,
}

/// What a system says of a workload, for one image.
///
/// The energy of the whole is the system's own sum. It agrees with that of the layers but for rounding: systems whose model counts
/// over the whole network first (events, parts) are not made to add in another order.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    layers: Vec<LayerReport>,
    energy: Energy,
    machine: Option<Machine>,
}

impl Report {
    /// A report of layers, with the system's own sum of their energies.
    pub fn new(layers: Vec<LayerReport>, energy: Energy, machine: Machine) -> Self {
        Self { layers, energy, machine: Some(machine) }
    }

    /// A report of layers that follow one another on a machine of an area: the energies and latencies are summed layer after layer,
    /// and there are as many arrays as the layers have together.
    pub fn of_layers(layers: Vec<LayerReport>, area: Area) -> Self {
        let energy = layers.iter().map(LayerReport::energy).sum();
        let machine = Machine {
            latency: layers.iter().map(|layer| layer.latency).sum(),
            area,
            arrays: layers.iter().map(|layer| layer.arrays).sum(),
            program_bytes: None,
        };
        Self::new(layers, energy, machine)
    }

    /// An energy of which nothing else is known.
    pub fn quoted(energy: Energy) -> Self {
        Self { layers: Vec::new(), energy, machine: None }
    }

    /// The layers in order; none of a quoted energy.
    pub fn layers(&self) -> &[LayerReport] {
        &self.layers
    }

    /// The machine; none of a quoted energy.
    pub fn machine(&self) -> Option<&Machine> {
        self.machine.as_ref()
    }

    /// Energy of one image.
    pub fn energy(&self) -> Energy {
        self.energy
    }

    /// Latency of one image, if it is known.
    pub fn latency(&self) -> Option<Time> {
        self.machine.map(|machine| machine.latency)
    }

    /// Average power, if the latency is known.
    pub fn power(&self) -> Option<Power> {
        self.latency().map(|latency| self.energy / latency)
    }

    /// Area, if it is known.
    pub fn area(&self) -> Option<Area> {
        self.machine.map(|machine| machine.area)
    }

    /// Arrays, if they are known.
    pub fn arrays(&self) -> Option<u64> {
        self.machine.map(|machine| machine.arrays)
    }

    /// Bytes of the program, if the machine runs one.
    pub fn program_bytes(&self) -> Option<u64> {
        self.machine.and_then(|machine| machine.program_bytes)
    }

    /// Energy by part, each summed over the layers, in the order of the first layer's parts.
    pub fn parts(&self) -> Parts {
        let mut sums = Parts::new();
        for &(name, energy) in self.layers.iter().flat_map(|layer| &layer.parts) {
            match sums.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sum)) => *sum += energy,
                None => sums.push((name, energy)),
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use technology::Quantity;

    use super::*;

    fn layer(name: &str, search: f64, shift: f64) -> LayerReport {
        let parts = vec![("search", Energy::picojoules(search)), ("shift", Energy::picojoules(shift))];
        LayerReport { name: name.into(), parts, latency: Time::nanoseconds(2.0), arrays: 3 }
    }

    #[test]
    fn layers_that_follow_one_another_add_up() {
        let layers = vec![layer("a", 1.0, 2.0), layer("b", 4.0, 8.0)];
        let report = Report::of_layers(layers, Area::square_micrometres(5.0));
        assert_eq!(report.energy().base(), 15.0);
        assert_eq!(report.latency().map(Quantity::base), Some(4.0));
        assert_eq!(report.power().map(Quantity::base), Some(3.75));
        assert_eq!(report.arrays(), Some(6));
        let parts: Vec<_> = report.parts().into_iter().map(|(name, energy)| (name, energy.base())).collect();
        assert_eq!(parts, [("search", 5.0), ("shift", 10.0)]);
    }

    #[test]
    fn of_a_quoted_energy_nothing_else_is_known() {
        let report = Report::quoted(Energy::picojoules(7.0));
        assert_eq!(report.energy().base(), 7.0);
        assert!(report.latency().is_none() && report.power().is_none() && report.area().is_none());
        assert!(report.layers().is_empty() && report.parts().is_empty());
    }
}
