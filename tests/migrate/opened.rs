//! What a migration would let in unnoticed: it is refused, or reported as dangerous.

use super::{embedded, file, migrate, printed, refused::PROVIDER};

const REWRITE: [&str; 3] = ["--rewrite", "--module", "m"];

/// An Envoy built without WebAssembly would skip it, and pass every request.
#[test]
fn leaves_no_module_optional() {
    let envoy = std::fs::read_to_string(embedded("optional", PROVIDER)).unwrap();
    let entry = "- name: envoy.filters.http.jwt_authn\n";
    for field in ["is_optional", "isOptional"] {
        let optional = format!("{entry}            {field}: true\n");
        let path = file("optional.yaml", &envoy.replace(entry, &optional));
        let rewritten = printed(&migrate(&path, &REWRITE));
        assert!(rewritten.contains("portcullis"), "{rewritten}");
        assert!(!rewritten.contains(field), "{rewritten}");
    }
}
