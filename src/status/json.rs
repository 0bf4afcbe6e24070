//! The status report as JSON.

use super::{Report, state};
use crate::{jose::VerifyingKey, keys::KeyReport, time::UnixMillis};

/// Writes the report as one JSON object.
pub(super) fn write(report: &Report<'_>) -> String {
    let mut json = Json(String::from("{"));
    json.text("version", Some(env!("CARGO_PKG_VERSION")));
    json.text("mode", Some(report.mode()));
    json.text("base_url", report.base_url());
    json.list("providers");
    for (provider, key_report) in report.providers() {
        json.element();
        json.text("name", Some(&provider.name));
        json.text("status", Some(state(provider)));
        json.text("description", Some(&provider.description));
        json.text("issuer", provider.trust.issuer.as_written().as_deref());
        json.text("key_source", Some(provider.key_source));
        json.keys(&key_report);
        json.0.push('}');
    }
    json.0.push_str("]}");
    json.0
}

/// JSON text under construction. Member names are constants, so they are not escaped.
struct Json(String);

impl Json {
    fn keys(&mut self, key_report: &KeyReport<'_>) {
        self.list("keys");
        for key in key_report.keys {
            self.key(key);
        }
        self.0.push(']');
        self.time("last_successful_fetch", key_report.status.fetched_at);
        self.time("last_attempt", key_report.attempted_at);
        let error = key_report.last_error.map(|error| error.to_string());
        self.text("last_error", error.as_deref());
        self.time("next_fetch", key_report.next_fetch);
        self.name("stale");
        self.0.push_str(if key_report.status.is_stale {
            "true"
        } else {
            "false"
        });
    }

    fn key(&mut self, key: &VerifyingKey) {
        self.element();
        self.text("kid", key.kid());
        self.text("kty", Some(key.key_type().name()));
        self.text("alg", key.alg().map(|algorithm| algorithm.name()));
        self.0.push('}');
    }

    fn time(&mut self, name: &str, time: Option<UnixMillis>) {
        self.text(name, time.map(UnixMillis::rfc3339).as_deref());
    }

    fn text(&mut self, name: &str, text: Option<&str>) {
        self.name(name);
        // Serializing a string does not fail.
        let written = serde_json::to_string(&text).unwrap_or_default();
        self.0.push_str(&written);
    }

    fn list(&mut self, name: &str) {
        self.name(name);
        self.0.push('[');
    }

    fn element(&mut self) {
        self.separate();
        self.0.push('{');
    }

    fn name(&mut self, name: &str) {
        self.separate();
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
    }

    fn separate(&mut self) {
        if !self.0.ends_with(['{', '[']) {
            self.0.push(',');
        }
    }
}
