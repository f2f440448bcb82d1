//! Draws one figure of every kind, with invented data: `cargo run -p figures --example gallery -- <folder>`.

mod samples;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).ok_or("name a folder for the figures")?;
    for (name, figure) in samples::all() {
        figure.write(folder.as_ref(), name)?;
        let complaints = figure.crowded_texts()?;
        if !complaints.is_empty() {
            return Err(format!("{name}: {}", complaints.join("; ")).into());
        }
    }
    Ok(())
}
