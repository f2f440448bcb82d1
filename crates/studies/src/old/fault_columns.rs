//! Columns that the tables of several fault studies share.

use tables::Column;

/// Where the lower end of an interval of rare events comes from: see [`faults::Summary::silent_corruptions_interval`].
pub const LOWER_END: &str = "Lower end of its interval: the wider of a bootstrap over images and Clopper-Pearson's, which takes inferences for independent.";
/// Where the upper end does.
pub const UPPER_END: &str = "Upper end of it, in the same way.";

/// Answers that are wrong unseen.
pub const SILENT_CORRUPTIONS: Column = Column::real(
    "silent_corruptions",
    "",
    "Share of inferences with another class than without faults, and nothing that says so.",
);
/// The lower end of their interval.
pub const SILENT_LOW: Column = Column::real("silent_low", "", LOWER_END);
/// The upper end.
pub const SILENT_HIGH: Column = Column::real("silent_high", "", UPPER_END);
