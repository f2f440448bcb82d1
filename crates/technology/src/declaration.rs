//! What a model needs from a technology file, declared once: the path, the unit and the meaning of every parameter.

use crate::{Dimension, ParameterSet, TechnologyError};

/// One parameter that a model needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declaration {
    /// `section.name` in the file.
    pub path: &'static str,
    /// What it measures.
    pub dimension: Dimension,
    /// What it is counted per (`bit`, `row`, ...); empty if nothing.
    pub per: &'static str,
    /// What it means, one sentence.
    pub meaning: &'static str,
    /// Who sets its price.
    pub price: Price,
}

/// Who sets the price of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Price {
    /// The file, by a value of its own.
    Own,
    /// The component library, which all systems share: the file says how many of which components the part is made of.
    Components,
}

impl Declaration {
    /// The unit that values are kept in, for example `pJ/bit`.
    pub fn base_unit(&self) -> String {
        if self.per.is_empty() {
            self.dimension.base_unit().to_owned()
        } else {
            format!("{}/{}", self.dimension.base_unit(), self.per)
        }
    }
}

/// A struct of typed quantities that a model computes with. Implemented by [`crate::parameters!`].
pub trait Parameters: Sized {
    /// Every parameter, in the order of the fields.
    const DECLARATIONS: &'static [Declaration];

    /// The values in the dimensions' base units, in the order of [`Parameters::DECLARATIONS`].
    fn base_values(&self) -> Vec<f64>;

    /// The values of a set that was checked against the declarations.
    ///
    /// # Errors
    /// If a parameter is missing from the set or measures something else.
    fn resolve(set: &ParameterSet) -> Result<Self, TechnologyError>;
}

/// Who sets a price, as [`parameters!`] writes it.
#[doc(hidden)]
#[macro_export]
macro_rules! price {
    () => {
        $crate::Price::Own
    };
    (components) => {
        $crate::Price::Components
    };
}

/// Declares a struct of quantities together with the paths and units that a technology file gives them under. A parameter that ends
/// with `of components` is priced by the component library.
///
/// ```
/// technology::parameters! {
///     /// What a search costs.
///     pub struct Search {
///         /// Energy to compare one bit.
///         energy: technology::Energy = "search.energy" per "bit",
///         /// Time of one compare.
///         time: technology::Time = "search.time" per "",
///     }
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! parameters {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            $(#[doc = $meaning:literal] $field:ident: $quantity:ty = $path:literal per $per:literal $(of $price:ident)?,)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq)]
        $visibility struct $name {
            $(#[doc = $meaning] pub $field: $quantity,)*
        }
        impl $crate::Parameters for $name {
            const DECLARATIONS: &'static [$crate::Declaration] = &[
                $($crate::Declaration {
                    path: $path,
                    dimension: <$quantity as $crate::Quantity>::DIMENSION,
                    per: $per,
                    meaning: $meaning.trim_ascii_start(),
                    price: $crate::price!($($price)?),
                },)*
            ];
            fn base_values(&self) -> Vec<f64> {
                vec![$($crate::Quantity::base(self.$field),)*]
            }
            fn resolve(set: &$crate::ParameterSet) -> Result<Self, $crate::TechnologyError> {
                Ok(Self { $($field: set.quantity::<$quantity>($path, $per)?,)* })
            }
        }
    };
}
