//! The integers that stand for an activation's real values.

/// The least and the largest integer that an activation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bounds {
    low: u16,
    high: u16,
}

impl Bounds {
    /// From `low` to `high`, both included; `None` if they are not in order.
    pub const fn new(low: u16, high: u16) -> Option<Self> {
        if low <= high { Some(Self { low, high }) } else { None }
    }

    /// Everything up to a maximum.
    pub const fn up_to(maximum: u16) -> Self {
        Self { low: 0, high: maximum }
    }

    /// The least integer.
    pub const fn low(self) -> u16 {
        self.low
    }

    /// The largest integer.
    pub const fn high(self) -> u16 {
        self.high
    }

    /// The integer within the bounds that is nearest to a number.
    pub fn clamp(self, value: i64) -> u16 {
        // Within 16 bits once it is clamped.
        value.clamp(i64::from(self.low), i64::from(self.high)) as u16
    }

    /// The smallest bounds that hold both.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }
}

/// How real values become integers, but for the step between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rounding {
    /// Bits of an integer, 1 to 16.
    pub bits: u32,
    /// The integer that stands for 0.
    pub zero: u16,
    /// What integers are clamped to; all that the bits hold if there are none.
    pub bounds: Option<Bounds>,
}

impl Rounding {
    /// All integers of some bits, of which 0 stands for 0.
    pub const fn bits(bits: u32) -> Self {
        Self { bits, zero: 0, bounds: None }
    }
}
