//! No protection.

use super::Protection;

/// Faults strike as they come.
#[derive(Debug)]
pub struct Unprotected;

impl Protection for Unprotected {}
