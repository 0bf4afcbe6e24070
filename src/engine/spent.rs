//! Removes verified tokens from the request. The upstream does not need these tokens and could leak
//! them.

use crate::{
    decision::{HeaderEdit, Text},
    http::{Request, path::Target},
    policy::Location,
    short_list::ShortList,
};

const COOKIE: &str = "cookie";

/// Adds the edits that remove the tokens in these locations.
pub(super) fn strip(
    spent: &ShortList<Location<'_>>,
    request: &Request<'_>,
    target: Option<Target<'_>>,
    edits: &mut Vec<HeaderEdit>,
) {
    let mut params = Vec::new();
    let mut cookies = Vec::new();
    for location in spent.iter() {
        match location {
            Location::Authorization => {
                edits.push(HeaderEdit::Remove(Text::Fixed("authorization")));
            }
            Location::Header(name) => edits.push(HeaderEdit::Remove(Text::Shared(name.shared()))),
            Location::HeaderTwin(name) => edits.push(HeaderEdit::Remove((*name).into())),
            Location::Query(name) => params.push(*name),
            Location::Cookie(name) => cookies.push(*name),
        }
    }
    if let Some(target) = target
        && !params.is_empty()
    {
        edits.push(HeaderEdit::Set(
            Text::Fixed(":path"),
            without_params(target, &params).into(),
        ));
    }
    if !cookies.is_empty() {
        let rest = without_cookies(request, &cookies);
        edits.push(if rest.is_empty() {
            HeaderEdit::Remove(Text::Fixed(COOKIE))
        } else {
            HeaderEdit::Set(Text::Fixed(COOKIE), rest.into())
        });
    }
}

/// Returns the path and query without the parameters whose names are in `params`. The names are
/// compared as they are written in the query, without decoding. All other bytes stay the same.
fn without_params(target: Target<'_>, params: &[&str]) -> String {
    let is_spent = |pair: &str| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        params.contains(&name)
    };
    let kept: Vec<&str> = target
        .query
        .unwrap_or("")
        .split('&')
        .filter(|pair| !is_spent(pair))
        .collect();
    if kept.is_empty() {
        target.path.to_owned()
    } else {
        format!("{}?{}", target.path, kept.join("&"))
    }
}

/// Returns all cookies in one line (RFC 6265 section 5.4), without the cookies whose names are in
/// `cookies`.
fn without_cookies(request: &Request<'_>, cookies: &[&str]) -> String {
    let is_kept = |pair: &&str| {
        let name = pair.split_once('=').map_or("", |(name, _)| name);
        !pair.is_empty() && !cookies.contains(&name.trim_ascii())
    };
    let lines: Vec<String> = request
        .values(COOKIE)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let kept: Vec<&str> = lines
        .iter()
        .flat_map(|line| line.split(';'))
        // Trim only the white space that the search for tokens skips. If a no-break space were
        // trimmed too, the cookie would get another name, and the upstream could find a token that
        // Portcullis did not see.
        .map(str::trim_ascii)
        .filter(is_kept)
        .collect();
    kept.join("; ")
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn strips_parameters_and_keeps_the_rest_to_the_byte() {
        for (target, expected) in [
            ("/a?access_token=t", "/a"),
            ("/a?x=%41&access_token=t&y", "/a?x=%41&y"),
            ("/a?access_tokens=t&&z", "/a?access_tokens=t&&z"),
        ] {
            assert_eq!(
                without_params(Target::new(target), &["access_token"]),
                expected
            );
        }
    }

    #[test]
    fn strips_cookies() {
        let request = Request::new(vec![(b"cookie", b"a=1; jwt=t;b=2"), (b"cookie", b"c=3")]);
        assert_eq!(without_cookies(&request, &["jwt"]), "a=1; b=2; c=3");
    }

    /// If the no-break space were trimmed, a client could send a second token that nobody verified.
    #[test]
    fn does_not_trim_a_no_break_space_in_a_cookie() {
        for hidden in ["\u{a0}jwt=x", "\u{85}other=x", "\u{b}jwt=x", "jwt\u{a0}=x"] {
            let line = format!("jwt=t; {hidden}");
            let request = Request::new(vec![(b"cookie", line.as_bytes())]);
            assert_eq!(without_cookies(&request, &["jwt"]), hidden, "{hidden:?}");
        }
    }
}
