//! A layer's passes one by one: what they make, and whether it is right.

use std::io::Write;
use std::sync::Arc;

use compiler::flow::{self, Flow};
use compiler::ir::{LayerWeights, StageKind, Verification};
use compiler::pass::{Pass, Settings};
use compiler::{Options, compile_layer};
use network::LinearLayer;
use workspace::{Failure, WorkspaceError};

use super::{Arguments, Emit};

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
) -> Result<(), Failure> {
    let named = |name: &String| name.trim().parse::<Pass>().map_err(|error| wrong(&error));
    let chosen: Vec<Pass> = arguments.passes.iter().map(named).collect::<Result<_, _>>()?;
    flow::check_order(&chosen).map_err(|error| wrong(&error))?;
    let printed = match &arguments.print_ir_after {
        None => Printed::None,
        Some(all) if all == "all" => Printed::All,
        Some(name) => Printed::After(named(name)?),
    };
    match arguments.emit {
        None | Some(Emit::Ir | Emit::Asm) => {}
        Some(Emit::Stats | Emit::Dot) => {
            return Err(wrong(&"with --passes, --print-ir-after or --verify, --emit is `ir` or `asm`"));
        }
    }
    // Stages are long: the last one is printed if it was asked for.
    let emits = arguments.emit.is_some() || !chosen.is_empty() && matches!(printed, Printed::None);
    let verification = if arguments.verify { Verification::EveryPass } else { Verification::Skipped };
    for layer in layers {
        let (from, Flow { passes, parts }) = flow_of(layer, arguments, options)?;
        let passes = if chosen.is_empty() { passes } else { chosen.clone() };
        let names = passes.iter().map(|pass| pass.name()).collect::<Vec<_>>().join(", ");
        if let Printed::After(pass) = printed
            && !passes.contains(&pass)
        {
            return Err(wrong(&format!("pass `{pass}` does not run; those that do: {names}")));
        }
        for (part, settings) in parts.iter().enumerate() {
            let place = format!("layer {}, part {} of {}", layer.name(), part + 1, parts.len());
            let last = flow::run_passes(&passes, &from, settings, verification, |pass, stage| {
                let prints = match printed {
                    Printed::None => false,
                    Printed::After(after) => after == pass,
                    Printed::All => true,
                };
                if prints {
                    let _ = write!(output, "; {place}, after {pass}\n{stage}");
                }
            });
            let last = last.map_err(|error| wrong(&format!("{place}: {error}")))?;
            if emits {
                if arguments.emit == Some(Emit::Asm) && last.kind() != StageKind::Program {
                    let message =
                        format!("--emit asm prints a program, but the passes end with {}", last.kind());
                    return Err(wrong(&message));
                }
                let _ = write!(output, "; {place}\n{last}");
            } else if arguments.verify {
                let _ = writeln!(output, "; {place}: right after each of {names}");
            }
        }
    }
    Ok(())
}

fn wrong(message: &dyn std::fmt::Display) -> Failure {
    WorkspaceError::argument(message.to_string()).into()
}

/// A layer's weights, and how they are compiled.
fn flow_of(
    layer: &LinearLayer,
    arguments: &Arguments,
    options: &Options,
) -> Result<(LayerWeights, Flow), Failure> {
    let from = LayerWeights {
        layer: layer.name().to_owned(),
        input_maximum: u32::from(layer.input_maximum()),
        weights: Arc::new(layer.weights().clone()),
    };
    let flow = if arguments.unlimited {
        let parts = vec![Settings::unlimited(&from.weights, options)];
        Flow { passes: flow::passes_for(options.sharing, options.layout), parts }
    } else {
        let compiled = compile_layer(&from.layer, &from.weights, from.input_maximum, options);
        compiled.map_err(|error| wrong(&error))?.flow
    };
    Ok((from, flow))
}
