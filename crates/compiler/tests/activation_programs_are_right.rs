//! Programs for requantization and pools against whole-number arithmetic.

#![allow(clippy::unwrap_used, clippy::panic)]

use ap_program::{Format, Geometry, Tap};
use compiler::activation::{
    ActivationError, ChannelRequantization, RequantizationMethod, ScaledWord, max_pool_program,
    requantization_program, sum_pool_program,
};
use compiler::check;
use proptest::prelude::*;

const METHODS: [RequantizationMethod; 2] =
    [RequantizationMethod::ShiftAndAdd, RequantizationMethod::Thresholds];

fn wide() -> Geometry {
    Geometry::new(64, 256, 64).unwrap()
}

/// Columns too few for words across them.
fn narrow() -> Geometry {
    Geometry::new(64, 80, 128).unwrap()
}

fn expected(channel: &ChannelRequantization, values: &[i64]) -> i64 {
    let sum: i128 = channel
        .addends
        .iter()
        .zip(values)
        .map(|(word, &value)| i128::from(word.multiplier) * i128::from(value))
        .sum();
    let (low, high) = (i128::from(channel.low), i128::from(channel.high));
    ((sum + i128::from(channel.offset)) >> channel.fraction).clamp(low, high) as i64
}

/// Values of a word in 64 rows: the ends of its range, what lies around `near`, and others.
fn values(word: ScaledWord, near: i64, seed: u64) -> [i64; 64] {
    let bits = word.format.bits;
    let (least, most) = if word.format.signed {
        (-(1_i64 << (bits - 1)), (1_i64 << (bits - 1)) - 1)
    } else {
        (0, (1_i64 << bits) - 1)
    };
    std::array::from_fn(|row| match row {
        0 => least,
        1 => most,
        2..24 => (near + row as i64 - 13).clamp(least, most),
        _ => {
            let random = (seed + row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            least + (random % (most - least + 1) as u64) as i64
        }
    })
}

/// The elements that hold the words: sixteen bits each, signed words with their last bit inverted.
fn plane(channel: &ChannelRequantization, words: &[[i64; 64]], tap: Tap, bit: usize) -> u64 {
    let (format, word) = (channel.addends[usize::from(tap.row)].format, words[usize::from(tap.row)]);
    let inverted = if format.signed { 1_i64 << (format.bits - 1) } else { 0 };
    let mask = (1_i64 << format.bits) - 1;
    let loaded = |value: i64| (value & mask) ^ inverted;
    let place = 16 * usize::from(tap.column) + bit;
    word.iter().enumerate().fold(0, |plane, (row, &v)| plane | ((loaded(v) >> place & 1) as u64) << row)
}

fn assert_right(channel: &ChannelRequantization, geometry: Geometry, seed: u64) {
    for method in METHODS {
        let program = requantization_program(std::slice::from_ref(channel), method, geometry).unwrap();
        // Around the middle of the staircase of the first word, and around 0.
        let middle = ((1_i128 << (channel.fraction + u32::from(channel.bits))) / 2
            - i128::from(channel.offset))
        .checked_div(i128::from(channel.addends[0].multiplier));
        for near in [0, middle.unwrap_or(0).clamp(-(1 << 40), 1 << 40) as i64] {
            let words: Vec<[i64; 64]> = (channel.addends.iter().zip(0..))
                .map(|(&word, addend)| values(word, near, seed + 1000 * addend))
                .collect();
            let stored = check::run(&program, |tap, bit| plane(channel, &words, tap, bit)).unwrap();
            let [(output, found)] = stored[..] else { panic!("one output is stored") };
            assert_eq!(output, channel.channel);
            for row in 0..64 {
                let row_values: Vec<i64> = words.iter().map(|word| word[row]).collect();
                assert_eq!(
                    found[row],
                    expected(channel, &row_values),
                    "{method:?} {channel:?} {row_values:?}"
                );
            }
        }
    }
}

fn word() -> impl Strategy<Value = ScaledWord> {
    let multiplier = prop_oneof![
        -(1_i64 << 22)..1 << 22,
        Just(0),
        (0..24_u32).prop_map(|place| 1 << place),
        (0..24_u32).prop_map(|place| (1 << place) - 1),
    ];
    (1..=20_u8, any::<bool>(), multiplier).prop_map(|(bits, signed, multiplier)| ScaledWord {
        format: Format { bits: bits.max(1 + u8::from(signed)), signed },
        multiplier,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_requantization_gives_what_the_formula_says_whatever_its_constants(
        addends in prop::collection::vec(word(), 1..=3),
        offset in -(1_i64 << 34)..1_i64 << 34,
        fraction in prop_oneof![Just(24_u32), 0..30_u32],
        bits in 1..=8_u8,
        ends in prop_oneof![Just((0_u16, u16::MAX)), any::<(u16, u16)>()],
        along in any::<bool>(),
        seed in any::<u32>(),
    ) {
        let most = (1_u16 << bits) - 1;
        let (low, high) = if ends == (0, u16::MAX) { (0, most) } else { (ends.0 & most, ends.1 & most) };
        let (low, high) = (low.min(high), low.max(high));
        let channel = ChannelRequantization { channel: 7, addends, offset, fraction, bits, low, high };
        assert_right(&channel, if along { narrow() } else { wide() }, u64::from(seed));
    }

    #[test]
    fn a_pool_gives_the_largest_and_the_sum_of_its_window(
        elements in prop::collection::vec(prop::collection::vec(0..16_u16, 9), 64),
        columns in prop_oneof![Just(4_u64), Just(256)],
    ) {
        let geometry = Geometry::new(64, columns, 16).unwrap();
        let element = |tap: Tap, bit: usize| (0..64).fold(0, |plane, row: usize| {
            plane | u64::from(elements[row][usize::from(3 * tap.row + tap.column)] >> bit & 1) << row
        });
        let largest = check::run(&max_pool_program((3, 3), 4, geometry).unwrap(), element).unwrap();
        let sum = check::run(&sum_pool_program((3, 3), 4, geometry).unwrap(), element).unwrap();
        for (row, elements) in elements.iter().enumerate() {
            prop_assert_eq!(largest[0].1[row], i64::from(*elements.iter().max().unwrap()));
            prop_assert_eq!(sum[0].1[row], i64::from(elements.iter().sum::<u16>()));
        }
    }
}

#[test]
fn channels_one_after_the_other_do_not_disturb_each_other() {
    let of = |channel, multiplier, offset, bits| ChannelRequantization {
        channel,
        addends: vec![ScaledWord { format: Format { bits, signed: true }, multiplier }],
        offset,
        fraction: 24,
        bits: 4,
        low: 0,
        high: 15,
    };
    let channels = [
        of(0, 700_000, 1 << 23, 9),
        of(1, -90_001, -(1 << 25), 13),
        of(2, 0, 5 << 24, 3),
        of(3, 1 << 24, 0, 5),
    ];
    for method in METHODS {
        let program = requantization_program(&channels, method, wide()).unwrap();
        let words: Vec<[i64; 64]> = channels.iter().map(|c| values(c.addends[0], 3, 11)).collect();
        let stored = check::run(&program, |tap, bit| {
            let channel = tap.channel as usize;
            plane(&channels[channel], &words[channel..=channel], tap, bit)
        })
        .unwrap();
        assert_eq!(stored.len(), 4);
        for (channel, (output, found)) in stored.iter().enumerate() {
            assert_eq!(*output, channel as u32);
            for row in 0..64 {
                assert_eq!(found[row], expected(&channels[channel], &[words[channel][row]]), "{method:?}");
            }
        }
    }
}

#[test]
fn an_array_without_room_is_refused_with_the_shortage() {
    let channel = ChannelRequantization {
        channel: 0,
        addends: vec![ScaledWord { format: Format { bits: 15, signed: true }, multiplier: 123_457 }],
        offset: 0,
        fraction: 24,
        bits: 4,
        low: 0,
        high: 15,
    };
    let geometry = Geometry::new(64, 16, 16).unwrap();
    let refused = requantization_program(&[channel], RequantizationMethod::ShiftAndAdd, geometry);
    assert!(matches!(refused, Err(ActivationError::DoesNotFit { words: 4, longest: 32, .. })), "{refused:?}");
}
