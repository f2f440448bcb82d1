//! Any text is a stage of the compilation or an error, never a panic, and a stage is read back from what it prints.

#![no_main]

use compiler::ir::Stage;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(stage) = Stage::parse(text) {
        assert_eq!(Stage::parse(&stage.to_string()).as_ref(), Ok(&stage));
    }
});
