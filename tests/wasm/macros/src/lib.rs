//! The attribute that stands in for `#[test]` in a wasm build.

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

/// A `#[test]` that reports its name before it runs.
#[proc_macro_attribute]
pub fn wasm_bindgen_test(_: TokenStream, function: TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = function.into_iter().collect();
    let name = tokens
        .windows(2)
        .find(|pair| pair[0].to_string() == "fn")
        .map(|pair| pair[1].to_string());
    let (Some(name), Some(TokenTree::Group(body))) = (name, tokens.pop()) else {
        panic!("a test is a function with a body");
    };
    let report = format!(
        "if !::wasm_bindgen_test::begins(concat!(module_path!(), \"::{name}\")) {{ return; }}"
    );
    let mut reporting: TokenStream = report.parse().expect("a statement");
    reporting.extend(body.stream());
    let attribute: TokenStream = "#[::core::prelude::v1::test]".parse().expect("an attribute");
    let body = TokenTree::Group(Group::new(Delimiter::Brace, reporting));
    attribute.into_iter().chain(tokens).chain([body]).collect()
}
