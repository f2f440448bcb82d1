//! Where the parts of a description stand in its text, for messages. A text in block style, like all of this project's, is
//! understood; in any other style nothing is found.

/// Line and column, counted from 1.
pub(crate) type Place = (usize, usize);

/// The line of a field of the file.
pub(super) fn of_field(text: &str, field: &str) -> Option<Place> {
    let is_it = |line: &str| line.strip_prefix(field).is_some_and(|rest| rest.starts_with(':'));
    text.lines().position(is_it).map(|line| (line + 1, 1))
}

/// The items of the list `layers`.
pub(super) fn of_layers(text: &str) -> Vec<Place> {
    let Some((first, _)) = of_field(text, "layers") else { return Vec::new() };
    let mut places = Vec::new();
    let mut depth = None;
    for (line, content) in text.lines().enumerate().skip(first) {
        let item = content.trim_start();
        let indent = content.len() - item.len();
        if item.is_empty() || item.starts_with('#') {
            continue;
        }
        let is_item = item.starts_with("- ");
        if !is_item && indent == 0 {
            break;
        }
        if is_item && indent == *depth.get_or_insert(indent) {
            places.push((line + 1, indent + 3));
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_layers_are_found_by_line_and_column() {
        let text =
            "name: x\nlayers:\n  # one\n  - add:\n      of:\n        - a\n\n  - concat: {}\nsparsity: 1\n";
        assert_eq!(of_field(text, "sparsity"), Some((9, 1)));
        assert_eq!(of_field(text, "layer"), None);
        assert_eq!(of_layers(text), [(4, 5), (8, 5)]);
    }
}
