//! A bare track: what it takes to move its walls by one domain, from the wire's geometry, its resistance and the current.
//!
//! The current is the stated density through the track's cross section, unless the supply cannot drive it through the track's
//! resistance: then it is what the supply drives. Walls move at the speed of adiabatic spin transfer, polarization · µB / e · current
//! density / magnetization (Thiaville et al., Europhysics Letters 69, 2005), times a gain that stands for what other torques add. The
//! pulse lasts until a wall has travelled one domain; the supply gives the heat in the track over a stated share.

use technology::{
    Current, Energy, Length, Number, ParameterSet, Parameters, Quantity, Resistance, TechnologyError, Time,
    Voltage,
};

technology::parameters! {
    /// What a track is made of and how it is driven.
    pub struct TrackParameters {
        /// Domains that the current passes, spare ones at both ends included.
        domains: Number = "track.domains" per "",
        /// Length of a domain.
        domain_length: Length = "track.domain_length" per "",
        /// Width of the track.
        width: Length = "track.width" per "",
        /// Thickness of the layers that carry the current.
        thickness: Length = "track.thickness" per "",
        /// Resistance of a square of those layers.
        sheet_resistance: Resistance = "track.sheet_resistance" per "square",
        /// Current density at which walls are moved.
        current_density: Current = "track.current_density" per "nm2",
        /// Spin polarization of the current.
        polarization: Number = "track.polarization" per "",
        /// Saturation magnetization.
        magnetization: Current = "track.magnetization" per "um",
        /// Speed of walls over that of adiabatic spin transfer.
        torque_gain: Number = "track.torque_gain" per "",
        /// Voltage that drives a track.
        supply: Voltage = "track.supply" per "",
        /// Share of the supply's energy that becomes heat in the track.
        efficiency: Number = "track.efficiency" per "",
        /// Time that the driver's edges and the walls' settling add to the pulse.
        settling: Time = "track.settling" per "",
    }
}

/// µB / e, m²/s.
const BOHR_MAGNETON_OVER_CHARGE: f64 = 5.788e-5;

/// One step of a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackStep {
    /// The current during the pulse.
    pub current: Current,
    /// The resistance of the whole track.
    pub resistance: Resistance,
    /// The speed of the walls, m/s.
    pub wall_speed: f64,
    pub pulse: Time,
    /// What the supply gives for a step.
    pub energy: Energy,
    /// The time of a step.
    pub time: Time,
}

impl TrackParameters {
    /// A step by one domain.
    pub fn step(&self) -> TrackStep {
        // Lengths are kept in µm, the density in µA/nm².
        let section_nm2 = self.width.base() * self.thickness.base() * 1e6;
        let squares = self.domain_length * self.domains.base() / self.width;
        let resistance = self.sheet_resistance * squares;
        let wanted = self.current_density * section_nm2;
        let driven = self.supply / resistance;
        let current = if driven < wanted { driven } else { wanted };
        // 1 µA/nm² is 1e12 A/m²; the magnetization is kept in µA/µm, which is A/m.
        let density = current.base() / section_nm2 * 1e12;
        let wall_speed =
            self.torque_gain.base() * self.polarization.base() * BOHR_MAGNETON_OVER_CHARGE * density
                / self.magnetization.base();
        // µm over m/s are microseconds.
        let pulse = Time::nanoseconds(self.domain_length.base() / wall_speed * 1e3);
        let voltage = Voltage::volts(current.base() * 1e-6 * resistance.base());
        let energy = voltage * current * pulse / self.efficiency.base();
        TrackStep { current, resistance, wall_speed, pulse, energy, time: pulse + self.settling }
    }
}

/// Puts the energy and the time of a step into a set that gives a track's parameters; another set stays as it is.
///
/// # Errors
/// If the track's parameters are not complete.
pub(crate) fn put_step(set: &mut ParameterSet) -> Result<(), TechnologyError> {
    if set.get("track.domains").is_none() {
        return Ok(());
    }
    let step = TrackParameters::resolve(set)?.step();
    let source = "computed from the section `track`";
    set.put_derived("shift.step", "step", step.energy, source);
    set.put_derived("shift.time", "", step.time, source);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track() -> TrackParameters {
        TrackParameters {
            domains: Number::new(127.0),
            domain_length: Length::micrometres(0.045),
            width: Length::micrometres(0.045),
            thickness: Length::micrometres(0.003),
            sheet_resistance: Resistance::ohms(100.0),
            current_density: Current::microamperes(0.8),
            polarization: Number::new(0.65),
            magnetization: Current::microamperes(0.66e6),
            torque_gain: Number::new(1.0),
            supply: Voltage::volts(1.8),
            efficiency: Number::new(0.6),
            settling: Time::nanoseconds(0.5),
        }
    }

    #[test]
    fn a_step_follows_from_the_wire_by_hand() {
        // 0.8 µA/nm² through 45 nm x 3 nm are 108 µA; 127 squares of 100 Ω are 12.7 kΩ; 45.6 m/s over 45 nm take 0.987 ns.
        let step = track().step();
        assert!((step.current.base() - 108.0).abs() < 1e-9);
        assert!((step.resistance.base() - 12_700.0).abs() < 1e-9);
        assert!((step.wall_speed - 45.6).abs() < 0.1, "{}", step.wall_speed);
        assert!((step.pulse.base() - 0.987).abs() < 0.001);
        let heat = 108e-6_f64.powi(2) * 12_700.0 * 0.987e-9 * 1e12;
        assert!((step.energy.base() - heat / 0.6).abs() < 0.001, "{}", step.energy);
        assert!((step.time.base() - 1.487).abs() < 0.001);
    }

    #[test]
    fn a_supply_that_is_too_low_slows_the_walls() {
        let weak = TrackParameters { supply: Voltage::volts(0.9), ..track() };
        let step = weak.step();
        assert!((step.current.base() - 0.9 / 12_700.0 * 1e6).abs() < 1e-9);
        assert!(step.wall_speed < track().step().wall_speed && step.time > track().step().time);
    }

    #[test]
    fn a_longer_track_and_a_denser_current_cost_more() {
        let nominal = track().step().energy;
        assert!(TrackParameters { domains: Number::new(64.0), ..track() }.step().energy < nominal);
        // Twice the density: four times the power for half the time.
        let denser = TrackParameters { current_density: Current::microamperes(0.4), ..track() }.step().energy;
        assert!((nominal / denser - 2.0).abs() < 1e-9);
    }
}
