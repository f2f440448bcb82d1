//! Every example of the document of the assembly is run, on both implementations of the machine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use ap_program::assembly::parse;
use ap_program::{Tap, interpret};
use rtm_ap::{ExecutionError, execute_program};
use support::Elements;

/// A fenced block: its language, its text, and the line of the document at which it starts.
fn blocks(document: &str) -> Vec<(String, String, usize)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String, usize)> = None;
    for (index, line) in document.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language.to_owned(), String::new(), index + 1)),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, text, _))) => *text += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// What an `expect` block says: keys and values, in order.
fn statements(text: &str) -> Vec<(Vec<&str>, Vec<&str>)> {
    text.lines()
        .map(|line| {
            let (key, value) = line.split_once('=').unwrap();
            (key.split_whitespace().collect(), value.split_whitespace().collect())
        })
        .collect()
}

fn numbers(words: &[&str]) -> Vec<i64> {
    words.iter().map(|word| word.parse().unwrap()).collect()
}

/// Checks one example and returns how many statements it made.
fn check(program: &str, expected: &str) -> usize {
    let statements = statements(expected);
    if let [(key, value)] = statements.as_slice()
        && key == &["malformed"]
    {
        assert_eq!(parse(program).unwrap_err().line.to_string(), value[0]);
        return 1;
    }
    let program = parse(program).unwrap();
    let mut rows = 1;
    let mut elements: BTreeMap<Tap, Vec<u16>> = BTreeMap::new();
    for (key, value) in &statements {
        match key.as_slice() {
            ["rows"] => rows = numbers(value)[0] as usize,
            ["element", tap] => {
                let tap: Vec<u32> = tap.split(',').map(|part| part.parse().unwrap()).collect();
                let tap = Tap { channel: tap[0], row: tap[1] as u8, column: tap[2] as u8 };
                elements.insert(tap, numbers(value).iter().map(|&v| v as u16).collect());
            }
            _ => {}
        }
    }
    let element =
        |row: usize, tap: Tap| elements.get(&tap).and_then(|values| values.get(row)).copied().unwrap_or(0);
    let slow = interpret(&program, rows, element);
    let mut port = Elements::new(element);
    let fast = execute_program(program.geometry, &program, rows, &mut port);
    if let [(key, value)] = statements.as_slice()
        && key == &["refused"]
    {
        let expected = (value[0].to_owned(), value[1].to_owned());
        let slow = slow.unwrap_err();
        assert_eq!((slow.instruction.to_string(), slow.rule.to_string()), expected);
        let Err(ExecutionError::Program(fast)) = fast else { panic!("not refused: {fast:?}") };
        assert_eq!((fast.instruction.to_string(), fast.rule.name().to_string()), expected);
        return 1;
    }
    let (slow, fast) = (slow.unwrap(), fast.unwrap());
    support::assert_agreement(&slow, &fast, &port.stores, rows);
    let mut made = 0;
    for (key, value) in &statements {
        let serial = fast.counts.serial;
        let found = match key.as_slice() {
            ["rows"] | ["element", _] => continue,
            ["output", output] => {
                let output: u32 = output.parse().unwrap();
                let stored = slow.stores.iter().rev().find(|(stored, _)| *stored == output);
                assert_eq!(stored.unwrap().1, numbers(value), "output {output}");
                made += 1;
                continue;
            }
            ["words"] => fast.counts.words,
            ["compares"] => fast.counts.compares,
            ["compared_columns"] => fast.counts.compared_columns,
            ["compared_latches"] => fast.counts.compared_latches,
            ["broadcast_bits"] => fast.counts.broadcast_bits,
            ["broadcast_latches"] => fast.counts.broadcast_latches,
            ["tagged_bits"] => fast.tagged_bits.iter().sum(),
            ["tagged_latches"] => fast.tagged_latches.iter().sum(),
            ["track_steps"] => fast.counts.track_steps,
            ["loaded_bits"] => fast.counts.loaded_bits,
            ["stored_bits"] => fast.counts.stored_bits,
            ["serial_compares"] => serial.compares,
            ["serial_writes"] => serial.writes,
            ["serial_latch_writes"] => serial.latch_writes,
            ["serial_shifts"] => serial.shifts,
            ["serial_reads"] => serial.reads,
            unknown => panic!("{unknown:?} can not be stated"),
        };
        assert_eq!(found.to_string(), value[0], "{key:?}");
        made += 1;
    }
    made
}

#[test]
#[allow(clippy::print_stdout)] // Shown only when the test fails: which example it was.
fn every_example_of_the_document_does_what_is_said_behind_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ap-program/docs/assembly.md");
    let document = std::fs::read_to_string(path).unwrap();
    let blocks = blocks(&document);
    let mut examples = 0;
    for (index, (language, program, line)) in blocks.iter().enumerate() {
        if language != "tritrack" {
            continue;
        }
        println!("the example at line {line}");
        let (language, expected, _) = &blocks[index + 1];
        assert_eq!(language, "expect", "the example at line {line} states nothing");
        assert!(check(program, expected) > 0, "the example at line {line} states nothing");
        examples += 1;
    }
    assert_eq!(examples, blocks.iter().filter(|(language, ..)| language == "expect").count());
    assert!(examples >= 10);
}
