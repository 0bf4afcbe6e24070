//! JSON objects with some members changed.

use serde_json::Value;

/// Returns the object with these members added or replaced; `null` removes a member.
pub fn with(mut object: Value, changes: &Value) -> Value {
    let members = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    object
}
