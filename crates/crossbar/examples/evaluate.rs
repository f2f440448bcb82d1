//! Evaluates a list of shapes on a technology file: `evaluate <technology.yaml> <shapes.yaml> <ternary|bits> <activation bits>
//! [compatible]`, and writes a table of energies in µJ and latencies in ms.
use std::io::Write;
use std::path::PathBuf;

use crossbar::{Counting, Crossbar, Precision, WeightStatistics, load_shapes, load_technology};
use technology::Quantity;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [technology, shapes, weights, activation_bits, rest @ ..] = arguments.as_slice() else {
        return Err(
            "usage: evaluate <technology.yaml> <shapes.yaml> <ternary|bits> <activation bits> [compatible]"
                .into(),
        );
    };
    let file = load_technology(&PathBuf::from(technology))?;
    let mut design = file.design;
    if rest.first().is_some_and(|word| word == "compatible") {
        design.counting = Counting::NeurosimCompatible;
    }
    let weights = match weights.as_str() {
        "ternary" => WeightStatistics::Ternary { zeros: 0.5 },
        bits => WeightStatistics::Symmetric { bits: bits.parse()? },
    };
    let precision = Precision { weights, activation_bits: activation_bits.parse()? };
    let report = Crossbar::new(design, &file.parameters)?
        .evaluate(&load_shapes(&PathBuf::from(shapes))?, precision)?;
    let mut out = std::io::stdout().lock();
    for layer in &report.layers {
        write!(out, "{:22} {:6} arrays", layer.name, layer.subarrays)?;
        for (name, part) in layer.energy.named() {
            write!(out, "  {name} {:.3}", part.base() * 1e-6)?;
        }
        writeln!(out, "  latency {:.3}", layer.latency.total().base() * 1e-6)?;
    }
    let conversions: f64 = report.layers.iter().map(|layer| layer.conversions).sum();
    writeln!(
        out,
        "{} tiles, {:.1} mm2, {:.4e} conversions",
        report.tiles,
        report.area.total().base() * 1e-6,
        conversions
    )?;
    for (name, part) in report.energy().named() {
        writeln!(out, "{name:14} {:9.3} uJ", part.base() * 1e-6)?;
    }
    writeln!(out, "{:14} {:9.3} uJ", "leakage", report.leakage().base() * 1e-6)?;
    writeln!(out, "{:14} {:9.3} uJ", "total", report.total_energy().base() * 1e-6)?;
    writeln!(out, "{:14} {:9.3} ms", "latency", report.latency().total().base() * 1e-6)?;
    Ok(())
}
