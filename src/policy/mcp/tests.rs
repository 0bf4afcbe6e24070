#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::{http::Request, tests::header_bytes};

const VERSION: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
const CALL: (&str, &str) = ("mcp-method", "tools/call");
const NAME: (&str, &str) = ("mcp-name", "list_files");

fn read<'a>(headers: &[(&'a str, &'a str)]) -> Result<McpCall<'a>, McpFault> {
    McpCall::read(&Request::new(header_bytes(headers)), &["mcp-param-region"])
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn t1_matches_values_by_their_exact_case() {
    let own = McpMatch {
        methods: words(&["tools/call"]),
        names: words(&["list_files", "get_weather"]),
        params: Vec::new(),
    };
    for (method, name, expected) in [
        ("tools/call", "list_files", true),
        ("tools/call", "get_weather", true),
        ("tools/call", "List_Files", false),
        ("tools/call", "list_file", false),
        ("tools/call", "delete_all", false),
        ("Tools/Call", "list_files", false),
        ("prompts/get", "list_files", false),
    ] {
        let call = read(&[VERSION, ("mcp-method", method), ("mcp-name", name)]).unwrap();
        assert_eq!(own.matches(&call), expected, "{method} {name}");
        assert!(McpMatch::default().matches(&call));
    }
}

#[test]
fn t2_a_name_in_base64_is_decoded_before_matching() {
    let own = McpMatch {
        names: words(&["list_files", "=?base64?literal?="]),
        ..McpMatch::default()
    };
    for (name, expected) in [
        ("=?base64?bGlzdF9maWxlcw==?=", Ok(true)),
        ("=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=", Ok(true)),
        ("=?base64?ZGVsZXRlX2FsbA==?=", Ok(false)),
        ("=?base64?TElTVF9GSUxFUw==?=", Ok(false)),
        ("=?base64?bGlzdF9maWxlcw?=", Err(McpFault::Header)),
        ("=?base64?/w==?=", Err(McpFault::Header)),
        ("=?BASE64?bGlzdF9maWxlcw==?=", Err(McpFault::Header)),
        ("=?base64?literal", Err(McpFault::Header)),
    ] {
        let call = read(&[VERSION, CALL, ("mcp-name", name)]);
        assert_eq!(call.map(|call| own.matches(&call)), expected, "{name}");
    }
}

#[test]
fn t3_headers_count_only_from_the_revision_that_compares_them() {
    for (version, expected) in [
        (Some("2026-07-28"), None),
        (Some("2027-01-01"), None),
        (Some("2025-11-25"), Some(McpFault::Version)),
        (None, Some(McpFault::Version)),
        (Some("2026-7-28"), Some(McpFault::Header)),
        (Some("latest"), Some(McpFault::Header)),
        (Some("2026-07-28, 2025-03-26"), Some(McpFault::Header)),
        (Some("=?base64?MjAyNi0wNy0yOA==?="), Some(McpFault::Header)),
        (Some(""), Some(McpFault::Header)),
    ] {
        let mut headers = vec![CALL, NAME];
        headers.extend(version.map(|version| ("mcp-protocol-version", version)));
        assert_eq!(read(&headers).err(), expected, "{version:?}");
    }
}

#[test]
fn t4_a_missing_repeated_or_joined_header_is_a_fault() {
    let fault = Some(McpFault::Header);
    for (headers, expected) in [
        (&[VERSION][..], fault),
        (&[VERSION, NAME], fault),
        (&[VERSION, CALL], fault),
        (&[VERSION, ("mcp-method", "prompts/get")], fault),
        (&[VERSION, ("mcp-method", "resources/read")], fault),
        (&[VERSION, ("mcp-method", "tools/list")], None),
        (&[VERSION, CALL, NAME, NAME], fault),
        (&[VERSION, CALL, CALL, NAME], fault),
        (&[VERSION, VERSION, CALL, NAME], fault),
        (
            &[VERSION, CALL, ("mcp-name", "list_files,delete_all")],
            fault,
        ),
        (
            &[VERSION, ("mcp-method", "tools/call,tools/call"), NAME],
            fault,
        ),
        (&[VERSION, CALL, NAME, ("mcp_name", "delete_all")], fault),
        (&[VERSION, CALL, NAME, ("mcp.method", "tools/list")], fault),
        (&[VERSION, CALL, NAME, ("mcp_protocol_version", "x")], fault),
        // A faulty header is reported even if the request names no revision.
        (&[CALL, NAME, NAME], fault),
    ] {
        assert_eq!(read(headers).err(), expected, "{headers:?}");
    }
}

#[test]
fn t6_an_argument_in_a_header_is_matched_after_decoding() {
    let own = McpMatch {
        params: vec![McpParam {
            header: "mcp-param-region".to_owned(),
            values: words(&["eu", "world 世界"]),
        }],
        ..McpMatch::default()
    };
    let region = |value| [VERSION, CALL, NAME, ("mcp-param-region", value)];
    for (headers, expected) in [
        (&region("eu")[..], Ok(true)),
        (&region("=?base64?ZXU=?="), Ok(true)),
        (&region("=?base64?d29ybGQg5LiW55WM?="), Ok(true)),
        (&region("us"), Ok(false)),
        (&region("=?base64?ZXU?="), Err(McpFault::Header)),
        (&region("eu,us"), Err(McpFault::Header)),
        (&[VERSION, CALL, NAME], Ok(false)),
        (
            &[VERSION, CALL, NAME, ("mcp_param_region", "eu")],
            Err(McpFault::Header),
        ),
        // A header with an argument is read only if a rule names the header.
        (
            &[
                VERSION,
                CALL,
                NAME,
                ("mcp-param-query", "a,b"),
                ("mcp-param-region", "eu"),
            ],
            Ok(true),
        ),
    ] {
        let call = read(headers);
        assert_eq!(call.map(|call| own.matches(&call)), expected, "{headers:?}");
    }
}

#[test]
fn names_and_arguments_match_only_methods_that_have_them() {
    let named = McpMatch {
        names: words(&["list_files"]),
        ..McpMatch::default()
    };
    let with_argument = McpMatch {
        params: vec![McpParam {
            header: "mcp-param-region".to_owned(),
            values: words(&["eu"]),
        }],
        ..McpMatch::default()
    };
    for (method, has_name, has_arguments) in [
        ("tools/call", true, true),
        ("prompts/get", true, false),
        ("resources/read", true, false),
        ("tools/list", false, false),
        ("tasks/get", false, false),
    ] {
        let headers = [
            VERSION,
            ("mcp-method", method),
            NAME,
            ("mcp-param-region", "eu"),
        ];
        let call = read(&headers).unwrap();
        assert_eq!(named.matches(&call), has_name, "{method}");
        assert_eq!(with_argument.matches(&call), has_arguments, "{method}");
    }
}
