//! A subarray: the energy of its rows in one bit plane, its times and its area.

use technology::{Area, Energy, Length, Quantity};

use crate::activity::mean_cell_code;
use crate::converter::Conversion;
use crate::scaling::Scaling;
use crate::{ColumnSampling, CrossbarParameters, Design, Precision};

/// What the parts of a subarray cost in one bit plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Subarray {
    pub conversion: Conversion,
    /// Word line of an active row over all columns.
    pub word_line: Energy,
    /// Driver of an active row, in all turns of the columns.
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
            design,
            mean_cell_code(precision.weights, design.cell_bits, design.encoding),
            parameters,
            scaling,
        );
        // Siemens in thousandths.
        let on_conductance = 1e3 / parameters.on_resistance.base();
        let cell = parameters.word_line_wire * scaling.cell_wire
            + parameters.access_gate * (on_conductance * scaling.gate);
        let raised = match design.column_sampling {
            ColumnSampling::Grouped => design.columns_per_converter,
            ColumnSampling::Held => 1,
        };
        let word_line = (cell * (design.columns * raised) as f64).switching_energy(parameters.access_voltage);
        let digits = f64::from(design.converter.bits() + precision.activation_bits);
        let node = Length::micrometres(design.node_nm * 1e-3);
        Self {
            conversion,
            word_line,
            driver: parameters.driver * raised as f64 * scaling.logic,
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
