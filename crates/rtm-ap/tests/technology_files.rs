//! The shipped technology files, at their node and at others, and what is refused.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use rtm_ap::{ProcessorParameters, load_technology, load_technology_with};
use technology::{Parameters, Quantity};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/technology/rtm-ap")
}

fn text() -> String {
    fs::read_to_string(folder().join("bare-track.yaml")).unwrap()
}

fn refused(text: &str) -> String {
    let file = tempfile(text);
    let message = load_technology_with(&file, Some(&folder().join("../components"))).unwrap_err().to_string();
    fs::remove_file(file).unwrap();
    message
}

fn tempfile(text: &str) -> PathBuf {
    let name = format!("tritrack-technology-{}-{}.yaml", std::process::id(), text.len());
    let path = std::env::temp_dir().join(name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn every_file_gives_its_parameters_at_its_node_and_others() {
    for name in ["bare-track", "conservative", "paper-like"] {
        let file = load_technology(&folder().join(format!("{name}.yaml"))).unwrap();
        let stated = ProcessorParameters::resolve(&file.parameters).unwrap();
        let same = ProcessorParameters::varied(&file.parameters, file.design.node_nm, 64).unwrap();
        assert_eq!(stated, same, "{name}");
        let smaller = ProcessorParameters::varied(&file.parameters, 22.0, 64).unwrap();
        assert!(
            smaller.shift_step < stated.shift_step && smaller.search_active_bit < stated.search_active_bit
        );
        assert!(smaller.row_area < stated.row_area && smaller.row_leakage < stated.row_leakage);
        assert_eq!(smaller.write_time, stated.write_time);
    }
}

#[test]
fn the_step_of_a_bare_track_is_computed_from_its_section() {
    let file = load_technology(&folder().join("bare-track.yaml")).unwrap();
    let step = file.parameters.get("shift.step").unwrap();
    assert!((step.value - 0.244).abs() < 0.001, "{}", step.value);
    // 32 domains and 31 spare ones: that much less resistance and energy.
    let shorter = ProcessorParameters::varied(&file.parameters, 45.0, 32).unwrap();
    assert!((step.value / shorter.shift_step.base() - 127.0 / 63.0).abs() < 1e-9);
}

#[test]
fn a_file_without_a_source_out_of_range_or_in_a_wrong_unit_is_refused_with_the_place() {
    let line_of = |part: &str| text().lines().position(|line| line.contains(part)).unwrap() + 1;
    let value = "{value: 0.66, unit: A/um";
    let at = line_of(value);
    for (found, written, expected) in [
        (value, "{value: 6.6, unit: A/um", "value 6.6 lies outside its range 0.4 to 1".to_owned()),
        (value, "{value: 0.66, unit: parsec/um", "`parsec/um` is not a known unit".to_owned()),
        (value, "{value: 0.66, unit: V/um", "`track.magnetization` is in `V/um`".to_owned()),
        ("source: \"660 kA/m", "sources: \"660 kA/m", "unknown field `sources`".to_owned()),
        ("    width:", "    girth:", "parameter `track.girth` is not known".to_owned()),
        (
            "{of: {gate.area: 10000}, unit: um2/AP, within: [0.3, 2.5],",
            "{value: 10000, unit: um2/AP, low: 1, high: 20000, mark: assumption,",
            "`area.controller` has a price of its own, but the component library prices".to_owned(),
        ),
        (
            "{of: {gate.area: 10000}, unit: um2/AP",
            "{of: {gate.leakage: 10000}, unit: um2/AP",
            "`gate.leakage` is in mW, but the part is in um2".to_owned(),
        ),
        (
            "{of: {gate.area: 10000}, unit: um2/AP",
            "{of: {relay.area: 10000}, unit: um2/AP",
            "there is no component `relay.area`; in um2 there are: gate.area, flip_flop.area".to_owned(),
        ),
        (
            "  track:\n    domains:",
            "  shift:\n    domains:",
            "parameter `shift.current_density` is not known".to_owned(),
        ),
    ] {
        let changed = text().replacen(found, written, 1);
        assert_ne!(changed, text(), "{found}");
        let message = refused(&changed);
        assert!(message.contains(&expected), "{message}");
    }
    for node in ["-45", "0.1", "9000"] {
        let message = refused(&text().replacen("node_nm: 45", &format!("node_nm: {node}"), 1));
        assert!(message.contains("`design.node_nm` is") && message.contains("7 to 130"), "{message}");
    }
    let message = refused(&text().replacen("components: cmos", "components: bipolar", 1));
    assert!(message.contains("bipolar.yaml"), "{message}");
    let message = refused(&text().replacen(value, "{value: 6.6, unit: A/um", 1));
    // The place is that of the parameter, which begins on the line before.
    assert!((at - 1..=at).any(|line| message.contains(&format!(".yaml:{line}:"))), "{at}: {message}");
}
