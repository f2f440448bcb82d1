//! One colour for one thing, in every figure.

/// A colour without transparency, as red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour(pub u8, pub u8, pub u8);

impl Colour {
    pub(crate) const BLACK: Self = Self(0x1a, 0x1a, 0x1a);
    pub(crate) const WHITE: Self = Self(0xff, 0xff, 0xff);
    /// Text of lesser weight: subtitles, captions, tick labels.
    pub(crate) const MUTED: Self = Self(0x55, 0x55, 0x55);
    /// Axis lines.
    pub(crate) const AXIS: Self = Self(0x80, 0x80, 0x80);
    /// Grid lines.
    pub(crate) const GRID: Self = Self(0xe2, 0xe2, 0xe2);
    /// Grid lines between those with labels.
    pub(crate) const FAINT: Self = Self(0xf1, 0xf1, 0xf1);

    /// A mix of this colour and `other`, of which `share` (0 to 1) is `other`.
    pub(crate) fn mixed(self, other: Self, share: f64) -> Self {
        let mix = |a: u8, b: u8| {
            let value = f64::from(a) + (f64::from(b) - f64::from(a)) * share.clamp(0.0, 1.0);
            // Within 0 and 255, because both ends are.
            value.round() as u8
        };
        Self(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }

    /// Relative luminance after WCAG 2.1, 0 for black to 1 for white.
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { libm::pow((value + 0.055) / 1.055, 2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// Contrast after WCAG 2.1, 1 for equal colours to 21 for black on white.
    pub(crate) fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// The colour darkened until text in it can be read on white (contrast of at least 4.5).
    pub(crate) fn ink(self) -> Self {
        let mut ink = self;
        for step in 1..=20 {
            if ink.contrast(Self::WHITE) >= 4.5 {
                break;
            }
            ink = self.mixed(Self(0, 0, 0), f64::from(step) * 0.05);
        }
        ink
    }

    /// Black or white, whichever is easier to read on this colour.
    pub(crate) fn text_on(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) { Self::WHITE } else { Self::BLACK }
    }
}

/// What a mark stands for; it decides the mark's colour, the same in every figure.
///
/// Colours are those of Okabe and Ito ("Color Universal Design", 2008), which people with any colour vision can tell
/// apart, and shades of them for the parts that never stand in one chart with the colour itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// The associative processor in racetrack memory, as a whole.
    RtmAp,
    /// The crossbar baseline, as a whole.
    Crossbar,
    /// Comparing a key with all rows.
    Search,
    /// Writing tagged rows.
    Write,
    /// Moving domains along the tracks.
    Shift,
    /// Fetching, decoding and broadcasting the program.
    Program,
    /// Moving values between arrays.
    Movement,
    /// Drivers, decoders and other circuits around an array.
    Periphery,
    /// Energy that passes with time alone.
    Leakage,
    /// The crossbar's cells and their drivers.
    Array,
    /// Analog-to-digital converters.
    Adc,
    /// Adding partial sums.
    Accumulation,
    /// Buffers for activations.
    Buffer,
    /// Wires and routers between tiles.
    Interconnect,
    /// Everything that has no part of its own.
    Other,
    /// What the paper states.
    Claim,
    /// A line that only orients, such as a ratio of one.
    Guide,
    /// A parameter at the low end of its range.
    Low,
    /// A parameter at the high end of its range.
    High,
    /// The nth of several things that have no colour of their own; eight can be told apart.
    Distinct(u8),
}

impl Role {
    /// The colour of areas, lines and marks.
    pub fn colour(self) -> Colour {
        const ORANGE: Colour = Colour(0xe6, 0x9f, 0x00);
        const SKY: Colour = Colour(0x56, 0xb4, 0xe9);
        const GREEN: Colour = Colour(0x00, 0x9e, 0x73);
        const YELLOW: Colour = Colour(0xf0, 0xe4, 0x42);
        const BLUE: Colour = Colour(0x00, 0x72, 0xb2);
        const VERMILLION: Colour = Colour(0xd5, 0x5e, 0x00);
        const PURPLE: Colour = Colour(0xcc, 0x79, 0xa7);
        const DISTINCT: [Colour; 8] =
            [BLUE, VERMILLION, GREEN, PURPLE, SKY, ORANGE, Colour(0x00, 0x00, 0x00), YELLOW];
        match self {
            Self::RtmAp => BLUE,
            Self::Crossbar => VERMILLION,
            Self::Search | Self::Low => SKY,
            Self::Write | Self::High => ORANGE,
            Self::Shift => GREEN,
            Self::Program => PURPLE,
            Self::Movement => YELLOW,
            Self::Periphery => Colour(0xa6, 0xa6, 0xa6),
            Self::Leakage => Colour(0x5f, 0x5f, 0x5f),
            Self::Array => Colour(0xf2, 0xa1, 0x6b),
            Self::Adc => Colour(0x8f, 0x3f, 0x00),
            Self::Accumulation => Colour(0x00, 0x4d, 0x78),
            Self::Buffer => Colour(0xb5, 0xdd, 0xf5),
            Self::Interconnect => Colour(0xa8, 0x9f, 0x1c),
            Self::Other => Colour(0xd0, 0xd0, 0xd0),
            Self::Claim => Colour(0x00, 0x00, 0x00),
            Self::Guide => Colour(0x70, 0x70, 0x70),
            Self::Distinct(index) => DISTINCT.get(usize::from(index) % 8).copied().unwrap_or(BLUE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Colour, Role};

    const NAMED: [Role; 19] = [
        Role::RtmAp,
        Role::Crossbar,
        Role::Search,
        Role::Write,
        Role::Shift,
        Role::Program,
        Role::Movement,
        Role::Periphery,
        Role::Leakage,
        Role::Array,
        Role::Adc,
        Role::Accumulation,
        Role::Buffer,
        Role::Interconnect,
        Role::Other,
        Role::Claim,
        Role::Guide,
        Role::Low,
        Role::High,
    ];

    #[test]
    fn text_in_any_roles_colour_can_be_read() {
        for role in NAMED.into_iter().chain((0..8).map(Role::Distinct)) {
            let colour = role.colour();
            assert!(colour.ink().contrast(Colour::WHITE) >= 4.5, "{role:?}");
            assert!(colour.text_on().contrast(colour) >= 4.5, "{role:?}");
        }
    }

    #[test]
    fn parts_that_stand_in_one_stack_differ_in_colour() {
        let part = |role: &&Role| !matches!(role, Role::RtmAp | Role::Crossbar | Role::Low | Role::High);
        let mut seen = std::collections::BTreeSet::new();
        for role in NAMED.iter().filter(part) {
            let Colour(r, g, b) = role.colour();
            assert!(seen.insert((r, g, b)), "{role:?}");
        }
    }
}
