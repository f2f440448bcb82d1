//! Job files for Slurm, from templates with names in double braces. What is filled in is one word wherever it stands, whatever
//! characters it has.

/// What is wrong with what is to be filled in.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobFileError {
    /// The template asks for something that there is none of.
    #[error("`{{{{{0}}}}}` stands in it; there are: {1}")]
    Unknown(String, String),
    /// A line would become several.
    #[error("{0} is {1:?}; a line of a job file cannot hold that")]
    Unspeakable(&'static str, String),
    /// The template leaves out what the job needs.
    #[error("`{{{{{0}}}}}` does not stand in it, but the job needs it")]
    Left(&'static str),
}

/// Fills a template in. A value is one or several words, each quoted for where it stands: for the shell, or in a `#SBATCH` line for Slurm.
///
/// # Errors
/// If the template names something else, leaves out a value that is `needed`, or a word cannot stand in a line.
pub fn fill(
    template: &str,
    values: &[(&'static str, Vec<String>)],
    needed: &[&'static str],
) -> Result<String, JobFileError> {
    for (name, words) in values {
        if let Some(word) = words.iter().find(|word| word.chars().any(char::is_control)) {
            return Err(JobFileError::Unspeakable(name, word.clone()));
        }
    }
    if let Some(left) = needed.iter().find(|name| !template.contains(&format!("{{{{{name}}}}}"))) {
        return Err(JobFileError::Left(left));
    }
    let mut filled = String::new();
    for line in template.split_inclusive('\n') {
        let quote: fn(&str) -> Option<String> =
            if line.starts_with("#SBATCH") { for_slurm } else { |word| Some(for_shell(word)) };
        // Quotes around a place are those that its words bring with them.
        let line = values.iter().fold(line.to_owned(), |line, (name, _)| {
            line.replace(&format!("\"{{{{{name}}}}}\""), &format!("{{{{{name}}}}}"))
        });
        // One pass: what was filled in is not looked at again.
        let mut rest = line.as_str();
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, behind) = after.split_once("}}").unwrap_or((after, ""));
            let known = || values.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            let (name, words) = values
                .iter()
                .find(|(known, _)| *known == name)
                .ok_or_else(|| JobFileError::Unknown(name.to_owned(), known()))?;
            let quoted = words
                .iter()
                .map(|word| quote(word).ok_or_else(|| JobFileError::Unspeakable(name, word.clone())));
            filled.push_str(before);
            filled.push_str(&quoted.collect::<Result<Vec<_>, _>>()?.join(" "));
            rest = behind;
        }
        filled.push_str(rest);
    }
    Ok(filled)
}

/// Whether nobody sees anything but itself in a word.
fn is_plain(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "_./:,=+@-".contains(c))
}

/// A word for the shell.
fn for_shell(word: &str) -> String {
    if is_plain(word) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// A word for a line that Slurm reads, where a percent sign begins a pattern; none if it has quotes of its own.
fn for_slurm(word: &str) -> Option<String> {
    let word = word.replace('%', "%%");
    match is_plain(&word) {
        true => Some(word),
        false => (!word.contains(['\'', '"', '\\'])).then(|| format!("'{word}'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str, value: &str) -> Result<String, JobFileError> {
        fill(template, &[("x", vec![value.to_owned()]), ("y", vec!["2".to_owned()])], &[])
    }

    #[test]
    fn plain_words_stand_as_they_are() {
        let template = "#SBATCH --output={{x}}/a-%a.log\nrun \"{{x}}\" {{y}}\n";
        assert_eq!(filled(template, "/a/b").unwrap(), "#SBATCH --output=/a/b/a-%a.log\nrun /a/b 2\n");
    }

    #[test]
    fn the_shell_gives_back_every_word_and_runs_none() {
        for word in [
            "$(touch ran)",
            "`touch ran`",
            "a b",
            "it's",
            "\"; touch ran; \"",
            "{{y}}",
            "*",
            "",
            "\\",
            "$HOME",
        ] {
            let folder = tempfile::tempdir().unwrap();
            for template in ["printf '%s|' \"{{x}}\" end", "printf '%s|' {{x}} end"] {
                let script = filled(template, word).unwrap();
                let mut shell = std::process::Command::new("bash");
                let said = shell.arg("-c").arg(&script).current_dir(folder.path()).output().unwrap();
                assert_eq!(String::from_utf8(said.stdout).unwrap(), format!("{word}|end|"), "{script}");
            }
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{word}");
        }
    }

    #[test]
    fn a_line_stays_one_line_and_what_slurm_would_see_more_in_is_quoted() {
        let line = "#SBATCH --time={{x}}\n";
        assert!(matches!(filled(line, "1\n#SBATCH --uid=0"), Err(JobFileError::Unspeakable("x", _))));
        assert_eq!(filled(line, "a b").unwrap(), "#SBATCH --time='a b'\n");
        assert_eq!(filled(line, "50%j").unwrap(), "#SBATCH --time='50%%j'\n");
        assert!(matches!(filled(line, "it's"), Err(JobFileError::Unspeakable("x", _))));
    }

    #[test]
    fn a_template_without_what_is_needed_or_with_what_nobody_knows_is_refused() {
        assert_eq!(fill("run", &[("data", Vec::new())], &["data"]), Err(JobFileError::Left("data")));
        assert_eq!(filled("{{z}}", ""), Err(JobFileError::Unknown("z".into(), "x, y".into())));
        assert_eq!(fill("run {{data}} on", &[("data", Vec::new())], &[]).unwrap(), "run  on");
    }
}
