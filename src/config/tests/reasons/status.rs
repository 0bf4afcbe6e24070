//! Tests of the reasons to reject `status`, the settings of the status page.

use std::collections::BTreeSet;

use serde_json::json;

use super::check;

/// Checks the reasons to reject `status`, and returns the names of the faults.
pub(super) fn status() -> BTreeSet<String> {
    let okta = || json!({"provider_name": "okta"});
    let reader = || json!({"scopes": {"any_of": ["status"]}});
    let anyone = || json!({"requires_any": {"requirements": [okta(), {"allow_missing": {}}]}});
    let unprotected = "status: anyone could read the status page, because no verified token is \
                       required; name a provider in \"requires\", or remove \"requires\" and set \
                       \"unprotected\": true";
    check(
        "",
        vec![
            (vec![("status", json!({"path": "/s"}))], unprotected),
            (
                vec![("status", json!({"path": "/s", "unprotected": false}))],
                unprotected,
            ),
            (
                vec![("status", json!({"path": "/s", "requires": anyone()}))],
                unprotected,
            ),
            (
                vec![(
                    "status",
                    json!({"path": "/s", "requires": okta(), "unprotected": true}),
                )],
                r#"status: "unprotected" contradicts "requires"; keep one of the two fields"#,
            ),
            (
                vec![(
                    "status",
                    json!({"path": "/s", "unprotected": true, "authorize": reader()}),
                )],
                r#"status: "authorize" without "requires": there would be no verified claims; add "requires" or "requirement_name""#,
            ),
            (
                vec![(
                    "status",
                    json!({
                        "path": "/s", "authorize": reader(),
                        "requires": {"extract_only_without_validation": {}},
                    }),
                )],
                "status.requires: the claims may be unverified, because of \"extract_only_without_validation\"; use a requirement that verifies the token",
            ),
            (
                vec![("status", json!({"unprotected": true}))],
                r#"status: missing field "path"; add "path""#,
            ),
            (
                vec![("status", json!({"path": "s", "unprotected": true}))],
                r#"status.path: expected a path that starts with / and has no ? or #, found "s""#,
            ),
            (
                vec![("status", json!({"path": "/a/../s", "unprotected": true}))],
                r#"status.path: expected a path without dot segments, empty segments or encoded separators, found "/a/../s""#,
            ),
            (
                vec![(
                    "status",
                    json!({"path": "/s", "unprotected": true, "base_url": "javascript:alert(1)"}),
                )],
                r#"status.base_url: expected a URL that begins with https:// or http://, found "javascript:alert(1)""#,
            ),
            (
                vec![
                    ("status.requires", json!({"provider_name": "octa"})),
                    ("status.path", json!("/s")),
                ],
                r#"status.requires.provider_name: unknown provider "octa", did you mean "okta"?"#,
            ),
        ],
    )
}
