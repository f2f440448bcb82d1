//! The page that adds a system holds the file that is compiled and run beside this one.

#![allow(clippy::unwrap_used)]

#[test]
fn the_page_shows_the_system_that_is_tested() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("../tritrack/docs/how-to/add-a-system.md")).unwrap();
    let file = std::fs::read_to_string(root.join("tests/add_a_system.rs")).unwrap();
    // The block stands in a list: every line is indented.
    let block = page.split_once("   ```rust\n").unwrap().1.split_once("   ```\n").unwrap().0;
    let shown: String =
        block.lines().map(|line| line.strip_prefix("   ").unwrap_or(line).to_owned() + "\n").collect();
    assert_eq!(shown, file);
}
