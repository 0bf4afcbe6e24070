//! The policies of routes. Envoy loads these policies from `DynamicModuleFilterPerRoute`.

use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
};

use portcullis::{gate::LogLevel, json};
use serde_json::Value;

use crate::{defects, locks, log::write_log, numbers::Number};

/// The line for the log about a route whose policy this library has not loaded.
pub(super) const UNKNOWN: &str = "a route's policy was loaded by another library, so requests to \
    this route get 403; use the same library for the filter and for the routes' policies";

static POLICIES: RwLock<BTreeMap<Number, Arc<Value>>> = RwLock::new(BTreeMap::new());

/// Parses a route's policy and returns its number. If the policy is not a strict JSON object, logs
/// an error and returns `None`, and Envoy rejects the route table. In strict JSON, no two members
/// of an object have the same name. If a member were repeated, its second value could override a
/// requirement in its first value. Each filter later interprets the policy according to its own
/// configuration.
pub(super) fn load(bytes: &[u8]) -> Option<Number> {
    defects::trip("policy");
    match json::parse_object(bytes) {
        Ok(policy) => {
            let number = Number::next();
            let mut policies = locks::write(&POLICIES);
            policies.insert(number, Arc::new(Value::Object(policy)));
            Some(number)
        }
        Err(error) => {
            let line = format!(
                "a route's policy is refused: filter_config: {error}; write the policy as a Struct, or before Envoy 1.39 as a StringValue that contains JSON text"
            );
            write_log(LogLevel::Error, &line);
            None
        }
    }
}

/// The policy with this number; `None` if Envoy has released it.
pub(super) fn find(number: Number) -> Option<Arc<Value>> {
    let policies = locks::read(&POLICIES);
    policies.get(&number).cloned()
}

/// Removes a policy that Envoy has released.
pub(super) fn remove(number: Number) {
    let mut policies = locks::write(&POLICIES);
    policies.remove(&number);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_finds_its_policy_until_it_is_removed() {
        let number = load(br#"{"requirement_name": "strict"}"#).unwrap();
        let expected = json!({"requirement_name": "strict"});
        assert_eq!(find(number).as_deref(), Some(&expected));
        remove(number);
        assert_eq!(find(number), None);
    }

    #[test]
    fn refuses_a_policy_that_is_not_a_strict_json_object() {
        let twice = r#"{"requirement_name": "strict", "requirement_name": "open"}"#;
        let nested = r#"{"requires": {"provider_name": "a", "provider_name": "b"}}"#;
        for text in ["", "[]", "\"strict\"", "{", twice, nested] {
            assert_eq!(load(text.as_bytes()), None, "{text}");
        }
    }
}
