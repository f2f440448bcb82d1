//! A layer's passes one by one: what they make, and whether it is right.

use std::io::Write;
use std::sync::Arc;

use compiler::Options;
use compiler::flow::{self, LayerWeights, Pass, Settings, Stage};
use compiler::verify::verify;
use network::LinearLayer;

use super::{Arguments, Emit};
use crate::error::RunError;

/// Which stages are printed.
enum Printed {
    None,
    After(Pass),
    All,
}

pub fn run(
    arguments: &Arguments,
    options: &Options,
    layers: &[&LinearLayer],
    output: &mut impl Write,
) -> Result<(), RunError> {
    let wrong = |message: String| RunError::Argument { message };
    let named = |name: &str| name.trim().parse::<Pass>().map_err(|error| wrong(error.to_string()));
    let passes: Vec<Pass> = if arguments.passes.is_empty() {
        Pass::flow(options)
    } else {
        arguments.passes.iter().map(|name| named(name)).collect::<Result<_, _>>()?
    };
    flow::check_order(&passes).map_err(|error| wrong(error.to_string()))?;
    let printed = match arguments.print_ir_after.as_deref() {
        None => Printed::None,
        Some("all") => Printed::All,
        Some(name) => {
            let pass = named(name)?;
            if !passes.contains(&pass) {
                let run: Vec<&str> = passes.iter().map(|pass| pass.name()).collect();
                return Err(wrong(format!("pass `{pass}` does not run; those that do: {}", run.join(", "))));
            }
            Printed::After(pass)
        }
    };
    match arguments.emit {
        None | Some(Emit::Ir | Emit::Asm) => {}
        Some(Emit::Stats | Emit::Dot) => {
            return Err(wrong(
                "with --passes, --print-ir-after or --verify, --emit is `ir` or `asm`".to_owned(),
            ));
        }
    }
    // Stages are long: the last one is printed if it was asked for.
    let emits = arguments.emit.is_some() || !arguments.passes.is_empty() && matches!(printed, Printed::None);
    for layer in layers {
        let from = LayerWeights {
            layer: layer.name().to_owned(),
            input_maximum: u32::from(layer.input_maximum()),
            weights: Arc::new(layer.weights().clone()),
        };
        let parts = if arguments.unlimited {
            vec![Settings::unlimited(&from.weights, options)]
        } else {
            Settings::of_programs(&from, options).map_err(|error| wrong(error.to_string()))?
        };
        for (part, settings) in parts.iter().enumerate() {
            let place = format!("layer {}, part {} of {}", layer.name(), part + 1, parts.len());
            let mut stage = Stage::Weights(from.clone());
            for &pass in &passes {
                let failed = |error: &dyn std::fmt::Display| wrong(format!("{place}: {error}"));
                stage = flow::run(pass, stage, settings).map_err(|error| failed(&error))?;
                if arguments.verify {
                    verify(&stage, &from, settings)
                        .map_err(|error| failed(&format!("after pass `{pass}`: {error}")))?;
                }
                let prints = match printed {
                    Printed::None => false,
                    Printed::After(after) => after == pass,
                    Printed::All => true,
                };
                if prints {
                    let _ = write!(output, "; {place}, after {pass}\n{stage}");
                }
            }
            if emits {
                let _ = write!(output, "; {place}\n{stage}");
            } else if arguments.verify {
                let names: Vec<&str> = passes.iter().map(|pass| pass.name()).collect();
                let _ = writeln!(output, "; {place}: right after each of {}", names.join(", "));
            }
        }
    }
    Ok(())
}
