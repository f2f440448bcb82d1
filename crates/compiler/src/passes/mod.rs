//! The compiler's passes: a file each, and the list of those that there are.

pub mod emit;
pub mod fold;
pub mod lifetimes;
pub mod place;
pub mod schedule;
pub mod share;
pub mod split;
pub mod tile;
pub mod widths;

pub use emit::{Emit, EmitRewinding};
pub use fold::Fold;
pub use lifetimes::Lifetimes;
pub use place::{Place, PlaceApart};
pub use schedule::Schedule;
pub use share::{Share, Sharing, search};
pub use split::Split;
pub use tile::{Tile, Tiling};

use crate::pass::Pass;

/// Every pass, in about the order in which they run.
pub(crate) const REGISTERED: &[Pass] = &[
    Pass::of::<Fold>(),
    Pass::of::<Split>(),
    Pass::of::<Share>(),
    Pass::of::<Lifetimes>(),
    Pass::of::<Schedule>(),
    Pass::of::<Place>(),
    Pass::of::<PlaceApart>(),
    Pass::of::<Tile>(),
    Pass::of::<Emit>(),
    Pass::of::<EmitRewinding>(),
];
