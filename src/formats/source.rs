//! A text with its lines, so that whatever is wrong in it can be pointed at.

use std::fmt;

/// What is wrong in a history, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// The line, from 1.
    pub line: u32,
    /// The character in it, from 1.
    pub column: u32,
    /// What is wrong.
    pub what: String,
    /// The cure; empty where there is none.
    pub help: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

impl std::error::Error for ReadError {}

/// The text of a history.
pub(super) struct Source<'t> {
    pub(super) text: &'t str,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl<'t> Source<'t> {
    pub(super) fn new(text: &'t str) -> Source<'t> {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Source { text, lines: std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect() }
    }

    /// The number, from 1, of the line that a byte stands in.
    pub(super) fn line(&self, at: usize) -> u32 {
        let line = self.lines.partition_point(|begin| *begin <= at);
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    /// An error at a byte; what lies behind the end is the end.
    pub(super) fn error(
        &self,
        at: usize,
        what: impl Into<String>,
        help: impl Into<String>,
    ) -> ReadError {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let line = self.line(at);
        let begin = self.lines[line.saturating_sub(1) as usize];
        let column = u32::try_from(self.text[begin..at].chars().count()).unwrap_or(u32::MAX);
        ReadError { line, column: column.saturating_add(1), what: what.into(), help: help.into() }
    }

    /// The lines with where they begin, without what is only space.
    pub(super) fn filled_lines(&self) -> impl Iterator<Item = (usize, &'t str)> + '_ {
        self.lines.iter().enumerate().filter_map(|(number, &begin)| {
            let end = self.lines.get(number + 1).copied().unwrap_or(self.text.len());
            let line = self.text[begin..end].trim_end();
            let inner = line.trim_start();
            (!inner.is_empty()).then_some((begin + line.len() - inner.len(), inner))
        })
    }
}

/// The words of a line, with where they begin.
pub(super) fn words(at: usize, line: &str) -> impl Iterator<Item = (usize, &str)> {
    let begin = line.as_ptr() as usize;
    line.split_whitespace().map(move |word| (at + (word.as_ptr() as usize - begin), word))
}

/// A word of the text, short enough to be shown, and without what a terminal would act on.
pub(super) fn shown(word: &str) -> String {
    let mut short: String =
        word.chars().take(40).map(|c| if c.is_control() { '?' } else { c }).collect();
    if word.chars().nth(40).is_some() {
        short.push_str("...");
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_lines_and_characters() {
        let source = Source::new("ab\nßcd\n");
        let place = |at| {
            let error = source.error(at, "", "");
            (error.line, error.column)
        };
        assert_eq!([place(0), place(2), place(3)], [(1, 1), (1, 3), (2, 1)]);
        assert_eq!([place(4), place(5), place(8), place(99)], [(2, 1), (2, 2), (3, 1), (3, 1)]);
        let lines: Vec<_> = Source::new("a\n\n  b c \r\n").filled_lines().collect();
        assert_eq!(lines, [(0, "a"), (5, "b c")]);
        assert_eq!(words(5, "b c").collect::<Vec<_>>(), [(5, "b"), (7, "c")]);
    }
}
