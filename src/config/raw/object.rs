//! Macros that declare objects with named fields, and enums of accepted values.

use serde_json::{Map, Value};

use super::{
    absence,
    value::{Read, text, wrong_type},
};
use crate::config::{ConfigError, Fault, echo::nearest, error::At, spelling::FieldName};

/// Declares an object type, its parser and its schema. In JSON, a field has its Rust name, unless
/// the declaration gives another name after `=`. With `| camelCase`, the lowerCamelCase form of the
/// name is accepted too. A default may follow the type. Only the schema uses the default and the
/// comment of a field. So write comments on fields for operators.
///
/// With `!null`, the field refuses `null`. Mark an optional field with `!null` if more requests
/// pass when the field is absent. In YAML, a field without a value is `null`. If `null` counted as
/// absent, an operator who forgot the value would open a rule without noticing.
macro_rules! object {
    (
        $(#[$attribute:meta])*
        $scope:vis struct $object:ident {
            $(
                $(#[doc = $doc:literal])*
                $field:ident $(= $name:literal)? $(| $camel:ident)? $(! $null:ident)? : $type:ty $(= $default:tt)?,
            )*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Default)]
        $scope struct $object {
            $($(#[doc = $doc])* $scope $field: $type,)*
        }

        impl $object {
            const NAMES: &[$crate::config::spelling::FieldName] =
                &[$($crate::config::raw::object::field_name!($field $(= $name)? $(| $camel)? $(! $null)?)),*];

            /// Parses an object that may have any of the fields in `names`. Fields that this type
            /// does not declare are ignored.
            fn read_among(
                value: &::serde_json::Value,
                names: &[$crate::config::spelling::FieldName],
            ) -> Result<Self, $crate::config::ConfigError> {
                use $crate::config::raw::object::{Members, field_name};
                let mut members = Members::of(value, "an object", names)?;
                let object = Self {
                    $($field: members.field(field_name!($field $(= $name)? $(| $camel)? $(! $null)?)),)*
                };
                members.end(object)
            }
        }

        impl $crate::config::raw::Read for $object {
            fn read(value: &::serde_json::Value) -> Result<Self, $crate::config::ConfigError> {
                Self::read_among(value, Self::NAMES)
            }
        }

        impl $crate::config::raw::describe::Describe for $object {
            fn describe(
                definitions: &mut $crate::config::raw::describe::Definitions,
            ) -> ::serde_json::Value {
                use $crate::config::raw::object::field_name;
                definitions.object(stringify!($object), |_fields| {
                    $(_fields.add::<$type>($crate::config::raw::describe::Field {
                        name: field_name!($field $(= $name)? $(| $camel)? $(! $null)?),
                        comment: &[$($doc),*],
                        default: None$(.or(Some(::serde_json::json!($default))))?,
                    });)*
                })
            }
        }
    };
}

/// Declares an enum type, its parser and its schema. In JSON, each variant is a string: the literal
/// after `=`.
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

        impl $crate::config::raw::describe::Describe for $choice {
            fn describe(
                _definitions: &mut $crate::config::raw::describe::Definitions,
            ) -> ::serde_json::Value {
                ::serde_json::json!({"enum": [$($name),*]})
            }
        }
    };
}

/// Makes the [`FieldName`] of a field in [`object!`].
macro_rules! field_name {
    ($field:ident $(| $camel:ident)? $(! $null:ident)?) => {
        $crate::config::raw::object::field_name!(
            $field = (stringify!($field)) $(| $camel)? $(! $null)?
        )
    };
    ($field:ident = $name:tt $(| $camel:ident)? $(! $null:ident)?) => {
        $crate::config::spelling::FieldName {
            snake: $name,
            has_camel: $crate::config::raw::object::field_name!(@is_marked $($camel)?),
            refuses_null: $crate::config::raw::object::field_name!(@is_marked $($null)?),
        }
    };
    (@is_marked) => { false };
    (@is_marked camelCase) => { true };
    (@is_marked null) => { true };
}

pub(in crate::config) use choice;
pub(super) use {field_name, object};

/// The members of a JSON object, and the first error in their values. Every member has a known
/// name.
///
/// If a field cannot be parsed, [`field`](Self::field) returns the default of the field's type, and
/// [`end`](Self::end) returns the error. An early return after each field would need far more
/// machine code, because it would have to drop all earlier fields.
pub(super) struct Members<'a> {
    members: &'a Map<String, Value>,
    error: Option<ConfigError>,
}

impl<'a> Members<'a> {
    /// Returns the members of `value`. Returns an error if a member's name is not in `names`, or if
    /// a member is `null` although its field refuses `null`.
    pub(super) fn of(
        value: &'a Value,
        expected: &'static str,
        names: &[FieldName],
    ) -> Result<Self, ConfigError> {
        let members = value
            .as_object()
            .ok_or_else(|| wrong_type(expected, value))?;
        for (written, value) in members {
            match names.iter().find(|own| own.is(written)) {
                None => return Err(unknown_field(written, names).into()),
                Some(own) if own.refuses_null && value.is_null() => {
                    return Err(Fault::Null).at(written);
                }
                Some(_) => {}
            }
        }
        Ok(Self {
            members,
            error: None,
        })
    }

    /// Parses the field `name`.
    #[inline(never)] // inlining would repeat the code for each field
    pub(super) fn field<T: Read + Default>(&mut self, name: FieldName) -> T {
        let read = match self.member(name) {
            Ok(Some((written, value))) => T::read(value).at(written),
            Ok(None) => T::absent(name.snake),
            Err(spelt_twice) => Err(spelt_twice.into()),
        };
        read.unwrap_or_else(|error| {
            self.error.get_or_insert(error);
            T::default()
        })
    }

    /// Returns the object, or the first error in its fields.
    pub(super) fn end<T>(self, object: T) -> Result<T, ConfigError> {
        self.error.map_or(Ok(object), Err)
    }

    #[inline(never)] // a copy in `field` for each type would take kilobytes
    fn member(&self, name: FieldName) -> Result<Option<(&'a String, &'a Value)>, Fault> {
        let snake = self.members.get_key_value(name.snake);
        let camel = self.members.iter().find(|(own, _)| name.is_camel(own));
        match (snake, camel) {
            (Some(_), Some(_)) => Err(Fault::SpeltTwice { field: name.snake }),
            (found, None) | (None, found) => Ok(found),
        }
    }
}

/// Returns the choice whose name is `value`. `choices` must be in the order of `names`.
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
        Fault::UnknownValue {
            value,
            known: names,
        }
        .into()
    })
}

fn unknown_field(name: &str, known: &[FieldName]) -> Fault {
    absence(name, known).unwrap_or_else(|| {
        let mut spellings = Vec::new();
        for own in known {
            spellings.push(own.snake.to_owned());
            spellings.extend(own.camel());
        }
        Fault::UnknownField {
            field: name.to_owned(),
            known: known.iter().map(|own| own.snake).collect(),
            nearest: nearest(name, spellings.iter().map(String::as_str)).map(str::to_owned),
        }
    })
}
