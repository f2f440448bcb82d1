//! Where the parts of a description stand in its text, for messages.

use yaml::{FieldPath, Node};

/// Line and column, counted from 1.
pub(crate) type Place = (usize, usize);

/// The text with the place of everything in it; nothing is found in what is no YAML.
pub(crate) struct Places(Option<Node>);

impl Places {
    /// Of a text.
    pub fn of(text: &str) -> Self {
        Self(Node::parse(text).ok())
    }

    /// A field of the file, or of a field: `input.zero`.
    pub fn field(&self, path: &str) -> Option<Place> {
        let root = self.0.as_ref()?;
        let mut names = path.split('.');
        root.field(names.next()?)?;
        let path = path.split('.').fold(FieldPath::default(), |path, name| path.field(name));
        let place = root.place_of_name(&path);
        Some((place.line, place.column))
    }

    /// The items of the list `layers`.
    pub fn layers(&self) -> Vec<Place> {
        let layers = self.0.as_ref().and_then(|root| root.field("layers"));
        let items = layers.map_or(&[][..], Node::items).iter();
        items.map(|layer| (layer.place.line, layer.place.column)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_layers_are_found_by_line_and_column() {
        let text =
            "name: x\nlayers:\n  # one\n  - add:\n      of:\n        - a\n\n  - concat: {}\nsparsity: 1\n";
        let places = Places::of(text);
        assert_eq!(places.field("sparsity"), Some((9, 1)));
        assert_eq!(places.field("layer"), None);
        assert_eq!(places.layers(), [(4, 5), (8, 5)]);
    }

    #[test]
    fn a_text_in_any_style_is_understood() {
        let places = Places::of(
            "{name: x, input: {channels: 1,\n zero: 3}, layers: [{add: {of: [a]}},\n {concat: {}}]}",
        );
        assert_eq!(places.field("input.zero"), Some((2, 2)));
        assert_eq!(places.field("input.step"), Some((1, 18)));
        assert_eq!(places.layers(), [(2, 21), (3, 2)]);
    }
}
