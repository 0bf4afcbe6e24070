//! Input that could crash the module or slip past its checks.

use crate::world::{configuration, forwarded_user, get, local_provider, signer, start, token};
use support::{
    driver::{Driver, Request, Setup},
    on_every_driver,
};

on_every_driver!(
    survives_bytes_that_are_not_text,
    survives_long_and_deep_input,
    sees_every_line_of_a_header
);

fn gate<D: Driver>() -> D {
    let mut setup = Setup::new(configuration(&local_provider(&signer())));
    setup.request_headers_kib = 96;
    start(&setup)
}

fn survives_bytes_that_are_not_text<D: Driver>() {
    let gate: D = gate();
    let good = token(&gate, &signer(), "alice");
    let junk = Request::get("/")
        .header("x-junk", b"\xff\xfe\x80")
        .bearer(&good);
    let exchange = gate.send(&junk);
    assert_eq!(exchange.status, 200);
    assert_eq!(
        exchange.upstream.unwrap().headers.bytes("x-junk"),
        [b"\xff\xfe\x80"]
    );
    for value in [&b"Bearer \xff\xfe"[..], b"Bearer a.b.\xff"] {
        assert_eq!(
            gate.send(&Request::get("/").header("authorization", value))
                .status,
            400
        );
    }
    assert_eq!(
        gate.send(&Request::get("/").header("authorization", b"\xff"))
            .status,
        401
    );
    let cookie = Request::get("/")
        .header("cookie", b"a=\xff; \xff; =;;")
        .bearer(&good);
    assert_eq!(gate.send(&cookie).status, 200);
}

fn survives_long_and_deep_input<D: Driver>() {
    let gate: D = gate();
    let long = "a".repeat(64 << 10);
    assert_eq!(get(&gate, "/", &long).status, 401);
    let dots = ".".repeat(8000);
    assert_eq!(get(&gate, "/", &dots).status, 401);
    let nested = signer().token_of_bytes(br#"{"alg":"ES256"}"#, "[".repeat(5000).as_bytes());
    assert_eq!(get(&gate, "/", &nested).status, 401);
    for (path, status) in [
        (format!("/{}", "a/".repeat(4_000)), 401),
        (format!("/{}", "a/".repeat(30_000)), 414),
        (format!("/?{}", "a=/&".repeat(15_000)), 401),
    ] {
        assert_eq!(gate.send(&Request::get(&path)).status, status);
    }
    let mut many = Request::get("/").bearer(token(&gate, &signer(), "alice"));
    for n in 0..80 {
        many = many.header(format!("x-{n}"), "v");
    }
    assert_eq!(gate.send(&many).status, 200);
    let cookies = Request::get("/").header("cookie", ";".repeat(50_000));
    assert_eq!(gate.send(&cookies).status, 401);
}

fn sees_every_line_of_a_header<D: Driver>() {
    let gate: D = gate();
    let good = token(&gate, &signer(), "alice");
    let twice = |first: &str, second: &str| {
        gate.send(
            &Request::get("/")
                .header("authorization", first)
                .header("authorization", second),
        )
    };
    let bearer = format!("Bearer {good}");
    for (first, second) in [
        (bearer.as_str(), "Bearer junk"),
        ("Bearer junk", bearer.as_str()),
        (bearer.as_str(), "Basic YTpi"),
        ("Basic YTpi", bearer.as_str()),
    ] {
        let exchange = twice(first, second);
        assert_eq!(
            (exchange.status, exchange.upstream),
            (400, None),
            "{first} {second}"
        );
    }
    let spoofed = Request::get("/")
        .header("x-user", "root")
        .header("x-user", "root")
        .header("X_USER", "root")
        .bearer(&good);
    let exchange = gate.send(&spoofed);
    assert_eq!(forwarded_user(&exchange).as_deref(), Some("alice"));
    let seen = exchange.upstream.unwrap().headers;
    assert_eq!(
        (seen.values("x-user").len(), seen.values("x_user").len()),
        (1, 0)
    );
}
