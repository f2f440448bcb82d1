//! The command line of Tritrack.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(tritrack::main(std::env::args_os()))
}
