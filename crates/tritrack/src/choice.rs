//! Choices by name on the command line.

use std::marker::PhantomData;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};
use names::Named;

/// Reads a variant of an enum with names; help tells the names and what they mean.
#[derive(Debug)]
pub struct Choice<T>(PhantomData<fn() -> T>);

impl<T> Clone for Choice<T> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for Choice<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: Named> TypedValueParser for Choice<T> {
    type Value = T;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<T, Error> {
        let known = clap::builder::PossibleValuesParser::new(possible::<T>());
        let text = value.to_string_lossy();
        match T::from_name(&text) {
            Ok(found) => Ok(found),
            // Its message names the argument and what there is.
            Err(unknown) => Err(match known.parse_ref(command, argument, value) {
                Err(error) => error,
                Ok(_) => command.clone().error(ErrorKind::InvalidValue, unknown),
            }),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(possible::<T>().into_iter()))
    }
}

fn possible<T: Named>() -> Vec<PossibleValue> {
    let value = |variant: &names::Variant<T>| {
        let meaning = variant.meaning();
        let first = meaning.lines().next().unwrap_or_default().trim_end_matches('.').to_owned();
        PossibleValue::new(variant.name).help(first)
    };
    T::VARIANTS.iter().map(value).collect()
}
