//! Writes the comparison with the measured cases as CSV, for a look.
use std::io::Write;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let experiments = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
    let rows = crossbar::validation::validate(
        &experiments.join("references/neurosim"),
        &experiments.join("technology/crossbar"),
    )?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "case,layer,part,unit,measured,modelled,ratio")?;
    for row in rows {
        writeln!(
            out,
            "{},{},{},{},{:.6e},{:.6e},{:.3}",
            row.case,
            row.layer,
            row.part.name(),
            row.part.unit(),
            row.measured,
            row.modelled,
            row.ratio()
        )?;
    }
    Ok(())
}
