//! Tests of tokens that are bound to a client certificate. A proxy in front of Envoy forwards the
//! certificate in a header. C1 to C6 in the test names are the numbers of the requirements in
//! `docs/requirements.md`.

use super::*;
use crate::{certificate_digest::CertificateDigest, connection::PeerName};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The digest of the certificate of the proxy in front of Envoy.
const EDGE: CertificateDigest = CertificateDigest::new([0xed; 32]);
/// The digest of the client's certificate.
const CLIENT: CertificateDigest = CertificateDigest::new([0xcc; 32]);

/// A connection whose peer has a certificate.
struct Peer {
    digest: CertificateDigest,
    uri: &'static str,
}

const FRONT: Peer = Peer {
    digest: EDGE,
    uri: "spiffe://example.org/edge",
};

const STRANGER: Peer = Peer {
    digest: CertificateDigest::new([0x66; 32]),
    uri: "spiffe://example.org/stranger",
};

impl Connection for Peer {
    fn client_certificate_digest(&self) -> Option<CertificateDigest> {
        Some(self.digest)
    }

    fn peer_name(&self, kind: PeerName) -> Option<String> {
        (kind == PeerName::UriSan).then(|| self.uri.to_owned())
    }
}

/// A connection that panics if the engine reads anything from it.
struct Unasked;

impl Connection for Unasked {
    fn client_certificate_digest(&self) -> Option<CertificateDigest> {
        panic!("the certificate was read")
    }

    fn peer_name(&self, _kind: PeerName) -> Option<String> {
        panic!("a name was read")
    }
}

fn hex(digest: CertificateDigest) -> String {
    let octets = digest.as_bytes().iter();
    octets.map(|octet| format!("{octet:02x}")).collect()
}

fn bound(digest: CertificateDigest) -> String {
    token(
        "a",
        json!({ "cnf": { "x5t#S256": base64url::encode(digest.as_bytes()) } }),
    )
}

fn behind(source: &str, rest: Value) -> Engine {
    let mut certificate = json!({
        "source": source, "trusted_peers": { "sha256": [hex(EDGE)] },
    });
    merge(&mut certificate, rest);
    engine(json!({ "client_certificate": certificate }))
}

fn from(engine: &Engine, peer: &dyn Connection, token: &str, headers: &[(&str, &str)]) -> Decision {
    let authorization = format!("Bearer {token}");
    let mut all = vec![
        (&b":method"[..], &b"GET"[..]),
        (b":path", b"/"),
        (b"authorization", authorization.as_bytes()),
    ];
    all.extend(header_bytes(headers));
    let now = UnixMillis::new(u64::try_from(NOW).unwrap() * 1000);
    let request = Request::new(all);
    let decided = engine.decide(&request, None, now, Patience::Waiting, peer);
    decided.decision
}

const XFCC: &str = "x-forwarded-client-cert";

/// C1: a token that is bound to a certificate is refused with 401 if the request has another
/// certificate or none.
#[test]
fn c1_a_bound_token_needs_its_certificate() {
    let engine = behind("xfcc", json!({}));
    let of = |digest| format!("Hash={}", hex(digest));
    for (headers, expected) in [
        (vec![(XFCC, of(CLIENT))], "verified"),
        (
            vec![(XFCC, of(CertificateDigest::new([0; 32])))],
            "confirmation",
        ),
        (vec![(XFCC, "By=spiffe://a/b".to_owned())], "confirmation"),
        (vec![], "confirmation"),
    ] {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        let decision = from(&engine, &FRONT, &bound(CLIENT), &headers);
        assert_eq!(label(&decision), expected, "{headers:?}");
    }
    let hexadecimal = token("a", json!({ "cnf": { "x5t#S256": hex(CLIENT) } }));
    let decision = from(&engine, &FRONT, &hexadecimal, &[(XFCC, &of(CLIENT))]);
    assert_eq!(label(&decision), "confirmation");
}

/// C2: the client certificate is read only from the configured source. The certificate of the
/// connection belongs to the proxy in front of Envoy, not to the client.
#[test]
fn c2_only_the_configured_source_counts() {
    // The SHA-256 digest of "abc". `:YWJj:` is "abc" as a `Client-Cert` value.
    let abc = base64url::decode("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0").unwrap();
    let abc = CertificateDigest::new(abc.try_into().unwrap());
    let of_abc = format!("Hash={}", hex(abc));
    let of_edge = format!("Hash={}", hex(EDGE));
    let by_header = behind("client_cert", json!({}));
    let by_xfcc = behind("xfcc", json!({}));
    let by_connection = engine(json!({}));
    for (engine, digest, header, expected) in [
        (&by_header, abc, ("client-cert", ":YWJj:"), "verified"),
        (&by_header, abc, (XFCC, &*of_abc), "confirmation"),
        (&by_header, EDGE, ("client-cert", ":YWJj:"), "confirmation"),
        (&by_xfcc, abc, (XFCC, &of_abc), "verified"),
        (&by_xfcc, abc, ("client-cert", ":YWJj:"), "confirmation"),
        (
            &by_xfcc,
            abc,
            ("x_forwarded_client_cert", &of_abc),
            "confirmation",
        ),
        (&by_xfcc, EDGE, (XFCC, &of_abc), "confirmation"),
        (&by_connection, EDGE, (XFCC, &of_abc), "verified"),
        (&by_connection, abc, (XFCC, &of_abc), "confirmation"),
        (&by_connection, EDGE, (XFCC, &of_edge), "verified"),
    ] {
        let decision = from(engine, &FRONT, &bound(digest), &[header]);
        assert_eq!(label(&decision), expected, "{header:?}");
    }
    let without_header = from(&by_xfcc, &FRONT, &bound(EDGE), &[]);
    assert_eq!(label(&without_header), "confirmation");
}

/// C3: of the elements in the header, only the one that `trusted_hops` selects is used.
#[test]
fn c3_the_element_is_counted_from_the_right() {
    let header = format!(
        "Hash={};Subject=\"CN=a,b\",By=x;Hash={}",
        hex(CLIENT),
        hex(EDGE)
    );
    for (hops, digest, expected) in [
        (1, EDGE, "verified"),
        (1, CLIENT, "confirmation"),
        (2, CLIENT, "verified"),
        (2, EDGE, "confirmation"),
        (3, CLIENT, "confirmation"),
    ] {
        let engine = behind("xfcc", json!({ "trusted_hops": hops }));
        let decision = from(&engine, &FRONT, &bound(digest), &[(XFCC, &header)]);
        assert_eq!(label(&decision), expected, "{hops}");
    }
}

/// C4: a certificate header from a peer that is not trusted is ignored.
#[test]
fn c4_ignores_the_header_of_an_untrusted_peer() {
    let header = format!("Hash={}", hex(CLIENT));
    let by_name = behind(
        "xfcc",
        json!({ "trusted_peers": {
            "sha256": [hex(CertificateDigest::new([0; 32]))],
            "uri_sans": ["spiffe://example.org/edge"],
            "peers_validated_by_listener": true,
        } }),
    );
    for engine in [&behind("xfcc", json!({})), &by_name] {
        for (peer, expected) in [
            (&FRONT as &dyn Connection, "verified"),
            (&STRANGER, "confirmation"),
            (&NoConnection, "confirmation"),
        ] {
            let decision = from(engine, peer, &bound(CLIENT), &[(XFCC, &header)]);
            assert_eq!(label(&decision), expected);
        }
    }
}

/// C5: a request with two `Client-Cert` headers is treated as if it had no certificate. Certificate
/// headers reach the upstream only if `forward` is set.
#[test]
fn c5_certificate_headers_are_removed() {
    let all = [
        ("client-cert", ":YWJj:"),
        ("client-cert-chain", ":YWJj:"),
        (XFCC, "Hash="),
        ("Client_Cert", ":YWJj:"),
    ];
    let every = all.map(|(name, _)| name);
    for (source, forward, kept) in [
        ("client_cert", false, &[][..]),
        ("client_cert", true, &["client-cert", "client-cert-chain"]),
        ("xfcc", false, &[]),
        ("xfcc", true, &[XFCC]),
    ] {
        let engine = behind(source, json!({ "forward": forward }));
        for (peer, kept) in [(&FRONT, kept), (&STRANGER, &[][..])] {
            let decision = from(&engine, peer, &token("a", json!({})), &all);
            let removed = edits(decision);
            for name in every {
                let expected = !kept.contains(&name);
                assert_eq!(removed.contains(&remove(name)), expected, "{source} {name}");
            }
        }
        assert_eq!(
            engine.trailer_removals(&header_bytes(&all)),
            every.map(Text::from)
        );
    }
    let untouched = from(&engine(json!({})), &FRONT, &token("a", json!({})), &all);
    assert_eq!(edits(untouched), [remove("authorization")]);
    let twice = [("client-cert", ":YWJj:"), ("client-cert", ":YWJj:")];
    let engine = behind("client_cert", json!({}));
    let abc = base64url::decode("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0").unwrap();
    let token = bound(CertificateDigest::new(abc.try_into().unwrap()));
    assert_eq!(
        label(&from(&engine, &FRONT, &token, &twice)),
        "confirmation"
    );
    assert_eq!(
        label(&from(&engine, &FRONT, &token, &twice[..1])),
        "verified"
    );
}

/// If a client lists a forwarded certificate header in `Connection`, the name is removed from
/// `Connection`. Otherwise the next proxy would drop the certificate header.
#[test]
fn c5_no_client_lists_a_forwarded_certificate_in_connection() {
    let header = format!("Hash={}", hex(CLIENT));
    let edit = |forward: bool, value: &str| {
        let engine = behind("xfcc", json!({ "forward": forward }));
        let headers = [(XFCC, &*header), ("connection", value)];
        let edits = edits(from(&engine, &FRONT, &token("a", json!({})), &headers));
        let is_connection = |edit: &HeaderEdit| match edit {
            HeaderEdit::Remove(name) | HeaderEdit::Set(name, _) => &**name == "connection",
        };
        edits.into_iter().find(is_connection)
    };
    for (value, expected) in [
        ("keep-alive, te", None),
        ("X-Forwarded-Client-Cert", Some(remove("connection"))),
        ("te, x_forwarded_client_cert", Some(set("connection", "te"))),
        (
            "\"x-forwarded-client-cert\", te",
            Some(set("connection", "te")),
        ),
    ] {
        assert_eq!(edit(true, value), expected, "{value}");
        assert_eq!(edit(false, value), None, "{value}");
    }
}

/// C6: a token with an unsupported member in `cnf` is refused, even if the request has the right
/// certificate.
#[test]
fn c6_every_member_of_cnf_must_hold() {
    let engine = behind("xfcc", json!({}));
    let header = format!("Hash={}", hex(CLIENT));
    for other in ["jkt", "kid", "x5t#S512"] {
        let token = token(
            "a",
            json!({ "cnf": { "x5t#S256": base64url::encode(CLIENT.as_bytes()), other: "x" } }),
        );
        let decision = from(&engine, &FRONT, &token, &[(XFCC, &header)]);
        assert_eq!(label(&decision), "confirmation", "{other}");
    }
}

#[test]
fn reads_the_connection_only_if_a_header_needs_it() {
    let token = token("a", json!({}));
    let decision = from(
        &behind("xfcc", json!({})),
        &Unasked,
        &token,
        &[("x-a", "b")],
    );
    assert_eq!(label(&decision), "verified");
    let decision = from(&engine(json!({})), &Unasked, &token, &[(XFCC, "Hash=")]);
    assert_eq!(label(&decision), "verified");
}

/// A client could use a forged header to select its route, so the request is denied. A header from
/// a trusted peer does not count as forged.
#[test]
fn a_forged_certificate_header_leaves_the_route_unsettled() {
    let engine = behind("xfcc", json!({}));
    let policy = engine.config().route_policy(&json!({ "disabled": true }));
    for (peer, expected) in [(&FRONT, "not_required"), (&STRANGER, "unsettled_route")] {
        let request = Request::new(vec![
            (b":method", b"GET"),
            (b":path", b"/"),
            (XFCC.as_bytes(), b"Hash="),
        ]);
        let now = UnixMillis::default();
        let decided = engine.decide(&request, Some(&policy), now, Patience::Waiting, peer);
        assert_eq!(label(&decided.decision), expected);
        let forged = engine.removals(&request, peer);
        assert_eq!(forged.is_empty(), expected == "not_required");
    }
}
