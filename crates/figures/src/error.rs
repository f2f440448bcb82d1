//! Why a figure cannot be drawn.

use tables::TableError;

/// What is wrong with a figure's data, or what failed while drawing it.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// A chart, or a part of it that must not be empty, has nothing in it.
    #[error("the chart has no {what}")]
    Empty {
        /// What is missing: rows, points, levels.
        what: &'static str,
    },
    /// A value is NaN or infinite.
    #[error("{what}: {value} is not a finite number")]
    NotFinite {
        /// Where the value stands: series, row.
        what: String,
        value: f64,
    },
    /// A value that is zero or negative was given for a logarithmic axis.
    #[error("{what}: {value} has no place on the logarithmic axis `{axis}`")]
    NotPositive {
        /// Where the value stands: series, row.
        what: String,
        value: f64,
        /// The axis' label.
        axis: String,
    },
    /// A low end lies above its middle, or a middle above its high end.
    #[error("{what}: {low} – {middle} – {high} is not in ascending order")]
    Order {
        /// Where the values stand: series, row.
        what: String,
        /// The low end.
        low: f64,
        middle: f64,
        /// The high end.
        high: f64,
    },
    /// Two lists that belong together have different lengths.
    #[error("{what}: expected {expected} values, found {found}")]
    Length {
        /// What the values belong to.
        what: String,
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A value that must not be negative is, such as a share of a whole.
    #[error("{what}: {value} is negative")]
    Negative {
        /// Where the value stands.
        what: String,
        value: f64,
    },
    /// An axis has no extent: the range given for it is empty or runs backwards, or its values are too extreme.
    #[error("axis `{axis}`: the range {low} to {high} is empty")]
    Range {
        /// The axis' label.
        axis: String,
        /// The range's low end.
        low: f64,
        /// The range's high end.
        high: f64,
    },
    /// The bundled font or a drawing backend failed; a fault of this program, not of the data.
    #[error("drawing failed: {reason}")]
    Drawing {
        /// What the backend said.
        reason: String,
    },
    /// A table could not be read, or a figure not written.
    #[error(transparent)]
    Table(#[from] TableError),
}
