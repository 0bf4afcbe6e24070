//! The request that `portcullis explain` decides on.

use std::str::FromStr;

use crate::trial::RequestLine;

/// The value of `--header`: `NAME: VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeaderLine {
    name: String,
    value: String,
}

impl FromStr for HeaderLine {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((name, value)) if !name.is_empty() && !name.contains(' ') => Ok(Self {
                name: name.to_owned(),
                value: value.trim().to_owned(),
            }),
            _ => Err("write NAME: VALUE"),
        }
    }
}

/// A request without its token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestHead<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [HeaderLine],
}

impl RequestHead<'_> {
    /// The request as an input line of `decide`.
    pub(crate) fn line(&self) -> RequestLine {
        let mut line = RequestLine::new(self.method, self.path);
        for header in self.headers {
            line.add_header(&header.name, header.value.clone());
        }
        line
    }
}
