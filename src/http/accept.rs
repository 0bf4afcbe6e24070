//! Content negotiation for the status report (RFC 9110 §12.5.1).

/// A format of the status report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `text/html`.
    Html,
    /// `application/json`.
    Json,
}

impl Format {
    /// Chooses HTML if the client prefers HTML to JSON, which is the case for browsers. Otherwise
    /// chooses JSON, even if the client accepts neither format. `accept` yields the value of each
    /// `accept` header line.
    pub fn preferred<'a>(accept: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut html = Quality::default();
        let mut json = Quality::default();
        for line in accept.filter_map(|value| str::from_utf8(value).ok()) {
            for range in line.split(',') {
                html.consider(range, "text", "html");
                json.consider(range, "application", "json");
            }
        }
        if html.thousandths > json.thousandths {
            Self::Html
        } else {
            Self::Json
        }
    }
}

/// How strongly a client prefers a media type. The weight of the most specific matching range
/// applies, even if a less specific range has a higher weight.
#[derive(Clone, Copy, Debug, Default)]
struct Quality {
    precision: u8,
    thousandths: u16,
}

impl Quality {
    fn consider(&mut self, range: &str, main: &str, sub: &str) {
        let mut parameters = range.split(';').map(str::trim);
        let media = parameters.next().and_then(|media| media.split_once('/'));
        let precision = match media {
            Some(("*", "*")) => 1,
            Some((own, "*")) if own.eq_ignore_ascii_case(main) => 2,
            Some((own, kind))
                if own.eq_ignore_ascii_case(main) && kind.eq_ignore_ascii_case(sub) =>
            {
                3
            }
            _ => return,
        };
        let weight = parameters.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.eq_ignore_ascii_case("q").then_some(value)
        });
        let Some(thousandths) = weight.map_or(Some(1000), thousandths) else {
            return;
        };
        if (precision, thousandths) > (self.precision, self.thousandths) {
            *self = Self {
                precision,
                thousandths,
            };
        }
    }
}

/// Parses a weight from `0` to `1` with at most three decimals (RFC 9110 §12.4.2).
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    if !matches!(whole, "0" | "1") || decimals.len() > 3 {
        return None;
    }
    let digits = format!("{whole}{decimals:0<3}");
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let value: u16 = digits.parse().ok()?;
    (is_number && value <= 1000).then_some(value)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn chooses_the_format_that_the_client_prefers() {
        use Format::{Html, Json};
        for (lines, expected) in [
            (&[][..], Json),
            (&[""], Json),
            (&["*/*"], Json),
            (&["text/html"], Html),
            (&["TEXT/HTML"], Html),
            (&["text/*"], Html),
            (&["application/json"], Json),
            (&["text/html, application/json"], Json),
            (&["application/json;q=0.9, text/html"], Html),
            (&["application/json", "text/html;q=0.999"], Json),
            (&["application/json;q=0.5", "text/html;q=0.51"], Html),
            // The header that browsers send.
            (
                &["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
                Html,
            ),
            // The most specific range applies, regardless of its position in the list.
            (&["*/*;q=0.1, text/html;q=0"], Json),
            (&["text/html;q=0, */*"], Json),
            (&["*/*, application/json;q=0.3"], Html),
            (&["application/*;q=0.2, text/html;q=0.3"], Html),
            (&["text/html ; charset=utf-8 ; Q=0.7"], Html),
            // The client accepts neither format, or the weight is malformed.
            (&["image/png"], Json),
            (&["text/html;q=0"], Json),
            (&["text/html;q=2"], Json),
            (&["text/html;q=1.001"], Json),
            (&["text/html;q=0.1234"], Json),
            (&["text/html;q=+.1"], Json),
            (&["text/html;q="], Json),
            (&["text"], Json),
        ] {
            let accept = lines.iter().map(|line| line.as_bytes());
            assert_eq!(Format::preferred(accept), expected, "{lines:?}");
        }
        assert_eq!(Format::preferred([&b"text/html\xff"[..]].into_iter()), Json);
    }
}
