//! Lists the headers that Portcullis sets or removes in a request that passes.

use crate::trial::DecisionLine;

/// The changes that Portcullis makes to a request.
#[derive(Default)]
pub(super) struct Upstream {
    /// The headers that Portcullis sets, and the headers that still carry the token.
    pub(super) forwards: Vec<(String, String)>,
    /// The names of headers that the client sent and that do not reach the API.
    pub(super) removes: Vec<String>,
}

impl Upstream {
    /// The changes that a decision makes. A placeholder replaces the token and its parts, because
    /// the header with the token may be forwarded, and `forward_payload_header` contains the
    /// token's second segment.
    pub(super) fn of(decision: &DecisionLine, token: &str) -> Self {
        let mut forwards = Vec::new();
        for (name, value) in &decision.forwarded_headers {
            let shown = without(value, token);
            if decision.set_headers.contains(name) || shown != *value {
                forwards.push((name.clone(), shown));
            }
        }
        Self {
            forwards,
            removes: decision.removed_headers.clone(),
        }
    }
}

/// The length from which a part of a token is replaced. A shorter part may occur in other values by
/// chance, and no signed token has a header or a signature that short.
const SHORTEST_PART: usize = 16;

fn without(value: &str, token: &str) -> String {
    let mut shown = value.replace(token, "(the token)");
    let parts = [
        "(the token's header)",
        "(the token's claims)",
        "(the token's signature)",
    ];
    for (part, placeholder) in token.split('.').zip(parts) {
        if part.len() >= SHORTEST_PART {
            shown = shown.replace(part, placeholder);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_the_token_and_its_parts() {
        let (header, claims) = ("a".repeat(20), "b".repeat(20));
        let token = format!("{header}.{claims}.c");
        for (value, shown) in [
            ("alice c", "alice c".to_owned()),
            (&format!("Bearer {token}"), "Bearer (the token)".to_owned()),
            (&format!("{claims}="), "(the token's claims)=".to_owned()),
            (&header, "(the token's header)".to_owned()),
        ] {
            assert_eq!(without(value, &token), shown);
        }
    }
}
