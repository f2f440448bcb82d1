//! Enums whose variants have names in files, in tables and on the command line, each name spelled once.
//!
//! [`names!`] declares such an enum. It gives `ALL`, `name()`, `Display`, `FromStr`, serde's traits and a JSON Schema; what reads a
//! command line finds the names and what they mean in [`Named`].

mod read;
mod schema;
mod suggestion;

use std::fmt;

pub use schema::ONCE;
pub use suggestion::suggestion;

#[doc(hidden)]
pub use {read::deserialize, schema::schema};

#[doc(hidden)]
pub use {schemars, serde};

/// An enum whose variants have names. Implemented by [`names!`].
pub trait Named: Copy + Eq + Send + Sync + 'static {
    /// What a variant is, with its article: `a layout`.
    const KIND: &'static str;
    /// The enum's documentation, as its source has it.
    #[doc(hidden)]
    const DOCUMENTATION: &'static str;
    /// Every variant with its names, in the order of declaration.
    const VARIANTS: &'static [Variant<Self>];

    /// The variant that has a name, or had it once.
    ///
    /// # Errors
    /// If none has.
    fn from_name(text: &str) -> Result<Self, UnknownName> {
        let found = Self::VARIANTS
            .iter()
            .find(|variant| variant.name == text || variant.once.contains(&text))
            .map(|variant| variant.value);
        found.ok_or_else(|| UnknownName {
            found: text.to_owned(),
            kind: Self::KIND,
            known: Self::VARIANTS.iter().map(|variant| variant.name).collect(),
        })
    }
}

/// One variant of an enum with names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variant<T> {
    /// The variant.
    pub value: T,
    /// Its name in files, in tables and on the command line.
    pub name: &'static str,
    /// Names that it had once: they are still read, never written.
    pub once: &'static [&'static str],
    /// Its documentation, as its source has it: lines with a space in front.
    documentation: &'static str,
}

impl<T> Variant<T> {
    #[doc(hidden)]
    pub const fn new(
        value: T,
        name: &'static str,
        once: &'static [&'static str],
        documentation: &'static str,
    ) -> Self {
        Self { value, name, once, documentation }
    }

    /// What it means: its documentation, in one or more lines.
    pub fn meaning(&self) -> String {
        without_indent(self.documentation)
    }
}

/// Documentation without the space that stands before each of its lines.
fn without_indent(documentation: &str) -> String {
    let lines: Vec<&str> = documentation.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n").trim().to_owned()
}

/// A text that is the name of no variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownName {
    /// The text.
    pub found: String,
    /// What was expected, with its article.
    pub kind: &'static str,
    /// The names that there are.
    pub known: Vec<&'static str>,
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}; there are: {}", self.found, self.kind, self.known.join(", "))
    }
}

impl std::error::Error for UnknownName {}

/// Declares an enum whose variants have names.
///
/// The enum says what a variant is, with its article, and which one is the default if one is. Each variant gives its documentation
/// and its name, and after bars the names that it had once. `Debug`, `Clone`, `Copy`, `PartialEq` and `Eq` are derived; more can be
/// asked for in one `derive`.
///
/// ```
/// names::names! {
///     /// How words lie in the array.
///     #[derive(Hash)]
///     pub enum Layout: "a layout", by default Along {
///         /// In successive domains of one column.
///         Along = "along",
///         /// In successive columns at one domain.
///         Tiled = "tiled" | "across",
///     }
/// }
/// # fn main() {
/// assert_eq!(Layout::Tiled.name(), "tiled");
/// assert_eq!("across".parse(), Ok(Layout::Tiled));
/// assert_eq!(Layout::ALL, [Layout::Along, Layout::Tiled]);
/// let unknown = "sideways".parse::<Layout>().unwrap_err();
/// assert_eq!(unknown.to_string(), "`sideways` is not a layout; there are: along, tiled");
/// # }
/// ```
#[macro_export]
macro_rules! names {
    (
        $(#[doc = $about:literal])+
        $(#[derive($($derived:tt)*)])?
        $visibility:vis enum $enum:ident: $kind:literal $(, by default $default:ident)? {
            $(
                $(#[doc = $documentation:literal])+
                $variant:ident = $name:literal $(| $once:literal)*
            ),+ $(,)?
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $(#[derive($($derived)*)])?
        $visibility enum $enum {
            $(
                $(#[doc = $documentation])+
                $variant,
            )+
        }
        $(
            impl ::core::default::Default for $enum {
                fn default() -> Self {
                    Self::$default
                }
            }
        )?
        impl $enum {
            /// Every variant, in the order of declaration.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The name in files, in tables and on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
        impl $crate::Named for $enum {
            const KIND: &'static str = $kind;
            const DOCUMENTATION: &'static str = ::core::concat!($($about, "\n"),+);
            const VARIANTS: &'static [$crate::Variant<Self>] = &[$(
                $crate::Variant::new(Self::$variant, $name, &[$($once),*], ::core::concat!($($documentation, "\n"),+)),
            )+];
        }
        impl ::core::fmt::Display for $enum {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.name())
            }
        }
        impl ::core::str::FromStr for $enum {
            type Err = $crate::UnknownName;
            fn from_str(text: &str) -> ::core::result::Result<Self, Self::Err> {
                $crate::Named::from_name(text)
            }
        }
        impl $crate::serde::Serialize for $enum {
            fn serialize<S: $crate::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
        impl<'de> $crate::serde::Deserialize<'de> for $enum {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::deserialize(::core::stringify!($enum), deserializer)
            }
        }
        impl $crate::schemars::JsonSchema for $enum {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                ::core::stringify!($enum).into()
            }
            fn schema_id() -> ::std::borrow::Cow<'static, str> {
                ::core::concat!(::core::module_path!(), "::", ::core::stringify!($enum)).into()
            }
            fn json_schema(_: &mut $crate::schemars::SchemaGenerator) -> $crate::schemars::Schema {
                $crate::schema::<Self>()
            }
        }
    };
}
