//! Reading a variant by its name, wherever serde reads from.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, VariantAccess, Visitor};

use crate::Named;

/// Reads a variant, as the derive for an enum of unit variants does.
#[doc(hidden)]
pub fn deserialize<'de, T: Named, D: Deserializer<'de>>(
    enum_name: &'static str,
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_enum(enum_name, &[], Variants { enum_name, of: PhantomData })
}

struct Variants<T> {
    enum_name: &'static str,
    of: PhantomData<T>,
}

impl<'de, T: Named> Visitor<'de> for Variants<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "enum {}", self.enum_name)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<T, A::Error> {
        let (variant, content) = access.variant_seed(Name(PhantomData))?;
        content.unit_variant()?;
        Ok(variant)
    }
}

struct Name<T>(PhantomData<T>);

impl<'de, T: Named> DeserializeSeed<'de> for Name<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<T: Named> Visitor<'_> for Name<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("variant identifier")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::from_name(text).map_err(|unknown| E::custom(Expected { found: text, known: &unknown.known }))
    }
}

/// What serde's derive says of a variant that it does not know: its own message wants names that are static.
struct Expected<'e> {
    found: &'e str,
    known: &'e [&'static str],
}

impl fmt::Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<String> = self.known.iter().map(|name| format!("`{name}`")).collect();
        write!(f, "unknown variant `{}`, expected ", self.found)?;
        match &known[..] {
            [one] => f.write_str(one),
            [one, other] => write!(f, "{one} or {other}"),
            _ => write!(f, "one of {}", known.join(", ")),
        }
    }
}
