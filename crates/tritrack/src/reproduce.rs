//! `tritrack reproduce`: from manifests to tables and figures.

use std::io::Write;

use clap::Args;
use studies::StudyError;
use studies::images::ImageSource;
use studies::variation::Variation;
use workspace::{Failure, Inputs, Manifest, Mode, Workspace, WorkspaceError, chosen, locked};

use crate::REGISTRY;
use crate::choice::Choice;

/// Shown after the command's help.
pub const EXAMPLES: &str = "\
Examples:
  tritrack reproduce fig7            the headline; nothing is done if it is up to date
  tritrack reproduce all --force     everything, whether it is up to date or not
  tritrack reproduce all --quick     every experiment in a small way, to see that all of it works here
  tritrack reproduce fig7 --technology mine.yaml           with a copy of a technology file in which a value was changed
  tritrack reproduce fig7 --network vgg9-s85-a4            of another network
  tritrack reproduce fig5 --machine columns=512,domains=32   on other arrays
  tritrack reproduce fig5 --machine carry=latch              with the carry in a latch of each row

With something of your own, results go to results/variants/NAME and figures to figures/variants/NAME, and
`tritrack diff --variant NAME` says what it did to every number.

Results that are up to date are left alone: see `tritrack status`. An interrupted run leaves whole files only, and the next
one goes on with the experiments that are missing.";

/// Arguments of `tritrack reproduce`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// Experiments by the names of their manifests, or `all`
    #[arg(required = true, value_name = "EXPERIMENT")]
    experiments: Vec<String>,
    /// Run also what is up to date, and compute everything anew
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    variation: VariationArguments,
}

/// What is varied.
#[derive(Debug, Clone, Default, Args)]
struct VariationArguments {
    /// Use a technology file of your own in the place of the one whose `name` it carries; or say whose place: NAME=FILE, KIND/NAME=FILE
    #[arg(long, value_name = "FILE", help_heading = "Something of your own")]
    technology: Vec<String>,
    /// Use another network of the workspace
    #[arg(long, value_name = "NETWORK", help_heading = "Something of your own")]
    network: Option<String>,
    /// Use other images; Fashion-MNIST if the network has no golden ones
    #[arg(long, value_parser = Choice::<ImageSource>::default(), value_name = "SET", help_heading = "Something of your own")]
    images: Option<ImageSource>,
    /// Change the array or the compiler's options: rows, columns, domains, carry, sharing, layout, outputs_per_processor. Flows keep their own sharing
    /// and layout
    #[arg(long, value_name = "FIELD=VALUE", value_delimiter = ',', help_heading = "Something of your own")]
    machine: Vec<String>,
    /// Trim every experiment: all of them take about two minutes on 2 cores. Results go to the variant `quick`
    #[arg(long)]
    quick: bool,
    /// Name of the folder in results/variants and figures/variants; by default made of what is varied
    #[arg(long, value_name = "NAME", help_heading = "Something of your own")]
    label: Option<String>,
}

impl From<VariationArguments> for Variation {
    fn from(arguments: VariationArguments) -> Self {
        let VariationArguments { technology, network, images, machine, quick, label } = arguments;
        Self { technology, network, images, machine, quick, label }
    }
}

/// The manifests with a variation in them. `all` goes on without those that have no place for it; what was asked for by name does not.
fn vary(
    manifests: Vec<Manifest>,
    variation: &Variation,
    inputs: &Inputs<'_>,
    named: &[String],
    output: &mut impl Write,
) -> Result<Vec<Manifest>, Failure> {
    let mut varied = Vec::new();
    for mut manifest in manifests {
        match variation.apply(&mut manifest, inputs) {
            Ok(()) => varied.push(manifest),
            Err(error) => match error.of::<StudyError>() {
                Some(StudyError::NoPlace { option, what, .. }) if !named.contains(&manifest.id) => {
                    let id = &manifest.id;
                    let _ = writeln!(output, "{id}: left out, {option} has no place in it: it {what}");
                }
                _ => return Err(error),
            },
        }
    }
    if varied.is_empty() {
        return Err(WorkspaceError::argument("no experiment has a place for what is varied").into());
    }
    Ok(varied)
}

/// Runs the command.
///
/// # Errors
/// The first experiment that fails; those before it are written.
pub fn run(arguments: &Arguments, workspace: &Workspace, output: &mut impl Write) -> Result<(), Failure> {
    let mode = if arguments.force { Mode::Forced } else { Mode::Needed };
    reproduced(&arguments.experiments, mode, &arguments.variation.clone().into(), workspace, output)?;
    Ok(())
}

/// Runs experiments one after the other and writes what they give; `all` stands for every one. Gives the workspace whose results they
/// are: the variation's, if anything is varied.
///
/// # Errors
/// The first experiment that fails; those before it are written.
pub fn reproduced(
    experiments: &[String],
    mode: Mode,
    variation: &Variation,
    workspace: &Workspace,
    output: &mut impl Write,
) -> Result<Workspace, Failure> {
    let mut manifests = chosen(&REGISTRY, workspace, experiments, output)?;
    let varied = match variation.is_empty() {
        true => workspace.clone(),
        false => variation.workspace(workspace)?,
    };
    let _lock = locked(&varied)?;
    let inputs = Inputs::new(&varied);
    if !variation.is_empty() {
        manifests = vary(manifests, variation, &inputs, experiments, output)?;
    }
    workspace::reproduce(&inputs, &manifests, mode, output)?;
    Ok(varied)
}
