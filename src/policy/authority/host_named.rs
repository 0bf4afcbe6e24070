//! Whether a condition on the authority names the host of a request. A client can send any host, so
//! a rule may only rely on the host if the operator named it.

use crate::{http::authority::split, policy::StringMatch};

/// Hosts that no operator would name in a rule: a reserved name (RFC 6761), a name without a dot,
/// and addresses for documentation (RFC 5737, RFC 3849). If a condition matches one of these hosts,
/// it also matches other hosts that the operator did not think of. An example is the regular
/// expression `.*`.
const STRANGERS: [&str; 4] = ["stranger.invalid", "stranger", "192.0.2.1", "[2001:db8::1]"];

/// Ports that are tried for every condition. A condition may match such a port without containing
/// its number, for example `:8[0-9]{3}`.
const USUAL_PORTS: [&str; 4] = ["80", "443", "8080", "8443"];

/// Returns true if the pattern matches no host in [`STRANGERS`], whichever port
/// [`holds_at_some_port`] tries.
pub(super) fn rejects_strangers(pattern: &StringMatch) -> bool {
    !STRANGERS
        .iter()
        .any(|host| holds_at_some_port(pattern, host))
}

/// Returns true if the pattern matches the host without a port, with a usual port, or with a port
/// whose number is in the pattern.
pub(super) fn holds_at_some_port(pattern: &StringMatch, host: &str) -> bool {
    let text = pattern.pattern().text();
    let numbers = text.split(|found: char| !found.is_ascii_digit());
    let mut ports = numbers
        .filter(|number| !number.is_empty())
        .chain(USUAL_PORTS);
    pattern.matches(host) || ports.any(|port| pattern.matches(&[host, ":", port].concat()))
}

/// Returns true if the pattern matches the authority, and fixes the domain of the host. The domain
/// consists of at least the last two labels, because anyone can register a domain of two labels. If
/// one of its characters is replaced, or if the host is continued, the pattern must stop matching.
/// Otherwise the host may belong to an attacker:
///
/// - `x.evil.test` satisfies the regular expression `[^.]+\.[^.]+\.[^.]+`.
/// - `api.` satisfies the prefix `api.`, and so does `api.evil.test`.
/// - `evilexample.co.uk` satisfies the suffix `example.co.uk`. So where the fixed characters end, a
///   label must end too.
pub(super) fn fixes_domain(pattern: &StringMatch, authority: &str) -> bool {
    let lower = authority.to_ascii_lowercase();
    let (host, port) = split(&lower);
    if host.is_empty() || !host.is_ascii() || !pattern.matches(&lower) {
        return false;
    }
    // If the pattern needs the final dot, this dot may be an earlier dot of the hosts that the
    // operator had in mind, as in the regular expression `api\.(com|net)?`.
    if !pattern.matches(&[host, port].concat()) {
        return false;
    }
    let continued = ["a", "x", "0", ".a", ".x", ".0"].into_iter().any(|more| {
        let longer = [host, more].concat();
        pattern.matches(&longer) || pattern.matches(&[&longer, port].concat())
    });
    let is_fixed = |place: usize, own: u8| {
        let (before, from) = lower.split_at(place);
        let behind = from.get(1..).unwrap_or_default();
        let is_as_good = |other: char| pattern.matches(&format!("{before}{other}{behind}"));
        own == b'.' || !neighbours(own).map(char::from).into_iter().any(is_as_good)
    };
    let mut from_the_end = host.bytes().enumerate().rev();
    let free = from_the_end.find(|(place, own)| !is_fixed(*place, *own));
    let fixed = free.and_then(|(place, _)| host.get(place.saturating_add(1)..));
    !continued
        && fixed.is_none_or(|fixed| {
            // The first of the fixed characters must be the dot before the domain.
            fixed.starts_with('.') && fixed.matches('.').count() >= 2
        })
}

/// Returns two characters. If a class of characters such as `[a-f]` or `\d` contains this
/// character, the class also contains at least one of the two.
const fn neighbours(octet: u8) -> [u8; 2] {
    match octet {
        b'a' => [b'b', b'z'],
        b'z' => [b'y', b'a'],
        b'0' => [b'1', b'9'],
        b'9' => [b'8', b'0'],
        b'b'..=b'y' | b'1'..=b'8' => [octet.wrapping_sub(1), octet.wrapping_add(1)],
        _ => [b'x', b'0'],
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use crate::policy::{Pattern, StringMatch, authority::AuthorityMatch};

    fn regex(text: &str) -> Pattern {
        Pattern::regex(text).unwrap()
    }

    fn names_host(pattern: &Pattern, authority: &str) -> bool {
        let condition = AuthorityMatch::new(StringMatch::new(pattern.clone()));
        condition.unwrap().names_host_of(authority)
    }

    #[test]
    fn a_condition_that_fixes_the_domain_names_the_host() {
        for (pattern, authority) in [
            (Pattern::Exact("admin.example".into()), "admin.example"),
            (
                Pattern::Exact("[2001:db8::2]:8443".into()),
                "[2001:db8::2]:8443",
            ),
            (Pattern::Suffix(".example".into()), "a.example"),
            (Pattern::Suffix(".example:8443".into()), "a.example:8443"),
            (Pattern::Suffix("api.a.example".into()), "api.a.example"),
            (Pattern::Suffix("api.a.example".into()), "v1.api.a.example"),
            (Pattern::Prefix("a.example:".into()), "a.example:8443"),
            (regex("api\\.a\\.example(:\\d+)?"), "api.a.example:8443"),
            (regex("^api\\.a\\.example$"), "api.a.example"),
            (regex("(a|b)\\.b\\.example(:[0-9]+)?"), "a.b.example:443"),
            (regex("(www[.])?a[.]example"), "www.a.example"),
            (regex("(www[.])?a[.]example"), "a.example"),
            (regex(".*\\.A\\.example"), "x.a.example"),
            (regex("orders|users"), "orders"),
        ] {
            assert!(names_host(&pattern, authority), "{pattern:?} {authority}");
        }
    }

    /// An attack: the client sends a host in the attacker's domain, and a broad condition matches
    /// it.
    #[test]
    fn a_condition_that_a_strangers_domain_satisfies_does_not_name_its_host() {
        for (pattern, authority) in [
            (
                Pattern::Prefix("api.example".into()),
                "api.example.evil.test",
            ),
            (
                Pattern::Prefix("api.example.co".into()),
                "api.example.community",
            ),
            (Pattern::Prefix("admin.".into()), "admin.evil.test:8443"),
            (Pattern::Prefix("admin.".into()), "admin."),
            (Pattern::Prefix("admin.".into()), "admin.:8443"),
            (regex("admin\\.(com|net)?"), "admin."),
            (Pattern::Prefix("admin-".into()), "admin-"),
            (Pattern::Prefix("admin-".into()), "admin-.:1"),
            (Pattern::Prefix("shop.company".into()), "shop.company"),
            (Pattern::Prefix("A.example".into()), "a.EXAMPLE.:9"),
            (Pattern::Contains(".a.example".into()), "b.a.example:1"),
            (Pattern::Suffix("example.co.uk".into()), "evilexample.co.uk"),
            (Pattern::Suffix("api.a.example".into()), "v1-api.a.example"),
            (regex("(app|api)[0-9]*\\..*"), "api."),
            (regex("(app|api)[0-9]*\\..*"), "app.:80"),
            (
                Pattern::Contains("api.example".into()),
                "api.example.evil.test",
            ),
            (Pattern::Contains(".example".into()), "x.examples.test"),
            (Pattern::Suffix("api.example".into()), "evilapi.example"),
            (Pattern::Suffix("example:8443".into()), "evilexample:8443"),
            (Pattern::Suffix(".".into()), "x.evil.test."),
            (Pattern::Suffix(".:8443".into()), "x.evil.test.:8443"),
            (regex("[^.]+\\.[^.]+\\.[^.]+"), "x.evil.test"),
            (regex("[a-z-]+(\\.[a-z-]+){2,}"), "x.evil.test"),
            (regex("(x\\.)?[a-m]{1,4}\\.test"), "x.mmmm.test"),
            (regex("[0-9a-f]+\\.test"), "ff.test"),
            (regex("[^.]+\\.[^.]+\\.\\z"), "evil.test."),
            (regex(".*:8[0-9]{3}"), "evil.test:8080"),
            (regex(".*:8(0|4)43"), "evil.test:8443"),
            (regex("[^:]+:[0-9]{4,5}"), "evil.test:8443"),
            (regex(".*a\\.example"), "evila.example"),
            (regex("api.a.example"), "apixa.example"),
            (regex("api\\.a\\.example.*"), "api.a.example.evil.test"),
            (regex("api\\.a\\.[a-z]+"), "api.a.zip"),
            (regex("(?i)[A-Z.]+\\.[A-Z]+"), "EVIL.test"),
            (regex("a\\.example"), "b.example"),
            (regex("()"), ""),
        ] {
            assert!(!names_host(&pattern, authority), "{pattern:?} {authority}");
        }
    }

    #[test]
    fn a_condition_that_any_host_satisfies_names_no_host() {
        for pattern in [
            Pattern::Prefix(String::new()),
            Pattern::Suffix(String::new()),
            Pattern::Contains(String::new()),
            Pattern::Contains(".".into()),
            Pattern::Suffix(":8443".into()),
            Pattern::Contains(":80".into()),
            regex(".*"),
            regex("[a-z.]+"),
            regex("[^.]+\\..+"),
            regex("[0-9.]+"),
            regex("\\[.*\\]"),
            regex(".*:[0-9]+"),
            regex("[^:]+:(8080|8443)"),
        ] {
            for host in ["a.example", "orders", "10.0.0.1", "[2001:db8::2]"] {
                for port in ["", ":8080", ":8443"] {
                    let authority = format!("{host}{port}");
                    assert!(!names_host(&pattern, &authority), "{pattern:?} {authority}");
                }
            }
        }
    }
}
