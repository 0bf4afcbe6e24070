//! Draws the ratios of processor times as a chart with one bar for each comparison. A line at 1
//! marks `jwt_authn`.
//!
//! The chart must be readable on light and dark backgrounds. Everything that a colour shows must
//! also be shown by words or marks.

use std::fmt::Write as _;

use crate::{report::is_compared, rounds::Row};

/// The position where bars start.
const LEFT: f64 = 320.0;
/// The width of a bar for a ratio of 1.
const UNIT: f64 = 110.0;
/// The ratio of the longest bar. The bars of larger ratios are cut off.
const LONGEST: f64 = 5.2;
/// The width of the number after a bar.
const LABEL: f64 = 60.0;
const LINE: f64 = 24.0;
const HEAD: f64 = 60.0;

const STYLE: &str = "\
text { fill: #1f2328 } .muted { fill: #59636e } .heading { font-weight: 600 }
.met { fill: #2da44e } .missed { fill: #d4a72c } .other { fill: #8c959f }
.one { stroke: #1f2328 } .least { stroke: #cf222e; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .muted { fill: #9198a1 }
.met { fill: #2ea043 } .missed { fill: #bb8009 } .other { fill: #656c76 }
.one { stroke: #e6edf3 } .least { stroke: #ff7b72 }
}";

/// Draws the comparisons as SVG.
pub(crate) fn picture(rows: &[Row]) -> String {
    let (mut body, mut y, mut heading) = (String::new(), HEAD, "");
    for row in rows.iter().filter(|row| is_compared(row)) {
        if row.case.what.0 != heading {
            heading = row.case.what.0;
            y += 10.0;
            let at = y + 16.0;
            writeln!(
                body,
                r#"<text class="heading" x="10" y="{at}">{heading}</text>"#
            )
            .unwrap();
            y += LINE;
        }
        bar(&mut body, row, y);
        y += LINE;
    }
    let (width, height) = (LEFT + LONGEST * UNIT + 110.0, y + 20.0);
    let one = LEFT + UNIT;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-labelledby="t d" font-family="system-ui, sans-serif" font-size="14">
<title id="t">The processor time of jwt_authn, divided by that of Portcullis</title>
<desc id="d">A bar for each case; jwt_authn is 1, longer is faster. A red mark shows the goal. The table has the numbers.</desc>
<style>
{STYLE}
</style>
<text class="muted" x="{LEFT}" y="20">processor time of jwt_authn, divided by that of Portcullis; longer is faster; a red mark is a goal</text>
<text x="{one}" y="44" text-anchor="middle">jwt_authn = 1</text>
{body}<path class="one" d="M{one} 52V{y}" stroke-dasharray="4 3"/>
</svg>
"##
    )
}

fn bar(body: &mut String, row: &Row, y: f64) {
    let [_, ratio, _] = row.processor_ratio().unwrap_or([f64::NAN; 3]);
    let (class, mark) = match row.is_met() {
        Some(true) => ("met", "\u{2713}"),
        Some(false) => ("missed", "\u{2717}"),
        None => ("other", ""),
    };
    let length = ratio.clamp(0.0, LONGEST) * UNIT;
    let what = format!("{}: {}", row.case.what.1, row.case.filter.name());
    let (text, label) = (y + 16.0, LEFT - 10.0);
    let top = y + 4.0;
    writeln!(
        body,
        r#"<text x="{label}" y="{text}" text-anchor="end">{what}</text><rect class="{class}" x="{LEFT}" y="{top}" width="{length:.1}" height="16"/>"#
    )
    .unwrap();
    let mut end = LEFT + length;
    if let Some(aim) = row.case.aim {
        let (at, bottom) = (LEFT + aim.median.min(LONGEST) * UNIT, y + 22.0);
        end = end.max(at);
        writeln!(
            body,
            r#"<path class="least" d="M{at} {}V{bottom}"/>"#,
            y + 2.0
        )
        .unwrap();
    }
    let one = LEFT + UNIT;
    if end <= one && end + LABEL > one {
        end = one; // do not cross the line at 1
    }
    let end = end + 8.0;
    writeln!(
        body,
        r#"<text x="{end:.1}" y="{text}">{ratio:.2} {mark}</text>"#
    )
    .unwrap();
}
