//! The numbers that the crossbar model computes with. Those that depend on the node are given at the reference node and
//! scaled by the rules of `scaling`.

use technology::{Area, Capacitance, Energy, FeatureArea, Length, Number, Power, Resistance, Time, Voltage};

technology::parameters! {
    /// What a crossbar's parts cost.
    pub struct CrossbarParameters {
        /// Node at which the parameters below are given.
        reference_node: Length = "scaling.reference_node" per "",
        /// Supply at the reference node.
        reference_supply: Voltage = "scaling.reference_supply" per "",
        /// Change of the supply with the node.
        supply_slope: Voltage = "scaling.supply_slope" per "nm",
        /// Exponent of the node with which the gate capacitance of the narrowest transistor grows.
        gate_exponent: Number = "scaling.gate_exponent" per "",
        /// Exponent of the node with which the delay of a gate grows.
        delay_exponent: Number = "scaling.delay_exponent" per "",

        /// Resistance of a cell at its largest code.
        on_resistance: Resistance = "cell.on_resistance" per "",
        /// Resistance of a cell at code zero.
        off_resistance: Resistance = "cell.off_resistance" per "",
        /// Voltage over a column's cells during a read.
        read_voltage: Voltage = "cell.read_voltage" per "",
        /// Voltage to which a word line is raised, at any node.
        access_voltage: Voltage = "cell.access_voltage" per "",
        /// Area of a cell with its access transistor.
        cell_area: FeatureArea = "cell.area" per "cell",
        /// Word-line capacitance of a cell apart from what follows.
        word_line_wire: Capacitance = "cell.word_line_wire" per "cell",
        /// Gate capacitance of an access transistor that carries the current of a cell of 1 mS; its width follows the conductance.
        access_gate: Capacitance = "cell.access_gate" per "mS",

        /// Energy of a row's latch and pass gates each time that its word line is raised.
        driver: Energy = "driver.switching" per "row",
        /// Area of a row's driver and switches.
        driver_area: Area = "driver.area" per "row",

        /// Energy of a sense amplifier of a flash converter in one conversion.
        flash_level: Energy = "flash.conversion" per "level",
        /// Share of the conversion's time during which column current flows, flash converter.
        flash_duty: Number = "flash.current_duty" per "",
        /// Time that the sense amplifiers of a flash converter take, at any node.
        flash_time: Time = "flash.conversion_time" per "",
        /// Time that a flash converter's encoder takes for each level that its gates gather.
        flash_encode: Time = "flash.encode_time" per "level",
        /// Area of one sense amplifier of a flash converter with 16 levels.
        flash_area: Area = "flash.area" per "level",
        /// Exponent of the number of levels with which a flash converter's area grows.
        flash_area_exponent: Number = "flash.area_exponent" per "",

        /// Energy of a step of a successive converter; there is one for the sample and one for every bit.
        successive_step: Energy = "successive.conversion" per "step",
        /// Share of the conversion's time during which column current flows, successive converter.
        successive_duty: Number = "successive.current_duty" per "",
        /// Time of a step of a successive converter, at any node.
        successive_time: Time = "successive.step_time" per "step",
        /// Area of a successive converter apart from its bits.
        successive_area: Area = "successive.area" per "",
        /// Area that every bit adds to a successive converter.
        successive_bit_area: Area = "successive.bit_area" per "bit",

        /// Energy of a shift-add of one conversion, for each bit of the sum of the converter's and the activation's bits.
        shift_add: Energy = "accumulation.shift_add" per "bit" of components,
        /// Energy of an addition with its register, for each bit of a partial sum.
        adder: Energy = "accumulation.adder" per "bit" of components,
        /// Area of a shift-adder or an adder, for each bit.
        adder_area: Area = "accumulation.area" per "bit" of components,
        /// Time that a carry takes through one bit of an adder.
        adder_time: Time = "timing.adder_bit" per "bit",
        /// Time to decode which columns the converters read.
        select: Time = "timing.select" per "",
        /// Time to open the columns' pass gates, for each cell of the columns that a turn reads and each mS of its mean resistance's conductance.
        select_load: Time = "timing.select_load" per "mS",

        /// Energy to store or load one bit in the global buffer or a tile's.
        buffer: Energy = "buffer.access" per "bit" of components,
        /// Energy to store one bit of an input or a partial sum in the registers of a processing element.
        register: Energy = "buffer.register" per "bit" of components,
        /// Area of a processing element's buffers and control, for each row and column of its subarrays.
        element_area: Area = "buffer.area" per "line",
        /// Steps of the buffers for an input value of a matrix row, unrolled layers.
        unrolled_input_steps: Number = "buffer.unrolled_input_steps" per "value",
        /// Steps of the buffers for an output value, unrolled layers.
        unrolled_output_steps: Number = "buffer.unrolled_output_steps" per "value",
        /// Steps of the buffers for an input value of a matrix row, layers split by tap.
        split_input_steps: Number = "buffer.split_input_steps" per "value",
        /// Steps of the buffers for an output value, layers split by tap.
        split_output_steps: Number = "buffer.split_output_steps" per "value",
        /// Share of the buffers' steps that does not depend on the bits of a value.
        buffer_fixed_share: Number = "buffer.fixed_share" per "",
        /// Share of the buffers' steps added by every bit of weight and activation.
        buffer_bit_share: Number = "buffer.bit_share" per "bit",

        /// Capacitance of a wire.
        wire: Capacitance = "interconnect.wire" per "um" of components,
        /// Share of a path's wires, with the capacitance of their repeaters, that an input bit charges between the global buffer and a tile of an H-tree.
        tree_input_activity: Number = "interconnect.tree_input_activity" per "",
        /// The same of an output bit.
        tree_output_activity: Number = "interconnect.tree_output_activity" per "",
        /// The same of an input bit on a bus.
        input_global_activity: Number = "interconnect.input_global_activity" per "",
        /// Share of a path's wires that a bit charges between a tile's edge and a processing element.
        tile_activity: Number = "interconnect.tile_activity" per "",
        /// Share of a path's wires that a bit, of an input or a partial sum, charges within a processing element.
        element_activity: Number = "interconnect.element_activity" per "",
        /// The same of an output bit on a bus between a tile and the global buffer.
        output_global_activity: Number = "interconnect.output_global_activity" per "",
        /// Distance between the wires of a tree.
        wire_pitch: Length = "interconnect.pitch" per "",
        /// Delay of a wire with its repeaters.
        wire_delay: Time = "interconnect.delay" per "um",

        /// Leakage of the latch and switches of a row or a column of a subarray.
        leakage: Power = "leakage.line" per "line" of components,
        /// Leakage of a bit of a shift-adder's, a buffer's or any other register.
        leakage_bit: Power = "leakage.register" per "bit" of components,
        /// Leakage of a bit of an adder.
        leakage_adder: Power = "leakage.adder" per "bit" of components,
        /// Leakage of the encoder of a flash converter for each of its levels.
        leakage_level: Power = "leakage.level" per "level" of components,
    }
}
