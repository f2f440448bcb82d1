//! A subarray: the energy of its rows in one bit plane, its times and its area.

use technology::{Area, Energy, Length, Quantity};

use crate::converter::Conversion;
use crate::scaling::Scaling;
use crate::{ColumnSampling, CrossbarParameters, Design, Precision};

/// What the parts of a subarray cost in one bit plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Subarray {
    /// A conversion.
    pub conversion: Conversion,
    /// Word line of an active row over all columns.
    pub word_line: Energy,
    /// Driver of an active row.
    pub driver: Energy,
    /// Shift-add of one conversion.
    pub shift_add: Energy,
    /// Area of the cells.
    pub cell_area: Area,
    /// Area of the drivers.
    pub driver_area: Area,
    /// Area of the converters.
    pub converter_area: Area,
    /// Area of the shift-adders.
    pub shift_add_area: Area,
}

impl Subarray {
    pub(crate) fn new(
        design: &Design,
        parameters: &CrossbarParameters,
        scaling: &Scaling,
        precision: Precision,
    ) -> Self {
        let conversion = Conversion::new(
            design.converter,
            precision.weights.mean_cell_code(design.cell_bits),
            parameters,
            scaling,
        );
        // Siemens in thousandths.
        let on_conductance = 1e3 / parameters.on_resistance.base();
        let cell =
            (parameters.word_line_wire + parameters.access_gate * on_conductance) * scaling.capacitance;
        let raised = match design.column_sampling {
            ColumnSampling::Grouped => design.columns_per_converter,
            ColumnSampling::Held => 1,
        };
        let word_line = (cell * (design.columns * raised) as f64).switching_energy(scaling.supply);
        let digits = f64::from(design.converter.bits() + precision.activation_bits);
        let node = Length::micrometres(design.node_nm * 1e-3);
        Self {
            conversion,
            word_line,
            driver: parameters.driver * scaling.logic + word_line * parameters.driver_load.base(),
            shift_add: parameters.shift_add * digits * scaling.logic,
            cell_area: parameters.cell_area.at(node) * (design.rows * design.columns) as f64,
            driver_area: parameters.driver_area * design.rows as f64 * scaling.area,
            converter_area: conversion.area * design.converters() as f64,
            shift_add_area: parameters.adder_area * digits * design.converters() as f64 * scaling.area,
        }
    }

    /// Its whole area.
    pub(crate) fn area(&self) -> Area {
        self.cell_area + self.driver_area + self.converter_area + self.shift_add_area
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use technology::Parameters;

    use super::*;
    use crate::{Converter, WeightStatistics, load_technology};

    /// Energies in fJ and areas in µm² of the components of a subarray, as DNN+NeuroSim V1.3 gave them, a quarter of the
    /// rows active.
    #[test]
    fn components_are_within_a_sixth_of_those_measured() {
        let experiments = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
        let file = load_technology(&experiments.join("technology/crossbar/neurosim-rram-22nm.yaml")).unwrap();
        let parameters = CrossbarParameters::resolve(&file.parameters).unwrap();
        let measured =
            std::fs::read_to_string(experiments.join("references/neurosim/components.csv")).unwrap();
        let active_rows = file.design.rows as f64 / 4.0;
        let mut compared = 0;
        for line in measured.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let [component, kind, bits, node, value, _unit] = fields.as_slice() else { panic!("{line}") };
            let bits = bits.parse().unwrap();
            let converter = match *kind {
                "flash" => Converter::Flash { bits },
                _ => Converter::Successive { bits },
            };
            let design = Design { node_nm: node.parse().unwrap(), converter, ..file.design };
            let scaling = Scaling::new(&design, &parameters).unwrap();
            let precision =
                Precision { weights: WeightStatistics::Ternary { zeros: 0.5 }, activation_bits: 4 };
            let subarray = Subarray::new(&design, &parameters, &scaling, precision);
            let modelled = match *component {
                "conversion" => {
                    (subarray.conversion.fixed + subarray.conversion.active_row * active_rows).base() * 1e3
                }
                "word_lines" => subarray.word_line.base() * active_rows * 1e3,
                "driver" => subarray.driver.base() * 1e3,
                "shift_add" => subarray.shift_add.base() * 1e3,
                "converter_area" => subarray.conversion.area.base(),
                "cell_area" => subarray.cell_area.base(),
                "subarray_area" => subarray.area().base(),
                other => panic!("{other}"),
            };
            let ratio = modelled / value.parse::<f64>().unwrap();
            assert!((6.0 / 7.0..7.0 / 6.0).contains(&ratio), "{line}: modelled {modelled:.1}");
            compared += 1;
        }
        assert_eq!(compared, 27);
    }
}
