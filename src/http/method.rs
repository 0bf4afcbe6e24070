//! Request methods, which are case-sensitive (RFC 9110 §9.1).

/// The methods of RFC 9110, and PATCH (RFC 5789).
const STANDARD: [&str; 9] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

/// Returns true if `method` differs only in case from a standard method, or is not UTF-8. A client
/// can send the method `delete` over HTTP/2. A rule for `DELETE` does not match that method, but
/// frameworks that convert methods to upper case execute it as `DELETE`.
#[must_use]
pub fn is_misspelt(method: &[u8]) -> bool {
    let other_case = |standard: &&str| method.eq_ignore_ascii_case(standard.as_bytes());
    (method.iter().any(u8::is_ascii_lowercase) && STANDARD.iter().any(other_case))
        || (!method.is_ascii() && str::from_utf8(method).is_err())
}

/// Returns true if `method` has a lower-case letter. Such a method is ambiguous, because some
/// servers treat `purge` like `PURGE`.
#[must_use]
pub fn has_lower_case(method: &str) -> bool {
    method.bytes().any(|octet| octet.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn recognises_standard_methods_in_another_case() {
        for method in STANDARD {
            assert!(!is_misspelt(method.as_bytes()), "{method}");
            assert!(is_misspelt(method.to_lowercase().as_bytes()), "{method}");
        }
        for (method, expected) in [
            (&b"PoST"[..], true),
            (b"gET", true),
            (b"GET\xff", true),
            (b"propfind", false),
            (b"PURGE", false),
            (b"getter", false),
            (b"", false),
        ] {
            assert_eq!(is_misspelt(method), expected, "{}", method.escape_ascii());
        }
    }
}
