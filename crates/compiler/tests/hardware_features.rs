//! Schedules of steps on hardware with features: right, as cheap as known, and as cheap as a plain search without
//! shortcuts finds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use ap_program::Pattern;
use compiler::lut::{
    BitFunction, Features, LutKind, ScheduleCost, Step, StepSchedule, Synthesis, SynthesisError,
    TagRegisters, operations, schedule_table, synthesize, synthesize_steps,
};

const MOST_STATES: usize = 1_000_000;

fn optimal(function: &BitFunction<'_>, features: Features, cost: ScheduleCost) -> StepSchedule {
    match synthesize_steps(function, features, cost, MOST_STATES).unwrap() {
        Synthesis::Optimal(schedule) => schedule,
        Synthesis::Open { at_least } => panic!("{} on {features}: given up at {at_least}", function.name),
    }
}

fn operation(name: &str) -> BitFunction<'static> {
    operations().into_iter().find(|function| function.name == name).unwrap()
}

fn one_tag(or_into_tag: bool) -> Features {
    Features { or_into_tag, ..Features::BASE }
}

fn two_tags(or_into_tag: bool) -> Features {
    Features { tag_registers: TagRegisters::Two, ..one_tag(or_into_tag) }
}

/// The operations whose searches end soon, on any hardware.
fn quick() -> Vec<BitFunction<'static>> {
    let slow = [
        "add",
        "subtract",
        "add_uncleared",
        "subtract_uncleared",
        "max_from_top",
        "reverse_subtract_in_place",
        "compare_from_top",
        "subtract_last_in_place",
        "add_last_in_place",
    ];
    operations().into_iter().filter(|function| !slow.contains(&function.name)).collect()
}

/// Every step is one that the hardware has, and the steps compute the function on every state of a row.
fn assert_right(function: &BitFunction<'_>, features: Features, schedule: &StepSchedule) {
    for step in schedule.steps() {
        let (tag, pattern) = match *step {
            Step::Search { tag, key, joins } => {
                assert!(key.width() > 0 && (!joins || features.or_into_tag), "{schedule}");
                (Some(tag), Pattern::NONE)
            }
            Step::Write { tag, pattern } => (Some(tag), pattern),
            Step::Broadcast { through, pattern } => {
                assert_eq!(through.is_none(), features.broadcast_past_tags, "{schedule}");
                (through, pattern)
            }
        };
        assert!(tag.is_none_or(|tag| features.tag_registers.all().contains(&tag)), "{schedule}");
        assert!(features.multi_column_write || pattern.width() <= 1, "{schedule}");
    }
    for state in (0..1_u8 << function.columns.len()).filter(|state| state & function.cleared == 0) {
        let after = schedule.apply(state);
        let relevant = function.writable & !function.unused;
        assert_eq!(
            after & relevant,
            (function.result)(state) & relevant,
            "{} on {features}, from {state:04b}: {schedule}",
            function.name
        );
        assert_eq!(after & !function.writable, state & !function.writable, "{schedule}");
    }
}

#[test]
fn the_in_place_adder_takes_as_few_steps_as_is_known() {
    for name in ["add_in_place", "subtract_in_place"] {
        let function = operation(name);
        for (features, compares, writes) in [
            (one_tag(false), 4, 4),
            (one_tag(true), 4, 3),
            (two_tags(true), 4, 2),
            (Features { multi_column_write: false, ..one_tag(false) }, 4, 6),
        ] {
            let schedule = optimal(&function, features, ScheduleCost::CYCLES);
            assert_right(&function, features, &schedule);
            assert_eq!((schedule.compares(), schedule.writes()), (compares, writes), "{name} on {features}");
        }
    }
}

#[test]
fn two_writes_are_not_enough_for_the_in_place_adder_with_one_tag() {
    // Writes cost so much that no number of compares that a schedule could need makes up for one.
    let cost = ScheduleCost { compare: 1, compared_column: 0, write: 1_000, written_bit: 0 };
    let writes = |features| optimal(&operation("add_in_place"), features, cost).writes();
    assert_eq!((writes(one_tag(true)), writes(two_tags(true))), (3, 2));
}

#[test]
fn on_the_base_hardware_steps_cost_what_passes_cost() {
    let light_writes = ScheduleCost { compare: 50, compared_column: 3, write: 11, written_bit: 7 };
    for kind in LutKind::ALL.into_iter().filter(|&kind| kind != LutKind::Subtract) {
        let slow = kind == LutKind::Add;
        for cost in [ScheduleCost::CYCLES, light_writes].into_iter().take(if slow { 1 } else { 2 }) {
            let function = kind.function();
            let (_, passes) = synthesize(&function, cost).unwrap();
            let schedule = optimal(&function, Features::BASE, cost);
            assert_right(&function, Features::BASE, &schedule);
            assert_eq!(schedule.cost(cost), passes, "{kind:?}: {schedule}");
        }
    }
}

#[test]
fn schedules_are_right_on_all_hardware_and_more_features_never_cost_more() {
    let all: Vec<Features> = Features::all().collect();
    assert_eq!(all[0], Features::BASE);
    for function in quick() {
        let rows = schedule_table(&[function], &all, ScheduleCost::CYCLES, MOST_STATES).unwrap();
        let costs: Vec<u64> = rows
            .iter()
            .map(|row| {
                let schedule = row.schedule().unwrap();
                assert_right(&function, row.features, schedule);
                schedule.cost(ScheduleCost::CYCLES)
            })
            .collect();
        for (more, &dear) in all.iter().zip(&costs) {
            for (less, &cheap) in all.iter().zip(&costs).filter(|&(less, _)| more.include(*less)) {
                assert!(dear <= cheap, "{}: {more} costs {dear}, {less} {cheap}", function.name);
            }
        }
    }
}

#[test]
fn with_searches_that_share_a_write_the_adder_out_of_place_takes_two_writes() {
    for name in ["add", "subtract"] {
        let function = operation(name);
        let gathered = optimal(&function, one_tag(true), ScheduleCost::CYCLES);
        assert_right(&function, one_tag(true), &gathered);
        assert_eq!((gathered.compares(), gathered.writes()), (5, 2));
    }
}

/// Compares, writes and expected written bits on the base hardware, the result's column cleared first; and without.
fn cleared_first_and_not(name: &str, most_states: usize) -> [(usize, usize, f64); 2] {
    let figures = |name: &str| match synthesize_steps(
        &operation(name),
        Features::BASE,
        ScheduleCost::CYCLES,
        most_states,
    ) {
        Ok(Synthesis::Optimal(s)) => (s.compares(), s.writes(), s.expected_written_bits()),
        other => panic!("{name}: {other:?}"),
    };
    let (compares, writes, bits) = figures(name);
    [(compares, writes + 1, bits + 1.0), figures(&format!("{name}_uncleared"))]
}

#[test]
fn clearing_the_result_first_is_as_cheap_as_anything_but_for_the_borrow() {
    for name in ["carry", "negate", "move_carry", "copy_borrow", "copy"] {
        let [cleared_first, best] = cleared_first_and_not(name, MOST_STATES);
        assert_eq!(cleared_first, best, "{name}");
    }
    // `borrow` sets the result in every row anyhow, so that a clear before is one write too many.
    let [cleared_first, best] = cleared_first_and_not("borrow", MOST_STATES);
    assert_eq!((cleared_first.0, cleared_first.1), (best.0, best.1 + 1));
}

#[test]
#[ignore = "a search over millions of states: minutes in a release build"]
fn clearing_the_result_first_is_as_cheap_as_anything_for_the_adder_out_of_place() {
    for name in ["add", "subtract"] {
        let [cleared_first, best] = cleared_first_and_not(name, 10_000_000);
        assert_eq!(cleared_first, best, "{name}");
    }
}

#[test]
fn operations_agree_with_whole_number_arithmetic() {
    let apply = |name: &str, state: u8| (operation(name).result)(state);
    for (a, b) in (0..16_u8).flat_map(|a| (0..16_u8).map(move |b| (a, b))) {
        // From the least significant bit: A - B, -B and B + 1 on 4 bits.
        let (mut reversed, mut negated, mut increased) = (0, 0, 0);
        let (mut borrow, mut sign, mut carry) = (0, 0, 0);
        // From the most significant bit: the larger of the two.
        let (mut decided, mut larger) = (0, 0);
        for i in 0..4 {
            let (bit_a, bit_b, top_a, top_b) = (a >> i & 1, b >> i & 1, a >> (3 - i) & 1, b >> (3 - i) & 1);
            let after = apply("reverse_subtract_in_place", borrow | bit_a << 1 | bit_b << 2);
            (borrow, reversed) = (after & 1, reversed | (after >> 2 & 1) << i);
            let after = apply("negate_in_place", sign | bit_b << 1);
            (sign, negated) = (after & 1, negated | (after >> 1 & 1) << i);
            let name = if i == 0 { "add_one_in_place" } else { "carry_in_place" };
            let after = apply(name, carry | bit_b << 1);
            (carry, increased) = (after & 1, increased | (after >> 1 & 1) << i);
            assert_eq!(apply("compare_from_top", decided | top_a << 2 | top_b << 3) & 0b11, {
                let after = apply("max_from_top", decided | top_a << 2 | top_b << 3);
                (decided, larger) = (after & 0b11, larger << 1 | (after >> 3 & 1));
                decided
            });
        }
        assert_eq!(reversed, a.wrapping_sub(b) & 0xf);
        assert_eq!(negated, b.wrapping_neg() & 0xf);
        assert_eq!(increased, (b + 1) & 0xf);
        assert_eq!(larger, a.max(b));
    }
}

#[test]
fn a_second_tag_makes_it_possible_to_exchange_two_columns() {
    let swap = BitFunction {
        name: "swap",
        columns: &["A", "B"],
        writable: 0b11,
        cleared: 0,
        unused: 0,
        result: |s| s >> 1 | (s & 1) << 1,
    };
    let refused = synthesize_steps(&swap, one_tag(false), ScheduleCost::CYCLES, MOST_STATES);
    assert_eq!(refused, Err(SynthesisError::Impossible("swap".into())));
    let schedule = optimal(&swap, two_tags(false), ScheduleCost::CYCLES);
    assert_right(&swap, two_tags(false), &schedule);
    assert_eq!((schedule.compares(), schedule.writes()), (2, 2));
}

#[test]
fn a_search_that_is_given_up_says_how_dear_every_schedule_is_at_least() {
    let function = operation("add_in_place");
    let cheapest = optimal(&function, two_tags(true), ScheduleCost::CYCLES).cost(ScheduleCost::CYCLES);
    match synthesize_steps(&function, two_tags(true), ScheduleCost::CYCLES, 100).unwrap() {
        Synthesis::Open { at_least } => assert!(0 < at_least && at_least <= cheapest),
        Synthesis::Optimal(schedule) => panic!("{schedule} within 100 states"),
    }
}

/// The cost of the cheapest steps by Dijkstra's algorithm over the bits and tags of every row: no step is left out, nothing
/// is bounded.
fn plain_search(function: &BitFunction<'_>, features: Features, cost: ScheduleCost) -> Option<u64> {
    let columns = function.columns.len();
    let starts: Vec<u8> = (0..1_u8 << columns).filter(|state| state & function.cleared == 0).collect();
    let patterns: Vec<Pattern> = (0..1_u8 << columns)
        .flat_map(|mask| (0..=mask).filter(move |v| v & !mask == 0).map(move |v| Pattern::new(mask, v)))
        .collect();
    let writes: Vec<Pattern> = patterns
        .iter()
        .copied()
        .filter(|p| p.mask() & !function.writable == 0)
        .filter(|p| features.multi_column_write || p.width() <= 1)
        .collect();
    // A row: its bits in the lower half, and whether each register tags it in the upper.
    let start = starts.clone();
    let mut best = HashMap::from([(start.clone(), 0)]);
    let mut queue = BinaryHeap::from([Reverse((0, start))]);
    let relevant = function.writable & !function.unused;
    while let Some(Reverse((reached, rows))) = queue.pop() {
        if best[&rows] < reached {
            continue;
        }
        if rows.iter().zip(&starts).all(|(row, &s)| (row ^ (function.result)(s)) & relevant == 0) {
            return Some(reached);
        }
        let mut next: Vec<(u64, Vec<u8>)> = Vec::new();
        for tag in features.tag_registers.all().iter().map(|tag| 0x10 << tag.index()) {
            for &key in &patterns {
                let price = if key.width() == 0 { 0 } else { cost.compare }
                    + cost.compared_column * u64::from(key.width());
                for joins in [false, true].into_iter().take(1 + usize::from(features.or_into_tag)) {
                    let mut after = rows.clone();
                    for row in &mut after {
                        let tagged = key.matches(*row) || (joins && *row & tag != 0);
                        *row = if tagged { *row | tag } else { *row & !tag };
                    }
                    // A masked key tags every row, for nothing: a broadcast through the tag begins with it.
                    next.push((price, after));
                }
            }
            for &pattern in &writes {
                let mut after = rows.clone();
                let mut written = 0;
                for row in after.iter_mut().filter(|row| **row & tag != 0) {
                    *row = pattern.written_to(*row);
                    written += u64::from(pattern.width());
                }
                next.push((cost.write + cost.written_bit * written, after));
            }
        }
        for &pattern in writes.iter().filter(|_| features.broadcast_past_tags) {
            let after = rows.iter().map(|&row| pattern.written_to(row)).collect();
            let written = u64::from(pattern.width()) * rows.len() as u64;
            next.push((cost.write + cost.written_bit * written, after));
        }
        for (price, after) in next {
            let total = reached + price;
            if best.get(&after).is_none_or(|&known| total < known) {
                best.insert(after.clone(), total);
                queue.push(Reverse((total, after)));
            }
        }
    }
    None
}

/// A function of two columns by its truth table, two bits for each state.
const fn table<const TABLE: u8>(state: u8) -> u8 {
    TABLE >> (2 * state) & 0b11
}

#[test]
fn a_plain_search_finds_nothing_cheaper() {
    let results: [fn(u8) -> u8; 8] = [
        table::<0b00_01_10_11>,
        table::<0b11_10_01_00>,
        table::<0b01_11_00_10>,
        table::<0b10_00_11_01>,
        table::<0b11_01_10_00>,
        table::<0b01_01_10_10>,
        table::<0b00_11_11_00>,
        table::<0b10_11_11_00>,
    ];
    let costs = [
        ScheduleCost::CYCLES,
        ScheduleCost { compare: 3, compared_column: 2, write: 5, written_bit: 1 },
        ScheduleCost { compare: 40, compared_column: 1, write: 9, written_bit: 4 },
    ];
    for (index, &result) in results.iter().enumerate() {
        let unused = if index % 3 == 2 { 0b10 } else { 0 };
        let function =
            BitFunction { name: "drawn", columns: &["A", "B"], writable: 0b11, cleared: 0, unused, result };
        // A third of the hardware for each function; over the functions every feature meets every cost.
        for (place, features) in Features::all().enumerate().skip(index % 3).step_by(3) {
            let cost = costs[(index / 3 + place / 3) % costs.len()];
            let found = match synthesize_steps(&function, features, cost, MOST_STATES) {
                Ok(Synthesis::Optimal(schedule)) => {
                    assert_right(&function, features, &schedule);
                    Some(schedule.cost(cost))
                }
                Ok(Synthesis::Open { .. }) => panic!("given up"),
                Err(_) => None,
            };
            assert_eq!(found, plain_search(&function, features, cost), "function {index} on {features}");
        }
    }
}

#[test]
fn a_plain_search_over_three_columns_finds_nothing_cheaper() {
    for name in ["select", "carry_uncleared", "negate_uncleared"] {
        let function = operation(name);
        for features in [one_tag(false), one_tag(true)] {
            let found = optimal(&function, features, ScheduleCost::CYCLES).cost(ScheduleCost::CYCLES);
            let plain = plain_search(&function, features, ScheduleCost::CYCLES);
            assert_eq!(Some(found), plain, "{name} on {features}");
        }
    }
}

#[test]
fn with_full_keys_the_adders_are_the_textbook_ones() {
    // Each row of the truth table that changes takes a search of its own: four in place, five out of place.
    for (name, compares) in [("add_in_place", 4), ("subtract_in_place", 4), ("add", 5), ("carry_in_place", 2)]
    {
        let function = operation(name);
        let schedule = optimal(&function, Features::FULL_KEYS, ScheduleCost::CYCLES);
        assert_eq!(schedule.compares(), compares, "{name}");
        assert_eq!(schedule.compared_columns() as usize, compares * function.columns.len(), "{name}");
        assert_right(&function, Features::FULL_KEYS, &schedule);
    }
    // B <- A - B - C has no legal order of full keys, as is known; with masked keys it takes six searches.
    let function = operation("reverse_subtract_in_place");
    assert_eq!(optimal(&function, Features::BASE, ScheduleCost::CYCLES).compares(), 6);
}
