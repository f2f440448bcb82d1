//! One value on its way into a table or out of it.

use crate::schema::Kind;

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// An integer, wide enough for any integer of 64 bits; a table takes those that fit a signed one.
    Integer(i128),
    /// A real number.
    Real(f64),
    /// True or false.
    Flag(bool),
    /// No value, for an optional column.
    Missing,
}

impl Value {
    /// What the value is, for messages: `text "conv1"`, `real 0.5`.
    pub(crate) fn described(&self) -> String {
        match self {
            Self::Text(text) => format!("text {text:?}"),
            Self::Integer(integer) => format!("integer {integer}"),
            Self::Real(real) => format!("real {real:?}"),
            Self::Flag(flag) => format!("flag {flag}"),
            Self::Missing => "no value".to_owned(),
        }
    }

    /// The kind of column that the value fits, or `None` for a missing one.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Text(_) => Some(Kind::Text),
            Self::Integer(_) => Some(Kind::Integer),
            Self::Real(_) => Some(Kind::Real),
            Self::Flag(_) => Some(Kind::Flag),
            Self::Missing => None,
        }
    }
}

impl std::fmt::Display for Value {
    /// The value alone, exact; a missing one is an en dash.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => formatter.write_str(text),
            Self::Integer(integer) => write!(formatter, "{integer}"),
            Self::Real(real) => write!(formatter, "{real:?}"),
            Self::Flag(flag) => write!(formatter, "{flag}"),
            Self::Missing => formatter.write_str("–"),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<f64> for Value {
    fn from(real: f64) -> Self {
        Self::Real(real)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {
        $(impl From<$integer> for Value {
            fn from(integer: $integer) -> Self {
                // `as` because `usize` and `isize` have no lossless `From`; every listed type is narrower than 128 bits.
                Self::Integer(integer as i128)
            }
        })*
    };
}
from_integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}
