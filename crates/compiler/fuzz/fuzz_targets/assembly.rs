//! Any text is a program or an error, never a panic, and a program is read back from what it prints.

#![no_main]

use ap_program::assembly::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(program) = parse(text) {
        assert_eq!(parse(&program.to_string()).as_ref(), Ok(&program));
    }
});
