//! The JSON Schema of the configuration, for editors.

use serde_json::{Value, json};

use super::raw::{self, RawConfig};
use crate::jose::Algorithm;

/// Returns the JSON Schema (draft 2020-12) of the configuration. The schema describes the structure
/// that the parser accepts, and lists values that editors can suggest. The parser may still reject
/// a configuration that conforms to the schema, because some checks concern several fields.
#[must_use]
pub fn schema() -> Value {
    let mut schema = raw::schema::<RawConfig>();
    for (pointer, keyword, value) in refinements() {
        let place = schema.pointer_mut(pointer).and_then(Value::as_object_mut);
        if let Some(place) = place {
            place.insert(keyword.to_owned(), value);
        }
    }
    schema
}

/// Returns the parts of the schema that the types in `raw` do not express. Each part has a JSON
/// pointer to an object of the schema, a keyword to add to this object, and the keyword's value.
fn refinements() -> Vec<(&'static str, &'static str, Value)> {
    let mut algorithms: Vec<&str> = Algorithm::ALL.iter().map(|own| own.name()).collect();
    algorithms.push("Ed25519"); // the name of EdDSA with the curve Ed25519 in RFC 9864
    let dialect = "https://json-schema.org/draft/2020-12/schema";
    vec![
        ("", "$schema", dialect.into()),
        ("", "title", "Configuration of Portcullis".into()),
        (
            "/$defs/Config/properties/providers",
            "propertyNames",
            json!({"pattern": "^[A-Za-z0-9_.-]{1,64}$"}),
        ),
        (
            "/$defs/Provider/properties/algorithms/items",
            "enum",
            algorithms.into(),
        ),
        (
            "/$defs/Match/properties/methods/items",
            "examples",
            json!(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
        ),
        (
            "/$defs/Provider/properties/token_types/items",
            "examples",
            json!(["at+jwt", "JWT", "", "*"]),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refinement_is_in_the_schema() {
        let schema = schema();
        for (pointer, keyword, value) in refinements() {
            let place = schema.pointer(pointer).and_then(|place| place.get(keyword));
            assert_eq!(place, Some(&value), "{pointer} {keyword}");
        }
    }

    #[test]
    fn every_field_is_described() {
        let schema = schema();
        for (object, declared) in schema["$defs"].as_object().unwrap() {
            for (name, field) in declared["properties"].as_object().unwrap() {
                let description = field["description"].as_str();
                assert!(description.is_some(), "{object}.{name} needs a comment");
            }
        }
    }
}
