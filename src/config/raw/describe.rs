//! Generates the JSON Schema (draft 2020-12) of the configuration.
//!
//! The schema and the parser are generated from the same declarations, so they always agree on
//! names, types and required fields. Only the parser finds faults that concern several fields, such
//! as two sources of keys or an unknown provider.
//!
//! If a schema has alternatives (`anyOf`) and none of them matches, a validator reports only that
//! no alternative matches. So the schema has alternatives only for the two spellings of a required
//! field. A validator can then report the exact location of an error, even deep inside a
//! requirement.
//!
//! The schema lists the lowerCamelCase spellings of fields in `patternProperties`. So these
//! spellings are valid, but an editor does not suggest each field twice.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::config::spelling::FieldName;

/// A type of the configuration that has a JSON Schema.
pub(in crate::config) trait Describe {
    /// True if a field of this type is optional.
    const OPTIONAL: bool = false;

    /// Returns the schema of this type. For an object, the schema is a reference to an entry in
    /// `definitions`.
    fn describe(definitions: &mut Definitions) -> Value;

    /// Returns a schema of this type that does not accept `null`.
    fn describe_value(definitions: &mut Definitions) -> Value {
        Self::describe(definitions)
    }
}

/// The schemas of objects, by name.
#[derive(Default)]
pub(in crate::config) struct Definitions(BTreeMap<String, Value>);

/// A field that is declared with [`object!`](super::object).
pub(in crate::config) struct Field<'a> {
    pub(in crate::config) name: FieldName,
    /// The lines of the field's doc comment.
    pub(in crate::config) comment: &'a [&'static str],
    /// The default value of the field, if it has one.
    pub(in crate::config) default: Option<Value>,
}

/// The fields of one object.
pub(in crate::config) struct Fields<'a> {
    definitions: &'a mut Definitions,
    properties: Map<String, Value>,
    camel: Map<String, Value>,
    /// For each field with two spellings, a schema that forbids the second spelling if the first is
    /// present.
    exclusive: Map<String, Value>,
    conditions: Vec<Value>,
    required: Vec<&'static str>,
}

/// Returns the schema of `T`, together with the definitions of all objects that it refers to.
pub(in crate::config) fn schema<T: Describe>() -> Value {
    let mut definitions = Definitions::default();
    let mut schema = T::describe(&mut definitions);
    if let Some(members) = schema.as_object_mut() {
        members.insert("$defs".to_owned(), json!(definitions.0));
    }
    schema
}

impl Definitions {
    /// Returns a reference to the schema of the object type `type_name`. If the schema is missing,
    /// adds it first.
    pub(in crate::config) fn object(
        &mut self,
        type_name: &'static str,
        declare: impl FnOnce(&mut Fields<'_>),
    ) -> Value {
        let name = type_name.strip_prefix("Raw").unwrap_or(type_name);
        if !self.0.contains_key(name) {
            // Insert an entry before describing the object, because the object may contain its own
            // type.
            self.0.insert(name.to_owned(), Value::Null);
            let mut fields = Fields {
                definitions: self,
                properties: Map::new(),
                camel: Map::new(),
                exclusive: Map::new(),
                conditions: Vec::new(),
                required: Vec::new(),
            };
            declare(&mut fields);
            let object = fields.object();
            self.0.insert(name.to_owned(), object);
        }
        // The definition also accepts `null`. The `type` next to the reference forbids `null`.
        json!({"$ref": format!("#/$defs/{name}"), "type": "object"})
    }
}

impl Fields<'_> {
    /// Adds a field.
    pub(in crate::config) fn add<T: Describe>(&mut self, field: Field<'_>) {
        let mut schema = match field.name.refuses_null {
            true => T::describe_value(self.definitions),
            false => T::describe(self.definitions),
        };
        if let Some(members) = schema.as_object_mut() {
            let description = description(field.comment);
            if !description.is_empty() {
                members.insert("description".to_owned(), description.into());
            }
            if let Some(default) = field.default {
                members.insert("default".to_owned(), default);
            }
        }
        let name = field.name.snake;
        let camel = field.name.camel();
        if let Some(camel) = &camel {
            self.camel.insert(format!("^{camel}$"), schema.clone());
            self.exclusive
                .insert(name.to_owned(), json!({"properties": {camel: false}}));
        }
        self.properties.insert(name.to_owned(), schema);
        match camel {
            _ if T::OPTIONAL => {}
            None => self.required.push(name),
            Some(camel) => self
                .conditions
                .push(json!({"anyOf": [{"required": [name]}, {"required": [camel]}]})),
        }
    }

    fn object(self) -> Value {
        let mut object = Map::new();
        object.insert("type".to_owned(), json!(["object", "null"]));
        object.insert("properties".to_owned(), self.properties.into());
        object.insert("additionalProperties".to_owned(), false.into());
        for (keyword, value) in [
            ("patternProperties", Value::from(self.camel)),
            ("dependentSchemas", self.exclusive.into()),
            ("required", self.required.into()),
            ("allOf", self.conditions.into()),
        ] {
            if value != json!({}) && value != json!([]) {
                object.insert(keyword.to_owned(), value);
            }
        }
        object.into()
    }
}

/// Joins the lines of a comment into paragraphs.
fn description(comment: &[&str]) -> String {
    let lines: Vec<&str> = comment.iter().map(|line| line.trim()).collect();
    let paragraphs = lines.split(|line| line.is_empty());
    let paragraphs: Vec<String> = paragraphs.map(|lines| lines.join(" ")).collect();
    paragraphs.join("\n\n")
}

/// Extends a schema to accept `null`, which counts as an absent field.
fn or_null(mut schema: Value) -> Value {
    let Some(members) = schema.as_object_mut() else {
        return schema;
    };
    if let Some(Value::Array(choices)) = members.get_mut("enum") {
        choices.push(Value::Null);
    } else if members.contains_key("$ref") {
        members.remove("type");
    } else if let Some(types) = members.get_mut("type") {
        match types {
            Value::Array(types) => types.push("null".into()),
            one => *one = json!([one, "null"]),
        }
    }
    schema
}

impl<T: Describe> Describe for Option<T> {
    const OPTIONAL: bool = true;

    fn describe(definitions: &mut Definitions) -> Value {
        or_null(T::describe(definitions))
    }

    fn describe_value(definitions: &mut Definitions) -> Value {
        T::describe(definitions)
    }
}

impl<T: Describe> Describe for Vec<T> {
    fn describe(definitions: &mut Definitions) -> Value {
        json!({"type": "array", "items": T::describe(definitions)})
    }
}

/// Implements [`Describe`] for types with a constant schema.
macro_rules! describe {
    ($($type:ty: $schema:tt,)*) => {
        $(impl $crate::config::raw::describe::Describe for $type {
            fn describe(_: &mut $crate::config::raw::describe::Definitions) -> ::serde_json::Value {
                ::serde_json::json!($schema)
            }
        })*
    };
}

pub(super) use describe;

describe! {
    bool: {"type": "boolean"},
    u32: {"type": "integer", "minimum": 0, "maximum": (u32::MAX)},
    u64: {"type": "integer", "minimum": 0},
    String: {"type": "string"},
}
