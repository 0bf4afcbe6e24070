//! Macros that declare objects with named fields, and enums of accepted values.

use serde_json::{Map, Value};

use super::{
    absence,
    reader::{Place, Read, Reader},
};
use crate::config::{Fault, echo::nearest, spelling::FieldName};

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
            fn read_among<'a>(
                value: &'a ::serde_json::Value,
                names: &[$crate::config::spelling::FieldName],
                reader: &mut $crate::config::raw::Reader<'a>,
            ) -> Self {
                use $crate::config::raw::object::{Members, field_name};
                let mut members = Members::of(value, "an object", names, reader);
                Self {
                    $($field: members.field(
                        const { &field_name!($field $(= $name)? $(| $camel)? $(! $null)?) },
                    ),)*
                }
            }
        }

        impl $crate::config::raw::Read for $object {
            fn read<'a>(
                value: &'a ::serde_json::Value,
                reader: &mut $crate::config::raw::Reader<'a>,
            ) -> Self {
                Self::read_among(value, Self::NAMES, reader)
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
/// after `=`. With `for`, the enum is declared in another folder, which therefore need not know about
/// JSON.
macro_rules! choice {
    (for $choice:ident { $($variant:ident = $name:literal,)* }) => {
        /// Stops the build if a variant has no name here.
        const _: fn($choice) = |choice| match choice {
            $($choice::$variant => {})*
        };

        impl $crate::config::raw::Read for $choice {
            fn read<'a>(
                value: &'a ::serde_json::Value,
                reader: &mut $crate::config::raw::Reader<'a>,
            ) -> Self {
                const NAMES: &[&str] = &[$($name),*];
                let choices = [$(Self::$variant),*];
                let [first, ..] = choices;
                let chosen = $crate::config::raw::object::choose(value, NAMES, reader);
                chosen.and_then(|index| choices.get(index).copied()).unwrap_or(first)
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
    (
        $(#[$attribute:meta])*
        $scope:vis enum $choice:ident {
            $($(#[$variant_attribute:meta])* $variant:ident = $name:literal,)*
        }
    ) => {
        $(#[$attribute])*
        $scope enum $choice { $($(#[$variant_attribute])* $variant,)* }

        $crate::config::raw::object::choice! { for $choice { $($variant = $name,)* } }
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

/// The members of a JSON object, whose names are checked.
#[derive(Debug)]
pub(super) struct Members<'a, 'r> {
    members: Option<&'a Map<String, Value>>,
    reader: &'r mut Reader<'a>,
}

impl<'a, 'r> Members<'a, 'r> {
    /// Returns the members of `value`. Records an error if a member's name is not in `names`, or if
    /// a member is `null` although its field refuses `null`.
    pub(super) fn of(
        value: &'a Value,
        expected: &'static str,
        names: &[FieldName],
        reader: &'r mut Reader<'a>,
    ) -> Self {
        let members = reader.members(value, expected);
        for (written, value) in members.into_iter().flatten() {
            match names.iter().find(|own| own.is(written)) {
                None => reader.fail(unknown_field(written, names)),
                Some(own) if own.refuses_null && value.is_null() => {
                    reader.fail_at(written, Fault::Null);
                }
                Some(_) => {}
            }
        }
        Self { members, reader }
    }

    /// Parses the field `name`.
    #[inline(never)] // inlining would repeat the code for each field
    pub(super) fn field<T: Read + Default>(&mut self, name: &FieldName) -> T {
        match self.member(name, T::OPTIONAL) {
            Some((written, value)) => self.reader.read(Place::Member(written), value),
            None => T::default(),
        }
    }

    /// Finds the field `name`. Records an error if it is written in both spellings, or if it is
    /// required and absent.
    #[inline(never)] // a copy in `field` for each type would take kilobytes
    fn member(&mut self, name: &FieldName, is_optional: bool) -> Option<(&'a str, &'a Value)> {
        let members = self.members?;
        let snake = members.get_key_value(name.snake);
        let camel = members.iter().find(|(own, _)| name.is_camel(own));
        let field = name.snake;
        if snake.is_some() && camel.is_some() {
            self.reader.fail(Fault::SpeltTwice { field });
        }
        let found = snake.or(camel);
        if found.is_none() && !is_optional {
            self.reader.fail(Fault::MissingField { field });
        }
        found.map(|(written, value)| (written.as_str(), value))
    }
}

/// Returns the index in `names` of the string `value`. If `value` is not one of the names, records
/// an error.
pub(in crate::config) fn choose<'a>(
    value: &'a Value,
    names: &'static [&'static str],
    reader: &mut Reader<'a>,
) -> Option<usize> {
    let written = reader.expect(value.as_str(), "a string", value)?;
    let found = names.iter().position(|name| *name == written);
    if found.is_none() {
        let value = written.to_owned();
        let known = names;
        reader.fail(Fault::UnknownValue { value, known });
    }
    found
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
