//! The status report as JSON.

use super::{Report, Server};
use crate::{jose::VerifyingKey, keys::KeyReport, time::UnixMillis};

/// Writes the report as one JSON object.
pub(super) fn write(report: &Report<'_>) -> String {
    let mut json = Json(String::from("{"));
    json.text("version", Some(env!("CARGO_PKG_VERSION")));
    json.text("mode", Some(report.mode()));
    json.text("base_url", report.base_url());
    json.list("providers");
    for server in report.servers() {
        json.server(&server);
    }
    json.0.push_str("]}");
    json.0
}

/// JSON text under construction. Member names are constants, so they are not escaped.
struct Json(String);

impl Json {
    fn server(&mut self, server: &Server<'_>) {
        let provider = server.provider;
        self.element();
        self.text("name", Some(&provider.name));
        self.text("status", Some(server.state()));
        self.text("health", Some(server.health.name()));
        self.text("description", Some(&provider.description));
        self.text("issuer", provider.issuer().as_deref());
        self.text("key_source", Some(provider.key_source));
        self.text("jwks_uri", server.jwks_uri());
        self.text("cluster", server.cluster());
        self.keys(&server.keys);
        self.0.push('}');
    }

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
