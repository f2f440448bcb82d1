//! Manifests: what is read, and what is said of what cannot be.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use workspace::{Manifest, Registry};

static REGISTRY: Registry = studies::registry(|_| ());

const GOOD: &str = "id: fig2\ntitle: Operations\noperations:\n  networks: [a]\n  sharing: [none]\n";

fn message(text: &str) -> String {
    Manifest::parse(text, Path::new("experiments/fig2.yaml"), &REGISTRY).unwrap_err().to_string()
}

#[test]
fn a_manifest_is_read_whole() {
    let manifest = Manifest::parse(GOOD, Path::new("experiments/fig2.yaml"), &REGISTRY).unwrap();
    assert_eq!(manifest.id, "fig2");
    assert_eq!(manifest.study.name(), "operations");
}

#[test]
fn a_typo_is_shown_in_its_line() {
    let message = message(&GOOD.replace("networks", "netwroks"));
    assert!(
        message.starts_with("experiments/fig2.yaml:4:3: operations: unknown field `netwroks`"),
        "{message}"
    );
    assert!(message.contains("    4 |   netwroks: [a]\n      |   ^"), "{message}");
}

#[test]
fn what_a_field_may_hold_is_said() {
    assert!(message(&GOOD.replace("[none]", "[some]")).contains("there are: none, per-channel"));
    assert!(message(&GOOD.replace("[a]", "[]")).contains("operations.networks is empty"));
    assert!(
        message(&GOOD.replace("fig2", "fig3")).contains("the id is `fig3`; expected the file's name, `fig2`")
    );
    assert!(message("id: fig2\ntitle: a\n").contains("exactly one study"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(
        edits in proptest::collection::vec((0_usize..4000, 0_usize..40, ".{0,6}|[\\[\\]{}:&*!|>'\"#,\n -]{1,4}"), 1..6)
    ) {
        let mut text: Vec<char> = include_str!("../../../experiments/fig10.yaml").chars().collect();
        for (at, removed, inserted) in edits {
            let start = at.min(text.len());
            let end = (start + removed).min(text.len());
            text.splice(start..end, inserted.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(error) = Manifest::parse(&text, Path::new("experiments/fig10.yaml"), &REGISTRY) {
            proptest::prop_assert!(error.to_string().starts_with("experiments/fig10.yaml:"), "{error}");
        }
    }
}
