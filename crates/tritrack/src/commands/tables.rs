//! The tables that commands print, for the page that documents them all.

#![cfg(test)]

use studies::trials::RecordRow;
use tables::{Schema, TypedRow};
use workspace::ChangeRow;
use workspace::claims::ClaimRow;

use super::{compile, crossbar, import, inject, list, plan, quantize, simulate, status};

/// Every table of the program, those of studies first.
pub fn all() -> Vec<&'static Schema> {
    let of_studies = studies::STUDIES.iter().flat_map(|study| study.tables.iter().copied());
    of_studies.chain(OF_COMMANDS).collect()
}

/// Those that commands print or shards keep.
const OF_COMMANDS: [&Schema; 15] = [
    RecordRow::SCHEMA,
    inject::InjectionRow::SCHEMA,
    import::NodeRow::SCHEMA,
    quantize::QuantizationRow::SCHEMA,
    ClaimRow::SCHEMA,
    compile::CompilationRow::SCHEMA,
    crossbar::CrossbarLayerRow::SCHEMA,
    list::ExperimentRow::SCHEMA,
    plan::PlanRow::SCHEMA,
    status::StatusRow::SCHEMA,
    ChangeRow::SCHEMA,
    simulate::SimulationRow::SCHEMA,
    simulate::PassRow::SCHEMA,
    simulate::ProcessorsRow::SCHEMA,
    simulate::TraceRow::SCHEMA,
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::all;

    /// Set to anything to rewrite the page.
    const REWRITE: &str = "TRITRACK_REWRITE_EXPECTATIONS";

    #[test]
    fn the_page_of_tables_says_what_the_tables_are() {
        let page = tables::schema_page(&all());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tables.md");
        if std::env::var_os(REWRITE).is_some() {
            fs::write(&path, &page).unwrap();
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(written, page, "set {REWRITE}=1 to rewrite {}", path.display());
    }

    /// The names of the tables that sources declare.
    fn declared(folder: &Path, names: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                declared(&entry, names);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&entry).unwrap();
                let structs = text.split("tables::table! {").skip(1).filter_map(|declared| {
                    let (_, name) = declared.split_once("struct ")?.1.split_once(": \"")?;
                    Some(name.split('"').next()?.to_owned())
                });
                names.extend(structs);
            }
        }
    }

    #[test]
    fn every_table_that_a_source_declares_is_on_the_page() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut names = Vec::new();
        for of in ["workspace", "studies", "tritrack"] {
            declared(&crates.join(of).join("src"), &mut names);
        }
        let mut known: Vec<&str> = all().iter().map(|schema| schema.name()).collect();
        names.sort();
        known.sort_unstable();
        assert!(names.len() > 40, "{names:?}");
        assert_eq!(names, known);
    }
}
