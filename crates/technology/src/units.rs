//! Quantities as types. Each wraps a number in one fixed base unit, so that energies cannot be added to times; products that
//! physics defines (power × time = energy) are operators.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// What a unit measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Base unit pJ.
    Energy,
    /// Base unit ns.
    Time,
    /// Base unit mW, so that mW × ns = pJ.
    Power,
    /// Base unit µm².
    Area,
    /// Base unit µm.
    Length,
    /// Base unit Ω.
    Resistance,
    /// Base unit V.
    Voltage,
    /// Base unit fF.
    Capacitance,
    /// Base unit µA.
    Current,
    /// Area in squares of the feature size, base unit F².
    FeatureArea,
    /// A plain number.
    Number,
}

impl Dimension {
    /// The unit that values of this dimension are kept in.
    pub fn base_unit(self) -> &'static str {
        match self {
            Self::Energy => "pJ",
            Self::Time => "ns",
            Self::Power => "mW",
            Self::Area => "um2",
            Self::Length => "um",
            Self::Resistance => "ohm",
            Self::Voltage => "V",
            Self::Capacitance => "fF",
            Self::Current => "uA",
            Self::FeatureArea => "F2",
            Self::Number => "1",
        }
    }
}

/// Every unit a file may use: its name, what it measures and how many base units it is.
const UNITS: &[(&str, Dimension, f64)] = &[
    ("aJ", Dimension::Energy, 1e-6),
    ("fJ", Dimension::Energy, 1e-3),
    ("pJ", Dimension::Energy, 1.0),
    ("nJ", Dimension::Energy, 1e3),
    ("uJ", Dimension::Energy, 1e6),
    ("mJ", Dimension::Energy, 1e9),
    ("ps", Dimension::Time, 1e-3),
    ("ns", Dimension::Time, 1.0),
    ("us", Dimension::Time, 1e3),
    ("ms", Dimension::Time, 1e6),
    ("s", Dimension::Time, 1e9),
    ("pW", Dimension::Power, 1e-9),
    ("nW", Dimension::Power, 1e-6),
    ("uW", Dimension::Power, 1e-3),
    ("mW", Dimension::Power, 1.0),
    ("W", Dimension::Power, 1e3),
    ("nm2", Dimension::Area, 1e-6),
    ("um2", Dimension::Area, 1.0),
    ("mm2", Dimension::Area, 1e6),
    ("nm", Dimension::Length, 1e-3),
    ("um", Dimension::Length, 1.0),
    ("mm", Dimension::Length, 1e3),
    ("ohm", Dimension::Resistance, 1.0),
    ("kohm", Dimension::Resistance, 1e3),
    ("Mohm", Dimension::Resistance, 1e6),
    ("mV", Dimension::Voltage, 1e-3),
    ("V", Dimension::Voltage, 1.0),
    ("aF", Dimension::Capacitance, 1e-3),
    ("fF", Dimension::Capacitance, 1.0),
    ("pF", Dimension::Capacitance, 1e3),
    ("nA", Dimension::Current, 1e-3),
    ("uA", Dimension::Current, 1.0),
    ("mA", Dimension::Current, 1e3),
    ("A", Dimension::Current, 1e6),
    ("F2", Dimension::FeatureArea, 1.0),
    ("1", Dimension::Number, 1.0),
    ("%", Dimension::Number, 0.01),
];

/// Splits `fJ/bit` into its dimension, its size in base units and what it is counted per (`bit`; empty if nothing).
/// `None` if the part before the slash is not a unit that is known.
pub fn parse_unit(text: &str) -> Option<(Dimension, f64, &str)> {
    let (unit, per) = text.split_once('/').unwrap_or((text, ""));
    UNITS.iter().find(|(name, _, _)| *name == unit).map(|&(_, dimension, factor)| (dimension, factor, per))
}

/// A number with a dimension.
pub trait Quantity: Copy {
    /// What it measures.
    const DIMENSION: Dimension;
    /// From a number of base units.
    fn from_base(value: f64) -> Self;
    /// As a number of base units.
    fn base(self) -> f64;
}

macro_rules! quantity {
    ($(#[doc = $doc:literal] $name:ident, $constructor:ident, $unit:literal;)*) => {$(
        #[doc = $doc]
        #[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
        pub struct $name(f64);

        impl $name {
            /// Nothing of it.
            pub const ZERO: Self = Self(0.0);
            #[doc = concat!("From a number of ", $unit, ".")]
            pub const fn $constructor(value: f64) -> Self {
                Self(value)
            }
            /// The larger of two.
            pub fn max(self, other: Self) -> Self {
                Self(self.0.max(other.0))
            }
        }
        impl Quantity for $name {
            const DIMENSION: Dimension = Dimension::$name;
            fn from_base(value: f64) -> Self {
                Self(value)
            }
            fn base(self) -> f64 {
                self.0
            }
        }
        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }
        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }
        impl SubAssign for $name {
            fn sub_assign(&mut self, other: Self) {
                self.0 -= other.0;
            }
        }
        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }
        impl Mul<f64> for $name {
            type Output = Self;
            fn mul(self, factor: f64) -> Self {
                Self(self.0 * factor)
            }
        }
        impl Div<f64> for $name {
            type Output = Self;
            fn div(self, divisor: f64) -> Self {
                Self(self.0 / divisor)
            }
        }
        impl Div for $name {
            type Output = f64;
            fn div(self, divisor: Self) -> f64 {
                self.0 / divisor.0
            }
        }
        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self(0.0), Add::add)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)?;
                f.write_str(concat!(" ", $unit))
            }
        }
    )*};
}

quantity! {
    /// An energy, kept in pJ.
    Energy, picojoules, "pJ";
    /// A duration, kept in ns.
    Time, nanoseconds, "ns";
    /// A power, kept in mW.
    Power, milliwatts, "mW";
    /// An area, kept in µm².
    Area, square_micrometres, "µm²";
    /// A length, kept in µm.
    Length, micrometres, "µm";
    /// A resistance, kept in Ω.
    Resistance, ohms, "Ω";
    /// A voltage, kept in V.
    Voltage, volts, "V";
    /// A capacitance, kept in fF.
    Capacitance, femtofarads, "fF";
    /// A current, kept in µA.
    Current, microamperes, "µA";
    /// An area in squares of the feature size.
    FeatureArea, squares, "F²";
    /// A plain number.
    Number, new, "";
}

impl Mul<Time> for Power {
    type Output = Energy;
    fn mul(self, time: Time) -> Energy {
        Energy(self.0 * time.0)
    }
}
impl Div<Time> for Energy {
    type Output = Power;
    fn div(self, time: Time) -> Power {
        Power(self.0 / time.0)
    }
}
impl Mul for Length {
    type Output = Area;
    fn mul(self, other: Self) -> Area {
        Area(self.0 * other.0)
    }
}
impl FeatureArea {
    /// The area at a feature size.
    pub fn at(self, feature_size: Length) -> Area {
        feature_size * feature_size * self.0
    }
}
impl Capacitance {
    /// The energy C·V² that a supply gives to charge it through a swing.
    pub fn switching_energy(self, swing: Voltage) -> Energy {
        Energy(self.0 * swing.0 * swing.0 * 1e-3)
    }
}
impl Mul<Current> for Voltage {
    type Output = Power;
    fn mul(self, current: Current) -> Power {
        Power(self.0 * current.0 * 1e-3)
    }
}
impl Div<Resistance> for Voltage {
    type Output = Current;
    fn div(self, resistance: Resistance) -> Current {
        Current(self.0 / resistance.0 * 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_base_units_are_base_units() {
        assert_eq!(Power::milliwatts(2.0) * Time::nanoseconds(3.0), Energy::picojoules(6.0));
        assert_eq!(
            Capacitance::femtofarads(1000.0).switching_energy(Voltage::volts(1.0)),
            Energy::picojoules(1.0)
        );
        assert_eq!(Voltage::volts(0.5) * Current::microamperes(1000.0), Power::milliwatts(0.5));
        assert_eq!((Voltage::volts(0.5) / Resistance::ohms(1e3)).base(), 500.0);
        assert_eq!(FeatureArea::squares(48.0).at(Length::micrometres(0.5)).base(), 12.0);
    }

    #[test]
    fn a_unit_is_split_into_its_dimension_its_size_and_its_count() {
        assert_eq!(parse_unit("fJ/bit"), Some((Dimension::Energy, 1e-3, "bit")));
        assert_eq!(parse_unit("um2"), Some((Dimension::Area, 1.0, "")));
        assert_eq!(parse_unit("furlong"), None);
    }
}
