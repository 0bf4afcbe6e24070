//! Authentication of a client by its secret.

use std::sync::Arc;

use crate::{
    decision::Reason,
    jose::Claims,
    policy::ClientCredentials,
    time::UnixSeconds,
    verification::{Client, Clients, SecretHashes},
};

/// Verifies the token68 of a `Basic` credential and returns the client's claims.
///
/// # Errors
/// The reason to refuse the client. Neither the reason nor the time taken reveals whether the
/// client exists. The reasons `ClientDisabled` and `ClientExpired` require the correct secret.
pub fn verify(clients: &Clients, token68: &str, now: UnixSeconds) -> Result<Arc<Claims>, Reason> {
    let presented = ClientCredentials::parse(token68).ok_or(Reason::MalformedCredential)?;
    let client = clients.find(&presented.id);
    let hashes = client.map_or_else(SecretHashes::default, |client| client.hashes);
    match (hashes.fit(&presented.secret), client) {
        (true, Some(client)) => state(client, now),
        _ => Err(Reason::BadClientSecret),
    }
}

fn state(client: &Client, now: UnixSeconds) -> Result<Arc<Claims>, Reason> {
    if !client.enabled {
        Err(Reason::ClientDisabled)
    } else if client.expires_at.is_some_and(|end| end <= now) {
        Err(Reason::ClientExpired)
    } else {
        Ok(Arc::clone(&client.claims))
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::verification::SecretHash;

    const NOW: UnixSeconds = UnixSeconds::new(1_000);

    fn client(id: &str, enabled: bool, expires_at: Option<i64>) -> Client {
        let hash = |salt, secret: &str| SecretHash::new([salt; 16], secret.as_bytes());
        Client {
            id: id.to_owned(),
            hashes: SecretHashes::new(hash(1, "old"), Some(hash(2, "new"))),
            enabled,
            expires_at: expires_at.map(UnixSeconds::new),
            claims: Arc::new(Claims::of_client(id, &[], &[])),
        }
    }

    fn outcome(pair: &str) -> Result<String, Reason> {
        let clients = Clients::new(vec![
            client("a", true, None),
            client("b", false, None),
            client("c", true, Some(1_000)),
            client("d", true, Some(1_001)),
            client("e@x", true, None),
        ]);
        let claims = verify(&clients, &STANDARD.encode(pair), NOW)?;
        assert_eq!(
            claims.subject(),
            claims.member("client_id").unwrap().as_str()
        );
        Ok(claims.subject().unwrap().to_owned())
    }

    #[test]
    fn accepts_either_secret_of_a_client() {
        for (pair, id) in [
            ("a:old", "a"),
            ("a:new", "a"),
            ("d:old", "d"),
            ("e@x:old", "e@x"),
            ("e%40x:%6fld", "e@x"),
        ] {
            assert_eq!(outcome(pair), Ok(id.to_owned()), "{pair}");
        }
    }

    #[test]
    fn reveals_a_clients_state_only_with_its_secret() {
        for (pair, reason) in [
            ("a:other", Reason::BadClientSecret),
            ("a:", Reason::BadClientSecret),
            ("z:old", Reason::BadClientSecret),
            (":old", Reason::BadClientSecret),
            ("A:old", Reason::BadClientSecret),
            ("a :old", Reason::BadClientSecret),
            ("b:other", Reason::BadClientSecret),
            ("b:old", Reason::ClientDisabled),
            ("c:other", Reason::BadClientSecret),
            ("c:old", Reason::ClientExpired), // expires exactly at `NOW`
            ("a", Reason::MalformedCredential),
        ] {
            assert_eq!(outcome(pair), Err(reason), "{pair}");
        }
    }
}
