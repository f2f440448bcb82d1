//! Files as bytes: written whole or not at all, read within a budget of memory, and known by a digest.

mod digest;
mod memory;
mod read;
mod whole;

pub use digest::{digest, digest_of_tree};
pub use memory::{Account, TooMuch, ask, budget, parse_bytes, set_budget};
pub use read::{open, read, read_text, within};
pub use whole::{sweep, sweep_here, write_whole};
