//! Files as bytes: written whole or not at all, and known by a digest.

mod digest;
mod whole;

pub use digest::{digest, digest_of_tree};
pub use whole::{sweep, sweep_here, write_whole};
