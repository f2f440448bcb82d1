//! Components that systems share: counted, moved together by draws and nodes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};

use technology::{Area, Energy, Library, Parameters, Power, Prior, Quantity, TechnologyFile};

technology::parameters! {
    /// A system of its own.
    pub struct Lamp {
        /// Its node.
        node: technology::Length = "scaling.reference_node" per "",
        /// Energy to switch it.
        switch: Energy = "lamp.switch" per "" of components,
        /// Its leakage.
        leakage: Power = "lamp.leakage" per "" of components,
        /// Its area.
        area: Area = "lamp.area" per "" of components,
        /// Energy of its light, which no component has.
        light: Energy = "lamp.light" per "",
    }
}

fn libraries() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/technology/components")
}

/// A lamp of ten flip-flops and twenty gates at a node, its wire half a millimetre long.
fn lamp(node_nm: f64) -> TechnologyFile<()> {
    let text = format!(
        "name: lamp\ntitle: A lamp\ncomponents: cmos\ndesign: null\nparameters:\n  scaling:\n    \
         reference_node: {{value: {node_nm}, unit: nm, low: {node_nm}, high: {node_nm}, mark: assumption, source: a test}}\n  lamp:\n    \
         switch: {{of: {{flip_flop.access: 10, gate.access: 20, wire.charge: 0.5}}, unit: fJ, within: [0.5, 4], source: a test}}\n    \
         leakage: {{of: {{flip_flop.leakage: 10, gate.leakage: 20}}, unit: pW, source: a test}}\n    \
         area: {{of: {{flip_flop.area: 10, gate.area: 20}}, unit: um2, source: a test}}\n    \
         light: {{value: 2, unit: pJ, low: 1, high: 4, mark: assumption, source: a test}}\n"
    );
    let path = libraries().join("../lamps/lamp.yaml");
    TechnologyFile::parse(&text, &path, &[Lamp::DECLARATIONS]).unwrap()
}

fn price(component: &str) -> f64 {
    let library = Library::load(&libraries().join("cmos.yaml")).unwrap();
    library.file().parameters.get(component).unwrap().base_value()
}

fn close(a: f64, b: f64) {
    assert!((a / b - 1.0).abs() < 1e-12, "{a} against {b}");
}

#[test]
fn a_part_costs_what_its_components_come_to() {
    let file = lamp(45.0);
    let lamp = Lamp::resolve(&file.parameters).unwrap();
    let volts = price("process.supply");
    // fF/um times V^2 are pJ/mm.
    let wire = 0.5 * price("wire.capacitance") * volts * volts;
    close(lamp.switch.base(), 10.0 * price("flip_flop.access") + 20.0 * price("gate.access") + wire);
    close(lamp.area.base(), 10.0 * price("flip_flop.area") + 20.0 * price("gate.area"));
    let written = file.parameters.get("lamp.switch").unwrap();
    close(written.low, written.value * 0.5);
    close(written.high, written.value * 4.0);
}

#[test]
fn a_changed_component_moves_every_part_that_counts_it_and_no_other() {
    let set = lamp(45.0).parameters;
    let moved = set.with_value("components.flip_flop.leakage", 3.0).unwrap();
    let (before, after) = (Lamp::resolve(&set).unwrap(), Lamp::resolve(&moved).unwrap());
    let rest = 20.0 * price("gate.leakage");
    close(after.leakage.base(), 10.0 * 3e-6 + rest);
    assert_eq!((before.switch, before.area, before.light), (after.switch, after.area, after.light));
    // From what the library says, not from what was set before.
    let back = moved.with_value("components.flip_flop.leakage", price("flip_flop.leakage") * 1e6).unwrap();
    close(Lamp::resolve(&back).unwrap().leakage.base(), before.leakage.base());
}

#[test]
fn a_draw_moves_components_and_what_the_design_leaves_open() {
    let set = lamp(45.0).parameters;
    let only = |drawn: &'static str| {
        set.at_quantiles(Prior::Flat, move |path| if path == drawn { 0.95 } else { 0.5 })
    };
    let middle = Lamp::resolve(&only("nothing")).unwrap();
    let design = Lamp::resolve(&only("lamp.switch")).unwrap();
    // From the middle of 0.5 to 4 to its upper end.
    close(design.switch.base() / middle.switch.base(), 4.0 / 2.0_f64.sqrt());
    let component = Lamp::resolve(&only("components.flip_flop.access")).unwrap();
    assert!(component.switch > middle.switch && component.light == middle.light);
}

#[test]
fn components_move_to_the_node_of_the_system() {
    let (at_45, at_22) = (lamp(45.0).parameters, lamp(22.0).parameters);
    let (large, small) = (Lamp::resolve(&at_45).unwrap(), Lamp::resolve(&at_22).unwrap());
    close(small.area.base() / large.area.base(), (22.0_f64 / 45.0).powi(2));
    let factors = technology::node::NodeFactors::stated(45.0, 22.0);
    close(small.leakage.base() / large.leakage.base(), factors.leakage);
    assert!(small.switch < large.switch && small.light == large.light);
}

#[test]
fn another_library_takes_the_place_of_a_files_own() {
    let file = lamp(22.0);
    let other = Library::load(&libraries().join("neurosim-v13.yaml")).unwrap();
    // It has no gates: what counts them keeps its price.
    let changed = file.with_components(&other);
    let area = |file: &TechnologyFile<()>| Lamp::resolve(&file.parameters).unwrap().area;
    assert!(area(&changed) > area(&file));
    close(changed.parameters.get("components.flip_flop.area").unwrap().base_value(), 7.6);
}
