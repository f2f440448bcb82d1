//! The architecture page against the crates.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every crate of the workspace with what its `[dependencies]` name.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(crates()).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) else { continue };
        let (_, section) = manifest.split_once("[dependencies]").unwrap_or_default();
        let section = section.split("\n[").next().unwrap_or_default();
        let names = section.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
        let names = names.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        all.insert(folder.file_name().unwrap().to_string_lossy().into_owned(), names.collect());
    }
    all
}

fn page() -> String {
    fs::read_to_string(crates().join("../ARCHITECTURE.md")).unwrap()
}

/// The page's table: each crate with what it may depend on.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let page = page();
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let names = cells[3].split_whitespace().map(|name| name.trim_matches('`').to_owned());
        (cells[0].trim_matches('`').to_owned(), names.collect())
    })
    .collect()
}

#[test]
fn crates_depend_on_what_the_architecture_page_says() {
    let (found, allowed) = (dependencies(), allowed());
    assert_eq!(found.keys().collect::<Vec<_>>(), allowed.keys().collect::<Vec<_>>());
    let watched =
        |name: &String| found.contains_key(name) || name == "polars" || name.starts_with("plotters");
    for (name, dependencies) in &found {
        let mut watched: BTreeSet<String> = dependencies.iter().filter(|d| watched(d)).cloned().collect();
        watched.remove("plotters-backend");
        assert_eq!(watched, allowed[name], "`{name}` depends on other crates than the page says");
    }
}

/// The links of the page: what is shown, and where it leads.
fn links(page: &str) -> Vec<(&str, &str)> {
    let parts = page.split("](").zip(page.split("](").skip(1));
    parts.filter_map(|(before, after)| Some((before.rsplit_once('[')?.1, after.split_once(')')?.0))).collect()
}

#[test]
fn every_place_that_the_page_names_is_there_and_every_invariant_names_a_test_that_holds_it() {
    let page = page();
    let root = crates().join("..");
    for (_, target) in links(&page) {
        assert!(root.join(target).exists(), "{target} is not there");
    }
    let invariants = page.split_once("## Invariants").unwrap().1.split("\n## ").next().unwrap();
    let invariants: Vec<&str> = invariants.split("\n- **").skip(1).collect();
    assert!(invariants.len() >= 8);
    for invariant in invariants {
        let tests = links(invariant);
        assert!(!tests.is_empty(), "no test is named: {invariant}");
        for (name, file) in tests {
            let text = fs::read_to_string(root.join(file)).unwrap();
            let name = name.trim_matches('`');
            assert!(text.contains(&format!("fn {name}")), "{file} has no test {name}");
        }
    }
}

/// Every source of a folder, whole, with its path.
fn sources(folder: &Path, all: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push((path.clone(), fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn only_the_binary_prints_and_only_the_inner_loop_is_unsafe() {
    for name in dependencies().keys() {
        let mut all = Vec::new();
        sources(&crates().join(name).join("src"), &mut all);
        assert!(!all.is_empty(), "{name} has no sources");
        for (path, text) in all {
            let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            if name != "tritrack" {
                for print in ["println!", "eprintln!", "print!(", "dbg!"] {
                    assert!(!code.iter().any(|line| line.contains(print)), "{}: {print}", path.display());
                }
            }
            let inner_loop = path.ends_with("rtm-ap/src/kernel.rs");
            assert!(inner_loop || !code.iter().any(|line| line.contains("unsafe {")), "{}", path.display());
        }
    }
}

#[test]
fn nothing_heavy_is_built_by_the_models() {
    let found = dependencies();
    for (name, dependencies) in &found {
        for heavy in ["polars", "plotters", "clap"] {
            let home = match heavy {
                "polars" => "tables",
                "plotters" => "figures",
                _ => "tritrack",
            };
            assert!(name == home || !dependencies.contains(heavy), "`{name}` depends on {heavy}");
        }
    }
}

/// A name in words: `first_failing` and `FirstFailing` are `first failing`.
fn in_words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() && !words.ends_with(' ') {
            words.push(' ');
        }
        words.extend(if letter == '_' { ' ' } else { letter }.to_lowercase());
    }
    words
}

/// The fields and variants of types that no macro reads, with the comment on each where it is one line: the place and both.
fn commented(text: &str) -> Vec<(usize, &str, &str)> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    // Where help, a table's page or a schema is made of comments, a comment says what a reader of these is told.
    let is_read = |line: &str| {
        ["table! {", "names! {", "parameters! {", "JsonSchema", "Args)", "Args,", "Parser", "Subcommand"]
            .iter()
            .any(|mark| line.contains(mark))
    };
    let mut is_text = false;
    let mut found = Vec::new();
    for (at, pair) in lines.windows(2).enumerate() {
        let whole = text.lines().nth(at).unwrap_or_default();
        if is_read(pair[0]) {
            is_text = true;
        } else if whole == "}" {
            is_text = false;
        }
        let before = if at == 0 { "" } else { lines[at - 1] };
        if let (false, false, Some(comment)) =
            (is_text, before.starts_with("///"), pair[0].strip_prefix("/// "))
        {
            let item = lines[at + 1..].iter().find(|line| !line.starts_with("#["));
            found.extend(item.filter(|item| !item.starts_with("///")).map(|item| (at + 1, comment, *item)));
        }
    }
    found
}

#[test]
fn public_types_say_what_they_are_and_no_comment_only_repeats_the_name_of_a_field() {
    let mut undocumented = Vec::new();
    let mut repeated = Vec::new();
    let mut public = 0;
    for name in dependencies().keys() {
        let mut all = Vec::new();
        sources(&crates().join(name).join("src"), &mut all);
        for (path, text) in all {
            let lines: Vec<&str> =
                text.split("#[cfg(test)]").next().unwrap().lines().map(str::trim).collect();
            for (at, line) in lines.iter().enumerate() {
                let rest = line.strip_prefix("pub ").unwrap_or_default();
                let is_type = ["struct ", "enum ", "trait "].iter().any(|kind| rest.starts_with(kind));
                if !is_type || rest.contains('$') {
                    continue;
                }
                public += 1;
                let mut above =
                    lines[..at].iter().rev().take_while(|line| !line.is_empty() && !line.ends_with('{'));
                if !above.any(|above| above.starts_with("///")) {
                    undocumented.push(format!("{}:{}: {line}", path.display(), at + 1));
                }
            }
            for (line, comment, item) in commented(&text) {
                let item = item.strip_prefix("pub ").unwrap_or(item);
                let name = item.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap();
                let said = comment.trim_end_matches('.');
                if ["The", "Its", "A", "An"]
                    .iter()
                    .any(|article| said == format!("{article} {}", in_words(name)))
                {
                    repeated.push(format!("{}:{line}: {comment}", path.display()));
                }
            }
        }
    }
    assert!(public > 400, "{public} public types");
    assert_eq!(undocumented, Vec::<String>::new());
    assert_eq!(repeated, Vec::<String>::new());
}
