//! The modules of the engine, by what they take from each other.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Modules by path, as `stages::store`; the crate's root has an empty one. To each, those that it takes something from.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// The sources of a crate by module, tests left out.
fn modules(folder: &Path, of: &str, all: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let below = if of.is_empty() { stem.clone() } else { format!("{of}::{stem}") };
        if path.is_dir() {
            modules(&path, &below, all);
        } else {
            let name = if ["mod", "lib", "main"].contains(&stem.as_str()) { of.to_owned() } else { below };
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap().lines();
            let code: Vec<&str> = code.filter(|line| !line.trim_start().starts_with("//")).collect();
            all.insert(name, code.join("\n"));
        }
    }
}

/// The paths that begin a text: one, or with braces several, down to where each branches.
fn paths(text: &str) -> Vec<Vec<String>> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let below = match rest.strip_prefix("::") {
        Some(rest) => paths(rest),
        None => vec![Vec::new()],
    };
    if !word.is_empty() {
        return below.into_iter().map(|path| [vec![word.to_owned()], path].concat()).collect();
    }
    let Some(inside) = text.strip_prefix('{') else { return vec![Vec::new()] };
    let (mut depth, mut begin, mut all) = (1, 0, Vec::new());
    for (at, letter) in inside.char_indices() {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        if depth == 0 || (depth == 1 && letter == ',') {
            all.extend(paths(inside[begin..at].trim()));
            begin = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    all
}

/// The module that a path of names leads into: the longest part of it that is one.
fn resolved(path: &[String], known: &BTreeMap<String, String>) -> String {
    let lengths = (0..=path.len()).rev();
    lengths.map(|length| path[..length].join("::")).find(|name| known.contains_key(name)).unwrap()
}

fn graph(sources: &BTreeMap<String, String>) -> Graph {
    let of_module = |(name, code): (&String, &String)| {
        let at: Vec<String> = name.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let mut taken = BTreeSet::new();
        let mut take = |base: &[String], text: &str| {
            for path in paths(text) {
                taken.insert(resolved(&[base, &path].concat(), sources));
            }
        };
        for (mark, base) in [
            ("crate::", &at[..0]),
            ("self::", &at[..]),
            ("super::", at.split_last().map_or(&at[..], |(_, above)| above)),
        ] {
            for (place, _) in code.match_indices(mark) {
                if !code[..place].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
                    take(base, &code[place + mark.len()..]);
                }
            }
        }
        // What a module takes from its own parts, it names without a prefix.
        for (place, _) in code.match_indices("use ") {
            let text = &code[place + "use ".len()..];
            let is_part = |path: &Vec<String>| {
                path.first().is_some_and(|first| {
                    sources.contains_key(&[&at[..], std::slice::from_ref(first)].concat().join("::"))
                })
            };
            if paths(text).iter().any(is_part) {
                take(&at, text);
            }
        }
        taken.remove(name);
        (name.clone(), taken)
    };
    sources.iter().map(of_module).collect()
}

/// Everything that can be reached from a module.
fn reached<'g>(graph: &'g Graph, from: &'g str) -> BTreeSet<&'g str> {
    let (mut found, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(module) = open.pop() {
        for next in &graph[module] {
            if found.insert(next.as_str()) {
                open.push(next);
            }
        }
    }
    found
}

/// The strongly connected components of more than one module.
fn cycles(graph: &Graph) -> BTreeSet<BTreeSet<&str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        graph.keys().map(|module| (module.as_str(), reached(graph, module))).collect();
    let component = |module: &&str| -> BTreeSet<&str> {
        reached[module].iter().copied().filter(|other| reached[other].contains(module)).collect()
    };
    reached.keys().map(component).filter(|component| component.len() > 1).collect()
}

#[test]
fn no_modules_of_the_engine_take_from_each_other() {
    let mut sources = BTreeMap::new();
    modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut sources);
    let graph = graph(&sources);
    assert!(graph.len() > 25, "{graph:?}");
    assert!(graph["reproduce"].contains("study") && graph["stages"].contains("stages::store"), "{graph:?}");
    assert_eq!(cycles(&graph), BTreeSet::new());
}

#[test]
fn a_cycle_is_found_however_it_is_written() {
    let of = |a: &str, b: &str| -> usize {
        let sources = [("", ""), ("a", a), ("b", "use c::{D, self};"), ("b::c", b)];
        let sources = sources.map(|(name, code)| (name.to_owned(), code.to_owned()));
        cycles(&graph(&sources.into())).len()
    };
    assert_eq!(of("use crate::b::c::D;", "fn d() {}"), 0);
    assert_eq!(of("use crate::b::c::D;", "use crate::a::E;"), 1);
    assert_eq!(of("use crate::b::D;", "use crate::a::E;"), 1);
    assert_eq!(of("use crate::{b::{c::D}, F};", "fn d() -> crate::a::E {}"), 1);
    assert_eq!(of("", "use super::G;"), 1);
}
