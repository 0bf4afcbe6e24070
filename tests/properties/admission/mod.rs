//! A request passes, or gets the status page, only with a verified credential that grants access to
//! the path.
//!
//! The test generates requests with random credentials in headers and in the query, for rules of
//! every kind. It made the credentials itself. So it knows which of them are good, without parsing
//! them, and can check the engine's decisions.

mod credentials;
mod policy;

use std::cell::Cell;

use portcullis::{
    decision::{Decision, HeaderEdit, PermitReason},
    engine::Engine,
    http::Request,
};
use proptest::{prelude::*, sample::select};

use self::{
    credentials::{Made, Place, SECRET, made},
    policy::may,
};
use crate::world::{NOW, decide, engine, for_all};

#[derive(Clone, Debug)]
struct Asked {
    /// The credentials, and where the client sends each of them.
    credentials: Vec<(Made, Place)>,
    path: &'static str,
    method: &'static str,
    /// The number of seconds that pass before the request.
    pass: i64,
    /// A header that only the gate may set, and that the client sends anyway.
    spoof: Option<&'static str>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let place = prop_oneof![
        5 => Just(Place::Authorization),
        2 => Just(Place::Header),
        1 => Just(Place::Query),
    ];
    let rules = vec![
        "/admin",
        "/read",
        "/jobs",
        "/either",
        "/both",
        "/both_or_none",
        "/lenient",
        "/revocable",
        "/status",
    ];
    let variants = vec![
        "/status/",
        "/Status",
        "/%73tatus",
        "/status;a",
        "//status",
        "/status%2f",
        "/x/../status",
        "/nothing",
        "/admin/../jobs",
        "/jobs%2f..%2fadmin",
    ];
    let path = prop_oneof![5 => select(rules), 1 => select(variants)];
    let credentials = prop_oneof![
        4 => prop::collection::vec((made(), Just(Place::Authorization)), 1),
        3 => prop::collection::vec((made(), place), 0..3),
    ];
    (
        credentials,
        path,
        prop_oneof![8 => Just("GET"), 1 => select(vec!["HEAD", "POST", "get", "OPTIONS", "CONNECT"])],
        prop_oneof![Just(0_i64), -20_i64..60],
        prop::option::weighted(
            0.3,
            select(vec!["x-caller", "x_caller", "X-CALLER", "x-client", "x_client"]),
        ),
    )
        .prop_map(|(credentials, path, method, pass, spoof)| Asked {
            credentials,
            path,
            method,
            pass,
            spoof,
        })
}

/// Decides on one request, and returns whether the request passes. Fails if the decision is wrong,
/// or if the answer contains the text of a credential.
fn ask(engine: &Engine, asked: &Asked, now: i64) -> Result<bool, TestCaseError> {
    let mut path = asked.path.to_owned();
    let mut headers: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut texts = Vec::new();
    for (made, place) in &asked.credentials {
        let (text, is_token) = made.text();
        match place {
            Place::Query => {
                path.push(if path.contains('?') { '&' } else { '?' });
                path.push_str(&format!("access_token={text}"));
            }
            Place::Header => headers.push((b"x-token".into(), text.clone().into_bytes())),
            Place::Authorization => {
                let scheme = if is_token { "Bearer" } else { "Basic" };
                headers.push((
                    b"authorization".into(),
                    format!("{scheme} {text}").into_bytes(),
                ));
            }
        }
        texts.push(text);
    }
    if let Some(name) = asked.spoof {
        headers.push((name.to_ascii_lowercase().into_bytes(), b"root@ann".into()));
    }
    headers.push((b":method".into(), asked.method.into()));
    headers.push((b":path".into(), path.into_bytes()));
    let request = headers.iter().map(|(name, value)| (&**name, &**value));
    let request = Request::new(request.collect());
    let decision = decide(engine, &request, now);

    // The provider `jobs` looks for secrets only in `Authorization`, so a secret in another place
    // does not count.
    let good: Vec<&Made> = asked
        .credentials
        .iter()
        .filter(|(made, place)| {
            made.is_good(now) && (made.provider == "people" || *place == Place::Authorization)
        })
        .map(|(made, _)| made)
        .collect();
    let passes = match &decision {
        Decision::Deny(denial) => {
            let response = engine.response(denial);
            let answer = format!("{response:?} {denial:?}");
            prop_assert!(texts.iter().all(|text| !answer.contains(text.as_str())));
            prop_assert!(!answer.contains(SECRET));
            false
        }
        Decision::Report(_) => {
            prop_assert_eq!(asked.path, "/status");
            true
        }
        Decision::Permit(permit) => {
            prop_assert_ne!(asked.path, "/status");
            prop_assert_eq!(&permit.reason, &PermitReason::Verified);
            check_headers(&permit.edits, asked, &good)?;
            true
        }
        Decision::Serve(_) => return Err(TestCaseError::fail("there is no resource")),
        Decision::AwaitKeys(_) => return Err(TestCaseError::fail("no keys are fetched")),
    };
    if passes {
        prop_assert!(
            may(asked.path, asked.method, &good),
            "{asked:?} at {}",
            now - NOW
        );
    } else if let [(made, Place::Authorization)] = &asked.credentials[..] {
        // The request has only one credential. If it is good and grants access to the path, the
        // request must pass.
        let expected = made.is_good(now) && may(asked.path, asked.method, &good);
        prop_assert!(!expected, "{decision:?} {asked:?} at {}", now - NOW);
    }
    Ok(passes)
}

/// Checks that the value of each identity header comes from a good credential, and that the
/// client's own identity headers are removed. If the rule requires a role, `x-caller` must name
/// this role.
fn check_headers(edits: &[HeaderEdit], asked: &Asked, good: &[&Made]) -> Result<(), TestCaseError> {
    if let Some(name) = asked.spoof {
        let removed = HeaderEdit::Remove(name.to_ascii_lowercase().into());
        prop_assert_eq!(edits.first(), Some(&removed));
    }
    for edit in edits {
        let HeaderEdit::Set(name, value) = edit else {
            continue;
        };
        let (name, value): (&str, &str) = (name, value);
        let is_own = match name {
            "x-caller" => good.iter().any(|made| {
                let roles = made.roles();
                let by = match asked.path {
                    "/admin" | "/lenient" => roles.contains(&"admin").then_some("admin"),
                    _ => roles.first().copied(),
                };
                by.is_some_and(|role| value == format!("{role}@{}", made.subject))
            }),
            "x-client" => good
                .iter()
                .any(|made| made.provider == "jobs" && value == made.client),
            name => name == ":path",
        };
        prop_assert!(is_own, "{name}: {value} of {asked:?}");
    }
    Ok(())
}

#[test]
fn nothing_passes_without_a_credential_that_verifies_for_its_rule() {
    let configuration = policy::configuration();
    let (passed, refused) = (Cell::new(0), Cell::new(0));
    // A history repeats a few credentials and paths while time passes. So the cache may already
    // contain a credential, perhaps from a request that another rule decided.
    let histories = (
        prop::collection::vec(asked(), 1..6),
        prop::collection::vec(any::<[prop::sample::Index; 2]>(), 1..25),
    );
    for_all(400, &histories, |(questions, order)| {
        let engine = engine(&configuration);
        let mut now = NOW;
        for [credentials, other] in order {
            let asked = &Asked {
                credentials: credentials.get::<Asked>(&questions).credentials.clone(),
                ..other.get::<Asked>(&questions).clone()
            };
            now += asked.pass;
            let count = if ask(&engine, asked, now)? {
                &passed
            } else {
                &refused
            };
            count.set(count.get() + 1);
        }
        Ok(())
    });
    // The test would prove too little if few requests passed or few requests were refused.
    let (passed, refused) = (passed.get(), refused.get());
    assert!(
        passed > 500 && refused > 1000,
        "{passed} passed, {refused} did not"
    );
}
