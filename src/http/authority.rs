//! The form of a request's authority (`:authority`, `Host`): a host, and possibly a port.

use core::mem;

/// The maximum length of an authority: a host name of 255 octets (RFC 1035 section 2.3.4) and a
/// port. The limit bounds the time that a regular expression takes.
const MAX_OCTETS: usize = 255 + ":65535".len();

/// Returns true if two servers could extract different hosts from this authority. These characters
/// make an authority ambiguous: a comma (two header lines were joined), `@` (the part before it
/// does not belong to the host) and `%` (some servers decode it). Some servers also stop at the
/// first colon, trim dots or `;`, or interpret `[a.example]` and `:080` in their own way. Envoy
/// itself already rejects spaces, octets that are not ASCII, and `/`, `?`, `#`, `\` and `|`, so
/// this function need not check for them.
#[must_use]
pub fn is_ambiguous(authority: &[u8]) -> bool {
    authority.len() > MAX_OCTETS || !has_one_form(authority)
}

/// Returns true if an authority is a host name or an IPv6 address in brackets, optionally followed
/// by a port.
fn has_one_form(authority: &[u8]) -> bool {
    let until = |octets: &[u8], end| octets.iter().position(|octet| *octet == end);
    let (is_host, port) = match authority {
        [b'[', bracketed @ ..] => {
            let Some(end) = until(bracketed, b']') else {
                return false;
            };
            let (address, behind) = bracketed.split_at(end);
            (is_ipv6_shape(address), behind.get(1..).unwrap_or_default())
        }
        _ => {
            let colon = until(authority, b':').unwrap_or(authority.len());
            let (host, port) = authority.split_at(colon);
            (is_host_name(host), port)
        }
    };
    is_host
        && match port {
            [] => true,
            [b':', digits @ ..] => is_port(digits),
            _ => false,
        }
}

/// Returns true if the host has the form of a DNS name (RFC 1123 section 2.1). `_` is allowed,
/// because names of services can contain an underscore. An empty host is allowed too, because a
/// client may send an empty `Host`.
fn is_host_name(host: &[u8]) -> bool {
    // The host must not begin with a dot or contain two dots in a row. A final dot is allowed.
    let mut before = b'.';
    host.iter().all(|&octet| {
        let before = mem::replace(&mut before, octet);
        match octet {
            b'.' => before != b'.',
            _ => octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'),
        }
    })
}

/// Returns true if the text between brackets looks like an IPv6 address (RFC 3986 section 3.2.2):
/// it consists of hexadecimal digits, dots and at least two colons.
fn is_ipv6_shape(address: &[u8]) -> bool {
    let is_part = |octet: &u8| octet.is_ascii_hexdigit() || matches!(octet, b':' | b'.');
    address.iter().all(is_part) && address.iter().filter(|octet| **octet == b':').count() >= 2
}

/// Returns true if the text is a port without leading zeros, or is empty. An empty port means the
/// default port of the scheme (RFC 3986 section 3.2.3).
fn is_port(digits: &[u8]) -> bool {
    let value = digits.iter().try_fold(0_u16, |value, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        value.checked_mul(10)?.checked_add(u16::from(digit))
    });
    digits.first() != Some(&b'0') && value.is_some()
}

/// Splits an authority into host and port. The returned host has no final dot. The returned port
/// includes its colon, and is empty if the authority has no port. Colons between brackets belong to
/// an IPv6 address.
pub(crate) fn split(authority: &str) -> (&str, &str) {
    let (host, port) = match authority.rfind(':').map(|colon| authority.split_at(colon)) {
        Some((host, ":")) => (host, ""),
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    };
    (host.strip_suffix('.').unwrap_or(host), port)
}

/// The default port of a scheme, with its colon, as in the result of [`split`]. `None` for schemes
/// other than `https` and `http`.
pub(crate) fn default_port(scheme: &str) -> Option<&'static str> {
    match scheme {
        "https" => Some(":443"),
        "http" => Some(":80"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn refuses_authorities_that_servers_read_differently() {
        for authority in [
            "a.example,admin.example",
            "x@admin.example",
            "@",
            "admin%2eexample",
            "[fe80::1%25eth0]",
            "admin.example..",
            "admin.example..:80",
            "admin.example:80:90",
            "a.example:admin.example:80",
            "2001:db8::1",
            "[admin.example]",
            "[]",
            "[::1",
            "[::1]]",
            "[::1].",
            "[::1]80",
            "[v1.x]",
            "a[::1]",
            "admin.example]",
            "admin.example:080",
            "admin.example:0",
            "admin.example:+80",
            "admin.example:65616",
            "admin.example:http",
            "admin.example: 80",
            ".admin.example",
            "admin..example",
            ".",
            "*admin.example",
            "admin.example;",
            "admin.example!",
            "admin.example$x",
            "admin.example&",
            "admin.example'",
            "(admin.example)",
            "admin.example+",
            "admin.example=:80",
            "~admin.example",
            "admin example",
            "\u{e9}.example",
            &"a".repeat(262),
        ] {
            assert!(is_ambiguous(authority.as_bytes()), "{authority}");
        }
        assert!(is_ambiguous(b"admin\xff.example"));
        let longest = format!("{}:65535", "a".repeat(255));
        for authority in [
            "",
            "localhost",
            "admin.example",
            "ADMIN.example.",
            "admin.example:",
            "admin.example.:8443",
            "10.0.0.1:80",
            "[::1]",
            "[2001:db8::1]:443",
            "[::ffff:10.0.0.1]:",
            "my_service-1.svc:80",
            &longest,
        ] {
            assert!(!is_ambiguous(authority.as_bytes()), "{authority}");
        }
    }
}
