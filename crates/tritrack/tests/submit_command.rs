//! `tritrack submit` as a cluster's shell meets it.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::process::Command;

use support::{FAULTS, tritrack, workspace};

#[test]
fn job_files_hold_the_users_data_and_run_nothing_that_stands_in_a_path() {
    let folder = workspace(&[("faults", FAULTS)]);
    // The workspace lies in a folder whose name a shell would run.
    let root = folder.path().join("a $(touch ran) `touch ran`");
    fs::create_dir(&root).unwrap();
    fs::rename(folder.path().join("experiments"), root.join("experiments")).unwrap();
    let slurm = support::repository().join("experiments/slurm").canonicalize().unwrap();
    std::os::unix::fs::symlink(slurm, root.join("experiments/slurm")).unwrap();
    let data = folder.path().join("my $(touch ran) images");
    fs::create_dir(&data).unwrap();
    let own = format!("own={}", data.display());
    let arguments = ["--data", &own, "submit", "faults", "--slurm", "--count", "3", "--dry-run"];
    let output = tritrack(&root, &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    for (name, expected) in [
        ("array.sbatch", vec!["shard", "faults", "--index", "7", "--count", "3"]),
        ("merge.sbatch", vec!["merge", "faults", "--count", "3"]),
    ] {
        let script = fs::read_to_string(root.join("results/faults/shards").join(name)).unwrap();
        // The shell runs the script with the program's name replaced by one that prints what it is given.
        let program = script.lines().find_map(|line| line.strip_prefix("exec ")).unwrap();
        let program = program.split(' ').next().unwrap();
        let script = script.replacen(&format!("exec {program}"), "exec printf '%s\\n'", 1);
        let mut shell = Command::new("bash");
        shell.arg("-c").arg(&script).current_dir(folder.path()).env("SLURM_ARRAY_TASK_ID", "7");
        let said = String::from_utf8(shell.output().unwrap().stdout).unwrap();
        let canonical = root.canonicalize().unwrap().display().to_string();
        let begin = ["--workspace", &canonical, "--jobs", "1", "--data", &own];
        let words: Vec<&str> = begin.into_iter().chain(expected).collect();
        assert_eq!(said.lines().collect::<Vec<_>>(), words, "{script}");
        assert!(!folder.path().join("ran").exists());
    }
}

#[test]
fn a_time_that_is_none_is_refused() {
    let folder = workspace(&[("faults", FAULTS)]);
    for time in ["1:00\n#SBATCH --uid=0", "soon", "", "1h"] {
        let output =
            tritrack(folder.path(), &["submit", "faults", "--slurm", "--count", "3", "--time", time]);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("expected a time such as 90"));
    }
}
