//! The committed files against the schemas of their kinds, and the schema files against the types.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use workspace::claims::Claims;
use workspace::{Manifest, Registry, SchemaKind};
use yaml::Document;

static REGISTRY: Registry = studies::registry(|_| ());

const REWRITE: &str = "TRITRACK_REWRITE_EXPECTATIONS";

fn experiments() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments")
}

/// The committed files of a kind.
fn files(kind: SchemaKind) -> Vec<PathBuf> {
    let of_schema =
        REGISTRY.program.files.iter().find(|file| file.schema.is_some_and(|schema| schema.name == kind.name));
    let folder = of_schema.map_or_else(experiments, |file| experiments().join(file.folder));
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| {
        let claims = path.file_stem().is_some_and(|stem| stem == "claims");
        path.extension().is_some_and(|extension| extension == "yaml")
            && match kind.name {
                "experiment" => !claims,
                "claims" => claims,
                _ => true,
            }
    });
    files.sort();
    files
}

#[test]
fn every_committed_file_is_of_the_form_of_its_schema() {
    for kind in REGISTRY.schemas() {
        let schema = kind.schema(&REGISTRY);
        let files = files(kind);
        assert!(!files.is_empty(), "{kind:?}");
        for path in files {
            let text = fs::read_to_string(&path).unwrap();
            let mut document = Document::parse(&text, &path).unwrap();
            document.hold_against(&schema, None);
            if let Err(error) = document.reject_if_any(Vec::new()) {
                panic!("{error}");
            }
        }
    }
}

#[test]
fn every_committed_manifest_can_be_loaded_and_what_it_names_is_there() {
    let experiment = REGISTRY.schemas().into_iter().find(|kind| kind.name == "experiment").unwrap();
    for path in files(experiment) {
        Manifest::load(&path, &REGISTRY).unwrap();
    }
    Claims::load(&experiments().join("claims.yaml")).unwrap();
}

#[test]
fn every_committed_file_names_its_schema_in_its_first_line() {
    for kind in REGISTRY.schemas() {
        for path in files(kind) {
            let text = fs::read_to_string(&path).unwrap();
            let first = text.lines().next().unwrap_or_default();
            let named = first.strip_prefix("# yaml-language-server: $schema=");
            let named = named.map(|name| path.parent().unwrap().join(name).canonicalize().unwrap());
            let schema = experiments().join("schemas").join(format!("{}.json", kind.name));
            assert_eq!(named, Some(schema.canonicalize().unwrap()), "{}", path.display());
        }
    }
}

#[test]
fn the_schema_files_are_those_of_the_types() {
    for kind in REGISTRY.schemas() {
        let path = experiments().join("schemas").join(format!("{}.json", kind.name));
        if std::env::var_os(REWRITE).is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, kind.text(&REGISTRY)).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == kind.text(&REGISTRY), "set {REWRITE}=1 to rewrite {}", path.display());
    }
}
