//! MCP calls: for an accepted call, every server reads the same version, method, name and argument.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use portcullis::{http::Request, policy::mcp::McpCall};

const VERSION: &str = "mcp-protocol-version";
const METHOD: &str = "mcp-method";
const NAME: &str = "mcp-name";
const PARAM: &str = "mcp-param-region";

/// Reads the input as header lines, such as `mcp-method:tools/call`.
pub fn check(input: &[u8]) {
    let lines: Vec<(Vec<u8>, &[u8])> = input
        .split(|octet| *octet == b'\n')
        .filter_map(line)
        .collect();
    let headers = lines.iter().map(|(name, value)| (&**name, *value));
    let Ok(call) = McpCall::read(&Request::new(headers.collect()), &[PARAM]) else {
        return;
    };
    for version in values(&lines, VERSION) {
        assert!(
            version.as_str() >= "2026-07-28",
            "a server reads the version {version:?}"
        );
        assert_eq!(version.len(), 10, "{version:?} is not a date");
    }
    for method in readings(&lines, METHOD) {
        assert_eq!(method.as_deref(), Some(call.method()), "the method");
    }
    if call.name().is_some() {
        for name in readings(&lines, NAME) {
            assert_eq!(name.as_deref(), call.name(), "the name");
        }
    }
    if let Some(value) = call.param(PARAM) {
        for read in readings(&lines, PARAM) {
            assert_eq!(read.as_deref(), Some(value), "the argument");
        }
    }
}

/// A header line with its name in lower case, as Envoy passes it on.
fn line(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let colon = text.iter().position(|octet| *octet == b':')?;
    let (name, value) = text.split_at(colon);
    Some((name.to_ascii_lowercase(), &value[1..]))
}

/// The values that servers may find for a header: the value of the first line, the value of the
/// last line, or all values joined. Some servers do not distinguish `mcp_name` from `mcp-name`.
fn values(lines: &[(Vec<u8>, &[u8])], own: &str) -> Vec<String> {
    let variable = |name: &[u8]| -> Vec<u8> {
        let fold = |octet: &u8| {
            if octet.is_ascii_alphanumeric() {
                *octet
            } else {
                b'_'
            }
        };
        name.iter().map(fold).collect()
    };
    let is_exact = |name: &[u8]| name == own.as_bytes();
    let is_alike = |name: &[u8]| variable(name) == variable(own.as_bytes());
    let mut found = Vec::new();
    for is_own in [&is_exact as &dyn Fn(&[u8]) -> bool, &is_alike] {
        let own: Vec<String> = lines
            .iter()
            .filter(|(name, _)| is_own(name))
            .map(|(_, value)| String::from_utf8_lossy(value).trim().to_owned())
            .collect();
        found.extend(own.first().cloned());
        found.extend(own.last().cloned());
        found.extend((!own.is_empty()).then(|| own.join(", ")));
    }
    found
}

/// The texts that servers may read from a header. Some servers decode base64 strictly, others
/// leniently. `None` means that a server cannot decode the value to text.
fn readings(lines: &[(Vec<u8>, &[u8])], own: &str) -> Vec<Option<String>> {
    let values = values(lines, own);
    let strict = values.iter().map(|value| {
        let encoded = value
            .strip_prefix("=?base64?")
            .and_then(|rest| rest.strip_suffix("?="));
        encoded.map_or(Some(value.clone()), |encoded| {
            decode(encoded, DecodePaddingMode::RequireCanonical, false)
        })
    });
    let lenient = values.iter().map(|value| {
        let marker = value
            .get(..9)
            .filter(|start| start.eq_ignore_ascii_case("=?base64?"));
        let encoded = marker.map(|_| value[9..].trim_end_matches(['?', '=']));
        encoded.map_or(Some(value.clone()), |encoded| {
            decode(encoded, DecodePaddingMode::Indifferent, true)
        })
    });
    strict.chain(lenient).collect()
}

fn decode(encoded: &str, padding: DecodePaddingMode, is_lenient: bool) -> Option<String> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(padding)
        .with_decode_allow_trailing_bits(is_lenient);
    let octets = GeneralPurpose::new(&STANDARD, config)
        .decode(encoded)
        .ok()?;
    String::from_utf8(octets).ok()
}
