//! `tritrack submit`: the shards of an experiment as a job array of Slurm, and a merge that waits for them.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use clap::Args;
use tables::write_atomically;
use workspace::{Failure, Shard, Workspace, WorkspaceError, missing_shards, shards_folder, with_series};

use super::job_file;
use crate::REGISTRY;

/// Shown after the command's help.
pub const EXAMPLES: &str = "\
Examples:
  tritrack submit fig10 --slurm --count 64 --cpus 2     an array of 64 tasks, and a merge when all are done
  tritrack submit fig10 --slurm --count 64 --dry-run    only the job files, in results/fig10/shards

Shards that are there and whole are not submitted again. The templates are experiments/slurm/*.sbatch.";

/// Arguments of `tritrack submit`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The experiment; it has to have trials
    experiment: String,
    /// Submit to Slurm
    #[arg(long, required = true)]
    slurm: bool,
    /// How many shards
    #[arg(long)]
    count: u64,
    /// Cores of each task
    #[arg(long, default_value_t = 1)]
    cpus: u64,
    /// Most time of each task, as Slurm writes it
    #[arg(long, default_value = "01:00:00", value_parser = time)]
    time: String,
    /// Write the job files only
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
///
/// # Errors
/// If the experiment has no trials, a template is missing, or Slurm refuses.
pub fn run(arguments: &Arguments, workspace: &Workspace, output: &mut impl Write) -> Result<(), Failure> {
    let manifest = with_series(&REGISTRY, workspace, &arguments.experiment, output)?;
    Shard::check_count(arguments.count)?;
    let missing = missing_shards(workspace, &manifest, arguments.count)?;
    let indices: Vec<String> = missing.iter().map(u64::to_string).collect();
    let folder = shards_folder(workspace, &manifest);
    let program = std::env::current_exe()
        .map_err(|source| WorkspaceError::Unreadable { path: "the program's own file".into(), source })?;
    let root = workspace.root().canonicalize().unwrap_or_else(|_| workspace.root().to_owned());
    let logs = root.join(workspace.shown(&folder).to_string());
    let data = data_options(workspace)?;
    let fill = |name: &str| -> Result<std::path::PathBuf, Failure> {
        let template = workspace.root().join("experiments/slurm").join(name);
        let text = files::read_text(&template)
            .map_err(|source| WorkspaceError::Unreadable { path: template.clone(), source })?;
        let values = [
            ("experiment", vec![manifest.id.clone()]),
            ("indices", vec![indices.join(",")]),
            ("count", vec![arguments.count.to_string()]),
            ("cpus", vec![arguments.cpus.to_string()]),
            ("time", vec![arguments.time.clone()]),
            ("program", vec![program.display().to_string()]),
            ("workspace", vec![root.display().to_string()]),
            ("logs", vec![logs.display().to_string()]),
            ("data", data.clone()),
        ];
        let needed: &[&str] = if data.is_empty() { &[] } else { &["data"] };
        let filled = job_file::fill(&text, &values, needed)
            .map_err(|error| WorkspaceError::argument(format!("{}: {error}", workspace.shown(&template))))?;
        let path = folder.join(name);
        write_atomically(&path, filled.as_bytes())?;
        Ok(path)
    };
    let (array, merge) = (fill("array.sbatch")?, fill("merge.sbatch")?);
    for path in [&array, &merge] {
        let _ = writeln!(output, "wrote {}", workspace.shown(path));
    }
    if arguments.dry_run {
        return Ok(());
    }
    let after = if missing.is_empty() {
        let _ = writeln!(output, "every shard is there and whole");
        None
    } else {
        match sbatch(&array, &[])? {
            None => {
                let _ = writeln!(output, "there is no sbatch here: nothing was submitted");
                return Ok(());
            }
            Some(job) => {
                let _ = writeln!(output, "submitted {} shards as job {job}", missing.len());
                Some(job)
            }
        }
    };
    let dependency = after.map(|job| format!("--dependency=afterok:{job}"));
    let options: Vec<&str> =
        dependency.as_deref().into_iter().flat_map(|d| [d, "--kill-on-invalid-dep=yes"]).collect();
    if let Some(job) = sbatch(&merge, &options)? {
        let _ = writeln!(output, "submitted the merge as job {job}");
    }
    Ok(())
}

/// The options that name the user's data, from wherever a task runs.
fn data_options(workspace: &Workspace) -> Result<Vec<String>, WorkspaceError> {
    let mut options = Vec::new();
    for (name, path) in workspace.users_folders() {
        let whole = std::path::absolute(path)
            .map_err(|source| WorkspaceError::Unreadable { path: path.to_owned(), source })?;
        options.extend(["--data".to_owned(), format!("{name}={}", whole.display())]);
    }
    Ok(options)
}

/// A time as Slurm writes it: `90`, `01:30:00`, `1-12`.
fn time(text: &str) -> Result<String, String> {
    let is_time = text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '-'));
    if is_time { Ok(text.to_owned()) } else { Err("expected a time such as 90, 01:30:00 or 1-12".to_owned()) }
}

/// Submits a job file; gives the job's number, or nothing if there is no Slurm.
fn sbatch(file: &Path, options: &[&str]) -> Result<Option<String>, WorkspaceError> {
    let ran = match Command::new("sbatch").arg("--parsable").args(options).arg(file).output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(WorkspaceError::Unreadable { path: "sbatch".into(), source }),
        Ok(ran) => ran,
    };
    if !ran.status.success() {
        let said = String::from_utf8_lossy(&ran.stderr).trim().to_owned();
        return Err(WorkspaceError::argument(format!("sbatch {}: {said}", file.display())));
    }
    // `--parsable` prints the number, and a cluster's name after a semicolon where there are several.
    let said = String::from_utf8_lossy(&ran.stdout);
    Ok(Some(said.trim().split(';').next().unwrap_or("").to_owned()))
}
