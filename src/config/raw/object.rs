//! Objects with named fields, and closed sets of values.

use serde_json::{Map, Value};

use super::{
    absence,
    value::{Read, text, wrong_type},
};
use crate::config::{ConfigError, Reason, error::At};

/// Declares an object, how it is read, and its schema. A field is written under its own name, or the
/// one after `=`; behind `|` is its other spelling, in the lowerCamelCase of protobuf JSON. Behind the
/// type may stand what holds where it is not written; this and the field's comment, which is for
/// operators, are in the schema alone.
macro_rules! object {
    (
        $(#[$attribute:meta])*
        $scope:vis struct $object:ident {
            $(
                $(#[doc = $doc:literal])*
                $field:ident $(= $name:literal)? $(| $camel:literal)? : $type:ty $(= $default:tt)?,
            )*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Default)]
        $scope struct $object {
            $($(#[doc = $doc])* $scope $field: $type,)*
        }

        impl $crate::config::raw::Read for $object {
            fn read(value: &::serde_json::Value) -> Result<Self, $crate::config::ConfigError> {
                use $crate::config::raw::object::{Members, either};
                const NAMES: &[&str] = &[
                    $(either!($($name)?, stringify!($field)), $($camel,)?)*
                ];
                let mut members = Members::of(value, "an object", NAMES)?;
                let object = Self {
                    $($field: members.field(
                        either!($($name)?, stringify!($field)),
                        either!($(Some($camel))?, None),
                    ),)*
                };
                members.end(object)
            }
        }

        #[cfg(feature = "cli")]
        impl $crate::config::raw::describe::Describe for $object {
            fn describe(
                definitions: &mut $crate::config::raw::describe::Definitions,
            ) -> ::serde_json::Value {
                use $crate::config::raw::object::either;
                definitions.object(stringify!($object), |_fields| {
                    $(_fields.add::<$type>($crate::config::raw::describe::Field {
                        name: either!($($name)?, stringify!($field)),
                        camel: either!($(Some($camel))?, None),
                        comment: &[$($doc),*],
                        default: either!($(Some(::serde_json::json!($default)))?, None),
                    });)*
                })
            }
        }
    };
}

/// Declares a set of values, and how each is written.
macro_rules! choice {
    (
        $(#[$attribute:meta])*
        $scope:vis enum $choice:ident {
            $($(#[$variant_attribute:meta])* $variant:ident = $name:literal,)*
        }
    ) => {
        $(#[$attribute])*
        $scope enum $choice { $($(#[$variant_attribute])* $variant,)* }

        impl $crate::config::raw::Read for $choice {
            fn read(value: &::serde_json::Value) -> Result<Self, $crate::config::ConfigError> {
                $crate::config::raw::object::choose(value, &[$($name),*], [$(Self::$variant),*])
            }
        }

        #[cfg(feature = "cli")]
        impl $crate::config::raw::describe::Describe for $choice {
            fn describe(
                _definitions: &mut $crate::config::raw::describe::Definitions,
            ) -> ::serde_json::Value {
                ::serde_json::json!({"enum": [$($name),*]})
            }
        }
    };
}

/// The first of two expressions, where there is one.
macro_rules! either {
    (, $second:expr) => {
        $second
    };
    ($first:expr, $second:expr) => {
        $first
    };
}

pub(in crate::config) use choice;
pub(super) use {either, object};

/// The members of an object, each of which has a name that it knows, and the first error in them.
///
/// A field that cannot be read stays empty, and the object is refused at its [end](Self::end). To
/// leave at each field by itself would take far more code: everywhere other fields are to be dropped.
pub(super) struct Members<'a> {
    members: &'a Map<String, Value>,
    error: Option<ConfigError>,
}

impl<'a> Members<'a> {
    /// The members of `value`, which may have `names` and no others.
    pub(super) fn of(
        value: &'a Value,
        expected: &'static str,
        names: &'static [&'static str],
    ) -> Result<Self, ConfigError> {
        let members = value
            .as_object()
            .ok_or_else(|| wrong_type(expected, value))?;
        match members.keys().find(|name| !names.contains(&name.as_str())) {
            Some(unknown) => Err(unknown_field(unknown, names).into()),
            None => Ok(Self {
                members,
                error: None,
            }),
        }
    }

    /// The field `name`, which may also be spelt as `camel`.
    #[inline(never)] // many fields, few types
    pub(super) fn field<T: Read + Default>(
        &mut self,
        name: &'static str,
        camel: Option<&'static str>,
    ) -> T {
        let read = match self.member(name, camel) {
            Ok(Some((name, value))) => T::read(value).at(name),
            Ok(None) => T::absent(name),
            Err(spelt_twice) => Err(spelt_twice.into()),
        };
        read.unwrap_or_else(|error| {
            self.error.get_or_insert(error);
            T::default()
        })
    }

    /// What was made of the fields, where nothing is wrong with any of them.
    pub(super) fn end<T>(self, object: T) -> Result<T, ConfigError> {
        self.error.map_or(Ok(object), Err)
    }

    fn member(
        &self,
        name: &'static str,
        camel: Option<&'static str>,
    ) -> Result<Option<(&'static str, &'a Value)>, Reason> {
        let under = |name| self.members.get(name).map(|value| (name, value));
        match (under(name), camel.and_then(under)) {
            (Some(_), Some(_)) => Err(Reason::SpeltTwice { field: name }),
            (found, None) | (None, found) => Ok(found),
        }
    }
}

/// The one of `choices` that is written under `names`.
pub(in crate::config) fn choose<T, const N: usize>(
    value: &Value,
    names: &'static [&'static str; N],
    choices: [T; N],
) -> Result<T, ConfigError> {
    let written = text(value)?;
    let found = names
        .iter()
        .zip(choices)
        .find(|(name, _)| **name == written);
    found.map(|(_, choice)| choice).ok_or_else(|| {
        let value = written.to_owned();
        Reason::UnknownValue {
            value,
            known: names,
        }
        .into()
    })
}

fn unknown_field(name: &str, known: &'static [&'static str]) -> Reason {
    absence(name, known).unwrap_or_else(|| Reason::UnknownField {
        field: name.to_owned(),
        known,
    })
}
