//! Tests of conditions with both values of `path_policy`.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::{
    http::{Query, Request, path::Target},
    policy::{Comparison, PathPolicy, Pattern, StringMatch, Unclear},
};

fn reject_policy() -> Comparison {
    Comparison::new(PathPolicy::Reject, 16)
}

fn raw_policy() -> Comparison {
    Comparison::new(PathPolicy::Raw, 16)
}

#[test]
fn a_header_with_lines_that_disagree_is_unclear() {
    let condition = |text: &str, inverted| HeaderMatch {
        name: "x-mode".into(),
        condition: HeaderCondition::Text(StringMatch::new(Pattern::Exact(text.into()))),
        inverted,
        missing_is_empty: false,
    };
    for text in ["a,b", "a, b"] {
        let lines = ["a", "b"].map(|line| (&b"x-mode"[..], line.as_bytes()));
        let request = Request::new(lines.to_vec());
        let matches =
            |comparison: &Comparison| condition(text, false).matches(&request, None, comparison);
        assert_eq!(matches(&reject_policy()), Err(Unclear::Header));
        assert_eq!(matches(&raw_policy()), Ok(false));
    }
    let unclear = Err(Unclear::Header);
    for (lines, reject, raw) in [
        (&["admin"][..], Ok(true), true),
        // A server may join the lines, and then reads another value.
        (&["admin", "admin"], unclear, true),
        (&["adm", "in"], Ok(false), false),
        (&["user", "guest"], Ok(false), false),
        (&["user", "admin"], unclear, true),
        (&["admin", "user"], unclear, true),
        (&["user", "user", "admin"], unclear, true),
        (&["admin,user"], Ok(false), false),
    ] {
        let headers = lines.iter().map(|line| (&b"x-mode"[..], line.as_bytes()));
        let request = Request::new(headers.collect());
        for inverted in [false, true] {
            let matches = |comparison: &Comparison| {
                condition("admin", inverted).matches(&request, None, comparison)
            };
            let expected = reject.map(|holds| holds != inverted);
            assert_eq!(matches(&reject_policy()), expected, "{lines:?}");
            assert_eq!(matches(&raw_policy()), Ok(raw != inverted), "{lines:?}");
        }
    }
}

#[test]
fn white_space_around_a_value_makes_a_condition_unclear() {
    let condition = |condition| HeaderMatch {
        name: "x-mode".into(),
        condition,
        inverted: false,
        missing_is_empty: false,
    };
    let exact = |text: &str| HeaderCondition::Text(StringMatch::new(Pattern::Exact(text.into())));
    let values: [&[u8]; 8] = [
        b"admin ",
        b" admin",
        b"\tadmin\t",
        b"admin\xa0",
        b"\x85admin",
        "admin\u{a0}".as_bytes(),
        "admin\u{feff}".as_bytes(),
        "\u{feff}admin".as_bytes(),
    ];
    for value in values {
        let sent = (&b"x-mode"[..], value);
        for lines in [vec![sent], vec![(b"x-mode", b"user"), sent]] {
            let request = Request::new(lines);
            let found = condition(exact("admin")).matches(&request, None, &reject_policy());
            assert_eq!(found, Err(Unclear::Header), "{value:?}");
            let found = condition(exact("admin")).matches(&request, None, &raw_policy());
            assert_eq!(found, Ok(false), "{value:?}");
        }
        let contains = HeaderCondition::Text(StringMatch::new(Pattern::Contains("dmi".into())));
        let request = Request::new(vec![sent]);
        for clear in [contains, HeaderCondition::Present] {
            let found = condition(clear).matches(&request, None, &reject_policy());
            assert_eq!(found, Ok(true), "{value:?}");
        }
    }
    let joined = Request::new(vec![(b"x-mode", b"a "), (b"x-mode", b"b")]);
    for text in ["a,b", "a ,b", "a , b"] {
        let found = condition(exact(text)).matches(&joined, None, &reject_policy());
        assert_eq!(found, Err(Unclear::Header), "{text}");
    }
    let accented = Request::new(vec![(b"x-mode", "voilà".as_bytes())]);
    let found = condition(exact("voilà")).matches(&accented, None, &reject_policy());
    assert_eq!(found, Ok(true));
    let range = HeaderCondition::Range { start: 0, end: 2 };
    let request = Request::new(vec![(b"x-mode", b"1 ")]);
    let found = condition(range).matches(&request, None, &reject_policy());
    assert_eq!(found, Err(Unclear::Header));
}

#[test]
fn repetitions_count_towards_the_limit_of_a_regular_expression() {
    let pattern = || StringMatch::new(Pattern::regex("a*").unwrap());
    let header = HeaderMatch {
        name: "x-a".into(),
        condition: HeaderCondition::Text(pattern()),
        inverted: false,
        missing_is_empty: false,
    };
    let query = QueryMatch {
        name: "q".into(),
        condition: QueryCondition::Text(pattern()),
    };
    let request = Request::new(vec![(b"x-a", b"aaaaaaaaa"), (b"x-a", b"aaaaaaaaa")]);
    let sent = Query::new(b"q=aaaaaaaaa&q=aaaaaaaaa");
    for comparison in [reject_policy(), raw_policy()] {
        let found = header.matches(&request, None, &comparison);
        assert_eq!(found, Err(Unclear::LongHeader));
    }
    assert_eq!(
        query.matches(&sent, &reject_policy()),
        Err(Unclear::LongTarget)
    );
    // Only the first value counts.
    assert_eq!(query.matches(&sent, &raw_policy()), Ok(true));
}

#[test]
fn all_regular_expressions_for_a_query_share_a_limit() {
    let query = |name: &str, pattern| QueryMatch {
        name: name.into(),
        condition: QueryCondition::Text(StringMatch::new(pattern)),
    };
    let regex = |name| query(name, Pattern::regex("a*").unwrap());
    let text = |name| query(name, Pattern::Prefix("a".into()));
    for comparison in [reject_policy(), raw_policy()] {
        let sent = Query::new(b"q=aaaaaaaaaaaaaaaa&r=aaaaaaaa");
        for condition in [regex("q"), text("q"), regex("q"), text("r"), regex("q")] {
            assert_eq!(condition.matches(&sent, &comparison), Ok(true));
        }
        for (condition, expected) in [
            (regex("r"), Ok(true)),
            (regex("s"), Ok(false)),
            (regex("r"), Ok(true)),
            (text("q"), Ok(true)),
            (regex("r"), Err(Unclear::LongTarget)),
            (text("r"), Ok(true)),
        ] {
            let found = condition.matches(&sent, &comparison);
            assert_eq!(found, expected, "{condition:?}");
        }
        let next = Comparison::new(comparison.path_policy, comparison.regex_bytes);
        assert_eq!(regex("q").matches(&sent, &next), Ok(true));
    }
    // Each reading counts.
    let (sent, comparison) = (Query::new(b"q=aaaaaaaaaaaa&r=;"), reject_policy());
    for expected in [Ok(true), Ok(true), Err(Unclear::LongTarget)] {
        assert_eq!(regex("q").matches(&sent, &comparison), expected);
    }
}

#[test]
fn a_condition_refuses_a_query_that_is_too_long_in_all_readings_together() {
    let query = QueryMatch {
        name: "q".into(),
        condition: QueryCondition::Absent,
    };
    let long = Err(Unclear::LongTarget);
    for (start, length, reject, raw) in [
        ("", 64, Ok(true), Ok(true)),
        ("", 65, long, long),
        (";", 32, Ok(true), Ok(true)),
        (";", 33, long, Ok(true)),
        ("&&&&", 64, Ok(true), Ok(true)),
        ("&&&&&", 5, long, long),
        ("&&;", 3, long, Ok(true)),
        ("?;", 16, Ok(true), Ok(true)),
        ("?;", 17, long, Ok(true)),
        ("?;", 65, long, long),
    ] {
        let sent = Query::new(format!("{start:a<length$}").as_bytes());
        assert_eq!(
            query.matches(&sent, &reject_policy()),
            reject,
            "{start} {length}"
        );
        assert_eq!(query.matches(&sent, &raw_policy()), raw, "{start} {length}");
    }
}

#[test]
fn no_regular_expression_is_applied_to_a_long_text() {
    let regex = || StringMatch::new(Pattern::regex("a*").unwrap());
    let prefix = || StringMatch::new(Pattern::Prefix("a".into()));
    let long = "a".repeat(17);
    for (text, header, path, parameter) in [
        (&"a".repeat(16), Ok(true), Ok(true), Ok(true)),
        (
            &long,
            Err(Unclear::LongHeader),
            Err(Unclear::LongTarget),
            Err(Unclear::LongTarget),
        ),
    ] {
        for comparison in [reject_policy(), raw_policy()] {
            for (pattern, is_limited) in [(regex(), true), (prefix(), false)] {
                let expected = |limited| if is_limited { limited } else { Ok(true) };
                let request =
                    Request::new(vec![(b":path", text.as_bytes()), (b"x-a", text.as_bytes())]);
                let matches = |name: &str| {
                    let header = HeaderMatch {
                        name: name.into(),
                        condition: HeaderCondition::Text(pattern.clone()),
                        inverted: false,
                        missing_is_empty: false,
                    };
                    header.matches(&request, Some(Target::new(text)), &comparison)
                };
                assert_eq!(matches("x-a"), expected(header));
                assert_eq!(matches(":path"), expected(path));
                let query = QueryMatch {
                    name: "q".into(),
                    condition: QueryCondition::Text(pattern.clone()),
                };
                let sent = Query::new(format!("q={text}").as_bytes());
                assert_eq!(query.matches(&sent, &comparison), expected(parameter));
            }
        }
    }
}

#[test]
fn a_parameter_that_servers_read_differently_is_unclear() {
    let text = |text: &str| StringMatch::new(Pattern::Exact(text.into()));
    let exact = || QueryCondition::Text(text("admin"));
    let plus = || QueryCondition::Text(text("c++"));
    let spaced = || QueryCondition::Text(text("a b"));
    let regex = |regex| QueryCondition::Text(StringMatch::new(Pattern::regex(regex).unwrap()));
    let unclear = Err(Unclear::Parameter);
    for (condition, query, reject, raw) in [
        (exact(), "x&_mode=admin", Ok(true), true),
        (exact(), "%5Fmode=adm%69n", Ok(true), true),
        (exact(), "_mode=x", Ok(false), false),
        (exact(), "", Ok(false), false),
        (exact(), "_mode=admin&_mode=admin", Ok(true), true),
        (exact(), "_mode=x&_mode=y", Ok(false), false),
        (exact(), "_mode=x&_mode=admin", unclear, false),
        (exact(), "_mode=admin&_mode=x", unclear, true),
        (exact(), "_mode=x;y", Ok(false), false),
        (exact(), "_mode=admin;y", unclear, false),
        (exact(), "x;_mode=admin", unclear, false),
        (exact(), "_mode=%u0061dmin", unclear, false),
        (exact(), "_mode=%u0062dmin", Ok(false), false),
        (exact(), "_mode=%c1%a1dmin", unclear, false),
        (exact(), "x;y=_mode&_modes=a", Ok(false), false),
        (QueryCondition::Present, "_mode", Ok(true), true),
        (QueryCondition::Present, "_mode=1&_mode=2", Ok(true), true),
        (QueryCondition::Present, ".mode", unclear, false),
        (QueryCondition::Absent, "x=_mode", Ok(true), true),
        (QueryCondition::Absent, "_mode", Ok(false), false),
        (QueryCondition::Absent, ".mode=x", unclear, true),
        (QueryCondition::Absent, "%20_mode=x", unclear, true),
        (QueryCondition::Absent, "_mode[]=x", unclear, true),
        (QueryCondition::Absent, "_Mode=x", unclear, true),
        (QueryCondition::Absent, "_mode%00=x", unclear, true),
        (QueryCondition::Absent, "?_mode=x", unclear, true),
        (QueryCondition::Absent, "%u005Fmode=x", unclear, true),
        (QueryCondition::Absent, "%c1%9fmode=x", unclear, true),
        (QueryCondition::Absent, "%u005Fmodes=x", Ok(true), true),
        (QueryCondition::Absent, "%255Fmode=x", unclear, true),
        (exact(), "?_mode=x", Ok(false), false),
        (exact(), "_mode=%2561dmin", unclear, false),
        (exact(), "_mode=100%25", Ok(false), false),
        (exact(), "?_mode=admin;x", unclear, false),
        (exact(), "_mode=%25C1%25A1dmin", unclear, false),
        (QueryCondition::Absent, "x=1;_mode=x", unclear, true),
        (plus(), "_mode=c++", unclear, false),
        (plus(), "_mode=c%2B%2B", Ok(true), true),
        (plus(), "_mode=c%20%20&x=+", Ok(false), false),
        (regex(r"c\+\+"), "_mode=c++", unclear, false),
        // Browsers write spaces as `+`.
        (exact(), "_mode=a+b", Ok(false), false),
        (spaced(), "_mode=a+b", Ok(true), true),
        (regex("a b"), "_mode=a+b", Ok(true), true),
        (regex("c[+][+]"), "_mode=c++", unclear, false),
        (regex(r"\S+"), "_mode=a+b", unclear, false),
        (regex("[a-z ]+"), "_mode=a&_mode=b+c", Ok(true), true),
        (regex("c[+][+]"), "_mode=x&_mode=c++", unclear, false),
        (regex("c[+][+]"), "_mode=c%252B%252B&x=+", unclear, false),
        (QueryCondition::Absent, "x=a+b", Ok(true), true),
    ] {
        let name = "_mode".to_owned();
        let parameter = QueryMatch { name, condition };
        let query = Query::new(query.as_bytes());
        let found = parameter.matches(&query, &reject_policy());
        assert_eq!(found, reject, "{parameter:?} {query:?}");
        let found = parameter.matches(&query, &raw_policy());
        assert_eq!(found, Ok(raw), "{parameter:?} {query:?}");
    }
}

#[test]
fn a_name_with_a_plus_sign_is_unclear_if_the_query_has_one() {
    let parameter = QueryMatch {
        name: "a+b".to_owned(),
        condition: QueryCondition::Present,
    };
    let spaced = QueryMatch {
        name: "a b".to_owned(),
        condition: QueryCondition::Text(StringMatch::new(Pattern::regex("x").unwrap())),
    };
    let form = Query::new(b"a+b=x");
    assert_eq!(spaced.matches(&form, &reject_policy()), Ok(true));
    let absent = QueryMatch {
        condition: QueryCondition::Absent,
        ..parameter.clone()
    };
    for (query, expected) in [
        ("a+b", Err(Unclear::Parameter)),
        ("a%2Bb", Ok(true)),
        ("a%2Bc", Ok(false)),
    ] {
        let query = Query::new(query.as_bytes());
        let found = parameter.matches(&query, &reject_policy());
        assert_eq!(found, expected, "{query:?}");
        let found = absent.matches(&query, &reject_policy());
        assert_eq!(found, expected.map(|holds| !holds), "{query:?}");
    }
}

#[test]
fn a_confusable_header_makes_a_condition_unclear() {
    let condition = |condition, inverted| HeaderMatch {
        name: "x-mode".into(),
        condition,
        inverted,
        missing_is_empty: true,
    };
    let exact = || HeaderCondition::Text(StringMatch::new(Pattern::Exact("a".into())));
    for header in [
        condition(HeaderCondition::Absent, false),
        condition(HeaderCondition::Present, false),
        condition(exact(), false),
        condition(exact(), true),
    ] {
        for twin in ["x_mode", "x.mode"] {
            let lines = [(twin.as_bytes(), &b"a"[..]), (b"x-mode", b"a")];
            for count in [1, 2] {
                let request = Request::new(lines[..count].to_vec());
                let found = header.matches(&request, None, &reject_policy());
                assert_eq!(found, Err(Unclear::Header), "{header:?} {twin}");
                let found = header.matches(&request, None, &raw_policy());
                assert!(found.is_ok(), "{header:?} {twin}");
            }
        }
    }
}

#[test]
fn a_method_in_lower_case_is_unclear_only_if_its_case_decides() {
    let condition = |name: &str, pattern| HeaderMatch {
        name: name.into(),
        condition: HeaderCondition::Text(pattern),
        inverted: false,
        missing_is_empty: false,
    };
    let prefix = || StringMatch::new(Pattern::Prefix("PUR".into()));
    let any_case = StringMatch::ignoring_case(Pattern::Prefix("PUR".into()));
    let head: [(&[u8], &[u8]); 2] = [(b":method", b"purge"), (b"x-mode", b"a")];
    let request = Request::new(head.to_vec());
    for (header, expected) in [
        (condition(":method", prefix()), Err(Unclear::Method)),
        (condition(":method", any_case), Ok(true)),
        (condition("x-mode", prefix()), Ok(false)),
    ] {
        let found = header.matches(&request, None, &reject_policy());
        assert_eq!(found, expected, "{header:?}");
    }
}
