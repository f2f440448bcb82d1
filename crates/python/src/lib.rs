//! The part of the Python package `tritrack` that is written in Rust: its module `tritrack._native`.
//!
//! What is here takes and gives plain values: bytes with shapes, texts, numbers, [`table::Table`]. NumPy, data frames, defaults and the
//! documentation for users are the package's own, in Python, beside this crate. Whatever takes time goes through [`work`].

#![allow(clippy::needless_pass_by_value, reason = "what Python hands over is taken apart, and owned here")]

mod errors;
mod images;
mod machine;
mod networks;
mod program;
mod systems;
mod table;
mod technology;
mod values;
mod work;
mod workspace;

use pyo3::prelude::*;

/// The module.
#[pymodule]
#[pyo3(name = "_native")]
mod native {
    #[pymodule_export]
    use crate::images::Images;
    #[pymodule_export]
    use crate::networks::{FloatNetwork, Network};
    #[pymodule_export]
    use crate::program::{Program, compile_layer, compile_weights, ternarize};
    #[pymodule_export]
    use crate::systems::{crossbar, digital, inject, simulate};
    #[pymodule_export]
    use crate::table::Table;
    #[pymodule_export]
    use crate::technology::Technology;
    #[pymodule_export]
    use crate::work::set_progress;
    #[pymodule_export]
    use crate::workspace::{Workspace, main};
}
