//! The lines and columns of values in a document.
//!
//! A parsed document does not store positions, because only findings need them. To find a position,
//! this code parses the text again.

use serde_saphyr::granit_parser::{Event, Parser, Span};

use portcullis::config::{ConfigPath, Step};

/// A position in a file. The first line and the first column are 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    /// The column, in characters.
    pub(crate) column: usize,
}

impl Position {
    /// Converts a position from the YAML parser, which counts columns from 0.
    pub(super) const fn new(line: usize, column: usize) -> Self {
        Self {
            line,
            column: column.saturating_add(1),
        }
    }

    /// Converts `inner`, a position inside a string value (such as JSON in a YAML string), to a
    /// position in the document `text`. `self` is the position where the string starts. The
    /// conversion works only in a literal block (`|`), whose lines are also lines of the document.
    /// For any other string, returns `self`.
    pub(crate) fn of_inner(self, text: &str, inner: Self) -> Self {
        let lines: Vec<&str> = text.lines().take(self.line).collect();
        let header = lines.iter().rev().nth(1).map(|line| line.trim_end());
        let header = header.map(|line| {
            line.trim_end_matches(|letter: char| letter.is_ascii_digit() || "+-".contains(letter))
        });
        if !header.is_some_and(|line| line.ends_with('|')) {
            return self;
        }
        let indent = self.column.saturating_sub(1);
        Self {
            line: self.line.saturating_add(inner.line).saturating_sub(1),
            column: inner.column.saturating_add(indent),
        }
    }
}

/// Returns where the list element or the member at the path `at` starts. A member starts at its
/// name. If the path does not exist, returns the position of the closest ancestor that exists.
pub(crate) fn position(text: &str, at: &ConfigPath) -> Option<Position> {
    find(text, at, Part::Name)
}

/// Returns where the value of the member at the path `at` starts.
pub(crate) fn position_of_value(text: &str, at: &ConfigPath) -> Option<Position> {
    find(text, at, Part::Value)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Name,
    Value,
}

fn find(text: &str, at: &ConfigPath, part: Part) -> Option<Position> {
    let events = Parser::new_from_str(text).map_while(Result::ok);
    let mut walk = Walk {
        events,
        found: None,
        part,
    };
    walk.value(at.steps());
    walk.found
}

struct Walk<I> {
    events: I,
    found: Option<Position>,
    part: Part,
}

impl<'a, I: Iterator<Item = (Event<'a>, Span)>> Walk<I> {
    /// Reads the next value, and follows `steps` into it.
    fn value(&mut self, steps: &[Step]) -> Option<()> {
        let (event, span) = self.next()?;
        if self.found.is_none() || (steps.is_empty() && self.part == Part::Value) {
            self.found = Some(Position::new(span.start.line(), span.start.col()));
        }
        match (event, steps.split_first()) {
            (Event::MappingStart(..), Some((Step::Member(name), rest))) => self.member(name, rest),
            (Event::SequenceStart(..), Some((Step::Element(index), rest))) => {
                self.element(*index, rest)
            }
            _ => Some(()),
        }
    }

    fn member(&mut self, wanted: &str, rest: &[Step]) -> Option<()> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::Scalar(name, _, _, _) if *name == *wanted => {
                    self.found = Some(Position::new(span.start.line(), span.start.col()));
                    return self.value(rest);
                }
                Event::MappingEnd => return Some(()),
                event => {
                    self.skip(&event)?;
                    let (value, _) = self.next()?;
                    self.skip(&value)?;
                }
            }
        }
    }

    fn element(&mut self, index: usize, rest: &[Step]) -> Option<()> {
        let mut left = index;
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Some(());
            }
            if left == 0 {
                self.found = Some(Position::new(span.start.line(), span.start.col()));
                return match (event, rest.split_first()) {
                    (Event::MappingStart(..), Some((Step::Member(name), rest))) => {
                        self.member(name, rest)
                    }
                    (Event::SequenceStart(..), Some((Step::Element(index), rest))) => {
                        self.element(*index, rest)
                    }
                    _ => Some(()),
                };
            }
            left = left.saturating_sub(1);
            self.skip(&event)?;
        }
    }

    /// Skips the rest of the list or object that this event begins.
    fn skip(&mut self, event: &Event<'_>) -> Option<()> {
        let mut depth = usize::from(begins(event));
        while depth > 0 {
            let (event, _) = self.next()?;
            if begins(&event) {
                depth = depth.saturating_add(1);
            } else if matches!(event, Event::MappingEnd | Event::SequenceEnd) {
                depth = depth.saturating_sub(1);
            }
        }
        Some(())
    }

    /// Returns the next event that begins or ends a value.
    fn next(&mut self) -> Option<(Event<'a>, Span)> {
        self.events.find(|(event, _)| {
            begins(event)
                || matches!(
                    event,
                    Event::Scalar(..) | Event::Alias(_) | Event::MappingEnd | Event::SequenceEnd
                )
        })
    }
}

const fn begins(event: &Event<'_>) -> bool {
    matches!(event, Event::MappingStart(..) | Event::SequenceStart(..))
}

/// The position of the first tab that indents a line. YAML does not allow tabs in indentation.
pub(super) fn indenting_tab(text: &str) -> Option<Position> {
    text.lines().enumerate().find_map(|(index, line)| {
        let indent = line.len().saturating_sub(line.trim_start().len());
        let column = line.bytes().take(indent).position(|byte| byte == b'\t')?;
        let has_text = !line.trim().is_empty();
        has_text.then(|| Position::new(index.saturating_add(1), column))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(steps: &str) -> ConfigPath {
        let steps = steps.split_whitespace();
        steps.fold(ConfigPath::default(), |at, step| match step.parse() {
            Ok(index) => at.element(index),
            Err(_) => at.member(step),
        })
    }

    #[test]
    fn finds_names_elements_and_values() {
        let yaml = "# c\na:\n  - {b: 1, 'c d': [2,\n     3]}\n  - x: &r {e: 1}\n    y: *r\nf: 1\n";
        let json = "{\"a\": [\n  {\"b\": {\"c\": 1}},\n  2], \"f\":\t1}";
        for (text, steps, name, value) in [
            (yaml, "", (2, 1), (2, 1)),
            (yaml, "a", (2, 1), (3, 3)),
            (yaml, "a 0 b", (3, 6), (3, 9)),
            (yaml, "a 1 x e", (5, 12), (5, 15)),
            (yaml, "a 1 y e", (6, 5), (6, 5)),
            (yaml, "f", (7, 1), (7, 4)),
            (yaml, "a 7", (2, 1), (2, 1)),
            (json, "a 0 b c", (2, 10), (2, 15)),
            (json, "f", (3, 7), (3, 12)),
        ] {
            let at = |(line, column)| Some(Position { line, column });
            assert_eq!(position(text, &place(steps)), at(name), "{steps}");
            if value != name {
                assert_eq!(position_of_value(text, &place(steps)), at(value), "{steps}");
            }
        }
    }

    #[test]
    fn counts_the_lines_of_a_literal_block() {
        let text = "a:\n  value: |\n    {\n      \"b\": 1 }\nc: '{}'\n";
        let block = position_of_value(text, &place("a value")).unwrap();
        let inner = Position { line: 2, column: 3 };
        let expected = Position { line: 4, column: 7 };
        assert_eq!(block.of_inner(text, inner), expected);
        let quoted = position_of_value(text, &place("c")).unwrap();
        assert_eq!(quoted.of_inner(text, inner), quoted);
    }
}
